"""fitness: what can be seen of a version that is to serve again: its folder, its artifact, what it needs of production."""

from collections.abc import Iterator, Mapping

from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why
from model_ratchet.criteria.infrastructure import misfits
from model_ratchet.documents.facts import infrastructure, stated
from model_ratchet.documents.files import SOURCES, model_path, request_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import Located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.rollback import Looked
from model_ratchet.engine.story import Story
from model_ratchet.ports import Repository
from model_ratchet.report.reasons import sentence


def look_at(
    repository: Repository, commit: str, story: Story, version: Version, *, environ: Mapping[str, str]
) -> Looked:
    """What speaks against a promoted version of a commit, and what could not be looked at. ``environ`` holds the keys of the
    store of its artifact.

    Raises:
        RepositoryError: git could not answer.
    """
    held = story.standing.get(str(version))
    if held is not None and repository.tree(commit, Folder(story.model, str(version)).path) != held.tree:
        return Looked("its folder is not what was recorded of it")
    request = read_at(PromotionRequest, repository, commit, request_path(story.model, version))
    if isinstance(request, Faulty):
        return Looked(unsure=("its request is of a format that this release does not read",))
    model = read_at(ModelFile, repository, commit, model_path(story.model))
    offered = None if isinstance(model, Faulty) else infrastructure(model.document)
    for reason in misfits(stated(request.document), offered or {}):
        if reason.why is Why.INCOMPATIBLE:
            return Looked(f"production no longer offers what it needs: {sentence(reason)}")
    artifact = _artifact(repository, commit, request.document.artifact.uri, model, environ)
    return Looked(artifact.against, (*artifact.unsure, *_unsure(offered)))


def _artifact(
    repository: Repository,
    commit: str,
    uri: str,
    model: Located[ModelFile] | Faulty,
    environ: Mapping[str, str],
) -> Looked:
    """Whether the artifact can be reached; nowhere is asked but below the origins of the model file."""
    from model_ratchet.sources.artifact import there
    from model_ratchet.sources.engine import UnanswerableError

    what = "that its artifact is still there"
    sources = read_at(Sources, repository, commit, SOURCES)
    if isinstance(model, Faulty) or isinstance(sources, Faulty):
        return Looked(unsure=(f"{what}: the model file, or {SOURCES}, can't be read",))
    if model.document.artifact is not None and not uri.startswith(model.document.artifact.origins):
        return Looked(unsure=(f"{what}: it is not below an origin of the model file",))
    try:
        found = there(uri, sources.document, environ=environ, root=repository.root)
    except UnanswerableError as error:
        if error.reason.why is Why.SOURCE_UNREACHABLE:
            return Looked(f"its artifact can't be reached ({error.reason.parameters['status']})")
        return Looked(unsure=(f"{what}: {sentence(error.reason)}",))
    return Looked() if found else Looked("its artifact is gone")


def _unsure(offered: object) -> Iterator[str]:
    if not offered:
        yield "that production offers what it needs: the model file does not say what it offers"
