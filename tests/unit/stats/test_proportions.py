"""proportions: intervals and tests against scipy, statsmodels, closed forms and an independent maximisation."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from model_ratchet.core.evidence import Counts
from model_ratchet.core.units import significant
from model_ratchet.stats.proportions import (
    clopper_pearson,
    constrained_rates,
    constrained_shares,
    difference,
    least_rows_for_rate,
    miettinen_nurminen,
    newcombe,
    pooled_p_value,
    rate,
    stratified_difference,
    wilson,
    worse_p_value,
)
from model_ratchet.stats.tails import critical


def of(successes: int, n: int) -> Counts:
    return Counts(successes=successes, n=n)


def complement(counts: Counts) -> Counts:
    return of(counts.n - counts.successes, counts.n)


COUNTS = st.integers(1, 400).flatmap(lambda n: st.builds(of, st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def test_the_worked_values_of_the_docstrings() -> None:
    assert wilson(15, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert clopper_pearson(15, 148, 0.95) == pytest.approx((0.0578, 0.1617), abs=5e-5)
    assert rate(of(0, 10_000), level=0.9).upper_bound == pytest.approx(0.000299528, abs=5e-10)
    ten = difference(of(10, 10), of(10, 10), level=0.95)
    assert (ten.value, ten.low, ten.high) == pytest.approx((0, -0.2775, 0.2775), abs=5e-5)
    assert ten.p_value is None
    assert newcombe(of(48, 80), of(56, 70), 0.95) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert pooled_p_value(of(19, 53), of(13, 47)) == pytest.approx(0.380910, abs=5e-7)
    assert worse_p_value(of(7_000, 10_000), of(6_850, 10_000), 0.01) == pytest.approx(0.222, abs=5e-4)
    assert miettinen_nurminen(of(1, 34), of(7, 34), 0.95) == pytest.approx((0.0270416, 0.3452912), abs=1e-6)
    assert (least_rows_for_rate(0.001, 0), least_rows_for_rate(0.001, 1)) == (2_995, 4_742)
    assert constrained_rates(of(7_000, 10_000), of(7_300, 10_000), 0.02) == pytest.approx(
        (0.705106, 0.725106), abs=5e-7
    )


@given(counts=COUNTS, level=LEVELS)
def test_intervals_of_one_rate_agree_with_two_other_packages(counts: Counts, level: float) -> None:
    k, n = counts.successes, counts.n
    test = stats.binomtest(k, n)
    assert wilson(k, n, level) == pytest.approx(tuple(test.proportion_ci(level, "wilson")), abs=1e-12)
    assert clopper_pearson(k, n, level) == pytest.approx(tuple(test.proportion_ci(level, "exact")), rel=1e-9)
    assert wilson(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), abs=1e-12)
    assert clopper_pearson(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "beta"), rel=1e-9)


@given(counts=COUNTS, level=LEVELS)
def test_an_interval_of_one_rate_holds_it_and_that_of_the_failures_is_its_mirror(counts: Counts, level: float) -> None:
    for interval in (wilson, clopper_pearson):
        low, high = interval(counts.successes, counts.n, level)
        assert 0 <= low <= counts.successes / counts.n <= high <= 1
        assert high > low
        failures = interval(counts.n - counts.successes, counts.n, level)
        assert failures == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_no_error_and_only_errors_have_closed_form_exact_bounds() -> None:
    assert clopper_pearson(0, 50, 0.90) == pytest.approx((0.0, 1 - 0.05 ** (1 / 50)), rel=1e-12)
    assert clopper_pearson(50, 50, 0.90) == pytest.approx((0.05 ** (1 / 50), 1.0), rel=1e-12)
    assert wilson(0, 50, 0.95)[1] == pytest.approx(critical(0.95) ** 2 / (50 + critical(0.95) ** 2), rel=1e-12)


def test_one_row_is_enough_for_an_interval_and_none_is_refused() -> None:
    assert clopper_pearson(1, 1, 0.95) == pytest.approx((0.025, 1.0))
    assert rate(of(0, 1), level=0.95).high == pytest.approx(0.975)
    full, empty = of(1, 2), of(0, 0)
    for ask in (
        lambda: wilson(0, 0, 0.95),
        lambda: clopper_pearson(0, 0, 0.95),
        lambda: rate(empty, level=0.95),
        lambda: difference(full, empty, level=0.95),
        lambda: difference(empty, full, level=0.95),
        lambda: newcombe(empty, full, 0.95),
        lambda: miettinen_nurminen(full, empty, 0.95),
        lambda: worse_p_value(empty, full, 0.01),
    ):
        with pytest.raises(ValueError, match="0 rows"):
            ask()


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        wilson(1, 2, level)


@given(errors=st.integers(0, 40), limit=st.sampled_from([0.001, 0.01, 0.05]))
def test_the_least_rows_for_a_rate_are_the_first_whose_upper_bound_is_below_the_limit(
    errors: int, limit: float
) -> None:
    n = least_rows_for_rate(limit, errors)
    assert clopper_pearson(errors, n, 0.90)[1] < limit
    assert clopper_pearson(errors, n - 1, 0.90)[1] >= limit


@given(baseline=COUNTS, candidate=COUNTS)
def test_the_pooled_test_agrees_with_another_package_and_with_the_chi_square(
    baseline: Counts, candidate: Counts
) -> None:
    p_value = pooled_p_value(baseline, candidate)
    total = baseline + candidate
    if total.successes in (0, total.n):
        assert p_value is None
        return
    _, expected = proportions_ztest([candidate.successes, baseline.successes], [candidate.n, baseline.n])
    assert p_value == pytest.approx(expected, rel=1e-8, abs=1e-12)
    table = [[one.successes, one.n - one.successes] for one in (baseline, candidate)]
    assert p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-6, abs=1e-12)


@given(baseline=COUNTS, candidate=COUNTS, level=LEVELS)
def test_newcombe_agrees_with_another_package(baseline: Counts, candidate: Counts, level: float) -> None:
    expected = confint_proportions_2indep(
        candidate.successes, candidate.n, baseline.successes, baseline.n, method="newcomb", alpha=1 - level
    )
    assert newcombe(baseline, candidate, level) == pytest.approx(expected, abs=1e-12)


@given(baseline=COUNTS, candidate=COUNTS, level=LEVELS)
def test_intervals_of_a_difference_hold_it_and_have_width(baseline: Counts, candidate: Counts, level: float) -> None:
    gap = candidate.successes / candidate.n - baseline.successes / baseline.n
    for interval in (newcombe, miettinen_nurminen):
        low, high = interval(baseline, candidate, level)
        assert -1 <= low <= gap + 1e-12
        assert gap - 1e-12 <= high <= 1
        assert high > low


@given(baseline=COUNTS, candidate=COUNTS)
def test_swapping_the_arms_or_right_and_wrong_mirrors_the_difference(baseline: Counts, candidate: Counts) -> None:
    one = difference(baseline, candidate, level=0.95)
    for other in (
        difference(candidate, baseline, level=0.95),
        difference(complement(baseline), complement(candidate), level=0.95),
    ):
        assert other.value == -one.value
        assert one.low is not None
        assert one.high is not None
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
        assert other.p_value == one.p_value
    low, high = miettinen_nurminen(baseline, candidate, 0.95)
    assert miettinen_nurminen(candidate, baseline, 0.95) == pytest.approx((-high, -low), abs=1e-7)


def likeliest(baseline: Counts, candidate: Counts, delta: float) -> float:
    """The likeliest rate of the baseline where the candidate's is delta more, by numerical maximisation."""

    def surprise(p: float) -> float:
        shares = (p, 1 - p, p + delta, 1 - p - delta)
        counts = (
            baseline.successes,
            baseline.n - baseline.successes,
            candidate.successes,
            candidate.n - candidate.successes,
        )
        return -sum(count * log(share) for count, share in zip(counts, shares, strict=True) if count)

    bounds = (max(0.0, -delta), min(1.0, 1 - delta))
    return float(minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x)


