"""The model file: how one model's log is read, who reviews it, where it may come from. Trusted: base branch only."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from model_ratchet.core.fields import (
    DurationField,
    Model,
    PolicyNameField,
    RepositoryField,
    ShareField,
    SizeField,
    Slug,
    VersionField,
)
from model_ratchet.documents.columns import Column, NoOutcome
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.forecasts import Bets, Probability
from model_ratchet.documents.integration import Integration, integration_faults
from model_ratchet.documents.promql import Buckets, Expression, Selector
from model_ratchet.documents.registry import RegistryBinding
from model_ratchet.documents.traffic import Traffic, traffic_faults


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{name!r} is no time zone: write UTC or a name such as Europe/Berlin") from None
    return name


def _segments(value: object) -> object:
    """A plain list as a mapping; inner lists as the tuples that a strict field takes."""
    if isinstance(value, Mapping):
        return {key: tuple(values) if isinstance(values, list) else values for key, values in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    for index, column in enumerate(value):
        if not isinstance(column, str):
            refuse((Fault((index,), f"{column!r} names no column: write its name, in quotes if it is a number"),))
        if column in value[:index]:
            refuse((Fault((index,), f"the column `{column}` is named twice: keep one"),))
    return dict.fromkeys(value, ())


def _specifier(text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError(f"{text!r} is no version specifier: write one such as >=3.11,<3.14, in quotes") from None
    return text


def _person(text: str) -> str:
    if _PERSON.fullmatch(text) is None:
        raise ValueError(f"{text!r} is nobody on GitHub: write @login or @organisation/team, in quotes")
    return text


_PERSON = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", re.ASCII)

Specifier: TypeAlias = Annotated[str, AfterValidator(_specifier), Field(examples=[">=3.11,<3.14"])]
Person: TypeAlias = Annotated[str, AfterValidator(_person), Field(examples=["@acme/ml"])]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
ColumnOrNone: TypeAlias = Annotated[str, Field(max_length=128)]
"""A column, empty where the metric is bound by ``promql``."""
Segments: TypeAlias = Annotated[
    dict[Column, tuple[str, ...]],
    BeforeValidator(_segments),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ],
            "examples": [["origin", "carrier"]],
        }
    ),
]
Threshold: TypeAlias = Annotated[str, Field(pattern=r"^(>|>=) ?-?\d+(\.\d+)?$", examples=["> 0.5"])]


class Artifact(Model):
    """Where artifacts may come from."""

    origins: tuple[str, ...] = Field(min_length=1)
    """What the address of an artifact must begin with."""


class Time(Model):
    """The column of the router's request time, and the zone of values that name none."""

    column: Column
    """The column of the request time."""
    timezone: Zone | None = None
    """The zone of values that name none; without it they are not trusted, and the outcome is ``errored``."""


class Exposure(Model):
    """Which column tells served rows from mirrored ones, and the words that it uses."""

    column: Column
    """The column that says it."""
    served: str = "served"
    """Its word for rows that were answered with."""
    mirrored: str = "mirrored"
    """Its word for rows that were scored beside."""


class WideColumns(Model):
    """In a wide table: the score (or prediction) column of each arm."""

    baseline: Column
    """The column of the baseline."""
    candidate: Column
    """The column of the candidate."""


class TableRows(Model):
    """The prediction log: one row per request and arm (``long``), or one per request with a column per arm (``wide``)."""

    source: Slug
    """The source that holds the log."""
    layout: Literal["long", "wide"] = "long"
    """``long``: a row for each request and version; ``wide``: a row for each request."""
    request_id: Column
    """The column of the request."""
    arm: Column | None = None
    """The column of the version."""
    exposure: Exposure | None = None
    """What tells served rows from mirrored ones; without it no request may stand in two arms."""
    digest: Column | None = None
    """Long layout: the column with the artifact digest that the server reports."""
    other_arms: tuple[str, ...] = ()
    """Versions that may stand in the log and are no arm: left out and counted."""
    columns: WideColumns | None = None
    """The columns of a wide table."""

    @model_validator(mode="after")
    def _layout(self) -> Self:
        if self.layout == "long" and self.arm is None:
            raise ValueError("a long table needs `arm`: the column that names the version of each row")
        if self.layout == "long" and self.columns is not None:
            raise ValueError("`columns` belongs to the wide layout; a long table names its versions in `arm`")
        if self.layout == "wide" and self.columns is None:
            raise ValueError("a wide table needs `columns: {baseline: …, candidate: …}`")
        if self.layout == "wide" and (self.arm is not None or self.exposure is not None or self.digest is not None):
            raise ValueError("`arm`, `exposure` and `digest` belong to the long layout: a wide row holds both arms")
        return self


