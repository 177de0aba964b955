"""Every published number that a method of the statistics covers, and the list of those that none covers, with the reason."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from math import exp, log, sqrt
from typing import Any, TypeAlias

import numpy as np
import pytest

from builders.nfl import DATA
from model_ratchet.core.evidence import Counts, LogHistogram, PairedCounts, QuantileCounts
from model_ratchet.stats import paired, proportions
from model_ratchet.stats.multiplicity import holm
from model_ratchet.stats.paired import mcnemar_exact, mcnemar_mid_p, tango_interval
from model_ratchet.stats.proportions import clopper_pearson, miettinen_nurminen, newcombe, pooled_p_value, wilson
from model_ratchet.stats.quantiles import GROWTH, at_most_p_values, least_rows, quantile
from model_ratchet.stats.ratio import sample_ratio
from model_ratchet.stats.sequential import confidence_sequence_halfwidth, discordant_e_value
from model_ratchet.stats.tails import at_least, at_most, critical, normal_below, normal_quantile

FILE = DATA / "stats_cases.json"
if not FILE.exists():
    pytest.skip(f"the published numbers are not here: {FILE}", allow_module_level=True)

Given: TypeAlias = Mapping[str, Any]
Got: TypeAlias = dict[str, Any]
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}


def one_proportion(interval: Callable[[int, int, float], tuple[float, float]]) -> Callable[[Given], Got]:
    """A one-sided bound at 95 % is an end of the two-sided interval at 90 %."""

    def run(given: Given) -> Got:
        side = given.get("side", "two-sided")
        level = given["confidence"] if side == "two-sided" else 2 * given["confidence"] - 1
        low, high = interval(given["count"], given["nobs"], level)
        return {"low": 0.0 if side == "upper-only" else low, "high": 1.0 if side == "lower-only" else high}

    return run


def exact_binomial(given: Given) -> Got:
    k, n, p_0, side = given["k"], given["n"], given["p0"], given["alternative"]
    confidence = given.get("confidence", 0.95)
    low, high = clopper_pearson(k, n, confidence if side == "two-sided" else 2 * confidence - 1)
    if side == "less":
        return {"pvalue": at_most(k, n, p_0), "low": 0.0, "high": high}
    if side == "greater":
        return {"pvalue": at_least(k, n, p_0), "low": low, "high": 1.0}
    return {"low": low, "high": high}


def two_arms(given: Given) -> tuple[Counts, Counts]:
    """(baseline, candidate): the cases subtract the second from the first."""
    return Counts(successes=given["x2"], n=given["n2"]), Counts(successes=given["x1"], n=given["n1"])


def newcombe_difference(given: Given) -> Got:
    low, high = newcombe(*two_arms(given), given["confidence"])
    return {"low": low, "high": high}


def miettinen_nurminen_difference(given: Given) -> Got:
    low, high = miettinen_nurminen(*two_arms(given), given["confidence"])
    return {"low": low, "high": high}


def mee_difference(given: Given) -> Got:
    """Mee's interval is that of Miettinen and Nurminen without their factor N/(N−1), which is a smaller critical value."""
    baseline, candidate = two_arms(given)
    total = baseline.n + candidate.n
    z = critical(given["confidence"]) * sqrt((total - 1) / total)
    low, high = miettinen_nurminen(baseline, candidate, 1 - 2 * normal_below(-z))
    return {"low": low, "high": high}


def z_of(baseline: Counts, candidate: Counts) -> float:
    p_value = pooled_p_value(baseline, candidate)
    assert p_value is not None
    sign = 1 if candidate.successes * baseline.n >= baseline.successes * candidate.n else -1
    return -sign * normal_quantile(p_value / 2)


def barnard(given: Given) -> Got:
    """Barnard's statistic is the pooled z; the columns of the table are the groups."""
    (yes_1, yes_2), (no_1, no_2) = given["table"]
    return {"statistic": z_of(Counts(successes=yes_2, n=yes_2 + no_2), Counts(successes=yes_1, n=yes_1 + no_1))}


