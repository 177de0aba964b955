"""Trials of the watch: what a version in production says of itself, and what that leads to."""

from datetime import timedelta

from model_ratchet.actions.selftest.ground import Control, OfProposal
from model_ratchet.core.evidence import Counts
from model_ratchet.documents.watch import RateRule
from model_ratchet.engine.selftest.attack import Said, broken, defended, idle
from model_ratchet.engine.watch import Block, Read, Report, Subject, Tier, Watched, watch, watched
from model_ratchet.engine.watch.state import ALARMS, WatchState

_ROWS = 100_000


def flapping(control: Control) -> Said:
    """A breach that lasts, goes, and comes again at once."""
    rule = _trigger(control)
    if rule is None:
        return idle(f"{control.subject.policy.full_name} has no trigger on a rate that would take a version out")
    once = _told(control, rule, [False] * 3 + [True] + [False] * 3)
    if once.rolls_back and rule.rule.sustained.times > 1:
        return broken("one bad block takes a version out, although the policy asks for more")
    bad = [True] * 2 * rule.rule.sustained.looks
    again = _told(control, rule, [*bad, False, *bad])
    alarms = [turn for turn in again.turns if turn.says in ALARMS]
    if len(alarms) != 1:
        return broken(f"a breach that comes and goes alarms {len(alarms)} times")
    repeated = _told(control, rule, [*bad, False, *bad], again.state)
    if repeated.turns:
        return broken("the same blocks, read again, alarm again")
    return defended("a breach that comes and goes alarms once, and the same blocks read again say nothing new")


def while_waiting(control: Control) -> Said:
    """A breach that lasts, whatever people are asked."""
    rule = _trigger(control)
    if rule is None:
        return idle(f"{control.subject.policy.full_name} has no trigger on a rate that would take a version out")
    report = _told(control, rule, [True] * 3 * rule.rule.sustained.looks)
    if not report.rolls_back:
        return broken("a breach that lasts does not take the version out")
    return defended("a breach that lasts takes the version out: the watch asks for no approval")


def _trigger(control: Control) -> Watched | None:
    """The first trigger on the rate of an event."""
    found = watched(control.subject.policy)
    return next((one for one in found if one.tier is Tier.ROLLBACK and isinstance(one.rule, RateRule)), None)


def _told(control: Control, rule: Watched, bad: list[bool], state: WatchState | None = None) -> Report:
    """What the watch says of blocks in which every event happened, or none."""
    start = control.subject.now.replace(minute=0, second=0, microsecond=0) - timedelta(days=30)
    subject = Subject.of(control.subject.model, control.subject.proposal.candidate, since=start)
    blocks = tuple(
        Block(start=start + at * rule.block, candidate=Counts(successes=_ROWS // 2 if one else 0, n=_ROWS))
        for at, one in enumerate(bad)
    )
    return watch(subject, [rule], {rule.key: Read(blocks=blocks)}, state)


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = ((("E53",), flapping), (("E54",), while_waiting))