INNER = st.integers(2, 400).flatmap(lambda n: st.builds(of, st.integers(1, n - 1), st.just(n)))


@given(baseline=INNER, candidate=INNER, delta=st.floats(-0.9, 0.9))
def test_the_constrained_rates_are_the_likeliest(baseline: Counts, candidate: Counts, delta: float) -> None:
    rate_0, rate_1 = constrained_rates(baseline, candidate, delta)
    assert rate_1 - rate_0 == pytest.approx(delta, abs=1e-9)
    assert rate_0 == pytest.approx(likeliest(baseline, candidate, delta), abs=1e-5)


@given(baseline=COUNTS, candidate=COUNTS)
def test_at_no_difference_the_likeliest_rate_is_the_pooled_one(baseline: Counts, candidate: Counts) -> None:
    pooled = (baseline.successes + candidate.successes) / (baseline.n + candidate.n)
    assert constrained_rates(baseline, candidate, 0.0) == pytest.approx((pooled, pooled), abs=1e-7)


@given(baseline=COUNTS, candidate=COUNTS, delta=st.floats(-1, 1))
def test_the_constrained_rates_are_rates_at_every_corner(baseline: Counts, candidate: Counts, delta: float) -> None:
    assert all(0 <= share <= 1 for share in constrained_rates(baseline, candidate, delta))


