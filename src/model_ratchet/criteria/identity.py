"""identity: what was measured is what is proposed."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Rows, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing


class Identity(Criterion):
    """What was measured is what is proposed.

    Candidate and baseline differ in version and digest (the same on both sides is refused before anything is judged), and
    the digest that the server reported with each row is the one that the request, or the promoted version, names.
    """

    summary: ClassVar[str] = "what was measured is what is proposed"
    stagewise: ClassVar[bool] = True

    kind: Literal["identity"]
    reported: Literal["required", "not_available"] = "required"
    """``not_available`` where no server reports digests: then only the documents are compared, and the report says so."""

    def unbound(self, facts: Facts) -> str | None:
        """The column with the reported digest."""
        return None if facts.reported_digest or self.reported == "not_available" else "rows.digest"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The rows of the stage."""
        return tuple(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name) for stage in scope.ran)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every reported digest is the expected one; errored otherwise."""
        stage, facts = scope.stage, scope.facts
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        if isinstance(rows, Missing):
            return missing(rows)
        if not isinstance(rows, Rows):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the rows of the log"))
        if rows.candidate.rows == 0:
            return Judgement(
                outcome=Outcome.ERRORED, reason=because(Why.NO_ROWS, metric="the log", arm=str(Arm.CANDIDATE))
            )
        if self.reported == "required":
            expected = {Arm.CANDIDATE: facts.candidate_digest}
            if facts.baseline is not None:
                expected[Arm.BASELINE] = facts.baseline_digest
            for arm, digest in expected.items():
                reported = rows.arm(arm).digests
                if not reported or digest is None or any(not one for one, _ in reported):
                    return Judgement(outcome=Outcome.ERRORED, reason=because(Why.DIGEST_ABSENT, arm=str(arm)))
                for one, _ in reported:
                    if one != digest:
                        return Judgement(
                            outcome=Outcome.ERRORED, reason=because(Why.DIGEST_DIFFERS, arm=str(arm), reported=one)
                        )
        value = "reported digests agree" if self.reported == "required" else "versions differ; no digest is reported"
        return Judgement(outcome=Outcome.PASSED, reason=because(Why.HOLDS, value=value, limit="the request's digest"))
