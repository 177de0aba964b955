"""A watched version with good defaults, its rules, and the blocks that it is watched by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from builders.scopes import ACCURACY, BASELINE, CANDIDATE, ERRORS, LATENCY, MEMORY
from model_ratchet.core.evidence import HOUR, Counts, LogHistogram, PairedCounts, QuantileCounts, Series
from model_ratchet.documents.watch import AnyWatchRule
from model_ratchet.engine.watch import (
    Block,
    Read,
    Reference,
    Report,
    Result,
    SilenceRule,
    Subject,
    Tier,
    Traffic,
    Watched,
    WatchState,
    watch,
)

START = datetime(2025, 9, 1, tzinfo=UTC)
MIRRORED = Reference(version=BASELINE)
GIB = 2.0**30
_RULE: TypeAdapter[AnyWatchRule] = TypeAdapter(AnyWatchRule)


def a_subject(**changes: Any) -> Subject:
    made = Subject(
        model="flight-delay",
        version=CANDIDATE,
        since=START,
        metrics={one.name: one for one in (ACCURACY, LATENCY, ERRORS, MEMORY)},
        allocation={"memory": 2 * GIB},
        mature_after=timedelta(hours=24),
        reference=MIRRORED,
    )
    return replace(made, **changes)


def a_rule(
    statistic: str = "drop",
    above: str = "5pp",
    tier: Tier = Tier.ROLLBACK,
    *,
    block: timedelta | None = None,
    **more: Any,
) -> Watched:
    """A rule, alone in its tier, by the hour where its window is not shorter."""
    metric = {"drop": "accuracy", "rate": "errors", "of_allocation": "memory"}.get(statistic, "latency")
    over = {"over": "24h"} if statistic == "drop" else {}
    written = {"metric": metric, "statistic": statistic, "above": above} | over | more
    rule = _RULE.validate_python(written)
    block = min(rule.over.delta, HOUR) if block is None else block
    days = 1000 if tier is Tier.ROLLBACK else 100
    key = f"{tier} {metric} {statistic} {above}"
    return Watched(
        key=key, tier=tier, rule=rule, block=block, over=rule.over.delta, alarm_at=days * 86400 / block.seconds
    )


def silence() -> Watched:
    return Watched(key="rollback silence", tier=Tier.ROLLBACK, rule=SilenceRule(), block=HOUR, over=HOUR, alarm_at=1.0)


def pairs(fallen: float = 0.0, n: int = 400) -> PairedCounts:
    """Pairs of which a tenth differs when nothing has fallen."""
    lost, won = round(n * (0.05 + max(fallen, 0.0))), round(n * (0.05 + max(-fallen, 0.0)))
    both = round(n * 0.8) - lost
    return PairedCounts(both=both, only_baseline=lost, only_candidate=won, neither=n - both - lost - won)


def share(rate: float, n: int = 400) -> Counts:
    return Counts(successes=round(rate * n), n=n)


def slow(rate: float, n: int = 400) -> QuantileCounts:
    """So many of the rows are above the limit."""
    return QuantileCounts(at_or_below=n - round(rate * n), n=n, maximum=2.0 if n else None)


def latencies(milliseconds: float, n: int = 400) -> LogHistogram:
    """Rows around a latency, most of them below it."""
    from math import log

    key = round(log(milliseconds * 1000) / log(1.02))
    return LogHistogram(buckets=((key - 40, n - n // 10), (key, n // 10)))


def gauge(gibibytes: float) -> Series:
    return Series(points=((0, gibibytes * GIB),))


def traffic(sent: int = 400, reported: int = 400, elsewhere: int = 400) -> Traffic:
    return Traffic(sent=sent, reported=reported, elsewhere=elsewhere)


def hourly(measured: Iterable[Any], *, start: datetime = START, length: timedelta = HOUR) -> tuple[Block, ...]:
    """A block after the other: what the version did, or a pair of the reference's and its own; None for no row."""
    found = []
    for index, one in enumerate(measured):
        reference, candidate = one if isinstance(one, tuple) else (None, one)
        at = start + index * length
        found.append(Block(start=at, candidate=candidate, reference=reference, concurrent=True))
    return tuple(found)


def run(
    rules: Watched | Sequence[Watched],
    blocks: Sequence[Block] | Mapping[str, Sequence[Block]],
    state: WatchState | None = None,
    *,
    subject: Subject | None = None,
) -> Report:
    """What the watch says after these blocks, the same for each rule unless they are told by its key."""
    rules = [rules] if isinstance(rules, Watched) else rules
    of_rule: Callable[[str], Sequence[Block]] = blocks.__getitem__ if isinstance(blocks, Mapping) else lambda _: blocks
    read = {one.key: Read(blocks=tuple(of_rule(one.key))) for one in rules}
    return watch(subject or a_subject(), rules, read, state)


def only(report: Report) -> Result:
    (result,) = report.results
    return result


def says(report: Report, key: str = "") -> list[str]:
    """Everything that one rule began to say, in order."""
    return [str(turn.says) for turn in report.turns if not key or turn.rule == key]