def test_the_constrained_rates_of_shares_are_those_of_the_counts() -> None:
    assert constrained_shares(0.7, 0.73, 0.25, 0.02) == pytest.approx(
        constrained_rates(of(700, 1_000), of(2_190, 3_000), 0.02), abs=1e-12
    )


@given(baseline=INNER, candidate=INNER, level=LEVELS)
def test_the_ends_of_the_score_interval_are_where_its_one_sided_test_is_critical(
    baseline: Counts, candidate: Counts, level: float
) -> None:
    low, high = miettinen_nurminen(baseline, candidate, level)
    tail = (1 - level) / 2
    assert worse_p_value(baseline, candidate, -high) == pytest.approx(tail, rel=1e-6)
    assert worse_p_value(baseline, candidate, -low) == pytest.approx(1 - tail, rel=1e-6)
    for end, sign in ((low, 1), (high, -1)):
        p_0 = likeliest(baseline, candidate, end)
        p_1 = p_0 + end
        n = baseline.n + candidate.n
        error = sqrt((p_0 * (1 - p_0) / baseline.n + p_1 * (1 - p_1) / candidate.n) * n / (n - 1))
        gap = candidate.successes / candidate.n - baseline.successes / baseline.n
        assert gap - end == pytest.approx(sign * critical(level) * error, rel=1e-3, abs=1e-6)


def test_at_margin_zero_the_score_test_is_the_pooled_one_with_its_factor() -> None:
    baseline, candidate = of(700, 1_000), of(660, 1_100)
    p_value = pooled_p_value(baseline, candidate)
    assert p_value is not None
    z = stats.norm.ppf(p_value / 2) * sqrt(2_099 / 2_100)
    assert worse_p_value(baseline, candidate, 0.0) == pytest.approx(stats.norm.cdf(z), rel=1e-9)


def test_all_right_in_both_arms_proves_a_margin_only_with_enough_rows() -> None:
    few, many = of(20, 20), of(10_000, 10_000)
    assert difference(few, few, level=0.90).low == pytest.approx(-0.119, abs=5e-4)
    assert difference(many, many, level=0.90).low == pytest.approx(-0.00027, abs=5e-6)
    assert (worse_p_value(many, many, 0.0), worse_p_value(few, few, 0.0)) == (1.0, 1.0)
    none = of(0, 10_000)
    assert difference(none, none, level=0.90).high == pytest.approx(0.00027, abs=5e-6)
    assert difference(none, none, level=0.90).p_value is None


def test_all_wrong_against_all_right_is_as_far_as_rates_can_be_apart() -> None:
    estimate = difference(of(0, 500), of(500, 500), level=0.95)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.989, abs=1e-3)
    assert estimate.p_value is not None
    assert estimate.p_value < 1e-200
    assert worse_p_value(of(500, 500), of(0, 500), 0.01) < 1e-200


def test_a_difference_at_the_limit_is_the_limit_to_the_last_bit() -> None:
    assert difference(of(70, 100), of(72, 100), level=0.95).value == 0.02
    assert difference(of(7_000, 10_000), of(690_000, 1_000_000), level=0.95).value == -0.01


def test_the_estimate_counts_the_candidates_rows() -> None:
    estimate = difference(of(700, 1_000), of(38, 50), level=0.95)
    assert (estimate.n, estimate.baseline, estimate.candidate) == (50, 0.7, 0.76)
    assert (estimate.lower_bound, estimate.upper_bound) == pytest.approx(newcombe(of(700, 1_000), of(38, 50), 0.90))


STRATA = st.lists(st.tuples(INNER, INNER), min_size=1, max_size=5)


@given(strata=STRATA)
def test_the_stratified_difference_is_the_weighted_mean_and_swaps_with_the_arms(
    strata: list[tuple[Counts, Counts]],
) -> None:
    weights = [b.n * c.n / (b.n + c.n) for b, c in strata]
    gaps = [c.successes / c.n - b.successes / b.n for b, c in strata]
    estimate = stratified_difference(strata, level=0.95)
    assert estimate.value == pytest.approx(float(np.average(gaps, weights=weights)), rel=1e-8, abs=1e-12)
    other = stratified_difference([(c, b) for b, c in strata], level=0.95)
    assert other.value == -estimate.value
    assert estimate.low is not None
    assert estimate.high is not None
    assert (other.low, other.high) == pytest.approx((-estimate.high, -estimate.low), abs=1e-8)


