"""Stages: the ladder from the first stage to the merge, each with its window, its rows by hour, and what covers it."""

from collections.abc import Iterator

from model_ratchet.core.evidence import Arm, Rows, Window
from model_ratchet.criteria.base import StageFacts
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.elements import Element, Node, element, number
from model_ratchet.report.html.measured import labels_of, rows_of
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import facts, name
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.view import Stage

_WIDTH, _HEIGHT, _MOST_BARS = 600, 44, 200


def stages(shown: Shown) -> Section:
    """One rung for each stage, and the merge."""
    pairs = zip(shown.seen.stages, shown.record.plan.stages, strict=True)
    rungs = (_stage(shown.record, seen, stage) for seen, stage in pairs)
    return Section(name="stages", title="Stages", body=(element("ol", *rungs, class_="ladder"),))


def _stage(record: Record, seen: Stage, stage: StageFacts) -> Element:
    state = "decided" if seen.decided else "ahead" if seen.progress is None else "running"
    found = rows_of(record, stage) if stage.window is not None else None
    told: list[tuple[Node, Node]] = [("window", seen.window)] if seen.window else []
    told += [("state", seen.state)] if state == "running" else []
    told += [(what, said) for what, said in _coverage(record, stage, found)]
    exposure = element("span", f" {seen.exposure}, {seen.lasts}", class_="quiet")
    return element(
        "li",
        element("h3", name(seen.name), exposure, element("span", state, class_=f"state {state}")),
        _progress(seen.progress) if seen.progress is not None and not seen.decided else None,
        facts(told, class_="facts wrapped"),
        _rows_by_hour(found, stage.window) if found is not None and stage.window is not None else None,
        class_=state,
    )


def _progress(share: float) -> Element:
    """How much of its active time has run; the words beside it say the same."""
    done = element("rect", x=0, y=0, width=number(100 * min(1.0, share)), height=4, rx=2, class_="done")
    ground = element("rect", x=0, y=0, width=100, height=4, rx=2, class_="ground")
    return element(
        "svg", ground, done, viewBox="0 0 100 4", preserveAspectRatio="none", class_="progress", aria_hidden="true"
    )


def _coverage(record: Record, stage: StageFacts, found: Rows | None) -> Iterator[tuple[str, str]]:
    if found is None:
        return
    baseline, candidate = found.baseline.rows, found.candidate.rows
    yield "rows", f"{numbers.whole(candidate)} candidate, {numbers.whole(baseline)} baseline"
    if found.requests and stage.paired:
        yield (
            "scored by both",
            f"{numbers.percent(found.paired / found.requests)} of {numbers.whole(found.requests)} requests",
        )
    for metric, labels in labels_of(record, stage, Arm.CANDIDATE):
        if labels.rows:
            yield f"labels of {name(metric)}", f"{numbers.percent(labels.labelled / labels.rows)} have arrived"
    if stage.window is not None:
        yield "hours with rows", f"{len(found.by_hour)} of {stage.window.hours}"


def _rows_by_hour(found: Rows, window: Window) -> Element | None:
    """Rows of both versions over the window, hours put together where there are many: gaps are gaps."""
    hours = max(1, window.hours)
    width = -(-hours // _MOST_BARS)
    sums: dict[int, int] = {}
    for hour, rows in found.by_hour:
        sums[hour // width] = sums.get(hour // width, 0) + rows
    most = max(sums.values(), default=0)
    if not most:
        return None
    step = _WIDTH / -(-hours // width)
    bars = "".join(
        f"M{number(at * step)} {_HEIGHT}V{number(_HEIGHT - 40 * rows / most)}h{number(step * 0.8)}V{_HEIGHT}Z"
        for at, rows in sorted(sums.items())
    )
    each = "hour" if width == 1 else f"{width} hours"
    said = f"Rows per {each} of active time: at most {numbers.whole(most)}"
    image = element(
        "svg",
        element("title", said),
        element("path", d=bars, class_="bars"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        class_="spark",
    )
    return element("figure", image, element("figcaption", said), class_="small")
