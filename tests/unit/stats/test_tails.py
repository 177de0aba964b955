"""tails: every probability against scipy.stats, and the searches on sets whose ends are known."""

from collections.abc import Callable
from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from model_ratchet.stats import tails


def test_the_critical_values_are_those_of_every_table() -> None:
    assert tails.critical(0.95) == pytest.approx(1.959963984540054, rel=1e-12)
    assert tails.critical(0.90) == pytest.approx(1.6448536269514722, rel=1e-12)
    assert tails.t_quantile(0.975, 6) == pytest.approx(2.44691, abs=5e-6)
    assert tails.t_quantile(0.95, 13) == pytest.approx(stats.t.isf(0.05, 13), rel=1e-10)
    assert tails.normal_quantile(0.05) == pytest.approx(-1.6448536269514722, rel=1e-12)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95.0])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        tails.critical(level)


@given(z=st.floats(-8, 8), freedom=st.integers(1, 500))
def test_normal_and_t_tails_agree_with_scipy(z: float, freedom: int) -> None:
    assert tails.normal_below(z) == pytest.approx(stats.norm.cdf(z), rel=1e-9)
    assert tails.two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert tails.t_below(z, freedom) == pytest.approx(stats.t.cdf(z, freedom), rel=1e-9)
    assert tails.chi_square_above(abs(z), freedom) == pytest.approx(stats.chi2.sf(abs(z), freedom), rel=1e-9)


@given(n=st.integers(0, 2_000), share=st.floats(0, 1), p=st.floats(0.001, 0.999))
def test_binomial_tails_agree_with_scipy_and_share_their_one_point(n: int, share: float, p: float) -> None:
    k = round(share * n)
    assert tails.at_most(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), rel=1e-8, abs=1e-280)
    assert tails.at_least(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-8, abs=1e-280)
    both = tails.at_most(k, n, p) + tails.at_least(k, n, p)
    assert both == pytest.approx(1 + stats.binom.pmf(k, n, p), rel=1e-9)


def test_binomial_tails_end_where_counts_end() -> None:
    assert (tails.at_most(-1, 10, 0.5), tails.at_most(10, 10, 0.5)) == (0.0, 1.0)
    assert (tails.at_most(-2, 10, 0.5), tails.at_most(12, 10, 0.5)) == (0.0, 1.0)
    assert (tails.at_least(0, 10, 0.5), tails.at_least(11, 10, 0.5)) == (1.0, 0.0)
    assert (tails.at_most(0, 0, 0.5), tails.at_least(0, 0, 0.5)) == (1.0, 1.0)


def test_five_thousand_million_rows_are_counted_as_five_thousand_million() -> None:
    # a count that does not fit into 32 bits: Poisson with mean 5
    assert tails.at_most(5, 5_000_000_000, 1e-9) == pytest.approx(stats.poisson.cdf(5, 5), rel=1e-8)
    assert tails.at_least(6, 5_000_000_000, 1e-9) == pytest.approx(stats.poisson.sf(5, 5), rel=1e-8)


SHAPES: dict[str, Callable[[float], float]] = {
    "straight": lambda gap: gap,
    "steep": lambda gap: gap * 1e9,
    "bent": lambda gap: gap**3,
    "a step": lambda gap: 1.0 if gap > 0 else -1.0,
    "infinite beyond": lambda gap: inf if gap > 0.01 else gap,
}


@given(place=st.floats(-1, 1), target=st.sampled_from([-1.0, 1.0]), shape=st.sampled_from(sorted(SHAPES)))
def test_a_crossing_is_found_to_the_last_bit(place: float, target: float, shape: str) -> None:
    def excess(value: float) -> float:
        return SHAPES[shape]((value - place) * target)

    if excess(-target) > 0:
        return
    found = tails.crossing(excess, -target, target)
    assert excess(found) <= 0
    assert found == pytest.approx(place, abs=1e-15)


def test_a_smooth_crossing_takes_a_third_of_the_steps_of_a_bisection() -> None:
    asked: list[float] = []

    def excess(value: float) -> float:
        asked.append(value)
        return abs(value - 0.0076) / sqrt(1e-6 + 1e-3 * abs(value)) - 2

    tails.crossing(excess, 0.0076, 1.0)
    assert len(asked) < 20


def test_without_a_crossing_the_end_is_found() -> None:
    assert tails.crossing(lambda _: -1.0, 0.0, 1.0) == 1.0
    assert tails.crossing(lambda value: 0.0 if value == 0.0 else 1.0, 0.0, 1.0) == 0.0


@given(start=st.integers(0, 50), beyond=st.integers(0, 100_000))
def test_the_least_number_that_is_enough_is_found(start: int, beyond: int) -> None:
    assert tails.least(lambda n: n >= start + beyond, start) == start + beyond
