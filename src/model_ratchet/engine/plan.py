"""Plan: a policy bound to one promotion and its stage history; what will be asked, and how it will be judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model_ratchet.core.evidence import Need
from model_ratchet.core.fields import WorstField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.base import Facts, Scope, StageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCriterion:
    """One criterion on one stage (``stages`` of length 1), on all of them together, or, when windowless, on none.

    ``not_applicable`` says why it is shown and not counted.
    """

    criterion: AnyCriterion
    gate: str
    stages: tuple[str, ...]
    pooled: bool = False
    not_applicable: Reason | None = None

    @property
    def stage(self) -> str | None:
        """The stage to name in a report: None for pooled and windowless criteria."""
        return None if self.pooled or not self.stages else self.stages[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundGate:
    """A gate with its bound criteria; ``otherwise`` names the approval that decides where none of them applies."""

    name: str
    criteria: tuple[BoundCriterion, ...]
    otherwise: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundWaiver:
    """A waiver of this promotion. ``not_in_force`` says why it is shown and never applied."""

    waiver: str
    criterion: str
    stage: str | None
    """The only stage that it is about; None for all of them."""
    outcomes: tuple[Outcome, ...]
    up_to: WorstField | None
    """The worst value that it covers, as the policy spells the limit of the criterion."""
    reason: str
    owner: str
    expires_at: datetime
    not_in_force: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a verdict depends on besides the evidence."""

    policy: str
    facts: Facts
    stages: tuple[StageFacts, ...]
    gates: tuple[BoundGate, ...]
    digests: Mapping[str, str] = field(default_factory=dict)
    """Input → git blob id or SHA-256: policy, model, sources, request, documents, waivers that are in force."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """``policy``, ``model``, ``request`` → path within the repository."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Criterion id → line in the policy file, for annotations."""
    reasons: tuple[Reason, ...] = ()
    """What is said of the promotion as a whole, and of each metric or suite that is author-supplied."""
    valid_until: datetime | None = None
    """When the merge window closes, or the policy is revoked, whichever comes first: no verdict holds longer."""
    expired: bool = False
    """The merge window has closed: the last stage must be repeated."""
    changed_at: tuple[datetime, ...] = ()
    """Instants at which an input of the verdict changed or will change: starts, ends, maturity, grid points, expiries."""
    waivers: tuple[BoundWaiver, ...] = ()
    """By their ids; those that the change itself brings come last."""

    @property
    def undoes(self) -> bool:
        """Whether it takes back a rollback, so that only approvals are asked."""
        return any(reason.why is Why.UNDOES for reason in self.reasons)

    def scope(self, bound: BoundCriterion) -> Scope:
        """What a bound criterion is judged on."""
        return Scope(facts=self.facts, stages=tuple(stage for stage in self.stages if stage.name in bound.stages))

    def author_supplied(self, bound: BoundCriterion) -> tuple[Reason, ...]:
        """What of a criterion's evidence the request states itself; empty where all of it is measured."""
        names = bound.criterion.rests_on()
        return tuple(
            reason
            for reason in self.reasons
            if reason.why is Why.AUTHOR_SUPPLIED and reason.parameters.get("what") in names
        )

    def waivers_of(self, bound: BoundCriterion) -> tuple[BoundWaiver, ...]:
        """The waivers that are about a bound criterion; none of what is never waived."""
        if not bound.criterion.waivable:
            return ()
        return tuple(
            one for one in self.waivers if one.criterion == bound.criterion.id and one.stage in (None, bound.stage)
        )

    def bound(self) -> Iterator[BoundCriterion]:
        """Every bound criterion, gate by gate."""
        for gate in self.gates:
            yield from gate.criteria

    def needs(self) -> tuple[Need, ...]:
        """Every need of an applicable criterion, once, in the order in which they are first asked."""
        found: dict[Need, None] = {}
        for bound in self.bound():
            if bound.not_applicable is None:
                found.update(dict.fromkeys(bound.criterion.needs(self.scope(bound))))
        return tuple(found)
