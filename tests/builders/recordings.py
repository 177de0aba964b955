"""Runs of the record workflow on the fake GitHub."""

from contextlib import closing

from builders.events import Runs
from forge.state import Issue, Pull
from model_ratchet.actions.recording import Recording, record_on_github, recording_lines
from model_ratchet.documents.events import Event
from model_ratchet.git_write import Writer
from model_ratchet.github.forge import GithubForge
from model_ratchet.ledger import GitLedger, fetch_ledger


def recorded(runs: Runs) -> Recording:
    """What comes of a run of the workflow; its log and summary are written."""
    runs.scene.forge.sync()
    run = runs.run()
    with closing(run.forge) if isinstance(run.forge, GithubForge) else closing(run.hub.api):
        done = record_on_github(run, "main")
    recording_lines(done, run.job)
    runs.scene.forge.sync()
    return done


def ledger_of(runs: Runs) -> GitLedger:
    """The ledger as anybody reads it."""
    return fetch_ledger(Writer(runs.scene.repo.git.path))


def kinds(done: Recording) -> list[str]:
    return [event.kind for event in done.recorded.events]


def said(event: Event, *left_out: str) -> dict[str, object]:
    """An event as it is written, without these fields."""
    return event.model_dump(mode="json", exclude_none=True, exclude={"at", *left_out})


def incidents(runs: Runs) -> list[Issue]:
    """The issues with the label of root causes, oldest first."""
    pulls = runs.scene.repo.pulls
    return [one for one in runs.scene.repo.issues.values() if one.number not in pulls and "root-cause" in one.labels]


def outcome_pulls(runs: Runs) -> list[Pull]:
    """The pull requests that ask for post-promotion documents."""
    return [one for one in runs.scene.repo.pulls.values() if one.head_ref.startswith("ratchet/outcomes/")]
