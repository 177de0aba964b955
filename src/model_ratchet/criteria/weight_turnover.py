"""weight_turnover: no segment's weight in the optimizer changes by more than a limit from one version to the next."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Missing
from model_ratchet.core.fields import PointsField
from model_ratchet.core.inherited import Reproduced
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.artifacts import REPRODUCED, OnArtifacts
from model_ratchet.criteria.base import Scope


class WeightTurnover(OnArtifacts):
    """No segment's weight in the optimizer changes by more than a limit from the parent's.

    A segment that one of the two does not have weighs 0 there. Where the parent has no weights there is nothing to hold the
    new ones against, and the criterion passes with a warning; where it has, and the candidate has none, nobody can say.
    """

    summary: ClassVar[str] = "no weight of the optimizer changes by more than a limit"
    comparative: ClassVar[bool] = True

    kind: Literal["weight_turnover"]
    at_most: PointsField
    """The largest change of a weight, in percentage points of the whole."""

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed or failed by the largest change."""
        del scope
        answer = evidence.answer(REPRODUCED)
        if isinstance(answer, Missing):
            return Judgement(outcome=Outcome.ERRORED, reason=answer.reason)
        if not isinstance(answer, Reproduced):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NOT_ASKED))
        if answer.turnover is None:
            if answer.had_weights:
                return Judgement(outcome=Outcome.INCONCLUSIVE, reason=because(Why.WEIGHTS_ABSENT))
            nothing = because(Why.HOLDS, value="no weights before", limit=self.at_most.text)
            return Judgement(outcome=Outcome.PASSED, reason=nothing, warnings=(because(Why.WEIGHTS_FIRST),))
        parts = []
        for one in answer.turnover:
            change = abs(one.after - one.before)
            over = change > self.at_most.value + 1e-12
            turned = because(
                Why.WEIGHT_TURNED, segment=one.segment, before=one.before, after=one.after, limit=self.at_most.text
            )
            parts.append(
                (change, Part(name=one.segment, outcome=Outcome.FAILED if over else Outcome.PASSED, reason=turned))
            )
        largest = max(parts, key=lambda pair: pair[0], default=None)
        if largest is None or largest[1].outcome is Outcome.PASSED or largest[1].reason is None:
            reason = because(Why.WITHIN_LIMIT, limit=self.at_most.text)
            return Judgement(outcome=Outcome.PASSED, reason=reason, parts=tuple(part for _, part in parts))
        return Judgement(outcome=Outcome.FAILED, reason=largest[1].reason, parts=tuple(part for _, part in parts))
