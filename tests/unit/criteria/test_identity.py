"""identity: the digests that the server reported with the rows."""

import pytest

from builders.scopes import UNREADABLE, a_scope, good_rows, judged, some_facts
from model_ratchet.core.evidence import ArmRows, Evidence, Missing, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.identity import Identity

NEW, OLD = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def a_criterion(**more: object) -> Identity:
    return Identity.model_validate({"id": "same-thing", "kind": "identity", **more})


def of(
    candidate: tuple[tuple[str, int], ...] | None = ((NEW, 20_000),),
    baseline: tuple[tuple[str, int], ...] | None = ((OLD, 20_000),),
    reported: str = "required",
    **facts: object,
) -> Judgement:
    rows = good_rows(
        candidate=ArmRows(rows=20_000, served=1_000, digests=candidate),
        baseline=ArmRows(rows=20_000, served=19_000, digests=baseline),
    )
    scope = a_scope(**{"candidate_digest": NEW, "baseline_digest": OLD, **facts})
    return judged(a_criterion(reported=reported), scope, {Shape.ROWS: rows})


def test_rows_that_all_report_the_expected_digest_pass() -> None:
    judgement = of()
    assert judgement.outcome is Outcome.PASSED
    assert judgement.reason == because(Why.HOLDS, value="reported digests agree", limit="the request's digest")


def test_one_row_of_another_digest_is_errored_in_either_arm() -> None:
    judgement = of(candidate=((NEW, 19_999), (OLD, 1)))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.DIGEST_DIFFERS, arm="candidate", reported=OLD),
    )
    judgement = of(baseline=((NEW, 1), (OLD, 19_999)))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.DIGEST_DIFFERS, arm="baseline", reported=NEW),
    )


@pytest.mark.parametrize("found", [None, (), (("", 1), (NEW, 19_999))])
def test_rows_without_a_reported_digest_are_errored(found: tuple[tuple[str, int], ...] | None) -> None:
    judgement = of(candidate=found)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, because(Why.DIGEST_ABSENT, arm="candidate"))
    judgement = of(baseline=None)
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, because(Why.DIGEST_ABSENT, arm="baseline"))


def test_an_expected_digest_that_is_not_known_is_errored() -> None:
    assert of(baseline_digest=None).reason == because(Why.DIGEST_ABSENT, arm="baseline")
    assert of(candidate_digest=None).reason == because(Why.DIGEST_ABSENT, arm="candidate")


def test_a_first_version_has_no_baseline_to_report() -> None:
    assert of(baseline=None, baseline_digest=None).outcome is Outcome.ERRORED
    rows = good_rows(candidate=ArmRows(rows=9, served=9, digests=((NEW, 9),)), baseline=ArmRows(rows=0, served=0))
    scope = a_scope(baseline=None, candidate_digest=NEW)
    assert judged(a_criterion(), scope, {Shape.ROWS: rows}).outcome is Outcome.PASSED


def test_a_policy_may_say_that_no_server_reports_digests_and_the_report_says_so() -> None:
    judgement = of(candidate=None, reported="not_available")
    assert judgement.outcome is Outcome.PASSED
    assert judgement.reason.parameters["value"] == "versions differ; no digest is reported"


@pytest.mark.parametrize("reported", ["required", "not_available"])
def test_no_row_of_the_candidate_is_errored(reported: str) -> None:
    rows = good_rows(candidate=ArmRows(rows=0, served=0))
    judgement = judged(a_criterion(reported=reported), a_scope(candidate_digest=NEW), {Shape.ROWS: rows})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NO_ROWS)


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = judged(a_criterion(), a_scope(), {Shape.ROWS: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_model_file_without_a_digest_column_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "rows.digest"
    assert a_criterion().unbound(some_facts(reported_digest=True)) is None
    assert a_criterion(reported="not_available").unbound(some_facts()) is None
