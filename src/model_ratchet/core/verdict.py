"""Verdict: the tree of outcomes, from one criterion to the whole promotion."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a judgement that has several: a day, a rolling window, a segment."""

    name: str
    outcome: Outcome
    estimate: Estimate | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a criterion says of the evidence."""

    outcome: Outcome
    reason: Reason
    estimate: Estimate | None = None
    parts: tuple[Part, ...] = ()
    warnings: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome is Outcome.PASSED and self.reason.why in _NEVER_PASSED:
            raise ValueError(f"{self.reason.why} can't be the reason of a passed criterion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """The wrap around a waived criterion: it keeps the outcome visible and says who let it go, why and until when."""

    waiver: str
    reason: str
    owner: str
    expires_at: datetime
    up_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The judgement of one criterion on one stage (or, with ``stage`` None, on all stages together).

    ``counted`` is False for advisory and not applicable criteria: they are shown and decide nothing.
    """

    id: str
    kind: str
    gate: str
    stage: str | None
    judgement: Judgement
    counted: bool = True
    advisory: bool = False
    decidable_at: datetime | None = None
    waived: Waived | None = None

    @property
    def outcome(self) -> Outcome:
        """What counts: a waived outcome passes, and stays visible in the judgement."""
        return Outcome.PASSED if self.waived is not None else self.judgement.outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A gate: the worst of what counts among its leaves, of which there is at least one.

    ``otherwise`` names the approval that decides in the place of criteria of which none applies; its leaf stands in the
    sign-off part and gives the outcome.
    """

    name: str
    leaves: tuple[Leaf, ...]
    outcome: Outcome
    otherwise: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The whole of one promotion: gates of evidence, gates of sign-off, and the worse of the two."""

    gates: tuple[Branch, ...]
    evidence_outcome: Outcome
    sign_off_outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    """What is said of the promotion as a whole: first version, author-supplied history, attempts."""
    valid_until: datetime | None = None
    kind: Literal["verdict"] = "verdict"

    @property
    def outcome(self) -> Outcome:
        """The worse of evidence and sign-off."""
        return worst((self.evidence_outcome, self.sign_off_outcome))

    @property
    def waived_leaves(self) -> tuple[Leaf, ...]:
        """What passes by a waiver, gate by gate."""
        return tuple(leaf for gate in self.gates for leaf in gate.leaves if leaf.counted and leaf.waived is not None)

    @property
    def waived(self) -> bool:
        """Whether anything passes by a waiver: such a version is never the golden baseline."""
        return bool(self.waived_leaves)


_NEVER_PASSED = frozenset(
    why
    for why in Why
    if why
    not in {
        Why.HOLDS,
        Why.BETTER,
        Why.NOT_WORSE,
        Why.WITHIN_LIMIT,
        Why.CALIBRATED,
        Why.APPROVED,
        Why.NOT_APPLICABLE,
        Why.FIRST_VERSION,
    }
)
