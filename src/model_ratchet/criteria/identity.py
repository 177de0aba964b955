"""identity: what was measured is what is proposed."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from model_ratchet.core.evidence import Arm, Evidence, Missing, Need, Registered, Rows, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope
from model_ratchet.criteria.comparison import missing


class Identity(Criterion):
    """What was measured is what is proposed.

    Candidate and baseline differ in version and digest (the same on both sides is refused before anything is judged), and
    the digest that the server reported with each row is the one that the request, or the promoted version, names. Where the
    model file binds a registry, the digests that it holds of both versions are the same ones too, and its alias points to
    the active version.
    """

    summary: ClassVar[str] = "what was measured is what is proposed"
    stagewise: ClassVar[bool] = True
    waivable: ClassVar[bool] = False

    kind: Literal["identity"]
    reported: Literal["required", "not_available"] = "required"
    """``not_available`` where no server reports digests: then only the documents are compared, and the report says so."""

    def unbound(self, facts: Facts) -> str | None:
        """The column with the reported digest."""
        return None if facts.reported_digest or self.reported == "not_available" else "rows.digest"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The rows of the stage, and the registered versions."""
        rows = tuple(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name) for stage in scope.ran)
        return (*rows, *_registered(scope.facts)) if rows else ()

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every reported and every registered digest is the expected one; errored otherwise."""
        stage, facts = scope.stage, scope.facts
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        if isinstance(rows, Missing):
            return missing(rows)
        if not isinstance(rows, Rows):
            return _errored(because(Why.CRASHED, what="the rows of the log"))
        if rows.candidate.rows == 0:
            return _errored(because(Why.NO_ROWS, metric="the log", arm=str(Arm.CANDIDATE)))
        trouble = _reported_trouble(rows, facts) if self.reported == "required" else None
        trouble = trouble or _registry_trouble(facts, evidence)
        if trouble is not None:
            return _errored(trouble)
        value = _AGREE[self.reported == "required", facts.registry is not None]
        return Judgement(outcome=Outcome.PASSED, reason=because(Why.HOLDS, value=value, limit="the request's digest"))


_AGREE = {
    (True, False): "reported digests agree",
    (True, True): "reported and registered digests agree",
    (False, False): "versions differ; no digest is reported",
    (False, True): "registered digests agree; no digest is reported",
}


def _errored(reason: Reason) -> Judgement:
    return Judgement(outcome=Outcome.ERRORED, reason=reason)


def _expected(facts: Facts) -> Mapping[Arm, str | None]:
    if facts.baseline is None:
        return {Arm.CANDIDATE: facts.candidate_digest}
    return {Arm.CANDIDATE: facts.candidate_digest, Arm.BASELINE: facts.baseline_digest}


def _reported_trouble(rows: Rows, facts: Facts) -> Reason | None:
    for arm, digest in _expected(facts).items():
        reported = rows.arm(arm).digests
        if not reported or digest is None or any(not one for one, _ in reported):
            return because(Why.DIGEST_ABSENT, arm=str(arm))
        for one, _ in reported:
            if one != digest:
                return because(Why.DIGEST_DIFFERS, arm=str(arm), reported=one)
    return None


def _registered(facts: Facts) -> Mapping[Need, Arm | None]:
    """What is asked of the registry, with the arm that it is of: None for the alias. A first version has none to point to."""
    if facts.registry is None:
        return {}
    asked: dict[Need, Arm | None] = {Need(shape=Shape.REGISTERED, arms=(arm,)): arm for arm in _expected(facts)}
    if facts.registry_alias is not None and facts.baseline is not None:
        asked[Need(shape=Shape.REGISTERED, arms=(), metric=facts.registry_alias)] = None
    return asked


def _registry_trouble(facts: Facts, evidence: Evidence) -> Reason | None:
    """Digests first, then the alias, which is compared with the number of the baseline."""
    expected = _expected(facts)
    active: Registered | None = None
    for need, arm in _registered(facts).items():
        held = evidence.answer(need)
        if isinstance(held, Missing):
            return held.reason
        if not isinstance(held, Registered):
            return because(Why.CRASHED, what="a registered version")
        if arm is None:
            if active is None or held.number != active.number:
                points = held.version or f"version {held.number}"
                return because(Why.ALIAS_MOVED, alias=need.metric, points=points, active=str(facts.baseline))
            continue
        if not held.digest or expected[arm] is None:
            return because(Why.REGISTERED_DIGEST_ABSENT, arm=str(arm), number=held.number)
        if held.digest != expected[arm]:
            return because(Why.REGISTERED_DIGEST_DIFFERS, arm=str(arm), number=held.number, registered=held.digest)
        active = held if arm is Arm.BASELINE else active
    return None
