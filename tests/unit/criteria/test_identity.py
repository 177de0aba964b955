"""identity: the digests that the server reported with the rows, and those that a registry holds."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders.scopes import BASELINE, CANDIDATE, UNREADABLE, a_scope, a_stage, good_rows, judged, some_facts
from model_ratchet.core.evidence import Arm, ArmRows, Evidence, Missing, Need, Registered, Rows, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.identity import Identity

UNREACHABLE = (
    because(Why.REGISTRY_ABSENT, source="mlflow", name="late", tag="ratchet_version", version=CANDIDATE),
    because(Why.REGISTRY_MANY, source="mlflow", name="late", tag="ratchet_version", version=CANDIDATE, numbers="7, 8"),
    because(Why.ALIAS_ABSENT, source="mlflow", name="late", alias="champion"),
    because(Why.SOURCE_UNREACHABLE, source="mlflow", status="HTTP 500"),
)
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


REGISTERED = {
    "candidate": Registered(number="8", version=CANDIDATE, digest=NEW),
    "baseline": Registered(number="7", version=BASELINE, digest=OLD),
    "alias": Registered(number="7", version=BASELINE, digest=OLD),
}


def with_registry(
    held: Mapping[str, Registered | Missing | Suite] | None = None, *, reported: str = "required", **facts: object
) -> Judgement:
    """The judgement where the registry holds these instead of the expected ``candidate``, ``baseline`` and ``alias``."""
    answers: Mapping[str, Registered | Missing | Suite] = {**REGISTERED, **(held or {})}

    def answer(need: Need) -> Registered | Missing | Suite | Rows | None:
        if need.shape is Shape.REGISTERED:
            return answers[str(need.arms[0]) if need.arms else "alias"]
        return good_rows(
            candidate=ArmRows(rows=9, served=9, digests=((NEW, 9),)),
            baseline=ArmRows(rows=9, served=9, digests=((OLD, 9),)),
        )

    given: dict[str, object] = {
        "registry": "late",
        "registry_alias": "champion",
        "candidate_digest": NEW,
        "baseline_digest": OLD,
    }
    return judged(a_criterion(reported=reported), a_scope(**(given | facts)), answer)


def test_registered_digests_that_are_the_expected_ones_pass() -> None:
    judgement = with_registry()
    assert (judgement.outcome, judgement.reason.parameters["value"]) == (
        Outcome.PASSED,
        "reported and registered digests agree",
    )
    judgement = with_registry(reported="not_available")
    assert judgement.reason.parameters["value"] == "registered digests agree; no digest is reported"


@pytest.mark.parametrize("reported", ["required", "not_available"])
@pytest.mark.parametrize(("arm", "number", "other"), [("candidate", "8", OLD), ("baseline", "7", NEW)])
def test_a_registered_digest_of_something_else_is_errored_in_either_arm(
    arm: str, number: str, other: str, reported: str
) -> None:
    judgement = with_registry({arm: replace(REGISTERED[arm], digest=other)}, reported=reported)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.REGISTERED_DIGEST_DIFFERS, arm=arm, number=number, registered=other),
    )


@pytest.mark.parametrize("digest", [None, ""])
@pytest.mark.parametrize(("arm", "number"), [("candidate", "8"), ("baseline", "7")])
def test_a_version_without_a_registered_digest_is_errored(arm: str, number: str, digest: str | None) -> None:
    judgement = with_registry({arm: replace(REGISTERED[arm], digest=digest)})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.REGISTERED_DIGEST_ABSENT, arm=arm, number=number),
    )


def test_a_promoted_version_of_unknown_digest_is_not_taken_from_the_registry() -> None:
    judgement = with_registry(reported="not_available", baseline_digest=None)
    assert judgement.reason == because(Why.REGISTERED_DIGEST_ABSENT, arm="baseline", number="7")


@pytest.mark.parametrize(("version", "points"), [(CANDIDATE, CANDIDATE), (None, "version 8")])
def test_an_alias_that_was_moved_is_errored_although_every_digest_agrees(version: str | None, points: str) -> None:
    judgement = with_registry({"alias": Registered(number="8", version=version, digest=OLD)})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.ALIAS_MOVED, alias="champion", points=points, active=BASELINE),
    )


def test_an_alias_that_nobody_named_is_not_asked_for() -> None:
    moved = Registered(number="8", version=CANDIDATE, digest=NEW)
    assert with_registry({"alias": moved}, registry_alias=None).outcome is Outcome.PASSED


@pytest.mark.parametrize("part", ["candidate", "baseline", "alias"])
@pytest.mark.parametrize("reason", UNREACHABLE, ids=lambda reason: reason.why)
def test_what_the_registry_does_not_tell_is_errored(part: str, reason: Reason) -> None:
    judgement = with_registry({part: Missing(reason=reason)})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)
    judgement = with_registry({part: Suite(passed=1, failed=0, skipped=0)})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.CRASHED)


def test_a_first_version_asks_the_registry_for_itself_alone() -> None:
    scope = a_scope(baseline=None, candidate_digest=NEW, registry="late", registry_alias="champion")
    asked = [need for need in a_criterion().needs(scope) if need.shape is Shape.REGISTERED]
    assert [need.arms for need in asked] == [(Arm.CANDIDATE,)]
    rows = good_rows(candidate=ArmRows(rows=9, served=9, digests=((NEW, 9),)), baseline=ArmRows(rows=0, served=0))
    answers: dict[Shape, Rows | Registered] = {Shape.ROWS: rows, Shape.REGISTERED: REGISTERED["candidate"]}
    assert judged(a_criterion(), scope, answers).outcome is Outcome.PASSED


def test_a_registry_is_not_asked_before_a_stage_has_run_nor_where_none_is_bound() -> None:
    waiting = replace(a_stage(), window=None, decidable=False)
    assert a_criterion().needs(a_scope(waiting, registry="late")) == ()
    assert {need.shape for need in a_criterion().needs(a_scope())} == {Shape.ROWS}
