"""paired: exact McNemar and Tango's interval, against scipy, an independent maximisation, and every degenerate table."""

from math import log, sqrt

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from model_ratchet.core.evidence import PairedCounts
from model_ratchet.core.units import significant
from model_ratchet.stats.paired import difference, mcnemar_exact, mcnemar_mid_p, tango_interval, worse_p_value
from model_ratchet.stats.tails import critical, normal_below

COUNT = st.integers(0, 300)
SOME_PAIRS = st.builds(PairedCounts, both=COUNT, only_baseline=COUNT, only_candidate=COUNT, neither=COUNT).filter(
    lambda table: table.n > 0
)


def table(both: int, only_candidate: int, only_baseline: int, neither: int) -> PairedCounts:
    """In the order of the published tables."""
    return PairedCounts(both=both, only_candidate=only_candidate, only_baseline=only_baseline, neither=neither)


def swapped(pairs: PairedCounts) -> PairedCounts:
    return table(pairs.both, pairs.only_baseline, pairs.only_candidate, pairs.neither)


def test_the_worked_value_of_mcnemar_is_that_of_the_football_models() -> None:
    assert mcnemar_exact(39, 66) == pytest.approx(0.0108, abs=5e-5)


@given(b=st.integers(0, 400), c=st.integers(0, 400))
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(b: int, c: int) -> None:
    assume(b + c > 0)
    assert mcnemar_exact(b, c) == pytest.approx(stats.binomtest(b, b + c, 0.5).pvalue, rel=1e-9)
    oracle = statsmodels_mcnemar([[7, b], [c, 5]], exact=True)
    assert mcnemar_exact(b, c) == pytest.approx(oracle.pvalue, rel=1e-9)


@given(b=st.integers(0, 400), c=st.integers(0, 400))
def test_mid_p_is_the_exact_p_value_less_half_of_the_observed_point_in_each_tail(b: int, c: int) -> None:
    expected = 1.0 if b == c else mcnemar_exact(b, c) - stats.binom.pmf(b, b + c, 0.5)
    assert mcnemar_mid_p(b, c) == pytest.approx(expected, rel=1e-7, abs=1e-15)
    assert mcnemar_mid_p(b, c) <= mcnemar_exact(b, c)


def test_without_a_discordant_pair_nothing_is_significant() -> None:
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_mid_p(0, 0) == 1.0


def test_the_p_value_of_very_many_pairs_stays_that_of_the_normal() -> None:
    # 3,000,000,000 discordant pairs: more than 32 bits hold, two standard deviations apart
    half = 1_500_000_000
    gap = round(sqrt(2 * half))
    assert mcnemar_exact(half - gap, half + gap) == pytest.approx(2 * normal_below(-2), rel=1e-3)


@given(pairs=SOME_PAIRS)
def test_swapping_the_versions_mirrors_the_estimate(pairs: PairedCounts) -> None:
    low, high = tango_interval(pairs, 0.95)
    assert tango_interval(swapped(pairs), 0.95) == pytest.approx((-high, -low), abs=1e-9)
    one, other = difference(pairs, level=0.95), difference(swapped(pairs), level=0.95)
    assert other.value == -one.value
    assert other.p_value == one.p_value
    assert (other.baseline, other.candidate) == (one.candidate, one.baseline)


