"""non_inferiority: judged by its interval in every design, and by nothing else."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from builders.scopes import (
    ERRORS,
    RETURN,
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    a_table,
    answered,
    arm_counts,
    by_hour,
    good_rows,
    judged,
    some_facts,
    split_rows,
    uncomparable_rows,
    unpaired,
)
from model_ratchet.core.evidence import (
    ArmRows,
    Counts,
    Evidence,
    Grouping,
    Labels,
    Missing,
    Need,
    PairedCounts,
    Rows,
    Shape,
)
from model_ratchet.core.moments import arm_moments, paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.non_inferiority import NonInferiority


def a_criterion(margin: str = "1pp", metric: str = "accuracy", **more: object) -> NonInferiority:
    return NonInferiority.model_validate(
        {"id": "not-worse", "kind": "non_inferiority", "metric": metric, "margin": margin, **more}
    )


def of_pairs(table: PairedCounts, **more: str) -> Judgement:
    return judged(a_criterion(**more), a_scope(), {Shape.PAIRED_COUNTS: table})


def of_arms(baseline: Counts, candidate: Counts, criterion: NonInferiority | None = None) -> Judgement:
    counts = arm_counts(baseline, candidate)

    def answer(need: Need) -> Answer | None:
        return split_rows(baseline.n, candidate.n) if need.shape is Shape.ROWS else counts(need)

    return judged(
        criterion or a_criterion(), a_scope(unpaired(traffic=candidate.n / (baseline.n + candidate.n))), answer
    )


def test_pairs_whose_lower_bound_clears_the_margin_pass() -> None:
    judgement = of_pairs(a_table(only_baseline=1_000, only_candidate=1_000))
    assert judgement.outcome is Outcome.PASSED
    assert judgement.reason == because(Why.NOT_WORSE, margin="1pp")


def test_pairs_whose_upper_bound_is_beyond_the_margin_fail() -> None:
    judgement = of_pairs(a_table(only_baseline=1_600, only_candidate=1_000))
    assert judgement.outcome is Outcome.FAILED
    assert judgement.reason == because(Why.MARGIN_BROKEN, margin="1pp")


def test_an_interval_across_the_margin_is_inconclusive_and_says_how_many_rows_are_missing() -> None:
    table = PairedCounts(both=600, only_baseline=50, only_candidate=50, neither=300)
    judgement = of_pairs(table)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)
    # 80 % power at no difference and a discordance of 10 %: (1.645 + 0.842)² · 0.1 / 0.01² pairs in all
    wanted = (norm.ppf(0.95) + norm.ppf(0.8)) ** 2 * 0.1 / 0.01**2 - 1_000
    assert judgement.reason.parameters["more_rows"] == pytest.approx(wanted, rel=0.03)


def test_beyond_the_margin_more_rows_will_not_help() -> None:
    judgement = of_pairs(PairedCounts(both=600, only_baseline=60, only_candidate=40, neither=300))
    assert judgement.reason == because(Why.INTERVAL_ACROSS, limit="-1pp", more_rows=0)


def test_pairs_without_a_discordant_one_are_judged_by_their_interval() -> None:
    many = of_pairs(PairedCounts(both=7_000, only_baseline=0, only_candidate=0, neither=3_000))
    assert many.outcome is Outcome.PASSED
    assert many.estimate is not None
    # with no discordant pair Tango's bound has the closed form z²/(n + z²)
    z2 = norm.ppf(0.95) ** 2
    assert many.estimate.low == pytest.approx(-z2 / (10_000 + z2), rel=1e-6)
    few = of_pairs(PairedCounts(both=70, only_baseline=0, only_candidate=0, neither=30))
    assert few.outcome is Outcome.INCONCLUSIVE
    assert few.estimate is not None
    assert few.estimate.low == pytest.approx(-z2 / (100 + z2), rel=1e-6)


@pytest.mark.parametrize("right", [0, 9_000])
def test_all_right_or_all_wrong_in_both_arms_is_judged_by_its_interval(right: int) -> None:
    assert of_arms(Counts(successes=right, n=9_000), Counts(successes=right, n=9_000)).outcome is Outcome.PASSED
    few = min(right, 120)
    assert of_arms(Counts(successes=few, n=120), Counts(successes=few, n=120)).outcome is Outcome.INCONCLUSIVE


def test_the_bounds_of_pairs_are_where_the_score_of_the_likeliest_table_is_its_critical_value() -> None:
    table = PairedCounts(both=530, only_baseline=90, only_candidate=140, neither=240)
    estimate = of_pairs(table).estimate
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.level == 0.9
    for delta, z in ((estimate.low, norm.ppf(0.95)), (estimate.high, -norm.ppf(0.95))):
        assert _score(table, delta) == pytest.approx(z, abs=1e-4)


def _score(table: PairedCounts, delta: float) -> float:
    """Tango's statistic with the constrained likelihood maximised by search, instead of in closed form."""
    n, gain, loss = table.n, table.only_candidate, table.only_baseline

    def lost(q: float) -> float:
        return -(gain * log(q + delta) + loss * log(q) + (n - gain - loss) * log(1 - 2 * q - delta))

    low = max(0.0, -delta) + 1e-12
    q = minimize_scalar(lost, bounds=(low, (1 - delta) / 2 - 1e-12), method="bounded", options={"xatol": 1e-12}).x
    return float((gain - loss - n * delta) / sqrt(n * (2 * q + delta - delta**2)))