def pooled_z(given: Given) -> Got:
    baseline = Counts(successes=given["x_control"], n=given["n_control"])
    candidate = Counts(successes=given["x_treatment"], n=given["n_treatment"])
    return {"pvalue": pooled_p_value(baseline, candidate), "z": z_of(baseline, candidate)}


def two_proportions(given: Given) -> Got:
    estimate = proportions.difference(*two_arms(given), level=given["confidence"])
    return {"difference": estimate.value, "pvalue": estimate.p_value}


def confidence_sequence_of_a_relative_difference(given: Given) -> Got:
    """The delta-method error goes in; what is under test is the width of the sequence at n of both arms together."""
    arms = [(given[f"sum_{arm}"], given[f"sumsq_{arm}"], given[f"n_{arm}"]) for arm in "ab"]
    (mean_a, error_a), (mean_b, error_b) = ((s / n, (ss - s * s / n) / (n - 1) / n) for s, ss, n in arms)
    value = mean_b / mean_a - 1
    deviation = sqrt(error_b / mean_a**2 + error_a * mean_b**2 / mean_a**4)
    n = given["n_a"] + given["n_b"]
    half = confidence_sequence_halfwidth(n, deviation**2 * n, 1 - given["confidence"], given["tuning_n"])
    return {"expected": value, "low": value - half, "high": value + half, "stddev": deviation}


def mixture_tuning(given: Given) -> Got:
    """The mixture's rho, read from the width: with unit variance n²·w² = (n + ρ)·log((n + ρ)/(ρ·α²))."""
    from scipy.optimize import brentq

    n, alpha = given["v_opt"], given["alpha_opt"]
    squared = (n * confidence_sequence_halfwidth(n, 1.0, alpha, n)) ** 2
    # the right side falls in ρ up to its least value, at the tuning itself: two planned sizes give two equations
    other = 4 * n
    wider = (other * confidence_sequence_halfwidth(other, 1.0, alpha, n)) ** 2

    def gap(rho: float) -> float:
        return float((other + rho) * log((other + rho) / (rho * alpha**2)) - wider)

    rho = float(brentq(gap, 1e-3, n / 2, xtol=1e-12))
    assert (n + rho) * log((n + rho) / (rho * alpha**2)) == pytest.approx(squared, rel=1e-9)
    return {"rho": rho}


def mixture_bound(given: Given) -> Got:
    assert given["v"] == given["v_opt"]
    return {"bound": given["v"] * confidence_sequence_halfwidth(given["v"], 1.0, given["alpha"], given["v_opt"])}


def mcnemar(given: Given) -> Got:
    (both, b), (c, neither) = given["table"]
    table = PairedCounts(both=both, only_baseline=c, only_candidate=b, neither=neither)
    return {
        "p_exact": mcnemar_exact(b, c),
        "p_midp": mcnemar_mid_p(b, c),
        "diff": paired.difference(table, level=0.95).value,
    }


def tango(given: Given) -> Got:
    table = PairedCounts(both=given["a"], only_candidate=given["b"], only_baseline=given["c"], neither=given["d"])
    low, high = tango_interval(table, given["confidence"])
    return {"estimate": paired.difference(table, level=0.95).value, "low": low, "high": high}


def tango_of_a_table(given: Given) -> Got:
    (both, b), (c, neither) = given["table"]
    table = PairedCounts(both=both, only_baseline=c, only_candidate=b, neither=neither)
    low, high = tango_interval(table, given["confidence"])
    return {"tango_low": low, "tango_high": high}


def ratio_of_samples(given: Given) -> Got:
    return {"pvalue": sample_ratio(given["observed"], given["expected_ratio"])}


def exact_ratio_of_halves(given: Given) -> Got:
    """The exact test of equal shares is the exact McNemar test of the two counts."""
    assert given["expected_ratio"] == [0.5, 0.5]
    return {"pvalue": mcnemar_exact(*given["observed"])}


