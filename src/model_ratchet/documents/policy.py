"""The policy: the stages that a candidate passes, the gates that it must clear, and what is watched afterwards."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from model_ratchet.core.fields import DurationField, Model, PolicyNameField, ShareField, Slug
from model_ratchet.core.names import PolicyName
from model_ratchet.core.units import Dimension, Duration
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.approval import Approval
from model_ratchet.criteria.coverage import Coverage
from model_ratchet.criteria.metadata import MetadataComplete
from model_ratchet.criteria.stability import Stability
from model_ratchet.criteria.sustained import Sustained
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.unfailable import can_fail
from model_ratchet.documents.watch import Alerts, Rollback
from model_ratchet.documents.words import suggestion
from model_ratchet.documents.yaml import Path

_HOURS = {hours: Duration(hours * 3600.0, Dimension.TIME, f"{hours}h") for hours in (24, 72)}

TRACKED = (
    "dataset",
    "hyperparameters",
    "training_metrics",
    "validation_results",
    "infrastructure",
    "benchmarks",
    "source_commit",
    "source",
)
"""What a request's ``metadata`` can hold; ``metadata`` criteria name paths that start with one of these."""


def _semantic(text: str) -> str:
    try:
        PolicyName.parse(f"x/{text}")
    except ValueError:
        raise ValueError(f"{text!r} is no policy version: write major.minor.patch, such as 1.0.0") from None
    return text


PolicyVersion: TypeAlias = Annotated[str, AfterValidator(_semantic), Field(examples=["1.0.0"])]


class Stage(Model):
    """One stage of a candidate's way: how much it is given, and for how long."""

    name: Slug
    """What criteria and the ledger call it."""
    mirror: ShareField | None = None
    """The share of requests that the arm which did not serve them scores too: ``100%`` makes pairs."""
    traffic: ShareField | None = None
    """The share of requests that the candidate serves."""
    lasts: DurationField
    """The active time of the stage, pauses not counted."""
    enter: tuple[Slug, ...] = ()
    """The roles that approve before the stage starts."""

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.mirror is None and self.traffic is None:
            yield Fault((), f"the stage `{self.name}` shows the candidate no request: give it `mirror` or `traffic`")
        if self.mirror is not None and self.mirror.value == 0:
            yield Fault(("mirror",), f"`mirror: {self.mirror}` mirrors nothing: raise it, or remove it")
        if self.traffic is not None and not 0 < self.traffic.value < 1:
            yield Fault(
                ("traffic",),
                f"`traffic: {self.traffic}` leaves one arm without a request: a stage takes a share between 0% and 100%, "
                "the merge gives all of it",
            )


class Extend(Model):
    """Whether a stage that did not decide may go on; every look then uses alpha / (1 + at_most)."""

    by: DurationField | None = None
    """How long each extension lasts."""
    at_most: int = Field(default=0, ge=0, le=10)
    """How many extensions a stage may have, from 0 to 10."""

    @model_validator(mode="after")
    def _length(self) -> Self:
        if self.at_most and self.by is None:
            raise ValueError("an extension needs a length: add `by`, such as `by: 7d`")
        return self


class EarlyFail(Model):
    """The level at which harm may fail a candidate before its window ends, shared by all criteria that may."""

    level: float = Field(default=0.01, ge=0.0001, le=0.1)
    """The chance, at most, that a candidate that does no harm is failed early: from 0.0001 to 0.1."""


class TrustClass(Model):
    """How far evidence must come from a source of our own."""

    at_least: Literal["fetched", "attested", "author-supplied"] = "fetched"
    """``fetched`` from a source of ours, ``attested`` by a signature, or ``author-supplied`` by whoever proposes."""


class Gate(Model):
    """Criteria that are cleared together: the worst one that counts decides."""

    name: Slug
    """What reports call it."""
    description: str | None = None
    """What it is for."""
    before: Literal["merge"] | None = None
    """``merge``: needed for the merge, and not for the stages before it."""
    otherwise: Slug | None = None
    """The approval that decides where the model file binds none of the criteria."""
    criteria: tuple[Annotated[AnyCriterion, AfterValidator(can_fail)], ...]
    """What has to hold; at least one criterion that is not advisory."""

    @model_validator(mode="after")
    def _counts(self) -> Self:
        if all(criterion.advisory for criterion in self.criteria):
            raise ValueError(
                f"the gate `{self.name}` could not fail: give it at least one criterion that is not advisory"
            )
        return self