def test_independent_arms_have_newcombes_interval_and_the_pooled_p_value() -> None:
    estimate = of_arms(Counts(successes=7_000, n=10_000), Counts(successes=1_390, n=2_000)).estimate
    assert estimate is not None
    low, high = confint_proportions_2indep(1_390, 2_000, 7_000, 10_000, method="newcomb", alpha=0.1)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((-0.005, low, high), rel=1e-7)
    assert estimate.p_value == pytest.approx(proportions_ztest([1_390, 7_000], [2_000, 10_000])[1], rel=1e-7)
    assert estimate.n == 2_000


def test_of_a_metric_that_is_better_when_lower_a_rise_is_the_harm() -> None:
    facts = some_facts(metrics={"errors": ERRORS})
    criterion = a_criterion(metric="errors")
    scope = Scope(facts=facts, stages=(unpaired(),))
    rows = split_rows()

    def outcome(baseline: int, candidate: int) -> Outcome:
        counts = arm_counts(Counts(successes=baseline, n=20_000), Counts(successes=candidate, n=20_000))
        return judged(criterion, scope, lambda need: rows if need.shape is Shape.ROWS else counts(need)).outcome

    assert outcome(1_000, 400) is Outcome.PASSED
    assert outcome(400, 1_000) is Outcome.FAILED


DAYS = [(900, 640, 650), (1_100, 770, 775), (1_000, 700, 690), (950, 660, 670), (1_050, 735, 740), (1_000, 690, 705)]


def test_clustered_pairs_have_the_interval_of_a_regression_with_clustered_errors() -> None:
    scope = a_scope(cluster="service_date")
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: a_table(both=4_000, only_baseline=195, only_candidate=230, neither=1_575),
        Shape.MOMENTS: paired_moments(DAYS),
    }
    judgement = judged(a_criterion(), scope, evidence)
    estimate = judgement.estimate
    assert estimate is not None
    assert estimate.clusters == 6
    expected = _regression([_differences(day) for day in DAYS])
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, rel=1e-7)
    assert judgement.outcome is Outcome.PASSED


def _differences(day: tuple[int, int, int]) -> list[int]:
    """Pairs of one day whose differences add up to the candidate's sum less the baseline's."""
    m, s0, s1 = day
    sign = 1 if s1 > s0 else -1
    return [sign] * abs(s1 - s0) + [0] * (m - abs(s1 - s0))