def exponentials() -> list[float]:
    return [exp(0.01 * index) for index in range(101)]


def rank(bound: float | None) -> int:
    """The bucket of which a bound is the upper edge; with one row in each bucket it is the rank of an order statistic."""
    assert bound is not None
    return round(log(bound * 1e6) / log(GROWTH))


def ranks(n: int, q: float, level: float) -> tuple[int, int]:
    estimate = quantile(LogHistogram(buckets=tuple((key, 1) for key in range(1, n + 1))), q, level=level)
    assert estimate.low is not None
    return rank(estimate.low * GROWTH), rank(estimate.high)


def order_statistics(given: Given) -> Got:
    side, confidence = given["alternative"], given["confidence"]
    values = exponentials()
    low, high = ranks(len(values), given["p"], confidence if side == "two-sided" else 2 * confidence - 1)
    return {"low": values[low - 1], "high": values[high - 1]}


def median_coverage(given: Given) -> Got:
    assert ranks(given["n"], given["p"], 0.95) == (given["l"], given["u"])
    return {"coverage_percent": 100 * coverage(given)}


def coverage(given: Given) -> float:
    """P(x_(l) ≤ quantile < x_(u)) of continuous values."""
    return at_most(given["u"] - 1, given["n"], given["p"]) - at_most(given["l"] - 1, given["n"], given["p"])


def some_coverage(given: Given) -> Got:
    """Several pairs of ranks are valid: ours covers enough, and neither end can move inwards within its own tail."""
    low, high = ranks(given["n"], given["p"], 0.95)
    assert coverage({**given, "l": low, "u": high}) >= 0.95
    assert at_most(low, given["n"], given["p"]) > 0.025
    assert at_most(high - 2, given["n"], given["p"]) < 0.975
    return {"coverage": coverage(given)}


def quantile_test(given: Given) -> Got:
    values = given["x"] if isinstance(given["x"], list) else exponentials()
    assert given["alternative"] == "two-sided"
    k = sum(value <= given["q"] for value in values)
    counts = QuantileCounts(at_or_below=k, n=len(values), maximum=max(values))
    return {"pvalue": 2 * min(at_most_p_values(counts, given["p"]))}


def fewest_rows(given: Given) -> Got:
    return {"min_n": least_rows(given["quantile"], given["confidence"], given["allowed_exceedances"])}


def rule_of_three(given: Given) -> Got:
    return {"n_times_upper": given["n"] * clopper_pearson(given["errors"], given["n"], 0.95)[1]}


def e_value(given: Given) -> Got:
    log_e = discordant_e_value(given["old_only"], given["new_only"])
    return {"log_e": log_e, "p_always_valid_now": min(1.0, exp(-log_e))}


@cache
def rejected_by_look() -> tuple[float, ...]:
    """The share of 200,000 null paths that 50 equally spaced tests have rejected by each look."""
    generator = np.random.default_rng(1969)
    beyond = np.zeros((50, 200_000), dtype=bool)
    total = np.zeros(200_000)
    for look in range(50):
        total += generator.standard_normal(200_000)
        beyond[look] = np.abs(total) > critical(0.95) * sqrt(look + 1)
    return tuple(float(share) for share in np.logical_or.accumulate(beyond).mean(axis=1))


def repeated_tests(given: Given) -> Got:
    assert given["alpha"] == 0.05
    return {"overall": rejected_by_look()[given["looks"] - 1]}