class Cluster(Model):
    """Rows that are not independent: the column they share, and the finer cluster used where a window holds too few."""

    column: Column
    """The column that such rows share, such as the day of service."""
    within_window: Literal["hour"] | None = None
    """The finer cluster where a window holds too few of the others."""


class LabelTiming(Model):
    """When ground truth comes, and how much of it is enough."""

    arrived_at: Column | None = None
    """The column of when the label came."""
    mature_after: DurationField
    """How long labels take: a stage is decided so long after its window."""
    min_coverage: ShareField
    """The least share of rows that must have one."""
    independent_of_serving: bool = False
    """Whether a label is the same whichever version answered: only then mirrored rows have one."""


class EventCounters(Model):
    """Two counters in Prometheus: the events and all that they are a share of."""

    events: Selector
    """The query for the counter of events."""
    total: Selector
    """The query for the counter of all that they are a share of."""
    no_series: Literal["errored", "zero"] = "errored"
    """What it means that no series of the events is there: a counter that is only exposed after its first event is zero."""


class Proportion(Model):
    """A share of rows: right predictions (score and threshold, or prediction, beside a label), a flag, or two counters.

    With nothing but a source it is a literal: the request states its counts.
    """

    kind: Literal["proportion"]
    source: Slug | None = None
    """The source of its own; without it the log."""
    score: Column | None = None
    """The column with the score."""
    threshold: Threshold | None = None
    """Which scores predict the event."""
    prediction: Column | None = None
    """The column with the prediction."""
    label: Column | None = None
    """The column with the ground truth."""
    correct: Column | None = None
    """The column that says whether the prediction was right."""
    column: Column | None = None
    """The column that is true where the event happened."""
    promql: EventCounters | None = None
    """The counters that it is read from."""
    exclude: tuple[NoOutcome, ...] = ()
    """Label values that are no outcome (ties), taken out before coverage is counted."""
    better: Literal["higher", "lower"] = "higher"
    """Which direction is better."""

    @model_validator(mode="after")
    def _forms(self) -> Self:
        # (`score`/`prediction` come from rows.columns in a wide table)
        forms = ("score", "prediction", "correct", "column", "promql")
        given = [name for name in forms if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"a proportion is bound one way, not by {' and '.join(given)} at once")
        if not given and self.label is None and self.source is None:
            raise ValueError(
                "a proportion needs `score` + `threshold` + `label`, `prediction` + `label`, `correct`, `column` or `promql`"
            )
        if self.promql is not None and (self.label is not None or self.exclude):
            raise ValueError("counters hold no labels: `label` and `exclude` belong to rows")
        if self.score is not None and (self.threshold is None or self.label is None):
            raise ValueError("`score` needs `threshold` and `label` beside it")
        if self.prediction is not None and self.label is None:
            raise ValueError("`prediction` needs `label` beside it")
        return self

    @property
    def labelled(self) -> bool:
        """Whether its value waits for a label."""
        return self.label is not None or self.correct is not None

    @property
    def names_column(self) -> bool:
        """Whether rows of a table are bound."""
        columns = (self.score, self.prediction, self.label, self.correct, self.column)
        return any(column is not None for column in columns)


class DurationMetric(Model):
    """How long something took: a column with one value in each row, or a classic histogram in Prometheus.

    With nothing but a source it is a literal: the request states how many rows are at or below a limit.
    """

    kind: Literal["duration"]
    source: Slug | None = None
    """The source of its own; without it the log."""
    column: ColumnOrNone = ""
    """The column with one value in each row."""
    promql: Buckets = ""
    """The query for a classic histogram."""
    unit: Literal["us", "ms", "s"]
    """The unit of the column, or of the histogram's edges."""
    better: Literal["lower"] = "lower"
    """Which direction is better."""

    @model_validator(mode="after")
    def _bound(self) -> Self:
        _one_binding(self.source, self.column, self.promql)
        return self

    @property
    def names_column(self) -> bool:
        """Whether rows of a table are bound."""
        return bool(self.column)


