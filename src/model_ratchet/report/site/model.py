"""Model: one model's page: what runs, what is in flight, how its promotions went, and every line of the ledger on it."""

from collections.abc import Iterator, Sequence

from model_ratchet.report import numbers
from model_ratchet.report.elements import Element, Node, element
from model_ratchet.report.html.page import Section, section
from model_ratchet.report.html.parts import facts, name
from model_ratchet.report.html.scorecard import Measure
from model_ratchet.report.html.sections.scorecard import table_of
from model_ratchet.report.site.parts import event_rows, filtered, framed, measures, timeline_head, warnings
from model_ratchet.report.site.seen import Seen, SeenModel
from model_ratchet.report.standing import Running


def model_page(seen: Seen, one: SeenModel, card: Sequence[Measure]) -> str:
    """The page of one model; ``card`` is the scorecard of the version that was promoted last, empty where there is none."""
    first, *others = _sections(seen, one, card)
    return framed(one.name, section(first, heading=False), *map(section, others), up="../")


def _sections(seen: Seen, one: SeenModel, card: Sequence[Measure]) -> Iterator[Section]:
    title = element("h1", name(one.name), id="overview-title")
    body: list[Element | None] = [title, _warnings(one), _standing(one), measures(one.track)]
    yield Section(name="overview", title=one.name, body=tuple(each for each in body if each is not None))
    if card:
        yield Section(name="scorecard", title="Scorecard of the version that was promoted last", body=(table_of(card),))
    rows = event_rows(seen, one.rows, up="../", with_model=False)
    told = (
        filtered("events", timeline_head(with_model=False), rows)
        if one.rows
        else element("p", "The ledger says nothing yet.")
    )
    yield Section(name="timeline", title="What happened", body=(told,))


def _warnings(one: SeenModel) -> Element | None:
    if one.standing is None:
        return warnings(["the base branch has no model file for it any more"])
    said = [f"held: {one.standing.held}"] if one.standing.held is not None else []
    said += [one.standing.trouble] if one.standing.trouble is not None else []
    said += [f"{alert.severity}: {alert.rule}" for alert in one.standing.alerts]
    return warnings(said)


def _standing(one: SeenModel) -> Element | None:
    told: list[tuple[Node, Node]] = []
    if one.standing is not None:
        active = one.standing.active
        told.append(("active", _running(active) if active is not None else "none"))
        told += [("in flight", _running(candidate)) for candidate in one.standing.candidates]
    if one.policies:
        told.append(("policies", ", ".join(map(name, one.policies))))
    return facts(told, class_="facts")


def _running(one: Running) -> Element:
    since = f", since {numbers.instant(one.since)}" if one.since is not None else ""
    where = f" in {one.stage}" if one.stage else ""
    return element("span", element("code", one.version), f"{where}{since}, {one.health or 'not watched'}")
