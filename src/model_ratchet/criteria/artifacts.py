"""artifacts: what the version brings for those who apply its forecasts is what its evidence gives."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Missing, Need, Shape
from model_ratchet.core.fields import Slug
from model_ratchet.core.inherited import Reproduced
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement, Part
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.integration import stage_needs

REPRODUCED = Need(shape=Shape.REPRODUCED, arms=())
"""The artefacts of the request, computed again from the evidence of the stage."""


class OnArtifacts(Criterion):
    """A criterion about the artefacts of a version: once the stage is over, they are computed again from its evidence."""

    on_entry: ClassVar[bool] = True

    stage: Slug
    """The stage whose evidence the artefacts are computed from."""

    def unbound(self, facts: Facts) -> str | None:
        """The model file has to say what is computed."""
        return None if facts.integration is not None else "integrate"

    def misfits(self, scope: Scope) -> Iterator[str]:
        """The first stage alone: what is served from the first share of traffic on has to be there before it."""
        (stage,) = scope.stages
        if stage.traffic:
            yield f"{stage.name} has a share of traffic, and the artefacts are served from its start: name a stage before it"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """Everything that the artefacts are computed from, once the stage is over, and what became of that."""
        stage, facts = scope.stage, scope.facts.integration
        if facts is None or stage.window is None or not stage.decidable:
            return ()
        return (*stage_needs(facts, stage.name, stage.window).every, REPRODUCED)


class ArtifactsReproduce(OnArtifacts):
    """The artefacts beside the request are those that the evidence of a stage gives: keys, texts and integers exactly, other
    numbers within a relative 1e-8.

    Pending until `ratchet integrate` has written them. They are pinned at the first start of a stage with a share of traffic,
    so that what is promoted is what was served.
    """

    summary: ClassVar[str] = "calibration, confidence and optimizer are what the evidence gives"
    waivable: ClassVar[bool] = False

    kind: Literal["artifacts"]

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when all three are there and reproduce; failed with the first key path that does not."""
        answer = evidence.answer(REPRODUCED)
        if isinstance(answer, Missing):
            return Judgement(outcome=Outcome.ERRORED, reason=answer.reason)
        if not isinstance(answer, Reproduced):
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.NOT_ASKED))
        warnings = tuple(because(Why.ARTIFACT_WARNING, what=one) for one in answer.not_measured)
        if answer.absent:
            absent = because(Why.ARTIFACTS_ABSENT, artifacts=", ".join(answer.absent), stage=scope.stage.name)
            return Judgement(outcome=Outcome.PENDING, reason=absent, warnings=warnings)
        if answer.differences:
            first = answer.differences[0]
            reason = because(
                Why.ARTIFACT_DIFFERS,
                key=first.key,
                committed=first.committed,
                computed=first.computed,
                others=answer.differing - 1,
            )
            parts = tuple(
                Part(
                    name=one.key,
                    outcome=Outcome.FAILED,
                    reason=because(
                        Why.ARTIFACT_DIFFERS, key=one.key, committed=one.committed, computed=one.computed, others=0
                    ),
                )
                for one in answer.differences
            )
            return Judgement(outcome=Outcome.FAILED, reason=reason, parts=parts, warnings=warnings)
        holds = because(Why.HOLDS, value=f"{len(answer.digests)} artefacts", limit="as the evidence gives them")
        return Judgement(outcome=Outcome.PASSED, reason=holds, warnings=warnings)
