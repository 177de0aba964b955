"""Unblocking: the verdict in a word, what would unblock a promotion, and when: the same words in comment and report."""

from collections.abc import Iterable
from typing import TypeAlias

from model_ratchet.core.outcome import Outcome
from model_ratchet.report.view import View

TITLES = {
    Outcome.PASSED: "Passed",
    Outcome.PENDING: "Pending",
    Outcome.INCONCLUSIVE: "Inconclusive",
    Outcome.ERRORED: "Errored",
    Outcome.FAILED: "Failed",
}
_WAYS_OUT = "Ways out: an extension, where the policy has one; a new attempt; a waiver; closing."


class Strong(str):
    """A word of a sentence that stands out: a name, an instant."""

    __slots__ = ()


Words: TypeAlias = tuple[str, ...]
"""A sentence in pieces, of which some are ``Strong``. None is escaped: a renderer does that."""


def unblocks(seen: View) -> Words:
    """What unblocks it, and when."""
    names = held_up(seen, most=6)
    match seen.outcome:
        case Outcome.PASSED:
            until = (" until ", Strong(seen.valid_until), f"; {seen.then}") if seen.valid_until else ()
            return ("Every gate has passed: it may be merged", *until, ".")
        case Outcome.FAILED if seen.evidence is not Outcome.FAILED:
            return ("Changes are requested: ", *names, ". The evidence stands at ", Strong(seen.evidence), ".")
        case Outcome.FAILED:
            return ("Shown to break the policy: ", *names, f". {_way_out(seen)}")
        case Outcome.ERRORED:
            said = ". This is no word about the model; an answer that can't be trusted never passes."
            return ("We could not look: ", *names, said)
        case Outcome.INCONCLUSIVE:
            said = "It could be decided by now, and the data do not decide: "
            return (said, *names, f". {_WAYS_OUT}")
        case _ if seen.evidence is Outcome.PASSED:
            return ("The evidence has passed. Awaiting the sign-off of ", *names, ".")
        case _:
            return when(seen)


def held_up(seen: View, *, most: int) -> Words:
    """The names of the criteria that give the outcome, the first ``most`` of them; “nothing” where all has passed."""
    rows = [row for row in seen.rows if row.counted and not row.through and row.outcome is seen.outcome]
    return listed((row.name for row in rows), most) or ("nothing",)


def listed(names: Iterable[str], most: int) -> Words:
    """The first ``most`` of the names, each once, and how many there are besides; nothing where there is no name."""
    found = list(dict.fromkeys(names))
    shown = [piece for one in found[:most] for piece in (", ", Strong(one))][1:]
    return (*shown, *([f" and {len(found) - most} more"] if len(found) > most else []))


def when(seen: View) -> Words:
    """When it can be decided, as far as that is known."""
    unstarted = ", ".join(stage.name for stage in seen.stages if not stage.decided and stage.progress is None)
    if seen.next_at and not unstarted:
        return ("All evidence can be decided at ", Strong(seen.next_at), ".")
    if seen.next_at:
        return ("The stages so far can be decided at ", Strong(seen.next_at), f"; not started: {unstarted}.")
    return (f"It can't be decided yet; not started: {unstarted}." if unstarted else "It can't be decided yet.",)


def _way_out(seen: View) -> str:
    """Whether a failure can be set right in the pull request, or takes another artifact."""
    rows = [row for row in seen.rows if row.counted and not row.through and row.outcome is Outcome.FAILED]
    if any(row.remedy is None or row.remedy.artifact for row in rows):
        return "It takes another artifact, as a new attempt from the first stage."
    return "It can be set right in this pull request."
