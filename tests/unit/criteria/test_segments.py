"""segments: the worst value of any column, corrected for their number, and what can't be assessed."""

from collections.abc import Mapping

import pytest
from scipy.stats import norm
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from builders.scopes import (
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    a_table,
    judged,
    some_facts,
    split_rows,
    uncomparable_rows,
    unpaired,
)
from model_ratchet.core.evidence import (
    Arm,
    Categories,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Missing,
    Need,
    PairedCounts,
    Rows,
    Shape,
)
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.segments import Segments

FLAT = PairedCounts(both=1_400, only_baseline=60, only_candidate=60, neither=480)
POOR = PairedCounts(both=1_400, only_baseline=160, only_candidate=40, neither=400)
SMALL = PairedCounts(both=70, only_baseline=20, only_candidate=2, neither=28)


def a_criterion(drop: str = "2pp", min_assessable: str = "80%", **more: object) -> Segments:
    return Segments.model_validate(
        {
            "id": "segments",
            "kind": "segments",
            "metric": "accuracy",
            "max_drop": drop,
            "min_assessable": min_assessable,
            **more,
        }
    )


def of(
    tables: Mapping[str, PairedCounts], criterion: Segments | None = None, sizes: Mapping[str, int] | None = None
) -> Judgement:
    """The pairs of each airport, and the same over all; as many rows as pairs where nothing else is said."""
    counts = {value: table.n for value, table in tables.items()} | dict(sizes or {})

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.CATEGORIES:
            return Categories(counts=tuple(counts.items()))
        if need.shape is Shape.PAIRED_COUNTS:
            return Groups(groups=tuple(tables.items())) if need.grouping is Grouping.SEGMENT else a_table()
        return None

    return judged(criterion or a_criterion(), a_scope(segments=("origin",)), answer)


def test_segments_of_which_none_is_harmed_pass_and_the_lowest_is_shown() -> None:
    lowest = PairedCounts(both=1_400, only_baseline=70, only_candidate=60, neither=470)
    judgement = of({"EWR": FLAT, "JFK": lowest, "LGA": FLAT})
    assert judgement.outcome is Outcome.PASSED
    assert judgement.reason == because(Why.NOT_WORSE, margin="2pp", segment="origin=JFK")
    assert [part.name for part in judgement.parts] == ["origin=EWR", "origin=JFK", "origin=LGA"]
    assert judgement.estimate is not None
    assert judgement.estimate.value == pytest.approx(-10 / 2_000, rel=1e-8)


def test_one_segment_that_is_significantly_harmed_fails_whatever_the_others_gain() -> None:
    gained = PairedCounts(both=1_400, only_baseline=20, only_candidate=260, neither=320)
    judgement = of({"EWR": gained, "JFK": POOR, "LGA": gained})
    assert judgement.outcome is Outcome.FAILED
    assert judgement.reason == because(Why.SEGMENT_WORSE, segment="origin=JFK", segments=1, margin="2pp")
    assert judgement.estimate is not None
    assert judgement.estimate.value == -0.06
    assert [part.name for part in judgement.parts if part.outcome is Outcome.FAILED] == ["origin=JFK"]


def test_the_segments_are_corrected_for_their_number_by_holm() -> None:
    outcomes = set()
    for lost in range(80, 160, 2):
        table = PairedCounts(both=1_400, only_baseline=lost, only_candidate=40, neither=560 - lost)
        p_values = [float(norm.cdf(_score(one, -0.02))) for one in (table, FLAT, FLAT, FLAT)]
        expected = bool(multipletests(p_values, method="holm")[1][0] < 0.05)
        judgement = of({"a": table, "b": FLAT, "c": FLAT, "d": FLAT})
        assert (judgement.outcome is Outcome.FAILED) is expected, lost
        # a test without the correction would have failed some of them
        outcomes.add((p_values[0] < 0.05, expected))
    assert outcomes == {(False, False), (True, False), (True, True)}


