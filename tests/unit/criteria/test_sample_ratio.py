"""sample_ratio: users against the shares of the stage."""

import pytest
from scipy.stats import binomtest, chisquare
from statsmodels.stats.proportion import proportion_confint

from builders.scopes import UNREADABLE, a_scope, a_stage, good_rows, judged, some_facts
from model_ratchet.core.evidence import ArmRows, Evidence, Missing, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.sample_ratio import SampleRatio


def a_criterion(**more: object) -> SampleRatio:
    return SampleRatio.model_validate({"id": "traffic-share", "kind": "sample_ratio", **more})


def of(baseline: int, candidate: int, traffic: float = 0.05, *, rows: int = 50_000, **more: object) -> Judgement:
    """So many users of each arm, with so many rows."""
    log = good_rows(
        baseline=ArmRows(rows=rows, served=rows, units=baseline),
        candidate=ArmRows(rows=rows, served=rows, units=candidate),
    )
    return judged(a_criterion(**more), a_scope(a_stage(traffic=traffic)), {Shape.ROWS: log})


def test_users_in_the_shares_of_the_stage_pass_and_the_share_is_shown() -> None:
    judgement = of(19_000, 1_030)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.PASSED, Why.HOLDS)
    assert judgement.estimate is not None
    low, high = proportion_confint(1_030, 20_030, method="wilson")
    assert (judgement.estimate.value, judgement.estimate.low, judgement.estimate.high) == pytest.approx(
        (1_030 / 20_030, low, high), rel=1e-7
    )
    assert (judgement.estimate.n, judgement.estimate.level) == (20_030, 0.95)
    assert judgement.reason.parameters == {"share": pytest.approx(1_030 / 20_030), "of": "the units", "limit": 0.05}


def test_users_that_are_not_in_their_shares_are_errored() -> None:
    judgement = of(821_588, 815_482, 0.5)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.SAMPLE_RATIO)
    assert judgement.reason.parameters["p_value"] == pytest.approx(chisquare([821_588, 815_482]).pvalue, rel=1e-6)
    assert judgement.reason.parameters["expected"] == 0.5
    assert judgement.reason.parameters["observed"] == pytest.approx(815_482 / 1_637_070)


def test_the_alarm_is_the_chi_square_test_at_its_level() -> None:
    alarms = set()
    for candidate in range(800, 1_000, 5):
        total = 19_000 + candidate
        expected = chisquare([19_000, candidate], [0.95 * total, 0.05 * total]).pvalue < 0.001
        assert (of(19_000, candidate).outcome is Outcome.ERRORED) is bool(expected), candidate
        alarms.add(bool(expected))
    assert alarms == {True, False}


def test_with_few_expected_users_the_test_is_exact() -> None:
    for candidate in range(16):
        p_value = 2 * binomtest(candidate, 60, 0.05, alternative="greater").pvalue
        assert (of(60 - candidate, candidate).outcome is Outcome.ERRORED) is bool(p_value < 0.001), candidate


def test_rows_do_not_count_only_users_do() -> None:
    assert of(19_000, 1_000, rows=10**6).outcome is Outcome.PASSED


def test_the_level_is_the_policys() -> None:
    assert of(19_000, 920, alpha=0.001).outcome is Outcome.PASSED
    assert of(19_000, 920, alpha=0.05).outcome is Outcome.ERRORED


def test_no_user_at_all_is_errored() -> None:
    judgement = of(0, 0)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)
    assert judgement.estimate is None


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.ROWS: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_model_file_without_an_assignment_key_is_named() -> None:
    assert a_criterion().unbound(some_facts(assignment=False)) == "assignment"
    assert a_criterion().unbound(some_facts()) is None