class Mean(Model):
    """The mean of a numeric column."""

    kind: Literal["mean"]
    source: Slug | None = None
    """The source of its own; without it the log."""
    column: Column
    """The numeric column."""
    largest: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """The largest value that a row can have, where none is below 0: what a drop of the mean has to be proven with."""
    better: Literal["higher", "lower"] = "higher"
    """Which direction is better."""


class Gauge(Model):
    """A sampled quantity (memory, CPU) in a table or in Prometheus, reduced to one value per hour of the stage.

    With nothing but a source it is a literal: the request states the hourly values.
    """

    kind: Literal["gauge"]
    source: Slug | None = None
    """Needed for a column; with ``promql`` the only Prometheus source where it is absent."""
    column: ColumnOrNone = ""
    """The column with the values."""
    promql: Expression = ""
    """The query."""
    arm: Column = "version"
    """The column of the version."""
    time: Column = "time"
    """The column of the time."""
    unit: Literal["B", "KiB", "MiB", "GiB", "cores", "%", "1"]
    """The unit of the values."""
    hourly: Literal["max", "mean"] = "max"
    """How the values of an hour become one."""
    better: Literal["lower", "higher"] = "lower"
    """Which direction is better."""

    @model_validator(mode="after")
    def _bound(self) -> Self:
        _one_binding(self.source, self.column, self.promql)
        if self.column and self.source is None:
            raise ValueError("a gauge in a table needs `source`: the table of its samples")
        return self

    @property
    def names_column(self) -> bool:
        """Whether samples of a table are bound."""
        return bool(self.column)


def _one_binding(source: str | None, column: str, promql: str) -> None:
    """One of the two, or none of them beside a source, which then must be a literal one."""
    if bool(column) == bool(promql) and (column or source is None):
        raise ValueError("name either the `column` of a table or the `promql` of a Prometheus server")


OfRows: TypeAlias = Mean | Probability | Bets
"""What is read from the rows of a table alone."""
Metric: TypeAlias = Annotated[Proportion | DurationMetric | Gauge | OfRows, Field(discriminator="kind")]


class SuiteBinding(Model):
    """A suite of cases that was run against the candidate: a table, reports in JUnit XML, or counts in the request."""

    source: Slug
    """The source that holds the result."""
    case: Column = "case"
    """The column of a table with the name of a case."""
    passed: Column = "passed"
    """The column of a table that says whether it passed."""
    arm: Column | None = None
    """The column that names the version, where one table holds several; in JUnit XML the property of a testsuite."""


class ScanBinding(Model):
    """A scan of the model's code: an artefact in SARIF, or reports in JUnit XML."""

    source: Slug
    """The source that holds the report."""


class Code(Model):
    """Where the model's code is."""

    repositories: tuple[RepositoryField, ...] = Field(min_length=1)
    """The repositories on GitHub that may hold it: the checks and reviews of others count for nothing."""


class Infrastructure(Model):
    """What production offers; a candidate's stated requirements are checked against it."""

    python: Specifier | None = None
    """A version specifier, such as ``>=3.11,<3.14``."""
    gpu: Literal["none", "optional", "available"] = "none"
    """The GPU that is there."""
    memory: SizeField | None = None
    """The memory that is there."""
    cpu: Annotated[float, Field(gt=0)] | None = None
    """How many CPUs are there."""
    packages: dict[str, Specifier] = Field(default_factory=dict)
    """Package name → version specifier that production supports."""


class Allocation(Model):
    """What one instance of the model may use."""

    memory: SizeField | None = None
    """Memory of one instance."""
    cpu: Annotated[float, Field(gt=0)] | None = None
    """Cores."""
    gpu: SizeField | None = None
    """Memory of the GPU."""


class AfterMerge(Model):
    """What goes on after the merge."""

    mirror_previous: DurationField | None = None
    """How long the version before goes on scoring the same requests, as the reference of the watch."""


