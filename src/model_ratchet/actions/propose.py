"""propose: the folder of a new version, written as far as it is known, with what is still to be filled in marked."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.surroundings import Place, user_login
from model_ratchet.actions.worktree import place, refuse_links
from model_ratchet.core.errors import RepositoryError, SourceError, UsageError
from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding
from model_ratchet.core.names import DIGEST, PolicyName, Version
from model_ratchet.documents.blank import BLANK
from model_ratchet.documents.codeowners import PLACES, owners_of
from model_ratchet.documents.draft import Draft, document_text, fitting, request_text
from model_ratchet.documents.files import SOURCES, model_path, policy_path, request_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.registry import RegistryBinding
from model_ratchet.documents.request import Commit
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.uri import immutable
from model_ratchet.documents.words import suggestion
from model_ratchet.engine.lifecycle import Chain
from model_ratchet.git import Git, user_setting
from model_ratchet.ports import Repository
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.engine import UnanswerableError

D = TypeVar("D", bound=Model)

_LONGEST_OWNER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeInput:
    """What is proposed, and what it depends on."""

    repo: Path
    model: str
    version: str
    base: str | None = None
    policy: str | None = None
    from_mlflow: bool = False
    source_commit: str | None = None
    force: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What ``propose`` wrote: paths from the repository's root, and by path what is left to fill in; or findings."""

    findings: tuple[Finding, ...] = ()
    written: tuple[str, ...] = ()
    left: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """What the registry holds and a request can't."""
    title: str = ""
    """What the commit says."""
    branch: str = ""
    """The branch that proposes it; such names hold letters, digits and ``/._-`` alone."""
    compare: str | None = None
    """Where the pull request is opened, where the remote tells it."""


def propose(asked: ProposeInput) -> Drafted:
    """Write ``promotions/<model>/<version>/``: the request and the documents that its policy requires.

    The baseline is the active version of the base branch, the policy the first that the model file allows.

    Raises:
        UsageError: the version, the model or the policy is none that could be proposed, or a file is there already.
        RepositoryError: git could not answer, or the chain of promoted versions is broken.
        SourceError: the registry could not answer.
    """
    version = _version(asked.version)
    repository = Git(asked.repo)
    base = repository.commit(asked.base if asked.base is not None else repository.default_base())
    model = _model(repository, base, asked.model)
    if isinstance(model, Faulty):
        return Drafted(findings=model.findings)
    policy = _policy(repository, base, model, asked.policy)
    if isinstance(policy, Faulty):
        return Drafted(findings=policy.findings)
    active = _active(read_chain(repository, base, model.name), version)
    path = request_path(model.name, version)
    draft = Draft(
        model=model.name,
        candidate=str(version),
        baseline=active,
        policy=policy,
        owner=_owner(repository, base, path, asked.environ),
        code=model.code.repositories if model.code is not None else (),
    )
    left_out: tuple[str, ...] = ()
    if asked.from_mlflow:
        sources = read_at(Sources, repository, base, SOURCES)
        if isinstance(sources, Faulty):
            return Drafted(findings=sources.findings)
        draft, left_out = _filled(draft, model, sources.document, repository.root, asked.environ)
    draft = draft.with_source_commit(_source_commit(asked.source_commit) if asked.source_commit is not None else None)
    drafted = _write(draft, repository.root, left_out, force=asked.force)
    branch = f"promote/{draft.model}/{draft.candidate}"
    return replace(
        drafted,
        title=f"Propose {draft.model} {draft.candidate}",
        branch=branch,
        compare=_compare(repository, asked.base, branch),
    )


def told(drafted: Drafted, repo: Path) -> str:
    """What was written, what is left to fill in, and the commands that lead to a pull request."""
    named = shlex.quote(str(repo))
    where, git = (f" --repo {named}", f"git -C {named}") if repo != Path() else ("", "git")
    lines = [f"wrote {path}" for path in drafted.written]
    lines.append("left to fill in (TODO):")
    lines += [f"  {path.rpartition('/')[2]}: {', '.join(names)}" for path, names in drafted.left.items()]
    if drafted.left_out:
        names = ", ".join(drafted.left_out[:10])
        more = f" and {len(drafted.left_out) - 10} more" if len(drafted.left_out) > 10 else ""
        lines.append(f"left out, because a request can't hold it as it is: {names}{more}")
    lines += [
        "next:",
        f"  ratchet validate{where} {drafted.written[0]}",
        f"  {git} switch -c {drafted.branch}",
        f"  {git} add {drafted.written[0].rpartition('/')[0]}",
        f'  {git} commit -m "{drafted.title}"',
        f"  {git} push -u origin {drafted.branch}",
        "  open the pull request" + (f": {drafted.compare}" if drafted.compare is not None else ""),
    ]
    return "\n".join(lines)