def _score(table: PairedCounts, delta: float) -> float:
    """Tango's statistic, its constrained probability found by bisection of the likelihood's slope."""
    n, gain, loss = table.n, table.only_candidate, table.only_baseline
    low, high = max(0.0, -delta) + 1e-15, (1 - delta) / 2 - 1e-15
    for _ in range(200):
        q = (low + high) / 2
        slope = gain / (q + delta) + loss / q - 2 * (n - gain - loss) / (1 - 2 * q - delta)
        low, high = (q, high) if slope > 0 else (low, q)
    return float((gain - loss - n * delta) / (n * (2 * low + delta - delta**2)) ** 0.5)


def test_segments_that_are_all_too_small_are_inconclusive() -> None:
    judgement = of({"EWR": SMALL, "JFK": SMALL})
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.SEGMENTS_TOO_SMALL, assessable=0.0, segments=0, least=200)
    assert judgement.warnings == (because(Why.NOT_ASSESSABLE, segment="origin", values="EWR, JFK"),)


def test_segments_that_are_too_small_are_shown_and_the_assessable_share_decides() -> None:
    tables = {"EWR": FLAT, "JFK": FLAT, "LGA": SMALL}
    judgement = of(tables)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.warnings == (because(Why.NOT_ASSESSABLE, segment="origin", values="LGA"),)
    judgement = of(tables, sizes={"LGA": 1_000})
    assert judgement.outcome is Outcome.PASSED
    judgement = of(tables, sizes={"LGA": 1_001})
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.reason == because(Why.SEGMENTS_TOO_SMALL, assessable=4_000 / 5_001, segments=2, least=200)


def test_harm_of_a_large_segment_is_not_hidden_by_small_ones() -> None:
    judgement = of({"JFK": POOR, "LGA": SMALL}, sizes={"LGA": 10_000})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.SEGMENT_WORSE)


def test_every_column_must_be_assessable() -> None:
    def answer(need: Need) -> Answer | None:
        table = FLAT if need.segment == "origin" else SMALL
        if need.shape is Shape.CATEGORIES:
            return Categories(counts=(("x", table.n),))
        if need.shape is Shape.PAIRED_COUNTS:
            return Groups(groups=(("x", table),)) if need.segment else a_table()
        return None

    judgement = judged(a_criterion(), a_scope(segments=("origin", "carrier")), answer)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.SEGMENTS_TOO_SMALL)


def test_identical_predictions_are_judged_by_their_interval() -> None:
    same = PairedCounts(both=1_400, only_baseline=0, only_candidate=0, neither=600)
    judgement = of({"EWR": same, "JFK": same})
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.low is not None
    z2 = norm.ppf(0.95) ** 2
    assert judgement.estimate.low == pytest.approx(-z2 / (2_000 + z2), rel=1e-6)


@pytest.mark.parametrize("right", [0, 2_000])
def test_all_right_or_all_wrong_in_both_arms_is_judged_by_its_interval(right: int) -> None:
    judgement = _of_arms({"EWR": (right, 2_000), "JFK": (right, 2_000)}, {"EWR": (right, 2_000), "JFK": (right, 2_000)})
    assert judgement.outcome is Outcome.PASSED


def _of_arms(baseline: Mapping[str, tuple[int, int]], candidate: Mapping[str, tuple[int, int]]) -> Judgement:
    arms = {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate}

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.ROWS:
            return split_rows()
        if need.shape is Shape.CATEGORIES:
            return Categories(counts=tuple((value, n) for value, (_, n) in candidate.items()))
        if need.shape is not Shape.COUNTS:
            return None
        counts = [(value, Counts(successes=right, n=n)) for value, (right, n) in arms[need.arms[0]].items()]
        if need.grouping is Grouping.SEGMENT:
            return Groups(groups=tuple(counts))
        return sum((one for _, one in counts), Counts(successes=0, n=0))

    return judged(a_criterion(), a_scope(unpaired(), segments=("origin",)), answer)


