"""The literal source: the values that a request states itself, as measurements of the shapes that they can serve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from model_ratchet.core.evidence import (
    Arm,
    BucketHistogram,
    Counts,
    Grouping,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    QuantileCounts,
    Series,
    Shape,
    Suite,
    Window,
)
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import GAUGE_UNITS
from model_ratchet.documents.literals import Durations, Literals, ProportionValue
from model_ratchet.ports import Answers
from model_ratchet.sources.engine import UnanswerableError


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralSource:
    """What an author states. Totals of a stage only: what needs single rows, hours or segments is missing."""

    name: str
    literals: Literals
    windows: Mapping[str, Window]
    """Stage → the whole of its window, of which the stated values are."""

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need."""
        return Answers({need: self._answer(need) for need in needs})

    def _answer(self, need: Need) -> Measurement | Missing:
        try:
            return self._stated(need)
        except UnanswerableError as error:
            return Missing(reason=error.reason, lasting=error.lasting)

    def _stated(self, need: Need) -> Measurement:
        if need.grouping is not Grouping.TOTAL:
            # hours only serve to fail early, so that nothing hangs on them; without segments nothing can be said
            self._refuse(need, f"{need.grouping}s", lasting=need.grouping is Grouping.SEGMENT)
        if need.served_only:
            self._refuse(need, "served rows alone")
        if need.shape is not Shape.SUITE and (need.window is None or need.window != self.windows.get(need.stage)):
            self._refuse(need, "parts of a stage")
        match need.shape:
            case Shape.SUITE:
                return self._suite(need)
            case Shape.COUNTS:
                return _arm_counts(self._proportion(need), need) or self._absent(need)
            case Shape.PAIRED_COUNTS:
                return _pairs(self._proportion(need)) or self._absent(need)
            case Shape.QUANTILE_COUNTS if need.limit is not None:
                return self._quantile_counts(self._durations(need), need, need.limit)
            case Shape.LOG_HISTOGRAM:
                return _histogram(self._durations(need))
            case Shape.SERIES:
                return self._series(need)
        return self._refuse(need, "single rows and clusters" if need.shape is Shape.MOMENTS else f"{need.shape}")

    def _suite(self, need: Need) -> Suite:
        stated = self.literals.suites.get(need.metric)
        if stated is None:
            return self._absent(need)
        return Suite(passed=stated.passed, failed=stated.failed, skipped=stated.skipped)

    def _proportion(self, need: Need) -> ProportionValue:
        return self.literals.proportions.get(need.metric, {}).get(need.stage) or self._absent(need)

    def _durations(self, need: Need) -> Durations:
        stated = self.literals.durations.get(need.metric, {}).get(need.stage) or self._absent(need)
        return (stated.baseline if need.arms == (Arm.BASELINE,) else stated.candidate) or self._absent(need)

    def _quantile_counts(self, stated: Durations, need: Need, limit: float) -> QuantileCounts:
        for edge, rows in stated.at_or_below.items():
            if edge.value == limit:
                return QuantileCounts(at_or_below=rows, n=stated.n, maximum=stated.largest.value)
        limits = ", ".join(edge.text for edge in stated.at_or_below)
        raise UnanswerableError(
            because(Why.LITERAL_LIMIT, source=self.name, metric=need.metric, limit=f"{limit:g} s", stated=limits)
        )

    def _series(self, need: Need) -> Series:
        stated = self.literals.gauges.get(need.metric, {}).get(need.stage) or self._absent(need)
        points = (stated.baseline if need.arms == (Arm.BASELINE,) else stated.candidate) or self._absent(need)
        hours = need.window.hours if need.window is not None else 0
        factor = GAUGE_UNITS[stated.unit]
        return Series(points=tuple((hour, value * factor) for hour, value in points if hour < hours))

    def _absent(self, need: Need) -> NoReturn:
        of = " and ".join(need.arms)
        reason = because(Why.LITERAL_ABSENT, source=self.name, metric=need.metric, stage=need.stage or "any", of=of)
        raise UnanswerableError(reason, lasting=False)

    def _refuse(self, need: Need, what: str, *, lasting: bool = True) -> NoReturn:
        reason = because(Why.LITERAL_TOTALS, source=self.name, metric=need.metric or "the log", what=what)
        raise UnanswerableError(reason, lasting=lasting)


def _arm_counts(stated: ProportionValue, need: Need) -> Counts | None:
    """The counts of an arm as they are stated, or as the margin of the pairs."""
    (arm,) = need.arms
    pairs = _pairs(stated)
    if pairs is not None:
        return pairs.arm(arm)
    counts = stated.baseline if arm is Arm.BASELINE else stated.candidate
    return Counts(successes=counts.successes, n=counts.n) if counts is not None else None


def _pairs(stated: ProportionValue) -> PairedCounts | None:
    pairs = stated.pairs
    if pairs is None:
        return None
    return PairedCounts(
        both=pairs.both,
        only_baseline=pairs.only_baseline,
        only_candidate=pairs.only_candidate,
        neither=pairs.neither,
    )


def _histogram(stated: Durations) -> BucketHistogram:
    """The rows between the stated limits; those above the last one are open above."""
    buckets: list[tuple[float | None, int]] = []
    before = 0
    for limit, rows in sorted(stated.at_or_below.items(), key=lambda entry: entry[0].value):
        buckets.append((limit.value, rows - before))
        before = rows
    return BucketHistogram(buckets=(*buckets, (None, stated.n - before)))
