"""App: what the hardened tier rests on: the App that publishes, and the environment that holds its key."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from model_ratchet.documents.workflow import Job, Step, Workflow
from model_ratchet.engine.doctor.rule import (
    IDLE,
    SET,
    Place,
    Rule,
    Said,
    State,
    and_more,
    missing,
    unverified,
)
from model_ratchet.engine.settings import App, Environment, Files, Settings, Unread

GITHUB_ACTIONS = "github-actions"
"""The slug of the App that GitHub Actions is, which publishes in the quickstart tier."""
ENVIRONMENT = "promotion-verdict"
KEY = "RATCHET_APP_PRIVATE_KEY"
CLIENT = "RATCHET_APP_CLIENT_ID"
_SIGN_IN = "actions/create-github-app-token"
_NEEDED = {"checks": "write", "pull_requests": "write", "contents": "read", "statuses": "read"}


class SignIn(NamedTuple):
    """A step that takes the App's token."""

    workflow: Workflow
    job: Job
    step: Step


def sign_ins(files: Files) -> Iterator[SignIn]:
    """Where the workflows take the App's token."""
    for workflow in files.ours:
        for job in workflow.jobs:
            for step in job.steps:
                if step.is_of(_SIGN_IN):
                    yield SignIn(workflow, job, step)


def environment_name(files: Files) -> str:
    """The environment that the key stands in: that of the jobs which sign in to judge."""
    named = (one.job.environment for one in sign_ins(files) if one.job.judges)
    return next((name for name in named if name), ENVIRONMENT)


def environment(settings: Settings) -> Said:
    """Whoever reaches the environment has the key."""
    found = _environment(settings)
    if isinstance(found, Said):
        return found
    if isinstance(found.branches, Unread):
        return unverified(found.branches)
    if found.branches == (settings.base,):
        return SET
    who = "every branch" if found.branches is None else and_more(list(found.branches)) or "no branch"
    return missing(f"{found.name} is reached by {who}")


def admins(settings: Settings) -> Said:
    """Its rule of branches would be none for administrators."""
    found = _environment(settings)
    if isinstance(found, Said):
        return _once(found)
    if isinstance(found.admins_bypass, Unread):
        return unverified(found.admins_bypass)
    return missing(f"administrators may bypass the branches of {found.name}") if found.admins_bypass else SET


def waits(settings: Settings) -> Said:
    """Each verdict would wait for it."""
    found = _environment(settings)
    if isinstance(found, Said):
        return _once(found)
    return missing(f"each verdict waits for {and_more(list(found.waits_for))}") if found.waits_for else SET


def jobs(settings: Settings) -> Said:
    """A job outside of the environment signs in with a key that every branch can read, or not at all."""
    if not settings.files.hardened:
        return IDLE
    name = environment_name(settings.files)
    wrong = [
        f"the job {one.job.key} of {one.workflow.file} signs in outside of {name}"
        for one in sign_ins(settings.files)
        if one.job.environment != name
    ]
    wrong += [
        f"the job {job.key} of {workflow.file} does not sign in"
        for workflow in settings.files.ours
        for job in workflow.jobs
        if job.calls_ratchet and not job.only_looks and not any(step.is_of(_SIGN_IN) for step in job.steps)
    ]
    return missing(and_more(wrong)) if wrong else SET


def key(settings: Settings) -> Said:
    """A secret of the repository can be read by a workflow of any branch."""
    found = _environment(settings)
    if isinstance(found, Said):
        return _once(found)
    name = _named(settings, "private-key", KEY)
    if not isinstance(settings.secrets, Unread) and name in settings.secrets:
        return missing(f"{name} is a secret of the whole repository")
    if not isinstance(found.secrets, Unread) and name not in found.secrets:
        return missing(f"{found.name} has no secret {name}")
    for unread in (found.secrets, settings.secrets):
        if isinstance(unread, Unread):
            return unverified(unread)
    return SET


def client(settings: Settings) -> Said:
    """The workflow signs in as the App that this names."""
    found = _environment(settings)
    if isinstance(found, Said):
        return _once(found)
    name, app = _named(settings, "client-id", CLIENT), settings.app
    if isinstance(found.variables, Unread):
        return unverified(found.variables)
    if name not in found.variables:
        return missing(f"{found.name} has no variable {name}")
    if isinstance(app, App) and found.variables[name] not in (app.client_id, str(app.id)):
        return missing(f"{name} is not that of {app.slug}")
    return SET


