"""Sample sizes and power: against published and simulated numbers, and at their edges."""

import numpy as np
import pytest

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import PairedCounts
from model_ratchet.core.units import Scale
from model_ratchet.stats.paired import difference
from model_ratchet.stats.power import (
    power_independent,
    power_paired,
    power_rate,
    rows_to_clear,
    sample_size_independent,
    sample_size_paired,
    sample_size_rate,
)


# statsmodels 0.15.0, samplesize_proportions_2indep_onetail, which pools the variance under the null
@pytest.mark.parametrize(
    ("baseline", "gain", "pooled", "apart"),
    [(0.7, 0.02, 6_363.9, 1e-3), (0.7, 0.03, 2_798.6, 1e-3), (0.9, 0.02, 2_530.7, 1e-2), (0.55, 0.02, 7_615.9, 1e-3)],
)
def test_the_sizes_of_arms_are_near_those_with_a_pooled_variance(
    baseline: float, gain: float, pooled: float, apart: float
) -> None:
    assert sample_size_independent(baseline, gain) == pytest.approx(pooled, rel=apart)


def test_pairs_that_a_gain_needs() -> None:
    assert sample_size_paired(0.10, 0.02) == pytest.approx(1_540, abs=5)
    assert sample_size_paired(0.10, 0.0, margin=-0.01) == pytest.approx(6_183, abs=5)


@pytest.mark.parametrize("gain", [0.0, 0.01])
def test_a_gain_within_the_margin_is_never_shown(gain: float) -> None:
    with pytest.raises(ValueError, match="shown to be beyond"):
        sample_size_paired(0.1, gain, margin=0.01)
    with pytest.raises(ValueError, match="shown to be beyond"):
        sample_size_independent(0.7, gain, margin=0.01)


def test_power_at_the_size_that_was_planned_is_that_asked_for() -> None:
    n = sample_size_paired(0.12, 0.02, margin=-0.005)
    assert power_paired(n, 0.12, 0.02, margin=0.005, alpha=0.05, rule="non_inferiority") == pytest.approx(
        0.8, abs=0.002
    )
    n = sample_size_independent(0.7, 0.03)
    found = power_independent(n, 0.7, 0.03, margin=0.0, alpha=0.05, rule="superiority_margin")
    assert found == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_arms_that_do_not_vary_leave_nothing_open(rate: float) -> None:
    assert power_independent(100, rate, 0.0, margin=0.01, alpha=0.05, rule="non_inferiority") == 1.0
    assert power_independent(100, rate, 0.0, margin=0.01, alpha=0.05, rule="superiority_margin") == 0.0


def test_power_of_the_literal_rule_is_how_often_it_passes() -> None:
    rng = np.random.default_rng(7)
    n, discordance, gain, margin = 900, 0.12, 0.03, 0.02
    share = ((discordance + gain) / 2, (discordance - gain) / 2, 1 - discordance)
    wins, losses, _ = rng.multinomial(n, share, size=20_000).T
    d = (wins - losses) / n
    error = np.sqrt((wins + losses) / n - d**2) / np.sqrt(n)
    passed = ((d >= margin) & (d / error > 1.959964)).mean()
    found = power_paired(n, discordance, gain, margin=margin, alpha=0.05, rule="point_and_significance")
    assert found == pytest.approx(passed, abs=0.02)


def test_rows_of_a_rate_reach_the_power_and_one_row_less_does_not_help_a_larger_rate() -> None:
    n = sample_size_rate(0.001, 0.0002)
    assert power_rate(n, 0.001, 0.0002) >= 0.8
    assert power_rate(n, 0.001, 0.0005) < 0.8
    assert sample_size_rate(0.001, 0.0) == 2_995  # the rule of three, 5 %: ln(0.05) / ln(0.999)
    assert power_rate(2_994, 0.001, 0.0) == 0.0


@pytest.mark.parametrize("rate", [0.001, 0.002], ids=["at", "above"])
def test_a_rate_that_is_not_below_the_limit_is_never_shown_to_be(rate: float) -> None:
    with pytest.raises(ValueError, match="shown to be below"):
        sample_size_rate(0.001, rate)


def test_rows_to_clear_a_margin_clear_it() -> None:
    small = difference(PairedCounts(both=700, only_baseline=45, only_candidate=60, neither=195), level=0.9)
    more = rows_to_clear(small, margin=0.0, alpha=0.05, power=0.5)
    times = (1_000 + more) / 1_000
    large = PairedCounts(
        both=round(700 * times),
        only_baseline=round(45 * times),
        only_candidate=round(60 * times),
        neither=round(195 * times),
    )
    assert more > 0
    assert difference(large, level=0.9).low == pytest.approx(0.0, abs=5e-4)


def test_an_estimate_below_the_margin_or_without_an_interval_asks_for_no_rows() -> None:
    below = Estimate(value=-0.01, low=-0.02, high=0.0, level=0.9, n=100, method="any", scale=Scale.ABSOLUTE)
    assert rows_to_clear(below, margin=0.0, alpha=0.05) == 0
    at_it = Estimate(value=0.0, low=-0.01, high=0.01, level=0.9, n=100, method="any", scale=Scale.ABSOLUTE)
    assert rows_to_clear(at_it, margin=0.0, alpha=0.05) == 0
    for low, high in ((None, None), (0.05, None), (None, 0.15)):
        open_ended = Estimate(value=0.1, low=low, high=high, level=0.9, n=100, method="any", scale=Scale.ABSOLUTE)
        assert rows_to_clear(open_ended, margin=0.0, alpha=0.05) == 0
