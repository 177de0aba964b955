"""Undo: a mistaken rollback taken back within the policy's time, by on-call and risk together, to the same tree. Pure.

The evidence of such a promotion is what it was promoted by before: nothing of it has changed, byte for byte. What remains is
whether the rollback was a mistake, which two roles say.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from model_ratchet.core.reason import Why, because
from model_ratchet.criteria.approval import Approval
from model_ratchet.documents.events import RolledBackVersion
from model_ratchet.documents.policy import Gate
from model_ratchet.engine.bind import Documents, Misfit, bind
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Story

ROLES = ("on-call", "risk")
"""Both must approve."""


@dataclass(frozen=True, slots=True)
class Undo:
    """A rollback that may be undone until an instant."""

    event: RolledBackVersion
    until: datetime


def undo_of(documents: Documents, story: Story, tree: str | None, *, now: datetime) -> Undo | None:
    """The rollback that a proposal undoes; None where it is none, another tree, too late, or the policy lets none be undone.

    ``tree`` is the git tree of the proposed folder. What no verdict vouched for when it was promoted is not undone.
    """
    within = documents.policy.rollback.undo_within if documents.policy.rollback is not None else None
    event = last_rollback(story, str(documents.request.candidate))
    if within is None or event is None or tree is None or tree != removed_tree(story, event):
        return None
    if now > event.at + within.delta:
        return None
    return Undo(event, event.at + within.delta)


def last_rollback(story: Story, version: str) -> RolledBackVersion | None:
    """The last rollback of a version that does not stand again."""
    if version in story.standing:
        return None
    return next((one for one in reversed(story.rolled_back) if str(one.version) == version), None)


def removed_tree(story: Story, event: RolledBackVersion) -> str | None:
    """The tree that a rollback took out; None where it is not known, or where no verdict vouched for it."""
    held = next((one for one in reversed(story.promoted) if one.candidate == event.version), None)
    if held is None:
        return event.tree
    vouched = held.record is not None and event.tree in (None, held.tree)
    return held.tree if vouched else None


def bind_undo(documents: Documents, undo: Undo, *, now: datetime) -> Plan | tuple[Misfit, ...]:
    """The plan of an undo: the approvals, and nothing else; it holds until the time for it is over."""
    criteria = tuple(Approval(id=role, kind="approval", role=role) for role in ROLES)
    policy = documents.policy.model_copy(update={"gates": (Gate(name="undo", before="merge", criteria=criteria),)})
    request = documents.request.model_copy(update={"history": ()})
    said = because(
        Why.UNDOES, version=str(undo.event.version), at=undo.event.at.isoformat(), until=undo.until.isoformat()
    )
    plan = bind(replace(documents, policy=policy, request=request, rolled_back=None, undoes=said), None, now=now)
    if not isinstance(plan, Plan):
        return plan
    until = min(plan.valid_until or undo.until, undo.until)
    return replace(plan, valid_until=until, changed_at=tuple(sorted({*plan.changed_at, undo.event.at, until})))
