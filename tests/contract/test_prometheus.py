"""The Prometheus source beside a real server: counts are those of the scrapes, and every trouble has its own reason."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from builders.logs import BASELINE, CANDIDATE
from builders.openmetrics import Counter, Page
from components.ports import free_port
from components.prometheus import serving
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import (
    Arm,
    ArmMoments,
    BucketHistogram,
    Clustering,
    Counts,
    Grouping,
    Groups,
    Interval,
    Measurement,
    Missing,
    Need,
    QuantileCounts,
    Series,
    Shape,
    Window,
)
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.ports import Answers
from model_ratchet.sources.open import route
from model_ratchet.sources.prometheus import PrometheusSource
from model_ratchet.sources.reach import Reach

START = datetime(2025, 8, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCRAPE = timedelta(minutes=2)
DAYS = 7
VERSIONS = {Arm.BASELINE: BASELINE, Arm.CANDIDATE: CANDIDATE}
EDGES = (0.1, 0.25, 0.5, 1.0, math.inf)


def counters(events: str, total: str, more: str = "") -> str:
    bound = [f"{name}_total{{version={{{{ version }}}}}}" for name in (events, total)]
    return f"{{kind: proportion, promql: {{events: '{bound[0]}', total: '{bound[1]}'{more}}}}}"


def gauge(query: str, unit: str = "MiB", more: str = "") -> str:
    return f"{{kind: gauge, unit: '{unit}', promql: '{query}'{more}}}"


VERSION = "{version={{ version }}}"
METRICS = {
    "errors": counters("errors", "requests"),
    "quiet": counters("crashes", "requests", ", no_series: zero"),
    "unsure": counters("crashes", "requests"),
    "more": counters("requests", "errors"),
    "halves": counters("halves", "requests"),
    "holes": counters("holes", "holes"),
    "late": counters("late", "late"),
    "latency": f"{{kind: duration, unit: s, promql: 'seconds_bucket{VERSION}'}}",
    "edgeless": f"{{kind: duration, unit: s, promql: 'edgeless_bucket{VERSION}'}}",
    "unlike": f"{{kind: duration, unit: s, promql: 'unlike_bucket{VERSION}'}}",
    "moved": f"{{kind: duration, unit: s, promql: 'moved_bucket{VERSION}'}}",
    "twice": f"{{kind: duration, unit: s, promql: 'twice_bucket{VERSION}'}}",
    "restarted": f"{{kind: duration, unit: s, promql: 'restarted_bucket{VERSION}'}}",
    "memory": gauge(f"max(memory_mebibytes{VERSION})"),
    "mean_memory": gauge(f"max(memory_mebibytes{VERSION})", more=", hourly: mean"),
    "pods": gauge(f"memory_mebibytes{VERSION}"),
    "nothing": gauge(f"max(absent_series{VERSION})", "1"),
    "not_a_number": gauge(f"0 * max(memory_mebibytes{VERSION}) / 0", "1"),
    "broken": gauge(f"max(memory_mebibytes{VERSION}", "1"),
}
MODEL = """
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at, timezone: UTC}
rows: {source: log, request_id: request_id, arm: version}
metrics:
""" + "".join(f"  {name}: {bound}\n" for name, bound in METRICS.items())


def scrapes() -> list[datetime]:
    before = timedelta(hours=2)
    return [START - before + n * SCRAPE + timedelta(seconds=17) for n in range((DAYS * DAY + before) // SCRAPE)]


class World:
    """What two versions did for a week: pods that restart, appear and vanish, and the samples that tell of it."""

    def __init__(self) -> None:
        random = Random(20250804)  # noqa: S311
        self.page = Page()
        self.requests: dict[Arm, list[Counter]] = {}
        self.errors: dict[Arm, list[Counter]] = {}
        self.buckets: dict[Arm, dict[float, list[Counter]]] = {}
        self.memory: dict[Arm, list[tuple[datetime, float]]] = {}
        whole = scrapes()
        lives = {"one": whole, "two": [at for at in whole if at < START + timedelta(days=3, hours=7.3)]}
        lives["three"] = [at for at in whole if at >= START + timedelta(days=3, hours=7.4)]
        for arm, version in VERSIONS.items():
            self.requests[arm], self.errors[arm] = [], []
            self.buckets[arm] = {edge: [] for edge in EDGES}
            for pod, life in lives.items():
                # within hours, and between the last scrape of one hour and the first of the next
                between_hours = [START + hours * HOUR + timedelta(seconds=17) for hours in (26, 51, 90)]
                restarts = frozenset([*random.sample(life[1:], 9), *between_hours]) if pod == "one" else frozenset()
                labels = {"version": version, "pod": pod}
                first = 1_000 if pod == "one" else 0
                seen = [[random.randrange(4) for _ in EDGES] for _ in life]
                totals = [sum(row) for row in seen]
                self.requests[arm].append(Counter(labels, list(zip(life, totals, strict=True)), restarts, first))
                wrong = [int(random.random() < 0.05 and total > 0) for total in totals]
                self.errors[arm].append(Counter(labels, list(zip(life, wrong, strict=True)), restarts, 0))
                for place, edge in enumerate(EDGES):
                    climbs = [sum(row[: place + 1]) for row in seen]
                    le = {**labels, "le": "+Inf" if math.isinf(edge) else f"{edge:g}"}
                    self.buckets[arm][edge].append(Counter(le, list(zip(life, climbs, strict=True)), restarts, first))
            self.memory[arm] = [(at, 500 + random.randrange(100) + random.random()) for at in whole]
            for pod, less in (("one", 0.0), ("two", 50.0)):
                samples = [(at, value - less) for at, value in self.memory[arm]]
                self.page.gauge("memory_mebibytes", {"version": version, "pod": pod}, samples)
            self.page.counter("requests_total", *self.requests[arm])
            self.page.counter("errors_total", *self.errors[arm])
            self.page.histogram("seconds", *(one for series in self.buckets[arm].values() for one in series))
            named = {"version": version}
            self.page.histogram("edgeless", Counter(named, [(at, 1) for at in whole]))
            self.odd_histograms(named, whole)
            hole = [(at, 1) for at in whole if not timedelta(hours=30) < at - START < timedelta(hours=33)]
            self.page.counter("holes_total", Counter(named, hole))
            gone = [(at, 1) for at in whole if not timedelta(hours=20) < at - START < timedelta(hours=25)]
            self.page.counter("late_total", Counter(named, gone))
            halves = "\n".join(
                f'halves_total{{version="{version}"}} {n / 2} {at.timestamp()}' for n, at in enumerate(whole)
            )
            self.page.families.setdefault("# TYPE halves counter", []).append(halves)

    def odd_histograms(self, named: Mapping[str, str], whole: list[datetime]) -> None:
        """Pods whose buckets have other edges, edges that move, one bucket twice, and a restart that no scrape sees."""

        def bucket(le: str, life: list[datetime], pod: str = "one") -> Counter:
            return Counter({**named, "pod": pod, "le": le}, [(at, 1) for at in life])

        every = [bucket("+Inf", whole), bucket("+Inf", whole, "two")]
        self.page.histogram("unlike", *every, bucket("0.5", whole), bucket("0.4", whole, "two"))
        noon = START + 36 * HOUR
        early, late = [at for at in whole if at <= noon], [at for at in whole if at > noon]
        self.page.histogram("moved", every[0], bucket("0.5", early), bucket("0.4", late))
        self.page.histogram("twice", every[0], bucket("0.5", whole), bucket("0.50", whole))
        at = len(early)
        quick = [(one, 19 if place == at else 0) for place, one in enumerate(whole)]
        slow = [(one, 10 if place in (at - 1, at) else 0) for place, one in enumerate(whole)]
        self.page.histogram("restarted", Counter({**named, "le": "0.5"}, quick), Counter({**named, "le": "+Inf"}, slow))

    def text(self) -> str:
        return self.page.text()


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def url(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("prometheus"), world.text()) as address:
        yield address


def model() -> ModelFile:
    found = read(ModelFile, "policies/models/flight-delay.yaml", MODEL.encode())
    assert isinstance(found, ModelFile), found
    return found


def sources(url: str, more: str = "", origins: str = "") -> Sources:
    text = f"apiVersion: ratchet/v1\nkind: Sources\n{origins}\nsources:\n  log: {{kind: table, path: log.csv}}\n"
    text += f"  prom: {{kind: prometheus, url: '{url}'{more}}}\n"
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, Sources), found
    return found


def source(url: str, more: str = "", environ: Mapping[str, str] | None = None, origins: str = "") -> PrometheusSource:
    held = sources(url, more, origins)
    config = held.sources["prom"]
    assert config.kind == "prometheus"
    versions = Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset())
    return PrometheusSource(
        name="prom",
        config=config,
        model=model(),
        versions=versions,
        reach=Reach.of(held),
        root=Path(),
        environ=environ or {},
    )


def window(*spans: tuple[float, float]) -> Window:
    parts = tuple(Interval(START + first * HOUR, START + last * HOUR) for first, last in spans or ((24.0, 96.0),))
    return Window(parts, labels_until=parts[-1].end)


def ask(url: str, need: Need) -> Measurement | Missing:
    return source(url).answer([need]).answers[need]


def need(shape: Shape, metric: str, arm: Arm = Arm.CANDIDATE, **more: object) -> Need:
    given = {"window": window(), "arms": (arm,)} | more
    return Need(shape=shape, metric=metric, **given)  # type: ignore[arg-type]


def hour_of(at: datetime, asked: Window) -> int | None:
    """The hour of active time in which a scrape is the last word, None outside the window."""
    passed = timedelta()
    for interval in asked.intervals:
        if interval.start < at <= interval.end:
            return int((passed + (at - interval.start) - timedelta(microseconds=1)) / HOUR)
        passed += interval.length
    return None


def expected(series: list[Counter], asked: Window) -> dict[int, int]:
    sums: dict[int, int] = dict.fromkeys(range(asked.hours), 0)
    for one in series:
        for at, climb in one.climbs:
            hour = hour_of(at, asked)
            if hour is not None:
                sums[hour] += climb
    return sums


def reason(found: Measurement | Missing) -> tuple[Why, dict[str, object]]:
    assert isinstance(found, Missing), found
    return found.reason.why, dict(found.reason.parameters)


WINDOWS = [window(), window((24, 30), (40, 55)), window((24.25, 30.75), (40.5, 47.1), (90.05, 95.0)), window((0, 168))]


@pytest.mark.parametrize("arm", list(Arm))
@pytest.mark.parametrize("asked", WINDOWS, ids=["whole hours", "paused", "parts of hours", "the week"])
def test_counts_are_those_of_the_scrapes_through_restarts_and_changes_of_pods(
    world: World, url: str, asked: Window, arm: Arm
) -> None:
    found = ask(url, need(Shape.COUNTS, "errors", arm, grouping=Grouping.HOUR, window=asked))
    total, events = expected(world.requests[arm], asked), expected(world.errors[arm], asked)
    assert isinstance(found, Groups)
    assert found.groups == tuple((str(h), Counts(successes=events[h], n=total[h])) for h in sorted(total))
    whole = ask(url, need(Shape.COUNTS, "errors", arm, window=asked))
    assert whole == Counts(successes=sum(events.values()), n=sum(total.values()))


@pytest.mark.parametrize("limit", [0.25, 0.5, 1.0])
def test_a_limit_at_an_edge_is_counted_exactly(world: World, url: str, limit: float) -> None:
    found = ask(url, need(Shape.QUANTILE_COUNTS, "latency", limit=limit))
    buckets = world.buckets[Arm.CANDIDATE]
    at_or_below = sum(expected(buckets[limit], window()).values())
    n = sum(expected(buckets[math.inf], window()).values())
    assert found == QuantileCounts(at_or_below=at_or_below, n=n, maximum=None)


def test_a_limit_within_a_bucket_leaves_its_rows_unclear(world: World, url: str) -> None:
    found = ask(url, need(Shape.QUANTILE_COUNTS, "latency", limit=0.3, grouping=Grouping.HOUR))
    assert isinstance(found, Groups)
    buckets = world.buckets[Arm.CANDIDATE]
    low, high, n = (expected(buckets[edge], window()) for edge in (0.25, 0.5, math.inf))
    for hour, one in found:
        at = int(hour)
        unclear = high[at] - low[at]
        assert one == QuantileCounts(at_or_below=low[at], n=n[at], maximum=None, unclear=unclear)


def test_a_histogram_keeps_its_own_edges_and_is_too_coarse_for_hours(world: World, url: str) -> None:
    found = ask(url, need(Shape.LOG_HISTOGRAM, "latency", Arm.BASELINE))
    sums = [sum(expected(series, window()).values()) for series in world.buckets[Arm.BASELINE].values()]
    apart = [more - less for less, more in zip([0, *sums], sums, strict=False)]
    edges = (0.1, 0.25, 0.5, 1.0, None)
    assert found == BucketHistogram(buckets=tuple(zip(edges, apart, strict=True)))
    by_hour = ask(url, need(Shape.LOG_HISTOGRAM, "latency", grouping=Grouping.HOUR))
    assert reason(by_hour) == (Why.HISTOGRAM_COARSE, {"source": "prom", "metric": "latency"})


@pytest.mark.parametrize("metric", ["memory", "mean_memory"])
def test_a_gauge_is_reduced_to_one_value_for_each_hour(world: World, url: str, metric: str) -> None:
    asked = window((24.0, 30.0), (50.5, 53.0))
    found = ask(url, need(Shape.SERIES, metric, window=asked))
    assert isinstance(found, Series)
    seen: dict[int, list[float]] = {}
    passed = 0
    for interval in asked.intervals:
        for minute in range(int(interval.length / timedelta(minutes=1))):
            at = interval.start + timedelta(minutes=minute)
            held = [value for scraped, value in world.memory[Arm.CANDIDATE] if timedelta() <= at - scraped < SCRAPE]
            seen.setdefault((passed + minute) // 60, []).append(held[-1])
        passed += minute + 1
    reduce = max if metric == "memory" else lambda values: math.fsum(values) / len(values)
    assert [hour for hour, _ in found.points] == list(seen)
    expected_values = [reduce(values) * 2**20 for values in seen.values()]
    assert [value for _, value in found.points] == pytest.approx(expected_values, rel=1e-12)


def test_moments_over_hours_and_rows_follow_from_the_counts(world: World, url: str) -> None:
    hours, rows = (
        ask(url, Need(shape=Shape.MOMENTS, metric="errors", window=window(), clustering=clustering))
        for clustering in (Clustering.WITHIN_WINDOW, Clustering.ROWS)
    )
    n0, n1 = (expected(world.requests[arm], window()) for arm in Arm)
    s0, s1 = (expected(world.errors[arm], window()) for arm in Arm)
    assert isinstance(hours, ArmMoments)
    assert isinstance(rows, ArmMoments)
    assert (hours.clusters, hours.n0, hours.s1) == (72, sum(n0.values()), sum(s1.values()))
    assert hours.m0s1 == sum(n0[h] * s1[h] for h in n0)
    assert (hours.m1s1, hours.s0s0) == (sum(n1[h] * s1[h] for h in n1), sum(s * s for s in s0.values()))
    assert (rows.clusters, rows.m0m0, rows.s1s1, rows.m0m1) == (rows.n0 + rows.n1, rows.n0, rows.s1, 0)


def test_an_hour_without_a_scrape_is_missing_and_not_zero(url: str) -> None:
    found = ask(url, need(Shape.COUNTS, "holes"))
    assert reason(found) == (Why.SERIES_GAP, {"source": "prom", "metric": "holes", "hours": 3, "of": 72})


def test_a_counter_that_was_away_when_the_window_began_is_not_counted_from_zero(url: str) -> None:
    found = ask(url, need(Shape.COUNTS, "late", window=window((24.5, 60.5))))
    assert reason(found)[0] is Why.SERIES_GAP


@pytest.mark.parametrize(
    ("metric", "shape", "why"),
    [
        ("unsure", Shape.COUNTS, Why.SERIES_ABSENT),
        ("nothing", Shape.SERIES, Why.SERIES_ABSENT),
        ("more", Shape.COUNTS, Why.COUNTER_BROKEN),
        ("halves", Shape.COUNTS, Why.COUNTER_BROKEN),
        ("edgeless", Shape.QUANTILE_COUNTS, Why.COUNTER_BROKEN),
        ("unlike", Shape.QUANTILE_COUNTS, Why.COUNTER_BROKEN),
        ("moved", Shape.QUANTILE_COUNTS, Why.COUNTER_BROKEN),
        ("twice", Shape.QUANTILE_COUNTS, Why.COUNTER_BROKEN),
        ("pods", Shape.SERIES, Why.SERIES_MANY),
        ("not_a_number", Shape.SERIES, Why.NOT_A_NUMBER),
        ("broken", Shape.SERIES, Why.QUERY_REFUSED),
        ("latency", Shape.COUNTS, Why.CANNOT_VERIFY),
    ],
)
def test_every_trouble_has_its_own_reason(url: str, metric: str, shape: Shape, why: Why) -> None:
    limit = 0.5 if shape is Shape.QUANTILE_COUNTS else None
    assert reason(ask(url, need(shape, metric, limit=limit)))[0] is why


def test_rows_that_a_restart_hides_are_at_least_those_of_the_lower_edges(url: str) -> None:
    # the process had counted 10, began anew, and had 19 quick ones of 20 at the next scrape: they look like 10 more
    found = ask(url, need(Shape.QUANTILE_COUNTS, "restarted", limit=0.5, window=window((36, 37))))
    assert found == QuantileCounts(at_or_below=19, n=19, maximum=None)
    coarse = ask(url, need(Shape.LOG_HISTOGRAM, "restarted", window=window((36, 37))))
    assert coarse == BucketHistogram(buckets=((0.5, 19), (None, 0)))


def test_events_that_were_never_counted_are_none_where_the_model_file_says_so(world: World, url: str) -> None:
    n = sum(expected(world.requests[Arm.CANDIDATE], window()).values())
    assert ask(url, need(Shape.COUNTS, "quiet")) == Counts(successes=0, n=n)


def test_one_query_that_fails_leaves_the_others(url: str) -> None:
    bad, good = need(Shape.SERIES, "broken"), need(Shape.SERIES, "memory")
    found = source(url).answer([bad, good]).answers
    assert isinstance(found[bad], Missing)
    assert isinstance(found[good], Series)


def test_a_long_range_is_asked_in_chunks_that_the_server_takes(url: str) -> None:
    asked = window((0, 168))
    gauge = need(Shape.SERIES, "memory", window=asked)
    found = source(url, ", step: 10s").answer([gauge]).answers[gauge]
    assert isinstance(found, Series)
    assert [hour for hour, _ in found.points] == list(range(168))


def test_the_queries_are_told_with_the_version_bound_and_its_time(url: str) -> None:
    found: Answers = source(url).answer([need(Shape.COUNTS, "errors")])
    assert f'last_over_time(requests_total{{version="{CANDIDATE}"}}[1h])' in found.queries[0]
    assert all("2025-08-0" in query for query in found.queries)


def test_a_server_that_may_have_forgotten_the_start_of_the_window_is_not_believed(world: World, tmp_path: Path) -> None:
    with serving(tmp_path, Page({"# TYPE x gauge": ["x 1 1754300000"]}).text(), retention="3d") as short:
        found = ask(short, need(Shape.COUNTS, "errors"))
    assert reason(found) == (
        Why.RETENTION_SHORT,
        {"source": "prom", "keeps": "3 days", "since": "2025-08-05T00:00:00+00:00"},
    )


def test_a_server_that_is_not_there_is_unreachable() -> None:
    found = ask(f"http://127.0.0.1:{free_port()}", need(Shape.COUNTS, "errors"))
    assert reason(found) == (Why.SOURCE_UNREACHABLE, {"source": "prom", "status": "no connection"})


def test_the_model_file_leads_to_the_only_prometheus(url: str) -> None:
    held = sources(url)
    asked = need(Shape.COUNTS, "errors")
    assert route(asked, model(), held) == "prom"