RUN: dict[str, Callable[[Given], Got]] = {
    "wilson": one_proportion(wilson),
    "clopper-pearson": one_proportion(clopper_pearson),
    "exact-binomial": exact_binomial,
    "newcombe-score-diff": newcombe_difference,
    "mee-diff": mee_difference,
    "mee-diff (no N/(N-1))": mee_difference,
    "miettinen-nurminen-diff": miettinen_nurminen_difference,
    "barnard": barnard,
    "pooled-z": pooled_z,
    "two-proportions": two_proportions,
    "asymptotic-confidence-sequence-two-sided": confidence_sequence_of_a_relative_difference,
    "normal-mixture best rho (two-sided)": mixture_tuning,
    "two-sided normal mixture bound": mixture_bound,
    "mcnemar": mcnemar,
    "paired-wald-ci": tango_of_a_table,
    "tango-paired-diff": tango,
    "srm-chi2": ratio_of_samples,
    "srm-exact": exact_ratio_of_halves,
    "quantile-ci-order-statistic": order_statistics,
    "quantile-test": quantile_test,
    "min-n for one-sided quantile bound": fewest_rows,
    "rule-of-three": rule_of_three,
    "multiplicity": lambda given: {"holm": list(holm(given["pvalues"]))},
    "always-valid exact McNemar (Beta(1/2,1/2) mixture e-value)": e_value,
    "repeated-testing type-I (property)": repeated_tests,
}
RUN_BY_ID: dict[str, Callable[[Given], Got]] = {
    "quantile-hahn-meeker-100-90": some_coverage,
    **{name: median_coverage for name in CASES if name.startswith("median-ci-")},
}

