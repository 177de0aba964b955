"""render: what existing systems are to be given, from git alone: no metric source and no GitHub is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.worktree import Placed, place
from model_ratchet.core.errors import UsageError
from model_ratchet.core.finding import Finding
from model_ratchet.documents.across import clashes
from model_ratchet.documents.files import kind_of, model_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import Located
from model_ratchet.documents.words import suggestion
from model_ratchet.engine.desired import Desired, desired_of
from model_ratchet.engine.lifecycle import Unclear
from model_ratchet.engine.story import Story, stories
from model_ratchet.git import Git
from model_ratchet.git_write import Writer
from model_ratchet.ledger import GitLedger, fetch_ledger, open_ledger
from model_ratchet.ports import Files, Repository
from model_ratchet.render.traffic import refusals, render
from model_ratchet.snapshot import documents

BRANCH = "ratchet/traffic"
"""Where routers, or whatever feeds them, find what was rendered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderInput:
    """What is rendered: the models that are named, or all that ``target`` routes, or all that any router does."""

    repo: Path
    base: str | None = None
    models: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The files of each model that could be rendered. What keeps one model from it keeps no other one."""

    files: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    """Models whose active version is not known: what was rendered of them before stays in force."""
    idle: tuple[str, ...] = ()
    """Models of which nothing was ever promoted."""


def render_traffic(asked: RenderInput) -> Rendered:
    """The configuration of the routers for the state that the base branch asks for.

    Raises:
        UsageError: a model is named that is not there, or that no router, or another one, carries.
        RepositoryError: git could not answer.
    """
    repository = Git(asked.repo)
    return _rendered(asked, repository, open_ledger(repository))


def publish_traffic(
    asked: RenderInput, now: datetime, repository: Writer | None = None, *, branch: str | None = None
) -> tuple[Rendered, str | None]:
    """The same with the ledger as it is now, put on the branch that routers follow; the commit, None where it was there.

    ``branch`` is the base branch where it is to be fetched first.

    What can't be rendered stays there as it was rendered last: nothing that goes wrong changes what a router is given.

    Raises:
        UsageError: a model is named that is not there, or that no router, or another one, carries.
        RepositoryError: git could not answer, or the branch can't be written.
    """
    repository = repository if repository is not None else Writer(asked.repo)
    tip = repository.branch(BRANCH)  # first: what is rendered is then never older than what stands there
    base = repository.fetch_branch(branch) if branch is not None else asked.base
    rendered = _rendered(replace(asked, base=base), repository, fetch_ledger(repository))
    there = repository.read(tip, repository.paths(tip)) if tip is not None else {}
    if all(path in there and there[path].content.decode() == text for path, text in rendered.files.items()):
        return rendered, None
    files = {path: text.encode() for path, text in rendered.files.items()}
    return rendered, repository.add(BRANCH, tip, files, f"traffic: {', '.join(sorted(files))}", now)


def _rendered(asked: RenderInput, repository: Git, ledger: GitLedger) -> Rendered:
    commit = repository.commit(asked.base if asked.base is not None else repository.default_base())
    located, findings = _models(repository, commit, asked)
    clashing = list(clashes([one.document for one in located.values()]))
    findings += [located[name].finding(fault) for name, fault in clashing]
    sound = {name: one for name, one in located.items() if name not in {model for model, _ in clashing}}
    files: dict[str, str] = {}
    unclear, idle = [], []
    for desired in read_desired(repository, commit, [one.document for one in sound.values()], ledger):
        if isinstance(desired, Unclear):
            unclear.append(desired)
            continue
        traffic = sound[desired.model].document.traffic
        if traffic is None:
            continue
        refused = refusals(desired, traffic)
        findings += [sound[desired.model].finding(fault) for fault in refused]
        if not desired.serves:
            idle.append(desired.model)
        elif not refused:
            files |= render(desired, traffic)
    return Rendered(files=files, findings=tuple(sorted(findings)), unclear=tuple(unclear), idle=tuple(idle))


def read_desired(
    repository: Repository, commit: str, models: Sequence[ModelFile], ledger: GitLedger
) -> tuple[Desired | Unclear, ...]:
    """The traffic that each model should get, by a commit of the base branch and the events of the ledger.

    Raises:
        RecordError: a line of the ledger does not read.
    """
    files, told = documents(repository, commit), stories(ledger.events())
    return tuple(_desired(files, commit, model, told.get(model.name, Story(model=model.name))) for model in models)


def read_models(
    repository: Files, commit: str, names: Sequence[str]
) -> tuple[dict[str, Located[ModelFile]], list[Finding]]:
    """The files of these models, or of all where none is named, by name; and what is wrong with those that can't be read.

    Raises:
        UsageError: a model is named that is not there.
    """
    located: dict[str, Located[ModelFile]] = {}
    findings: list[Finding] = []
    for name, found in each_model(repository, commit, names):
        if isinstance(found, Faulty):
            findings += found.findings
        else:
            located[name] = found
    return located, findings


def each_model(
    repository: Files, commit: str, names: Sequence[str]
) -> Iterator[tuple[str, Located[ModelFile] | Faulty]]:
    """The same one after the other, by name: each is read when it is asked for.

    Raises:
        UsageError: a model is named that is not there.
    """
    there = {
        Path(path).stem: path for path in repository.paths(commit, "policies/models") if kind_of(path) is ModelFile
    }
    for name in names:
        if name not in there:
            raise UsageError(f"the base branch holds no {model_path(name)}{suggestion(name, there)}")
    for name in sorted(set(names) or there):
        yield name, read_at(ModelFile, repository, commit, there[name])


def write_files(rendered: Rendered, folder: Path) -> tuple[Placed, ...]:
    """Write the files into a folder; files of other models that are there stay.

    Raises:
        UsageError: the folder holds something in the place of a file that is no file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return place(folder, rendered.files, force=True)


def _desired(files: Files, commit: str, model: ModelFile, story: Story) -> Desired | Unclear:
    known = read_chain(files, commit, model.name)
    try:
        return desired_of(known, story, assignment=model.assignment)
    except ValueError as error:
        return Unclear(model.name, str(error))


def _models(
    repository: Repository, commit: str, asked: RenderInput
) -> tuple[dict[str, Located[ModelFile]], list[Finding]]:
    """The routed ones of the models that are asked for, by name, and what is wrong with those that can't be read."""
    found, findings = read_models(repository, commit, asked.models)
    located = {name: one for name, one in found.items() if _routed(one.document, asked)}
    if not located and not findings:
        by = f" by {asked.target}" if asked.target is not None else ""
        raise UsageError(f"no model on the base branch is routed{by}: a model file says how in `traffic`")
    return located, findings


def _routed(model: ModelFile, asked: RenderInput) -> bool:
    """Whether a model is one of those that are asked for; refuses one that was named and is not."""
    target = model.traffic.target if model.traffic is not None else None
    if model.name in asked.models and target is None:
        raise UsageError(f"{model_path(model.name)} names no router: add `traffic`")
    if model.name in asked.models and asked.target not in (None, target):
        raise UsageError(f"{model.name} is routed by {target}, not by {asked.target}")
    return target is not None and asked.target in (None, target)
