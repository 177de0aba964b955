"""required_checks: only success is green, and only somebody else's approval of exactly the commit is a review."""

import pytest

from builders.code import COMMIT, REPOSITORY, a_pull, a_report, an_approval, of_code
from builders.reviewing import AUTHOR, a_commit, a_review
from builders.scopes import some_facts
from model_ratchet.core.code import Checks, Reported
from model_ratchet.core.evidence import CodeReviews, Evidence, Missing, Need, Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.reviews import Account, Said, SourcePull
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.required_checks import RequiredChecks
from model_ratchet.engine.code_review import code_reviews

REVIEWS = Need(shape=Shape.CODE_REVIEWS, arms=())
SCOPE = Scope(facts=of_code(some_facts()), stages=())
UNREADABLE = because(Why.FORGE_UNREADABLE, what="the checks of 0f9a6c1d0f9a in acme/flight-delay", status="404")


def named(name: str) -> Need:
    return Need(shape=Shape.CHECKS, metric=name, arms=())


def a_criterion(**more: object) -> RequiredChecks:
    return RequiredChecks.model_validate({"id": "code", "kind": "required_checks", **more})


def checked(*reported: Reported, **more: object) -> Judgement:
    criterion = a_criterion(checks=("tests",), **more)
    return criterion.judge(SCOPE, Evidence({named("tests"): Checks(reported=reported)}))


def reviewed(*pulls: SourcePull, reviews: int = 1) -> Judgement:
    evidence = Evidence({REVIEWS: code_reviews(pulls, COMMIT)})
    return a_criterion(reviews=reviews).judge(SCOPE, evidence)


# checks


def test_a_green_check_passes() -> None:
    judgement = checked(a_report())
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="1 green", limit="commit 0f9a6c1d0f9a"),
    )