def permissions(settings: Settings) -> Said:
    """The workflow asks for a token with these permissions, and gets none where the App lacks one."""
    app = settings.app
    if not settings.files.hardened:
        return IDLE
    if isinstance(app, Unread):
        return unverified(app)
    if app is None:
        return Said(State.UNVERIFIED, "which App it is, nobody has said: name it with --app")
    needed = _asked_for(settings.files)
    lacking = [
        f"{name}: {level}" for name, level in needed.items() if app.permissions.get(name) not in (level, "write")
    ]
    if lacking:
        return missing(f"{app.slug} lacks {and_more(lacking, most=5)}")
    if app.permissions.get("actions") == "write":
        return SET
    note = (
        f"a receiver of alerts with the token of {app.slug} can not start promotion-rollback.yml without actions: write"
    )
    return Said(State.SET, note=note)


def _asked_for(files: Files) -> Mapping[str, str]:
    """Permission → the highest level that a job signs in for; what a verdict takes where nothing is said."""
    needed = dict(_NEEDED)
    for one in sign_ins(files):
        for key, level in one.step.given.items():
            name = key.removeprefix("permission-").replace("-", "_")
            if key.startswith("permission-") and needed.get(name) != "write":
                needed[name] = str(level)
    return needed


def _environment(settings: Settings) -> Environment | Said:
    """The environment of the key, or why nothing can be said of it."""
    if not settings.files.hardened:
        return IDLE
    name = environment_name(settings.files)
    if isinstance(settings.environments, Unread):
        return unverified(settings.environments)
    return settings.environments.get(name) or missing(f"there is no environment {name}")


def _once(said: Said) -> Said:
    """An environment that is not there is told once."""
    return replace(said, state=State.IDLE) if said.state is State.MISSING else said


def _named(settings: Settings, given: str, otherwise: str) -> str:
    """The secret or variable that the workflows hand over."""
    for one in sign_ins(settings.files):
        named = re.search(r"\b(?:secrets|vars)\.(\w+)", str(one.step.given.get(given)))
        if named is not None:
            return named[1]
    return otherwise


APP = (
    Rule(
        id="environment",
        what="only {base} reaches the environment of the App's key",
        why="whoever reaches it can publish any verdict",
        place=Place.ENVIRONMENTS,
        how="`promotion-verdict`, *Deployment branches and tags*: selected, `{base}` alone",
        ask=environment,
    ),
    Rule(
        id="environment-admins",
        what="administrators can't bypass that",
        why="a job of another branch would start, and find the key",
        place=Place.ENVIRONMENTS,
        how="*Allow administrators to bypass* off",
        ask=admins,
    ),
    Rule(
        id="environment-waits",
        what="nothing holds up its jobs",
        why="every verdict would wait for it",
        place=Place.ENVIRONMENTS,
        how="no reviewers, no timer",
        ask=waits,
    ),
    Rule(
        id="environment-jobs",
        what="each job that judges signs in as the App, in that environment",
        why="a verdict of another source does not count",
        place=Place.WORKFLOWS,
        how="`environment: promotion-verdict` at each job that judges",
        ask=jobs,
    ),
    Rule(
        id="app-key",
        what="the App's key is a secret of that environment, and of nothing else",
        why="a secret of the repository can be read from any branch",
        place=Place.ENVIRONMENTS,
        how="secret `RATCHET_APP_PRIVATE_KEY`",
        ask=key,
    ),
    Rule(
        id="app-client",
        what="the environment names the App",
        why="without it no job can sign in",
        place=Place.ENVIRONMENTS,
        how="variable `RATCHET_APP_CLIENT_ID`",
        ask=client,
    ),
    Rule(
        id="app-permissions",
        what="the App has the permissions that the workflows ask for",
        why="it gets no token otherwise",
        place=Place.APPS,
        how="*Checks*, *Contents*, *Deployments*, *Issues*, *Pull requests* write, *Commit statuses*, *Members* read",
        ask=permissions,
    ),
)
