"""What reviews amount to: whose count, for which role, and what is said of the others."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from builders.reviewing import (
    AUTHOR,
    LATER,
    RECORDED,
    a_commit,
    a_conversation,
    a_review,
    person,
    signed_by,
)
from model_ratchet.core.evidence import Approvals, Evidence, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Account, Conversation, Review, Said, Standing
from model_ratchet.core.verdict import Judgement
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import as_sealed
from model_ratchet.engine.sign_off import Entry, entering, sign_off, teams

RISK = {"risk": ("@acme/risk",)}
RISK_TEAM: Mapping[str, Iterable[str]] = {"acme/risk": ("bob", "cleo", "dan")}
REFUSED = because(Why.TEAM_UNREADABLE, team="@acme/risk", status="404")


def judged(plan: Plan, told: Conversation, content: Mapping[int, Reason | None] | None = None) -> dict[str, Judgement]:
    """Role → the judgement of its criterion, through the form in which evidence is sealed."""
    plan, evidence = as_sealed(plan, Evidence(sign_off(plan, told, content or {})))
    return {
        one.criterion.role: one.criterion.judge(plan.scope(one), evidence)
        for one in plan.bound()
        if one.criterion.kind == "approval"
    }


def risk(*reviews: Review, content: Mapping[int, Reason | None] | None = None, **more: object) -> Judgement:
    told = a_conversation(*reviews, **{"teams": RISK_TEAM, **more})  # type: ignore[arg-type]
    return judged(signed_by(RISK, {"role": "risk"}), told, content)["risk"]


def of_risk(*reviews: Review, content: Mapping[int, Reason | None] | None = None, **more: object) -> Approvals:
    told = a_conversation(*reviews, **{"teams": RISK_TEAM, **more})  # type: ignore[arg-type]
    found = sign_off(signed_by(RISK, {"role": "risk"}), told, content or {})
    return found[Need(shape=Shape.APPROVALS, metric="risk", arms=())]


def standings(found: Approvals) -> list[Standing]:
    return [one.standing for one in found.heard]


def test_an_approval_of_a_member_passes_and_is_told_with_all_its_numbers() -> None:
    review = a_review("bob")
    assert risk(review) == Judgement(outcome=Outcome.PASSED, reason=because(Why.APPROVED, role="risk", by="bob"))
    (heard,) = of_risk(review).heard
    assert (heard.review, heard.user, heard.login, heard.commit) == (review.id, person("bob").id, "bob", review.commit)
    assert (heard.said, heard.submitted_at, heard.teams) == (Said.APPROVED, LATER, (("@acme/risk", "member"),))


def test_an_early_approval_is_shown_and_does_not_count_until_it_is_confirmed() -> None:
    early = a_review("bob", RECORDED - timedelta(seconds=1))
    assert risk(early).reason == because(Why.EARLY_APPROVAL, role="risk", by="bob", stage="canary")
    assert risk(early, a_review("bob")).outcome is Outcome.PASSED
    assert standings(of_risk(early, a_review("bob"))) == [Standing.SUPERSEDED, Standing.COUNTS]


def test_a_dismissed_approval_is_gone_also_where_an_older_one_is_there() -> None:
    older, dismissed = a_review("bob", LATER - timedelta(minutes=5)), a_review("bob", said=Said.DISMISSED)
    assert risk(older, dismissed).outcome is Outcome.PENDING
    assert standings(of_risk(older, dismissed)) == [Standing.SUPERSEDED, Standing.DISMISSED]


def test_requested_changes_fail_until_they_are_taken_back_or_dismissed() -> None:
    objected = a_review("cleo", said=Said.CHANGES_REQUESTED)
    assert risk(a_review("bob"), objected).reason == because(Why.OBJECTED, by="cleo")
    assert risk(a_review("bob"), objected, a_review("cleo", LATER + timedelta(1))).outcome is Outcome.PASSED
    assert risk(a_review("bob"), a_review("cleo", said=Said.DISMISSED)).outcome is Outcome.PASSED


def test_somebody_of_another_role_stands_in_the_way_of_every_role_and_an_outsider_of_none() -> None:
    plan = signed_by({**RISK, "code-owner": ("@owner",)}, {"role": "risk"})
    no = a_review("owner", said=Said.CHANGES_REQUESTED)
    assert judged(plan, a_conversation(a_review("bob"), no, teams=RISK_TEAM))["risk"].outcome is Outcome.FAILED
    outsider = a_review("outsider", said=Said.CHANGES_REQUESTED)
    assert judged(plan, a_conversation(a_review("bob"), outsider, teams=RISK_TEAM))["risk"].outcome is Outcome.PASSED


def test_bots_and_accounts_that_are_gone_count_for_nothing() -> None:
    bot = Account(person("bob").id, "bob[bot]", person=False)
    for by in (bot, None):
        assert risk(a_review(by)).outcome is Outcome.PENDING
        assert risk(a_review("cleo"), a_review(by, said=Said.CHANGES_REQUESTED)).outcome is Outcome.PASSED
    assert risk(a_review(bot)).warnings == (because(Why.APPROVAL_NOT_COUNTED, by="bob[bot]", standing="no_person"),)


def test_whoever_had_a_hand_in_it_does_not_sign_for_it_and_that_is_said() -> None:
    bob = person("bob")
    for more in (
        {"opened_by": bob},
        {"commits": (a_commit(bob),)},
        {"commits": (a_commit(committer=bob),)},
        {"commits": (a_commit(co_authors=(f"{bob.id}+bob@users.noreply.github.com",)),)},
        {"pushers": (AUTHOR, bob)},
    ):
        judgement = risk(a_review("bob"), **more)
        assert judgement.outcome is Outcome.PENDING, more
        assert judgement.warnings == (because(Why.APPROVAL_NOT_COUNTED, by="bob", standing="contributor"),), more


def test_naming_somebody_as_a_co_author_does_not_silence_them() -> None:
    named = a_commit(co_authors=(f"{person('cleo').id}+cleo@users.noreply.github.com",))
    objected = a_review("cleo", said=Said.CHANGES_REQUESTED)
    assert risk(a_review("bob"), objected, commits=(named,)).outcome is Outcome.FAILED


def test_a_commit_of_nobody_known_needs_one_approval_more_and_says_so() -> None:
    judgement = risk(a_review("bob"), commits=(a_commit(), a_commit(None)))
    assert judgement.reason == because(Why.AWAITING_APPROVAL, role="risk", at_least=2)
    assert judgement.warnings == (because(Why.UNKNOWN_CONTRIBUTOR, commits="cd" * 6),)
    assert risk(a_review("bob"), a_review("cleo", number=2), commits=(a_commit(None),)).outcome is Outcome.PASSED


def test_a_change_of_what_was_approved_makes_it_count_no_more() -> None:
    review = a_review("bob")
    changed = because(Why.CONTENT_CHANGED, what="policies/standard/1.0.0.yaml")
    judgement = risk(review, content={review.id: changed})
    assert judgement.reason == because(
        Why.OUTDATED_APPROVAL, role="risk", by="bob", what="policies/standard/1.0.0.yaml"
    )
    assert risk(review, content={review.id: None}).outcome is Outcome.PASSED


def test_a_reviewed_commit_that_is_gone_can_not_be_verified_and_needs_no_doubt_where_others_are_enough() -> None:
    review, other = a_review("bob"), a_review("cleo", number=2)
    gone = because(Why.REVIEWED_COMMIT_GONE, commit="ab" * 6)
    judgement = risk(review, content={review.id: gone})
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, gone)
    assert risk(review, other, content={review.id: gone}).outcome is Outcome.PASSED


def test_a_team_that_can_not_be_read_is_never_taken_for_a_no() -> None:
    for trouble in (REFUSED, because(Why.TEAM_UNREADABLE, team="@acme/risk", status="403")):
        for said in (Said.APPROVED, Said.CHANGES_REQUESTED):
            judgement = risk(a_review("bob", said=said), teams={"acme/risk": trouble})
            assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, trouble)
        (heard,) = of_risk(a_review("bob"), teams={"acme/risk": trouble}).heard
        assert heard.teams == (("@acme/risk", trouble.parameters["status"]),)


def test_a_team_that_can_not_be_read_leaves_nothing_in_doubt_before_anybody_has_approved() -> None:
    assert risk(teams={"acme/risk": REFUSED}).outcome is Outcome.PENDING


def test_changes_requested_by_somebody_who_may_stand_for_a_role_are_never_passed_over() -> None:
    plan = signed_by({"risk": ("@acme/risk", "@bob")}, {"role": "risk"})
    objected = a_review("cleo", said=Said.CHANGES_REQUESTED)
    found = judged(plan, a_conversation(a_review("bob"), objected, teams={"acme/risk": REFUSED}))["risk"]
    assert (found.outcome, found.reason) == (Outcome.ERRORED, REFUSED)


def test_the_one_more_that_a_stranger_costs_is_seated_too() -> None:
    roles = {"risk": ("@bob", "@cleo"), "business": ("@bob", "@dan", "@eve")}
    plan = signed_by(roles, {"role": "risk"}, {"role": "business"})
    reviews = [a_review(name, number=at) for at, name in enumerate(("bob", "cleo", "dan", "eve"), 1)]
    found = judged(plan, a_conversation(*reviews, commits=(a_commit(None),)))
    assert {one.outcome for one in found.values()} == {Outcome.PASSED}


def test_a_person_who_is_named_counts_whatever_a_team_says() -> None:
    plan = signed_by({"risk": ("@acme/risk", "@Bob")}, {"role": "risk"})
    assert judged(plan, a_conversation(a_review("bob"), teams={"acme/risk": REFUSED}))["risk"].outcome is Outcome.PASSED


def test_one_person_fills_one_role() -> None:
    roles = {"risk": ("@bob",), "business": ("@bob",)}
    found = judged(signed_by(roles, {"role": "risk"}, {"role": "business"}), a_conversation(a_review("bob")))
    assert sorted(one.outcome for one in found.values()) == [Outcome.PASSED, Outcome.PENDING]
    waiting = next(one for one in found.values() if one.outcome is Outcome.PENDING)
    assert waiting.warnings == (because(Why.APPROVAL_NOT_COUNTED, by="bob", standing="elsewhere"),)


def test_who_came_first_moves_where_only_that_lets_everybody_fit() -> None:
    roles = {"risk": ("@bob", "@cleo"), "business": ("@bob",)}
    plan = signed_by(roles, {"role": "risk"}, {"role": "business"})
    for first, second in (("bob", "cleo"), ("cleo", "bob")):
        told = a_conversation(a_review(first, number=1), a_review(second, LATER + timedelta(1), number=2))
        assert {one.outcome for one in judged(plan, told).values()} == {Outcome.PASSED}


def test_two_criteria_of_one_role_share_its_people() -> None:
    plan = signed_by({"risk": ("@bob",)}, {"role": "risk"}, {"role": "risk", "after": None})
    evidence = Evidence(sign_off(plan, a_conversation(a_review("bob")), {}))
    approvals = [one for one in plan.bound() if one.criterion.kind == "approval"]
    assert [one.criterion.judge(plan.scope(one), evidence).outcome for one in approvals] == [Outcome.PASSED] * 2


def test_an_early_word_for_one_role_may_fill_another_that_waits_for_nothing() -> None:
    roles = {"risk": ("@bob", "@cleo"), "business": ("@bob",)}
    plan = signed_by(roles, {"role": "risk"}, {"role": "business", "after": None})
    told = a_conversation(a_review("bob", RECORDED - timedelta(1)), a_review("cleo"))
    assert {one.outcome for one in judged(plan, told).values()} == {Outcome.PASSED}


def test_every_team_of_the_model_file_is_looked_up_once() -> None:
    plan = signed_by({"b": ("@acme/x", "@bob"), "a": ("@acme/x", "@acme/a")}, {"role": "b"})
    assert teams(plan) == ("acme/a", "acme/x")


NAMES = ("ann", "ben", "cat", "dov", "eli")
ROLES = ("risk", "business", "stakeholders")


@settings(max_examples=300)
@given(
    people=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(ROLES), min_size=1), max_size=5),
    wanted=st.lists(st.integers(1, 2), min_size=3, max_size=3),
)
def test_a_possible_assignment_is_never_refused_and_an_impossible_one_never_found(
    people: dict[str, set[str]], wanted: list[int]
) -> None:
    roles = {role: tuple(f"@{name}" for name in people if role in people[name]) or ("@nobody",) for role in ROLES}
    plan = signed_by(roles, *({"role": role, "at_least": number} for role, number in zip(ROLES, wanted, strict=True)))
    told = a_conversation(*(a_review(name, number=at + 1) for at, name in enumerate(people)))
    seats = [role for role, number in zip(ROLES, wanted, strict=True) for _ in range(number)]
    possible = any(
        all(role in people[name] for role, name in zip(seats, order, strict=True))
        for order in permutations(people, len(seats))
    )
    assert all(one.outcome is Outcome.PASSED for one in judged(plan, told).values()) is possible


def test_a_candidate_enters_by_the_approvals_that_count_and_by_none_while_somebody_objects() -> None:
    plan = signed_by({**RISK, "code-owner": ("@owner",)}, {"role": "risk"})
    owner, bob, outsider = a_review("owner"), a_review("bob"), a_review("outsider")
    told = a_conversation(owner, bob, outsider, teams=RISK_TEAM)
    assert entering(plan, told, {}, ["code-owner", "risk", "nobody"]) == (
        Entry("code-owner", "owner", owner.submitted_at),
        Entry("risk", "bob", bob.submitted_at),
    )
    no = a_review("cleo", said=Said.CHANGES_REQUESTED)
    assert entering(plan, a_conversation(owner, bob, no, teams=RISK_TEAM), {}, ["code-owner"]) == ()
