"""Sign-offs: what each role has said, as people read it."""

from dataclasses import dataclass
from datetime import UTC

from model_ratchet.core.evidence import Approvals
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf
from model_ratchet.criteria.approval import Approval
from model_ratchet.engine.plan import BoundCriterion
from model_ratchet.engine.record import Record

_STATES = {
    Why.APPROVED: "approved",
    Why.EARLY_APPROVAL: "early, please confirm",
    Why.AWAITING_APPROVAL: "awaiting",
    Why.OBJECTED: "objected",
    Why.CANNOT_VERIFY: "cannot verify",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """One role: where it stands, in a word or two, and who has approved so far, with the instant of the review."""

    role: str
    state: str
    people: tuple[str, ...]


def sign_off(record: Record, bound: BoundCriterion, leaf: Leaf) -> SignOff | None:
    """The sign-off that a criterion asks for; None where people decide nothing."""
    criterion = bound.criterion
    if not isinstance(criterion, Approval):
        return None
    people: list[str] = []
    for need in criterion.needs(record.plan.scope(bound)):
        answer = record.evidence.answers.get(need)
        if isinstance(answer, Approvals):
            given = sorted(
                (one for one in answer.approvals if one.role == criterion.role), key=lambda one: one.submitted_at
            )
            people += [f"{one.login} ({one.submitted_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)" for one in given]
    state = _STATES.get(leaf.judgement.reason.why, str(leaf.outcome))
    if leaf.outcome is Outcome.PENDING and criterion.at_least > 1:
        state = f"{state} ({len(people)} of {criterion.at_least})"
    return SignOff(role=criterion.role, state=state, people=tuple(people))
