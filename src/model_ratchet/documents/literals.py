"""Literals: the values that a request states itself. Claims of its author, stage by stage, never measurements."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from model_ratchet.core.fields import DurationField, Model, Slug
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.yaml import Path

_LONGEST = timedelta(days=365).total_seconds()

_MOST_HOURS = 10_000
_LARGEST = 1e15


def _points(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        return value
    refuse(_point_faults(value))
    return tuple((hour, float(amount)) for hour, amount in value)


def _point_faults(points: Sequence[object]) -> Iterator[Fault]:
    before = -1
    for index, point in enumerate(points):
        match point:
            case [int(hour), int() | float() as amount] if not isinstance(hour, bool) and not isinstance(amount, bool):
                if not before < hour < _MOST_HOURS:
                    message = (
                        f"hour {hour} is out of place: write each hour once, in order, from 0 to {_MOST_HOURS - 1}"
                    )
                    yield Fault((index, 0), message)
                if not 0 <= amount <= _LARGEST:
                    yield Fault((index, 1), f"{amount:g} is out of range: it must be from 0 to {_LARGEST:g}")
                before = hour
            case _:
                yield Fault((index,), "an hour and its value are needed here, such as [0, 201.5]")


Count: TypeAlias = Annotated[int, Field(ge=0, le=10**12)]
Rows: TypeAlias = Annotated[int, Field(ge=1, le=10**12)]
Points: TypeAlias = Annotated[
    tuple[tuple[int, float], ...],
    BeforeValidator(_points),
    Field(min_length=1),
    WithJsonSchema(
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
            "examples": [[[0, 201.5], [1, 202.0]]],
        }
    ),
]


class SuiteResult(Model):
    """How many cases of a suite passed, failed and were skipped."""

    passed: Count
    """Cases that passed."""
    failed: Count
    """Cases that failed."""
    skipped: Count
    """Cases that were skipped."""


class Successes(Model):
    """Rows of one arm for which a proportion's event is true, among all of which it is known."""

    successes: Count
    """Rows for which it is true."""
    n: Rows
    """Rows of which it is known."""

    @model_validator(mode="after")
    def _part(self) -> Self:
        if self.successes > self.n:
            refuse((Fault(("successes",), f"{self.successes} of {self.n} is no share: a part is at most the whole"),))
        return self


class Pairs(Model):
    """Requests that both versions scored, by which of the two was right."""

    both: Count
    """Both were right."""
    only_baseline: Count
    """Only the baseline was."""
    only_candidate: Count
    """Only the candidate was."""
    neither: Count
    """Neither was."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.both + self.only_baseline + self.only_candidate + self.neither:
            raise ValueError("these are no pairs: all four counts are 0")
        return self


class ProportionValue(Model):
    """A proportion in one stage: the counts of each arm, or the pairs, of which both arms are the margins."""

    baseline: Successes | None = None
    """The baseline's."""
    candidate: Successes | None = None
    """The candidate's."""
    pairs: Pairs | None = None
    """Both, request by request."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.pairs is None) == (self.baseline is None and self.candidate is None):
            raise ValueError("write the counts of the arms, `baseline` and `candidate`, or `pairs`")
        return self


class Durations(Model):
    """Rows of one arm at or below each limit that the policy sets, all rows, and the largest value."""

    n: Rows
    """All rows."""
    at_or_below: dict[DurationField, Count] = Field(min_length=1, max_length=20)
    """Limit → rows at or below it."""
    largest: DurationField
    """The largest value."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.largest.value > _LONGEST:
            yield Fault(("largest",), f"{self.largest} is no duration of a request: at most 365d are taken")
        before: tuple[float, int] | None = None
        for limit, rows in sorted(self.at_or_below.items(), key=lambda entry: entry[0].value):
            path: Path = ("at_or_below", limit.text)
            if limit.value > _LONGEST:
                yield Fault(path, f"{limit} is no duration of a request: at most 365d are taken")
            if before is not None and limit.value == before[0]:
                yield Fault(path, f"{limit} stands here twice: keep one")
            if rows > self.n or (before is not None and rows < before[1]):
                yield Fault(path, f"{rows} rows at or below {limit} don't fit beside the other counts")
            elif (rows == self.n) != (self.largest.value <= limit.value):
                yield Fault(path, f"{rows} of {self.n} rows at or below {limit} don't fit a largest of {self.largest}")
            before = limit.value, rows


class DurationValue(Model):
    """Durations in one stage."""

    baseline: Durations | None = None
    """The baseline's."""
    candidate: Durations | None = None
    """The candidate's."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        _an_arm(self.baseline, self.candidate)
        return self


class GaugeValue(Model):
    """A gauge in one stage: ``[hour, value]`` for each hour of active time, from 0, in ``unit``."""

    unit: Literal["B", "KiB", "MiB", "GiB", "cores", "%", "1"]
    """The unit of the values."""
    baseline: Points | None = None
    """The baseline's."""
    candidate: Points | None = None
    """The candidate's."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        _an_arm(self.baseline, self.candidate)
        return self


class Literals(Model):
    """The values that a request states, by the kind of what they are of: metric → stage → value; suite → result."""

    suites: dict[Slug, SuiteResult] = Field(default_factory=dict)
    """Suite → its result."""
    proportions: dict[Slug, Annotated[dict[Slug, ProportionValue], Field(min_length=1)]] = Field(default_factory=dict)
    """Metric → stage → counts."""
    durations: dict[Slug, Annotated[dict[Slug, DurationValue], Field(min_length=1)]] = Field(default_factory=dict)
    """Metric → stage → counts."""
    gauges: dict[Slug, Annotated[dict[Slug, GaugeValue], Field(min_length=1)]] = Field(default_factory=dict)
    """Metric → stage → values."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def metrics(self) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Key, kind and name of each metric, and its stages: ``("proportions", "proportion", "accuracy", ("canary",))``."""
        for key, kind, stages in (
            ("proportions", "proportion", self.proportions),
            ("durations", "duration", self.durations),
            ("gauges", "gauge", self.gauges),
        ):
            for name, values in stages.items():
                yield key, kind, name, tuple(values)

    def _faults(self) -> Iterator[Fault]:
        """Histograms of several stages are added, which needs the same edges in all of them."""
        for name, stages in self.durations.items():
            found: set[float] | None = None
            for stage, value in stages.items():
                for arm, one in (("baseline", value.baseline), ("candidate", value.candidate)):
                    limits = {limit.value for limit in one.at_or_below} if one is not None else found
                    if found is not None and limits != found:
                        message = "the limits differ from those before: count the rows at the same limits everywhere"
                        yield Fault(("durations", name, stage, arm, "at_or_below"), message)
                    found = limits if found is None else found


def _an_arm(*arms: object) -> None:
    if not any(arm is not None for arm in arms):
        raise ValueError("nothing stands here: write `candidate`, and `baseline` where it is compared")
