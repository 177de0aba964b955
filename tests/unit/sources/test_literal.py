"""The literal source: what a request states, in the shapes that it can serve, and nothing that it can't know."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders.logs import a_window
from model_ratchet.core.evidence import (
    Arm,
    BucketHistogram,
    Clustering,
    Counts,
    Grouping,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    QuantileCounts,
    Series,
    Shape,
    Suite,
)
from model_ratchet.core.reason import Why
from model_ratchet.documents.literals import Literals
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.sources.literal import LiteralSource

CANARY = a_window((0, 24))
LITERALS = """
literals:
  suites: {edge_cases: {passed: 41, failed: 2, skipped: 1}}
  proportions:
    accuracy:
      canary: {baseline: {successes: 812, n: 1000}, candidate: {successes: 430, n: 500}}
      shadow: {pairs: {both: 70, only_baseline: 5, only_candidate: 12, neither: 13}}
    errors: {canary: {candidate: {successes: 0, n: 3000}}}
  durations:
    latency: {canary: {candidate: {n: 1000, at_or_below: {1s: 999, 500ms: 990}, largest: 1.2s}}}
  gauges:
    memory: {canary: {unit: MiB, baseline: [[0, 200], [1, 201.5]], candidate: [[0, 205], [23, 207], [24, 900]]}}
    cpu: {canary: {unit: "%", candidate: [[0, 50]]}}
