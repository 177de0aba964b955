"""Scopes and evidence with good defaults, for tests of criteria and of the judge."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil, log

from model_ratchet.core.evidence import (
    Arm,
    ArmRows,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Interval,
    Labels,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    Rows,
    Shape,
    Simple,
    Window,
)
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, MetricFacts, Scope, StageFacts

START = datetime(2025, 8, 1, tzinfo=UTC)
CANDIDATE = "v2.1.0_20250818_142000"
BASELINE = "v2.0.3_20250601_090000"
ACCURACY = MetricFacts(name="accuracy", kind="proportion", labelled=True)
LATENCY = MetricFacts(name="latency", kind="duration", better="lower")
ERRORS = MetricFacts(name="errors", kind="proportion", better="lower", own_source=True)
MEMORY = MetricFacts(name="memory", kind="gauge", better="lower", own_source=True)
RETURN = MetricFacts(name="portfolio_return", kind="mean")

UNREADABLE: tuple[Reason, ...] = (
    because(Why.SOURCE_ABSENT, source="log", file="log/*.parquet"),
    because(Why.COLUMN_ABSENT, source="log", column="p_late"),
    because(Why.FILE_TRUNCATED, source="log", file="log/a.parquet"),
    because(Why.TIME_NAIVE, source="log", column="requested_at"),
    because(Why.ARM_NULL, source="log", column="version", rows=3),
    because(Why.ARM_UNKNOWN, source="log", column="version", version="v9.9.9_20250101_000000", rows=3),
    because(Why.ID_IN_TWO_ARMS, source="log", column="request_id", rows=3),
    because(Why.NOT_A_NUMBER, source="log", column="p_late", share=0.002),
    because(Why.DUPLICATES, source="log", column="request_id", share=0.002),
)
"""What a source says where waiting can't help: each is errored, whatever else is known."""


def a_stage(
    name: str = "canary",
    *,
    days: float = 7,
    traffic: float | None = 0.05,
    mirror: float | None = 1.0,
    decidable: bool = True,
    start: datetime = START,
) -> StageFacts:
    """A stage that has run for all of its days, and whose labels are mature."""
    end = start + timedelta(days=days)
    return StageFacts(
        name=name,
        lasts=timedelta(days=days),
        traffic=traffic,
        mirror=mirror,
        window=Window((Interval(start, end),), end + timedelta(days=1)),
        decidable=decidable,
        ends_at=end,
        decidable_at=end + timedelta(days=1),
    )


def some_facts(**changes: object) -> Facts:
    """The facts of a promotion of an ordinary model."""
    facts = Facts(
        model="flight-delay",
        candidate=CANDIDATE,
        baseline=BASELINE,
        metrics={metric.name: metric for metric in (ACCURACY, LATENCY, ERRORS, MEMORY)},
        min_label_coverage=0.9,
        assignment=True,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def a_scope(*stages: StageFacts, **changes: object) -> Scope:
    """The facts and at least one stage."""
    return Scope(facts=some_facts(**changes), stages=stages or (a_stage(),))


def good_rows(**changes: object) -> Rows:
    """A log in which 5 % of 20,000 users were served by the candidate and every request was paired."""
    rows = Rows(
        baseline=ArmRows(rows=20_000, served=19_000, units=19_000),
        candidate=ArmRows(rows=20_000, served=1_000, units=1_000),
        requests=20_000,
        paired=20_000,
        duplicates=0,
        others=(),
        by_hour=tuple((hour, 200) for hour in range(24 * 40)),
        newest=START + timedelta(days=7),
    )
    return replace(rows, **changes)  # type: ignore[arg-type]


Answer = Measurement | Missing


def answered(
    criterion: Criterion, scope: Scope, answer: Callable[[Need], Answer | None] | Mapping[Shape, Answer]
) -> Evidence:
    """Evidence for each need of a criterion: what ``answer`` says, else good rows and full labels."""
    asked = answer.get if isinstance(answer, Mapping) else None
    answers: dict[Need, Answer] = {}
    for need in criterion.needs(scope):
        found = asked(need.shape) if asked is not None else answer(need)  # type: ignore[operator]
        if found is None and need.shape is Shape.ROWS:
            found = good_rows()
        if found is None and need.shape is Shape.LABELS:
            found = Labels(labelled=20_000, rows=20_000)
        if found is not None and need.grouping is Grouping.HOUR and not isinstance(found, Groups | Missing):
            found = Groups(groups=(("0", found),))
        if found is not None:
            answers[need] = found
    return Evidence(answers)


def a_table(
    *, both: int = 12_000, only_baseline: int = 1_000, only_candidate: int = 1_600, neither: int = 5_400
) -> PairedCounts:
    """Pairs in which the candidate is 3 points better."""
    return PairedCounts(both=both, only_baseline=only_baseline, only_candidate=only_candidate, neither=neither)


def arm_counts(baseline: Counts, candidate: Counts) -> Callable[[Need], Answer | None]:
    """The same counts of each arm for every need of counts."""

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.COUNTS:
            return baseline if need.arms == (Arm.BASELINE,) else candidate
        return None

    return answer


def judged(
    criterion: Criterion, scope: Scope, answer: Callable[[Need], Answer | None] | Mapping[Shape, Answer]
) -> Judgement:
    """The judgement of a criterion on ``answered`` evidence."""
    return criterion.judge(scope, answered(criterion, scope, answer))


def unpaired(*, traffic: float = 0.5, name: str = "blue_green", days: float = 7) -> StageFacts:
    """A stage in which each request is scored by one arm only."""
    return a_stage(name, days=days, traffic=traffic, mirror=None)


def split_rows(baseline: int = 20_000, candidate: int = 20_000, /, **changes: object) -> Rows:
    """A log in which so many users, with one row each, were served by each arm, and no request was paired."""
    return good_rows(
        **{
            "baseline": ArmRows(rows=baseline, served=baseline, units=baseline),
            "candidate": ArmRows(rows=candidate, served=candidate, units=candidate),
            "requests": baseline + candidate,
            "paired": 0,
            **changes,
        }
    )


def uncomparable_rows(*, mirrored: bool) -> tuple[tuple[Rows, Why], ...]:
    """Logs in which the arms can't be compared, whatever the metric says, in a mirrored or in a divided stage."""
    rows = good_rows if mirrored else split_rows
    return (
        (rows(candidate=ArmRows(rows=0, served=0)), Why.NO_ROWS),
        (rows(baseline=ArmRows(rows=0, served=0)), Why.NO_ROWS),
        (rows(candidate=ArmRows(rows=20_000, served=20_000, units=25_000)), Why.SAMPLE_RATIO),
        *(((rows(paired=19_700), Why.LOW_PAIR_RATE), (rows(requests=0, paired=0), Why.NO_ROWS)) if mirrored else ()),
    )


def by_hour(values: Iterable[Simple]) -> Groups:
    """One measurement for each hour of active time, from the first on."""
    return Groups(groups=tuple((str(hour), value) for hour, value in enumerate(values)))


def a_histogram(seconds: Iterable[float]) -> LogHistogram:
    """The logarithmic histogram of values in seconds."""
    buckets: dict[int, int] = {}
    for value in seconds:
        key = max(0, ceil(log(value * 1e6) / log(1.02)))
        buckets[key] = buckets.get(key, 0) + 1
    return LogHistogram(buckets=tuple(sorted(buckets.items())))
