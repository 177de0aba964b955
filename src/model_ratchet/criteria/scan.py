"""scan: a scan of the model's code ended well, is young enough, and found nothing above a severity."""

from collections.abc import Iterator
from datetime import UTC
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from model_ratchet.core.code import Found, Level, Scan, Tally
from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Shape
from model_ratchet.core.fields import DurationField, Slug
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing

_MOST_NAMED = 5


class CodeScan(Criterion):
    """A scan of the model's code ended well, is young enough, and found nothing above a severity.

    The scan is an artefact in SARIF 2.1.0 or JUnit XML, in which each case that failed is a finding of the level ``error``. A
    finding counts by the level of its result (its rule's, where the result names none) and by the ``security-severity`` of its
    rule. What a scanner suppressed is told apart, and is a finding unless the policy says otherwise. A scan whose tool did
    not end well, or does not say so, is errored, and so is one of another tool or of another commit than the request states;
    one that is too old, or leaves results for a person to decide, does not decide. The age is taken at the latest
    instant at which anything happened to the promotion, and stands still once the last stage can be decided.
    """

    summary: ClassVar[str] = "a scan of the code found nothing above a severity"
    windowless: ClassVar[bool] = True

    kind: Literal["scan"]
    scan: Slug
    """The scan, as the model file names it."""
    at_most: Literal["none", "note", "warning", "error"]
    """The gravest level that a finding may have: ``none`` lets no finding stand."""
    score_below: Annotated[float, Field(gt=0, le=10)] | None = None
    """Every ``security-severity`` must be below this: high starts at 7.0, critical at 9.0."""
    within: DurationField | None = None
    """How old the scan may be; without it its age is not asked."""
    tool: Annotated[str, Field(min_length=1, max_length=120, examples=["CodeQL"])] | None = None
    """The tool that must have made every run, as the artefact names it."""
    suppressions: Literal["counted", "accepted"] = "counted"
    """``accepted`` where what the scanner suppressed may stand; the report says how much that is."""
    invocation: Literal["required", "not_available"] = "required"
    """``not_available`` where the tool never says whether it ended well: then that is not asked."""

    def rests_on(self) -> tuple[str, ...]:
        """The scan."""
        return (f"scans.{self.scan}",)

    def unbound(self, facts: Facts) -> str | None:
        """The scan."""
        return None if self.scan in facts.scans else f"scans.{self.scan}"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """What the scan found."""
        del scope
        return (Need(shape=Shape.SCAN, metric=self.scan, arms=(Arm.CANDIDATE,)),)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when the right tool scanned the right commit to its end, lately, and no finding is too grave."""
        (need,) = self.needs(scope)
        answer = evidence.answer(need)
        if isinstance(answer, Missing):
            return missing(answer)
        if not isinstance(answer, Scan) or not answer.tools:
            return _errored(because(Why.CRASHED, what=f"the scan {self.scan}"))
        trouble = self._foreign(scope.facts, answer)
        if trouble is not None:
            return _errored(trouble)
        warnings = tuple(self._warnings(answer))
        graver = [one for one in answer.tallies if self._counts(one) and self._breaks(one)]
        if graver:
            named = [one.shown for one in answer.worst if self._counts(one) and self._breaks(one)]
            reason = because(
                Why.SCAN_FOUND,
                found=sum(one.count for one in graver),
                limit=self._limit(),
                tools=_tools(answer),
                first=", ".join(named[:_MOST_NAMED]),
            )
            return Judgement(outcome=Outcome.FAILED, reason=reason, warnings=warnings)
        doubts = tuple(self._doubts(scope.facts, answer))
        if doubts:
            outcome, reason = max(doubts, key=lambda one: one[0].rank)
            return Judgement(outcome=outcome, reason=reason, warnings=warnings)
        standing = sum(one.count for one in answer.tallies if self._counts(one))
        value = f"{standing} finding{'s' * (standing != 1)} of {_tools(answer)}"
        reason = because(Why.HOLDS, value=value, limit=f"none {self._limit()}")
        return Judgement(outcome=Outcome.PASSED, reason=reason, warnings=warnings)

    def _foreign(self, facts: Facts, scan: Scan) -> Reason | None:
        """Whether it is a scan of something else, so that its findings say nothing."""
        if self.tool is not None and set(scan.tools) != {self.tool}:
            return because(Why.SCAN_OTHER_TOOL, tools=_tools(scan), asked=self.tool)
        stated = facts.stated.get("source.commit")
        if stated is None:
            return None
        other = next((commits[0] for commits in scan.commits if stated not in commits), None)
        return because(Why.SCAN_OTHER_COMMIT, commit=other[:12], stated=stated[:12]) if other is not None else None

    def _doubts(self, facts: Facts, scan: Scan) -> Iterator[tuple[Outcome, Reason]]:
        """Why nothing can be concluded from no finding."""
        if scan.completed is False:
            yield Outcome.ERRORED, because(Why.SCAN_BROKEN_OFF, tools=_tools(scan))
        if scan.completed is None and self.invocation == "required":
            yield Outcome.ERRORED, because(Why.SCAN_END_UNKNOWN, tools=_tools(scan))
        age = self._age(facts, scan)
        if age is not None:
            yield age
        if scan.undecided:
            yield Outcome.INCONCLUSIVE, because(Why.SCAN_UNDECIDED, results=scan.undecided)

    def _age(self, facts: Facts, scan: Scan) -> tuple[Outcome, Reason] | None:
        """What is wrong with its age, where that is asked; nothing ages before anything has happened."""
        if self.within is None:
            return None
        if scan.ended_at is None:
            return Outcome.ERRORED, because(Why.SCAN_UNDATED, tools=_tools(scan))
        if facts.decided_at is None:
            return Outcome.PENDING, because(Why.STAGE_NOT_STARTED, stage="the first stage")
        if facts.decided_at - scan.ended_at <= self.within.delta:
            return None
        ended_at = scan.ended_at.astimezone(UTC).isoformat()
        return Outcome.INCONCLUSIVE, because(Why.SCAN_OLD, ended_at=ended_at, within=self.within.text)

    def _counts(self, one: Found | Tally) -> bool:
        return not one.suppressed or self.suppressions == "counted"

    def _breaks(self, one: Found | Tally) -> bool:
        """Whether a finding is graver than allowed, by its level or by its score."""
        by_score = self.score_below is not None and one.score is not None and one.score >= self.score_below
        return by_score or one.level.rank > Level(self.at_most).rank

    def _limit(self) -> str:
        """What no finding may be, in words."""
        level = f"above {self.at_most}" if self.at_most != "error" else ""
        score = f"scored {self.score_below:g} or more" if self.score_below is not None else ""
        return " or ".join(word for word in (level, score) if word)

    def _warnings(self, scan: Scan) -> Iterator[Reason]:
        """What the scanner suppressed and the policy lets stand."""
        found = sum(one.count for one in scan.tallies if one.suppressed)
        if found and self.suppressions == "accepted":
            yield because(Why.SUPPRESSED_FINDINGS, found=found)


def _errored(reason: Reason) -> Judgement:
    return Judgement(outcome=Outcome.ERRORED, reason=reason)


def _tools(scan: Scan) -> str:
    return ", ".join(scan.tools[:_MOST_NAMED])
