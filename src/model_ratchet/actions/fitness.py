"""fitness: what can be seen of a version that is to serve again: its folder, its artifact, what it needs of production."""

from collections.abc import Iterator
from pathlib import Path

from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why
from model_ratchet.criteria.infrastructure import misfits
from model_ratchet.documents.facts import infrastructure, stated
from model_ratchet.documents.files import model_path, request_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.rollback import Looked
from model_ratchet.engine.story import Story
from model_ratchet.ports import Repository
from model_ratchet.report.reasons import sentence

_FILE = "file://"


def look_at(repository: Repository, commit: str, story: Story, version: Version) -> Looked:
    """What speaks against a promoted version of a commit, and what could not be looked at.

    Raises:
        RepositoryError: git could not answer.
    """
    held = story.standing.get(str(version))
    if held is not None and repository.tree(commit, Folder(story.model, str(version)).path) != held.tree:
        return Looked("its folder is not what was recorded of it")
    request = read_at(PromotionRequest, repository, commit, request_path(story.model, version))
    if isinstance(request, Faulty):
        return Looked(unsure=("its request is of a format that this release does not read",))
    artifact = request.document.artifact.uri
    if artifact.startswith(_FILE) and not Path(artifact.removeprefix(_FILE)).exists():
        return Looked("its artifact is gone")
    model = read_at(ModelFile, repository, commit, model_path(story.model))
    offered = None if isinstance(model, Faulty) else infrastructure(model.document)
    for reason in misfits(stated(request.document), offered or {}):
        if reason.why is Why.INCOMPATIBLE:
            return Looked(f"production no longer offers what it needs: {sentence(reason)}")
    return Looked(unsure=tuple(_unsure(artifact, offered)))


def _unsure(artifact: str, offered: object) -> Iterator[str]:
    if not artifact.startswith(_FILE):
        yield "that its artifact is still there: only files of this machine are looked for"
    if not offered:
        yield "that production offers what it needs: the model file does not say what it offers"
