"""Every published case of ``stats_cases.json`` is computed here, or listed with the reason why there is no such method."""

import json
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Any

import pytest

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.stats import multiplicity, paired, proportions, quantiles, ratio, sequential

FILE = Path(__file__).parents[4] / "shared" / "data" / "stats_cases.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []

if not CASES:
    pytest.skip(f"{FILE} is not there", allow_module_level=True)

Input = Mapping[str, Any]


def level(given: Input) -> float:
    """The two-sided level with the bounds of the case: a one-sided bound at 95 % is one of 90 % two-sided."""
    confidence = float(given.get("confidence", 0.95))
    return confidence if given.get("side", "two-sided") == "two-sided" else 2 * confidence - 1


def bounds(given: Input, found: tuple[float, float]) -> dict[str, float]:
    side = given.get("side", "two-sided")
    return {"low": 0.0 if side == "upper-only" else found[0], "high": 1.0 if side == "lower-only" else found[1]}


def wilson(given: Input) -> dict[str, float]:
    return bounds(given, proportions.wilson(given["count"], given["nobs"], level(given)))


def clopper_pearson(given: Input) -> dict[str, float]:
    return bounds(given, proportions.clopper_pearson(given["count"], given["nobs"], level(given)))


def exact_binomial(given: Input) -> dict[str, float]:
    """One-sided tail and its bound; the two-sided p-value is not one of ours."""
    from model_ratchet.stats.tails import at_least, at_most

    k, n, confidence = given["k"], given["n"], float(given.get("confidence", 0.95))
    if given["alternative"] == "two-sided":
        low, high = proportions.clopper_pearson(k, n, confidence)
        return {"low": low, "high": high}
    low, high = proportions.clopper_pearson(k, n, 2 * confidence - 1)
    if given["alternative"] == "less":
        return {"pvalue": at_most(k, n, given["p0"]), "low": 0.0, "high": high}
    return {"pvalue": at_least(k, n, given["p0"]), "low": low, "high": 1.0}


def arms(given: Input) -> tuple[Counts, Counts]:
    """(baseline, candidate), where the case subtracts the second from the first."""
    return Counts(successes=given["x2"], n=given["n2"]), Counts(successes=given["x1"], n=given["n1"])


def newcombe(given: Input) -> dict[str, float]:
    low, high = proportions.newcombe(*arms(given), given.get("confidence", 0.95))
    return {"low": low, "high": high}


def miettinen_nurminen(given: Input) -> dict[str, float]:
    low, high = proportions.miettinen_nurminen(*arms(given), given["confidence"])
    return {"low": low, "high": high}


def pooled_z(given: Input) -> dict[str, float]:
    baseline = Counts(successes=given["x_control"], n=given["n_control"])
    candidate = Counts(successes=given["x_treatment"], n=given["n_treatment"])
    found = proportions.pooled_p_value(baseline, candidate)
    return {"pvalue": found if found is not None else inf}


def table_of(given: Input) -> PairedCounts:
    if "table" in given:
        (a, b), (c, d) = given["table"]
    else:
        a, b, c, d = (given[name] for name in "abcd")
    # the first rater's only successes are the candidate's
    return PairedCounts(both=a, only_candidate=b, only_baseline=c, neither=d)


def mcnemar(given: Input) -> dict[str, float]:
    table = table_of(given)
    return {
        "p_exact": paired.mcnemar_exact(table.only_baseline, table.only_candidate),
        "p_midp": paired.mcnemar_mid_p(table.only_baseline, table.only_candidate),
    }


def tango(given: Input) -> dict[str, float]:
    low, high = paired.tango_interval(table_of(given), given["confidence"])
    return {"low": low, "high": high}


def tango_beside_wald(given: Input) -> dict[str, float]:
    low, high = paired.tango_interval(table_of(given), given["confidence"])
    return {"tango_low": low, "tango_high": high}


def srm(given: Input) -> dict[str, float]:
    return {"pvalue": ratio.sample_ratio(tuple(given["observed"]), tuple(given["expected_ratio"]))}


def least_rows(given: Input) -> dict[str, float]:
    return {"min_n": quantiles.least_rows(given["quantile"], given["confidence"], given["allowed_exceedances"])}


def rule_of_three(given: Input) -> dict[str, float]:
    _, high = proportions.clopper_pearson(given["errors"], given["n"], 0.95)
    return {"n_times_upper": given["n"] * high}


def holm(given: Input) -> dict[str, Any]:
    return {"holm": list(multiplicity.holm(given["pvalues"]))}


