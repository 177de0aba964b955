"""The MLflow source: which registered version belongs to a version of ours, and what its tags and its run say."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Measurement, Missing, Need, Registered, Shape, Tracked
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.registry import RegistryBinding
from model_ratchet.documents.sources import Mlflow
from model_ratchet.ports import Answers
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Server
from model_ratchet.sources.mlflow_api import MlflowApi, ModelVersion, Run
from model_ratchet.sources.mlflow_run import tracked
from model_ratchet.sources.reach import Reach

_LONGEST = 120
_MOST_TRACKED = 250_000
_READY = "READY"
_PENDING = "PENDING_REGISTRATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowSource:
    """A registry on an MLflow server. What can't be answered is missing with its reason; nothing is raised."""

    name: str
    config: Mlflow
    model: ModelFile
    versions: Versions
    reach: Reach
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need; one that can't be given leaves the others alone."""
        try:
            with opened(self.name, self.config, self.reach, root=self.root, environ=self.environ) as api:
                return Answers({need: self._answer(api, need) for need in needs}, tuple(api.queries))
        except UnanswerableError as error:
            return Answers(dict.fromkeys(needs, Missing(reason=error.reason, lasting=error.lasting)))

    def _answer(self, api: MlflowApi, need: Need) -> Measurement | Missing:
        binding = self.model.registry
        if binding is None or need.shape not in (Shape.REGISTERED, Shape.TRACKED):
            what = f"{need.shape} of {need.metric or 'the log'}: not from MLflow"
            return Missing(reason=because(Why.CANNOT_VERIFY, what=what))
        try:
            if not need.arms:
                return _registered(aliased(api, self.name, binding, need.metric), binding)
            found = registered(api, self.name, binding, self._version(need.arms[0]))
            if need.shape is Shape.REGISTERED:
                return _registered(found, binding)
            return _bounded(self.name, tracked(run_of(api, self.name, binding, found)))
        except UnanswerableError as error:
            return Missing(reason=error.reason, lasting=error.lasting)

    def _version(self, arm: Arm) -> str:
        version = self.versions.candidate if arm is Arm.CANDIDATE else self.versions.baseline
        return version or "none"


@contextmanager
def opened(source: str, config: Mlflow, reach: Reach, *, root: Path, environ: Mapping[str, str]) -> Iterator[MlflowApi]:
    """A connection to the server of a source.

    Raises:
        UnanswerableError: a variable is not set, the origin is refused, or nothing answers there.
    """
    server = Server(source, config, reach, environ=environ, root=root)
    try:
        yield MlflowApi(source, server)
    finally:
        server.close()


def registered(api: MlflowApi, source: str, binding: RegistryBinding, version: str) -> ModelVersion:
    """The one registered version that carries the name of a version of ours.

    Raises:
        UnanswerableError: none carries it, several do, it is not ready, or no answer.
    """
    found = api.tagged(binding.name, binding.version_tag, version)
    named = {"source": source, "name": binding.name, "tag": binding.version_tag, "version": version}
    if not found:
        raise UnanswerableError(because(Why.REGISTRY_ABSENT, **named))
    if len(found) > 1:
        numbers = ", ".join(_shown(one.number) for one in found[:5]) + (", …" if len(found) > 5 else "")
        raise UnanswerableError(because(Why.REGISTRY_MANY, **named, numbers=numbers))
    (one,) = found
    if one.status != _READY:
        raise UnanswerableError(
            because(
                Why.REGISTRY_UNREADY,
                source=source,
                name=binding.name,
                number=_shown(one.number),
                status=_shown(one.status),
            ),
            lasting=one.status != _PENDING,
        )
    return one


def aliased(api: MlflowApi, source: str, binding: RegistryBinding, alias: str) -> ModelVersion:
    """The version that an alias points to.

    Raises:
        UnanswerableError: there is no such alias, or no answer.
    """
    found = api.aliased(binding.name, alias)
    if found is None:
        raise UnanswerableError(because(Why.ALIAS_ABSENT, source=source, name=binding.name, alias=alias))
    return found


def run_of(api: MlflowApi, source: str, binding: RegistryBinding, version: ModelVersion) -> Run:
    """The run that made a registered version.

    Raises:
        UnanswerableError: it names none, there is no such run, or no answer.
    """
    found = api.run(binding.name, version.run_id) if version.run_id else None
    if found is None:
        number = _shown(version.number)
        raise UnanswerableError(because(Why.RUN_ABSENT, source=source, name=binding.name, number=number))
    return found


def _registered(found: ModelVersion, binding: RegistryBinding) -> Registered:
    version, digest = found.tags.get(binding.version_tag), found.tags.get(binding.digest_tag)
    return Registered(
        number=_shown(found.number),
        version=None if version is None else _shown(version),
        digest=None if digest is None else _shown(digest),
    )


def _bounded(source: str, found: Tracked) -> Tracked:
    if sum(len(name) + len(value) for name, value in found.values) > _MOST_TRACKED:
        most = f"{_MOST_TRACKED} characters of metadata"
        raise UnanswerableError(because(Why.ANSWER_TOO_LARGE, source=source, most=most))
    return found


def _shown(text: str) -> str:
    """A text of the registry in one line. A digest has 71 characters and a version fewer: what is cut is neither."""
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
