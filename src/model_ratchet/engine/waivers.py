"""Waivers: which of them are about a promotion and in force, and which judgement one of them covers. Pure."""

from collections.abc import Iterable
from datetime import datetime

from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement, Waived
from model_ratchet.criteria.base import Criterion, Scope
from model_ratchet.criteria.limits import asked, limit
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.waiver import Waiver
from model_ratchet.engine.plan import BoundWaiver, Plan

_NOTHING_TO_WAIVE = (Outcome.PASSED, Outcome.PENDING)


def is_about(waiver: Waiver, request: PromotionRequest) -> bool:
    """Whether a waiver was granted to this artifact of this model, under the policy that it is judged by."""
    theirs = (waiver.model, waiver.artifact, waiver.policy)
    return theirs == (request.model, request.artifact.digest, request.policy)


def holds_for(waiver: Waiver, plan: Plan, now: datetime) -> bool:
    """Whether a waiver of the base branch would be in force at ``now`` for the promotion of a plan."""
    theirs = (waiver.model, waiver.artifact, str(waiver.policy))
    return theirs == (plan.facts.model, plan.facts.candidate_digest, plan.policy) and _not_in_force(waiver, now) is None


def bind_waivers(held: Iterable[Waiver], brought: Iterable[Waiver], *, now: datetime) -> tuple[BoundWaiver, ...]:
    """The waivers of a promotion: those that the base branch holds, and those that the change brings, never in force."""
    return (
        *(_bound(one, _not_in_force(one, now)) for one in sorted(held, key=_id)),
        *(
            _bound(one, because(Why.WAIVER_OF_CHANGE, waiver=one.id, criterion=one.criterion))
            for one in sorted(brought, key=_id)
        ),
    )


def cover(
    waivers: Iterable[BoundWaiver], criterion: Criterion, scope: Scope, evidence: Evidence, judgement: Judgement
) -> tuple[Waived | None, tuple[Reason, ...]]:
    """The first waiver that covers a judgement, and why each of the others does not, or is not needed."""
    found: Waived | None = None
    told: list[Reason] = []
    for one in waivers:
        reason = _uncovered(one, criterion, scope, evidence, judgement)
        if reason is not None:
            told.append(reason)
        elif found is not None:
            told.append(_unused(one))
        else:
            up_to = one.up_to.text if one.up_to is not None else None
            found = Waived(
                waiver=one.waiver, reason=one.reason, owner=one.owner, expires_at=one.expires_at, up_to=up_to
            )
    return found, tuple(told)


def _id(waiver: Waiver) -> str:
    return waiver.id


def _not_in_force(waiver: Waiver, now: datetime) -> Reason | None:
    """Why a waiver of the base branch is not in force at ``now``: from its grant on, and no longer at its expiry, it is."""
    if now < waiver.granted_at:
        since = waiver.granted_at.isoformat()
        return because(Why.WAIVER_NOT_YET, waiver=waiver.id, criterion=waiver.criterion, since=since)
    if now >= waiver.expires_at:
        since = waiver.expires_at.isoformat()
        return because(Why.WAIVER_EXPIRED, waiver=waiver.id, criterion=waiver.criterion, since=since)
    return None


def _bound(waiver: Waiver, not_in_force: Reason | None) -> BoundWaiver:
    return BoundWaiver(
        waiver=waiver.id,
        criterion=waiver.criterion,
        stage=waiver.stage,
        outcomes=tuple(map(Outcome, waiver.outcomes)),
        up_to=waiver.up_to,
        reason=waiver.reason,
        owner=waiver.owner,
        expires_at=waiver.expires_at,
        not_in_force=not_in_force,
    )


def _uncovered(
    one: BoundWaiver, criterion: Criterion, scope: Scope, evidence: Evidence, judgement: Judgement
) -> Reason | None:
    """Why a waiver does not cover a judgement, None where it does."""
    if one.not_in_force is not None:
        return one.not_in_force
    if judgement.outcome in _NOTHING_TO_WAIVE:
        return _unused(one)
    if judgement.outcome not in one.outcomes:
        outcomes = ", ".join(one.outcomes)
        return because(Why.WAIVER_OUTCOME, waiver=one.waiver, outcome=str(judgement.outcome), outcomes=outcomes)
    if judgement.outcome is Outcome.ERRORED or asked(criterion) is None:
        return None
    values = criterion.measured(scope, evidence, judgement)
    if one.up_to is None or None in values:
        return because(Why.WAIVER_UNMEASURED, waiver=one.waiver, up_to=str(one.up_to))
    worst = limit(criterion, scope, one.up_to)
    if not all(worst.holds(found.value) for found in values if found is not None):
        return because(Why.WAIVER_EXCEEDED, waiver=one.waiver, up_to=one.up_to.text)
    return None


def _unused(one: BoundWaiver) -> Reason:
    return because(Why.WAIVER_UNUSED, waiver=one.waiver, until=one.expires_at.isoformat())
