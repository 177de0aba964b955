"""Daily: what waits for labels: both versions day by day, and the difference as it builds up with its always-valid band."""

from collections.abc import Iterator

from model_ratchet.core.evidence import Arm, Counts
from model_ratchet.core.units import Dimension
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.criteria.limits import asked
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.charts import Dots, Limit, Line, Plane, Ribbon, Table, figure
from model_ratchet.report.elements import Element, element
from model_ratchet.report.html.axes import CHANGE, KINDS, NAMED, TIME, levels
from model_ratchet.report.html.differences import LEVEL, Building, building
from model_ratchet.report.html.measured import DAY, by_hour, day_at, days, metrics, ran, stretches
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.thresholds import threshold
from model_ratchet.stats.proportions import wilson
from model_ratchet.stats.running import Look

_Day = tuple[str, int, float, Counts]
"""Stage, day from 1, the middle of the day in seconds since the epoch, and the counts of one arm."""


def daily(shown: Shown) -> Section | None:
    """Two charts for each metric that waits for its labels."""
    record = shown.record
    found = (one for metric in metrics(record, "proportion", labelled=True) for one in _of(record, metric))
    body = tuple(found)
    return Section(name="daily", title="Day by day", body=body) if body else None


def so_far(record: Record) -> Iterator[tuple[str, str, str, str]]:
    """(metric, difference, always-valid band, stage) in words: of the last stage that has a band, else of the last one."""
    for metric in metrics(record, "proportion", labelled=True):
        last = [(one.stage, one.looks[-1].look) for one in building(record, metric)]
        if last:
            stage, look = next((one for one in reversed(last) if one[1].low is not None), last[-1])
            yield metric.name, numbers.signed_points(look.value), _band(look), stage


def _of(record: Record, metric: MetricFacts) -> Iterator[Element]:
    clustered = record.plan.facts.cluster
    arms = {arm: tuple(_days(record, metric, arm)) for arm in Arm}
    if any(arms.values()):
        yield figure(_by_day(record, metric, arms))
        if clustered is not None:
            said = f"The intervals of a day are drawn as if its rows were independent; those of one {name(clustered)} are not."
            yield element("p", said, " What decides sums them first.", class_="quiet")
    found = building(record, metric)
    if found:
        yield figure(_building(record, metric, found))
        over = "days, because rows of a cluster are not independent" if found[0].daily else "hours"
        said = (
            f"Of each stage, all rows so far. The band holds at all looks together with a probability of "
            f"{numbers.percent(LEVEL)} (over {over}): looking often is free."
        )
        yield element("p", said, class_="quiet")


def _days(record: Record, metric: MetricFacts, arm: Arm) -> Iterator[_Day]:
    for stage, window in ran(record):
        counts = by_hour(record, stage, metric.name, arm)
        for day, hours in days(sorted(counts)).items():
            whole = sum((counts[hour] for hour in hours), Counts(successes=0, n=0))
            if whole.n:
                yield stage.name, day + 1, day_at(window, day), whole


def _by_day(record: Record, metric: MetricFacts, arms: dict[Arm, tuple[_Day, ...]]) -> Plane:
    marks = tuple(
        Dots(
            KINDS[arm][0],
            tuple((at, one.successes / one.n, wilson(one.successes, one.n, LEVEL)) for _, _, at, one in arms[arm]),
        )
        for arm in reversed(KINDS)
    )
    return Plane(
        title=f"{name(metric.name)} by day of active time, with 95 % intervals",
        description=f"{_whole(arms)}. {_better(arms, metric)}",
        x=TIME,
        y=levels(metric),
        marks=marks,
        named=NAMED,
        numbers=Table(("day", "candidate", "baseline", "rows"), tuple(_rows(arms))),
        stretches=stretches(record),
    )