def _regression(days: list[list[int]]) -> tuple[float, float, float]:
    values = np.concatenate([np.array(day, dtype=float) for day in days])
    groups = np.repeat(np.arange(len(days)), [len(day) for day in days])
    fitted = OLS(values, np.ones_like(values)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True}, use_t=True
    )
    low, high = fitted.conf_int(alpha=0.1)[0]
    return float(fitted.params[0]), float(low), float(high)


def test_arms_that_share_their_clusters_are_compared_in_one_regression() -> None:
    # the days differ by 20 points and the arms by none: what they share of a day cancels
    days = [(1_000, 600 + 40 * k, 1_000, 600 + 40 * k + (-1) ** k) for k in range(6)]
    counts = arm_counts(
        Counts(successes=sum(day[1] for day in days), n=6_000), Counts(successes=sum(day[3] for day in days), n=6_000)
    )
    scope = a_scope(unpaired(), cluster="service_date")

    def answer(need: Need) -> Answer | None:
        by_shape: dict[Shape, Answer] = {Shape.ROWS: split_rows(), Shape.MOMENTS: arm_moments(days)}
        return by_shape.get(need.shape) or counts(need)

    judgement = judged(a_criterion(), scope, answer)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    y, arm, groups = [], [], []
    for index, (m0, s0, m1, s1) in enumerate(days):
        y += [1.0] * s0 + [0.0] * (m0 - s0) + [1.0] * s1 + [0.0] * (m1 - s1)
        arm += [0.0] * m0 + [1.0] * m1
        groups += [index] * (m0 + m1)
    design = np.column_stack([np.ones(len(y)), arm])
    fitted = OLS(np.array(y), design).fit(cov_type="cluster", cov_kwds={"groups": np.array(groups)}, use_t=True)
    low, high = fitted.conf_int(alpha=0.1)[1]
    assert (judgement.estimate.low, judgement.estimate.high) == pytest.approx((low, high), rel=1e-3)


def test_fewer_clusters_than_the_minimum_fall_back_on_the_finer_ones_and_then_are_inconclusive() -> None:
    coarse, fine = paired_moments(DAYS[:3]), paired_moments([(100, 70, 71), (100, 71, 70)] * 40)
    table = a_table(both=5_000, only_baseline=300, only_candidate=300, neither=2_400)

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.MOMENTS:
            return coarse if need.clustering == "column" else fine
        return table if need.shape is Shape.PAIRED_COUNTS else None

    finer = a_scope(cluster="service_date", finer_cluster=True)
    judgement = judged(a_criterion(), finer, answer)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.clusters == 80
    only = judged(a_criterion(), a_scope(cluster="service_date"), answer)
    assert (only.outcome, only.reason) == (Outcome.INCONCLUSIVE, because(Why.TOO_FEW_CLUSTERS, clusters=3, least=5))


def test_clusters_without_any_scatter_are_judged_by_the_interval_of_the_rows() -> None:
    same = paired_moments([(100, 70, 70)] * 6)
    table = PairedCounts(both=420, only_baseline=0, only_candidate=0, neither=180)
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: table, Shape.MOMENTS: same}
    judgement = judged(a_criterion(margin="0.1pp"), a_scope(cluster="service_date"), evidence)
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_mean_is_compared_by_its_moments_and_its_interval_is_that_of_a_t_test() -> None:
    scope = Scope(facts=some_facts(metrics={"portfolio_return": RETURN}), stages=(unpaired(),))
    rows = [(1, 1_000_000 + 1_000 * (k % 7), 0, 0) for k in range(400)]
    rows += [(0, 0, 1, 1_001_000 + 1_000 * (k % 5)) for k in range(400)]
    evidence: dict[Shape, Answer] = {Shape.ROWS: split_rows(400, 400), Shape.MOMENTS: arm_moments(rows, unit=1_000_000)}
    judgement = judged(a_criterion(metric="portfolio_return"), scope, evidence)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    first = np.array([1 + 0.001 * (k % 7) for k in range(400)])
    second = np.array([1.001 + 0.001 * (k % 5) for k in range(400)])
    assert judgement.estimate.value == pytest.approx(second.mean() - first.mean(), rel=1e-8)
    error = sqrt(first.var() / 400 + second.var() / 400)
    assert judgement.estimate.low is not None
    half = judgement.estimate.value - judgement.estimate.low
    assert half == pytest.approx(norm.ppf(0.95) * error, rel=5e-3)