def test_the_stratified_difference_of_errors_mirrors_that_of_successes() -> None:
    strata = [(of(30, 50), of(9, 12)), (of(5, 40), of(1, 9))]
    right = stratified_difference(strata, level=0.95)
    wrong = stratified_difference([(complement(b), complement(c)) for b, c in strata], level=0.95)
    assert (wrong.value, wrong.p_value) == pytest.approx((-right.value, right.p_value))


def standard_error(strata: list[tuple[Counts, Counts]]) -> float:
    estimate = stratified_difference(strata, level=0.95)
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2 / critical(0.95)


@given(baseline=INNER, candidate=INNER)
def test_one_stratum_has_the_standard_error_of_two_independent_rates(baseline: Counts, candidate: Counts) -> None:
    variances = [one.successes * (one.n - one.successes) / one.n**3 for one in (baseline, candidate)]
    assert standard_error([(baseline, candidate)]) == pytest.approx(sqrt(sum(variances)), rel=1e-6)


def test_large_strata_have_the_standard_error_of_independent_differences() -> None:
    # Sato's variance is consistent in both limits: with few large strata it meets the plain weighted one
    strata = [(of(70_000, 100_000), of(7_200, 10_000)), (of(16_000, 20_000), of(33_000, 40_000))]
    weights = np.array([b.n * c.n / (b.n + c.n) for b, c in strata])
    variances = np.array(
        [b.successes * (b.n - b.successes) / b.n**3 + c.successes * (c.n - c.successes) / c.n**3 for b, c in strata]
    )
    expected = sqrt(float((weights**2 * variances).sum())) / weights.sum()
    assert standard_error(strata) == pytest.approx(expected, rel=0.002)


def test_many_small_strata_have_the_standard_error_with_which_their_difference_scatters() -> None:
    # the other limit: 300 strata of 12 and 3 rows, whose rates differ by 0.3 throughout
    rng = np.random.default_rng(20250818)
    rates = rng.uniform(0.1, 0.6, 300)
    drawn = [
        [(of(int(b), 12), of(int(c), 3)) for b, c in zip(before, after, strict=True)]
        for before, after in ((rng.binomial(12, rates), rng.binomial(3, rates + 0.3)) for _ in range(400))
    ]
    scatter = np.std([stratified_difference(strata, level=0.95).value for strata in drawn])
    told = np.sqrt(np.mean([standard_error(strata) ** 2 for strata in drawn]))
    assert told == pytest.approx(scatter, rel=0.06)  # 400 draws: the scatter itself is known to 3.5 %


def test_the_stratified_test_finds_what_cochran_mantel_haenszel_finds() -> None:
    strata = [(of(300, 500), of(330, 500)), (of(80, 200), of(95, 210)), (of(700, 900), of(745, 930))]
    tables = [[[c.successes, c.n - c.successes], [b.successes, b.n - b.successes]] for b, c in strata]
    oracle = StratifiedTable([np.array(table) for table in tables]).test_null_odds(correction=False)
    estimate = stratified_difference(strata, level=0.95)
    assert estimate.p_value == pytest.approx(oracle.pvalue, rel=0.03)


def test_strata_show_what_pooling_hides() -> None:
    strata = [(of(900, 1_000), of(93, 100)), (of(30, 100), of(330, 1_000))]
    pooled = difference(of(930, 1_100), of(423, 1_100), level=0.95)
    stratified = stratified_difference(strata, level=0.95)
    assert pooled.value < -0.4
    assert stratified.value == pytest.approx(0.03, abs=1e-9)


def test_strata_with_an_empty_arm_weigh_nothing_and_only_such_are_refused() -> None:
    full, half = (of(30, 50), of(35, 50)), (of(0, 0), of(4, 9))
    assert stratified_difference([full, half], level=0.95) == stratified_difference([full], level=0.95)
    for strata in ([], [half], [(of(1, 2), of(0, 0))]):
        with pytest.raises(ValueError, match="no stratum"):
            stratified_difference(strata, level=0.95)


def test_strata_that_are_all_right_have_no_p_value() -> None:
    estimate = stratified_difference([(of(5, 5), of(7, 7)), (of(9, 9), of(2, 2))], level=0.95)
    assert (estimate.value, estimate.p_value) == (0.0, None)


def test_bounds_are_those_of_rounded_numbers() -> None:
    estimate = rate(of(1, 3), level=0.95)
    assert estimate.value == significant(1 / 3)
