"""Integration: what of a model its next version takes over, as the model file says it. Trusted: base branch only."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from model_ratchet.core.fields import DurationField, Model, Slug
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.words import suggestion

Above0: TypeAlias = Annotated[float, Field(gt=0)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class PriorSpread(Model):
    """How far the coefficients of a segment may lie from those that it inherits: one standard deviation, on the logit scale."""

    intercept: Above0 = 0.1
    """Of the intercept."""
    slope: Above0 = 0.2
    """Of the slope."""


class CalibrationSettings(Model):
    """How calibration maps are fitted, and what of the history goes into them."""

    method: Literal["identity", "temperature", "logistic", "beta", "isotonic"] = "logistic"
    """The family of maps; isotonic takes 1,000 events and is not inherited by segments."""
    prior: PriorSpread = PriorSpread()
    """How far segments may lie from what they inherit."""
    learn_prior: bool = False
    """Learn the spread from the segments themselves, where eight of them can be fitted alone."""
    min_events: Annotated[int, Field(ge=2)] = 50
    """Segments with fewer events inherit, whatever theirs say."""
    history: Literal["inherit", "backfill", "decay", "reset"] = "inherit"
    """inherit: the parent's maps and no event of before. backfill: also the events of ``reach`` before the stage, scored by
    the candidate. decay: the same, each event counting half as much for every ``half_life`` that it lies back. reset: neither
    the parent's maps nor events of before."""
    reach: DurationField | None = None
    """How long before the stage the events of ``backfill`` and ``decay`` begin."""
    half_life: DurationField | None = None
    """After how long an event counts half as much, with ``decay``."""

    @model_validator(mode="after")
    def _history(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        reaches = self.history in ("backfill", "decay")
        if reaches and self.reach is None:
            yield Fault(("history",), f"`{self.history}` needs `reach`: how long before the stage its events begin")
        if not reaches and self.reach is not None:
            yield Fault(("reach",), f"`{self.history}` takes no event of before: leave `reach` out")
        if (self.history == "decay") != (self.half_life is not None):
            yield Fault(("half_life",), "a half-life belongs to `history: decay`, and to nothing else")


class ConfidenceSettings(Model):
    """How an edge is scored, where the version before did not lay that down."""

    components: dict[Slug, Above0] = Field(default_factory=dict)
    """Component of the score → its weight; they are scaled to sum to 1 over the components that an edge has."""
    tiers: dict[Slug, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    """Tier → the least confidence of it."""
    reset: bool = False
    """Take these instead of what the version before laid down."""


class Performance(Model):
    """Which metrics say how fast, how reliable and how large the model is."""

    latency: Slug | None = None
    """A metric of the kind ``duration``."""
    errors: Slug | None = None
    """A metric of the kind ``proportion``."""
    memory: Slug | None = None
    """A metric of the kind ``gauge``."""
    cycle: DurationField | None = None
    """How long the optimizer may take for all edges of a cycle."""


class OptimizerSettings(Model):
    """How stakes and segments are weighted."""

    kelly_fraction: Annotated[float, Field(gt=0, le=1)] = 0.25
    """The part of the Kelly stake that is bet: above 0, at most 1."""
    cap_per_bet: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The most of the bankroll that one bet takes: above 0, at most 1."""
    risk_aversion: Above0 = 2.0
    """How much variance counts against return: above 0."""
    max_weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The most that one segment may weigh."""
    limits: dict[Slug, float] = Field(default_factory=dict)
    """What the optimizer is handed as it stands, such as ``min_ev: 0.05``."""
    performance: Performance = Performance()
    """Which metrics say what the optimizer has to reckon with."""


class Integration(Model):
    """What ``ratchet integrate`` computes for each new version."""

    score: Slug
    """The metric of the kind ``probability`` whose score is calibrated."""
    segments: str | None = None
    """The segment column whose values have maps of their own; one of the model file's ``segments``."""
    market: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """The column with the market's probability of the event, without the bookmaker's margin."""
    bets: Slug | None = None
    """The metric of the kind ``bets`` whose returns weigh the segments."""
    calibration: CalibrationSettings = CalibrationSettings()
    """How calibration maps are fitted."""
    confidence: ConfidenceSettings = ConfidenceSettings()
    """How an edge is scored."""
    optimizer: OptimizerSettings = OptimizerSettings()
    """How stakes and segments are weighted."""


def integration_faults(asked: Integration, kinds: Mapping[str, str], segments: Collection[str]) -> Iterator[Fault]:
    """Where it names what the model file does not bind, or of another kind (``kinds``: metric → its kind)."""
    measured = asked.optimizer.performance
    named: tuple[tuple[tuple[str, ...], str | None, str], ...] = (
        (("score",), asked.score, "probability"),
        (("bets",), asked.bets, "bets"),
        (("optimizer", "performance", "latency"), measured.latency, "duration"),
        (("optimizer", "performance", "errors"), measured.errors, "proportion"),
        (("optimizer", "performance", "memory"), measured.memory, "gauge"),
    )
    for path, name, kind in named:
        if name is not None and name not in kinds:
            yield Fault(path, f"`{name}` is no metric of this model{suggestion(name, kinds)}")
        elif name is not None and kinds[name] != kind:
            yield Fault(path, f"`{name}` is of the kind {kinds[name]}, and a {kind} is read here")
    if asked.segments is not None and asked.segments not in segments:
        yield Fault(
            ("segments",),
            f"`{asked.segments}` is none of this model's `segments`{suggestion(asked.segments, segments)}",
        )
