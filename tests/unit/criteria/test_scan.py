"""scan: nothing above a severity, in a scan that ended well, lately, by the right tool, of the right commit."""

from datetime import timedelta

import pytest

from builders.code import COMMIT, ENDED, a_finding, a_scan, of_code
from builders.scopes import UNREADABLE, some_facts
from model_ratchet.core.code import Level, Scan, Tally
from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Facts, Scope
from model_ratchet.criteria.scan import CodeScan

NEED = Need(shape=Shape.SCAN, metric="code", arms=(Arm.CANDIDATE,))
FACTS = of_code(some_facts())
DAY = timedelta(days=1)


def a_criterion(**more: object) -> CodeScan:
    given = {"id": "security", "kind": "scan", "scan": "code", "at_most": "warning"}
    return CodeScan.model_validate(given | more)


def judged(scan: Scan, facts: Facts = FACTS, **more: object) -> Judgement:
    return a_criterion(**more).judge(Scope(facts=facts, stages=()), Evidence({NEED: scan}))


def test_a_scan_without_a_finding_passes() -> None:
    judgement = judged(a_scan())
    assert (judgement.outcome, judgement.reason, judgement.warnings) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="0 findings of CodeQL", limit="none above warning"),
        (),
    )


@pytest.mark.parametrize("level", Level, ids=str)
@pytest.mark.parametrize("at_most", Level, ids=str)
def test_a_finding_fails_where_its_level_is_above_the_limit(level: Level, at_most: Level) -> None:
    order = ["none", "note", "warning", "error"]
    expected = Outcome.FAILED if order.index(level) > order.index(at_most) else Outcome.PASSED
    assert judged(a_scan(a_finding(level)), at_most=str(at_most), score_below=9.9).outcome is expected


def test_a_finding_that_is_too_grave_is_named_and_all_are_counted() -> None:
    judgement = judged(a_scan(a_finding("error"), a_finding("error"), a_finding("note")))
    named = "py/sql-injection (app.py:12)"
    assert judgement.reason == because(
        Why.SCAN_FOUND, found=2, limit="above warning", tools="CodeQL", first=f"{named}, {named}"
    )


@pytest.mark.parametrize(("score", "outcome"), [(6.9, Outcome.PASSED), (7.0, Outcome.FAILED), (None, Outcome.PASSED)])
def test_a_score_must_be_below_its_limit(score: float | None, outcome: Outcome) -> None:
    assert judged(a_scan(a_finding("note", score)), score_below=7.0).outcome is outcome


def test_the_score_alone_decides_where_every_level_may_stand() -> None:
    low, high = a_finding("error", 3.0), a_finding("note", 9.1)
    assert judged(a_scan(low), at_most="error", score_below=7.0).outcome is Outcome.PASSED
    failed = judged(a_scan(low, high), at_most="error", score_below=7.0)
    assert failed.reason.parameters["limit"] == "scored 7 or more"
    assert failed.reason.parameters["found"] == 1


def test_a_suppressed_finding_counts_unless_the_policy_lets_it_stand() -> None:
    scan = a_scan(a_finding("error", suppressed=True), a_finding("note"))
    assert judged(scan).outcome is Outcome.FAILED
    accepted = judged(scan, suppressions="accepted")
    assert judged(scan).warnings == ()
    assert (accepted.outcome, accepted.warnings) == (Outcome.PASSED, (because(Why.SUPPRESSED_FINDINGS, found=1),))
    assert accepted.reason.parameters["value"] == "1 finding of CodeQL"


def test_accepted_suppressions_let_no_other_finding_stand() -> None:
    scan = a_scan(a_finding("error", suppressed=True), a_finding("error"))
    judgement = judged(scan, suppressions="accepted")
    assert (judgement.outcome, judgement.reason.parameters["found"]) == (Outcome.FAILED, 1)


@pytest.mark.parametrize(
    ("completed", "invocation", "why"),
    [
        (False, "required", Why.SCAN_BROKEN_OFF),
        (False, "not_available", Why.SCAN_BROKEN_OFF),
        (None, "required", Why.SCAN_END_UNKNOWN),
        (None, "not_available", Why.HOLDS),
    ],
)
def test_a_scan_that_did_not_end_well_or_does_not_say_so_is_errored(
    completed: bool | None, invocation: str, why: Why
) -> None:
    judgement = judged(a_scan(completed=completed), invocation=invocation)
    assert judgement.reason.why is why
    assert (judgement.outcome is Outcome.PASSED) is (why is Why.HOLDS)
    assert judgement.outcome in (Outcome.PASSED, Outcome.ERRORED)


