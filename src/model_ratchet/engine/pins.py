"""Pins: what the stages of an attempt were started by. Whoever changes one of these starts again, with fresh windows. Pure."""

import hashlib
from collections.abc import Collection, Mapping

from model_ratchet.core.evidence import Need
from model_ratchet.documents.across import used_sources
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Attempt

_NAMED = {"model": "the model file", "sources": "a source that the model reads"}


def pins(documents: Documents) -> dict[str, str]:
    """What a start writes down: ``model`` → git blob id, ``sources`` → the digest of those that the model reads."""
    found = {name: documents.digests[name] for name in ("model",) if name in documents.digests}
    if documents.sources is None:
        return found
    used = used_sources(documents.model, documents.sources)
    held = {name: documents.sources.sources[name].model_dump(mode="json") for name in used}
    return found | {"sources": f"sha256:{hashlib.sha256(canonical(held)).hexdigest()}"}


def lost(attempt: Attempt, documents: Documents) -> str | None:
    """Why what the attempt has shown is worth nothing under these documents; None where it is.

    A policy that was revoked may be left for the one that replaces it: whether the evidence is enough for that one is
    told by ``covered``.
    """
    request, admitted = documents.request, attempt.admitted
    if request.artifact.digest != admitted.digest:
        return "the artifact is another one than was admitted"
    if request.policy != admitted.policy and admitted.policy not in documents.replaces:
        return f"it was admitted under {admitted.policy}, and asks for {request.policy} now"
    now, then = pins(documents), _pinned(attempt)
    changed = next((name for name, digest in then.items() if name in now and now[name] != digest), None)
    stage = attempt.start.stage if attempt.start is not None else "its first stage"
    return f"{_NAMED.get(changed, changed)} has changed since {stage} was started" if changed is not None else None


def covered(attempt: Attempt, plan: Plan, closed: Collection[Need]) -> bool:
    """Whether the closed stages were asked all that a plan needs of them: always under the policy of their admission."""
    if plan.policy == str(attempt.admitted.policy):
        return True
    return all(need in closed for need in plan.needs() if need.stage in attempt.closed)


def _pinned(attempt: Attempt) -> Mapping[str, str]:
    """What the stages were started by, the earliest start first: one that differs is enough."""
    found: dict[str, str] = {}
    for start in reversed(attempt.starts):
        found |= start.pinned
    return found
