"""Change: what a rollback does and what a change of the policies asks otherwise, in sentences."""

from collections.abc import Iterator

from model_ratchet.documents.compare import Weight
from model_ratchet.engine.paths import listed
from model_ratchet.report.check import Check, PolicyNote, RollbackNote, RuleDifference

UNTOUCHED = "nothing to judge: the change touches no promotion"
_ORDER = (Weight.LOOSER, Weight.CHANGED, Weight.STRICTER)


def rollback_sentence(note: RollbackNote) -> str:
    """What a rollback does, in one sentence."""
    removed = ", ".join(note.removed)
    return f"rollback of {note.model}: {removed} taken back, {note.returns_to} becomes active"


def rollback_lines(note: RollbackNote) -> Iterator[str]:
    """How it was judged, and what follows from it."""
    if note.fast:
        yield "fast lane: nothing else differs, byte for byte; no metric source was asked"
    else:
        yield (
            f"not on the fast lane, because {listed(note.beside)} comes with it: reviewed like any change; "
            "the removal itself is judged without a metric source"
        )
    artifact = f" (artifact {note.digest})" if note.digest else ""
    yield f"once merged: traffic goes back to {note.returns_to}{artifact}"
    yield f"open proposals that compare with {note.removed[0]} become stale: their baseline moves"
    yield "a version that was taken back returns only with a closed root cause, from a fresh branch, with fresh windows"


def policy_sentence(check: Check, note: PolicyNote) -> str:
    """What a change of the policies means for this check, in one sentence."""
    files = f"{len(note.paths)} file{'s' * (len(note.paths) != 1)} of policies/ change{'s' * (len(note.paths) == 1)}"
    counts = [f"{sum(one.weight is weight for one in note.differences)} {weight}" for weight in _ORDER]
    moves = f" ({', '.join(counts)})" if note.differences else ""
    if check.records:
        judged = "this promotion is" if len(check.records) == 1 else "these promotions are"
        return f"{files}{moves}, and none of it is in force: {judged} judged by the base branch"
    if check.findings:
        return f"{files}{moves}"
    return f"{files}{moves}: in force once merged, and a matter for the reviewers of policies/"


def by_weight(note: PolicyNote) -> tuple[RuleDifference, ...]:
    """The differences, what is looser first."""
    return tuple(sorted(note.differences, key=lambda one: (_ORDER.index(one.weight), one.place, one.rule)))


def difference_sentence(one: RuleDifference) -> str:
    """One difference: which rule, from what to what, and against which document."""
    against = "" if one.against == one.place.file else f" (against {one.against})"
    return f"{one.rule}: {one.before} → {one.after}{against}"
