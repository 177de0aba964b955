"""infrastructure: what the candidate states that it needs is what production offers."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope

_STATED = "infrastructure."


class InfrastructureFits(Criterion):
    """What the candidate states that it needs is what production offers.

    The request's ``metadata.infrastructure`` is checked against the model file's ``infrastructure``: Python and package
    versions by their specifiers, memory and CPU by size, and whether a GPU is there. What production limits must be stated.
    """

    summary: ClassVar[str] = "the stated requirements fit what production offers"
    windowless: ClassVar[bool] = True

    kind: Literal["infrastructure"]

    def unbound(self, facts: Facts) -> str | None:
        """What production offers."""
        return None if facts.infrastructure is not None else "infrastructure"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """Nothing: both sides are documents."""
        del scope
        return ()

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when every limit of production is met; failed with the first that is not; errored where there is none."""
        del evidence
        allowed = scope.facts.infrastructure or {}
        if not allowed:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CANNOT_VERIFY, what="what production offers"))
        for reason in misfits(scope.facts.stated, allowed):
            return Judgement(outcome=Outcome.FAILED, reason=reason)
        return Judgement(
            outcome=Outcome.PASSED, reason=because(Why.HOLDS, value=", ".join(sorted(allowed)), limit="production")
        )


def misfits(facts: Mapping[str, str], allowed: Mapping[str, str]) -> Iterator[Reason]:
    """Each limit of production that the stated ``facts`` of a request don't meet, or say nothing of (``NOT_STATED``)."""
    stated = {name.removeprefix(_STATED): value for name, value in facts.items() if name.startswith(_STATED)}
    for name, limit in sorted(allowed.items()):
        value = stated.get(name)
        if value is None:
            # a package that the candidate does not use needs no version
            if not name.startswith("package:"):
                yield because(Why.NOT_STATED, what=f"metadata.{_STATED}{name}")
        elif not _fits(name, value, limit):
            yield because(Why.INCOMPATIBLE, what=name, stated=value, allowed=limit)
    for name, value in sorted(stated.items()):
        if name.startswith("package:") and name not in allowed and any(key.startswith("package:") for key in allowed):
            yield because(Why.INCOMPATIBLE, what=name, stated=value, allowed="not offered")


def _fits(name: str, value: str, limit: str) -> bool:
    if name in ("memory", "cpu"):
        return float(value) <= float(limit)
    if name == "gpu":
        return value in ("none", "optional") or limit in ("available", "optional")
    try:
        return SpecifierSet(limit).contains(Version(value), prereleases=True)
    except (InvalidVersion, InvalidSpecifier):
        return False
