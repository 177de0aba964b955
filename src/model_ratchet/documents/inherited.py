"""The artefacts that a version brings: how its probabilities are calibrated, how edges are scored, how stakes are weighted.

``ratchet integrate`` writes them; a version that comes later inherits them, and ``model_ratchet.artifacts`` applies them. A
number that is null was not measured, and a warning says why.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from model_ratchet.core.fields import Digest, Instant, Model, Slug, VersionField
from model_ratchet.documents.integration import Above0, Fraction

FOLDER = "artifacts"
Count: TypeAlias = Annotated[int, Field(ge=0)]
Pair: TypeAlias = tuple[Fraction, Fraction]


class Parent(Model):
    """The version that is inherited from, and the digest of its artefact of the same kind."""

    version: VersionField
    digest: Digest


class Data(Model):
    """The events that the numbers rest on: those of one stage, and those of before that were taken over."""

    stage: Slug
    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    events: Count
    came: Count
    excluded: Count
    """Ties, pushes and other labels that are no outcome."""
    earlier_events: Count = 0
    """Of before the stage, as ``history`` says."""
    history: Literal["inherit", "backfill", "decay", "reset"]


class MapFields(Model):
    """A calibration map: logit q = b·logit p; a + b·logit p; a·ln p − b·ln(1 − p) + c; or linear between knots (p, q)."""

    method: Literal["identity", "temperature", "logistic", "beta", "isotonic"]
    a: float | None = None
    b: float | None = None
    c: float | None = None
    knots: tuple[Pair, ...] | None = None

    @model_validator(mode="after")
    def _whole(self) -> "MapFields":
        held = tuple(name for name in ("a", "b", "c", "knots") if getattr(self, name) is not None)
        if held != HOLDS[self.method]:
            raise ValueError(f"a map of the method {self.method} holds {' and '.join(HOLDS[self.method]) or 'nothing'}")
        if self.knots is not None and not self._rising(self.knots):
            raise ValueError("the knots of a map rise in p, and never fall in q")
        return self

    @staticmethod
    def _rising(knots: tuple[Pair, ...]) -> bool:
        steps = pairwise(knots)
        return bool(knots) and all(one[0] < two[0] and one[1] <= two[1] for one, two in steps)


HOLDS: dict[str, tuple[str, ...]] = {
    "identity": (),
    "temperature": ("b",),
    "logistic": ("a", "b"),
    "beta": ("a", "b", "c"),
    "isotonic": ("knots",),
}
"""What a map of each method holds."""


class Coefficients(Model):
    """One number for each coefficient of a map."""

    a: float | None = None
    b: float | None = None
    c: float | None = None


class GainFields(Model):
    """What the adopted map gains on the one that would be kept, per event in nats, on events that it was not fitted to."""

    mean: float
    error: Annotated[float, Field(ge=0)]
    """One standard error, by blocks of time."""
    events: Count
    blocks: Count


class Interval95(Model):
    """A value with its 95 % interval, by blocks of time."""

    value: float
    low: float | None
    high: float | None


class CalibrationError(Model):
    """The expected calibration error beside what chance alone gives to a calibrated model."""

    value: Fraction
    chance_mean: Fraction
    chance_95: Fraction
    """Chance alone exceeds it in 5 % of the cases."""
    p_value: Fraction


class Quality(Model):
    """How good probabilities are. Brier = miscalibration − discrimination + uncertainty."""

    brier: Interval95
    log_loss: Interval95
    ece: CalibrationError
    miscalibration: Annotated[float, Field(ge=0)]
    discrimination: Annotated[float, Field(ge=0)]
    uncertainty: Annotated[float, Field(ge=0)]
    spiegelhalter_z: float | None
    spiegelhalter_p: Fraction | None


class ReliabilityBin(Model):
    """The events of one bin of the calibrated probabilities, with the Wilson 95 % bounds of their frequency."""

    bin: Count
    events: Count
    mean_p: Fraction
    frequency: Fraction
    low: Fraction
    high: Fraction


Decision: TypeAlias = Literal["adopted", "inherited_kept", "identity_kept"]
DecidedBy: TypeAlias = Literal[
    "gain_shown",
    "gain_not_shown",
    "too_few_events",
    "too_few_blocks",
    "one_class",
    "separated",
    "no_events",
    "by_method",
]
"""Why: the gain on held-out events, or what kept it from being looked at."""


class CalibrationEntry(Model):
    """The map of one segment, or of all events: what it inherits, what its own data say, and what is applied."""

    events: Count
    came: Count
    inherited: MapFields | None
    own: MapFields | None
    map: MapFields
    """What is applied."""
    errors: Coefficients | None
    """One standard error of each coefficient of an adopted map."""
    adjustment: Coefficients | None
    """What an adopted map adds to each inherited coefficient."""
    own_weight: Coefficients | None
    """How much of each adopted coefficient comes from own data, 0 to 1."""
    decision: Decision
    reason: DecidedBy
    gain: GainFields | None
    raw: Quality | None
    """Of the probabilities as the model gives them."""
    calibrated: Quality | None
    """Of the same events after the map: not held out where the map was fitted to them."""
    reliability: tuple[ReliabilityBin, ...]


class _Artifact(Model):
    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion", default="ratchet/v1")
    model: Slug
    version: VersionField
    parent: Parent | None
    """None for a first version, and where the version before has no such artefact."""
    data: Data
    warnings: tuple[str, ...]
    """What is null or not as usual, and why."""


class Calibration(_Artifact):
    """How the probabilities of a version are calibrated."""

    kind: Literal["Calibration"] = "Calibration"
    method: Literal["identity", "temperature", "logistic", "beta", "isotonic"]
    prior: Coefficients | None
    """How far segments may lie from what they inherit: one standard deviation of each coefficient."""
    prior_learned: bool
    """Whether the prior was learned from the segments themselves."""
    overall: CalibrationEntry
    segments: dict[str, CalibrationEntry]


class Evaluation(Model):
    """How an edge is scored: laid down once, and carried over from version to version."""

    laid_down_by: VersionField
    components: dict[Slug, Above0]
    tiers: dict[Slug, Fraction]


class Recalibration(Model):
    """From the confidence in a pick (the larger of q and 1 − q) to how often such picks are right."""

    map: MapFields
    decision: Literal["adopted", "identity_kept"]
    gain: GainFields | None
    events: Count


class EdgeModelFields(Model):
    """logit P = a + c·logit(market) + b·logit(model), and whether the model adds something to the market."""

    a: float
    b: float
    c: float
    covariance: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    """Of a, c and b."""
    statistic: Annotated[float, Field(ge=0)]
    p_value: Fraction
    model_weight: Fraction
    """max(0, b/(b + c)): how much of the model's probability an optimizer should believe beside the market's."""
    events: Count


class Tier(Model):
    """The picks of one tier: what their confidence promised, and what came, with Clopper–Pearson 95 % bounds."""

    tier: Slug
    at_least: Fraction
    picks: Count
    right: Count
    expected: Fraction | None
    rate: Fraction | None
    low: Fraction
    high: Fraction


class TrackEntry(Model):
    """What a version showed in its stage, and what became of it."""

    events: Count
    came: Count
    brier: Fraction
    log_loss: Annotated[float, Field(ge=0)]
    ece: Fraction
    status: Literal["candidate", "promoted", "rolled_back", "withdrawn"]


class Confidence(_Artifact):
    """How sure a version may be of its edges."""

    kind: Literal["Confidence"] = "Confidence"
    evaluation: Evaluation
    recalibration: Recalibration
    edge_model: EdgeModelFields | None
    edge_models: dict[str, EdgeModelFields | None]
    """Of each segment; null where its events do not hold one."""
    tiers: tuple[Tier, ...]
    track_record: dict[str, TrackEntry]
    """Version → what it showed; what was rolled back stays."""


class KellyFields(Model):
    """How much of a Kelly stake is placed, and how much of the bankroll at most."""

    fraction: Fraction
    cap_per_bet: Fraction


class CovarianceFields(Model):
    """The covariance of the returns of the segments, in the order in which they are named."""

    estimator: Literal["ledoit_wolf"] = "ledoit_wolf"
    segments: tuple[str, ...]
    periods: Count
    shrinkage: Fraction
    """1: the returns show no difference of risk."""
    mean: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]


class PerformanceFields(Model):
    """How fast, how reliable and how large the version is, and how many edges it can rate in a cycle."""

    latency_p95_s: Annotated[float, Field(ge=0)] | None
    error_rate: Fraction | None
    memory_bytes: Annotated[float, Field(ge=0)] | None
    instances: Count | None
    """How many fit into the memory that is allocated."""
    edges_per_cycle: Count | None


class Difference(Model):
    """One key that differs from the parent's."""

    key: str
    before: float | str | None
    after: float | str | None
    reason: Literal["recomputed", "model_file", "first", "not_measured"]


