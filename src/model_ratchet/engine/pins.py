"""Pins: what the stages of an attempt were started by. Whoever changes one of these starts again, with fresh windows. Pure."""

import hashlib
from collections.abc import Collection, Mapping

from model_ratchet.core.evidence import Need
from model_ratchet.documents.across import used_sources
from model_ratchet.documents.inherited import FOLDER
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Attempt

ARTIFACTS = "artifacts"
_NAMED = {
    "model": "the model file",
    "sources": "a source that the model reads",
    ARTIFACTS: "an artefact that is served beside the model",
}


def pins(documents: Documents, *, served: bool) -> dict[str, str]:
    """What a start writes down: ``model`` → git blob id, ``sources`` → the digest of those that the model reads.

    Where the stage gives the candidate a share of traffic (``served``) also ``artifacts`` → the digest of the files in
    that folder, which are served with it from then on.
    """
    found = {name: documents.digests[name] for name in ("model",) if name in documents.digests}
    files = beside(documents.paths.get("request", ""), documents.digests)
    if served and files:
        found[ARTIFACTS] = artifacts_digest(files)
    if documents.sources is None:
        return found
    used = used_sources(documents.model, documents.sources)
    held = {name: documents.sources.sources[name].model_dump(mode="json") for name in used}
    return found | {"sources": f"sha256:{hashlib.sha256(canonical(held)).hexdigest()}"}


def beside(path: str, digests: Mapping[str, str]) -> Mapping[str, str]:
    """File in ``artifacts/`` → git blob id, of those beside a request at a path."""
    folder = f"{path.rpartition('/')[0]}/{FOLDER}/"
    return {file.removeprefix(folder): oid for file, oid in digests.items() if file.startswith(folder)}


def artifacts_digest(oids: Mapping[str, str]) -> str:
    """The one digest of several files, by their names."""
    return f"sha256:{hashlib.sha256(canonical(dict(oids))).hexdigest()}"


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
    now, then = pins(documents, served=True), _pinned(attempt)
    changed = next(
        (name for name, digest in then.items() if name in (*now, ARTIFACTS) and now.get(name) != digest), None
    )
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
