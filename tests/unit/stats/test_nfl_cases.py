"""The reference numbers of other packages on real forecasts, each through the function that covers it."""

import json
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pytest

from builders.nfl import DATA, LOG
from model_ratchet.stats import auc, forecast
from model_ratchet.stats.paired import mcnemar_exact
from model_ratchet.stats.tails import at_least, chi_square_above, t_below, t_quantile

FILE = DATA / "nfl_cases.json"
if not FILE.exists() or not LOG.exists():
    pytest.skip(f"the reference numbers are not here: {FILE}", allow_module_level=True)

Games: TypeAlias = dict[str, np.ndarray]
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
OF_QUALITY = [
    "mcnemar-nfl_moneyline",
    "scores-nfl_moneyline",
    "ece-nfl_moneyline",
    "real-promotion-nfl-2015-2018",
    "real-promotion-nfl-2019-2021",
    "reliability-nfl_moneyline",
    "spiegelhalter-nfl_moneyline",
]


@cache
def games() -> Games:
    """The games that were no tie, by date and id."""
    import csv

    with LOG.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["outcome"]) != 0.5]
    rows.sort(key=lambda row: (row["date"], row["event_id"]))
    return {
        name: np.array([float(row[name]) for row in rows])
        for name in ("season", "p_baseline", "p_candidate", "outcome")
    }


def seasons(first: int, last: int) -> Games:
    """The games of some seasons."""
    held = (games()["season"] >= first) & (games()["season"] <= last)
    return {name: values[held] for name, values in games().items()}


def accuracy(given: Games) -> dict[str, float]:
    y = given["outcome"] == 1
    right = {arm: (given[f"p_{arm}"] > 0.5) == y for arm in ("baseline", "candidate")}
    only = int((right["baseline"] & ~right["candidate"]).sum()), int((right["candidate"] & ~right["baseline"]).sum())
    corrected = (abs(only[0] - only[1]) - 1) ** 2 / sum(only)
    return {
        "n": len(y),
        "acc_baseline": right["baseline"].mean(),
        "acc_candidate": right["candidate"].mean(),
        "d_acc": right["candidate"].mean() - right["baseline"].mean(),
        "only_baseline_correct": only[0],
        "only_candidate_correct": only[1],
        "p_exact_two_sided": mcnemar_exact(*only),
        "p_exact_one_sided_greater": at_least(only[1], sum(only), 0.5),
        "chi2_cc": corrected,
        "p_chi2_cc": chi_square_above(corrected, 1),
    }


def scores(given: Games) -> dict[str, Any]:
    y, baseline, candidate = given["outcome"], given["p_baseline"], given["p_candidate"]
    gains = (baseline - y) ** 2 - (candidate - y) ** 2
    error = gains.std(ddof=1) / np.sqrt(len(y))
    half = t_quantile(0.975, len(y) - 1) * error
    found = {
        name: function(p, y)
        for name, function, p in (
            ("brier_b", forecast.brier, baseline),
            ("brier_c", forecast.brier, candidate),
            ("logloss_b", forecast.log_loss, baseline),
            ("logloss_c", forecast.log_loss, candidate),
            ("auc_b", auc.auc, baseline),
            ("auc_c", auc.auc, candidate),
        )
    }
    return found | {
        "brier_skill_vs_climatology_c": 1 - found["brier_c"] / forecast.corp(candidate, y).uncertainty,
        "brier_skill_vs_baseline": 1 - found["brier_c"] / found["brier_b"],
        "d_brier": found["brier_b"] - found["brier_c"],
        "d_brier_p": 2 * t_below(-abs(gains.mean() / error), len(y) - 1),
        "d_brier_ci95": [gains.mean() - half, gains.mean() + half],
    }


def calibration(given: Games) -> dict[str, float]:
    y, found = given["outcome"], {}
    for letter, arm in (("b", "baseline"), ("c", "candidate")):
        for bins in (10, 15):
            found[f"ece{bins}_{letter}"] = forecast.ece(given[f"p_{arm}"], y, bins=bins)
        found[f"mce10_{letter}"] = forecast.mce(given[f"p_{arm}"], y)
    return found


def reliability(given: Games) -> dict[str, Any]:
    later = len(given["outcome"]) // 2
    bins = forecast.reliability(given["p_candidate"][later:], given["outcome"][later:])
    return {"rows_bin_n_meanp_freq_lo_hi": [[b.index, b.n, b.mean_p, b.frequency, b.low, b.high] for b in bins]}


def spiegelhalter(given: Games) -> dict[str, Any]:
    return {name: forecast.spiegelhalter(given[name], given["outcome"]) for name in ("p_baseline", "p_candidate")}


@pytest.mark.parametrize("case", OF_QUALITY)
def test_a_published_number_holds_within_its_tolerance(case: str) -> None:
    given = games()
    if case.startswith("real-promotion"):
        given = seasons(*(int(year) for year in case.split("-")[-2:]))
    found = accuracy(given) | scores(given) | calibration(given) | reliability(given) | spiegelhalter(given)
    expected = CASES[case]["expected"]
    tolerance = CASES[case]["tolerance"]
    within = tolerance if isinstance(tolerance, float) else tolerance["other"]
    assert expected
    for name in expected:
        got, wanted = np.array(found[name], dtype=float), np.array(expected[name], dtype=float)
        assert got == pytest.approx(wanted, abs=within), name


def test_a_real_promotion_was_better_by_the_score_and_is_undecided_by_the_calibration_error() -> None:
    given = seasons(2015, 2018)
    y = given["outcome"]
    null = forecast.ece_null(given["p_candidate"], y, seed=1)
    assert null.mean == pytest.approx(0.031, abs=0.002)
    assert null.critical == pytest.approx(0.045, abs=0.002)
    assert forecast.ece(given["p_candidate"], y) < null.critical
