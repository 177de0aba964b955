"""sequential: worked values, closed forms, independent integrals, and every degenerate stream."""

from math import exp, inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.optimize import brentq

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.stats.sequential import (
    confidence_sequence_halfwidth,
    discordant_e_value,
    harm_independent,
    harm_paired,
    harm_rate,
)


def pairs(only_baseline: int, only_candidate: int, n: int = 1_000) -> PairedCounts:
    rest = n - only_baseline - only_candidate
    return PairedCounts(both=rest, only_baseline=only_baseline, only_candidate=only_candidate, neither=0)


def arms(baseline: int, candidate: int, n: int = 1_000) -> tuple[Counts, Counts]:
    return Counts(successes=baseline, n=n), Counts(successes=candidate, n=n)


def test_the_worked_value_of_the_e_value() -> None:
    assert discordant_e_value(40, 60) == pytest.approx(-0.517394, abs=5e-7)


@given(b=st.integers(0, 60), c=st.integers(0, 60))
def test_the_e_value_is_the_likelihood_ratio_averaged_over_the_arcsine_law(b: int, c: int) -> None:
    # with p = sin²(t) the Beta(½, ½) density is uniform in t
    def ratio(t: float) -> float:
        return float(2.0 ** (b + c) * np.sin(t) ** (2 * c) * np.cos(t) ** (2 * b))

    expected, _ = integrate.quad(ratio, 0, np.pi / 2, limit=200)
    assert exp(discordant_e_value(b, c)) == pytest.approx(expected / (np.pi / 2), rel=1e-6)


def test_the_e_value_is_a_fair_game_under_equal_versions() -> None:
    assert discordant_e_value(0, 0) == pytest.approx(0.0, abs=1e-15)
    for n in range(12):
        mean = sum(stats.binom.pmf(c, n, 0.5) * exp(discordant_e_value(n - c, c)) for c in range(n + 1))
        assert mean == pytest.approx(1.0, rel=1e-12)


@given(b=st.integers(0, 10_000), c=st.integers(0, 10_000))
def test_the_e_value_does_not_know_the_versions_apart(b: int, c: int) -> None:
    assert discordant_e_value(b, c) == discordant_e_value(c, b)


def test_the_worked_value_of_the_sequence() -> None:
    assert confidence_sequence_halfwidth(100, 1.0, 0.05, 100) == pytest.approx(0.3035209, abs=1e-6)


@pytest.mark.parametrize("one_sided", [False, True])
@pytest.mark.parametrize("planned", [100, 5_000, 200_000])
def test_the_sequence_is_about_narrowest_where_it_is_planned(planned: int, one_sided: bool) -> None:
    here = confidence_sequence_halfwidth(planned, 1.0, 0.01, planned, one_sided=one_sided)
    others = [
        confidence_sequence_halfwidth(planned, 1.0, 0.01, round(planned * factor), one_sided=one_sided)
        for factor in (0.25, 0.5, 2.0, 4.0)
    ]
    assert here < min(others)


def test_the_planned_size_is_that_of_the_best_two_sided_mixture() -> None:
    # the narrowest over all mixtures, searched for, is at most a hair narrower than the closed form
    n, alpha = 10_000, 0.05

    def squared(rho: float) -> float:
        return (n + rho) * log((n + rho) / (rho * alpha**2))

    best = min(squared(rho) for rho in np.geomspace(10, 1e5, 20_000))
    assert n * confidence_sequence_halfwidth(n, 1.0, alpha, n) == pytest.approx(sqrt(best), rel=1e-4)


@given(n=st.integers(1, 100_000), alpha=st.sampled_from([0.001, 0.01, 0.05]), planned=st.integers(100, 100_000))
def test_the_one_sided_bound_lies_above_the_exact_mixture_bound_and_below_the_two_sided(
    n: int, alpha: float, planned: int
) -> None:
    one = n * confidence_sequence_halfwidth(n, 1.0, alpha, planned, one_sided=True)
    rho2 = (-2 * log(2 * alpha) + log(-2 * log(2 * alpha) + 1)) / planned
    rho = 1 / rho2

    def log_mixture(s: float) -> float:
        # ∫ over effects above zero of the likelihood ratio under a half-normal prior of precision ρ
        v = n + rho
        return float(0.5 * log(4 * rho / v) + s * s / (2 * v) + stats.norm.logcdf(s / sqrt(v)))

    exact = float(brentq(lambda s: log_mixture(s) + log(alpha), 0, 100 * sqrt(n + rho)))
    assert exact <= one * (1 + 1e-9)
    assert one <= exact * 1.06