class Optimizer(_Artifact):
    """How a version's edges are weighted and staked."""

    kind: Literal["Optimizer"] = "Optimizer"
    weights: dict[str, Fraction] | None
    """Segment → its share, summing to 1 over the segments that were measured."""
    model_weights: dict[str, Fraction | None]
    """Segment → how much of the model's probability counts beside the market's."""
    kelly: KellyFields
    risk_aversion: Above0
    max_weight: Fraction
    limits: dict[Slug, float]
    covariance: CovarianceFields | None
    performance: PerformanceFields
    differences: tuple[Difference, ...]


ARTIFACTS: dict[str, type[Calibration] | type[Confidence] | type[Optimizer]] = {
    "calibration": Calibration,
    "confidence": Confidence,
    "optimizer": Optimizer,
}
"""The name under which a request lists an artefact → its kind."""


def artifact_path(model: str, version: object, name: str) -> str:
    """Where an artefact of a version stands."""
    return f"promotions/{model}/{version}/{FOLDER}/{name}.yaml"


def as_value(artifact: Calibration | Confidence | Optimizer) -> dict[str, Any]:
    """The artefact as its file holds it; coefficients that a map does not have are left out."""
    value: dict[str, Any] = _bare(artifact.model_dump(mode="json", by_alias=True))
    return value


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        coefficients = value.keys() <= {"method", "a", "b", "c", "knots"}
        return {key: _bare(entry) for key, entry in value.items() if not (coefficients and entry is None)}
    return [_bare(entry) for entry in value] if isinstance(value, list) else value