def test_stages_are_strata_weighted_by_the_candidates_rows() -> None:
    scope = a_scope(a_stage("canary"), a_stage("shadow", traffic=None))
    tables = {
        "canary": a_table(both=12_000, only_baseline=800, only_candidate=1_000, neither=6_200),
        "shadow": a_table(both=6_000, only_baseline=500, only_candidate=400, neither=3_100),
    }
    judgement = judged(a_criterion(), scope, lambda need: tables[need.stage] if need.paired else None)
    estimate = judgement.estimate
    assert estimate is not None
    assert estimate.value == pytest.approx((20_000 * 0.01 + 10_000 * -0.01) / 30_000, rel=1e-8)
    errors = [
        sqrt((table.discordant / table.n - ((table.only_candidate - table.only_baseline) / table.n) ** 2) / table.n)
        for table in tables.values()
    ]
    error = sqrt((2 / 3 * errors[0]) ** 2 + (1 / 3 * errors[1]) ** 2)
    assert estimate.low is not None
    assert estimate.value - estimate.low == pytest.approx(norm.ppf(0.95) * error, rel=2e-3)


def test_fewer_rows_than_the_minimum_are_inconclusive() -> None:
    judgement = of_pairs(PairedCounts(both=70, only_baseline=0, only_candidate=0, neither=29))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_ROWS, rows=99, least=100),
    )


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS, Shape.PAIRED_COUNTS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: a_table(), shape: Missing(reason=reason)}
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize(("rows", "why"), uncomparable_rows(mirrored=True))
def test_pairs_of_arms_that_can_not_be_compared_are_errored(rows: Rows, why: Why) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.PAIRED_COUNTS: a_table(), Shape.ROWS: rows})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


@pytest.mark.parametrize("metric", ["accuracy", "errors"])
def test_a_broken_split_makes_every_comparison_of_its_arms_errored_whatever_their_table(metric: str) -> None:
    counts = arm_counts(Counts(successes=10, n=20_000), Counts(successes=10, n=20_000))
    for rows, why in uncomparable_rows(mirrored=False):
        judgement = judged(
            a_criterion(metric=metric),
            a_scope(unpaired()),
            lambda need, rows=rows: rows if need.shape is Shape.ROWS else counts(need),  # type: ignore[misc]
        )
        assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_labels_that_come_unequally_to_independent_arms_are_errored() -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.LABELS:
            return Labels(labelled=19_000 if need.arms[0] == "baseline" else 18_500, rows=20_000)
        return split_rows() if need.shape is Shape.ROWS else Counts(successes=14_000, n=20_000)

    judgement = judged(a_criterion(), a_scope(unpaired()), answer)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.COVERAGE_DIFFERS)
    expected = proportions_ztest([18_500, 19_000], [20_000, 20_000])[1]
    assert judgement.reason.parameters["p_value"] == pytest.approx(expected, rel=1e-6)


def test_an_arm_without_a_row_is_errored() -> None:
    scope = a_scope(unpaired())
    counts = arm_counts(Counts(successes=10, n=20), Counts(successes=0, n=0))
    judgement = judged(a_criterion(), scope, lambda need: split_rows() if need.shape is Shape.ROWS else counts(need))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_no_evidence_at_all_is_errored() -> None:
    judgement = a_criterion().judge(a_scope(), Evidence())
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NOT_ASKED)


