"""Unfailable: limits of one criterion that no candidate could break, or none could keep, whatever the data say."""

from collections.abc import Iterator

from model_ratchet.core.units import Dimension, Quantity
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.auc import Auc
from model_ratchet.criteria.base import Comparative
from model_ratchet.criteria.calibration import Calibration
from model_ratchet.criteria.calibration_not_worse import CalibrationNotWorse
from model_ratchet.criteria.coverage import Coverage
from model_ratchet.criteria.distribution import Distribution
from model_ratchet.criteria.drawdown import Drawdown
from model_ratchet.criteria.drift import Drift
from model_ratchet.criteria.load import Load
from model_ratchet.criteria.maximum import Maximum
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.quantile_limit import QuantileLimit
from model_ratchet.criteria.quantile_superiority import QuantileSuperiority
from model_ratchet.criteria.rate_limit import RateLimit
from model_ratchet.criteria.ratio_limit import RatioLimit
from model_ratchet.criteria.rollback_drill import RollbackDrill
from model_ratchet.criteria.sample_ratio import SampleRatio
from model_ratchet.criteria.scan import CodeScan
from model_ratchet.criteria.score_non_inferiority import ScoreNonInferiority
from model_ratchet.criteria.score_superiority import ScoreSuperiority
from model_ratchet.criteria.segments import Segments
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.documents.fault import Fault, refuse

_YEAR = 366 * 86400
_LEAST_LEVEL = 1e-6


def can_fail(criterion: AnyCriterion) -> AnyCriterion:
    """The criterion, when there are data that fail it and data that pass it.

    Raises:
        PydanticCustomError: a limit decides nothing; the faults name the key.
    """
    refuse((*_faults(criterion), *_stage_faults(criterion)))
    return criterion


def _faults(criterion: AnyCriterion) -> Iterator[Fault]:
    if isinstance(criterion, Comparative):
        yield from _comparative(criterion)
    yield from _of_events(criterion)
    match criterion:
        case RateLimit():
            yield from _rate(criterion.below, "below")
        case QuantileLimit():
            yield from _limit(criterion.at_most)
            yield from _quantile(criterion.quantile)
        case QuantileSuperiority():
            yield from _quantile(criterion.quantile)
        case Maximum():
            yield from _limit(criterion.at_most)
        case Load():
            yield from _limit(criterion.at_most)
            yield from _quantile(criterion.quantile)
            if criterion.below is not None:
                yield from _rate(criterion.below, "below")
        case RatioLimit() if criterion.of_allocation is not None and criterion.of_allocation.value == 0:
            yield Fault(("of_allocation",), "`of_allocation: 0%` can't be kept: everything uses some of it")
        case Distribution():
            yield from _distance(criterion.max_distance)
        case SampleRatio() if criterion.alpha < _LEAST_LEVEL:
            yield Fault(("alpha",), f"`alpha: {criterion.alpha:g}` never fails: take at least {_LEAST_LEVEL:g}")
        case Coverage():
            yield from _coverage(criterion)
        case RollbackDrill() if criterion.within.value > _YEAR:
            yield Fault(
                ("within",), f"`within: {criterion.within}` hardly fails: a drill older than a year shows nothing"
            )
        case CodeScan() if criterion.at_most == "error" and criterion.score_below is None:
            yield Fault(
                ("at_most",), "`at_most: error` never fails: no level is above it; lower it, or add `score_below`"
            )


