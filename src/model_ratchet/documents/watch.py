"""Watch rules: when a promoted version raises an alert, and when it is rolled back."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from model_ratchet.core.fields import (
    ChangeField,
    DurationField,
    LimitField,
    Model,
    OutOfField,
    PercentField,
    ShareField,
    Slug,
)
from model_ratchet.core.units import Dimension, Duration, OutOf
from model_ratchet.documents.fault import Fault, refuse

_HOUR = Duration(3600.0, Dimension.TIME, "1h")
_TWICE = OutOf(2, 3)
AT_MOST_PER_DAY = 2


class WatchRule(Model):
    """What a rule of the watch is about, and how far it looks back."""

    metric: Slug
    """A metric of the model file."""
    over: DurationField = _HOUR
    """The look-back window over which the statistic is taken, twelve times in its length, and at least once an hour."""
    sustained: OutOfField = _TWICE
    """How many of the last looks must be beyond the limit before it fires. It is over once all of them are within."""

    @model_validator(mode="after")
    def _can_fire(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from ()


class RowsRule(WatchRule):
    """A rule that is read from rows."""

    min_rows: int = Field(default=100, ge=1)
    """With fewer rows (of each version, or pairs) in the look-back window it says nothing."""


class DropRule(RowsRule):
    """The metric is worse than the reference by more than so much: ``5pp`` absolute, ``5%`` relative; a mean only so."""

    statistic: Literal["drop"]
    """What is looked at."""
    above: ChangeField
    """The largest drop that is let be."""

    def _faults(self) -> Iterator[Fault]:
        if self.above.value >= 1:
            yield Fault(("above",), f"`above: {self.above}` never fires: no drop is larger")


class IncreaseRule(RowsRule):
    """A quantile of the metric is above the reference by more than so much of it: ``100%`` is twice as much."""

    statistic: Literal["increase"]
    """What is looked at."""
    quantile: float = Field(default=0.95, ge=0.5, lt=1)
    """Which quantile, from 0.5 to below 1."""
    above: PercentField
    """The largest increase that is let be."""


class QuantileRule(RowsRule):
    """A quantile of the metric is above a limit."""

    statistic: Literal["quantile"]
    """What is looked at."""
    quantile: float = Field(default=0.95, ge=0.5, lt=1)
    """Which quantile, from 0.5 to below 1."""
    above: LimitField
    """The highest value that is let be."""

    def _faults(self) -> Iterator[Fault]:
        if self.above.dimension is Dimension.SHARE:
            yield Fault(("above",), f"`above: {self.above}` is a share: a quantile is limited by a time, such as 750ms")


class RateRule(RowsRule):
    """The rate of an event is above a limit."""

    statistic: Literal["rate"]
    """What is looked at."""
    above: ShareField
    """The highest rate that is let be."""

    def _faults(self) -> Iterator[Fault]:
        if self.above.value >= 1:
            yield Fault(("above",), f"`above: {self.above}` never fires: no rate is larger")


class AllocationRule(WatchRule):
    """A resource is above so much of its allocation in the model file."""

    statistic: Literal["of_allocation"]
    """What is looked at."""
    above: PercentField
    """The largest share of the allocation that is let be."""


AnyWatchRule: TypeAlias = Annotated[
    DropRule | IncreaseRule | QuantileRule | RateRule | AllocationRule, Field(discriminator="statistic")
]


class Alerts(Model):
    """Who is told: nobody is woken by a warning, somebody is by a critical alert. Nothing is rolled back by either."""

    critical: tuple[AnyWatchRule, ...] = ()
    """Rules that wake somebody."""
    warning: tuple[AnyWatchRule, ...] = ()
    """Rules that tell somebody."""
    record_within: DurationField = Duration(28 * 86_400.0, Dimension.TIME, "28d")
    """How old a promotion may be whose record a drop is held against, hour by hour of the week, while no other version runs
    beside. Such a drop only alerts."""


class Rollback(Model):
    """When a promoted version goes out again, without anybody being asked."""

    triggers: tuple[AnyWatchRule, ...] = Field(min_length=1)
    """Rules that take the version out when they fire."""
    merge: Literal["automatic", "manual"] = "manual"
    """Whether the pull request that removes the version is merged by itself."""
    at_most_per_day: int = Field(default=AT_MOST_PER_DAY, ge=1, le=100)
    """After so many rollbacks of a model within 24 hours the next one only pages: what flaps is no fault of one version."""
    undo_within: DurationField | None = None
    """How long on-call and risk may restore a version that was rolled back by mistake."""