def test_a_difference_that_turns_round_in_every_segment_is_warned_of() -> None:
    baseline = {"EWR": (900, 1_000), "JFK": (4_500, 9_000)}
    candidate = {"EWR": (8_010, 9_000), "JFK": (485, 1_000)}
    (warning,) = _of_arms(baseline, candidate).warnings
    assert (warning.why, warning.parameters["segment"]) == (Why.SIMPSON, "origin")
    assert warning.parameters["pooled"] == pytest.approx(8_495 / 10_000 - 5_400 / 10_000, rel=1e-8)
    weights = {value: baseline[value][1] * candidate[value][1] for value in baseline}
    expected = sum(
        weights[value] * (candidate[value][0] / candidate[value][1] - baseline[value][0] / baseline[value][1])
        for value in baseline
    ) / sum(weights.values())
    assert warning.parameters["stratified"] == pytest.approx(expected, rel=1e-8)
    # the odds ratio of an independent package points the same way
    tables = [
        [[candidate[v][0], candidate[v][1] - candidate[v][0]], [baseline[v][0], baseline[v][1] - baseline[v][0]]]
        for v in baseline
    ]
    assert StratifiedTable(tables).oddsratio_pooled < 1


def test_arms_of_one_mix_are_not_warned_of() -> None:
    baseline = {"EWR": (900, 1_000), "JFK": (500, 1_000)}
    assert _of_arms(baseline, {"EWR": (890, 1_000), "JFK": (490, 1_000)}).warnings == ()


def test_a_segment_that_only_one_arm_saw_is_shown_as_not_assessable() -> None:
    judgement = _of_arms({"EWR": (1_400, 2_000)}, {"EWR": (1_410, 2_000), "JFK": (300, 400)})
    assert judgement.outcome is Outcome.PASSED
    assert judgement.warnings == (because(Why.NOT_ASSESSABLE, segment="origin", values="JFK"),)


def test_segments_with_fewer_clusters_than_the_minimum_are_not_assessable() -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.CATEGORIES:
            return Categories(counts=(("EWR", 2_000),))
        if need.shape is Shape.MOMENTS:
            return Groups(groups=(("EWR", paired_moments([(500, 350, 350)] * 4)),))
        if need.shape is Shape.PAIRED_COUNTS:
            return Groups(groups=(("EWR", FLAT),)) if need.segment else a_table()
        return None

    judgement = judged(a_criterion(), a_scope(segments=("origin",), cluster="service_date"), answer)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.SEGMENTS_TOO_SMALL)


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS, Shape.PAIRED_COUNTS, Shape.CATEGORIES])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: Groups(groups=(("EWR", FLAT),)),
        Shape.CATEGORIES: Categories(counts=(("EWR", 2_000),)),
        shape: Missing(reason=reason),
    }
    judgement = judged(a_criterion(), a_scope(segments=("origin",)), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(("rows", "why"), uncomparable_rows(mirrored=True))
def test_arms_that_can_not_be_compared_are_errored(rows: Rows, why: Why) -> None:
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: Groups(groups=(("EWR", FLAT),)),
        Shape.CATEGORIES: Categories(counts=(("EWR", 2_000),)),
        Shape.ROWS: rows,
    }
    judgement = judged(a_criterion(), a_scope(segments=("origin",)), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(segments=("origin",)), Evidence()).outcome is Outcome.ERRORED


def test_a_model_file_without_a_segment_column_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "segments"
    assert a_criterion(metric="clicks").unbound(some_facts(segments=("origin",))) == "metrics.clicks"
    assert a_criterion().unbound(some_facts(segments=("origin",))) is None


def test_what_can_not_be_compared_does_not_fit() -> None:
    (message,) = a_criterion(metric="latency").misfits(a_scope())
    assert message == "'latency' is a duration: this criterion compares proportions and means"
    (message,) = a_criterion().misfits(a_scope(a_stage(days=1 / 8), cluster="day", finer_cluster=True))
    assert message == "the stage 'canary' holds 3 hourly clusters and min_clusters is 5"