@given(pairs=SOME_PAIRS, level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@example(pairs=table(1, 0, 0, 0), level=0.95)
@example(pairs=table(0, 1, 0, 0), level=0.95)
@example(pairs=table(0, 0, 1, 0), level=0.95)
@example(pairs=table(0, 300, 0, 0), level=0.99)
@example(pairs=table(0, 1, 1, 0), level=0.95)
@example(pairs=table(0, 0, 0, 300), level=0.95)
def test_the_interval_holds_the_estimate_and_is_never_zero_width(pairs: PairedCounts, level: float) -> None:
    low, high = tango_interval(pairs, level)
    value = (pairs.only_candidate - pairs.only_baseline) / pairs.n
    assert -1 <= low <= value <= high <= 1
    assert high > low


@given(pairs=SOME_PAIRS)
def test_a_higher_level_has_a_wider_interval(pairs: PairedCounts) -> None:
    narrow, wide = tango_interval(pairs, 0.90), tango_interval(pairs, 0.95)
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


def likeliest_variance(pairs: PairedCounts, delta: float) -> float:
    """The variance of the difference at the likeliest table with this difference, by numerical maximisation."""
    b, c, rest = pairs.only_candidate, pairs.only_baseline, pairs.both + pairs.neither

    def surprise(q: float) -> float:
        shares = (q + delta, q, 1 - 2 * q - delta)
        return -sum(count * log(share) for count, share in zip((b, c, rest), shares, strict=True))

    low, high = max(0.0, -delta), (1 - delta) / 2
    found = minimize_scalar(surprise, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    return float((2 * found.x + delta - delta**2) / pairs.n)


@given(pairs=SOME_PAIRS.filter(lambda one: one.only_baseline > 0 < one.only_candidate and one.n > one.discordant))
def test_the_ends_of_the_interval_are_where_the_score_is_critical(pairs: PairedCounts) -> None:
    value = (pairs.only_candidate - pairs.only_baseline) / pairs.n
    z = critical(0.95)
    for end, sign in zip(tango_interval(pairs, 0.95), (1, -1), strict=True):
        score = (value - end) / sqrt(likeliest_variance(pairs, end))
        assert score == pytest.approx(sign * z, rel=1e-4)


@given(pairs=SOME_PAIRS, level=st.sampled_from([0.8, 0.9, 0.95]))
def test_the_one_sided_p_value_agrees_with_the_end_of_the_interval(pairs: PairedCounts, level: float) -> None:
    low, high = tango_interval(pairs, level)
    tail = (1 - level) / 2
    if -1 < high < 1:
        assert worse_p_value(pairs, -high) == pytest.approx(tail, rel=1e-5)
    if -1 < low < 1:
        assert worse_p_value(pairs, -low) == pytest.approx(1 - tail, rel=1e-5)


def test_ten_thousand_equal_pairs_prove_that_the_candidate_is_not_worse_by_a_point() -> None:
    estimate = difference(table(7_000, 0, 0, 3_000), level=0.90)
    assert estimate.p_value == 1.0
    # the score bound without a discordant pair in closed form: z²/(n + z²)
    z = critical(0.90)
    assert estimate.low == significant(-z * z / (10_000 + z * z))
    assert estimate.low == pytest.approx(-0.00027, abs=1e-6)
    assert worse_p_value(table(7_000, 0, 0, 3_000), 0.01) > 0.999


def test_all_right_in_both_versions_has_the_interval_of_its_number_of_pairs() -> None:
    z = critical(0.95)
    for n in (1, 10, 1_000):
        low, high = tango_interval(table(n, 0, 0, 0), 0.95)
        assert (low, high) == pytest.approx((-z * z / (n + z * z), z * z / (n + z * z)), abs=1e-9)


def test_a_difference_of_no_pairs_is_refused() -> None:
    nothing = table(0, 0, 0, 0)
    for ask in (
        lambda: difference(nothing, level=0.95),
        lambda: tango_interval(nothing, 0.95),
        lambda: worse_p_value(nothing, 0.01),
    ):
        with pytest.raises(ValueError, match="no pairs"):
            ask()


def test_the_estimate_carries_everything_needed_to_read_it() -> None:
    estimate = difference(table(53, 16, 8, 9), level=0.95)
    assert estimate.value == significant(8 / 86)
    assert (estimate.low, estimate.high) == pytest.approx((-0.020, 0.207), abs=5e-4)
    assert (estimate.baseline, estimate.candidate) == (significant(61 / 86), significant(69 / 86))
    assert (estimate.n, estimate.level, estimate.scale, estimate.sided) == (86, 0.95, "absolute", "two-sided")
    assert (estimate.lower_bound, estimate.upper_bound) == pytest.approx(tango_interval(table(53, 16, 8, 9), 0.90))


@pytest.mark.parametrize("level", [0.05, 0.5, 0.9, 0.99])
def test_pairs_that_all_agree_have_the_interval_in_closed_form(level: float) -> None:
    z = critical(level)
    expected = z**2 / (5 + z**2)
    assert tango_interval(table(3, 0, 0, 2), level) == pytest.approx((-expected, expected), rel=1e-9)


def test_a_margin_that_the_pairs_meet_to_the_last_one_is_neither_met_nor_missed() -> None:
    assert worse_p_value(table(0, 0, 5, 0), 1.0) == 0.5