def e_value(given: Input) -> dict[str, float]:
    return {"log_e": sequential.discordant_e_value(given["old_only"], given["new_only"])}


RUN: dict[str, Callable[[Input], dict[str, Any]]] = {
    "wilson": wilson,
    "clopper-pearson": clopper_pearson,
    "exact-binomial": exact_binomial,
    "newcombe-score-diff": newcombe,
    "miettinen-nurminen-diff": miettinen_nurminen,
    "pooled-z": pooled_z,
    "mcnemar": mcnemar,
    "tango-paired-diff": tango,
    "paired-wald-ci": tango_beside_wald,
    "srm-chi2": srm,
    "min-n for one-sided quantile bound": least_rows,
    "rule-of-three": rule_of_three,
    "always-valid exact McNemar (Beta(1/2,1/2) mixture e-value)": e_value,
}

NOT_OURS = {
    "wilson-cc": "no continuity correction is used",
    "mee-diff (no N/(N-1))": "the interval has the factor N/(N−1)",
    "mee-diff": "the interval has the factor N/(N−1)",
    "wald-diff": "Wald's interval is zero-width at the edges",
    "agresti-caffo-diff": "Newcombe's and Miettinen & Nurminen's intervals are used",
    "koopman-ratio": "no ratio of proportions is judged",
    "katz-log-ratio": "no ratio of proportions is judged",
    "boschloo": "independent arms are tested by the pooled z-test",
    "barnard": "independent arms are tested by the pooled z-test",
    "fisher": "independent arms are tested by the pooled z-test",
    "two-proportions": "Wald's interval is zero-width at the edges",
    "relative-difference-delta-method": "a relative margin is judged on the absolute scale",
    "welch-t": "means are compared by cluster sums",
    "welch-t-one-sided-relative": "means are compared by cluster sums",
    "asymptotic-confidence-sequence-two-sided": "the sequence is over paired or per-hour sums of one scale",
    "normal-mixture best rho (two-sided)": "another parametrisation of the mixture",
    "two-sided normal mixture log e-value": "another parametrisation of the mixture",
    "two-sided normal mixture bound": "another parametrisation of the mixture",
    "one-sided normal mixture log e-value": "another parametrisation of the mixture",
    "one-sided normal mixture bound": "another parametrisation of the mixture",
    "Bernoulli confidence sequence": "rates fail early by a mixture against the limit",
    "sequential quantile A/B p-value": "quantiles are compared once, at the end of the window",
    "newcombe-paired-diff": "Tango's interval is used for pairs",
    "newcombe-paired-diff method 8": "Tango's interval is used for pairs",
    "newcombe-paired-diff method 10": "Tango's interval is used for pairs",
    "srm-exact": "the sample ratio is tested by chi-square",
    "quantile-ci-order-statistic": "quantiles are read from histograms: see test_quantiles",
    "quantile-test": "a limit is tested one-sided on counts: see test_quantiles",
    "multiplicity": "see HOLM below",
    "power two proportions": "R's two-sided power counts both tails",
    "sample size two proportions": "planned with the unpooled variance: see test_error_rates",
    "repeated-testing type-I (property)": "see test_error_rates: naive looks are simulated there",
    "mann-whitney HL CI": "no rank test is used",
    "mann-whitney": "no rank test is used",
}


OTHER_FORM = {"srm-tt-doc-2to1": "continuity corrected"}
"""Cases of a method of ours in a form that is not."""


def test_every_case_is_run_or_listed_with_a_reason() -> None:
    methods = {case["method"] for case in CASES}
    assert methods - set(RUN) - set(NOT_OURS) == set()
    assert set(RUN) & set(NOT_OURS) == set()
    assert (set(RUN) | set(NOT_OURS)) - methods == set()


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["method"] in RUN and case["id"] not in OTHER_FORM],
    ids=lambda case: str(case["id"]),
)
def test_a_published_number_is_reached(case: dict[str, Any]) -> None:
    found = RUN[case["method"]](case["input"])
    tolerance = case["tolerance"]
    compared = set(found) & set(case["expected"])
    assert compared
    for name in compared:
        expected = case["expected"][name]
        allowed = pytest.approx(expected, abs=tolerance.get("abs", 0.0), rel=tolerance.get("rel", 0.0))
        assert found[name] == allowed, name


def test_holm_is_that_of_the_published_case() -> None:
    (case,) = (case for case in CASES if case["id"] == "holm-bh-adjusted")
    expected = case["expected"].get("holm") or case["expected"].get("holm_adjusted")
    assert list(multiplicity.holm(case["input"]["pvalues"])) == pytest.approx(expected, rel=1e-9)