class Prices(Model):
    """What an hour of each resource costs."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    """The currency of all of them."""
    cpu_core: Annotated[float, Field(ge=0)] | None = None
    """One core."""
    memory_gib: Annotated[float, Field(ge=0)] | None = None
    """One GiB of memory."""


class ModelFile(Model):
    """One model: its policies, its log, its labels, its metrics, its people."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Model"]
    name: Slug
    """The name of the model, and of this file."""
    policies: tuple[PolicyNameField, ...] = Field(min_length=1)
    """The policies that a request of this model may ask for."""
    artifact: Artifact | None = None
    """Where artifacts may come from; without it, anywhere."""
    time: Time
    """When a request was made."""
    rows: TableRows
    """The log of requests and what was answered."""
    assignment: Column | None = None
    """The column of what the router hashes, such as a user: the sample ratio counts these."""
    cluster: Cluster | None = None
    """What rows share that are not independent; without it each row counts as independent."""
    labels: LabelTiming | None = None
    """When ground truth comes; without it labels are there at once."""
    metrics: dict[Slug, Metric] = Field(min_length=1)
    """Metric → how it is read from the log or a source."""
    segments: Segments = Field(default_factory=dict)
    """Segment column → the values that are told apart; all others count as ``other``. A plain list tells all values apart."""
    suites: dict[Slug, SuiteBinding] = Field(default_factory=dict)
    """Suite of edge cases → where its result is."""
    code: Code | None = None
    """The repositories that may hold the model's code."""
    scans: dict[Slug, ScanBinding] = Field(default_factory=dict)
    """Scan of the code → where its report is."""
    registry: RegistryBinding | None = None
    """Where the versions are registered; without it nothing is compared with a registry."""
    roles: dict[Slug, Annotated[tuple[Person, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Role → the people and teams who sign for it."""
    golden: VersionField | None = None
    """The version that every later one is held against by criteria of the kind ``drift``: promoted without a waiver."""
    allocation: Allocation = Allocation()
    """What one instance may use."""
    infrastructure: Infrastructure | None = None
    """What production offers."""
    prices: Prices | None = None
    """What its infrastructure costs, for the scorecard."""
    after_merge: AfterMerge = AfterMerge()
    """What goes on after the merge."""
    integrate: Integration | None = None
    """What each version brings for those who apply its forecasts; without it nothing is computed."""
    traffic: Traffic | None = None
    """The router that carries the shares; without it nothing is rendered."""
    notify: tuple[Slug, ...] = ()
    """Channels of ``policies/alerts.yaml`` that are told of every alert of this model, beside those that ``send`` names."""
    allow_batch: bool = False
    """Whether a pull request that promotes this model may promote other models too, each of which has to allow it."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        for index, policy in enumerate(self.policies):
            if policy in self.policies[:index]:
                yield Fault(("policies", index), f"{policy} is named twice: keep one")
        for index, channel in enumerate(self.notify):
            if channel in self.notify[:index]:
                yield Fault(("notify", index), f"`{channel}` is named twice: keep one")
        if self.integrate is not None:
            kinds = {name: metric.kind for name, metric in self.metrics.items()}
            for fault in integration_faults(self.integrate, kinds, self.segments):
                yield Fault(("integrate", *fault.path), fault.message)
        if self.traffic is not None:
            previous = self.after_merge.mirror_previous is not None
            yield from traffic_faults(self.traffic, self.assignment, mirror_previous=previous)
        for name, metric in self.metrics.items():
            if isinstance(metric, Proportion | Probability) and self._unscored(metric):
                yield Fault(
                    ("metrics", name),
                    f"`{name}` has a label and nothing to compare it with: add `score`"
                    + (" or `prediction`" if isinstance(metric, Proportion) else ""),
                )

    def _unscored(self, metric: Proportion | Probability) -> bool:
        """Whether a long table is asked for a label with nothing beside it."""
        if self.rows.layout == "wide":
            return False
        if isinstance(metric, Probability):
            return metric.score is None
        read = (metric.score, metric.prediction, metric.correct, metric.column, metric.promql)
        return metric.label is not None and all(one is None for one in read)


def reads_log(metric: Metric, model: ModelFile) -> bool:
    """Whether a metric is read from the rows of the prediction log itself."""
    if isinstance(metric, Gauge) or (not isinstance(metric, OfRows) and metric.promql):
        return False
    return metric.source is None or metric.source == model.rows.source