def _comparative(criterion: Comparative) -> Iterator[Fault]:
    match criterion:
        case Superiority() | QuantileSuperiority() | ScoreSuperiority() if criterion.by.value >= 1:
            yield Fault(("by",), f"`by: {criterion.by}` can't be kept: no improvement is that large")
        case Drift():
            yield from _drop(criterion.max_drop, "max_drop")
        case NonInferiority() | ScoreNonInferiority() | Auc() | CalibrationNotWorse() if criterion.margin.value >= 1:
            yield Fault(("margin",), _never_fails("margin", criterion.margin, "no loss is larger"))
        case Stability():
            yield from _drop(criterion.max_drop, "max_drop")
            if criterion.step.value > criterion.window.value:
                yield Fault(
                    ("step",),
                    f"`step: {criterion.step}` leaves time between windows of {criterion.window} that is never looked at: "
                    "take a step of at most the window",
                )
        case Sustained():
            yield from _drop(criterion.max_daily_drop, "max_daily_drop")
        case Segments():
            yield from _drop(criterion.max_drop, "max_drop")
            if criterion.min_assessable.value == 0:
                yield Fault(
                    ("min_assessable",), "`min_assessable: 0%` passes where no segment could be assessed: raise it"
                )


def _of_events(criterion: AnyCriterion) -> Iterator[Fault]:
    match criterion:
        case Calibration() if not 0 < criterion.detects.value < 1:
            yield Fault(("detects",), f"`detects: {criterion.detects}` decides nothing: take an error such as 5pp")
        case Drawdown() if criterion.at_most.value == 0:
            yield Fault(("at_most",), "`at_most: 0%` can't be kept: the first lost bet is a fall")


def _never_fails(key: str, value: Quantity, why: str) -> str:
    return f"`{key}: {value}` never fails: {why}"


def _drop(drop: Quantity, key: str) -> Iterator[Fault]:
    if drop.value >= 1:
        yield Fault((key,), _never_fails(key, drop, "no drop is larger"))


def _rate(below: Quantity, key: str) -> Iterator[Fault]:
    if below.value >= 1:
        yield Fault((key,), _never_fails(key, below, "hardly a rate reaches it"))
    if below.value == 0:
        yield Fault((key,), f"`{key}: {below}` can't be kept: no rate is below zero")


def _limit(at_most: Quantity) -> Iterator[Fault]:
    if at_most.dimension is Dimension.SHARE:
        yield Fault(("at_most",), f"`at_most: {at_most}` is a share: a limit on single values is a time, such as 500ms")
    elif at_most.value <= 0:
        yield Fault(("at_most",), f"`at_most: {at_most}` can't be kept: every value is above it")
    elif at_most.dimension is Dimension.TIME and at_most.value > _YEAR:
        yield Fault(("at_most",), f"`at_most: {at_most}` never fails: no request takes a year")


def _quantile(quantile: float) -> Iterator[Fault]:
    if quantile < 0.5:
        yield Fault(
            ("quantile",), f"`quantile: {quantile:g}` says nothing of slow requests: take 0.5 to 0.999, such as 0.95"
        )


def _distance(distance: Quantity) -> Iterator[Fault]:
    if distance.value >= 1:
        yield Fault(("max_distance",), _never_fails("max_distance", distance, "no distance is larger"))
    if distance.value == 0:
        yield Fault(("max_distance",), "`max_distance: 0%` can't be kept: no two samples are equal")


def _coverage(criterion: Coverage) -> Iterator[Fault]:
    if criterion.quiet_hours is not None:
        start, _, end = criterion.quiet_hours.partition("-")
        if start == end:
            yield Fault(
                ("quiet_hours",), f"`quiet_hours: {criterion.quiet_hours}` is the whole day: no gap would ever be seen"
            )
    if criterion.min_pair_rate is not None and criterion.min_pair_rate.value == 0:
        yield Fault(("min_pair_rate",), _never_fails("min_pair_rate", criterion.min_pair_rate, "no rate is lower"))


def _stage_faults(criterion: AnyCriterion) -> Iterator[Fault]:
    if criterion.stage is not None and criterion.windowless:
        yield Fault(("stage",), f"{criterion.kind} reads no stage: remove `stage`")
    if not isinstance(criterion.stage, tuple):
        return
    if not criterion.stage:
        yield Fault(("stage",), "the list of stages is empty: name one, or remove `stage` to read all of them")
    for index, stage in enumerate(criterion.stage):
        if stage in criterion.stage[:index]:
            yield Fault(("stage", index), f"the stage `{stage}` is named twice: keep one")
