"""Sign-off: what the reviews of a pull request amount to, role by role. Pure; GitHub's rights enforce, this explains."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.core.evidence import Approval, Approvals, Heard, Need, Shape
from model_ratchet.core.reason import Reason, Why
from model_ratchet.core.reviews import (
    GHOST,
    Account,
    Contributors,
    Conversation,
    Review,
    Said,
    Standing,
    contributors,
    last_words,
)
from model_ratchet.criteria.approval import Approval as ApprovalCriterion
from model_ratchet.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class Entry:
    """An approval that lets a candidate into a stage: for which role, by whom, and when."""

    role: str
    login: str
    at: datetime


def teams(plan: Plan) -> tuple[str, ...]:
    """Every team that stands for a role, ``organisation/team``, sorted."""
    named = {who.removeprefix("@") for people in plan.facts.roles.values() for who in people if "/" in who}
    return tuple(sorted(named))


def sign_off(plan: Plan, told: Conversation, content: Mapping[int, Reason | None]) -> Mapping[Need, Approvals]:
    """The approvals of every role that the plan asks for.

    ``content`` says of each approving review, by its id, what has changed since or why nobody can tell; None where what is
    judged is what was approved. One person fills one role, assigned so that as many seats as possible are filled. Whoever
    may object does: requested changes count also from a person who had a hand in the work, for naming somebody as a
    co-author must not silence them.
    """
    hands = contributors(told.opened_by, told.commits, told.pushers)
    last = last_words(told.reviews)
    asked = tuple(dict.fromkeys(_roles(plan)))
    seen = {
        role: {number: _standing(plan, told, hands, content, role, review) for number, review in last.items()}
        for role in plan.facts.roles
    }
    counting = {
        role: [review for number, review in last.items() if seen[role][number][0] is Standing.COUNTS] for role in asked
    }
    # nobody's hand is in an undo: it is the tree that was promoted
    strangers = () if plan.undoes else hands.strangers
    home = _assigned(_wanted(plan, extra=bool(strangers)), counting)
    objecting = _objecting(last, seen)
    return {
        Need(shape=Shape.APPROVALS, metric=role, arms=()): _approvals(
            role,
            tuple(_heard(told, plan, last, role, {**seen[role], **objecting}, home)),
            strangers,
        )
        for role in asked
    }


def entering(
    plan: Plan, told: Conversation, content: Mapping[int, Reason | None], roles: Iterable[str]
) -> tuple[Entry, ...]:
    """The approvals that let a candidate into a stage: people of these roles whose last word approves what is judged.

    Nobody lets anything in while somebody who stands for a role requests changes.
    """
    hands = contributors(told.opened_by, told.commits, told.pushers)
    last = last_words(told.reviews)
    seen = {
        role: {number: _standing(plan, told, hands, content, role, review) for number, review in last.items()}
        for role in plan.facts.roles
    }
    if _objecting(last, seen):
        return ()
    return tuple(
        Entry(role, review.by.login, review.submitted_at)
        for role in roles
        for number, review in last.items()
        if review.by is not None and role in seen and seen[role][number][0] is Standing.COUNTS
    )


_Found = tuple[Standing, Reason | None]


def _roles(plan: Plan) -> Iterator[str]:
    for bound in plan.bound():
        if isinstance(bound.criterion, ApprovalCriterion) and bound.not_applicable is None:
            yield bound.criterion.role


def _standing(
    plan: Plan, told: Conversation, hands: Contributors, content: Mapping[int, Reason | None], role: str, review: Review
) -> _Found:
    """What a last word stands for in a role, before anybody is assigned."""
    account = review.by
    if account is None:
        return Standing.NO_PERSON, None
    if review.said is Said.DISMISSED:
        return Standing.DISMISSED, None
    member = _member(plan.facts.roles[role], told, account)
    if member is False:
        return Standing.OTHER_ROLE, None
    if not account.person:
        return Standing.NO_PERSON, None
    if review.said is Said.CHANGES_REQUESTED:
        return (Standing.UNVERIFIED, member) if isinstance(member, Reason) else (Standing.OBJECTS, None)
    if hands.hold(account):
        return Standing.CONTRIBUTOR, None
    change = content.get(review.id)
    if change is not None and change.why is Why.CONTENT_CHANGED:
        return Standing.OUTDATED, change
    unsure = member if isinstance(member, Reason) else change
    return (Standing.UNVERIFIED, unsure) if unsure is not None else (Standing.COUNTS, None)


def _member(people: Sequence[str], told: Conversation, account: Account) -> bool | Reason:
    """Whether an account belongs to a role; the reason where it can't be told."""
    unsure: Reason | None = None
    for who in people:
        name = who.removeprefix("@")
        if "/" not in name:
            if name.lower() == account.login.lower():
                return True
            continue
        found = told.teams.get(name)
        if isinstance(found, frozenset):
            if account.id in found:
                return True
        else:
            unsure = found or Reason(Why.TEAM_UNREADABLE, {"team": who, "status": "not asked"})
    return unsure if unsure is not None else False


