"""Simulated model-days through the watch: how often it rolls back a version that is no worse, and how soon one that is.

The watch itself is what runs here, on pairs or on the rows of two arms, hour by hour; only the data are made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np

from model_ratchet.core.evidence import HOUR, Counts, PairedCounts
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.documents.watch import DropRule
from model_ratchet.engine.watch import Block, Read, Reference, Says, Subject, Tier, Watched, watch
from model_ratchet.engine.watch.rules import FALSE_ALARM_EVERY

START = datetime(2025, 1, 1, tzinfo=UTC)
RIGHT, DISCORDANT = 0.75, 0.10
TRIGGERS = 4
"""As many as the policy `standard` has: they share the rate of false alarms."""
DROP = DropRule.model_validate_json('{"metric": "accuracy", "statistic": "drop", "above": "5pp", "over": "24h"}')
RULE = Watched(
    key="rollback accuracy",
    tier=Tier.ROLLBACK,
    rule=DROP,
    block=HOUR,
    over=DROP.over.delta,
    alarm_at=TRIGGERS * (FALSE_ALARM_EVERY[Tier.ROLLBACK] / HOUR),
)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is simulated: rows a day, how much the days differ (ICC, shared by both versions), and whether rows are paired."""

    rows: int
    icc: float = 0.0
    paired: bool = True
    own: float = 0.0
    """The standard deviation of an effect of the day on one version alone."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Of some model-days: false rollbacks of the watch, and days on which the point rule fires, by its look-back."""

    days: int
    watch: int
    point_hour: int
    point_day: int


def blocks(world: World, days: int, seed: int, *, drop: float = 0.0, since: int = 0) -> Iterator[Block]:
    """Hours of a version that gives `drop` fewer right answers from the day `since` on."""
    random = np.random.default_rng(seed)
    hourly = world.rows / 24
    for day in range(days):
        level = RIGHT
        if world.icc:
            size = 1 / world.icc - 1
            level = float(random.beta(RIGHT * size, (1 - RIGHT) * size))
        worse = (drop if day >= since else 0.0) + (float(random.normal(0, world.own)) if world.own else 0.0)
        for hour in range(24):
            start = START + timedelta(days=day, hours=hour)
            yield (
                _pairs(random, start, hourly, level, worse)
                if world.paired
                else _arms(random, start, hourly, level, worse)
            )


def _pairs(random: np.random.Generator, start: datetime, hourly: float, level: float, worse: float) -> Block:
    apart = min(DISCORDANT / 2, level, 1 - level)
    lost, won = apart + max(worse, 0.0), apart + max(-worse, 0.0)
    both = max(level - lost, 0.0)
    shares = np.array([both, lost, won, max(1 - both - lost - won, 0.0)])
    cells = random.multinomial(random.poisson(hourly), shares / shares.sum())
    both_right, only_old, only_new, neither = (int(cell) for cell in cells)
    table = PairedCounts(both=both_right, only_baseline=only_old, only_candidate=only_new, neither=neither)
    return Block(start=start, candidate=table, concurrent=True)


def _arms(random: np.random.Generator, start: datetime, hourly: float, level: float, worse: float) -> Block:
    n = [int(random.poisson(hourly)) for _ in range(2)]
    rates = [level, min(max(level - worse, 0.0), 1.0)]
    old, new = (Counts(successes=int(random.binomial(rows, rate)), n=rows) for rows, rate in zip(n, rates, strict=True))
    return Block(start=start, candidate=new, reference=old, concurrent=True)


def subject(world: World) -> Subject:
    """The version that is watched, beside its mirrored predecessor."""
    return Subject(
        model="simulated",
        version="new",
        since=START,
        metrics={"accuracy": MetricFacts(name="accuracy", kind="proportion", unit="fraction", labelled=True)},
        reference=Reference(version="old", paired=world.paired),
    )


def quiet_days(world: World, *, models: int, days: int) -> Told:
    """So many models that never change, each for so many days. A version that is rolled back starts anew."""
    rolled_back = 0
    fired = {1: 0, 24: 0}
    for model in range(models):
        hours = list(blocks(world, days, 1_000 * model + 7))
        at = 0
        while at < len(hours):
            end = _rolled_back(world, hours[at:])
            rolled_back += end is not None
            at = len(hours) if end is None else at + end
        for look_back in fired:
            fired[look_back] += len(_point_days(hours, look_back))
    return Told(days=models * days, watch=rolled_back, point_hour=fired[1], point_day=fired[24])


def caught(world: World, *, models: int, drop: float, good_days: int = 3, within: int = 10) -> list[int | None]:
    """After how many hours of harm each model is rolled back; None where it is not within so many days."""
    found: list[int | None] = []
    for model in range(models):
        hours = list(blocks(world, good_days + within, 1_000 * model + 11, drop=drop, since=good_days))
        end = _rolled_back(world, hours)
        found.append(end - 24 * good_days if end is not None else None)
    return found


def share_within(delays: list[int | None], hours: int) -> float:
    """Which part was rolled back after the harm began, within so many hours of it."""
    return sum(delay is not None and 0 < delay <= hours for delay in delays) / len(delays)


def median_hours(delays: list[int | None]) -> float:
    """Half of them were rolled back within so many hours; infinite where that never happened."""
    ordered = sorted(float("inf") if delay is None else float(delay) for delay in delays)
    return ordered[ceil(len(ordered) / 2) - 1]


def _rolled_back(world: World, hours: list[Block]) -> int | None:
    """After how many hours the trigger fires, None where it does not."""
    report = watch(subject(world), [RULE], {RULE.key: Read(blocks=tuple(hours))})
    turn = next((turn for turn in report.turns if turn.says is Says.FIRING), None)
    return (turn.at - hours[0].start) // HOUR if turn is not None else None


def _point_days(hours: list[Block], look_back: int) -> set[int]:
    """The days on which a look-back window is below −5pp at the end of an hour, whatever its size."""
    sums = np.array([_counts(one) for one in hours])
    total = np.vstack([np.zeros((1, 4)), sums.cumsum(axis=0)])
    ends = np.arange(1, len(hours) + 1)
    of = total[ends] - total[np.maximum(0, ends - look_back)]
    with np.errstate(divide="ignore", invalid="ignore"):
        fallen = of[:, 0] / of[:, 1] - of[:, 2] / of[:, 3]
    return {int(hour) // 24 for hour in np.flatnonzero(fallen > DROP.above.value)}


def _counts(block: Block) -> tuple[int, int, int, int]:
    """Right ones and rows of the old version, and of the new."""
    match block.candidate, block.reference:
        case PairedCounts() as table, _:
            return table.both + table.only_baseline, table.n, table.both + table.only_candidate, table.n
        case Counts() as new, Counts() as old:
            return old.successes, old.n, new.successes, new.n
        case _:
            raise ValueError("no counts")
