"""artifacts: those that a version brings and those that it inherits, read from git; and what its evidence gives."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model_ratchet.actions.reading import Faulty, read_blob
from model_ratchet.core.evidence import Evidence, Missing
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.inherited import MOST_DIFFERENCES, Difference, Reproduced, Turnover
from model_ratchet.core.reason import Why, because
from model_ratchet.criteria.artifacts import OnArtifacts
from model_ratchet.criteria.base import StageFacts
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import request_path
from model_ratchet.documents.inherited import ARTIFACTS, FOLDER, Calibration, Confidence, Optimizer, artifact_path
from model_ratchet.documents.read import Located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.integrate import artifacts
from model_ratchet.engine.integrate.compare import differences, turnover
from model_ratchet.engine.integrate.gathered import inputs_of
from model_ratchet.engine.integrate.inputs import Inherited, Inputs
from model_ratchet.engine.integrate.version_tracks import named_tracks, track_record
from model_ratchet.engine.pins import ARTIFACTS as PINNED
from model_ratchet.engine.pins import artifacts_digest, beside
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Story
from model_ratchet.ports import Blob, Ledger, Repository


@dataclass(frozen=True, slots=True)
class Brought:
    """The artefacts that a request brings: name → what its file holds, and the digest of the file."""

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def read_brought(request: Located[PromotionRequest], folder: str, at_head: Mapping[str, Blob]) -> Brought | Faulty:
    """The artefacts that a request names and that are there, or what is wrong with them; an absent one is judged."""
    values, digests = {}, {}
    findings: list[Finding] = []
    for name, inside in request.document.artifacts.items():
        kind, place = ARTIFACTS.get(name), f"{FOLDER}/{name}.yaml"
        if kind is None:
            message = f"no artefact is called {name}: there are {', '.join(ARTIFACTS)}"
            findings.append(request.finding(Fault(("artifacts", name), message, at_key=True)))
        elif inside != place:
            findings.append(request.finding(Fault(("artifacts", name), f"the artefact {name} stands in {place}")))
        elif (path := f"{folder}/{inside}") in at_head:
            found: Located[Any] | Faulty = read_blob(kind, at_head, path)
            if isinstance(found, Faulty):
                findings += found.findings
            else:
                values[name] = found.tree.value if isinstance(found.tree.value, dict) else {}
                digests[name] = digest_of(at_head[path].content)
    return Faulty(tuple(findings)) if findings else Brought(values, digests)


def read_inherited(repository: Repository, base: str, model: str, version: str | None) -> Inherited | Faulty | None:
    """The artefacts of a version as the base branch holds them, or what is wrong with them; None for a first version."""
    if version is None:
        return None
    paths = {name: artifact_path(model, version, name) for name in ARTIFACTS}
    request = request_path(model, version)
    blobs = repository.read(base, repository.paths(base, f"{request.rpartition('/')[0]}/{FOLDER}"))
    read: dict[str, Calibration | Confidence | Optimizer] = {}
    findings: list[Finding] = []
    for name, path in paths.items():
        if path in blobs:
            found: Located[Any] | Faulty = read_blob(ARTIFACTS[name], blobs, path)
            if isinstance(found, Faulty):
                findings += found.findings
            else:
                read[name] = found.document
    if findings:
        return Faulty(tuple(findings))
    calibration, confidence, optimizer = (read.get(name) for name in ARTIFACTS)
    return Inherited(
        version=version,
        calibration=calibration if isinstance(calibration, Calibration) else None,
        confidence=confidence if isinstance(confidence, Confidence) else None,
        optimizer=optimizer if isinstance(optimizer, Optimizer) else None,
        digests={name: digest_of(blobs[paths[name]].content) for name in read},
        oids=beside(request, {path: blob.oid for path, blob in blobs.items()}),
    )


def altered(model: str, inherited: Inherited | None, ledger: Ledger) -> tuple[Finding, ...]:
    """Why inherited artefacts are not those that were served: their digest is another than a stage of their version pinned."""
    if inherited is None:
        return ()
    starts = [
        start
        for attempt in ledger.story(model).attempts
        if attempt.candidate == inherited.version
        for start in attempt.starts
    ]
    pinned = next((start.pinned[PINNED] for start in reversed(starts) if PINNED in start.pinned), None)
    if pinned is None or pinned == artifacts_digest(inherited.oids):
        return ()
    place = Location(artifact_path(model, inherited.version, next(iter(ARTIFACTS))))
    message = (
        f"the artefacts of {inherited.version} are not those that it was served with: nothing can be inherited from them; "
        "restore the files of its merge"
    )
    return (Finding(place, message),)


def stage_of(plan: Plan) -> StageFacts:
    """The stage that artefacts are computed from: the one that the policy's criterion names, else the first."""
    bound = next((one for one in plan.bound() if isinstance(one.criterion, OnArtifacts)), None)
    return next((one for one in plan.stages if bound is not None and one.name in bound.stages), plan.stages[0])


def read_inputs(
    plan: Plan, evidence: Evidence, settings: Any, inherited: Inherited | None, story: Story, ledger: Ledger
) -> Inputs | Missing | None:
    """What the artefacts of a plan's candidate are computed from; why it is not there; None where its stage is not over."""
    stage = stage_of(plan)
    until = stage.decidable_at
    track = {}
    if until is not None and stage.decidable:
        records = ledger.records(tuple(named_tracks(story, stage.name, until).values()))
        known = track_record(story, records, stage.name, until)
        track = {version: entry for version, entry in known.items() if version != plan.facts.candidate}
    return inputs_of(plan.facts, stage, evidence, settings, inherited=inherited, track=track)


def reproduce(inputs: Inputs | Missing | None, brought: Brought) -> Reproduced | Missing:
    """The artefacts of a request against those that its evidence gives."""
    if isinstance(inputs, Missing):
        return inputs
    if inputs is None:
        return Missing(reason=because(Why.NOT_ASKED), lasting=False)
    computed = artifacts(inputs)
    found = [
        Difference(key=f"{name}.{key}", committed=committed, computed=gives)
        for name, value in brought.values.items()
        for key, committed, gives in differences(value, computed[name])
    ]
    before = inputs.inherited.optimizer if inputs.inherited is not None else None
    theirs = {"weights": before.weights} if before is not None else None
    turned = turnover(theirs, computed["optimizer"])
    return Reproduced(
        digests=tuple(sorted(brought.digests.items())),
        absent=tuple(name for name in ARTIFACTS if name not in brought.values),
        differences=tuple(found[:MOST_DIFFERENCES]),
        differing=len(found),
        turnover=tuple(Turnover(segment=name, before=old, after=new) for name, (old, new) in turned.items())
        if turned is not None
        else None,
        had_weights=before is not None and before.weights is not None,
        not_measured=tuple(dict.fromkeys(line for value in computed.values() for line in value["warnings"])),
    )


def digest_of(content: bytes) -> str:
    """The digest of a file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