@given(n=st.integers(1, 1_000_000))
def test_the_sequence_scales_with_the_deviation_and_is_wider_than_a_single_look(n: int) -> None:
    one = confidence_sequence_halfwidth(n, 1.0, 0.05, 10_000)
    assert confidence_sequence_halfwidth(n, 9.0, 0.05, 10_000) == pytest.approx(3 * one, rel=1e-12)
    assert confidence_sequence_halfwidth(n, 0.0, 0.05, 10_000) == 0.0
    assert one > 1.96 / sqrt(n)


def test_no_hour_shows_no_harm() -> None:
    assert harm_paired([], margin=0.0, level=0.01, planned_n=100) is None
    assert harm_paired([], margin=0.01, level=0.01, planned_n=100) is None
    assert harm_independent([], margin=0.0, level=0.01, planned_n=100) is None
    assert harm_rate([], limit=0.001, level=0.01) is None


@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_empty_hours_and_identical_predictions_show_no_harm(margin: float) -> None:
    nothing = PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0)
    assert harm_paired([nothing] * 50, margin=margin, level=0.01, planned_n=100) is None
    assert harm_paired([pairs(0, 0)] * 50, margin=margin, level=0.01, planned_n=50_000) is None
    empty = (Counts(successes=0, n=0), Counts(successes=0, n=0))
    assert harm_independent([empty] * 50, margin=margin, level=0.01, planned_n=100) is None
    assert harm_independent([arms(1_000, 1_000)] * 50, margin=margin, level=0.01, planned_n=50_000) is None
    assert harm_independent([arms(0, 0)] * 50, margin=margin, level=0.01, planned_n=50_000) is None


def test_one_empty_arm_shows_no_harm() -> None:
    one_arm = (Counts(successes=900, n=1_000), Counts(successes=0, n=0))
    assert harm_independent([one_arm] * 50, margin=0.0, level=0.01, planned_n=100) is None


def test_a_better_candidate_is_never_harm() -> None:
    assert harm_paired([pairs(10, 200)] * 50, margin=0.0, level=0.01, planned_n=50_000) is None
    assert harm_paired([pairs(10, 200)] * 50, margin=0.01, level=0.01, planned_n=50_000) is None
    assert harm_independent([arms(700, 900)] * 50, margin=0.0, level=0.01, planned_n=50_000) is None
    assert harm_rate([Counts(successes=0, n=1_000)] * 500, limit=0.001, level=0.01) is None


def test_the_first_hour_is_told_at_which_the_e_value_crosses() -> None:
    hours = [pairs(4, 1)] * 40
    first = next(hour for hour in range(40) if discordant_e_value(4 * (hour + 1), hour + 1) >= -log(0.01))
    assert harm_paired(hours, margin=0.0, level=0.01, planned_n=40_000) == first
    assert first > 0


def test_the_first_hour_is_told_at_which_the_one_sided_bound_falls_below_the_margin() -> None:
    hours = [arms(720, 690)] * 60
    variance = 0.72 * 0.28 + 0.69 * 0.31

    def beyond(hour: int, *, one_sided: bool = True) -> bool:
        n = 1_000 * (hour + 1)
        return -0.03 + confidence_sequence_halfwidth(n, variance, 0.01, 60_000, one_sided=one_sided) < -0.01

    first = next(hour for hour in range(60) if beyond(hour))
    assert harm_independent(hours, margin=0.01, level=0.01, planned_n=60_000) == first
    assert not beyond(first, one_sided=False)


def test_harm_that_was_shown_once_stays_whatever_comes_after() -> None:
    bad, good = [pairs(200, 20)] * 3, [pairs(10, 300)] * 100
    for margin in (0.0, 0.01):
        shown = harm_paired(bad, margin=margin, level=0.01, planned_n=100_000)
        assert shown is not None
        assert harm_paired([*bad, *good], margin=margin, level=0.01, planned_n=100_000) == shown
    shown = harm_independent([arms(900, 600)] * 3, margin=0.0, level=0.01, planned_n=100_000)
    assert shown is not None
    later = [*[arms(900, 600)] * 3, *[arms(600, 900)] * 100]
    assert harm_independent(later, margin=0.0, level=0.01, planned_n=100_000) == shown
    errors = [Counts(successes=50, n=1_000)] * 3
    first = harm_rate(errors, limit=0.001, level=0.01)
    assert first is not None
    assert harm_rate([*errors, *[Counts(successes=0, n=10**6)] * 9], limit=0.001, level=0.01) == first