def test_what_a_broken_scan_did_find_fails_all_the_same() -> None:
    assert judged(a_scan(a_finding(), completed=False, ended_at=None, undecided=3)).outcome is Outcome.FAILED


def aged(age: timedelta, within: str = "7d") -> Judgement:
    return judged(a_scan(ended_at=ENDED - age), within=within)


def test_a_scan_may_be_as_old_as_the_policy_says() -> None:
    assert aged(7 * DAY).outcome is Outcome.PASSED
    old = aged(7 * DAY + timedelta(seconds=1))
    assert (old.outcome, old.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.SCAN_OLD, ended_at="2025-07-25T08:59:59+00:00", within="7d"),
    )


def test_a_scan_after_the_last_stage_was_decided_is_young() -> None:
    assert aged(-30 * DAY).outcome is Outcome.PASSED


def test_a_scan_without_a_date_is_errored_where_its_age_is_asked() -> None:
    assert judged(a_scan(ended_at=None)).outcome is Outcome.PASSED
    judgement = judged(a_scan(ended_at=None), within="7d")
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.SCAN_UNDATED)


def test_before_anything_has_happened_an_age_is_not_taken_and_does_not_pass() -> None:
    facts = Facts(model="m", candidate="c", baseline=None, decided_at=None)
    judgement = judged(a_scan(), facts, within="7d")
    assert (judgement.outcome, judgement.reason.why) == (Outcome.PENDING, Why.STAGE_NOT_STARTED)


def test_results_that_ask_a_person_do_not_decide() -> None:
    judgement = judged(a_scan(undecided=2))
    assert (judgement.outcome, judgement.reason) == (Outcome.INCONCLUSIVE, because(Why.SCAN_UNDECIDED, results=2))


def test_every_run_must_be_of_the_tool_that_is_asked() -> None:
    assert judged(a_scan(), tool="CodeQL").outcome is Outcome.PASSED
    for tools in (("Semgrep",), ("CodeQL", "Semgrep"), ("codeql",)):
        judgement = judged(a_scan(a_finding(), tools=tools), tool="CodeQL")
        assert (judgement.outcome, judgement.reason) == (
            Outcome.ERRORED,
            because(Why.SCAN_OTHER_TOOL, tools=", ".join(tools), asked="CodeQL"),
        )


def test_a_scan_that_says_of_which_commit_it_is_must_be_of_the_one_that_is_stated() -> None:
    other = "cd" * 20
    assert judged(a_scan(commits=((COMMIT,), (other, COMMIT)))).outcome is Outcome.PASSED
    judgement = judged(a_scan(a_finding(), commits=((COMMIT,), (other,))))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.ERRORED,
        because(Why.SCAN_OTHER_COMMIT, commit=other[:12], stated=COMMIT[:12]),
    )
    assert judged(a_scan(commits=((other,),)), some_facts(decided_at=ENDED)).outcome is Outcome.PASSED


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(reason: Reason) -> None:
    judgement = a_criterion().judge(Scope(facts=FACTS, stages=()), Evidence({NEED: Missing(reason=reason)}))
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_no_evidence_or_another_shape_is_errored() -> None:
    scope = Scope(facts=FACTS, stages=())
    assert a_criterion().judge(scope, Evidence()).outcome is Outcome.ERRORED
    assert a_criterion().judge(scope, Evidence({NEED: Suite(passed=1, failed=0, skipped=0)})).outcome is Outcome.ERRORED
    assert judged(a_scan(tools=())).outcome is Outcome.ERRORED


def test_a_scan_that_the_model_file_does_not_bind_is_named() -> None:
    assert a_criterion().unbound(some_facts()) == "scans.code"
    assert a_criterion().unbound(FACTS) is None


def test_no_tally_counts_nothing() -> None:
    with pytest.raises(ValueError, match="0 is no number of findings"):
        Tally(level=Level.NOTE, score=None, suppressed=False, count=0)
