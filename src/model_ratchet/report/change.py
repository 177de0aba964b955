"""Change: what a rollback does and what a change of the policies asks otherwise, in sentences."""

from collections.abc import Callable, Iterator, Mapping

from model_ratchet.documents.compare import Weight
from model_ratchet.engine.impact import Effect, Impact
from model_ratchet.engine.paths import listed
from model_ratchet.report.check import Check
from model_ratchet.report.notes import OpenPromotion, OpenPromotions, PolicyNote, RollbackNote, RuleDifference

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


def impacts(found: OpenPromotions) -> Iterator[str]:
    """What a change of the policies would mean for each open promotion, the gravest first."""
    if found.trouble is not None:
        yield f"what it would mean for open promotions can't be told: {found.trouble}"
        return
    same = [one for one in found.found if one.impact is not None and one.impact.effect is Effect.UNCHANGED]
    yield from (impact_sentence(one) for one in found.found if one not in same)
    if same:
        yield f"{len(same)} open promotion{'s' * (len(same) != 1)} would not be touched by it"
    if not found.found:
        yield "no promotion is open"
    if found.left_out:
        yield f"{found.left_out} open pull requests more were not looked at"


def impact_sentence(one: OpenPromotion) -> str:
    """What it would mean for one."""
    name = f"#{one.pull_request} {one.name}".strip()
    if one.impact is None:
        return f"{name}: can't be told: {one.trouble}"
    meant = one.impact
    told = [f"{name} by {one.policy} {_EFFECTS[meant.effect](meant)}"]
    rules = [f"{each.rule}: {each.before} → {each.after}" for each in meant.differences[:_MOST_RULES]]
    more = len(meant.differences) - len(rules)
    told += ["; ".join((*rules, *([f"{more} more"] if more else ())))] if rules else []
    return ": ".join(told)


_MOST_RULES = 4
_EFFECTS: Mapping[Effect, Callable[[Impact], str]] = {
    Effect.UNCHANGED: lambda _: "would stay as it is",
    Effect.STRICTER: lambda meant: f"would be judged more strictly{_outcome(meant)}",
    Effect.LOOSER: lambda meant: f"would be judged less strictly{_outcome(meant)}",
    Effect.CHANGED: lambda meant: f"would be judged otherwise{_outcome(meant)}",
    Effect.FLIPS: lambda meant: f"would turn from {meant.before} to {meant.after}",
    Effect.NOT_ASSESSABLE: lambda meant: f"would need what was not recorded ({_needs(meant)})",
    Effect.STARTS_AGAIN: lambda meant: (
        f"would start again, because it has another {' and another '.join(meant.pinned)}"
    ),
    Effect.NO_LONGER_FITS: lambda meant: (
        f"would be refused ({meant.messages[0] if meant.messages else 'it does not fit'})"
    ),
}


def _needs(meant: Impact) -> str:
    return ", ".join(meant.needs[:3]) + (f" and {len(meant.needs) - 3} more" if len(meant.needs) > 3 else "")


def _outcome(meant: Impact) -> str:
    return f" and stay {meant.after}" if meant.after is not None else ""


def by_weight(note: PolicyNote) -> tuple[RuleDifference, ...]:
    """The differences, what is looser first."""
    return tuple(sorted(note.differences, key=lambda one: (_ORDER.index(one.weight), one.place, one.rule)))


def difference_sentence(one: RuleDifference) -> str:
    """One difference: which rule, from what to what, and against which document."""
    against = "" if one.against == one.place.file else f" (against {one.against})"
    return f"{one.rule}: {one.before} → {one.after}{against}"