def test_less_than_a_hundred_rows_are_no_mean() -> None:
    few = [PairedCounts(both=0, only_baseline=99, only_candidate=0, neither=0)]
    assert harm_paired(few, margin=0.01, level=0.01, planned_n=100) is None
    assert harm_paired([few[0], pairs(1, 0, 1)], margin=0.01, level=0.01, planned_n=100) == 1
    small = [(Counts(successes=99, n=99), Counts(successes=0, n=99))]
    assert harm_independent(small, margin=0.0, level=0.01, planned_n=100) is None
    assert harm_independent([*small, arms(1, 0, 1)], margin=0.0, level=0.01, planned_n=100) == 1
    # the exact e-value needs no such number
    assert harm_paired([pairs(12, 0, 12)], margin=0.0, level=0.01, planned_n=100) == 0


@pytest.mark.parametrize("margin", [0.0, 0.02])
def test_a_lower_level_is_crossed_no_earlier(margin: float) -> None:
    random = np.random.default_rng(11)
    hours = [pairs(int(b), int(c)) for b, c in random.binomial(1_000, (0.14, 0.06), (60, 2))]
    first = harm_paired(hours, margin=margin, level=0.05, planned_n=60_000)
    second = harm_paired(hours, margin=margin, level=0.0001, planned_n=60_000)
    assert first is not None
    assert second is not None
    assert first <= second


def test_small_harm_within_the_margin_is_no_harm() -> None:
    # 0.5 points worse for ever, and a margin of 1 point
    hours = [pairs(50, 45)] * 2_000
    assert harm_paired(hours, margin=0.01, level=0.01, planned_n=2_000_000) is None
    assert harm_paired(hours, margin=0.0, level=0.01, planned_n=2_000_000) is not None
    assert harm_independent([arms(700, 695)] * 2_000, margin=0.01, level=0.01, planned_n=2_000_000) is None
    assert harm_independent([arms(700, 695)] * 2_000, margin=0.0, level=0.01, planned_n=2_000_000) is not None


@given(errors=st.integers(1, 200), n=st.integers(1, 20_000), limit=st.sampled_from([0.001, 0.01, 0.2]))
def test_a_rate_crosses_where_the_averaged_likelihood_ratio_says(errors: int, n: int, limit: float) -> None:
    errors = min(errors, n)
    prior = stats.beta(0.5, max(0.5, 0.5 * (1 - limit) / limit))

    def ratio(p: float) -> float:
        gain = errors * log(p / limit) + (n - errors) * log((1 - p) / (1 - limit)) if p < 1 else -inf
        return exp(gain - shift) * float(prior.pdf(p))

    peak = min(max(errors / n, limit * (1 + 1e-9)), 1 - 1e-9)
    shift = errors * log(peak / limit) + (n - errors) * log((1 - peak) / (1 - limit))
    width = 12 * sqrt(peak * (1 - peak) / n) + 1e-4
    points = [point for point in (peak - width, peak, peak + width) if limit < point < 1]
    mass, _ = integrate.quad(ratio, limit, 1 - 1e-12, points=points, limit=500)
    log_e = log(max(mass, 1e-300) / float(prior.sf(limit))) + shift
    if errors <= limit * n:
        crossed = False
    elif abs(log_e - log(100)) < 1e-3:
        return
    else:
        crossed = log_e >= log(100)
    found = harm_rate([Counts(successes=errors, n=n)], limit=limit, level=0.01)
    assert (found == 0) is crossed


def test_only_errors_cross_at_once_and_a_limit_of_everything_never() -> None:
    assert harm_rate([Counts(successes=100, n=100)], limit=0.001, level=0.01) == 0
    assert harm_rate([Counts(successes=10**9, n=10**9)], limit=0.5, level=0.01) == 0
    assert harm_rate([Counts(successes=100, n=100)], limit=1.0, level=0.01) is None


@pytest.mark.parametrize("limit", [0.0, -0.1])
def test_no_rate_is_below_a_limit_of_zero(limit: float) -> None:
    with pytest.raises(ValueError, match="no rate is at most"):
        harm_rate([Counts(successes=0, n=10)], limit=limit, level=0.01)
