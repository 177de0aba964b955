"""suite: every case ran, and none failed."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from builders.scopes import UNREADABLE, a_scope, answered, judged, some_facts
from model_ratchet.core.evidence import Evidence, Missing, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.suite import SuiteOfCases


def a_criterion(**more: object) -> SuiteOfCases:
    return SuiteOfCases.model_validate(
        {"id": "edge-cases", "kind": "suite", "suite": "edge_cases", "require": "all", **more}
    )


def of(passed: int, failed: int = 0, skipped: int = 0, *failures: str) -> Judgement:
    suite = Suite(passed=passed, failed=failed, skipped=skipped, failures=failures)
    return judged(a_criterion(), a_scope(), {Shape.SUITE: suite})


def test_a_suite_of_which_every_case_passed_passes() -> None:
    judgement = of(12)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="12 of 12 cases", limit="all"),
    )


def test_the_share_of_cases_is_shown_and_none_where_some_were_skipped() -> None:
    low, high = proportion_confint(11, 12, method="wilson")
    judgement = of(11, 1, 0, "x")
    assert judgement.estimate is not None
    assert judgement.estimate.level == 0.95
    assert (judgement.estimate.low, judgement.estimate.high) == pytest.approx((low, high))
    for skipped, expected in ((0, (judgement.estimate,)), (1, (None,))):
        evidence = answered(a_criterion(), a_scope(), {Shape.SUITE: Suite(passed=11, failed=1, skipped=skipped)})
        assert a_criterion().measured(a_scope(), evidence, judgement) == expected


def test_one_failed_case_fails_and_is_named() -> None:
    judgement = of(999, 1, 0, "unknown carrier")
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.SUITE_FAILED, failed=1, passed=999, first="unknown carrier"),
    )


def test_only_the_first_five_failures_are_named() -> None:
    judgement = of(1, 6, 0, "a", "b", "c", "d", "e", "f")
    assert judgement.reason.parameters["first"] == "a, b, c, d, e"


def test_a_skipped_case_was_not_run() -> None:
    judgement = of(12, 0, 1)
    assert (judgement.outcome, judgement.reason) == (Outcome.INCONCLUSIVE, because(Why.SUITE_SKIPPED, skipped=1))
    assert of(0, 0, 3).outcome is Outcome.INCONCLUSIVE
    assert of(12, 1, 1, "x").outcome is Outcome.FAILED


def test_an_empty_suite_is_errored() -> None:
    judgement = of(0)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.NO_ROWS, metric="edge_cases", arm="candidate"),
    )


def test_fewer_cases_than_the_minimum_are_inconclusive() -> None:
    criterion = a_criterion(min_cases=10)

    def outcome(passed: int) -> Outcome:
        return judged(criterion, a_scope(), {Shape.SUITE: Suite(passed=passed, failed=0, skipped=0)}).outcome

    assert (outcome(9), outcome(10)) == (Outcome.INCONCLUSIVE, Outcome.PASSED)


@pytest.mark.parametrize(("passed", "failed"), [(12, 0), (40, 3), (0, 5)])
def test_the_share_of_passed_cases_has_wilsons_interval(passed: int, failed: int) -> None:
    estimate = of(passed, failed).estimate
    assert estimate is not None
    low, high = proportion_confint(passed, passed + failed, method="wilson")
    expected = (passed / (passed + failed), low, high)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.SUITE: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_suite_that_the_model_file_does_not_bind_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "suites.edge_cases"
    assert a_criterion().unbound(some_facts(suites=("edge_cases",))) is None
