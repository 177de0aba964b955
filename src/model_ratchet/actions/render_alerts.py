"""render alerts: the rules of Prometheus and the dashboards of Grafana, from git alone."""

from collections.abc import Iterator

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.render import Rendered, RenderInput, read_models
from model_ratchet.core.errors import UsageError
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.files import policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.promoted import Promoted
from model_ratchet.engine.desired import Desired, desired_of
from model_ratchet.engine.lifecycle import Unclear
from model_ratchet.engine.story import Story, stories
from model_ratchet.git import Git
from model_ratchet.ledger import open_ledger
from model_ratchet.ports import Files
from model_ratchet.render.alerts import render
from model_ratchet.render.alerts.rules import Watched
from model_ratchet.snapshot import documents


def render_alerts(asked: RenderInput) -> Rendered:
    """The files of ``asked.target`` for the versions that are in traffic, as the base branch and the ledger have it.

    Raises:
        UsageError: no target, or a model is named that is not there.
        RepositoryError: git could not answer.
    """
    if asked.target is None:
        raise UsageError("say for what: --target prometheus or --target grafana")
    repository = Git(asked.repo)
    ledger = open_ledger(repository)
    commit = repository.commit(asked.base if asked.base is not None else repository.default_base())
    held, told = documents(repository, commit), stories(ledger.events())
    located, findings = read_models(held, commit, asked.models)
    files: dict[str, str] = {}
    unclear, idle = [], []
    for name, one in located.items():
        found = _watched(held, commit, one.document, told.get(name, Story(model=name)))
        if isinstance(found, Unclear):
            unclear.append(found)
        elif isinstance(found, Faulty):
            findings += found.findings
        elif not found:
            idle.append(name)
        else:
            files |= render(asked.target, one.document, found)
    return Rendered(files=files, findings=tuple(sorted(set(findings))), unclear=tuple(unclear), idle=tuple(idle))


def _watched(repository: Files, commit: str, model: ModelFile, story: Story) -> tuple[Watched, ...] | Unclear | Faulty:
    known = read_chain(repository, commit, model.name)
    if known.trouble is not None:
        return Unclear(model.name, known.trouble)
    desired = desired_of(known, story, assignment=model.assignment)
    found = []
    for version, reference, policy in _in_traffic(desired, story, known.active):
        if policy is None:
            return Faulty((Finding(Location(f"promotions/{model.name}/{version}"), "the request names no policy"),))
        read = read_at(Policy, repository, commit, policy_path(policy))
        if isinstance(read, Faulty):
            return read
        found.append(Watched(version=version, policy=read.document, reference=reference))
    return tuple(found)


def _in_traffic(
    desired: Desired, story: Story, active: Promoted | None
) -> Iterator[tuple[Version, Version | None, PolicyName | None]]:
    """Each version in traffic, what it is held against, and by which policy it came in."""
    if desired.active is not None and active is not None:
        yield desired.active, desired.previous, _named(active.policy)
    attempt = story.attempt(str(desired.candidate)) if desired.candidate is not None else None
    if attempt is not None:
        yield attempt.admitted.candidate, desired.active, attempt.admitted.policy


def _named(policy: str | None) -> PolicyName | None:
    """The policy of an old request, of which nothing but its text is known."""
    try:
        return PolicyName.parse(policy or "")
    except ValueError:
        return None
