"""Index: every model on one page, the measures of all of them, the policies in force, and what was decided last."""

from collections.abc import Iterator

from model_ratchet.report import numbers
from model_ratchet.report.elements import Element, Node, element, listed
from model_ratchet.report.html.page import Section, section
from model_ratchet.report.html.parts import name
from model_ratchet.report.site.parts import (
    about,
    cut,
    event_rows,
    filtered,
    framed,
    measures,
    share,
    timeline_head,
    warnings,
)
from model_ratchet.report.site.seen import InForce, Seen, SeenModel, months

_LATEST = 20
_COLUMNS = (
    "model",
    "active version",
    "since",
    "health",
    "in flight",
    "promotions",
    "failed",
    "lead time",
)


def index_page(seen: Seen) -> str:
    """The page that the site opens with."""
    first, *others = _sections(seen)
    return framed("Promotions", section(first, heading=False), *map(section, others))


def _sections(seen: Seen) -> Iterator[Section]:
    count = len(seen.models)
    looked = (
        f"The watch last looked at {numbers.instant(seen.watched_at)}." if seen.watched_at else "Nothing watches them."
    )
    lead = element("p", f"{numbers.whole(count)} model{'' if count == 1 else 's'}. {looked}", class_="lead")
    troubles = [f"{one.name} is held: {one.standing.held}" for one in seen.models if one.standing and one.standing.held]
    troubles += [f"{one.name}: {one.standing.trouble}" for one in seen.models if one.standing and one.standing.trouble]
    told = warnings((*troubles, *seen.findings))
    head = element("h1", "Promotions", id="overview-title")
    body: list[Element | None] = [head, lead, told, measures(seen.track)]
    yield Section(name="overview", title="Promotions", body=tuple(one for one in body if one is not None))
    heading = element("thead", element("tr", *(element("th", one, scope="col") for one in _COLUMNS)))
    yield Section(name="models", title="Models", body=(filtered("models", heading, map(_model, seen.models)),))
    yield Section(name="decided", title="Decided last", body=tuple(_decided(seen)))
    if seen.policies:
        yield Section(name="policies", title="Policies in force", body=(_policies(seen.policies),))


def _model(one: SeenModel) -> Element:
    active = one.standing.active if one.standing is not None else None
    since = (
        element("time", f"{active.since:%Y-%m-%d}", datetime=active.since.isoformat())
        if active and active.since
        else "–"
    )
    health = str(active.health or "not watched") if active is not None else "–"
    return element(
        "tr",
        element("th", element("a", name(one.name), href=f"models/{one.name}.html"), scope="row"),
        element("td", element("code", active.version) if active is not None else _none(one)),
        element("td", since),
        element("td", f"held, {health}" if one.standing is not None and one.standing.held is not None else health),
        element("td", *_in_flight(one)),
        element("td", numbers.whole(one.track.promotions)),
        element("td", share(one.track.change_failure_rate)),
        element("td", about(one.track.lead_time)),
    )


def _none(one: SeenModel) -> str:
    if one.standing is None:
        return "no model file"
    return "not known" if one.standing.trouble is not None else "none"


def _in_flight(one: SeenModel) -> Iterator[Node]:
    found = one.standing.candidates if one.standing is not None else ()
    for number, candidate in enumerate(found):
        if number:
            yield element("br")
        yield element("code", candidate.version)
        yield f" in {candidate.stage}" if candidate.stage else ""
    if not found:
        yield "–"


def _decided(seen: Seen) -> Iterator[Element]:
    if not seen.rows:
        yield element("p", "Nothing was decided yet.")
        return
    rows = event_rows(seen, seen.rows[:_LATEST], up="", with_model=True)
    yield filtered("decisions", timeline_head(with_model=True), rows)
    links = (
        element("li", element("a", f"{month} ({len(of)})", href=f"timeline/{month}.html"))
        for month, of in months(seen).items()
    )
    yield element("nav", listed("ul", links), aria_label="All decisions by month")


def _policies(policies: tuple[InForce, ...]) -> Element:
    names = ("policy", "models", "state")
    head = element("thead", element("tr", *(element("th", one, scope="col") for one in names)))
    rows = (
        element(
            "tr",
            element("th", element("code", name(one.name)), scope="row"),
            element("td", _whom(one.models)),
            element("td", "in force" if one.revoked is None else f"revoked: {cut(one.revoked)}"),
        )
        for one in policies
    )
    return filtered("policies", head, rows)


def _whom(models: tuple[str, ...]) -> str:
    few = ", ".join(map(name, models[:5]))
    return f"{few} and {len(models) - 5} more" if len(models) > 5 else few or "none"