def _compare(repository: Git, base: str | None, branch: str) -> str | None:
    url = repository.remote_url()
    where = Place.of(url) if url is not None else None
    if where is None:
        return None
    into = base.removeprefix("origin/") if base is not None else repository.default_branch()
    return f"{where.url}/compare/{into}...{branch}?expand=1"


def _owner(repository: Git, base: str, path: str, environ: Mapping[str, str]) -> str | None:
    """Who owns the promotion by the base branch's CODEOWNERS, else who the user's git settings say that they are."""
    found = repository.read(base, PLACES)
    first = next((found[one].content for one in PLACES if one in found), b"")
    owners = ", ".join(owners_of(first.decode("utf-8", "replace"), path))
    login = user_login(repository.root, environ)
    owner = owners or (f"@{login}" if login is not None else user_setting(repository.root, "user.name", environ))
    return owner if owner and len(owner) <= _LONGEST_OWNER and owner.isprintable() and owner != BLANK else None


def _source_commit(text: str) -> str:
    try:
        return TypeAdapter(Commit).validate_python(text)
    except ValidationError as error:
        raise UsageError(f"--source-commit: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _model(repository: Repository, base: str, name: str) -> ModelFile | Faulty:
    known = [Path(path).stem for path in repository.paths(base, "policies/models") if path.endswith(".yaml")]
    if name not in known:
        raise UsageError(f"the base branch holds no {model_path(name)}{suggestion(name, known)}")
    found = read_at(ModelFile, repository, base, model_path(name))
    return found if isinstance(found, Faulty) else found.document


def _policy(repository: Repository, base: str, model: ModelFile, name: str | None) -> Policy | Faulty:
    allowed = [str(one) for one in model.policies]
    if name is not None and name not in allowed:
        raise UsageError(f"{model.name} may not use the policy {name}{suggestion(name, allowed)}")
    chosen = PolicyName.parse(name if name is not None else allowed[0])
    found = read_at(Policy, repository, base, policy_path(chosen))
    return found if isinstance(found, Faulty) else found.document


def _active(chain: Chain, version: Version) -> str | None:
    if chain.trouble is not None:
        raise RepositoryError(chain.trouble)
    if any(entry.candidate == version for entry in chain.versions):
        raise UsageError(f"{version} of {chain.model} is promoted on the base branch already: propose another version")
    return str(chain.active.candidate) if chain.active is not None else None


def _filled(
    draft: Draft, model: ModelFile, sources: Sources, root: Path, environ: Mapping[str, str]
) -> tuple[Draft, tuple[str, ...]]:
    """The draft with what the registry holds of the version, and the names of what a request can't hold."""
    from model_ratchet.sources.mlflow import opened, registered, run_of
    from model_ratchet.sources.mlflow_run import metadata
    from model_ratchet.sources.reach import Reach

    binding = model.registry
    config = sources.sources.get(binding.source) if binding is not None else None
    if binding is None or config is None or config.kind != "mlflow":
        raise UsageError(f"{model_path(model.name)} binds no MLflow source: add `registry: {{source: …, name: …}}`")
    try:
        with opened(binding.source, config, Reach.of(sources), root=root, environ=environ) as api:
            found = registered(api, binding.source, binding, draft.candidate)
            held, left_out = fitting(metadata(run_of(api, binding.source, binding, found)))
    except UnanswerableError as error:
        raise SourceError(sentence(error.reason)) from None
    digest = found.tags.get(binding.digest_tag, "")
    filled = replace(
        draft,
        uri=_uri(binding, found.number, found.uri, model),
        digest=digest if DIGEST.fullmatch(digest) else None,
        metadata=held,
    )
    return filled, left_out


def _uri(binding: RegistryBinding, number: str, uri: str, model: ModelFile) -> str | None:
    """The first address that a request may name: the registered version, else where its artifact lies."""
    for one in (f"models:/{binding.name}/{number}", uri):
        try:
            immutable(one)
        except ValueError:
            continue
        if model.artifact is None or one.startswith(model.artifact.origins):
            return one
    return None


def _write(draft: Draft, root: Path, left_out: tuple[str, ...], *, force: bool) -> Drafted:
    request = request_path(draft.model, draft.candidate)
    folder = request.rpartition("/")[0]
    documents = {f"{folder}/{name}.md": name for name in draft.documents()}
    files = {request: request_text(draft)} | {path: document_text(draft, name) for path, name in documents.items()}
    refuse_links(root, files)
    for path in files:
        if not force and (root / path).exists():
            raise UsageError(f"{path} is there already: write over it with --force, or remove it")
    place(root, files, force=True)
    sections = {path: draft.documents()[name] or ("all of it",) for path, name in documents.items()}
    return Drafted(written=tuple(files), left={request: draft.left(), **sections}, left_out=left_out)
