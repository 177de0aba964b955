"""status: how every model stands, from the base branch, the ledger and what the watch remembers. Git alone is asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.render import read_models
from model_ratchet.actions.watch_state import Kept, known, on_branch
from model_ratchet.core.alert import State
from model_ratchet.core.finding import Finding
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import Located
from model_ratchet.engine.lifecycle import Chain
from model_ratchet.engine.story import Story, stories
from model_ratchet.engine.watch import Says, WatchState
from model_ratchet.git_write import Writer
from model_ratchet.ledger import GitLedger, fetch_ledger, open_ledger
from model_ratchet.ports import Files
from model_ratchet.report.standing import Running, Standing, Status
from model_ratchet.snapshot import documents

WORST = (Says.SILENT, Says.FIRING, Says.ERRORED, Says.BEYOND, Says.RESOLVED, Says.QUIET, Says.WAITING)
"""What rules say, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusInput:
    """Which models, all where none is named; ``fetch`` asks the remote for its branches first."""

    repo: Path
    base: str | None = None
    models: tuple[str, ...] = ()
    fetch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the base branch, the ledger and the watch hold of the models that are asked for, read once."""

    repository: Writer
    commit: str
    files: Files
    located: Mapping[str, Located[ModelFile]]
    findings: tuple[Finding, ...]
    ledger: GitLedger
    kept: Kept


def status(asked: StatusInput) -> Status:
    """How the models stand.

    Raises:
        UsageError: a model is named that is not there.
        RepositoryError: git could not answer.
        RecordError: the ledger, or what the watch remembers, can't be read.
    """
    found = survey(asked)
    return standing_of(found, stories(found.ledger.events()))


def survey(asked: StatusInput) -> Survey:
    """Everything that says how the models stand.

    Raises:
        UsageError: a model is named that is not there.
        RepositoryError: git could not answer.
        RecordError: what the watch remembers can't be read.
    """
    repository = Writer(asked.repo)
    base = asked.base if asked.base is not None else repository.default_base()
    if asked.fetch:
        commit = repository.fetch_branch(asked.base or repository.default_branch())
        ledger, kept = fetch_ledger(repository), on_branch(repository)
    else:
        commit, ledger, kept = repository.commit(base), open_ledger(repository), known(repository)
    files = documents(repository, commit)
    located, findings = read_models(files, commit, asked.models)
    return Survey(
        repository=repository,
        commit=commit,
        files=files,
        located=located,
        findings=tuple(sorted(findings)),
        ledger=ledger,
        kept=kept,
    )


def standing_of(found: Survey, told: Mapping[str, Story]) -> Status:
    """How the models of a survey stand, by their stories."""
    return Status(
        models=tuple(
            _standing(read_chain(found.files, found.commit, name), told.get(name, Story(model=name)), found.kept)
            for name in found.located
        ),
        watched_at=found.kept.last.at if found.kept.last is not None else None,
        findings=found.findings,
    )


def _standing(chain: Chain, story: Story, kept: Kept) -> Standing:
    alerts = {
        entry.alert.fingerprint: entry.alert
        for entry in kept.delivery.entries
        if entry.alert.model == chain.model and entry.alert.state is not State.RESOLVED
    }
    return Standing(
        model=chain.model,
        active=_active(chain, story, kept.states),
        candidates=tuple(
            Running(
                version=one.candidate,
                since=one.runs[-1].started_at if one.runs and not one.unconfirmed else one.start.at,
                stage=f"{one.start.stage}{' (paused)' if one.paused else ''}",
                health=_health(kept.states.get((chain.model, one.candidate))),
            )
            for one in story.open
            if one.start is not None
        ),
        held=story.hold.because if story.hold is not None else None,
        trouble=chain.trouble,
        alerts=tuple(sorted(alerts.values(), key=lambda one: (_SEVERE.index(one.severity), one.since, one.rule))),
    )


_SEVERE = ("page", "critical", "warning")


def _active(chain: Chain, story: Story, states: Mapping[tuple[str, str], WatchState]) -> Running | None:
    if chain.active is None:
        return None
    version = str(chain.active.candidate)
    promoted = story.standing.get(version)
    return Running(
        version=version,
        since=promoted.at if promoted is not None else None,
        health=_health(states.get((chain.model, version))),
    )


def _health(state: WatchState | None) -> Says | None:
    said: Collection[Says] = {one.says for one in state.rules.values()} if state is not None else set()
    return next((says for says in WORST if says in said), None)