class WaiverTerms(Model):
    """How long a criterion may be waived, and which never."""

    max_age: DurationField
    """From ``granted_at`` to ``expires_at``, at most."""
    never: tuple[Slug, ...] = ()
    """Ids, or kinds, of criteria that can't be waived."""


class FullEvaluation(Model):
    """What a version that was let in without being shown better owes afterwards: to be followed by one that was judged in full.

    The verdict says so, and the watch alerts from when it is overdue until another version is active.
    """

    policy: PolicyNameField
    """The policy that the full evaluation passes."""
    within: DurationField
    """How long it may take after the merge."""


class Policy(Model):
    """The rules by which candidates are judged. Immutable once merged; named and versioned by its path."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Policy"]
    name: Slug
    """The name of its folder."""
    version: PolicyVersion
    """The name of its file."""
    description: str | None = None
    """What it is for, in a sentence or two."""
    stages: tuple[Stage, ...] = Field(min_length=1)
    """The stages that a candidate passes, in this order."""
    settle: DurationField | None = None
    """Left out after each start, before the window opens."""
    merge_within: DurationField = _HOURS[72]
    """How long the last share is held once all stages have passed; then the last stage must be repeated."""
    max_paused: DurationField = _HOURS[24]
    """A stage that was paused longer starts again."""
    advance: Literal["manual", "automatic"] = "manual"
    """``automatic``: a schedule closes stages that can be decided and starts the next ones, without anybody asking for it."""
    extend: Extend = Extend()
    """Whether a stage that did not decide may go on."""
    early_fail: EarlyFail = EarlyFail()
    """When harm fails a candidate before its window ends."""
    retrospective: Literal["allowed", "refused"] = "refused"
    """Whether stage starts written by hand in a request (``history:``) are taken: back-tests and demonstrations only."""
    underpowered: Literal["refuse", "warn"] = "warn"
    """What a plan that present traffic can't decide gets."""
    trust: TrustClass = TrustClass()
    """How far evidence must come from a source of our own."""
    full_evaluation: FullEvaluation | None = None
    """What a version that was let in without being shown better owes afterwards."""
    gates: tuple[Gate, ...] = Field(min_length=1)
    """The gates that a candidate must clear: all of them."""
    alerts: Alerts = Alerts()
    """What tells people while a version runs."""
    rollback: Rollback | None = None
    """What takes a version out again while it runs; without it nothing does."""
    waivers: WaiverTerms | None = None
    """Without it nothing is waived."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse((*_stage_faults(self), *_gate_faults(self), *_criterion_faults(self), *_waiver_faults(self)))
        return self

    @property
    def full_name(self) -> PolicyName:
        """The name by which requests and model files call it: ``standard/1.0.0``."""
        return PolicyName.parse(f"{self.name}/{self.version}")

    def criteria(self) -> Iterator[AnyCriterion]:
        """Every criterion, gate by gate."""
        for gate in self.gates:
            yield from gate.criteria

    def criterion(self, name: str) -> AnyCriterion | None:
        """The criterion with that id."""
        return next((criterion for criterion in self.criteria() if criterion.id == name), None)

    def roles(self) -> tuple[str, ...]:
        """Every role whose approval it asks for, sorted."""
        entering = {role for stage in self.stages for role in stage.enter}
        signing = {criterion.role for criterion in self.criteria() if isinstance(criterion, Approval)}
        return tuple(sorted(entering | signing))


def _stage_faults(policy: Policy) -> Iterator[Fault]:
    names: list[str] = []
    for index, stage in enumerate(policy.stages):
        if stage.name in names:
            yield Fault(("stages", index, "name"), f"the stage `{stage.name}` stands here twice: rename one")
        names.append(stage.name)


def _gate_faults(policy: Policy) -> Iterator[Fault]:
    gates: list[str] = []
    ids: dict[str, str] = {}
    approvals = [one.id for one in policy.criteria() if isinstance(one, Approval) and not one.advisory]
    for index, gate in enumerate(policy.gates):
        if gate.name in gates:
            yield Fault(("gates", index, "name"), f"the gate `{gate.name}` stands here twice: rename one")
        gates.append(gate.name)
        for place, criterion in enumerate(gate.criteria):
            if criterion.id in ids:
                yield Fault(
                    ("gates", index, "criteria", place, "id"),
                    f"the id `{criterion.id}` is taken by a criterion of the gate `{ids[criterion.id]}`: rename one",
                )
            ids.setdefault(criterion.id, gate.name)
        if gate.otherwise is not None and gate.otherwise not in approvals:
            yield Fault(
                ("gates", index, "otherwise"),
                f"`{gate.otherwise}` is no approval of this policy{suggestion(gate.otherwise, approvals)}",
            )


def _criterion_faults(policy: Policy) -> Iterator[Fault]:
    for index, gate in enumerate(policy.gates):
        for place, criterion in enumerate(gate.criteria):
            path: Path = ("gates", index, "criteria", place)
            for fault in (*_unknown_stages(policy, criterion), *_fit(policy, criterion), *_untracked(criterion)):
                yield Fault((*path, *fault.path), fault.message)


def _unknown_stages(policy: Policy, criterion: AnyCriterion) -> Iterator[Fault]:
    known = [stage.name for stage in policy.stages]
    named: list[tuple[Path, str]] = []
    if isinstance(criterion.stage, str):
        named.append((("stage",), criterion.stage))
    elif criterion.stage is not None:
        named.extend((("stage", index), stage) for index, stage in enumerate(criterion.stage))
    if isinstance(criterion, Approval) and criterion.after is not None:
        named.append((("after",), criterion.after))
    for path, stage in named:
        if stage not in known:
            yield Fault(path, f"`{stage}` is no stage of this policy{suggestion(stage, known)}")
        elif criterion.traffic_only and policy.stages[known.index(stage)].traffic is None:
            yield Fault(
                path,
                f"the stage `{stage}` gives the candidate no traffic, so that {criterion.kind} has nothing to read",
            )


def _fit(policy: Policy, criterion: AnyCriterion) -> Iterator[Fault]:
    """Windows that the stages can't hold."""
    for held in _held(policy, criterion):
        text = f"{held / 3600:g}h"
        match criterion:
            case Sustained() if criterion.days * 86400 > held:
                yield Fault(
                    ("days",), f"{criterion.days} days don't fit into the {text} of its stages: lengthen a stage"
                )
            case Stability() if criterion.window.value > held:
                yield Fault(
                    ("window",),
                    f"a window of {criterion.window} does not fit into the {text} of its stages: shorten it",
                )
            case Coverage() if criterion.max_gap.value >= held:
                yield Fault(
                    ("max_gap",), f"`max_gap: {criterion.max_gap}` never fails: its stages last {text}, shorten it"
                )
            case _:
                continue
        return


def _held(policy: Policy, criterion: AnyCriterion) -> tuple[float, ...]:
    """The seconds that each judgement of the criterion can read: stage by stage, or all stages together."""
    lasts = {stage.name: stage.lasts.value for stage in policy.stages}
    if criterion.stage is None:
        return tuple(lasts.values()) if criterion.stagewise else (sum(lasts.values()),)
    names = (criterion.stage,) if isinstance(criterion.stage, str) else criterion.stage
    return tuple(lasts[name] for name in names if name in lasts)


def _untracked(criterion: AnyCriterion) -> Iterator[Fault]:
    if isinstance(criterion, MetadataComplete):
        for index, name in enumerate(criterion.require):
            if name.partition(".")[0] not in TRACKED:
                yield Fault(("require", index), f"a request's metadata has no `{name}`{suggestion(name, TRACKED)}")


def _waiver_faults(policy: Policy) -> Iterator[Fault]:
    if policy.waivers is None:
        return
    known = sorted({word for one in policy.criteria() for word in (one.id, one.kind)})
    for index, name in enumerate(policy.waivers.never):
        if name not in known:
            yield Fault(
                ("waivers", "never", index), f"`{name}` is no criterion of this policy{suggestion(name, known)}"
            )
