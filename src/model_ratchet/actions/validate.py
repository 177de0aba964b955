"""validate: the documents of a working tree, each by itself and against the others. No source is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from model_ratchet.core.errors import UsageError
from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.across import source_faults, unknown_policies
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import PLACES, kind_of, misplaced, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, read_located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.yaml import MAX_BYTES
from model_ratchet.engine.bind import Documents, Misfit, bind
from model_ratchet.report.check import Check

D = TypeVar("D", bound=Model)

_FOLDERS = ("policies", "promotions")


def validate(root: Path, paths: Sequence[str]) -> Check:
    """Everything that is wrong with these documents of a working tree; with all of them where none is named.

    Documents that are named are read together with those that they refer to; only findings in named ones are told.

    Raises:
        UsageError: the folder or a file is not there, or holds no document.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no folder: name the repository with --repo")
    every = tuple(_documents(root))
    asked = tuple(dict.fromkeys(_inside(root, path) for path in paths)) or every
    if not asked:
        places = ", ".join(PLACES.values())
        raise UsageError(f"{root} holds no document: they stand in {places}")
    read = _Read(root)
    for path in dict.fromkeys((*every, *asked)):
        read.add(path)
    found = [*read.findings, *_across(read)]
    told = tuple(sorted(one for one in dict.fromkeys(found) if one.location.file in asked or not paths))
    return Check(findings=told) if told else Check(validated=len(asked))


@dataclass(frozen=True, slots=True)
class _Read:
    """The documents that were read, and what is wrong with the others."""

    root: Path
    located: dict[str, Located[Model]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Read one document."""
        file = self.root / path
        kind = kind_of(path)
        if kind is None:
            where = ", ".join(PLACES.values())
            self.findings.append(Finding(Location(path), f"no document is read here: they stand in {where}"))
        elif file.is_symlink():
            self.findings.append(Finding(Location(path), "a symbolic link is not followed: commit the file itself"))
        elif file.stat().st_size > MAX_BYTES:
            message = f"the file holds {file.stat().st_size} bytes, and a document at most {MAX_BYTES}"
            self.findings.append(Finding(Location(path), message))
        else:
            found = read_located(kind, path, file.read_bytes())
            if isinstance(found, tuple):
                self.findings.extend(found)
            else:
                document: Model = found.document
                self.located[path] = Located(document, found.tree)

    def of(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind by their path."""
        return {path: one.document for path, one in self.located.items() if isinstance(one.document, kind)}

    def at(self, path: str, fault: Fault) -> Finding:
        """A fault of a document that was read."""
        return self.located[path].finding(fault)


def _documents(root: Path) -> Iterator[str]:
    for folder in _FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if (file.is_file() or file.is_symlink()) and (kind_of(path) is not None or misplaced(path)):
                yield path


def _inside(root: Path, path: str) -> str:
    """A path of the command line, relative to the repository or to the working folder, from the repository's root."""
    given = Path(path)
    inside = root / given
    file = inside if inside.exists() or inside.is_symlink() else given
    if not file.exists() and not file.is_symlink():
        raise UsageError(f"{path} is not there")
    top, parent = root.resolve(), file.parent.resolve()
    if not parent.is_relative_to(top):
        raise UsageError(f"{path} lies outside of {root}: name its repository with --repo")
    return (parent.relative_to(top) / file.name).as_posix()


def _across(read: _Read) -> Iterator[Finding]:
    """What the documents say of each other."""
    policies, models, sources = read.of(Policy), read.of(ModelFile), read.of(Sources)
    names = [str(policy.full_name) for policy in policies.values()]
    for path, model in models.items():
        yield from (read.at(path, fault) for fault in unknown_policies(model, names) if policies)
        for held in sources.values():
            yield from (read.at(path, fault) for fault in source_faults(model, held))
    for path, request in _heads(read.of(PromotionRequest)):
        yield from _beside(read, path, request)
        policy, model_file = policies.get(policy_path(request.policy)), models.get(model_path(request.model))
        if policy_path(request.policy) not in read.located and not (read.root / policy_path(request.policy)).exists():
            hint = Fault(("policy",), f"there is no {policy_path(request.policy)}")
            yield read.at(path, hint)
        if not (read.root / model_path(request.model)).exists():
            yield read.at(path, Fault(("model",), f"there is no {model_path(request.model)}"))
        if policy is not None and model_file is not None:
            named = next(iter(sources.values()), None)
            documents = Documents(policy=policy, model=model_file, request=request, sources=named)
            bound = bind(documents, None, now=datetime.now(UTC))
            yield from (_placed(read, path, request, one) for one in bound) if isinstance(bound, tuple) else ()


def _heads(requests: Mapping[str, PromotionRequest]) -> Iterator[tuple[str, PromotionRequest]]:
    """The newest request of each model: older ones were judged by the policies of their day."""
    replaced = {(request.model, str(request.baseline)) for request in requests.values()}
    for path, request in requests.items():
        if (request.model, str(request.candidate)) not in replaced:
            yield path, request


def _beside(read: _Read, path: str, request: PromotionRequest) -> Iterator[Finding]:
    folder = Path(path).parent
    for inside in request.documents.values():
        file = read.root / folder / inside
        if file.is_file() and not file.is_symlink():
            found = read_beside((folder / inside).as_posix(), file.read_bytes())
            if isinstance(found, Finding):
                yield found


def _placed(read: _Read, path: str, request: PromotionRequest, misfit: Misfit) -> Finding:
    paths = {"policy": policy_path(request.policy), "model": model_path(request.model), "request": path}
    return read.at(paths[misfit.document], misfit.fault)
