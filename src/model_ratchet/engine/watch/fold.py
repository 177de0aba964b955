"""Fold: from the blocks since the last watch and what was remembered to what each rule says now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import log

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.engine.watch.blocks import Block, Read
from model_ratchet.engine.watch.looks import Look, limit_of, look, stakes
from model_ratchet.engine.watch.rules import (
    SilenceRule,
    Subject,
    Tier,
    Watched,
    comparative,
    not_applicable,
    unprovable,
)
from model_ratchet.engine.watch.state import ALARMS, RuleState, Says, WatchState
from model_ratchet.stats.detector import Detector


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one rule says of a version now.

    ``could_know`` is the end of the newest block that let it say something, None before the first: how old it is says how
    old a harm may be that nobody has been told of. ``value`` and ``rows`` are those of the last look, ``proof`` how far the
    detector has come: 1 is an alarm. ``only_alerts`` says why the rule can do no more: nothing ran at the same time, or nothing
    can be proven.
    """

    watched: Watched
    says: Says
    since: datetime | None
    could_know: datetime | None
    value: float | None
    rows: int
    proof: float
    reason: Reason | None = None
    only_alerts: Reason | None = None

    @property
    def alert_only(self) -> bool:
        """Whether the rule can alert, and no more."""
        return self.only_alerts is not None

    @property
    def rolls_back(self) -> bool:
        """Whether the version has to leave: a trigger that fires, or silence. Never because we could not look."""
        return self.watched.tier is Tier.ROLLBACK and self.says in ALARMS and not self.alert_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A rule began to say something else at the end of a block."""

    rule: str
    at: datetime
    before: Says
    says: Says


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the watch says of a version, rule by rule, what turned since the last time, and what it remembers."""

    results: tuple[Result, ...]
    turns: tuple[Turn, ...]
    state: WatchState

    @property
    def rolls_back(self) -> tuple[Result, ...]:
        """The results for which the version has to leave."""
        return tuple(one for one in self.results if one.rolls_back)


def watch(
    subject: Subject, rules: Sequence[Watched], read: Mapping[str, Read], state: WatchState | None = None
) -> Report:
    """Folds the blocks of each rule into what it remembers, each block once and in order.

    Blocks that were folded before change nothing. A state of another version is not gone on with, and what was compared
    with another reference neither; rules that the policy no longer has are forgotten.
    """
    reference = subject.reference.version if subject.reference is not None else None
    same = state is not None and (state.model, state.version) == (subject.model, subject.version)
    known = state.rules if state is not None and same else {}
    compared_as_before = state is not None and state.reference == reference
    results: list[Result] = []
    turns: list[Turn] = []
    kept: dict[str, RuleState] = {}
    for one in rules:
        nothing = not_applicable(one.rule, subject)
        if nothing is not None:
            results.append(_result(one, subject, RuleState(says=Says.NOT_APPLICABLE, reason=nothing)))
            continue
        goes_on = compared_as_before or not comparative(one.rule)
        fresh = RuleState(concurrent=reference is not None)
        now = known.get(one.key, fresh) if goes_on else fresh
        got = read.get(one.key, Read())
        for block in got.blocks:
            if now.come_to is not None and block.start < now.come_to:
                continue
            before, now = now, _after(one, subject, now, block)
            if now.says is not before.says:
                turns.append(Turn(rule=one.key, at=block.start + one.block, before=before.says, says=now.says))
        kept[one.key] = now
        results.append(_result(one, subject, now if got.missing is None else _unread(now, got.missing)))
    return Report(
        results=tuple(results),
        turns=tuple(sorted(turns, key=lambda turn: turn.at)),
        state=WatchState(model=subject.model, version=subject.version, reference=reference, rules=kept),
    )


def _after(one: Watched, subject: Subject, before: RuleState, block: Block) -> RuleState:
    """What a rule remembers after one more block."""
    end = block.start + one.block
    if comparative(one.rule) and block.concurrent is not before.concurrent:
        # another comparison: what was found by the one before is no evidence for it
        before = RuleState(
            says=before.says, since=before.since, could_know=before.could_know, concurrent=block.concurrent
        )
    blocks = tuple(kept for kept in (*before.blocks, block) if kept.start > block.start - one.over)
    bets = stakes(one.rule, subject, block, before.level)
    after = replace(
        before,
        come_to=end,
        blocks=blocks,
        detector=before.detector.after(bets, alarm_at=one.alarm_at),
    )
    found = look(one.rule, subject, blocks)
    if isinstance(found, Reason):
        # nothing seen is no end of an alarm, and no beginning
        says = before.says if before.says in ALARMS else Says.WAITING
        return _saying(replace(after, reason=found), says, end)
    after = replace(after, value=found.value, rows=found.rows, level=found.level)
    if found.errored is not None:
        return _saying(replace(after, reason=found.errored), Says.ERRORED, end)
    looks = (*before.looks, found.beyond)[-one.rule.sustained.looks :]
    after = replace(after, could_know=end, looks=looks, reason=_why(one, subject, found))
    return _decided(one, subject, after, found, end)


def _decided(one: Watched, subject: Subject, after: RuleState, found: Look, end: datetime) -> RuleState:
    looks, asked = after.looks, one.rule.sustained
    if after.says in ALARMS:
        if any(looks) or len(looks) < asked.looks:
            return after
        return _saying(replace(after, detector=Detector(), looks=()), Says.RESOLVED, end)
    if not found.beyond:
        return _saying(after, Says.QUIET, end)
    silence = isinstance(one.rule, SilenceRule)
    unproven = unprovable(one.rule, subject) is not None
    proven = silence or unproven or after.detector.evidence >= log(one.alarm_at)
    if proven and sum(looks) >= asked.times:
        return _saying(after, Says.SILENT if silence else Says.FIRING, end)
    return _saying(after, Says.BEYOND, end)


def _saying(after: RuleState, says: Says, end: datetime) -> RuleState:
    return after if after.says is says else replace(after, says=says, since=end)


def _why(one: Watched, subject: Subject, found: Look) -> Reason | None:
    if not found.beyond:
        return None
    if isinstance(one.rule, SilenceRule):
        return because(Why.SILENT, version=subject.version, sent=found.rows)
    limit = limit_of(one.rule)
    return because(Why.MARGIN_BROKEN, margin=limit) if comparative(one.rule) else because(Why.LIMIT_BROKEN, limit=limit)


def _unread(state: RuleState, missing: Reason) -> RuleState:
    """As it is told when blocks that are due could not be read; what is remembered stays."""
    return replace(state, says=Says.ERRORED, reason=missing, since=state.come_to)


def _result(one: Watched, subject: Subject, state: RuleState) -> Result:
    alone = because(Why.REFERENCE_NOT_CONCURRENT) if comparative(one.rule) and not state.concurrent else None
    known = state.says is not Says.NOT_APPLICABLE
    evidence = state.detector.evidence
    return Result(
        watched=one,
        says=state.says,
        since=state.since,
        could_know=state.could_know,
        value=state.value,
        rows=state.rows,
        proof=max(0.0, evidence / log(one.alarm_at)) if one.alarm_at > 1 else 0.0,
        reason=state.reason,
        only_alerts=alone or (unprovable(one.rule, subject) if known else None),
    )
