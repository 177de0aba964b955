"""What a criterion is: fields that are its YAML parameters, the needs that it has, and the judgement that it makes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence, Need, Window
from model_ratchet.core.fields import Model, Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.integration import IntegrationFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """One metric as the model file binds it, in its base unit; ``labelled`` when it waits for ground truth."""

    name: str
    kind: Literal["proportion", "duration", "mean", "gauge", "probability", "bets"]
    unit: Literal["fraction", "s", "B", "cores", "1"] = "1"
    better: Literal["higher", "lower"] = "higher"
    labelled: bool = False
    own_source: bool = False
    """Bound to another table than the prediction log, so that no pair can be formed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """One stage as its criteria see it.

    ``window`` is what can be read now: the whole frozen window once ``decidable``, the part up to the latest hour of the
    grid before, None when nothing has run. ``mirror`` and ``traffic`` are fractions; a stage whose mirror is above zero is
    paired: each mirrored request is scored by both versions.
    """

    name: str
    lasts: timedelta
    traffic: float | None = None
    mirror: float | None = None
    window: Window | None = None
    decidable: bool = False
    ends_at: datetime | None = None
    decidable_at: datetime | None = None

    @property
    def paired(self) -> bool:
        """Whether both versions score the same requests."""
        return bool(self.mirror)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFacts:
    """What an hour of each resource costs: ``cpu_core`` and ``memory_gib``, in one currency (ISO 4217)."""

    currency: str
    per_hour: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What every criterion of one promotion may know, apart from the evidence. Sealed into the record as it stands."""

    model: str
    candidate: str
    baseline: str | None
    candidate_digest: str | None = None
    baseline_digest: str | None = None
    metrics: Mapping[str, MetricFacts] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    cluster: str | None = None
    finer_cluster: bool = False
    """The model file names a finer cluster for windows that hold too few of the first."""
    timezone: str = "UTC"
    """The zone of quiet hours."""
    assignment: bool = False
    reported_digest: bool = False
    integration: IntegrationFacts | None = None
    """What a version brings for those who apply its forecasts, None where the model file asks for nothing."""
    registry: str | None = None
    """The name under which a registry holds the model, None where none is bound."""
    registry_alias: str | None = None
    """The alias that has to point to the active version."""
    min_label_coverage: float | None = None
    suites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    """The repositories of the model's code: ``owner/name``."""
    golden: str | None = None
    """The version that the model file pins as the golden baseline."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Metric → baseline − golden baseline, the sum of what was sealed in between; absent where a part of it is missing."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allocation: Mapping[str, float] = field(default_factory=dict)
    """Resource name → bytes or cores that one instance may use."""
    infrastructure: Mapping[str, str] | None = None
    """Flattened limits of production: ``python``, ``gpu``, ``memory`` (bytes), ``cpu``, ``package:<name>``."""
    prices: PriceFacts | None = None
    """What an hour of each resource costs; sealed only where it is stated."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """Flattened metadata of the request: ``infrastructure.python``, ``dataset.version``, ``source.commit``, …"""
    documents: Mapping[str, str] = field(default_factory=dict)
    """Document name → its path within the repository."""
    drill: Mapping[str, str] | None = None
    """The rollback drill that the request states: ``performed_at``, ``restored``, ``result``."""
    alpha_divisor: int = 1
    """Attempts with the same digest and baseline, times one plus the extensions that the policy allows."""
    early_level: float = 0.01
    early_sharers: int = 1
    decided_at: datetime | None = None
    """The latest instant at which an input of the evidence changed, None before the first; ages are taken there.

    It never lies after the instant at which the last stage is decidable, and it moves only when something happens, so that
    a check that is repeated says the same.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one bound criterion is judged on: the facts, and its stage, or all stages when it pools them."""

    facts: Facts
    stages: tuple[StageFacts, ...]

    @property
    def stage(self) -> StageFacts:
        """The only stage of a criterion that is judged stage by stage."""
        (stage,) = self.stages
        return stage

    @property
    def ran(self) -> tuple[StageFacts, ...]:
        """The stages of which something can be read."""
        return tuple(stage for stage in self.stages if stage.window is not None)

    @property
    def decidable(self) -> bool:
        """Whether every stage of the scope can be decided."""
        return all(stage.decidable for stage in self.stages)


class Criterion(Model, ABC):
    """One rule of a policy. Its fields are its parameters; it asks for evidence and judges what comes back."""

    summary: ClassVar[str]
    """One line for lists and schemas."""
    revision: ClassVar[int] = 1
    """Raised whenever the same evidence could be judged differently."""
    comparative: ClassVar[bool] = False
    """Compares the candidate with the baseline, so that a first version has nothing to compare."""
    sign_off: ClassVar[bool] = False
    """Decided by people."""
    stagewise: ClassVar[bool] = False
    """Without ``stage``: judged stage by stage instead of pooled."""
    windowless: ClassVar[bool] = False
    """Reads no stage at all: decidable at once."""
    traffic_only: ClassVar[bool] = False
    """Applies only to stages with a traffic share."""
    on_entry: ClassVar[bool] = False
    """Looked at when a stage with a share of traffic starts, and never for the end of its own stage."""
    waivable: ClassVar[bool] = True
    """Whether a waiver may let it go; False for what makes evidence evidence, and for what people decide."""

    id: Slug
    """What reports and waivers call it."""
    kind: str
    stage: Slug | tuple[Slug, ...] | None = None
    """The stage, or the stages one by one; without it the whole evaluation period."""
    advisory: bool = False
    """Shown, and never counted."""
    when_bound: bool = False
    """Not applicable, instead of refused, where the model file does not bind the metric."""

    @property
    def compares(self) -> bool:
        """Whether it has nothing to judge without a baseline."""
        return self.comparative

    def metrics(self) -> tuple[str, ...]:
        """The metrics that the model file must bind."""
        return ()

    def rests_on(self) -> tuple[str, ...]:
        """Every metric, suite and scan that it reads, as the model file binds them: ``metrics.accuracy``, ``scans.code``."""
        return tuple(f"metrics.{name}" for name in self.metrics())

    def unbound(self, facts: Facts) -> str | None:
        """What the model file does not bind and this criterion needs, None when all is there."""
        missing = [name for name in self.metrics() if name not in facts.metrics]
        return f"metrics.{missing[0]}" if missing else None

    def unstated(self, facts: Facts) -> str | None:
        """What the request does not state and this criterion can't be judged without, None when all is there."""
        del facts
        return None

    def misfits(self, scope: Scope) -> Iterator[str]:
        """Why this criterion can't be judged on that scope whatever the evidence: findings at bind."""
        del scope
        yield from ()

    def turns_at(self, facts: Facts) -> tuple[datetime, ...]:
        """Instants at which time alone may turn the judgement, beside those of the stages: something was done, or expires."""
        del facts
        return ()

    @abstractmethod
    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The evidence that the judgement rests on. Stages without a window are asked nothing."""

    @abstractmethod
    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """What the evidence of a decidable scope says. Never passed without a measurement that shows it."""

    def early(self, scope: Scope, evidence: Evidence) -> Judgement | None:
        """Failed, when an always-valid bound shows harm before the scope is decidable; None otherwise."""
        del scope, evidence
        return None

    def measured(self, scope: Scope, evidence: Evidence, judgement: Judgement) -> tuple[Estimate | None, ...]:
        """The values that its limit is held against: that of the whole, and of each part that has not passed.

        None stands for one that was not measured.
        """
        del scope, evidence
        parts = (part.estimate for part in judgement.parts if part.outcome is not Outcome.PASSED)
        return (judgement.estimate, *parts)


class OnMetric(Criterion):
    """A criterion about one metric of the model file."""

    metric: Slug
    """The metric, as the model file names it."""

    def metrics(self) -> tuple[str, ...]:
        """The one metric."""
        return (self.metric,)


class Comparative(OnMetric):
    """A criterion that compares both arms on one metric."""

    comparative: ClassVar[bool] = True

    alpha: float = Field(default=0.05, gt=0, le=0.2)
    """The error level: two-sided for a significance, one-sided for a bound."""
    min_clusters: int = Field(default=5, ge=2)
    """Fewer clusters than this do not decide."""
    min_rows: int = Field(default=100, ge=1)
    """Fewer candidate rows (or pairs) than this do not decide."""
