"""How often the methods are wrong, and how often they find what is there: simulated, at fixed seeds.

The bounds are those that are promised; the simulations are large enough that a method at its promise passes.
"""

import numpy as np
import pytest
from benchmarks.choices import BASE, DAYS, ROWS, beta_days, on_different_days, significant, split_within_days

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.criteria.independence import WARN_BELOW
from model_ratchet.stats import clusters, paired, proportions, sequential
from model_ratchet.stats.power import power_independent, power_paired

RNG = np.random.default_rng


def test_rows_split_within_clustered_days_are_significant_by_chance_in_at_most_8_percent() -> None:
    random = RNG(1)
    rate = np.mean([significant(split_within_days(random, 0.0)) for _ in range(2_000)])
    assert 0.01 <= rate <= 0.08


def test_arms_on_different_clustered_days_are_significant_by_chance_in_at_most_8_percent() -> None:
    random = RNG(2)
    rate = np.mean([significant(on_different_days(random)) for _ in range(2_000)])
    assert 0.01 <= rate <= 0.08


def test_a_version_that_is_4_points_better_on_the_same_days_is_found_in_at_least_90_percent() -> None:
    random = RNG(3)
    assert np.mean([significant(split_within_days(random, 0.04)) for _ in range(1_000)]) >= 0.9


def test_independent_rows_would_be_believed_far_too_often_on_different_days() -> None:
    # what the cluster is bound for: the same data, read as independent rows
    random = RNG(4)
    believed = 0
    for _ in range(500):
        found = on_different_days(random)
        p_value = proportions.pooled_p_value(
            Counts(successes=found.s0, n=found.n0), Counts(successes=found.s1, n=found.n1)
        )
        believed += p_value is not None and p_value < 0.05
    assert believed / 500 > 0.4


LOOKS = 14


def null_weeks(random: np.random.Generator, runs: int) -> np.ndarray:
    """Discordant pairs by run, day and side, of versions that are equally good: 1,000 pairs a day, a tenth discordant."""
    discordant = random.binomial(1_000, 0.10, (runs, LOOKS))
    candidate = random.binomial(discordant, 0.5)
    return np.stack([discordant - candidate, candidate], axis=2)


def test_14_daily_looks_promote_a_version_that_is_no_better_in_at_most_6_percent() -> None:
    """The road of the engine: a look before the window's end can only fail the candidate, and the last one decides."""
    random = RNG(5)
    promoted = 0
    runs = null_weeks(random, 4_000)
    for run in runs:
        b, c = (int(value) for value in run.sum(axis=0))
        promoted += c > b and paired.mcnemar_exact(b, c) < 0.05
    assert promoted / len(runs) <= 0.06
    # naive looks stop at the first day that is significant
    cumulated = runs.cumsum(axis=1)[:1_000]
    naive = sum(
        any(int(c) > int(b) and paired.mcnemar_exact(int(b), int(c)) < 0.05 for b, c in run) for run in cumulated
    )
    assert naive / 1_000 > 0.08


def test_harm_of_a_harmless_version_is_shown_early_in_at_most_the_level() -> None:
    random = RNG(6)
    alarms = 0
    for _ in range(600):
        discordant = random.binomial(40, 0.2, 168)
        candidate = random.binomial(discordant, 0.5)
        hours = [
            PairedCounts(both=30, neither=10, only_baseline=int(d - c), only_candidate=int(c))
            for d, c in zip(discordant, candidate, strict=True)
        ]
        alarms += sequential.harm_paired(hours, margin=0.0, level=0.05, planned_n=6_720) is not None
    assert alarms / 600 <= 0.05


def test_harm_beyond_a_margin_is_shown_early_in_at_most_the_level() -> None:
    random = RNG(7)
    alarms = 0
    for _ in range(400):
        # exactly at the margin of 1 point: 5.5 % against 4.5 % discordant
        worse, better = random.binomial(200, 0.055, 72), random.binomial(200, 0.045, 72)
        hours = [
            PairedCounts(both=150, neither=50, only_baseline=int(b), only_candidate=int(c))
            for b, c in zip(worse, better, strict=True)
        ]
        alarms += sequential.harm_paired(hours, margin=0.01, level=0.05, planned_n=14_400) is not None
    assert alarms / 400 <= 0.07


