"""required_checks: what reports on the model's source commit is green, and somebody else has reviewed it."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from model_ratchet.core.code import Checks, Reported
from model_ratchet.core.evidence import CodeReviews, Evidence, Heard, Missing, Need, ReviewedPull, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Said, Standing
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Criterion, Facts, Scope

_BROKEN = frozenset({"failure", "error", "timed_out"})
_RUNNING = frozenset({"queued", "in_progress", "pending", "requested", "waiting"})
_MOST_NAMED = 5
_REVIEW = "review"
_ASKED = "by somebody who had no hand in it"

CheckName: TypeAlias = Annotated[str, Field(min_length=1, max_length=200, examples=["unit-tests"])]


class RequiredChecks(Criterion):
    """What reports on the model's source commit is green, and somebody who had no hand in it has reviewed it.

    The commit is the one that the request states, ``metadata.source``, in a repository that the model file lists under
    ``code``. A name is green when every check run and commit status of that name is a success: one that failed or timed out
    fails it, one that runs is waited for, and ``neutral``, ``skipped``, ``cancelled`` or no report at all shows nothing. A
    review counts when it approves exactly what the commit holds: the commit itself, or the head of the pull request that was
    merged as it. It must be by somebody who may write to the repository and who neither opened, authored, co-authored,
    committed nor pushed any of it; bots never count, and changes that somebody requests hold it up. What GitHub does not
    tell is errored.
    """

    summary: ClassVar[str] = "checks of the model's source commit are green, and it was reviewed"
    windowless: ClassVar[bool] = True

    kind: Literal["required_checks"]
    checks: tuple[CheckName, ...] = ()
    """The names of check runs and commit statuses, each as GitHub shows it."""
    app: int | None = Field(default=None, ge=1)
    """The number of the GitHub App that makes them: check runs of others, and statuses, then count for nothing."""
    reviews: int = Field(default=0, ge=0, le=20)
    """How many people must have approved the commit."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.checks and not self.reviews:
            raise ValueError("nothing is asked of the source commit: name `checks`, or ask for `reviews: 1`")
        if self.app is not None and not self.checks:
            raise ValueError("`app` says whose `checks` count: name some")
        return self

    def unbound(self, facts: Facts) -> str | None:
        """The repositories of the model's code."""
        return None if facts.code else "code"

    def unstated(self, facts: Facts) -> str | None:
        """The source commit."""
        return None if "source.commit" in facts.stated else "metadata.source"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """What reports under each name, and the reviews."""
        del scope
        reviews = (Need(shape=Shape.CODE_REVIEWS, arms=()),) if self.reviews else ()
        return (*(Need(shape=Shape.CHECKS, metric=name, arms=()) for name in dict.fromkeys(self.checks)), *reviews)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every name is green and the commit reviewed; else what stands in the way, the gravest first."""
        parts = tuple(self._part(scope.facts, need, evidence) for need in self.needs(scope))
        worst = max(parts, key=lambda part: part.outcome.rank)
        if worst.outcome is not Outcome.PASSED and worst.reason is not None:
            return Judgement(outcome=worst.outcome, reason=worst.reason, parts=parts)
        value = ", ".join(
            [*([f"{len(self.checks)} green"] if self.checks else []), *(["reviewed"] * bool(self.reviews))]
        )
        reason = because(Why.HOLDS, value=value, limit=f"commit {_commit(scope.facts)}")
        return Judgement(outcome=Outcome.PASSED, reason=reason, parts=parts)

    def _part(self, facts: Facts, need: Need, evidence: Evidence) -> Part:
        name = need.metric if need.shape is Shape.CHECKS else _REVIEW
        answer = evidence.answer(need)
        match answer:
            case Missing(reason=reason):
                outcome, said = Outcome.ERRORED, reason
            case Checks(reported=reported) if need.shape is Shape.CHECKS:
                outcome, said = self._check(facts, name, reported)
            case CodeReviews(pulls=pulls) if need.shape is Shape.CODE_REVIEWS:
                outcome, said = self._review(facts, pulls)
            case _:
                outcome, said = Outcome.ERRORED, because(Why.CRASHED, what=f"the answer on {name}")
        return Part(name=name, outcome=outcome, reason=said)

    def _check(self, facts: Facts, name: str, reported: tuple[Reported, ...]) -> tuple[Outcome, Reason]:
        """The worst of what reports under a name."""
        mine = [one for one in reported if one.name == name and self.app in (None, one.app)]
        if not mine:
            app = {"app": self.app} if self.app is not None else {}
            return Outcome.INCONCLUSIVE, because(Why.CHECK_ABSENT, check=name, commit=_commit(facts), **app)
        worst = max(mine, key=lambda one: _outcome(one).rank)
        told = {"check": name, "state": worst.state, "by": worst.by}
        outcome = _outcome(worst)
        match outcome:
            case Outcome.PASSED:
                return outcome, because(Why.HOLDS, value=worst.state, limit="success")
            case Outcome.FAILED:
                return outcome, because(Why.CHECK_FAILED, **told)
            case Outcome.PENDING:
                return outcome, because(Why.CHECK_RUNNING, **told)
            case _:
                return outcome, because(Why.CHECK_SHOWS_NOTHING, **told)

    def _review(self, facts: Facts, pulls: tuple[ReviewedPull, ...]) -> tuple[Outcome, Reason]:
        """Objections first; then one pull request with enough approvals; then those that nobody can verify."""
        objecting = {one.login for one in _standing(pulls, Standing.OBJECTS)}
        if objecting:
            return Outcome.FAILED, because(Why.OBJECTED, by=", ".join(sorted(objecting)))
        unsure = [one for one in _standing(pulls, Standing.UNVERIFIED) if one.said is Said.CHANGES_REQUESTED]
        if unsure:
            return Outcome.ERRORED, _doubt(unsure[0])
        if not pulls:
            told = {"commit": _commit(facts), "repository": facts.stated.get("source.repository", "")}
            return Outcome.INCONCLUSIVE, because(Why.CODE_WITHOUT_PULL, **told)
        for pull in pulls:
            names = sorted({one.login for one in _standing((pull,), Standing.COUNTS)})
            if len(names) >= self._needed(pull):
                by = ", ".join(names[:_MOST_NAMED])
                return Outcome.PASSED, because(Why.HOLDS, value=f"#{pull.number} approved by {by}", limit=_ASKED)
        for pull in pulls:
            doubtful = list(_standing((pull,), Standing.UNVERIFIED))
            people = {one.user for one in (*_standing((pull,), Standing.COUNTS), *doubtful)}
            if doubtful and len(people) >= self._needed(pull):
                return Outcome.ERRORED, _doubt(doubtful[0])
        named = ", ".join(f"#{pull.number}" for pull in pulls[:_MOST_NAMED])
        least = min(self._needed(pull) for pull in pulls)
        return Outcome.PENDING, because(Why.AWAITING_CODE_REVIEW, pulls=named, at_least=least)

    def _needed(self, pull: ReviewedPull) -> int:
        """One person more where nobody knows whose a commit is: the reviewer could be its author."""
        return self.reviews + bool(pull.strangers)


def _outcome(reported: Reported) -> Outcome:
    """What a state shows: only ``success`` is green, and a word that nobody knows shows nothing."""
    if reported.state == "success":
        return Outcome.PASSED
    if reported.state in _BROKEN:
        return Outcome.FAILED
    return Outcome.PENDING if reported.state in _RUNNING else Outcome.INCONCLUSIVE


def _standing(pulls: tuple[ReviewedPull, ...], standing: Standing) -> Iterator[Heard]:
    return (one for pull in pulls for one in pull.heard if one.standing is standing)


def _doubt(one: Heard) -> Reason:
    return one.because if one.because is not None else because(Why.CRASHED, what=f"the review of {one.login}")


def _commit(facts: Facts) -> str:
    return facts.stated.get("source.commit", "")[:12]
