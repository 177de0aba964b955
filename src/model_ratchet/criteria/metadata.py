"""metadata: the request states what the policy requires to be tracked of a model."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Shape, Tracked
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope

_NEED = Need(shape=Shape.TRACKED, arms=(Arm.CANDIDATE,))
_COMPARED = {
    "hyperparameters.": "hyperparameters.",
    "training_metrics.": "metrics.",
    "dataset.version": "dataset.version",
}
"""What is compared with a registry: where a name starts in the request, and where in the registry."""


_LONGEST = 80


class MetadataComplete(Criterion):
    """The request states what the policy requires to be tracked of a model.

    Each required name is a path into the request's ``metadata``, such as ``dataset.version``; a path to a group is met when
    the group holds at least one value. With ``matches: registry`` the hyperparameters, training metrics and dataset version
    that the request states are those that the registry holds of the candidate: numbers by their value, anything else to
    the letter.
    """

    summary: ClassVar[str] = "the request states the required metadata"
    windowless: ClassVar[bool] = True

    kind: Literal["metadata"]
    require: tuple[str, ...] = Field(min_length=1)
    """The parts of the metadata that must be stated."""
    matches: Literal["registry"] | None = None
    """``registry``: what is stated is compared with what the registry of the model file holds."""

    def unbound(self, facts: Facts) -> str | None:
        """The registry, where one is compared with."""
        return "registry" if self.matches is not None and facts.registry is None else None

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """What the registry tracks, where it is compared; the request itself is a document."""
        del scope
        return (_NEED,) if self.matches is not None else ()

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every required name is stated, and as the registry holds it; failed with those that are not."""
        stated = scope.facts.stated
        absent = [
            name
            for name in self.require
            if not any(key == name or key.startswith(f"{name}.") for key, value in stated.items() if value.strip())
        ]
        if absent:
            return Judgement(
                outcome=Outcome.FAILED,
                reason=because(Why.NOT_STATED, what=", ".join(f"metadata.{name}" for name in absent)),
            )
        if self.matches is not None:
            tracked = evidence.answer(_NEED)
            if isinstance(tracked, Missing):
                return Judgement(outcome=Outcome.ERRORED, reason=tracked.reason)
            if not isinstance(tracked, Tracked):
                return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="what is tracked"))
            differing = tuple(_differing(scope.facts, tracked))
            if differing:
                return Judgement(outcome=Outcome.FAILED, reason=_otherwise(differing))
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, value=f"{len(self.require)} stated", limit=f"{len(self.require)} required"),
        )


def _differing(facts: Facts, tracked: Tracked) -> Iterator[tuple[str, str, str]]:
    """Each name that the request states otherwise: its name, what is stated, and what is tracked (empty: nothing)."""
    held = dict(tracked.values)
    for name, stated in facts.stated.items():
        for start, there in _COMPARED.items():
            if name.startswith(start):
                found = held.get(there + name.removeprefix(start))
                if found is None or not _same(stated, found):
                    yield f"metadata.{name}", stated, found or ""


def _same(stated: str, tracked: str) -> bool:
    if stated == tracked:
        return True
    try:
        return float(stated) == float(tracked)
    except ValueError:
        return False


def _otherwise(differing: tuple[tuple[str, str, str], ...]) -> Reason:
    what, stated, tracked = (text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…" for text in differing[0])
    return because(Why.STATED_OTHERWISE, what=what, stated=stated, tracked=tracked, others=len(differing) - 1)
