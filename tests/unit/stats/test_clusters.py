"""clusters: cluster-robust differences against a regression, rows against their sums, and the dispersion test."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from benchmarks import choices
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import ArmMoments, Counts, PairedCounts, PairedMoments
from model_ratchet.stats import proportions
from model_ratchet.stats.clusters import arm_difference, looks_clustered, paired_difference, summed, worse_p_value

Ints = NDArray[np.int64]


def paired_moments(cluster: Ints, baseline: Ints, candidate: Ints, unit: int = 1) -> PairedMoments:
    """The sums over the clusters of these pairs."""
    names, index = np.unique(cluster, return_inverse=True)
    m = np.bincount(index)
    d = np.bincount(index, weights=candidate - baseline).astype(int)
    return PairedMoments(
        clusters=len(names),
        n=len(cluster),
        baseline=int(baseline.sum()),
        candidate=int(candidate.sum()),
        mm=int((m * m).sum()),
        md=int((m * d).sum()),
        dd=int((d * d).sum()),
        unit=unit,
    )


def arm_moments(cluster: Ints, arm: Ints, value: Ints, unit: int = 1) -> ArmMoments:
    """The sums over the clusters of these rows, of arm 0 and arm 1."""
    names, index = np.unique(cluster, return_inverse=True)
    size = len(names)
    m0, m1 = (np.bincount(index, weights=arm == one, minlength=size).astype(int) for one in (0, 1))
    s0, s1 = (np.bincount(index, weights=value * (arm == one), minlength=size).astype(int) for one in (0, 1))
    return replace(choices.moments(s0, s1, (m0, m1)), unit=unit)


def half(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2


def some_rows(seed: int, n: int = 600, clusters: int = 12) -> tuple[Ints, Ints, Ints]:
    """Clusters of unequal sizes with their own rates, and rows of both arms in each."""
    random = np.random.default_rng(seed)
    cluster = random.choice(clusters, size=n, p=random.dirichlet(np.full(clusters, 3.0)))
    arm = random.integers(0, 2, n)
    value = random.binomial(1, random.beta(7, 3, clusters)[cluster])
    return cluster, arm, value.astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_of_arms_is_the_clustered_regression_on_arm(seed: int) -> None:
    cluster, arm, value = some_rows(seed)
    moments = arm_moments(cluster, arm, value)
    fit = sm.OLS(value, sm.add_constant(arm)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    # the package's small-sample factor is G/(G−1)·(N−1)/(N−K); here it is G/(G−1)
    error = fit.bse[1] * np.sqrt((len(value) - 2) / (len(value) - 1))
    estimate = arm_difference(moments, level=0.95)
    assert estimate.value == pytest.approx(fit.params[1], rel=1e-8)
    assert half(estimate) == pytest.approx(stats.t.ppf(0.975, moments.clusters - 1) * error, rel=1e-8)
    assert estimate.p_value == pytest.approx(2 * stats.t.sf(abs(fit.params[1] / error), moments.clusters - 1), rel=1e-8)
    assert estimate.clusters == len(set(cluster.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_of_pairs_is_the_clustered_regression_on_a_constant(seed: int) -> None:
    cluster, _, baseline = some_rows(seed)
    candidate = some_rows(seed + 100)[2]
    moments = paired_moments(cluster, baseline, candidate)
    fit = sm.OLS(candidate - baseline, np.ones(len(cluster))).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    estimate = paired_difference(moments, level=0.90)
    assert estimate.value == pytest.approx(fit.params[0], rel=1e-8)
    assert half(estimate) == pytest.approx(stats.t.ppf(0.95, moments.clusters - 1) * fit.bse[0], rel=1e-8)
    assert (estimate.lower_bound, estimate.upper_bound) == (estimate.low, estimate.high)


def test_pairs_that_are_their_own_clusters_have_the_paired_t_test() -> None:
    random = np.random.default_rng(3)
    baseline = random.integers(0, 1_000_000, 80)
    candidate = baseline + random.integers(-40_000, 60_000, 80)
    moments = paired_moments(np.arange(80), baseline, candidate, unit=1_000_000)
    oracle = stats.ttest_rel(candidate / 1e6, baseline / 1e6)
    estimate = paired_difference(moments, level=0.95)
    assert estimate.method == "t-test, paired"
    assert estimate.p_value == pytest.approx(oracle.pvalue, rel=1e-8)
    interval = oracle.confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high), rel=1e-8)
    assert estimate.baseline == pytest.approx(baseline.mean() / 1e6)
    assert estimate.candidate == pytest.approx(candidate.mean() / 1e6)


def test_rows_that_are_their_own_clusters_have_nearly_welchs_error() -> None:
    random = np.random.default_rng(4)
    arm = random.integers(0, 2, 500)
    value = random.integers(0, 1_000_000, 500) + 90_000 * arm
    estimate = arm_difference(arm_moments(np.arange(500), arm, value, unit=1_000_000), level=0.95)
    x_0, x_1 = value[arm == 0] / 1e6, value[arm == 1] / 1e6
    assert estimate.method == "t-test, two arms"
    error = np.sqrt((x_0.var() / len(x_0) + x_1.var() / len(x_1)) * 500 / 499)
    assert half(estimate) == pytest.approx(stats.t.ppf(0.975, 499) * error, rel=1e-8)
    assert estimate.p_value == pytest.approx(stats.ttest_ind(x_1, x_0, equal_var=False).pvalue, rel=0.02)


def test_arms_in_different_clusters_add_their_variances_and_arms_that_share_them_do_not() -> None:
    random = np.random.default_rng(5)
    days = np.repeat(np.arange(14), 1_000)
    rates = random.beta(34, 14, 14)
    value = random.binomial(1, rates[days]).astype(np.int64)
    apart = arm_difference(arm_moments(days, (days >= 7).astype(np.int64), value), level=0.95)
    means = value.reshape(14, 1_000).mean(axis=1)
    error = np.sqrt((means[:7].var() + means[7:].var()) / 7 * 14 / 13)
    assert half(apart) == pytest.approx(stats.t.ppf(0.975, 13) * error, rel=1e-8)
    within = arm_difference(arm_moments(days, np.arange(14_000) % 2, value), level=0.95)
    assert half(within) < half(apart) / 4


def test_what_both_arms_share_of_a_cluster_cancels() -> None:
    # every cluster has its own level, the candidate is always two rows of ten better
    cluster = np.repeat(np.arange(8), 20)
    arm = np.tile(np.repeat([0, 1], 10), 8)
    value = np.concatenate(
        [[1] * level + [0] * (10 - level) + [1] * (level + 2) + [0] * (8 - level) for level in range(1, 9)]
    )
    estimate = arm_difference(arm_moments(cluster, arm, value), level=0.95)
    assert (estimate.value, estimate.low, estimate.high) == (0.2, 0.2, 0.2)
    assert estimate.p_value is None


@given(seed=st.integers(0, 10_000))
def test_swapping_the_arms_mirrors_the_difference(seed: int) -> None:
    cluster, arm, value = some_rows(seed, n=120, clusters=6)
    one = arm_difference(arm_moments(cluster, arm, value), level=0.95)
    other = arm_difference(arm_moments(cluster, 1 - arm, value), level=0.95)
    assert other.value == -one.value
    assert other.p_value == one.p_value
    assert half(other) == pytest.approx(half(one), rel=1e-7)
    baseline, candidate = value[:60], value[60:]
    pair = paired_difference(paired_moments(cluster[:60], baseline, candidate), level=0.95)
    reverse = paired_difference(paired_moments(cluster[:60], candidate, baseline), level=0.95)
    assert reverse.value == -pair.value
    assert reverse.p_value == pair.p_value


@given(seed=st.integers(0, 10_000), level=st.sampled_from([0.8, 0.9, 0.95]))
def test_the_one_sided_p_value_is_critical_at_the_end_of_the_interval(seed: int, level: float) -> None:
    cluster, arm, value = some_rows(seed, n=200, clusters=8)
    arms = arm_moments(cluster, arm, value)
    pairs = paired_moments(cluster[:100], value[:100], value[100:])
    for moments, estimate in (
        (arms, arm_difference(arms, level=level)),
        (pairs, paired_difference(pairs, level=level)),
    ):
        assert estimate.low is not None
        assert estimate.high is not None
        assert worse_p_value(moments, -estimate.high) == pytest.approx((1 - level) / 2, rel=1e-6)
        assert worse_p_value(moments, -estimate.low) == pytest.approx((1 + level) / 2, rel=1e-6)
        assert worse_p_value(moments, -estimate.value) == pytest.approx(0.5, abs=1e-6)


def test_identical_predictions_have_no_variance_and_no_p_value() -> None:
    value = np.array([1, 0, 1, 1, 0, 1])
    moments = paired_moments(np.array([0, 0, 1, 1, 2, 2]), value, value)
    estimate = paired_difference(moments, level=0.95)
    assert (estimate.value, estimate.low, estimate.high, estimate.p_value) == (0.0, 0.0, 0.0, None)
    assert worse_p_value(moments, 0.0) == 1.0
    assert worse_p_value(moments, 0.01) == 1.0
    assert worse_p_value(moments, -0.01) == 0.0


@pytest.mark.parametrize("clusters", [0, 1])
def test_fewer_than_two_clusters_have_no_variance(clusters: int) -> None:
    rows = np.zeros(4 * clusters, dtype=np.int64)
    pairs = paired_moments(rows, rows, rows)
    arms = arm_moments(rows, np.arange(len(rows)) % 2, rows)
    for ask in (
        lambda: paired_difference(pairs, level=0.95),
        lambda: arm_difference(arms, level=0.95),
        lambda: worse_p_value(pairs, 0.01),
        lambda: worse_p_value(arms, 0.01),
    ):
        with pytest.raises(ValueError, match=f"{clusters} clusters"):
            ask()


@pytest.mark.parametrize("only", [0, 1])
def test_a_difference_needs_rows_of_both_arms(only: int) -> None:
    rows = np.arange(6)
    with pytest.raises(ValueError, match="both arms"):
        arm_difference(arm_moments(rows % 3, np.full(6, only), rows % 2), level=0.95)


def test_sums_far_larger_than_their_scatter_lose_no_digit() -> None:
    # squares of 10^12 that differ in their last digits: floats would keep 16 of the 24
    base, m = 10**12, 10**6
    sums = [base - 2, base - 1, base + 1, base + 2]
    moments = PairedMoments(
        clusters=4,
        n=4 * m,
        baseline=0,
        candidate=sum(sums),
        mm=4 * m * m,
        md=m * sum(sums),
        dd=sum(one * one for one in sums),
    )
    error = np.sqrt(10 * 4 / 3) / (4 * m)
    for t in (-2.0, 0.0, 3.0):
        assert worse_p_value(moments, -base / m + t * error) == pytest.approx(stats.t.cdf(t, 3), rel=2e-3)


def test_one_cluster_of_everything_but_a_row_is_as_uncertain_as_two_clusters() -> None:
    cluster = np.array([0] * 999 + [1])
    value = np.array([1, 0] * 500)
    estimate = paired_difference(paired_moments(cluster, value, value[::-1]), level=0.95)
    assert estimate.clusters == 2
    assert half(estimate) > 0


def looks(groups: Sequence[Counts] | Sequence[PairedCounts]) -> tuple[float, float] | None:
    return looks_clustered([summed(one) for one in groups])


def test_equal_groups_do_not_look_clustered_and_different_ones_do() -> None:
    equal = [Counts(successes=70, n=100)] * 10
    assert looks(equal) == (0.0, 1.0)
    different = [Counts(successes=60 + 20 * (index % 2), n=100) for index in range(10)]
    found = looks(different)
    assert found is not None
    # Σ n·(p − 0.7)²/(0.7·0.3) = 10·100·0.01/0.21, with 9 degrees of freedom
    assert found[0] == pytest.approx(1000 * 0.01 / 0.21 / 9, rel=1e-9)
    assert found[1] == pytest.approx(stats.chi2.sf(1000 * 0.01 / 0.21, 9), rel=1e-9)


def test_the_dispersion_test_is_the_chi_square_of_the_table_of_groups() -> None:
    random = np.random.default_rng(6)
    sizes = random.integers(50, 500, 12)
    groups = [Counts(successes=int(random.binomial(n, 0.6)), n=int(n)) for n in sizes]
    oracle = stats.chi2_contingency([[g.successes for g in groups], [g.n - g.successes for g in groups]])
    found = looks(groups)
    assert found is not None
    assert found == pytest.approx((oracle.statistic / 11, oracle.pvalue), rel=1e-9)


def test_paired_groups_scatter_by_their_differences() -> None:
    one = PairedCounts(both=60, only_baseline=5, only_candidate=25, neither=10)
    other = PairedCounts(both=60, only_baseline=25, only_candidate=5, neither=10)
    found = looks([one, other] * 5)
    assert found is not None
    # differences of mean ±0.2 about 0, and variance 0.3
    assert found[0] == pytest.approx(10 * 100 * 0.04 / 0.3 / 9, rel=1e-9)


def test_groups_are_summed_over_all_of_their_rows_and_pairs() -> None:
    assert summed(Counts(successes=60, n=100)) == (100, 60, 60)
    assert summed(PairedCounts(both=60, only_baseline=5, only_candidate=25, neither=10)) == (100, 20, 30)


def test_five_groups_are_enough_to_see_clusters_in() -> None:
    found = looks([Counts(successes=60 + 20 * (index % 2), n=100) for index in range(5)])
    assert found is not None
    # Σ n·(p − 0.68)²/(0.68·0.32), with 4 degrees of freedom
    assert found[0] == pytest.approx(100 * (3 * 0.08**2 + 2 * 0.12**2) / (0.68 * 0.32) / 4, rel=1e-9)


@pytest.mark.parametrize(
    "groups",
    [
        [],
        [Counts(successes=60, n=100)] * 4,
        [Counts(successes=5, n=9)] * 50,
        [Counts(successes=100, n=100)] * 10,
        [Counts(successes=0, n=100)] * 10,
        [Counts(successes=0, n=0)] * 10,
        [*[Counts(successes=10, n=100_000)] * 4, *[Counts(successes=1, n=10)] * 50],
    ],
    ids=["none", "four", "small", "all right", "all wrong", "empty", "four large enough"],
)
def test_too_little_to_see_clusters_in_says_nothing(groups: list[Counts]) -> None:
    assert looks(groups) is None


def test_pairs_without_a_discordant_one_say_nothing() -> None:
    assert looks([PairedCounts(both=90, only_baseline=0, only_candidate=0, neither=10)] * 10) is None


def test_one_rare_row_in_a_quiet_hour_is_no_sign_of_clusters() -> None:
    busy = [Counts(successes=5, n=5_000)] * 84
    quiet = [Counts(successes=int(index == 0), n=10) for index in range(84)]
    found = looks([*busy, *quiet])
    assert found is not None
    assert found[1] == 1.0


def test_rows_and_their_counts_give_nearly_the_same_difference() -> None:
    random = np.random.default_rng(8)
    arm = np.arange(20_000) % 2
    value = random.binomial(1, 0.7 + 0.02 * arm)
    robust = arm_difference(arm_moments(np.arange(20_000), arm, value), level=0.95)
    counts = [Counts(successes=int(value[arm == one].sum()), n=10_000) for one in (0, 1)]
    plain = proportions.difference(counts[0], counts[1], level=0.95)
    assert robust.value == plain.value
    assert half(robust) == pytest.approx(half(plain), rel=1e-3)
