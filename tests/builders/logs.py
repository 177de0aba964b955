"""Prediction logs for tests: rows as plain mappings, files in every format, and an oracle that answers needs row by row.

The oracle knows no SQL and shares nothing with the sources: it walks over the rows in plain Python, with whole numbers.
"""

import csv
import gzip
import json
import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import (
    Arm,
    ArmMoments,
    ArmRows,
    Categories,
    Clustering,
    Counts,
    Grouping,
    Groups,
    Interval,
    Labels,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    PairedMoments,
    QuantileCounts,
    Rows,
    Shape,
    Simple,
    VersionRows,
    Window,
)
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.model import DurationMetric, Mean, ModelFile, Proportion
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources, Table
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table import TableSource

Row: TypeAlias = dict[str, object]
RowMetric: TypeAlias = Proportion | DurationMetric | Mean

CANDIDATE = "v2.1.0_20250818_142000"
BASELINE = "v2.0.3_20250601_090000"
OTHER = "v1.9.0_20250301_090000"
START = datetime(2025, 8, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
VERSIONS = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset({OTHER}))
EDGES = [102**k // 100**k for k in range(1800)]
"""The largest whole number in bucket k: 1.02^k rounded down."""

LONG = """\
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at}
rows:
  source: log
  layout: long
  request_id: request_id
  arm: version
  digest: digest
  exposure: {column: mode, served: served, mirrored: shadow}
assignment: user_id
cluster: {column: service_date, within_window: hour}
labels: {arrived_at: label_time, mature_after: 6h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, score: p_late, threshold: "> 0.5", label: late, exclude: [0.5]}
  matches: {kind: proportion, prediction: said, label: word, exclude: [cancelled]}
  right: {kind: proportion, correct: was_right}
  errors: {kind: proportion, column: error}
  latency: {kind: duration, column: latency_ms, unit: ms}
  fare: {kind: mean, column: fare}
segments:
  origin: []
  carrier: [AA, BB]
"""

WIDE = """\
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at}
rows:
  source: log
  layout: wide
  request_id: request_id
  columns: {baseline: p_baseline, candidate: p_candidate}
assignment: user_id
cluster: {column: service_date, within_window: hour}
labels: {arrived_at: label_time, mature_after: 6h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, label: late, threshold: ">= 0.5", exclude: [0.5]}
segments:
  origin: []
  carrier: [AA, BB]
"""


def a_model(text: str = LONG, **changes: str) -> ModelFile:
    """The model file of a text in which each whole line ``key: …`` is replaced by the one given for that key."""
    lines = text.splitlines()
    for key, value in changes.items():
        places = [i for i, line in enumerate(lines) if line.strip().startswith(f"{key}:")]
        assert len(places) == 1, f"{key} stands {len(places)} times in the model file"
        indent = lines[places[0]][: -len(lines[places[0]].lstrip())]
        lines[places[0]] = f"{indent}{key}: {value}" if value else ""
    model = read(ModelFile, "policies/models/flight-delay.yaml", "\n".join(lines).encode())
    assert isinstance(model, ModelFile), model
    return model


def a_config(path: object, rest: str = "", **more: object) -> tuple[Table, Reach]:
    """The one table of a sources file, and where the file allows to reach; ``rest`` stands above it."""
    keys = "".join(f", {key}: {json.dumps(value)}" for key, value in more.items())
    log = f"{{kind: table, path: {json.dumps(str(path))}{keys}}}"
    sources = read(
        Sources,
        "policies/sources.yaml",
        f"apiVersion: ratchet/v1\nkind: Sources\n{rest}\nsources:\n  log: {log}\n".encode(),
    )
    assert isinstance(sources, Sources), sources
    config = sources.sources["log"]
    assert isinstance(config, Table)
    return config, Reach.of(sources)


def a_source(
    path: Path | str,
    model: ModelFile | None = None,
    *,
    name: str = "log",
    versions: Versions = VERSIONS,
    root: Path = Path("/"),
    environ: Mapping[str, str] | None = None,
    rest: str = "",
    **config: object,
) -> TableSource:
    """A table source over files."""
    table, reach = a_config(path, rest, **config)
    return TableSource(
        name=name,
        config=table,
        reach=reach,
        model=model or a_model(),
        versions=versions,
        root=root,
        environ=environ or {},
    )


def a_window(*hours: tuple[float, float], labels: float = 6) -> Window:
    """Intervals given in hours after ``START``, and labels read so many hours after the last one's end."""
    stretches = hours or ((0, 24),)
    intervals = tuple(Interval(START + first * HOUR, START + last * HOUR) for first, last in stretches)
    return Window(intervals, intervals[-1].end + labels * HOUR)


def a_row(number: int, **changes: object) -> Row:
    """A row of the long layout: served by the candidate, right, labelled after an hour, ten seconds after the one before."""
    at = changes.get("requested_at", START + timedelta(seconds=10 * number))
    assert isinstance(at, datetime)
    row: Row = {
        "request_id": f"r{number:06}",
        "requested_at": at,
        "version": CANDIDATE,
        "mode": "served",
        "p_late": 0.75,
        "late": 1.0,
        "said": "late",
        "word": "late",
        "was_right": True,
        "error": False,
        "label_time": at + HOUR,
        "latency_ms": 120.5,
        "fare": 80.25,
        "user_id": f"u{number % 7}",
        "service_date": "2025-08-04",
        "origin": "JFK",
        "carrier": "AA",
        "digest": "sha256:" + "a" * 64,
    }
    assert row.keys() >= changes.keys(), changes.keys() - row.keys()
    return row | changes


def a_pair(number: int, **changes: object) -> list[Row]:
    """One request, served by the candidate and mirrored to the baseline."""
    return [a_row(number, **changes), a_row(number, **(changes | {"version": BASELINE, "mode": "shadow"}))]


def pairs(count: int, **changes: object) -> list[Row]:
    """So many requests in both arms."""
    return [row for number in range(count) for row in a_pair(number, **changes)]


def write(path: Path, rows: Sequence[Row], schema: pa.Schema | None = None) -> Path:
    """The rows in the format that the path's suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, row_group_size=500)
        return path
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8", newline="") as out:
        if name.endswith(".csv"):
            lines = csv.writer(out)
            lines.writerow(rows[0])
            lines.writerows([_spelled(value) for value in row.values()] for row in rows)
        else:
            for row in rows:
                out.write(json.dumps({key: _json(value) for key, value in row.items()}) + "\n")
    return path


def _spelled(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _json(value: object) -> object:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def random_long(seed: int, requests: int, *, spoilt: int = 0) -> list[Row]:
    """Requests over seventeen hours around ``START``: mirrored, one-armed, unlabelled, late labelled, excluded, repeated.

    ``spoilt`` rows hold a number that is none, and as many are repeated later.
    """
    draw = random.Random(seed)  # noqa: S311  (the same rows for the same seed)
    rows: list[Row] = []
    for number in range(requests):
        at = START + timedelta(microseconds=draw.randrange(-3_600_000_000, 61_000_000_000))
        if draw.random() < 0.05:
            at = START + draw.choice((-1, 0, 1, 5, 7, 16, 16.5)) * HOUR
        rows += _request(draw, number, at)
    chosen = draw.sample(range(len(rows)), 2 * spoilt)
    for index in chosen[:spoilt]:
        rows[index] = rows[index] | {draw.choice(("p_late", "latency_ms", "fare")): draw.choice((float("nan"), None))}
    for index in chosen[spoilt:]:
        again = rows[index]["requested_at"]
        assert isinstance(again, datetime)
        rows.append(rows[index] | {"requested_at": again + timedelta(seconds=draw.randrange(1, 900)), "p_late": 0.123})
    draw.shuffle(rows)
    return rows


def _request(draw: random.Random, number: int, at: datetime) -> list[Row]:
    """The rows of one request: in both arms, in one, or in another known version's."""
    shared = {
        "late": draw.choice((0.0, 1.0, 1.0, 0.5, None)),
        "word": draw.choice(("late", "early", "cancelled", None)),
        "label_time": draw.choice((None, at + draw.random() * 30 * HOUR, at + HOUR, at + HOUR)),
        "user_id": draw.choice((None, *(f"u{k}" for k in range(60)))),
        "service_date": draw.choice((None, "2025-08-04", "2025-08-05", "2025-08-06")),
        "origin": draw.choice((None, *"JJJJJJKKKKKLLMN", "other")),
        "carrier": draw.choice((None, "AA", "AA", "AA", "BB", "CC", "CC")),
        "was_right": draw.choice((True, False, None)),
    }
    first, second = draw.choice(((CANDIDATE, BASELINE), (BASELINE, CANDIDATE)))
    rows = []
    for version, mode in ((first, "served"), (second, "shadow")):
        # (the mirror scores a moment later, and not always)
        if mode == "shadow" and draw.random() < 0.2:
            continue
        moment = at if mode == "served" else at + timedelta(milliseconds=draw.randrange(0, 400_000))
        own = {
            "version": OTHER if draw.random() < 0.02 else version,
            "mode": mode,
            "requested_at": moment,
            "p_late": draw.choice((0.5, round(draw.random(), 3))),
            "said": draw.choice(("late", "early")),
            "error": draw.random() < 0.1,
            "latency_ms": draw.choice((0.0, 0.001, 250.0, round(draw.lognormvariate(5, 1), 3))),
            "fare": draw.choice((-12.5, 0.0, 33.125, round(draw.uniform(-50, 500), 4))),
            "digest": draw.choice((None, "sha256:" + "a" * 64, "sha256:" + "b" * 64)),
        }
        rows.append(a_row(number, **(shared | own)))
    return rows


def random_wide(seed: int, requests: int, *, spoilt: int = 0) -> list[Row]:
    """The same kind of log with one row per request and a score column per arm."""
    draw = random.Random(seed)  # noqa: S311  (the same rows for the same seed)
    rows = []
    for number in range(requests):
        at = START + timedelta(microseconds=draw.randrange(-3_600_000_000, 61_000_000_000))
        (row, *_) = _request(draw, number, at)
        kept = ("request_id", "requested_at", "late", "label_time", "user_id", "service_date", "origin", "carrier")
        wide = {name: row[name] for name in kept}
        for name in ("p_baseline", "p_candidate"):
            wide[name] = draw.choice((0.5, round(draw.random(), 3), round(draw.random(), 3), None))
        rows.append(wide)
    chosen = draw.sample(range(len(rows)), 2 * spoilt)
    for index in chosen[:spoilt]:
        rows[index] = rows[index] | {"p_candidate": float("nan")}
    for index in chosen[spoilt:]:
        again = rows[index]["requested_at"]
        assert isinstance(again, datetime)
        rows.append(rows[index] | {"requested_at": again + timedelta(seconds=5)})
    draw.shuffle(rows)
    return rows


@dataclass(frozen=True, slots=True)
class Seen:
    """One row of one arm within a window."""

    row: Row
    arm: Arm
    served: bool
    offset: int
    """Microseconds of active time since the window's start."""
    hour: int
    score: str = ""
    """The column of a wide table that holds the arm's score."""


@dataclass
class Oracle:
    """What a log of one model must answer, computed row by row.

    A part of a window that is a run of its whole hours is read with it: what is tolerated, and which segment values are
    told apart, is decided over the rows of ``whole``.
    """

    rows: Sequence[Row]
    model: ModelFile
    versions: Versions = VERSIONS
    _read: dict[Window, "_Window"] = field(default_factory=dict)

    def answer(self, need: Need, whole: Window | None = None) -> Measurement | Missing:
        """The measurement, or the reason why there is none."""
        window = whole or need.window
        assert window is not None
        assert need.window is not None
        if window not in self._read:
            self._read[window] = _Window(self.rows, self.model, self.versions, window)
        first = window.part(timedelta(), window.length) if need.window == window else need.window
        return self._read[window].answer(need, first)


class _Window:
    """The rows of one window, without repeats."""

    def __init__(self, rows: Sequence[Row], model: ModelFile, versions: Versions, window: Window) -> None:
        self.model = model
        self.window = window
        self.others: dict[str, int] = defaultdict(int)
        self.other_hours: list[int] = []
        every = sorted(self._seen(rows, versions), key=lambda one: one.offset)
        self.counts = {arm: _tally(every, arm) for arm in Arm}
        self.digests = {
            arm: _counted(str(one.row.get("digest") or "") for one in every if one.arm is arm) for arm in Arm
        }
        first: dict[tuple[object, Arm], Seen] = {}
        for one in every:
            first.setdefault((one.row["request_id"], one.arm), one)
        self.kept = list(first.values())
        self.duplicates = len(every) - len(self.kept)
        self.every = len(every)
        self.requests: dict[object, dict[Arm, Seen]] = defaultdict(dict)
        for one in self.kept:
            self.requests[one.row["request_id"]][one.arm] = one
        self.values: dict[tuple[int, str], int | str] = {}
        self.names: dict[tuple[int, str], str] = {}

    def answer(self, need: Need, part: Window) -> Measurement | Missing:
        if self.every and self.duplicates * 1000 > self.every:
            return _missing(Why.DUPLICATES)
        refusal = self._refusal(need)
        if refusal is not None:
            return refusal
        if need.metric:
            bad = sum(1 for one in self.kept if self.value(one, need.metric) == "bad")
            if bad * 1000 > len(self.kept):
                return _missing(Why.NOT_A_NUMBER)
        hours = self._hours(part)
        if need.shape is Shape.ROWS:
            return self._rows(hours)
        if need.shape is Shape.VERSION_ROWS:
            return self._version_rows(hours)
        if need.paired or need.shape is Shape.PAIRED_COUNTS:
            return self._of_pairs(need, hours)
        return self._of_arms(need, hours)

    def value(self, one: Seen, name: str) -> int | str:
        """The value in whole units, or ``bad``, ``excluded`` or ``waiting``."""
        key = (id(one), name)
        if key not in self.values:
            self.values[key] = self._value(one, name)
        return self.values[key]

    def _seen(self, rows: Sequence[Row], versions: Versions) -> Iterable[Seen]:
        arms = {versions.candidate: Arm.CANDIDATE, versions.baseline: Arm.BASELINE}
        wide = self.model.rows.columns
        for row in rows:
            offset = self._offset(row["requested_at"])
            if offset is None:
                continue
            if wide is not None:
                for arm, column in ((Arm.BASELINE, wide.baseline), (Arm.CANDIDATE, wide.candidate)):
                    if row[column] is not None:
                        yield Seen(row, arm, True, offset, offset // 3_600_000_000, column)
                continue
            version = str(row["version"])
            if version in arms:
                exposure = self.model.rows.exposure
                served = exposure is None or row[exposure.column] == exposure.served
                yield Seen(row, arms[version], served, offset, offset // 3_600_000_000)
            else:
                assert version in versions.others
                self.others[version] += 1
                self.other_hours.append(offset // 3_600_000_000)

    def _offset(self, at: object) -> int | None:
        assert isinstance(at, datetime)
        passed = timedelta()
        for interval in self.window.intervals:
            if interval.start <= at < interval.end:
                return (passed + (at - interval.start)) // timedelta(microseconds=1)
            passed += interval.length
        return None

    def _hours(self, part: Window) -> range:
        """The hours of this window that a part of it is made of."""
        inside = [self._offset(interval.start) for interval in part.intervals]
        assert inside
        first = inside[0]
        assert first is not None
        last = first + part.length // timedelta(microseconds=1)
        return range(first // 3_600_000_000, -(-last // 3_600_000_000))

    def _refusal(self, need: Need) -> Missing | None:
        """Questions that make no sense for a log: the same for any rows."""
        metric = self.model.metrics.get(need.metric)
        pair = need.paired or need.shape is Shape.PAIRED_COUNTS
        by_cluster = need.shape is Shape.MOMENTS and need.clustering is Clustering.COLUMN
        facts = need.shape in (Shape.ROWS, Shape.VERSION_ROWS, Shape.CATEGORIES)
        elsewhere = (
            *(Shape.SERIES, Shape.SUITE, Shape.APPROVALS, Shape.DOCUMENT),
            *(Shape.SCORES, Shape.BETS, Shape.OFFERS, Shape.REPRODUCED),
        )
        one_arm = (Shape.LABELS, Shape.COUNTS, Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM, Shape.CATEGORIES)
        refused = (
            need.shape in elsewhere
            or (not facts and metric is None)
            or (need.shape in one_arm and len(need.arms) != 1)
            or (need.shape in (Shape.COUNTS, Shape.PAIRED_COUNTS) and not isinstance(metric, Proportion))
            or (need.shape in (Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM) and isinstance(metric, Proportion))
            or (need.shape is Shape.QUANTILE_COUNTS and need.limit is None)
            or (pair and need.served_only)
            or (need.grouping in (Grouping.HOUR, Grouping.DAY) and (facts or by_cluster))
            or (need.grouping is Grouping.DAY and need.shape is Shape.LOG_HISTOGRAM)
            or (need.grouping is Grouping.SEGMENT and (facts or need.shape is Shape.LOG_HISTOGRAM))
        )
        return _missing(Why.CANNOT_VERIFY) if refused else None

    def _value(self, one: Seen, name: str) -> int | str:
        metric = self.model.metrics[name]
        assert isinstance(metric, Proportion | DurationMetric | Mean)
        if isinstance(metric, Proportion):
            return self._truth(one, metric)
        stored = one.row[metric.column]
        factor = {"us": 1.0, "ms": 1e3, "s": 1e6}[metric.unit] if isinstance(metric, DurationMetric) else 1e6
        if not isinstance(stored, float) or not isfinite(stored):
            return "bad"
        return int(Decimal(stored * factor).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def _truth(self, one: Seen, metric: Proportion) -> int | str:
        if metric.column is not None:
            stored = one.row[metric.column]
            return "bad" if stored is None else int(bool(stored))
        label_column = metric.label or metric.correct or ""
        predicted = one.row[one.score or metric.score or metric.prediction or label_column]
        if not metric.correct and (predicted is None or (isinstance(predicted, float) and not isfinite(predicted))):
            return "bad"
        label = one.row[label_column]
        arrived = one.row["label_time"]
        if label is None or not isinstance(arrived, datetime) or arrived > self.window.labels_until:
            return "waiting"
        if label in metric.exclude:
            return "excluded"
        if metric.correct:
            return int(bool(label))
        if metric.threshold is None:
            return int(predicted == label)
        assert isinstance(predicted, float)
        bound = float(metric.threshold.lstrip(">= "))
        beyond = predicted >= bound if metric.threshold.startswith(">=") else predicted > bound
        return int(beyond == (label == 1))

    def _name(self, one: Seen, segment: str) -> str:
        key = (id(one), segment)
        if key not in self.names:
            self.names[key] = self._named(one, segment)
        return self.names[key]

    def _named(self, one: Seen, segment: str) -> str:
        """The value of a segment column as it is shown: a value that is rare in an arm, or not listed, is an other."""
        listed = self.model.segments.get(segment, ())
        stored = one.row[segment]
        value = None if stored is None else str(stored)
        present = [tally for tally in self.counts.values() if tally["rows"]]
        rare = any(tally["values"].get((segment, value), 0) < 10 for tally in present)  # type: ignore[attr-defined]
        if rare or (value is not None and listed and value not in listed):
            return "other"
        return "(none)" if value is None else value

    def _grouped(self, need: Need, hours: range, one: Seen, hour: int) -> str:
        if need.grouping is Grouping.TOTAL:
            return ""
        if need.grouping is Grouping.SEGMENT:
            return self._name(one, need.segment)
        return str((hour - hours.start) // (24 if need.grouping is Grouping.DAY else 1))

    def _of_arms(self, need: Need, hours: range) -> Measurement | Missing:
        groups: dict[str, list[Seen]] = defaultdict(list)
        for one in self.kept:
            if one.arm in need.arms and (one.served or not need.served_only) and one.hour in hours:
                groups[self._grouped(need, hours, one, one.hour)].append(one)
        return _collected(need, {key: self._measured(need, members) for key, members in groups.items()})

    def _measured(self, need: Need, members: list[Seen]) -> Simple | None:
        if need.shape is Shape.CATEGORIES:
            names = [self._name(one, need.segment) for one in members if one.served]
            return Categories(counts=_counted(names)) if names else None
        every = [self.value(one, need.metric) for one in members]
        known = [value for value in every if isinstance(value, int)]
        if need.shape is Shape.LABELS:
            excluded = every.count("excluded")
            rows = len(every) - every.count("bad") - excluded
            return Labels(labelled=len(known), rows=rows, excluded=excluded) if rows else None
        if need.shape is Shape.MOMENTS:
            return self._arm_moments(need, members)
        if not known:
            return None
        if need.shape is Shape.COUNTS:
            return Counts(successes=sum(known), n=len(known))
        if need.shape is Shape.QUANTILE_COUNTS:
            assert need.limit is not None
            below = sum(1 for value in known if Decimal(value) <= Decimal(repr(need.limit)) * 1_000_000)
            return QuantileCounts(at_or_below=below, n=len(known), maximum=max(known) / 1_000_000)
        assert need.shape is Shape.LOG_HISTOGRAM
        buckets = [0 if value <= 1 else bisect_left(EDGES, value) for value in known]
        return LogHistogram(buckets=tuple(sorted((bucket, buckets.count(bucket)) for bucket in set(buckets))))

    def _cluster(self, need: Need, one: Seen, hour: int, number: int) -> object:
        if need.clustering is Clustering.ROWS:
            return number
        return hour if need.clustering is Clustering.WITHIN_WINDOW else one.row["service_date"]

    def _arm_moments(self, need: Need, members: list[Seen]) -> ArmMoments | None:
        sums: dict[object, dict[Arm, list[int]]] = defaultdict(lambda: {arm: [0, 0] for arm in Arm})
        for number, one in enumerate(members):
            value = self.value(one, need.metric)
            if isinstance(value, int):
                cluster = sums[self._cluster(need, one, one.hour, number)][one.arm]
                cluster[0] += 1
                cluster[1] += value
        clusters = [(*by[Arm.BASELINE], *by[Arm.CANDIDATE]) for by in sums.values()]

        def total(left: int, right: int) -> int:
            return sum(cluster[left] * cluster[right] for cluster in clusters)

        moments = ArmMoments(
            clusters=len(clusters),
            clusters0=sum(1 for cluster in clusters if cluster[0]),
            clusters1=sum(1 for cluster in clusters if cluster[2]),
            n0=sum(cluster[0] for cluster in clusters),
            s0=sum(cluster[1] for cluster in clusters),
            n1=sum(cluster[2] for cluster in clusters),
            s1=sum(cluster[3] for cluster in clusters),
            m0m0=total(0, 0),
            m0s0=total(0, 1),
            s0s0=total(1, 1),
            m1m1=total(2, 2),
            m1s1=total(2, 3),
            s1s1=total(3, 3),
            m0m1=total(0, 2),
            m0s1=total(0, 3),
            s0m1=total(1, 2),
            s0s1=total(1, 3),
            unit=self._unit(need.metric),
        )
        return moments if moments.n0 and moments.n1 else None

    def _of_pairs(self, need: Need, hours: range) -> Measurement | Missing:
        groups: dict[str, list[tuple[int, int, object]]] = defaultdict(list)
        for number, arms in enumerate(self.requests.values()):
            if len(arms) < 2:
                continue
            hour = min(one.hour for one in arms.values())
            values = [self.value(arms[arm], need.metric) for arm in Arm]
            if hour in hours and isinstance(values[0], int) and isinstance(values[1], int):
                shown = arms[Arm.CANDIDATE]
                key = self._grouped(need, hours, shown, hour)
                groups[key].append((values[0], values[1], self._cluster(need, shown, hour, number)))
        measure = _paired_counts if need.shape is Shape.PAIRED_COUNTS else self._paired_moments
        return _collected(need, {key: measure(need, members) for key, members in groups.items()})

    def _paired_moments(self, need: Need, members: list[tuple[int, int, object]]) -> PairedMoments:
        sums: dict[object, list[int]] = defaultdict(lambda: [0, 0])
        for baseline, candidate, cluster in members:
            sums[cluster][0] += 1
            sums[cluster][1] += candidate - baseline
        return PairedMoments(
            clusters=len(sums),
            n=len(members),
            baseline=sum(baseline for baseline, _, _ in members),
            candidate=sum(candidate for _, candidate, _ in members),
            mm=sum(m * m for m, _ in sums.values()),
            md=sum(m * d for m, d in sums.values()),
            dd=sum(d * d for _, d in sums.values()),
            unit=self._unit(need.metric),
        )

    def _unit(self, metric: str) -> int:
        return 1 if isinstance(self.model.metrics[metric], Proportion) else 1_000_000

    def _version_rows(self, hours: range) -> VersionRows | Missing:
        mine = [one.arm for one in self.kept if one.hour in hours]
        others = sum(hour in hours for hour in self.other_hours)
        if not mine and not others:
            return _missing(Why.NO_ROWS, lasting=False)
        return VersionRows(baseline=mine.count(Arm.BASELINE), candidate=mine.count(Arm.CANDIDATE), others=others)

    def _rows(self, hours: range) -> Rows | Missing:
        kept = [one for one in self.kept if one.hour in hours]
        if not kept:
            return _missing(Why.NO_ROWS, lasting=False)
        paired = sum(1 for arms in self.requests.values() if len(arms) == 2)
        latest = max(one.row["requested_at"] for one in kept)  # type: ignore[type-var]
        assert isinstance(latest, datetime)
        return Rows(
            baseline=self._arm_rows(Arm.BASELINE),
            candidate=self._arm_rows(Arm.CANDIDATE),
            requests=len(self.requests),
            paired=paired,
            duplicates=self.duplicates,
            others=tuple(sorted(self.others.items())),
            by_hour=tuple(
                sorted((hour, sum(1 for one in kept if one.hour == hour)) for hour in {k.hour for k in kept})
            ),
            newest=latest,
        )

    def _arm_rows(self, arm: Arm) -> ArmRows:
        mine = [one for one in self.kept if one.arm is arm]
        units = {one.row["user_id"] for one in mine if one.served} - {None}
        bad = [one for one in mine if any(self.value(one, name) == "bad" for name in self.model.metrics)]
        return ArmRows(
            rows=len(mine),
            served=sum(1 for one in mine if one.served),
            units=len(units),
            not_a_number=len(bad),
            digests=self.digests[arm] if self.model.rows.digest else None,
        )


def _tally(seen: Sequence[Seen], arm: Arm) -> Mapping[str, object]:
    values: dict[tuple[str, str | None], int] = defaultdict(int)
    mine = [one for one in seen if one.arm is arm]
    for one in mine:
        for name in ("origin", "carrier"):
            stored = one.row.get(name)
            values[name, None if stored is None else str(stored)] += 1
    return {"rows": len(mine), "values": values}


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = defaultdict(int)
    for name in names:
        found[name] += 1
    return tuple(sorted(found.items()))


def _paired_counts(need: Need, members: list[tuple[int, int, object]]) -> PairedCounts:
    cells = [(baseline, candidate) for baseline, candidate, _ in members]
    return PairedCounts(
        both=cells.count((1, 1)),
        only_baseline=cells.count((1, 0)),
        only_candidate=cells.count((0, 1)),
        neither=cells.count((0, 0)),
    )


def _collected(need: Need, groups: Mapping[str, Simple | None]) -> Measurement | Missing:
    found = {key: value for key, value in groups.items() if value is not None}
    if not found:
        return _missing(Why.NO_ROWS, lasting=False)
    if need.grouping is Grouping.TOTAL or need.shape is Shape.CATEGORIES:
        return found[""]
    order = sorted(found) if need.grouping is Grouping.SEGMENT else sorted(found, key=int)
    return Groups(groups=tuple((key, found[key]) for key in order))


def _missing(why: Why, *, lasting: bool = True) -> Missing:
    return Missing(reason=because(why), lasting=lasting)


def told(answer: Measurement | Missing) -> object:
    """An answer in a form that can be compared: of what is missing only the reason's code counts, and whether it lasts."""
    return (answer.reason.why, answer.lasting) if isinstance(answer, Missing) else answer


def counts_of(metric: str = "accuracy", arm: Arm = Arm.CANDIDATE, window: Window | None = None) -> Need:
    """The need of one arm's counts over a day from ``START``."""
    return Need(shape=Shape.COUNTS, window=window or a_window(), metric=metric, arms=(arm,))


def rows_of(window: Window | None = None) -> Need:
    """The need of a window's row facts."""
    return Need(shape=Shape.ROWS, window=window or a_window())


def answered(source: TableSource, need: Need) -> Measurement | Missing:
    """The source's answer to one need."""
    return source.answer([need]).answers[need]


def reason(answer: Measurement | Missing) -> tuple[Why, dict[str, object]]:
    """Why there is no answer, with the parameters; there must be none, and waiting must not cure it.

    A reason that names a column names its file too, which is left out: each test has its own folder.
    """
    assert isinstance(answer, Missing), answer
    assert answer.lasting
    parameters: dict[str, object] = dict(answer.reason.parameters)
    if "column" in parameters:
        assert parameters.pop("file")
    return answer.reason.why, parameters