def test_what_was_excluded_is_shown_beside_the_outcome() -> None:
    rows = good_rows(
        candidate=ArmRows(rows=20_000, served=1_000, units=1_000, not_a_number=7),
        duplicates=3,
        others=(("v1.0.0_20250101_000000", 12),),
    )
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: a_table(only_candidate=1_000),
        Shape.ROWS: rows,
        Shape.LABELS: Labels(labelled=20_000, rows=20_000, excluded=11),
    }
    judgement = judged(a_criterion(), a_scope(), evidence)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.warnings == (
        because(Why.OTHER_VERSIONS, rows=12, versions="v1.0.0_20250101_000000"),
        because(Why.DUPLICATES_DROPPED, rows=3),
        because(Why.EXCLUDED_ROWS, rows=11, because="excluded label"),
        because(Why.EXCLUDED_ROWS, rows=7, because="no number"),
    )


def test_repeated_attempts_divide_alpha() -> None:
    table = PairedCounts(both=6_000, only_baseline=400, only_candidate=352, neither=3_248)
    assert of_pairs(table).outcome is Outcome.PASSED
    again = judged(a_criterion(), a_scope(alpha_divisor=2), {Shape.PAIRED_COUNTS: table})
    assert again.outcome is Outcome.INCONCLUSIVE
    assert again.estimate is not None
    assert again.estimate.level == 0.95


def test_a_relative_margin_is_read_relative_to_the_baseline() -> None:
    judgement = of_pairs(a_table(only_baseline=1_000, only_candidate=1_100), margin="1%")
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.scale == "relative"
    assert judgement.estimate.value == pytest.approx(100 / 13_000, rel=1e-8)
    # the ratio of two shares of the same pairs: the variance of its logarithm is (b + c)/(x₀ · x₁)
    ratio = 13_100 / 13_000
    half = norm.ppf(0.95) * ratio * sqrt(2_100 / (13_000 * 13_100))
    assert judgement.estimate.low == pytest.approx(ratio - 1 - half, rel=0.02)


def test_a_relative_margin_of_a_baseline_that_is_always_wrong_is_inconclusive() -> None:
    judgement = of_pairs(PairedCounts(both=0, only_baseline=0, only_candidate=40, neither=960), margin="1%")
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)


def test_rows_that_look_clustered_without_a_cluster_are_warned_of_loudly() -> None:
    hours = by_hour(
        [
            PairedCounts(both=70, only_baseline=0, only_candidate=20, neither=10)
            if hour % 2
            else PairedCounts(both=70, only_baseline=20, only_candidate=0, neither=10)
            for hour in range(48)
        ]
    )

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.PAIRED_COUNTS:
            return hours if need.grouping is Grouping.HOUR else a_table(only_candidate=1_000)
        return None

    judgement = judged(a_criterion(), a_scope(), answer)
    assert judgement.outcome is Outcome.PASSED
    assert [warning.why for warning in judgement.warnings] == [Why.LOOKS_CLUSTERED]


def test_hours_that_can_not_be_read_are_no_sign_of_clusters() -> None:
    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.PAIRED_COUNTS:
            return Missing(reason=UNREADABLE[0]) if need.grouping is Grouping.HOUR else a_table(only_candidate=1_000)
        return None

    judgement = judged(a_criterion(), a_scope(), answer)
    assert (judgement.outcome, judgement.warnings) == (Outcome.PASSED, ())


