"""A real series of request latencies with a system failure in it, replayed through the watch.

The series is `realKnownCause/ec2_request_latency_system_failure.csv` of the Numenta Anomaly Benchmark: a mean every five
minutes, two weeks, and three windows that its labels call anomalous. Each mean is taken for one request, or for a hundred
that took that long.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from model_ratchet.core.evidence import HOUR, QuantileCounts
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.documents.watch import QuantileRule
from model_ratchet.engine.watch import Block, Read, Report, Says, Subject, Tier, Watched, watch
from model_ratchet.engine.watch.blocks import first_of
from model_ratchet.engine.watch.rules import FALSE_ALARM_EVERY, block_of

FILE = "ec2_request_latency_system_failure.csv"
Series: TypeAlias = Sequence[tuple[datetime, float]]
"""Instant and value, in the series' own unit."""
QUANTILE = 0.95
GATE = 500.0
"""The limit of the policy's gate on p95, in ms: what the series' own p95 of the first week is scaled to."""


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ANOMALIES = tuple(
    (_at(start), _at(end))
    for start, end in (
        ("2014-03-14 03:31", "2014-03-14 14:41"),
        ("2014-03-18 17:06", "2014-03-19 04:16"),
        ("2014-03-20 21:26", "2014-03-21 03:41"),
    )
)
"""The windows of the benchmark's `combined_windows.json`."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A rule of the series: what it is, the limit in ms of the policy, its look-back in minutes, and its tier."""

    what: str
    limit: float
    minutes: int = 60
    sustained: str = "2 of 3"
    tier: Tier = Tier.WARNING


THRESHOLDS = (
    Threshold(what="warning of `standard`: p95 above 750 ms", limit=750),
    Threshold(what="critical of `standard`: p95 above 1000 ms", limit=1000, tier=Tier.CRITICAL),
    Threshold(what="warning at 600 ms", limit=600),
    Threshold(what="warning at 550 ms", limit=550),
    Threshold(what="warning at 550 ms, `over: 15m`", limit=550, minutes=15),
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Of the anomalies: how many a rule fired in, and in how many its estimate was beyond; the same elsewhere, per week."""

    fired: int
    beyond: int
    false_fired: float
    false_beyond: float


def points(path: Path) -> Series:
    """The series in a file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [(_at(row["timestamp"]), float(row["value"])) for row in csv.DictReader(lines)]


def seen(series: Series, threshold: Threshold, requests: int) -> Seen:
    """What one rule makes of the whole series, each mean of which is taken for so many requests."""
    report = _watched(series, threshold, requests)
    weeks = (series[-1][0] - series[0][0]) / timedelta(days=7)
    fired = [turn.at for turn in report.turns if turn.says is Says.FIRING]
    beyond = [*fired, *(turn.at for turn in report.turns if turn.says is Says.BEYOND)]
    return Seen(
        fired=len({window for at in fired if (window := _anomaly(at)) is not None}),
        beyond=len({window for at in beyond if (window := _anomaly(at)) is not None}),
        false_fired=sum(_anomaly(at) is None for at in fired) / weeks,
        false_beyond=sum(_anomaly(at) is None for at in beyond) / weeks,
    )


def _watched(series: Series, threshold: Threshold, requests: int) -> Report:
    week = sorted(value for at, value in series if at < series[0][0] + timedelta(days=7))
    limit = threshold.limit / GATE * week[int(QUANTILE * len(week))]
    length = max(block_of(timedelta(minutes=threshold.minutes)), timedelta(minutes=5))
    rule = QuantileRule.model_validate_json(
        f'{{"metric": "latency", "statistic": "quantile", "quantile": {QUANTILE}, "above": "{threshold.limit:g}ms", '
        f'"over": "{threshold.minutes}m", "sustained": "{threshold.sustained}", "min_rows": 1}}'
    )
    watched = Watched(
        key="latency",
        tier=threshold.tier,
        rule=rule,
        block=length,
        over=rule.over.delta,
        alarm_at=FALSE_ALARM_EVERY[threshold.tier] / length,
    )
    subject = Subject(
        model="ec2",
        version="the only one",
        since=series[0][0],
        metrics={"latency": MetricFacts(name="latency", kind="duration", unit="s")},
    )
    blocks: list[Block] = []
    start = first_of(series[0][0], length)
    while start + length <= series[-1][0] + timedelta(minutes=5):
        values = [value for at, value in series if start <= at < start + length]
        within = sum(value <= limit for value in values)
        n = requests * len(values)
        counts = QuantileCounts(at_or_below=requests * within, n=n, maximum=max(values, default=None))
        blocks.append(Block(start=start, candidate=counts))
        start += length
    return watch(subject, [watched], {watched.key: Read(blocks=tuple(blocks))})


def _anomaly(at: datetime) -> int | None:
    """The anomaly that lies at an instant, or ended less than an hour before: the watch speaks at the end of a block."""
    return next((index for index, (start, end) in enumerate(ANOMALIES) if start <= at <= end + HOUR), None)
