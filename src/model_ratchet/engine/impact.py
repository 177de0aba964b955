"""Impact: what a change of the policies would mean for one open promotion. Pure; nothing of it is in force."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from model_ratchet.core.evidence import Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.across import used_sources
from model_ratchet.documents.compare import Difference, Weight, compare_models, compare_policies
from model_ratchet.engine.bind import Documents, bind
from model_ratchet.engine.history import StageHistory
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed
from model_ratchet.engine.replay import need_words


class Effect(StrEnum):
    """What would become of a promotion, the gravest last."""

    UNCHANGED = "unchanged"
    STRICTER = "stricter"
    LOOSER = "looser"
    CHANGED = "changed"
    """Some of it looser and some stricter, or it can't be told."""
    FLIPS = "flips"
    NOT_ASSESSABLE = "not_assessable"
    """The new rules need what was not recorded."""
    STARTS_AGAIN = "starts_again"
    """What its stages pinned when they started is another: a new attempt, from the first stage."""
    NO_LONGER_FITS = "no_longer_fits"
    """The documents would not fit together any more: a finding, before anything is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change would mean for one promotion. Its effect is the gravest that holds; the rest is told beside it."""

    model: str
    candidate: str
    effect: Effect
    differences: tuple[Difference, ...] = ()
    before: Outcome | None = None
    after: Outcome | None = None
    """The evidence judged by the old and by the new rules; None where it can't be."""
    needs: tuple[str, ...] = ()
    """What the new rules need and was not recorded: ``paired_counts of accuracy on canary``."""
    pinned: tuple[str, ...] = ()
    """Which documents of the running stages are others: ``model file``, ``source requests``."""
    messages: tuple[str, ...] = ()
    """Why the documents would not fit."""


def impact(
    old: Documents, new: Documents, *, record: Record | None, history: StageHistory | None, now: datetime
) -> Impact:
    """What moving from the old documents to the new ones would mean for a promotion at ``now``.

    ``new`` holds the same request under the rules of the change: the model file and the sources as they would be, and the
    policy, which is another version where the promotion would move to one. ``record`` is the sealed verdict where there is
    one; its evidence is judged again, and no source is asked.
    """
    found = Impact(
        model=old.model.name,
        candidate=str(old.request.candidate),
        effect=Effect.UNCHANGED,
        differences=(*compare_policies(old.policy, new.policy), *compare_models(old.model, new.model)),
        pinned=tuple(_pinned(old, new)) if _started(old, record, history) else (),
    )
    request = new.request.model_copy(update={"policy": new.policy.full_name})
    bound = bind(replace(new, request=request), history, now=now)
    if not isinstance(bound, Plan):
        messages = tuple(misfit.fault.message for misfit in bound)
        return replace(found, effect=Effect.NO_LONGER_FITS, messages=messages)
    if record is not None:
        found = _judged(found, bound, record)
    return replace(found, effect=_effect(found))


def _judged(found: Impact, plan: Plan, record: Record) -> Impact:
    """The sealed evidence by both rules, or what it does not hold."""
    plan, evidence = as_sealed(plan, record.evidence)
    # approvals are no evidence: who has to sign is told by the differences
    absent = [one for one in plan.needs() if one not in evidence.answers and one.shape is not Shape.APPROVALS]
    if absent:
        return replace(
            found, before=record.verdict.evidence_outcome, needs=tuple(dict.fromkeys(map(need_words, absent)))
        )
    return replace(found, before=record.verdict.evidence_outcome, after=judge(plan, evidence).evidence_outcome)


def _effect(found: Impact) -> Effect:
    if found.pinned:
        return Effect.STARTS_AGAIN
    if found.needs:
        return Effect.NOT_ASSESSABLE
    if found.after is not None and found.after is not found.before:
        return Effect.FLIPS
    weights = {one.weight for one in found.differences}
    if not weights:
        return Effect.UNCHANGED
    if weights == {Weight.STRICTER}:
        return Effect.STRICTER
    return Effect.LOOSER if weights == {Weight.LOOSER} else Effect.CHANGED


def _started(old: Documents, record: Record | None, history: StageHistory | None) -> bool:
    """Whether a stage has started, and so has pinned what it was started by."""
    if history is not None:
        return bool(history.runs)
    return bool(old.request.history) or (
        record is not None and any(stage.window is not None for stage in record.plan.stages)
    )


def _pinned(old: Documents, new: Documents) -> Iterator[str]:
    """The documents of the base branch that stages pin, apart from the policy, which the promotion would have to move to."""
    if old.model != new.model:
        yield "model file"
    for name in sorted(used_sources(old.model, old.sources)) if old.sources is not None else ():
        held = new.sources.sources.get(name) if new.sources is not None else None
        if old.sources is not None and old.sources.sources.get(name) != held:
            yield f"source {name}"
