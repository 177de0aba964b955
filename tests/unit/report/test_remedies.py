"""What would change an outcome is said for every one that holds a promotion up, and for none that passes."""

from dataclasses import replace

import pytest

from builders.comments import MEASURED, a_record, all_good, facts
from builders.records import FOLDER, a_leaf
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.engine.plan import Plan
from model_ratchet.report.remedies import remedy


@pytest.fixture(scope="module")
def plan() -> Plan:
    return a_record(all_good(), about=facts(documents={"risk": "risk.md"})).plan


def said(plan: Plan, outcome: Outcome, reason: Reason) -> tuple[str, str | None, bool]:
    found = remedy(plan, a_leaf(MEASURED[0], outcome, reason))
    assert found is not None
    return found.words, found.file, found.artifact


def test_a_broken_limit_takes_another_artifact(plan: Plan) -> None:
    words, file, artifact = said(plan, Outcome.FAILED, because(Why.LIMIT_BROKEN, limit="500ms"))
    assert (words, file, artifact) == ("another artifact, as a new attempt from the first stage", None, True)


@pytest.mark.parametrize("why", [Why.DOCUMENT_ABSENT, Why.SECTION_ABSENT, Why.SECTION_EMPTY])
def test_a_document_is_set_right_in_its_own_file(why: Why, plan: Plan) -> None:
    _, file, artifact = said(plan, Outcome.FAILED, because(why, document="risk", section="Mitigation"))
    assert (file, artifact) == (f"{FOLDER}/risk.md", False)


def test_a_document_that_the_request_does_not_name_leads_nowhere(plan: Plan) -> None:
    assert said(plan, Outcome.FAILED, because(Why.DOCUMENT_ABSENT, document="other"))[1] is None


@pytest.mark.parametrize(
    "why", [Why.NOT_STATED, Why.STATED_OTHERWISE, Why.DRILL_OLD, Why.DRILL_FAILED, Why.INCOMPATIBLE]
)
def test_what_a_request_states_is_set_right_in_the_request(why: Why, plan: Plan) -> None:
    assert said(plan, Outcome.FAILED, because(why))[1:] == (f"{FOLDER}/promotion.yaml", False)


def test_rows_that_are_missing_are_counted(plan: Plan) -> None:
    words, _, _ = said(plan, Outcome.INCONCLUSIVE, because(Why.TOO_FEW_ROWS, rows=1_200, least=2_995))
    assert words.startswith("1,795 more rows")


def test_an_approval_names_who_may_give_it(plan: Plan) -> None:
    words, _, _ = said(plan, Outcome.PENDING, because(Why.AWAITING_APPROVAL, role="risk", at_least=1))
    assert words == "an approving review by @acme/risk"
    nobody = replace(plan, facts=facts(roles={}))
    assert (
        said(nobody, Outcome.PENDING, because(Why.AWAITING_APPROVAL, role="risk", at_least=1))[0]
        == "an approving review"
    )


def test_a_team_that_can_not_be_looked_up_says_which_right_is_missing(plan: Plan) -> None:
    assert "members: read" in said(plan, Outcome.ERRORED, because(Why.CANNOT_VERIFY, what="x"))[0]


def test_what_github_does_not_tell_takes_a_token_that_may_read_it(plan: Plan) -> None:
    unreadable = because(Why.FORGE_UNREADABLE, what="the checks", status="403")
    assert said(plan, Outcome.ERRORED, unreadable)[0].startswith("a token that may read it")


@pytest.mark.parametrize("why", [Why.CHECK_FAILED, Why.SCAN_FOUND])
def test_what_is_wrong_with_the_code_takes_what_is_built_of_mended_code(why: Why, plan: Plan) -> None:
    words, file, artifact = said(plan, Outcome.FAILED, because(why))
    assert "mended code" in words
    assert (file, artifact) == (None, True)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Why.CHECK_ABSENT, "let the check run on the commit; or a policy that names it as GitHub does"),
        (Why.CHECK_SHOWS_NOTHING, "let the check run on the commit"),
        (Why.CODE_WITHOUT_PULL, "a pull request for the commit, approved by somebody else"),
        (Why.SCAN_OLD, "a new scan"),
        (Why.SCAN_UNDECIDED, "decide what is open, and scan again"),
    ],
)
def test_what_shows_nothing_of_the_code_says_what_would(why: Why, words: str, plan: Plan) -> None:
    assert said(plan, Outcome.INCONCLUSIVE, because(why))[0] == words


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERRORED, Outcome.INCONCLUSIVE])
@pytest.mark.parametrize("why", Why)
def test_nothing_that_is_decided_against_a_candidate_is_left_without_a_way_out(
    outcome: Outcome, why: Why, plan: Plan
) -> None:
    assert said(plan, outcome, because(why))[0]


def test_what_passes_or_only_waits_for_a_stage_needs_nothing(plan: Plan) -> None:
    passed = a_leaf(MEASURED[0], Outcome.PASSED, because(Why.HOLDS))
    assert remedy(plan, passed) is None
    running = because(Why.STAGE_RUNNING, stage="canary", until="unknown")
    assert remedy(plan, a_leaf(MEASURED[0], Outcome.PENDING, running)) is None