def _objecting(last: Mapping[int, Review], seen: Mapping[str, Mapping[int, _Found]]) -> Mapping[int, _Found]:
    """Requested changes of anybody in any role stand in the way of every role."""
    found: dict[int, _Found] = {}
    for number, review in last.items():
        if review.said is not Said.CHANGES_REQUESTED:
            continue
        standings = [seen[role][number] for role in seen]
        strongest = next((one for one in standings if one[0] is Standing.OBJECTS), None)
        unsure = next((one for one in standings if one[0] is Standing.UNVERIFIED), None)
        if strongest is not None or unsure is not None:
            found[number] = strongest or unsure or standings[0]
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    """So many approvals for a role, each given at or after an instant: None where none counts yet."""

    role: str
    number: int
    since: datetime | None
    always: bool = False
    """No evidence has to be waited for."""

    def takes(self, review: Review) -> bool:
        """Whether a review comes in time."""
        return self.always or (self.since is not None and review.submitted_at >= self.since)


def _wanted(plan: Plan, *, extra: bool) -> Iterator[_Wanted]:
    """What every criterion wants: those that count first, and of these the ones that wait longest."""
    for advisory in (False, True):
        found = []
        for bound in plan.bound():
            one = bound.criterion
            if isinstance(one, ApprovalCriterion) and bound.not_applicable is None and one.advisory is advisory:
                stage = next((stage for stage in plan.stages if stage.name == one.after), None)
                recorded = stage.decidable_at if stage is not None and stage.decidable else None
                found.append(_Wanted(one.role, one.at_least + extra, recorded, always=one.after is None))
        yield from sorted(found, key=_latest_first)


def _latest_first(one: _Wanted) -> tuple[bool, float]:
    return one.always, -one.since.timestamp() if one.since is not None else 0.0


def _assigned(wanted: Iterable[_Wanted], counting: Mapping[str, Sequence[Review]]) -> Mapping[int, str]:
    """Account id → the role that it fills: as many seats as possible are filled (augmenting paths; Kuhn, 1955).

    Criteria of one role share their people, so that a seat is added only for what is missing.
    """
    seated: dict[int, _Wanted] = {}

    def seat(one: _Wanted, tried: set[int]) -> bool:
        for review in counting[one.role]:
            number = review.by.id if review.by is not None else 0
            if number in tried or not one.takes(review):
                continue
            tried.add(number)
            if number not in seated or seat(seated[number], tried):
                seated[number] = one
                return True
        return False

    for one in wanted:
        filled = sum(
            seated[review.by.id].role == one.role
            for review in counting[one.role]
            if review.by is not None and review.by.id in seated and one.takes(review)
        )
        for _ in range(one.number - filled):
            seat(one, set())
    return {number: one.role for number, one in seated.items()}


def _heard(
    told: Conversation,
    plan: Plan,
    last: Mapping[int, Review],
    role: str,
    seen: Mapping[int, _Found],
    home: Mapping[int, str],
) -> Iterator[Heard]:
    for review in told.reviews:
        account = review.by or GHOST
        superseded = account.id in last and last[account.id] is not review
        standing, why = (Standing.SUPERSEDED, None) if superseded else seen.get(account.id, (Standing.NO_PERSON, None))
        if standing is Standing.COUNTS and home.get(account.id, role) != role:
            standing = Standing.ELSEWHERE
        yield Heard.of(review, standing, why, teams=tuple(_look_ups(plan.facts.roles[role], told, account)))


def _look_ups(people: Sequence[str], told: Conversation, account: Account) -> Iterator[tuple[str, str]]:
    for who in people:
        if "/" in who:
            found = told.teams.get(who.removeprefix("@"))
            if isinstance(found, frozenset):
                yield who, "member" if account.id in found else "not a member"
            else:
                yield who, str(found.parameters.get("status", "no answer")) if found is not None else "not asked"


def _approvals(role: str, heard: tuple[Heard, ...], strangers: tuple[str, ...]) -> Approvals:
    return Approvals(
        approvals=tuple(
            Approval(login=one.login, role=role, submitted_at=one.submitted_at, review=one.review, user=one.user)
            for one in heard
            if one.standing is Standing.COUNTS
        ),
        objections=tuple(sorted({one.login for one in heard if one.standing is Standing.OBJECTS})),
        heard=heard,
        strangers=strangers,
    )