"""
REQUEST = f"""
apiVersion: ratchet/v1
kind: PromotionRequest
model: flight-delay
candidate: v2.1.0_20250818_142000
baseline: none
policy: standard/1.0.0
artifact: {{uri: "s3://models/2", digest: "sha256:{"a" * 64}"}}
owner: ml-platform
"""
BASELINE, CANDIDATE = (Arm.BASELINE,), (Arm.CANDIDATE,)


def literals(text: str = LITERALS) -> Literals:
    found = read(PromotionRequest, "promotion.yaml", (REQUEST + text).encode())
    assert isinstance(found, PromotionRequest), found
    return found.literals


def answered(need: Need) -> Measurement | Missing:
    windows = {"canary": CANARY, "shadow": a_window((30, 54))}
    source = LiteralSource(name="claims", literals=literals(), windows=windows)
    return source.answer([need]).answers[need]


def a_need(shape: Shape, metric: str, arms: tuple[Arm, ...] = CANDIDATE, stage: str = "canary", **more: object) -> Need:
    window = CANARY if stage == "canary" else a_window((30, 54))
    need = Need(shape=shape, window=window, stage=stage, metric=metric, arms=arms)
    return replace(need, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("need", "answer"),
    [
        (Need(shape=Shape.SUITE, metric="edge_cases", arms=CANDIDATE), Suite(passed=41, failed=2, skipped=1)),
        (a_need(Shape.COUNTS, "accuracy", BASELINE), Counts(successes=812, n=1000)),
        (a_need(Shape.COUNTS, "accuracy"), Counts(successes=430, n=500)),
        (a_need(Shape.COUNTS, "accuracy", BASELINE, "shadow"), Counts(successes=75, n=100)),
        (a_need(Shape.COUNTS, "accuracy", CANDIDATE, "shadow"), Counts(successes=82, n=100)),
        (
            a_need(Shape.PAIRED_COUNTS, "accuracy", tuple(Arm), "shadow", paired=True),
            PairedCounts(both=70, only_baseline=5, only_candidate=12, neither=13),
        ),
        (
            a_need(Shape.QUANTILE_COUNTS, "latency", limit=0.5),
            QuantileCounts(at_or_below=990, n=1000, maximum=1.2),
        ),
        (a_need(Shape.QUANTILE_COUNTS, "latency", limit=1.0), QuantileCounts(at_or_below=999, n=1000, maximum=1.2)),
        (a_need(Shape.LOG_HISTOGRAM, "latency"), BucketHistogram(buckets=((0.5, 990), (1.0, 9), (None, 1)))),
        (a_need(Shape.SERIES, "memory", BASELINE), Series(points=((0, 200 * 2.0**20), (1, 201.5 * 2.0**20)))),
        (a_need(Shape.SERIES, "memory"), Series(points=((0, 205 * 2.0**20), (23, 207 * 2.0**20)))),
        (a_need(Shape.SERIES, "cpu"), Series(points=((0, 0.5),))),
    ],
)
def test_what_is_stated_is_the_measurement_that_is_asked(need: Need, answer: Measurement) -> None:
    assert answered(need) == answer


@pytest.mark.parametrize(
    ("need", "of"),
    [
        (Need(shape=Shape.SUITE, metric="anomalies", arms=CANDIDATE), "candidate"),
        (a_need(Shape.COUNTS, "errors", BASELINE), "baseline"),
        (a_need(Shape.COUNTS, "errors", CANDIDATE, "shadow"), "candidate"),
        (a_need(Shape.COUNTS, "recall"), "candidate"),
        (a_need(Shape.PAIRED_COUNTS, "accuracy", tuple(Arm), paired=True), "baseline and candidate"),
        (a_need(Shape.LOG_HISTOGRAM, "latency", BASELINE), "baseline"),
        (a_need(Shape.SERIES, "cpu", BASELINE), "baseline"),
    ],
)
def test_what_is_not_stated_is_missing_until_it_is(need: Need, of: str) -> None:
    found = answered(need)
    assert isinstance(found, Missing)
    assert not found.lasting
    stage = need.stage or "any"
    expected = {"source": "claims", "metric": need.metric, "stage": stage, "of": of}
    assert (found.reason.why, dict(found.reason.parameters)) == (Why.LITERAL_ABSENT, expected)


def test_rows_counted_at_another_limit_do_not_answer() -> None:
    found = answered(a_need(Shape.QUANTILE_COUNTS, "latency", limit=0.4))
    assert isinstance(found, Missing)
    assert found.lasting
    expected = {"source": "claims", "metric": "latency", "limit": "0.4 s", "stated": "1s, 500ms"}
    assert (found.reason.why, dict(found.reason.parameters)) == (Why.LITERAL_LIMIT, expected)


DAY = CANARY.part(timedelta(), timedelta(hours=12))


@pytest.mark.parametrize(
    ("need", "what", "lasting"),
    [
        (a_need(Shape.COUNTS, "accuracy", grouping=Grouping.HOUR), "hours", False),
        (a_need(Shape.COUNTS, "accuracy", grouping=Grouping.SEGMENT, segment="origin"), "segments", True),
        (a_need(Shape.MOMENTS, "accuracy", tuple(Arm), clustering=Clustering.COLUMN), "single rows and clusters", True),
        (a_need(Shape.COUNTS, "accuracy", window=DAY), "parts of a stage", True),
        (a_need(Shape.SERIES, "memory", window=DAY), "parts of a stage", True),
        (a_need(Shape.COUNTS, "accuracy", stage="canary", window=None), "parts of a stage", True),
        (a_need(Shape.COUNTS, "accuracy", served_only=True), "served rows alone", True),
        (a_need(Shape.LABELS, "accuracy"), "labels", True),
        (a_need(Shape.ROWS, "", tuple(Arm)), "rows", True),
    ],
)
def test_what_totals_of_a_stage_can_not_say_is_missing(need: Need, what: str, lasting: bool) -> None:
    found = answered(need)
    assert isinstance(found, Missing)
    assert found.lasting is lasting
    assert found.reason.why is Why.LITERAL_TOTALS
    assert found.reason.parameters["what"] == what


def test_without_the_windows_of_the_stages_nothing_but_a_suite_is_answered() -> None:
    source = LiteralSource(name="claims", literals=literals(), windows={})
    unstarted = a_need(Shape.COUNTS, "accuracy", window=None)
    suite, counts = Need(shape=Shape.SUITE, metric="edge_cases", arms=CANDIDATE), a_need(Shape.COUNTS, "accuracy")
    answers = source.answer([suite, counts, unstarted]).answers
    assert isinstance(answers[suite], Suite)
    assert isinstance(answers[counts], Missing)
    assert isinstance(answers[unstarted], Missing)
