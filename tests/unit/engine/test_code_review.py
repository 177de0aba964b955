"""Code review: what each review of the pull requests of a commit stands for."""

from typing import Any

import pytest

from builders.code import COMMIT, a_pull, an_approval
from builders.reviewing import AUTHOR, LATER, a_commit, a_review, person
from model_ratchet.core.evidence import Heard
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Account, Review, Said, SourcePull, Standing
from model_ratchet.engine.code_review import code_reviews

OLDER, MERGE = "cd" * 20, "ef" * 20


def heard(pull: SourcePull, commit: str = COMMIT) -> tuple[Heard, ...]:
    (found,) = code_reviews([pull], commit).pulls
    return found.heard


def standing(review: Review, commit: str = COMMIT, **more: Any) -> tuple[Standing, Reason | None]:
    """What the only review of a pull request stands for."""
    (one,) = heard(a_pull(review, **more), commit)
    return one.standing, one.because


def objection(commit: str = COMMIT, by: str = "bob") -> Review:
    return a_review(by, said=Said.CHANGES_REQUESTED, commit=commit)


def outdated(commit: str) -> tuple[Standing, Reason]:
    return Standing.OUTDATED, because(Why.CONTENT_CHANGED, what=f"what bob reviewed, {commit[:12]},")


def test_an_approval_counts_and_requested_changes_object() -> None:
    assert standing(an_approval()) == (Standing.COUNTS, None)
    assert standing(objection()) == (Standing.OBJECTS, None)


@pytest.mark.parametrize("by", [None, Account(9, "helper[bot]", person=False)], ids=["gone", "bot"])
@pytest.mark.parametrize("said", Said)
def test_what_no_person_said_stands_for_nothing(by: Account | None, said: Said) -> None:
    assert standing(a_review(by, said=said, commit=COMMIT)) == (Standing.NO_PERSON, None)


def test_a_dismissed_review_stands_for_nothing_whoever_gave_it() -> None:
    assert standing(an_approval(said=Said.DISMISSED)) == (Standing.DISMISSED, None)
    assert standing(an_approval(by=AUTHOR, said=Said.DISMISSED)) == (Standing.DISMISSED, None)


@pytest.mark.parametrize(
    "hand",
    [{"opened_by": person("bob")}, {"commits": (a_commit(person("bob")),)}, {"pushers": (person("bob"),)}],
    ids=["opened", "wrote", "pushed"],
)
def test_whoever_had_a_hand_in_it_can_object_and_not_approve(hand: dict[str, Any]) -> None:
    assert standing(an_approval(), **hand) == (Standing.CONTRIBUTOR, None)
    assert standing(objection(), **hand) == (Standing.OBJECTS, None)


def test_an_approval_is_of_the_commit_or_of_the_head_that_was_merged_as_it() -> None:
    assert standing(an_approval(), head=OLDER) == (Standing.COUNTS, None)
    assert standing(an_approval(commit=OLDER)) == outdated(OLDER)
    merged = {"head": COMMIT, "merged_as": MERGE}
    assert standing(an_approval(), MERGE, **merged) == (Standing.COUNTS, None)
    assert standing(an_approval(commit=OLDER), MERGE, **merged) == outdated(OLDER)
    assert standing(an_approval(), MERGE, head=COMMIT) == outdated(COMMIT)
    assert standing(an_approval(), MERGE, head=COMMIT, merged_as=OLDER) == outdated(COMMIT)


def test_requested_changes_hold_where_the_pull_request_is_about_the_commit_whatever_they_were_said_of() -> None:
    assert standing(objection(OLDER)) == (Standing.OBJECTS, None)
    assert standing(objection(OLDER), MERGE, merged_as=MERGE) == (Standing.OBJECTS, None)
    assert standing(objection(COMMIT), head=OLDER) == outdated(COMMIT)


@pytest.mark.parametrize("review", [an_approval(), objection()], ids=["approval", "objection"])
def test_only_who_may_write_is_heard_and_where_nobody_can_tell_that_is_said(review: Review) -> None:
    doubt = because(Why.FORGE_UNREADABLE, what="whether bob may write to acme/flight-delay", status="404")
    assert standing(review, writers={"bob": False}) == (Standing.OUTSIDER, None)
    assert standing(review, writers={"bob": doubt}) == (Standing.UNVERIFIED, doubt)
    unasked = SourcePull(told=a_pull(review).told, merged_as=None, writers={person("cleo").id: True})
    (one,) = heard(unasked)
    not_asked = because(Why.FORGE_UNREADABLE, what="whether bob may write there", status="not asked")
    assert (one.standing, one.because) == (Standing.UNVERIFIED, not_asked)


def test_the_last_word_of_each_person_is_heard_and_every_earlier_one_superseded() -> None:
    first, of_cleo, last = an_approval(number=1), an_approval("cleo", number=2), an_approval(number=3)
    said = [(one.login, one.standing) for one in heard(a_pull(first, of_cleo, last))]
    assert said == [("bob", Standing.SUPERSEDED), ("cleo", Standing.COUNTS), ("bob", Standing.COUNTS)]
    withdrawn = a_pull(an_approval(number=1), objection(), an_approval(said=Said.DISMISSED, number=2**40))
    assert [one.standing for one in heard(withdrawn)] == [
        Standing.SUPERSEDED,
        Standing.SUPERSEDED,
        Standing.DISMISSED,
    ]


def test_reviews_of_accounts_that_are_gone_supersede_nothing() -> None:
    reviews = (a_review(None, number=1, commit=COMMIT), an_approval(number=2), a_review(None, number=3, commit=COMMIT))
    assert [one.standing for one in heard(a_pull(*reviews))] == [
        Standing.NO_PERSON,
        Standing.COUNTS,
        Standing.NO_PERSON,
    ]


def test_pull_requests_are_told_by_number_with_their_heads_and_the_commits_of_strangers() -> None:
    strange = a_pull(an_approval(), commits=(a_commit(None, sha="0123456789abcdef"),), pull=9, head=OLDER)
    found = code_reviews([strange, a_pull(pull=10), a_pull(pull=2)], COMMIT).pulls
    assert [(one.number, one.head, one.strangers, len(one.heard)) for one in found] == [
        (2, COMMIT, (), 0),
        (9, OLDER, ("0123456789ab",), 1),
        (10, COMMIT, (), 0),
    ]
    (one,) = found[1].heard
    assert one == Heard.of(an_approval(), Standing.COUNTS)
    assert (one.login, one.submitted_at) == ("bob", LATER)
