"""sources test: one cheap question to every source that a working tree names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from model_ratchet.actions.check import read_chain
from model_ratchet.core.errors import RepositoryError, UsageError
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import Version
from model_ratchet.documents.files import SOURCES
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.git import Git
from model_ratchet.sources.probe import Bound, Probe, probe_all


def ask_sources(
    root: Path, *, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> tuple[Probe, ...] | tuple[Finding, ...]:
    """What each source of ``policies/sources.yaml`` said, or what is wrong with the documents that name them.

    Raises:
        UsageError: the folder is not there.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is no folder: name the repository with --repo")
    if not (root / SOURCES).is_file():
        return (Finding(Location(SOURCES), "there is no such file: name the sources there first"),)
    findings: list[Finding] = []
    sources = read(Sources, SOURCES, (root / SOURCES).read_bytes())
    models: list[ModelFile] = []
    for file in sorted((root / "policies" / "models").glob("*.yaml")):
        model = read(ModelFile, file.relative_to(root).as_posix(), file.read_bytes())
        if isinstance(model, ModelFile):
            models.append(model)
        else:
            findings += model
    if isinstance(sources, tuple):
        return (*sources, *findings)
    if findings:
        return tuple(findings)
    bound = [Bound(model=model, active=_active(root, model.name)) for model in models]
    return probe_all(sources, bound, root=root, environ=environ, clock=clock)


def _active(root: Path, model: str) -> Version | None:
    """The active version on the base branch; None where there is none, or no repository to ask."""
    try:
        git = Git(root)
        active = read_chain(git, git.commit(git.default_base()), model).active
    except RepositoryError:
        return None
    return active.candidate if active is not None else None