def test_harm_of_independent_arms_is_shown_early_in_at_most_the_level() -> None:
    random = RNG(8)
    alarms = 0
    for _ in range(400):
        n0, n1 = 190, 60
        hours = [
            (Counts(successes=int(a), n=n0), Counts(successes=int(b), n=n1))
            for a, b in zip(random.binomial(n0, 0.8, 72), random.binomial(n1, 0.8, 72), strict=True)
        ]
        alarms += sequential.harm_independent(hours, margin=0.0, level=0.05, planned_n=4_320) is not None
    assert alarms / 400 <= 0.06


@pytest.mark.parametrize("rate", [0.001, 0.0005, 0.0])
def test_a_rate_within_its_limit_is_shown_above_it_in_at_most_the_level(rate: float) -> None:
    random = RNG(9)
    alarms = 0
    for _ in range(400):
        hours = [Counts(successes=int(errors), n=400) for errors in random.binomial(400, rate, 72)]
        alarms += sequential.harm_rate(hours, limit=0.001, level=0.05) is not None
    assert alarms / 400 <= 0.05


def test_great_harm_is_shown_long_before_the_window_ends() -> None:
    hours = [PairedCounts(both=80, neither=8, only_baseline=10, only_candidate=2)] * 168
    found = sequential.harm_paired(hours, margin=0.0, level=0.01, planned_n=16_800)
    assert found is not None
    assert found < 24
    errors = [Counts(successes=4, n=400)] * 72
    shown = sequential.harm_rate(errors, limit=0.001, level=0.01)
    assert shown is not None
    assert shown < 24


def test_rows_that_are_clustered_look_so_and_independent_ones_seldom_do() -> None:
    random = RNG(10)

    def looks(rates: np.ndarray) -> bool:
        groups = [Counts(successes=int(random.binomial(ROWS, rate)), n=ROWS) for rate in rates]
        found = clusters.looks_clustered([clusters.summed(one) for one in groups])
        return found is not None and found[1] < WARN_BELOW

    assert np.mean([looks(beta_days(random, DAYS)) for _ in range(300)]) > 0.9
    assert np.mean([looks(np.full(DAYS, BASE)) for _ in range(1_000)]) < 0.02


@pytest.mark.parametrize("gain", [0.02, 0.04])
def test_the_planned_power_of_pairs_is_the_simulated_one(gain: float) -> None:
    random = RNG(11)
    n, discordance = 4_000, 0.12
    planned = power_paired(n, discordance, gain, margin=0.02, alpha=0.05, rule="point_and_significance")
    better, worse = (discordance + gain) / 2, (discordance - gain) / 2
    table = random.multinomial(n, [better, worse, 1 - discordance], 600)
    passed = [(c - b) / n >= 0.02 and paired.mcnemar_exact(int(b), int(c)) < 0.05 for c, b, _ in table]
    assert np.mean(passed) == pytest.approx(planned, abs=0.05)


def test_the_planned_power_of_independent_arms_is_the_simulated_one() -> None:
    random = RNG(12)
    n, margin = 8_000, 0.01
    planned = power_independent(n, 0.8, 0.005, margin=margin, alpha=0.05, rule="non_inferiority")
    low, high = random.binomial(n, 0.8, 400), random.binomial(n, 0.805, 400)
    proven = []
    for x0, x1 in zip(low, high, strict=True):
        found = proportions.difference(Counts(successes=int(x0), n=n), Counts(successes=int(x1), n=n), level=0.90)
        proven.append(found.lower_bound is not None and found.lower_bound > -margin)
    assert np.mean(proven) == pytest.approx(planned, abs=0.06)
