"""Calibration: how often what a version called likely came, before and after, beside what a perfect one would show."""

from collections.abc import Iterator

from model_ratchet.core.evidence import Arm
from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.charts import Axis, Dots, Line, Plane, Table, figure
from model_ratchet.report.charts.plane import Kind
from model_ratchet.report.elements import Element
from model_ratchet.report.html.axes import KINDS
from model_ratchet.report.html.measured import by_day, metrics, ran
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name
from model_ratchet.report.html.shown import Shown
from model_ratchet.stats.proportions import wilson
from model_ratchet.stats.score_tables import ece

_LEVEL = 0.95
_BINS = 10
_PERFECT: tuple[Kind, str] = ("ideal", "perfectly calibrated")


def calibration(shown: Shown) -> Section | None:
    """A reliability diagram for each probability."""
    record = shown.record
    body = tuple(one for metric in metrics(record, "probability") for one in _of(record, metric))
    return Section(name="calibration", title="Calibration", body=body) if body else None


def _of(record: Record, metric: MetricFacts) -> Iterator[Element]:
    found = {arm: whole for arm in KINDS if (whole := _whole(record, metric, arm)).n}
    if found:
        yield figure(_plane(metric, found))


def _whole(record: Record, metric: MetricFacts, arm: Arm) -> Scores:
    days = (one for stage, _ in ran(record) for one in by_day(record, stage, metric.name, arm, Scores).values())
    return sum(days, Scores.nothing())


def _plane(metric: MetricFacts, found: dict[Arm, Scores]) -> Plane:
    share = Axis(name="said", written=numbers.percent)
    binned = {arm: _binned(whole) for arm, whole in found.items()}
    dots = (
        Dots(
            KINDS[arm][0],
            tuple((said, came / n, wilson(came, n, _LEVEL)) for said, came, n in binned[arm].values()),
        )
        for arm in reversed(found)
    )
    return Plane(
        title=f"{name(metric.name)}: how often it came, by what was said, with 95 % intervals",
        description=". ".join(_told(arm, whole) for arm, whole in found.items()),
        x=share,
        y=share,
        marks=(Line(_PERFECT[0], ((0.0, 0.0), (1.0, 1.0))), *dots),
        named=(*(KINDS[arm] for arm in found), _PERFECT),
        numbers=Table(("said", *(f"{arm}: said, came, rows" for arm in found)), tuple(_rows(binned))),
    )


def _told(arm: Arm, whole: Scores) -> str:
    return f"{arm}: expected calibration error {numbers.points(ece(whole, _BINS))} over {numbers.whole(whole.n)} rows"


def _binned(whole: Scores) -> dict[int, tuple[float, int, int]]:
    """Bin, from 0 → the mean of what was said, how many came, and how many there are."""
    sums: dict[int, tuple[int, int, int]] = {}
    for place, n, came, p in whole.bins:
        at = (place - 1) * _BINS // SCORE_BINS
        before = sums.get(at, (0, 0, 0))
        sums[at] = (before[0] + p, before[1] + came, before[2] + n)
    return {at: (p / PARTS / n, came, n) for at, (p, came, n) in sorted(sums.items())}


def _rows(binned: dict[Arm, dict[int, tuple[float, int, int]]]) -> Iterator[tuple[str, ...]]:
    for at in sorted({at for bins in binned.values() for at in bins}):
        ends = f"{numbers.percent(at / _BINS)} to {numbers.percent((at + 1) / _BINS)}"
        yield ends, *(_cell(bins.get(at)) for bins in binned.values())


def _cell(found: tuple[float, int, int] | None) -> str:
    if found is None:
        return "–"
    said, came, n = found
    return f"{numbers.percent(said)}, {numbers.percent(came / n)}, {numbers.whole(n)}"