@pytest.mark.parametrize(("apart", "by"), [(0, []), (1, ["day"]), (10, ["hour"])], ids=["not", "by-day", "by-hour"])
def test_the_shortest_blocks_that_scatter_too_much_are_named(apart: int, by: list[str]) -> None:
    """Days in turn are better and worse by so many of 20 discordant pairs an hour."""

    def hour_of(day: int) -> PairedCounts:
        lost = 10 + apart * (-1) ** day
        return PairedCounts(both=970, only_baseline=lost, only_candidate=20 - lost, neither=10)

    hours = by_hour([hour_of(hour // 24) for hour in range(14 * 24)])

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.PAIRED_COUNTS:
            return hours if need.grouping is Grouping.HOUR else a_table(only_candidate=1_000)
        return None

    warnings = judged(a_criterion(), a_scope(), answer).warnings
    assert [one.parameters["by"] for one in warnings] == by
    if by == ["day"]:
        # a day's difference of 48 has the variance 480 where pairs are independent
        assert warnings[0].parameters["design_effect"] == pytest.approx(48**2 / 480, rel=0.1)


def test_a_share_without_assignment_units_is_not_held_against_them() -> None:
    lopsided = good_rows(
        baseline=ArmRows(rows=20_000, served=19_000, units=500), candidate=ArmRows(rows=20_000, served=1_000, units=500)
    )
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: a_table(), Shape.ROWS: lopsided}
    assert judged(a_criterion(), a_scope(), evidence).reason.why is Why.SAMPLE_RATIO
    assert judged(a_criterion(), a_scope(assignment=False), evidence).outcome is Outcome.PASSED


def test_clusters_without_a_row_are_errored() -> None:
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: a_table(), Shape.MOMENTS: paired_moments([])}
    judgement = judged(a_criterion(), a_scope(cluster="service_date"), evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


def test_a_stage_that_can_not_be_read_hides_no_harm_of_the_next() -> None:
    scope = a_scope(a_stage("shadow"), a_stage("canary", decidable=False))
    criterion = a_criterion()

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.PAIRED_COUNTS:
            return None
        harm = a_table(only_baseline=1_800, only_candidate=1_000)
        return Missing(reason=UNREADABLE[0]) if need.stage == "shadow" else harm

    judgement = criterion.early(scope, answered(criterion, scope, answer))
    assert judgement is not None
    assert judgement.reason.parameters["stage"] == "canary"


def test_harm_beyond_the_margin_fails_early_and_harm_within_it_does_not() -> None:
    scope = a_scope(a_stage(decidable=False))
    criterion = a_criterion()

    def early(only_baseline: int) -> Judgement | None:
        table = a_table(only_baseline=only_baseline, only_candidate=1_000)
        return criterion.early(scope, answered(criterion, scope, {Shape.PAIRED_COUNTS: table}))

    judgement = early(1_800)
    assert judgement is not None
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.EARLY_HARM)
    assert early(1_150) is None


@pytest.mark.parametrize(
    ("metric", "margin", "message"),
    [
        ("latency", "1pp", "'latency' is a duration: this criterion compares proportions and means"),
        ("memory", "1pp", "'memory' is a gauge: this criterion compares proportions and means"),
        (
            "portfolio_return",
            "1%",
            "'1%' is relative, and 'portfolio_return' is a mean: write an absolute change, such as 1pp",
        ),
    ],
)
def test_what_can_not_be_compared_does_not_fit(metric: str, margin: str, message: str) -> None:
    metrics = {**some_facts().metrics, "portfolio_return": RETURN}
    assert list(a_criterion(margin, metric).misfits(a_scope(metrics=metrics))) == [message]


def test_an_unbound_metric_is_named() -> None:
    assert a_criterion(metric="edge_success").unbound(some_facts()) == "metrics.edge_success"
    assert a_criterion().unbound(some_facts()) is None


def test_a_stage_that_can_not_hold_the_clusters_even_of_the_finer_kind_does_not_fit() -> None:
    def messages(hours: int) -> list[str]:
        scope = a_scope(a_stage(days=hours / 24), cluster="service_date", finer_cluster=True)
        return list(a_criterion().misfits(scope))

    assert messages(4) == ["the stage 'canary' holds 4 hourly clusters and min_clusters is 5"]
    assert messages(5) == []
