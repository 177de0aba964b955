"""Who had a hand in a pull request, and whose word is the last."""

from datetime import timedelta

from builders.reviewing import AUTHOR, LATER, a_commit, a_review, person
from model_ratchet.core.reviews import Account, Said, contributors, last_words

FLOW = Account(19864447, "web-flow")


def test_the_last_word_of_each_person_counts_and_equal_times_go_by_number() -> None:
    earlier = a_review("bob", LATER - timedelta(hours=1), Said.CHANGES_REQUESTED)
    first, second = a_review("bob", number=1), a_review("bob", said=Said.DISMISSED, number=2)
    assert last_words([second, first, earlier]) == {person("bob").id: second}


def test_a_dismissal_does_not_bring_back_what_was_said_before() -> None:
    approved = a_review("bob", LATER - timedelta(hours=1))
    assert last_words([approved, a_review("bob", said=Said.DISMISSED)])[person("bob").id].said is Said.DISMISSED


def test_who_opened_authored_committed_or_pushed_is_a_contributor() -> None:
    commit = a_commit(person("writer"), committer=person("committer"))
    hands = contributors(AUTHOR, [commit], [person("pusher")])
    assert all(hands.hold(one) for one in (AUTHOR, person("writer"), person("committer"), person("pusher")))
    assert not hands.hold(person("reviewer"))
    assert hands.strangers == ()


def test_a_co_author_is_known_by_githubs_own_address_and_by_the_address_of_a_commit() -> None:
    commits = [
        a_commit(person("writer"), author_email="Writer@x"),
        a_commit(
            co_authors=(f"{person('co').id}+Co@users.noreply.github.com", "old@users.noreply.github.com", "writer@X")
        ),
    ]
    hands = contributors(AUTHOR, commits, [AUTHOR])
    assert all(hands.hold(one) for one in (person("co"), Account(5, "OLD"), person("writer")))
    assert hands.strangers == ()


def test_an_address_that_nobody_has_makes_a_stranger_of_its_commit() -> None:
    for commit in (a_commit(None), a_commit(committer=None), a_commit(co_authors=("x@example.org",))):
        assert contributors(AUTHOR, [commit], [AUTHOR]).strangers == ("cd" * 6,)


def test_an_account_that_is_renamed_is_still_the_same() -> None:
    hands = contributors(AUTHOR, [a_commit(Account(77, "old-name"))], [AUTHOR])
    assert hands.hold(Account(77, "new-name"))


def test_github_as_committer_is_nobody_and_as_author_hides_somebody() -> None:
    merged_there = a_commit(committer=FLOW)
    assert contributors(AUTHOR, [merged_there], [AUTHOR]).strangers == ()
    assert contributors(AUTHOR, [a_commit(FLOW)], [AUTHOR]).strangers == ("cd" * 6,)


def test_a_push_of_nobody_in_particular_and_pushes_that_are_not_told_are_of_a_stranger() -> None:
    assert contributors(AUTHOR, [a_commit()], [None]).strangers == ("a push",)
    assert contributors(AUTHOR, [a_commit()], None).strangers == ("a push",)