def _rows(arms: dict[Arm, tuple[_Day, ...]]) -> Iterator[tuple[str, ...]]:
    baseline = {(stage, day): one for stage, day, _, one in arms[Arm.BASELINE]}
    candidate = {(stage, day): one for stage, day, _, one in arms[Arm.CANDIDATE]}
    for stage, day in dict.fromkeys((*candidate, *baseline)):
        both = (candidate.get((stage, day)), baseline.get((stage, day)))
        shares = (numbers.percent(one.successes / one.n) if one is not None else "–" for one in both)
        rows = " and ".join(numbers.whole(one.n) for one in both if one is not None)
        yield (f"{stage}, day {day}", *shares, rows)


def _whole(arms: dict[Arm, tuple[_Day, ...]]) -> str:
    said = []
    for arm in (Arm.CANDIDATE, Arm.BASELINE):
        whole = sum((one for *_, one in arms[arm]), Counts(successes=0, n=0))
        if whole.n:
            said.append(f"{arm} {numbers.percent(whole.successes / whole.n)} of {numbers.whole(whole.n)} rows")
    return "Over all days: " + ", ".join(said)


def _better(arms: dict[Arm, tuple[_Day, ...]], metric: MetricFacts) -> str:
    """On how many days the candidate was better than the baseline."""
    baseline = {(stage, day): one.successes / one.n for stage, day, _, one in arms[Arm.BASELINE]}
    both = [
        (one.successes / one.n, baseline[stage, day])
        for stage, day, _, one in arms[Arm.CANDIDATE]
        if (stage, day) in baseline
    ]
    better = sum(one > other if metric.better == "higher" else one < other for one, other in both)
    return f"The candidate is better on {better} of {len(both)} days"


def _building(record: Record, metric: MetricFacts, found: tuple[Building, ...]) -> Plane:
    kind = NAMED[0][0]
    lines = (Line(kind, tuple((one.at, one.look.value) for one in stage.looks)) for stage in found)
    ribbons = (
        Ribbon(
            kind,
            tuple(
                (one.at, one.look.low, one.look.high)
                for one in stage.looks
                if one.look.low is not None and one.look.high is not None
            ),
        )
        for stage in found
    )
    last = found[-1].looks[-1].look
    return Plane(
        title=f"{name(metric.name)}: candidate − baseline as it builds up",
        description=f"At the last look at {name(found[-1].stage)}: {numbers.signed_points(last.value)}, {_band(last)}",
        x=TIME,
        y=CHANGE,
        marks=(*ribbons, *lines),
        named=((kind, "difference so far, with its always-valid band"),),
        numbers=Table(("until", "difference so far", "band", "rows"), tuple(_looks(found))),
        limits=_limits(record, metric),
        stretches=stretches(record),
        zero=True,
    )


def _looks(found: tuple[Building, ...]) -> Iterator[tuple[str, ...]]:
    """The last look of each day: hours are too many to read."""
    for stage in found:
        last = {one.at // DAY.total_seconds(): one for one in stage.looks}
        for one in last.values():
            look = one.look
            until = f"{name(stage.stage)}, {numbers.instant_of(one.at)}"
            yield until, numbers.signed_points(look.value), _band(look), numbers.whole(look.n)


def _band(look: Look) -> str:
    if look.low is None or look.high is None:
        return "too few rows for a band"
    return f"{numbers.signed_points(look.low)} to {numbers.signed_points(look.high)} (always-valid)"


def _limits(record: Record, metric: MetricFacts) -> tuple[Limit, ...]:
    """What the first criterion on the difference asks, where it asks for points."""
    for bound in record.plan.bound():
        quantity = asked(bound.criterion)
        if metric.name in bound.criterion.metrics() and quantity is not None and quantity.dimension is Dimension.POINTS:
            found = threshold(bound, record.plan.scope(bound))
            if found is not None:
                said = f"asked by {name(bound.criterion.id)}: {found.words}"
                return (Limit(value=found.value, said=said, side=found.side),)
    return ()