@pytest.mark.parametrize(
    ("state", "outcome", "why"),
    [
        ("success", Outcome.PASSED, Why.HOLDS),
        ("failure", Outcome.FAILED, Why.CHECK_FAILED),
        ("timed_out", Outcome.FAILED, Why.CHECK_FAILED),
        ("error", Outcome.FAILED, Why.CHECK_FAILED),
        ("queued", Outcome.PENDING, Why.CHECK_RUNNING),
        ("in_progress", Outcome.PENDING, Why.CHECK_RUNNING),
        ("pending", Outcome.PENDING, Why.CHECK_RUNNING),
        ("waiting", Outcome.PENDING, Why.CHECK_RUNNING),
        ("requested", Outcome.PENDING, Why.CHECK_RUNNING),
        ("neutral", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("skipped", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("cancelled", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("stale", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("action_required", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("startup_failure", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("completed", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("Success", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
        ("a word of next year", Outcome.INCONCLUSIVE, Why.CHECK_SHOWS_NOTHING),
    ],
)
def test_every_state_has_one_outcome_and_only_success_is_green(state: str, outcome: Outcome, why: Why) -> None:
    judgement = checked(a_report(state))
    (part,) = judgement.parts
    assert (judgement.outcome, part.outcome, part.reason and part.reason.why) == (outcome, outcome, why)


def test_a_check_that_nothing_reports_is_not_green() -> None:
    judgement = checked()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.CHECK_ABSENT, check="tests", commit="0f9a6c1d0f9a"),
    )


def test_one_report_of_another_name_counts_for_nothing() -> None:
    assert checked(a_report(name="test")).outcome is Outcome.INCONCLUSIVE


def test_everything_that_reports_under_a_name_must_be_green() -> None:
    status = a_report("failure", app=None, by="ada")
    assert checked(a_report(), a_report(app=7)).outcome is Outcome.PASSED
    assert checked(a_report(), status).reason == because(Why.CHECK_FAILED, check="tests", state="failure", by="ada")
    assert checked(a_report(), a_report("skipped", app=7)).outcome is Outcome.INCONCLUSIVE


def test_a_check_that_is_bound_to_an_app_is_that_of_the_app_alone() -> None:
    status, other, mine = a_report(app=None), a_report(app=7), a_report("failure")
    assert checked(status, other, app=15368).reason == because(
        Why.CHECK_ABSENT, check="tests", commit="0f9a6c1d0f9a", app=15368
    )
    assert checked(status, other, mine, app=15368).outcome is Outcome.FAILED
    assert checked(mine, a_report(app=7), app=7).outcome is Outcome.PASSED


def test_each_name_is_a_part_and_the_worst_one_decides() -> None:
    criterion = a_criterion(checks=("tests", "lint", "scan"))
    evidence = Evidence(
        {
            named("tests"): Checks(reported=(a_report(),)),
            named("lint"): Checks(reported=(a_report("in_progress", "lint", at=None),)),
            named("scan"): Checks(reported=(a_report("failure", "scan"),)),
        }
    )
    judgement = criterion.judge(SCOPE, evidence)
    assert [(part.name, part.outcome) for part in judgement.parts] == [
        ("tests", Outcome.PASSED),
        ("lint", Outcome.PENDING),
        ("scan", Outcome.FAILED),
    ]
    assert judgement.reason == because(Why.CHECK_FAILED, check="scan", state="failure", by="github-actions")


def test_what_github_does_not_tell_is_errored_and_never_failed_or_passed() -> None:
    criterion = a_criterion(checks=("tests",), reviews=1)
    answers: dict[Need, Missing | CodeReviews] = {
        named("tests"): Missing(reason=UNREADABLE),
        REVIEWS: code_reviews([a_pull(an_approval())], COMMIT),
    }
    judgement = criterion.judge(SCOPE, Evidence(answers))
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, UNREADABLE)
    assert criterion.judge(SCOPE, Evidence()).outcome is Outcome.ERRORED


def test_an_answer_of_another_shape_is_errored() -> None:
    criterion = a_criterion(checks=("tests",), reviews=1)
    wrong = Suite(passed=1, failed=0, skipped=0)
    judgement = criterion.judge(SCOPE, Evidence({named("tests"): wrong, REVIEWS: Checks(reported=(a_report(),))}))
    assert [part.outcome for part in judgement.parts] == [Outcome.ERRORED, Outcome.ERRORED]


# reviews


def test_an_approval_of_exactly_the_commit_by_somebody_else_passes() -> None:
    judgement = reviewed(a_pull(an_approval()))
    assert judgement.outcome is Outcome.PASSED
    assert judgement.parts[0].reason == because(
        Why.HOLDS, value="#7 approved by bob", limit="by somebody who had no hand in it"
    )


def test_a_commit_without_a_pull_request_was_reviewed_by_nobody() -> None:
    judgement = reviewed()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.CODE_WITHOUT_PULL, commit="0f9a6c1d0f9a", repository=REPOSITORY),
    )


def test_the_least_that_any_pull_request_still_needs_is_said() -> None:
    judgement = reviewed(a_pull(), a_pull(commits=(a_commit(None),), pull=8))
    assert judgement.reason == because(Why.AWAITING_CODE_REVIEW, pulls="#7, #8", at_least=1)


def test_an_app_without_checks_is_refused() -> None:
    with pytest.raises(ValueError, match="whose `checks` count"):
        a_criterion(app=7, reviews=1)


def awaiting(at_least: int = 1) -> tuple[Outcome, object]:
    return Outcome.PENDING, because(Why.AWAITING_CODE_REVIEW, pulls="#7", at_least=at_least)


@pytest.mark.parametrize(
    "pull",
    [
        a_pull(),
        a_pull(an_approval(commit="cd" * 20)),
        a_pull(an_approval(said=Said.DISMISSED)),
        a_pull(an_approval(by=AUTHOR)),
        a_pull(an_approval("bob"), commits=(a_commit(AUTHOR), a_commit(a_review("bob").by))),
        a_pull(an_approval("bob"), pushers=(a_review("bob").by,)),
        a_pull(an_approval("bob"), commits=(a_commit(co_authors=("bob@users.noreply.github.com",)),)),
        a_pull(an_approval(by=Account(9, "helper[bot]", person=False))),
        a_pull(an_approval(by=None)),
        a_pull(an_approval(), writers={"bob": False}),
        a_pull(an_approval(commit=COMMIT), head="cd" * 20, merged_as="ef" * 20, writers={"bob": False}),
    ],
    ids=[
        "nobody",
        "older",
        "dismissed",
        "opener",
        "author",
        "pusher",
        "co-author",
        "bot",
        "gone",
        "reader",
        "reader-of-older",
    ],
)
def test_what_is_no_review_by_somebody_else_is_waited_for(pull: SourcePull) -> None:
    judgement = reviewed(pull)
    assert (judgement.outcome, judgement.reason) == awaiting()


def test_one_approval_more_is_needed_where_nobody_knows_whose_a_commit_is() -> None:
    strange = (a_commit(None),)
    one = reviewed(a_pull(an_approval(), commits=strange))
    assert (one.outcome, one.reason) == awaiting(2)
    assert reviewed(a_pull(an_approval(), an_approval("cleo"), commits=strange)).outcome is Outcome.PASSED


def test_as_many_people_as_are_asked_must_have_approved_the_same_pull_request() -> None:
    both = a_pull(an_approval("bob"), an_approval("cleo"))
    apart = (a_pull(an_approval("bob")), a_pull(an_approval("cleo"), pull=8))
    assert reviewed(both, reviews=2).outcome is Outcome.PASSED
    assert reviewed(*apart, reviews=2).outcome is Outcome.PENDING


def test_the_merge_of_a_pull_request_holds_what_its_head_held() -> None:
    head = "cd" * 20
    merged = a_pull(an_approval(commit=head), head=head, merged_as=COMMIT)
    assert reviewed(merged).outcome is Outcome.PASSED
    assert reviewed(a_pull(an_approval(commit="ef" * 20), head=head, merged_as=COMMIT)).outcome is Outcome.PENDING
    assert reviewed(a_pull(an_approval(commit=head), head=head)).outcome is Outcome.PENDING


def test_an_approval_of_the_commit_counts_also_where_the_branch_went_on() -> None:
    assert reviewed(a_pull(an_approval(), head="cd" * 20)).outcome is Outcome.PASSED


def test_requested_changes_hold_it_up() -> None:
    objection = a_review("cleo", said=Said.CHANGES_REQUESTED, commit="cd" * 20)
    judgement = reviewed(a_pull(an_approval(), objection))
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.OBJECTED, by="cleo"))
    assert reviewed(a_pull(an_approval(), objection, writers={"cleo": False})).outcome is Outcome.PASSED


def test_an_objection_to_another_pull_request_with_the_commit_in_it_does_not() -> None:
    stacked = a_pull(a_review("cleo", said=Said.CHANGES_REQUESTED), head="cd" * 20, pull=8)
    assert reviewed(a_pull(an_approval()), stacked).outcome is Outcome.PASSED


def test_the_last_word_of_a_person_counts() -> None:
    first, later = an_approval(number=1), a_review("bob", said=Said.CHANGES_REQUESTED, number=2)
    assert reviewed(a_pull(first, later)).outcome is Outcome.FAILED
    again = an_approval(number=3)
    assert reviewed(a_pull(later, again)).outcome is Outcome.PASSED


def test_a_review_that_nobody_can_verify_is_errored_where_it_would_decide() -> None:
    doubt = because(Why.FORGE_UNREADABLE, what="whether bob may write to acme/flight-delay", status="404")
    unsure = reviewed(a_pull(an_approval(), writers={"bob": doubt}))
    assert (unsure.outcome, unsure.reason) == (Outcome.ERRORED, doubt)
    with_another = a_pull(an_approval(), an_approval("cleo"), writers={"bob": doubt})
    assert reviewed(with_another).outcome is Outcome.PASSED
    objection = a_review("bob", said=Said.CHANGES_REQUESTED)
    assert reviewed(a_pull(an_approval("cleo"), objection, writers={"bob": doubt})).outcome is Outcome.ERRORED


def test_whoever_was_not_asked_of_can_not_be_verified() -> None:
    pull = a_pull(an_approval())
    judgement = reviewed(SourcePull(told=pull.told, merged_as=None, writers={}))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.FORGE_UNREADABLE)


def test_the_evidence_tells_an_audit_what_each_review_stood_for() -> None:
    found = code_reviews([a_pull(an_approval("cleo"), an_approval("dan"), writers={"dan": False})], COMMIT)
    (pull,) = found.pulls
    assert sorted((one.login, str(one.standing)) for one in pull.heard) == [("cleo", "counts"), ("dan", "outsider")]
    assert CodeReviews(pulls=()).pulls == ()


# binding


def test_what_is_not_bound_or_not_stated_is_named() -> None:
    criterion = a_criterion(checks=("tests",))
    assert criterion.unbound(some_facts()) == "code"
    assert criterion.unbound(SCOPE.facts) is None
    assert criterion.unstated(some_facts()) == "metadata.source"
    assert criterion.unstated(SCOPE.facts) is None


def test_reviews_are_asked_for_only_where_they_are_required() -> None:
    assert a_criterion(checks=("tests", "tests")).needs(SCOPE) == (named("tests"),)
    assert a_criterion(reviews=1).needs(SCOPE) == (REVIEWS,)
