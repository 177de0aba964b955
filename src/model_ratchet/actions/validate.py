"""validate: the documents of a working tree, each by itself and against the others. No source is asked."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from model_ratchet.actions.shelf import SYMLINK, Shelf, across, too_large
from model_ratchet.core.errors import UsageError
from model_ratchet.core.finding import Finding
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import PLACES, kind_of, misplaced, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.yaml import MAX_BYTES
from model_ratchet.engine.bind import Documents, Misfit, bind
from model_ratchet.report.check import Check

_FOLDERS = ("policies", "promotions")


def validate(root: Path, paths: Sequence[str]) -> Check:
    """Everything that is wrong with these documents of a working tree; with all of them where none is named.

    Documents that are named are read together with those that they refer to; only findings in named ones are told.

    Raises:
        UsageError: the folder or a file is not there, or holds no document.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no folder: name the repository with --repo")
    every, top = tuple(_documents(root)), root.resolve()
    asked = tuple(dict.fromkeys(_inside(root, top, path) for path in paths)) or every
    if not asked:
        places = ", ".join(PLACES.values())
        raise UsageError(f"{root} holds no document: they stand in {places}")
    shelf = Shelf()
    for path in dict.fromkeys((*every, *asked)):
        shelf.add(path, _content(root / path))
    found = [*shelf.findings, *across(shelf), *_requests(root, shelf)]
    told = tuple(sorted(one for one in dict.fromkeys(found) if one.location.file in asked or not paths))
    return Check(findings=told) if told else Check(validated=len(asked))


def _documents(root: Path) -> Iterator[str]:
    for folder in _FOLDERS:
        if (root / folder).is_dir():
            yield from (path for path in _files(root / folder, folder) if kind_of(path) is not None or misplaced(path))


def _files(folder: Path, inside: str) -> Iterator[str]:
    """The files and links below a folder, sorted, by their paths from the root."""
    for entry in sorted(os.scandir(folder), key=attrgetter("name")):
        path = f"{inside}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry), path)
        elif entry.is_file() or entry.is_symlink():
            yield path


def _inside(root: Path, top: Path, path: str) -> str:
    """A path of the command line, relative to the repository or to the working folder, from the repository's ``top``."""
    given = Path(path)
    file = root / given if os.path.lexists(root / given) else given
    if not os.path.lexists(file):
        raise UsageError(f"{path} is not there")
    parent = file.parent.resolve()
    if not parent.is_relative_to(top):
        raise UsageError(f"{path} lies outside of {root}: name its repository with --repo")
    return (parent.relative_to(top) / file.name).as_posix()


def _content(file: Path) -> bytes | str:
    """The bytes of a file, or why they are not read."""
    if file.is_symlink():
        return SYMLINK
    size = file.stat().st_size
    return file.read_bytes() if size <= MAX_BYTES else too_large(size)


def _requests(root: Path, shelf: Shelf) -> Iterator[Finding]:
    """Whether the newest requests fit the documents that they are judged by."""
    policies, models, sources = shelf.of(Policy), shelf.of(ModelFile), shelf.of(Sources)
    for path, request in _heads(shelf.of(PromotionRequest)):
        yield from _beside(root, path, request)
        policy, model_file = policies.get(policy_path(request.policy)), models.get(model_path(request.model))
        for key, needed in (("policy", policy_path(request.policy)), ("model", model_path(request.model))):
            if needed not in shelf.located and not (root / needed).exists():
                yield shelf.at(path, Fault((key,), f"there is no {needed}"))
        if policy is not None and model_file is not None:
            named = next(iter(sources.values()), None)
            documents = Documents(policy=policy, model=model_file, request=request, sources=named)
            bound = bind(documents, None, now=datetime.now(UTC))
            yield from (_placed(shelf, path, request, one) for one in bound) if isinstance(bound, tuple) else ()


def _heads(requests: Mapping[str, PromotionRequest]) -> Iterator[tuple[str, PromotionRequest]]:
    """The newest request of each model: older ones were judged by the policies of their day."""
    replaced = {(request.model, str(request.baseline)) for request in requests.values()}
    for path, request in requests.items():
        if (request.model, str(request.candidate)) not in replaced:
            yield path, request


def _beside(root: Path, path: str, request: PromotionRequest) -> Iterator[Finding]:
    folder = Path(path).parent
    for inside in request.documents.values():
        file = root / folder / inside
        if file.is_file() and not file.is_symlink():
            found = read_beside((folder / inside).as_posix(), file.read_bytes())
            if isinstance(found, Finding):
                yield found


def _placed(shelf: Shelf, path: str, request: PromotionRequest, misfit: Misfit) -> Finding:
    paths = {"policy": policy_path(request.policy), "model": model_path(request.model), "request": path}
    return shelf.at(paths[misfit.document], misfit.fault)
