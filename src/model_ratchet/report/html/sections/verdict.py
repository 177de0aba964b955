"""Verdict: the first screen: what was decided, what changed and by how much, why, and what is next."""

from collections.abc import Iterator

from model_ratchet.core.outcome import Outcome
from model_ratchet.report import numbers
from model_ratchet.report.elements import Element, Node, element, listed
from model_ratchet.report.escape import shorten
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import against, badge, facts, line, mark, name, notes, worded
from model_ratchet.report.html.sections.daily import so_far
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.unblocking import TITLES, unblocks
from model_ratchet.report.unblocking import listed as listed_names
from model_ratchet.report.view import MARKS, Row, View

_MOST_REASONS, _MOST_CHANGES = 4, 5
_LONGEST = 600
"""Characters of a waiver, with its reason."""


def verdict(shown: Shown) -> Section:
    """What a reader sees first."""
    seen = shown.seen
    over = ["over ", element("code", name(seen.baseline))] if seen.baseline != "none" else ["as its first version"]
    title = element(
        "h1",
        badge(seen.outcome, TITLES[seen.outcome]),
        element("span", name(seen.model), class_="model"),
        " ",
        element("code", name(seen.candidate)),
        " ",
        element("span", *over, class_="over"),
        id="verdict-title",
    )
    blocks = element("div", _changed(shown), _why(seen), _next(seen), class_="blocks")
    body = (
        title,
        element("p", *worded(unblocks(seen)), class_="lead"),
        _waivers(seen),
        blocks,
        notes(map(line, (*seen.notes, *(f"the gate {gate.name}: {gate.note}" for gate in seen.gates if gate.note)))),
    )
    return Section(name="verdict", title="Verdict", body=tuple(one for one in body if one is not None))


def _block(title: str, *body: Node) -> Element:
    return element("div", element("h2", title), *body, class_="block")


def _changed(shown: Shown) -> Element:
    """Each metric that was measured: from what to what, by how much, and how sure that is."""
    rows = [row for row in _measured(shown) if row is not None][:_MOST_CHANGES]
    table = element(
        "table",
        element("caption", "Each metric, from the baseline to the candidate", class_="heard"),
        element("tbody", *rows),
    )
    nothing = element("p", "No metric has been compared yet.", class_="quiet")
    return _block("What changed", table if rows else nothing)


def _measured(shown: Shown) -> Iterator[Element | None]:
    """One row for each metric: its first criterion with an estimate, or what its rows say so far."""
    told: set[str] = set()
    for row in shown.seen.rows:
        if row.metric and row.estimate and row.metric not in told:
            told.add(row.metric)
            yield _cells(row.metric, row.estimate, row.interval, " → ".join(row.levels) if row.levels else row.asked)
    for metric, change, band, stage in so_far(shown.record):
        if metric not in told:
            yield _cells(metric, change, band, f"so far, on {stage}; decided at the end of the window")


def _cells(metric: str, change: str, interval: str, levels: str) -> Element:
    return element(
        "tr",
        element("th", name(metric), scope="row"),
        element(
            "td",
            element("strong", change),
            element("small", interval, class_="quiet") if interval else None,
            element("small", levels, class_="quiet") if levels else None,
        ),
    )


def _why(seen: View) -> Element:
    """What gives the outcome: what failed, or is waited for; of a version that has passed, what was shown."""
    rows = [row for row in seen.rows if row.counted and not row.through and row.outcome is seen.outcome]
    if seen.outcome is Outcome.PENDING and seen.evidence is Outcome.PENDING:
        items = _awaited(rows)
    elif seen.outcome is Outcome.PASSED:
        items = [_reason(row) for row in seen.rows if row.counted and row.placed is not None]
    else:
        items = [_reason(row) for row in rows]
    left = len(items) - _MOST_REASONS
    more = element("p", f"and {left} more: see the criteria.", class_="quiet") if left > 0 else None
    return _block("Why", listed("ul", items[:_MOST_REASONS], class_="reasons"), more)


def _awaited(rows: list[Row]) -> list[Element]:
    """Each thing that is waited for once, with the criteria that wait for it; sign-offs last, as one."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        said = "sign-off" if row.sign_off is not None else row.said.partition(";")[0]
        groups.setdefault(said, []).append(row)
    ordered = sorted(groups.items(), key=lambda group: group[1][0].sign_off is not None)
    return [
        element(
            "li",
            mark(members[0]),
            element("div", element("strong", name(said)), element("small", _names(members), class_="quiet names")),
        )
        for said, members in ordered
    ]


def _names(rows: list[Row]) -> str:
    return "".join(listed_names((name(row.name) for row in rows), 5))


def _reason(row: Row) -> Element:
    where = f" on {row.stage}" if row.stage else ""
    return element(
        "li",
        mark(row),
        element("div", element("strong", name(row.name)), where, ": ", line(row.said).rstrip("."), "."),
        against(row),
    )


def _next(seen: View) -> Element:
    """The way to the merge, rung by rung, and the instants that matter."""
    rungs = [
        element("li", _rung(stage.decided, stage.progress), element("strong", name(stage.name)), f" {stage.state}")
        for stage in seen.stages[:12]
    ]
    passed = seen.outcome is Outcome.PASSED
    rungs.append(element("li", _rung(passed, None), element("strong", "merge"), " open" if passed else " closed"))
    parts = [("evidence", badge(seen.evidence)), ("sign-off", badge(seen.sign_off))]
    told: list[tuple[Node, Node]] = [*parts, ("policy", name(seen.policy)), ("decided at", seen.decided_at)]
    told += [("decidable at", seen.next_at)] if seen.next_at else []
    told += [("valid until", f"{seen.valid_until}; {seen.then}")] if seen.valid_until else []
    return _block("What is next", element("ol", *rungs, class_="rungs"), facts(told, class_="facts"))


def _rung(decided: bool, progress: float | None) -> Element:
    kind, said = ("passed", "decided") if decided else ("pending", "running") if progress is not None else ("", "ahead")
    sign = MARKS[Outcome.PASSED] if decided else MARKS[Outcome.PENDING] if progress is not None else "○"
    return element(
        "span",
        element("span", sign, aria_hidden="true"),
        element("span", f"{said}: ", class_="heard"),
        class_=f"mark {kind}",
    )


def _waivers(seen: View) -> Element | None:
    """First and loud: what was let go, by whom, why and until when; and each waiver that lets nothing go."""
    said = []
    for row in seen.rows:
        if row.waived is not None:
            up_to = f", up to {row.waived.up_to}" if row.waived.up_to else ""
            until = f"until {numbers.instant(row.waived.expires_at)}"
            measured = f" at {row.estimate}" if row.estimate else ""
            said.append(
                f"Waived: {row.name} is {row.outcome}{measured}, {row.said}. Let go by {row.waived.owner}{up_to} "
                f"{until}: {row.waived.reason}"
            )
        said += [f"{row.name}: {one}" for one in row.unwaived]
    return notes((shorten(one, _LONGEST) for one in said), "waived")