CORRECTED = "continuity corrections are not used: they only lower the power of a score interval"
EXACT_INDEPENDENT = "independent arms have the pooled z-test; no exact unconditional or conditional test is offered"
RATIO = "differences are judged, not ratios of two proportions"
NO_WALD = "Wald intervals are not used: they have no width at 0 and 1"
RELATIVE = "relative changes are formed by the criteria from an absolute estimate, not by the statistics"
WELCH = "means have one CR1 regression on arm, whose error differs from Welch's by the factor (N/(N−1))·((n−1)/n)"
PAIRED_NEWCOMBE = "pairs have Tango's interval, not Newcombe's hybrid"
SEQUENTIAL_QUANTILES = "quantiles are never judged before their window ends"
OTHER_SEQUENCE = "rates above a limit have the truncated Beta mixture; pairs and means the asymptotic sequence"
NOT_RUN: dict[str, str] = {
    "wilsoncc-15-148": CORRECTED,
    "wilsoncc-0-20": CORRECTED,
    "wilsoncc-1-29": CORRECTED,
    "wald-7.34-1.34": NO_WALD,
    "agresti-caffo-7.34-1.34": "Newcombe's interval is used in the place of the adjusted Wald interval",
    "koopman-7.34-1.34": RATIO,
    "katz-7.34-1.34": RATIO,
    "boschloo-7.12.8.3-less": EXACT_INDEPENDENT,
    "boschloo-43.40.10.39-greater": EXACT_INDEPENDENT,
    "boschloo-2.7.8.2-two-sided": EXACT_INDEPENDENT,
    "tt-fisher": EXACT_INDEPENDENT,
    "tt-boschloo": EXACT_INDEPENDENT,
    "tt-barnard": EXACT_INDEPENDENT,
    "gb-welch-relative": RELATIVE,
    "gb-welch-absolute": WELCH,
    "gb-proportion-relative": RELATIVE,
    "gb-onesided-greater": RELATIVE,
    "confseq-nm2-log": "the sequence is offered as a bound, not as an e-value",
    "confseq-nm1-log": "the sequence is offered as a bound, not as an e-value",
    "confseq-nm1-bound": "the one-sided bound is the closed form of eq. 134, which lies above the exact root",
    "confseq-bernoulli-700": OTHER_SEQUENCE,
    "confseq-bernoulli-1-50": OTHER_SEQUENCE,
    "confseq-quantile-ab-0.5-70": SEQUENTIAL_QUANTILES,
    "confseq-quantile-ab-0.5-85": SEQUENTIAL_QUANTILES,
    "confseq-quantile-ab-0.5-100": SEQUENTIAL_QUANTILES,
    "confseq-quantile-ab-0.9-55": SEQUENTIAL_QUANTILES,
    "newcombe-paired10-59.6.16.80": PAIRED_NEWCOMBE,
    "newcombe-paired8-20.12.2.16": PAIRED_NEWCOMBE,
    "newcombe-paired10-20.12.2.16": PAIRED_NEWCOMBE,
    "srm-tt-doc-2to1": "continuity corrected; sample ratios have the plain chi-square",
    "bh-1995": "false discovery rates are not controlled: Holm's method is",
    "power-R-propdiff": "power is that of the unpooled normal form",
    "power-stata-propdiff": "power is that of the unpooled normal form",
    "n-per-arm-0.7-0.02": "the null variance is not pooled: the sizes agree to 0.1 %, see test_power",
    "n-per-arm-0.7-0.03": "the null variance is not pooled: the sizes agree to 0.1 %, see test_power",
    "n-per-arm-0.9-0.02": "the null variance is not pooled: the sizes agree to 1 %, see test_power",
    "n-per-arm-0.55-0.02": "the null variance is not pooled: the sizes agree to 0.1 %, see test_power",
    "mw-kayenta-10203040": "ranks are not compared: latency is judged by quantiles",
    "mw-scipy-doc": "ranks are not compared: latency is judged by quantiles",
}
NOT_COMPUTED: dict[tuple[str, str], str] = {
    ("exact-binomial", "pvalue"): "two-sided exact tests add up both tails by likelihood; here each tail has its own",
    ("barnard", "pvalue"): EXACT_INDEPENDENT,
    ("two-proportions", "low"): NO_WALD,
    ("two-proportions", "high"): NO_WALD,
    ("mcnemar", "p"): "McNemar's test is exact here, never asymptotic",
    ("mcnemar", "p_cc"): CORRECTED,
    ("mcnemar", "chi2"): "McNemar's test is exact here, never asymptotic",
    ("mcnemar", "chi2_cc"): CORRECTED,
    ("paired-wald-ci", "low"): NO_WALD,
    ("paired-wald-ci", "high"): NO_WALD,
    ("multiplicity", "bh"): "false discovery rates are not controlled: Holm's method is",
}


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_RUN])
def test_a_published_number_comes_out_of_its_method(name: str) -> None:
    case = CASES[name]
    got = RUN_BY_ID.get(name, RUN[case["method"]])(case["input"])
    tolerance = case["tolerance"]
    compared = 0
    for field, expected in case["expected"].items():
        if field not in got:
            assert (case["method"], field) in NOT_COMPUTED, f"{field} is neither computed nor listed"
            continue
        seen = np.asarray(got[field], dtype=float)
        wanted = np.asarray(expected, dtype=float)
        assert seen.shape == wanted.shape
        allowed = tolerance.get("abs", 0) + tolerance.get("rel", 0) * np.abs(wanted)
        assert (np.abs(seen - wanted) <= allowed).all(), f"{field}: {got[field]} for {expected} ({case['source']})"
        compared += 1
    assert compared, f"nothing of {name} is compared: list it with the reason"


def test_every_published_case_is_run_or_listed_with_its_reason() -> None:
    assert len(CASES) == 127
    assert NOT_RUN.keys() <= CASES.keys()
    run = {name for name, case in CASES.items() if case["method"] in RUN or name in RUN_BY_ID}
    assert {name for name in CASES if name not in run} == NOT_RUN.keys() - run
    assert all(reason for reason in (*NOT_RUN.values(), *NOT_COMPUTED.values()))


def test_no_method_and_no_field_is_listed_that_no_case_has() -> None:
    methods = {case["method"] for name, case in CASES.items() if name not in NOT_RUN}
    assert RUN.keys() == methods
    fields = {(case["method"], field) for case in CASES.values() for field in case["expected"]}
    assert NOT_COMPUTED.keys() <= fields
