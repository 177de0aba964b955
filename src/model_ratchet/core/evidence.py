"""Evidence: what a criterion asks for (need), what comes back (measurement or missing), and nothing in between.

What travels is sufficient statistics, never rows: kilobytes, whatever the number of rows, and integers wherever a number
is sealed, so that the same data give the same bytes on any number of threads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from model_ratchet.core.code import Checks, Scan
from model_ratchet.core.inherited import Reproduced
from model_ratchet.core.offers import Offers
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import GHOST, Review, Said, Standing
from model_ratchet.core.scored import Bets, Scores

HOUR = timedelta(hours=1)
LARGEST_BUCKET = 5_000
"""Of a ``LogHistogram``: 10³⁷ seconds."""
MOST_HOURS = 1_000_000
"""Of active time: a hundred years."""
OTHER, NONE = "other", "(none)"
"""Of a segment column: all values that are not told apart, and no value."""


class Arm(StrEnum):
    """One of the two versions that are compared."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of time [start, end), both with a zone."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"an interval needs instants with a zone: {self.start} to {self.end}")
        if self.end < self.start:
            raise ValueError(f"an interval ends before it starts: {self.start.isoformat()} to {self.end.isoformat()}")

    @property
    def length(self) -> timedelta:
        """Its length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Window:
    """The active intervals of a stage, in order and apart, and the instant up to which labels are read.

    Offsets count active time only: the intervals are joined end to end.
    """

    intervals: tuple[Interval, ...]
    labels_until: datetime

    def __post_init__(self) -> None:
        if self.labels_until.tzinfo is None:
            raise ValueError("labels_until needs a zone")
        for before, after in zip(self.intervals, self.intervals[1:], strict=False):
            if after.start < before.end:
                raise ValueError("the intervals of a window must be in order and apart")

    @property
    def length(self) -> timedelta:
        """The active time that it holds."""
        return sum((interval.length for interval in self.intervals), timedelta())

    @property
    def start(self) -> datetime:
        """The first instant of the first interval."""
        return self.intervals[0].start

    @property
    def end(self) -> datetime:
        """The end of the last interval."""
        return self.intervals[-1].end

    @property
    def hours(self) -> int:
        """How many hours of active time it touches."""
        return -(-self.length // HOUR)

    def part(self, start: timedelta, end: timedelta) -> "Window":
        """The part from one offset of active time to another, with the same reading of labels."""
        parts = []
        passed = timedelta()
        for interval in self.intervals:
            first = max(interval.start, interval.start + (start - passed))
            last = min(interval.end, interval.start + (end - passed))
            if first < last:
                parts.append(Interval(first, last))
            passed += interval.length
        return Window(tuple(parts), self.labels_until)


class Shape(StrEnum):
    """The form of a measurement."""

    ROWS = "rows"
    VERSION_ROWS = "version_rows"
    LABELS = "labels"
    COUNTS = "counts"
    PAIRED_COUNTS = "paired_counts"
    MOMENTS = "moments"
    QUANTILE_COUNTS = "quantile_counts"
    LOG_HISTOGRAM = "log_histogram"
    SCORES = "scores"
    BETS = "bets"
    SERIES = "series"
    CATEGORIES = "categories"
    SUITE = "suite"
    APPROVALS = "approvals"
    DOCUMENT = "document"
    REPRODUCED = "reproduced"
    OFFERS = "offers"
    REGISTERED = "registered"
    TRACKED = "tracked"
    SCAN = "scan"
    CHECKS = "checks"
    CODE_REVIEWS = "code_reviews"


OF_FORGE = frozenset({Shape.APPROVALS, Shape.CHECKS, Shape.CODE_REVIEWS})
"""What the forge is asked and no source: it changes by itself, so that it is asked anew for each verdict."""


class Grouping(StrEnum):
    """How a measurement is split: not at all, by hour or day of active time, or by the values of a segment column."""

    TOTAL = "total"
    HOUR = "hour"
    DAY = "day"
    SEGMENT = "segment"


class Clustering(StrEnum):
    """Which rows are summed before they are squared in ``Moments``.

    ``rows``: each row (or pair) is its own cluster. ``column``: the model file's cluster column, within the window of the
    need. ``within_window``: the finer cluster of the model file (the hour of active time).
    """

    ROWS = "rows"
    COLUMN = "column"
    WITHIN_WINDOW = "within_window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One question to a source. Hashable, so that equal questions are asked once.

    ``arms`` is one arm, or both for what only makes sense together (pairs, moments of a difference, rows).
    ``limit`` is the threshold of ``quantile_counts`` in the metric's base unit (seconds, bytes, plain numbers).
    ``served_only`` leaves out rows that were scored as a mirror. ``metric`` is a name of the model file, or one with what is
    read of it (``forecast.brier``); the alias of ``registered`` without an arm, and
    the name of ``checks``.
    """

    shape: Shape
    window: Window | None = None
    metric: str = ""
    stage: str = ""
    arms: tuple[Arm, ...] = (Arm.BASELINE, Arm.CANDIDATE)
    grouping: Grouping = Grouping.TOTAL
    segment: str = ""
    clustering: Clustering = Clustering.ROWS
    paired: bool = False
    limit: float | None = None
    served_only: bool = False

    @property
    def bound(self) -> str:
        """The metric as the model file names it: of ``forecast.brier`` it is ``forecast``."""
        return self.metric.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of one arm for which a proportion's event is true, among those for which it is known."""

    successes: int
    n: int
    shape: Literal["counts"] = "counts"

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.n:
            raise ValueError(f"{self.successes} of {self.n} is no count")

    def turned(self) -> "Counts":
        """The same rows, with the opposite for the event."""
        return Counts(successes=self.n - self.successes, n=self.n)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(successes=self.successes + other.successes, n=self.n + other.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCounts:
    """Requests scored by both versions, by which of the two was right."""

    both: int
    only_baseline: int
    only_candidate: int
    neither: int
    shape: Literal["paired_counts"] = "paired_counts"

    def __post_init__(self) -> None:
        if min(self.both, self.only_baseline, self.only_candidate, self.neither) < 0:
            raise ValueError("a paired table holds no negative counts")

    @property
    def n(self) -> int:
        """How many pairs there are."""
        return self.both + self.only_baseline + self.only_candidate + self.neither

    @property
    def discordant(self) -> int:
        """How many pairs differ."""
        return self.only_baseline + self.only_candidate

    def arm(self, arm: Arm) -> Counts:
        """The margin of one arm."""
        only = self.only_baseline if arm is Arm.BASELINE else self.only_candidate
        return Counts(successes=self.both + only, n=self.n)

    def turned(self) -> "PairedCounts":
        """The same pairs, with the opposite for the event."""
        return PairedCounts(
            both=self.neither, only_baseline=self.only_candidate, only_candidate=self.only_baseline, neither=self.both
        )

    def __add__(self, other: "PairedCounts") -> "PairedCounts":
        return PairedCounts(
            both=self.both + other.both,
            only_baseline=self.only_baseline + other.only_baseline,
            only_candidate=self.only_candidate + other.only_candidate,
            neither=self.neither + other.neither,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedMoments:
    """Sums over clusters of pairs: with m pairs and difference d = Σ(candidate − baseline) in each cluster, exact integers.

    Values are held in units of 1/``unit`` (1 for a proportion, 1,000,000 for a mean or a duration).
    """

    clusters: int
    n: int
    baseline: int
    """Σ of the baseline's values."""
    candidate: int
    """Σ of the candidate's values."""
    mm: int
    """Σ m²."""
    md: int
    """Σ m·d."""
    dd: int
    """Σ d²."""
    unit: int = 1
    shape: Literal["paired_moments"] = "paired_moments"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmMoments:
    """Sums over clusters that hold rows of either arm: m rows with value sum s in each arm (0 baseline, 1 candidate).

    A cluster that holds rows of one arm only counts with m = s = 0 in the other. Units as in ``PairedMoments``.
    """

    clusters: int
    clusters0: int
    """Clusters with at least one baseline row."""
    clusters1: int
    """Clusters with at least one candidate row."""
    n0: int
    n1: int
    s0: int
    s1: int
    m0m0: int
    m0s0: int
    s0s0: int
    m1m1: int
    m1s1: int
    s1s1: int
    m0m1: int
    m0s1: int
    s0m1: int
    s0s1: int
    unit: int = 1
    shape: Literal["arm_moments"] = "arm_moments"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileCounts:
    """How many rows of one arm are at or below the limit of the need, and the largest value seen (base unit).

    ``unclear`` rows lie in the histogram bucket that holds the limit, on either side of it; they are not in ``at_or_below``.
    """

    at_or_below: int
    n: int
    maximum: float | None
    unclear: int = 0
    shape: Literal["quantile_counts"] = "quantile_counts"

    def __add__(self, other: "QuantileCounts") -> "QuantileCounts":
        seen = [value for value in (self.maximum, other.maximum) if value is not None]
        return QuantileCounts(
            at_or_below=self.at_or_below + other.at_or_below,
            n=self.n + other.n,
            maximum=max(seen, default=None),
            unclear=self.unclear + other.unclear,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHistogram:
    """Rows of one arm by logarithmic bucket: bucket k holds values in (1.02^(k−1), 1.02^k] microseconds (or micro-units).

    ``buckets`` is sorted by k; values ≤ 1 micro-unit fall into bucket 0. Mergeable by adding.
    """

    buckets: tuple[tuple[int, int], ...]
    shape: Literal["log_histogram"] = "log_histogram"

    def __post_init__(self) -> None:
        keys = [key for key, _ in self.buckets]
        if keys != sorted(set(keys)) or not all(0 <= key <= LARGEST_BUCKET for key in keys):
            raise ValueError(f"the buckets of a histogram are numbers from 0 to {LARGEST_BUCKET}, each once, rising")
        if any(rows < 0 for _, rows in self.buckets):
            raise ValueError("a bucket of a histogram holds no negative count")

    @property
    def n(self) -> int:
        """How many rows it holds."""
        return sum(count for _, count in self.buckets)

    def __add__(self, other: "LogHistogram") -> "LogHistogram":
        sums = dict(self.buckets)
        for key, count in other.buckets:
            sums[key] = sums.get(key, 0) + count
        return LogHistogram(buckets=tuple(sorted(sums.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketHistogram:
    """Rows of one arm in buckets of fixed edges: (upper edge in the base unit, None for all above, rows), by edge."""

    buckets: tuple[tuple[float | None, int], ...]
    shape: Literal["bucket_histogram"] = "bucket_histogram"

    def __post_init__(self) -> None:
        edges = [inf if edge is None else edge for edge, _ in self.buckets]
        if edges != sorted(set(edges)) or not all(edge >= 0 for edge in edges):
            raise ValueError("the edges of a histogram are numbers from 0 on, each once, rising")
        if any(rows < 0 for _, rows in self.buckets):
            raise ValueError("a bucket of a histogram holds no negative count")

    @property
    def n(self) -> int:
        """How many rows it holds."""
        return sum(count for _, count in self.buckets)

    def __add__(self, other: "BucketHistogram") -> "BucketHistogram":
        """Both together, where they have the same edges. Raises ValueError where they have not."""
        if [edge for edge, _ in self.buckets] != [edge for edge, _ in other.buckets]:
            raise ValueError("histograms of different edges can't be added")
        pairs = zip(self.buckets, other.buckets, strict=True)
        return BucketHistogram(buckets=tuple((edge, mine + more) for (edge, mine), (_, more) in pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A gauge of one arm by hour of active time: (hour, value in the base unit), sorted; hours without a sample are absent."""

    points: tuple[tuple[int, float], ...]
    shape: Literal["series"] = "series"

    def __post_init__(self) -> None:
        hours = [hour for hour, _ in self.points]
        if hours != sorted(set(hours)) or not all(0 <= hour <= MOST_HOURS for hour in hours):
            raise ValueError(f"the hours of a series are numbers from 0 to {MOST_HOURS}, each once, rising")


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """Served rows of one arm by the value of a segment column."""

    counts: tuple[tuple[str, int], ...]
    shape: Literal["categories"] = "categories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Of one arm's rows in the window: those with a label by the instant of reading, those excluded, and all the rest.

    ``rows`` does not count the excluded ones.
    """

    labelled: int
    rows: int
    excluded: int = 0
    shape: Literal["labels"] = "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRows:
    """What the log holds of one arm in a window, after duplicates are dropped.

    ``units`` are distinct values of the assignment key among the served rows (0 when the model binds none);
    ``digests`` the distinct artifact digests that the server reported with rows, None where no column is bound.
    """

    rows: int
    served: int
    units: int = 0
    not_a_number: int = 0
    digests: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the log holds in a window: the facts that come before any comparison.

    ``requests`` are distinct request ids, ``paired`` those scored by both arms; ``duplicates`` rows dropped because their
    request id was there before in the same arm; ``others`` rows of other known versions; ``by_hour`` the rows of both arms
    in each hour of active time (hours without rows are absent); ``newest`` the latest request time.
    """

    baseline: ArmRows
    candidate: ArmRows
    requests: int
    paired: int
    duplicates: int
    others: tuple[tuple[str, int], ...]
    by_hour: tuple[tuple[int, int], ...]
    newest: datetime | None
    shape: Literal["rows"] = "rows"

    def arm(self, arm: Arm) -> ArmRows:
        """The facts of one arm."""
        return self.baseline if arm is Arm.BASELINE else self.candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRows:
    """Rows of a log by the version that wrote them, each request once in each arm; ``others`` are all other known versions."""

    baseline: int
    candidate: int
    others: int
    shape: Literal["version_rows"] = "version_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The result of a suite of cases, each run once; ``failures`` names the failed ones, sorted, at most 20."""

    passed: int
    failed: int
    skipped: int
    failures: tuple[str, ...] = ()
    shape: Literal["suite"] = "suite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One review that counts for a role; ``review`` and ``user`` are GitHub's numbers, 0 where it was not asked."""

    login: str
    role: str
    submitted_at: datetime
    review: int = 0
    user: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One review as GitHub told it, and what it stands for in the role: an audit need not ask again.

    ``teams`` are the look-ups of its author in the role: the team with ``member``, ``not a member``, or why it can't be read.
    """

    review: int
    user: int
    login: str
    said: Said
    commit: str
    submitted_at: datetime
    standing: Standing
    teams: tuple[tuple[str, str], ...] = ()
    because: Reason | None = None
    """Why it is outdated or can't be verified."""

    @classmethod
    def of(
        cls,
        review: Review,
        standing: Standing,
        because: Reason | None = None,
        *,
        teams: tuple[tuple[str, str], ...] = (),
    ) -> "Heard":
        """A review with what it stands for; of an account that is gone as GitHub shows it."""
        account = review.by or GHOST
        return cls(
            review=review.id,
            user=account.id,
            login=account.login,
            said=review.said,
            commit=review.commit,
            submitted_at=review.submitted_at,
            standing=standing,
            teams=teams,
            because=because,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """The reviews in force, already bound to the content that they approved; ``objections`` names who asked for changes.

    ``strangers`` are commits of which nobody can say whose they are: each role then needs one person more.
    """

    approvals: tuple[Approval, ...]
    objections: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()
    """Every review that says something, in the order of their time."""
    strangers: tuple[str, ...] = ()
    shape: Literal["approvals"] = "approvals"

    def standing(self, standing: Standing) -> tuple[Heard, ...]:
        """The reviews that stand for this."""
        return tuple(one for one in self.heard if one.standing is standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPull:
    """One pull request that the source commit came from, and what each of its reviews stands for.

    ``strangers`` are commits of which nobody can say whose they are: one person more is then needed.
    """

    number: int
    head: str
    """The commit of its head."""
    heard: tuple[Heard, ...]
    """Every review that says something, in the order of their time."""
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReviews:
    """The pull requests that the source commit came from; none where nobody opened one for it."""

    pulls: tuple[ReviewedPull, ...]
    shape: Literal["code_reviews"] = "code_reviews"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document beside a request: its sections by title (lower case, as written otherwise) and how many words each holds.

    Words of placeholders (``TODO``, ``TBD``, ``…``, HTML comments) do not count.
    """

    path: str
    sections: tuple[tuple[str, int], ...]
    shape: Literal["document"] = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The version of a registry that belongs to the arm of the need, or that the alias of the need points to.

    ``number`` is the registry's own; ``version`` and ``digest`` are what its tags say, None where they are not there.
    """

    number: str
    version: str | None
    digest: str | None
    shape: Literal["registered"] = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What a registry tracks of how a version was made: ``dataset.version``, ``hyperparameters.…``, ``metrics.…``, sorted."""

    values: tuple[tuple[str, str], ...]
    shape: Literal["tracked"] = "tracked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """A measurement for each group: the hour or day of active time (from 0, in decimal) or the value of the segment column."""

    groups: tuple[tuple[str, Annotated["Simple", Field(discriminator="shape")]], ...]
    shape: Literal["groups"] = "groups"

    def __iter__(self) -> Iterator[tuple[str, "Simple"]]:
        return iter(self.groups)


Simple: TypeAlias = (
    Counts
    | PairedCounts
    | PairedMoments
    | ArmMoments
    | QuantileCounts
    | LogHistogram
    | BucketHistogram
    | Scores
    | Bets
    | Series
    | Categories
    | Labels
    | Rows
    | VersionRows
    | Suite
    | Approvals
    | Document
    | Reproduced
    | Offers
    | Registered
    | Tracked
    | Scan
    | Checks
    | CodeReviews
)
Measurement: TypeAlias = Simple | Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """No measurement, and why.

    ``lasting`` tells troubles that waiting can't cure (a missing column, a truncated file, a foreign row) from those that
    it can (no rows yet): the first are ``errored`` at once, the others once the criterion is decidable.
    """

    reason: Reason
    lasting: bool = True
    shape: Literal["missing"] = "missing"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answers to every need of a plan. Total: asking for a need that was never answered is a missing answer too."""

    answers: Mapping[Need, Measurement | Missing] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    """The resolved query texts by source, for the record."""

    def answer(self, need: Need) -> Measurement | Missing:
        """The measurement, or why there is none."""
        found = self.answers.get(need)
        return found if found is not None else Missing(reason=because(Why.NOT_ASKED))


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
