"""Proposal: everything that a promotion is judged by, read from git: the request at the head, the rules at the base."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from model_ratchet.actions.artifacts import Brought, read_brought, read_inherited
from model_ratchet.actions.reading import Faulty, read_blob, symlink
from model_ratchet.actions.waivers import brought_waivers, held_waivers
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Document
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.across import source_faults
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import REVOCATIONS, SOURCES, WAIVERS, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, criterion_lines
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents, Misfit
from model_ratchet.engine.integrate.inputs import Inherited
from model_ratchet.engine.lifecycle import Chain, Folder, baseline_moved
from model_ratchet.ports import Blob, Repository

_CAUSE = "-root-cause.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal whose documents were read, each with the places of its keys."""

    policy: Located[Policy]
    model_file: Located[ModelFile]
    request_file: Located[PromotionRequest]
    sources: Sources
    documents: Documents
    beside: Mapping[str, Document]
    brought: Brought = field(default_factory=Brought)
    """The artefacts that the request brings."""
    inherited: Inherited | None = None
    """Those of the baseline, where the model file asks for artefacts."""
    versions: Versions
    """Those that are compared; other ones that are promoted on the base branch take no part."""

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
    repository: Repository,
    folder: Folder,
    *,
    base: str,
    head: str,
    chain: Chain,
    policy: str | None = None,
    changed: Collection[str] = (),
) -> Proposal | Faulty:
    """The proposal of one folder; ``policy`` is read instead of the request's where it is given.

    ``changed`` holds the paths that the change touches, among which it may bring waivers.
    """
    paths_at_head = repository.paths(head, folder.path)
    at_head = repository.read(head, paths_at_head)
    request = read_blob(PromotionRequest, at_head, folder.request)
    if isinstance(request, Faulty):
        return request
    stated = request.document
    name = policy if policy is not None else str(stated.policy)
    paths = {"policy": policy_path(name), "model": model_path(folder.model), "sources": SOURCES}
    at_base = repository.read(base, (*paths.values(), REVOCATIONS, *repository.paths(base, WAIVERS)))
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
    findings += [symlink(blob) for blob in at_head.values() if blob.symlink]
    findings += [
        Finding(Location(path), "a submodule is not read: commit the files themselves")
        for path in paths_at_head
        if path not in at_head
    ]
    if findings:
        return Faulty(tuple(findings))
    whole = _whole(folder, chain, request, at_head, at_base, paths)
    if isinstance(whole, Faulty):
        return whole
    beside = _artifacts(repository, base, folder, whole, at_head)
    if isinstance(beside, Faulty):
        return beside
    waivers = brought_waivers(repository, head, changed, whole.request)
    causes = _causes(repository, base, folder.model)
    return replace(beside, documents=replace(whole.documents, brought=waivers, causes=causes))


def _artifacts(
    repository: Repository, base: str, folder: Folder, whole: Proposal, at_head: Mapping[str, Blob]
) -> Proposal | Faulty:
    """The proposal with the artefacts that it brings and inherits, where its model file asks for artefacts."""
    if whole.model.integrate is None:
        return whole
    brought = read_brought(whole.request_file, folder.path, at_head)
    inherited = read_inherited(repository, base, folder.model, whole.versions.baseline)
    faulty = [finding for one in (brought, inherited) if isinstance(one, Faulty) for finding in one.findings]
    if isinstance(brought, Faulty) or isinstance(inherited, Faulty):
        return Faulty(tuple(faulty))
    return replace(whole, brought=brought, inherited=inherited)


def _causes(repository: Repository, base: str, model: str) -> Mapping[str, Document]:
    """The documents of root causes that the base branch holds; one that is no text has nothing to say."""
    there = [path for path in repository.paths(base, f"promotions/{model}/outcomes") if path.endswith(_CAUSE)]
    read = {path: read_beside(path, blob.content) for path, blob in repository.read(base, there).items()}
    return {path: found for path, found in read.items() if isinstance(found, Document)}


def _whole(
    folder: Folder,
    chain: Chain,
    request: Located[PromotionRequest],
    at_head: Mapping[str, Blob],
    at_base: Mapping[str, Blob],
    paths: Mapping[str, str],
) -> Proposal | Faulty:
    policy = read_blob(Policy, at_base, paths["policy"])
    model = read_blob(ModelFile, at_base, paths["model"])
    sources = read_blob(Sources, at_base, paths["sources"])
    beside = _beside(folder, request, at_head)
    revocations = read_blob(Revocations, at_base, REVOCATIONS) if REVOCATIONS in at_base else None
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
    held = held_waivers(at_base, request.document, policy.document, model.document)
    if isinstance(held, Faulty):
        return held
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
            replaces=revocations.document.replaced_by(policy.document.full_name)
            if revocations is not None
            else frozenset(),
            waivers=held.waivers,
            digests={name: blob.oid for name, blob in used.items()}
            | dict(held.digests)
            | {path: blob.oid for path, blob in at_head.items() if path != folder.request},
            paths={name: blob.path for name, blob in used.items()},
            lines=criterion_lines(policy.tree),
        ),
        beside=beside,
        versions=Versions(
            candidate=str(request.document.candidate),
            baseline=None if request.document.baseline == "none" else str(request.document.baseline),
            others=frozenset(str(entry.candidate) for entry in chain.versions[1:]),
        ),
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
