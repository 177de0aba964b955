"""Proposal: everything that a promotion is judged by, read from git: the request at the head, the rules at the base."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from model_ratchet.core.evidence import Document
from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.across import source_faults
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import REVOCATIONS, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, criterion_lines, read_located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents, Misfit
from model_ratchet.engine.lifecycle import Chain, Folder, baseline_moved
from model_ratchet.ports import Blob, Repository

D = TypeVar("D", bound=Model)

SOURCES = "policies/sources.yaml"


@dataclass(frozen=True, slots=True)
class Faulty:
    """A proposal whose documents are wrong."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal whose documents were read, each with the places of its keys."""

    policy: Located[Policy]
    model_file: Located[ModelFile]
    request_file: Located[PromotionRequest]
    sources: Sources
    documents: Documents
    beside: Mapping[str, Document]
    other_versions: frozenset[str]
    """Versions that are promoted on the base branch and take no part."""

    @property
    def model(self) -> ModelFile:
        """The model file."""
        return self.model_file.document

    @property
    def request(self) -> PromotionRequest:
        """The request."""
        return self.request_file.document

    def finding(self, misfit: Misfit) -> Finding:
        """Where in its document a misfit stands."""
        match misfit.document:
            case "policy":
                return self.policy.finding(misfit.fault)
            case "model":
                return self.model_file.finding(misfit.fault)
            case "request":
                return self.request_file.finding(misfit.fault)


def read_proposal(
    repository: Repository, folder: Folder, *, base: str, head: str, chain: Chain, policy: str | None = None
) -> Proposal | Faulty:
    """The proposal of one folder; ``policy`` is read instead of the request's where it is given."""
    paths_at_head = repository.paths(head, folder.path)
    at_head = repository.read(head, paths_at_head)
    request = _read(PromotionRequest, at_head, folder.request)
    if isinstance(request, Faulty):
        return request
    stated = request.document
    name = policy if policy is not None else str(stated.policy)
    paths = {"policy": policy_path(name), "model": model_path(folder.model), "sources": SOURCES}
    at_base = repository.read(base, (*paths.values(), REVOCATIONS))
    findings: list[Finding] = []
    if paths["policy"] not in at_base:
        findings.append(
            request.finding(
                Fault(("policy",), f"the base branch holds no policy {name}: a policy is merged before it is used")
            )
        )
    if paths["model"] not in at_base:
        message = f"the base branch holds no {paths['model']}: a model file is merged before its first promotion"
        findings.append(request.finding(Fault(("model",), message)))
    if paths["sources"] not in at_base:
        findings.append(request.finding(Fault((), f"the base branch holds no {SOURCES}: name the sources there first")))
    moved = baseline_moved(None if stated.baseline == "none" else stated.baseline, chain)
    if moved is not None:
        findings.append(request.finding(Fault(("baseline",), moved)))
    findings += [_symlink(blob) for blob in at_head.values() if blob.symlink]
    findings += [
        Finding(Location(path), "a submodule is not read: commit the files themselves")
        for path in paths_at_head
        if path not in at_head
    ]
    if findings:
        return Faulty(tuple(findings))
    return _whole(folder, chain, request, at_head, at_base, paths)


def _whole(
    folder: Folder,
    chain: Chain,
    request: Located[PromotionRequest],
    at_head: Mapping[str, Blob],
    at_base: Mapping[str, Blob],
    paths: Mapping[str, str],
) -> Proposal | Faulty:
    policy = _read(Policy, at_base, paths["policy"])
    model = _read(ModelFile, at_base, paths["model"])
    sources = _read(Sources, at_base, paths["sources"])
    beside = _beside(folder, request, at_head)
    revocations = _read(Revocations, at_base, REVOCATIONS) if REVOCATIONS in at_base else None
    read = (policy, model, sources, beside, revocations)
    faulty = [finding for one in read if isinstance(one, Faulty) for finding in one.findings]
    if (
        isinstance(policy, Faulty)
        or isinstance(model, Faulty)
        or isinstance(sources, Faulty)
        or isinstance(beside, Faulty)
        or isinstance(revocations, Faulty)
    ):
        return Faulty(tuple(faulty))
    strange = tuple(model.finding(fault) for fault in source_faults(model.document, sources.document))
    if strange:
        return Faulty(strange)
    used = {**{name: at_base[path] for name, path in paths.items()}, "request": at_head[folder.request]}
    return Proposal(
        policy=policy,
        model_file=model,
        request_file=request,
        sources=sources.document,
        documents=Documents(
            policy=policy.document,
            model=model.document,
            request=request.document,
            sources=sources.document,
            baseline_digest=chain.active.digest if chain.active is not None else None,
            revocation=revocations.document.of(policy.document.full_name) if revocations is not None else None,
            digests={name: blob.oid for name, blob in used.items()}
            | {path: blob.oid for path, blob in at_head.items() if path != folder.request},
            paths={name: blob.path for name, blob in used.items()},
            lines=criterion_lines(policy.tree),
        ),
        beside=beside,
        other_versions=frozenset(str(entry.candidate) for entry in chain.versions[1:]),
    )


def _beside(
    folder: Folder, request: Located[PromotionRequest], at_head: Mapping[str, Blob]
) -> dict[str, Document] | Faulty:
    """The documents that the request names and that are there; an absent one is judged, not refused."""
    found: dict[str, Document] = {}
    findings = []
    for name, inside in request.document.documents.items():
        blob = at_head.get(f"{folder.path}/{inside}")
        document = _document(blob) if blob is not None else None
        if isinstance(document, Finding):
            findings.append(document)
        elif document is not None:
            found[name] = document
    return Faulty(tuple(findings)) if findings else found


def _document(blob: Blob) -> Document | Finding:
    if blob.size > len(blob.content):
        return Finding(Location(blob.path), f"the document holds {blob.size} bytes, more than is read: shorten it")
    return read_beside(blob.path, blob.content)


def read_at(kind: type[D], repository: Repository, commit: str, path: str) -> Located[D] | Faulty:
    """One document of a commit, or all that is wrong with it."""
    return _read(kind, repository.read(commit, (path,)), path)


def _read(kind: type[D], blobs: Mapping[str, Blob], path: str) -> Located[D] | Faulty:
    blob = blobs.get(path)
    if blob is None:
        return Faulty((Finding(Location(path), "the file is not there"),))
    if blob.symlink:
        return Faulty((_symlink(blob),))
    if blob.size > len(blob.content):
        return Faulty((Finding(Location(path), f"the file holds {blob.size} bytes, more than a document may"),))
    found = read_located(kind, path, blob.content)
    return found if isinstance(found, Located) else Faulty(found)


def _symlink(blob: Blob) -> Finding:
    return Finding(Location(blob.path), "a symbolic link is not followed: commit the file itself")
