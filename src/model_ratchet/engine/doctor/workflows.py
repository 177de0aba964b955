"""Workflows: what the files of the base branch have to hold, so that a verdict comes of every pull request and of it alone."""

import re
from collections.abc import Iterator, Mapping

from model_ratchet.core.names import check_name
from model_ratchet.documents.workflow import Job, Step, Trigger, Unreadable, Workflow
from model_ratchet.engine.doctor.rule import (
    IDLE,
    LEDGER,
    SET,
    Place,
    Rule,
    Said,
    State,
    and_more,
    missing,
    unverified,
)
from model_ratchet.engine.settings import Settings, Unread

CHECKOUT = "actions/checkout"
_PINNED = re.compile(r"[^@]+@(?!0{40}$)[0-9a-f]{40}")
_PINNED_IMAGE = re.compile(r"docker://.+@sha256:[0-9a-f]{64}")
_OF_THE_HEAD = re.compile(r"head|merge_commit|refs/pull|pull/|issue\.number|pull_request\.number")
_OF_THE_BASE = r"github\.(event\.pull_request\.base\.(ref|sha)|event\.merge_group\.base_(ref|sha)|base_ref)"
_BASE = re.compile(rf"\$\{{\{{\s*{_OF_THE_BASE}(\s*\|\|\s*{_OF_THE_BASE})*\s*\}}\}}")
_AT_THE_BASE = frozenset(
    {"pull_request_target", "workflow_run", "issue_comment", "schedule", "push", "workflow_dispatch"}
)
"""Events whose workflow starts from the default branch, or from the branch that was pushed."""
_CHANGED = ("opened", "synchronize", "reopened", "ready_for_review", "edited")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "pull_request_review": ("submitted", "dismissed"),
    "issue_comment": ("created",),
    "schedule": (),
    "push": (),
}


def triggers(settings: Settings) -> Said:
    """A verdict has to follow each change of a pull request, each review, and the passing of time."""
    mine = [one for one in settings.files.ours if not one.only_follows]
    if not mine:
        return _unreadable(settings, every=False) or missing("no workflow calls Ratchet")
    changed = "pull_request_target" if settings.files.hardened else "pull_request"
    needed = {changed: _CHANGED, **_NEEDED} | ({"workflow_run": ("completed",)} if settings.files.hardened else {})
    lacking: list[str] = []
    for event, types in needed.items():
        started = [one.triggers[event] for one in mine if event in one.triggers]
        started = [one for one in started if one.covers(settings.base)]
        if not started:
            lacking.append(event)
        else:
            absent = [one for one in types if not any(_starts(event, trigger, one) for trigger in started)]
            lacking += [f"{event} {one}" for one in absent]
    if lacking:
        return _unreadable(settings, every=False) or missing(f"nothing is started by {and_more(lacking)}")
    return SET


def always_runs(settings: Settings) -> Said:
    """A required check that nobody publishes blocks every merge."""
    for workflow, trigger in _checks(settings):
        if trigger.filters:
            return missing(f"{workflow.file} is held back by `{trigger.filters[0]}`")
        for job in workflow.jobs:
            if job.conditional and job.judges:
                return missing(f"the job {job.key} of {workflow.file} has an `if:`")
    return _of_ours(settings)


def check_names(settings: Settings) -> Said:
    """A job is a check too, of the same source as the verdict's in the quickstart tier."""
    name = check_name(settings.base)
    for workflow in _readable(settings):
        for job in workflow.jobs:
            if job.name == name:
                return missing(f"the job {job.key} of {workflow.file} is called {name}")
    return _unreadable(settings, every=True) or SET


def pins(settings: Settings) -> Said:
    """A tag can be moved to another commit, and has been."""
    loose = [
        f"{step.uses} in {workflow.file} is not pinned"
        for workflow, _, step in _steps(settings)
        if step.uses and not step.uses.startswith("./") and not _pinned(step.uses)
    ]
    return _all_of_ours(settings, loose)


def permissions(settings: Settings) -> Said:
    """What is not granted can't be misused."""
    wrong = [f"{one.file} grants at its top" for one in settings.files.ours if one.permissions != {}]
    for workflow in settings.files.ours:
        for job in workflow.jobs:
            if not isinstance(job.permissions, Mapping):
                wrong.append(f"the job {job.key} of {workflow.file} does not list what it may")
            elif job.judges and not settings.files.hardened:
                lacking = [one for one in ("checks", "pull-requests") if job.permissions.get(one) != "write"]
                wrong += [f"the job {job.key} of {workflow.file} lacks {one}: write" for one in lacking]
    return _all_of_ours(settings, wrong)


def credentials(settings: Settings) -> Said:
    """A token that is left in the work tree can be read by every later step."""
    kept = [
        f"the job {job.key} of {workflow.file} leaves the token behind"
        for workflow, job, step in _steps(settings)
        if step.is_of(CHECKOUT) and step.given.get("persist-credentials") not in (False, "false")
    ]
    return _all_of_ours(settings, kept)


def checkouts(settings: Settings) -> Said:
    """What of a pull request is run with secrets has them."""
    wrong = [
        f"the job {job.key} of {workflow.file} checks out {_ref(step) or 'the merge of the pull request'}"
        for workflow, job, step in _steps(settings)
        if step.is_of(CHECKOUT) and not _of_the_base(settings, workflow, step)
    ]
    for workflow in _readable(settings):
        if not workflow.ours and "pull_request_target" in workflow.triggers:
            heads = [step for job in workflow.jobs for step in job.steps if step.is_of(CHECKOUT) and _of_the_head(step)]
            wrong += [f"{workflow.file} checks out {_ref(step)}" for step in heads]
    if wrong:
        return missing(and_more(wrong))
    return _unreadable(settings, every=True) or SET


def active(settings: Settings) -> Said:
    """A workflow that is switched off publishes nothing; GitHub does it by itself after 60 days without a commit."""
    enabled, states = settings.actions_enabled, settings.workflow_states
    if enabled is False:
        return missing("Actions are switched off")
    if not isinstance(states, Unread):
        off = [
            f"{one.file} is {states[one.path]}"
            for one in settings.files.ours
            if states.get(one.path, "active") != "active"
        ]
        if off:
            return missing(and_more(off))
    for unread in (enabled, states):
        if isinstance(unread, Unread):
            return unverified(unread)
    return SET


def rollback(settings: Settings) -> Said:
    """It is what the receiver of alerts starts, and what a person starts who finds nothing else at hand."""
    if not settings.files.ours:
        return IDLE
    match settings.files.rollback:
        case "absent":
            return missing("there is no promotion-rollback.yml")
        case "other":
            return missing("promotion-rollback.yml is not the one that this release writes")
        case "shipped":
            note = "whatever starts it for an alert (`ratchet watch --listen`) needs a token with actions: write"
            return SET if settings.files.hardened else Said(State.SET, note=note)


def _readable(settings: Settings) -> Iterator[Workflow]:
    return (one for one in settings.files.workflows if isinstance(one, Workflow))


def _checks(settings: Settings) -> Iterator[tuple[Workflow, Trigger]]:
    for workflow in settings.files.ours:
        for event in ("pull_request", "pull_request_target"):
            if event in workflow.triggers:
                yield workflow, workflow.triggers[event]


def _steps(settings: Settings) -> Iterator[tuple[Workflow, Job, Step]]:
    for workflow in settings.files.ours:
        for job in workflow.jobs:
            for step in job.steps:
                yield workflow, job, step


def _all_of_ours(settings: Settings, wrong: list[str]) -> Said:
    return missing(and_more(wrong)) if wrong else _of_ours(settings)


def _of_ours(settings: Settings) -> Said:
    """Nothing is wrong with those that can be read; that there is none at all, ``triggers`` tells."""
    return _unreadable(settings, every=False) or (SET if settings.files.ours else IDLE)


def _unreadable(settings: Settings, *, every: bool) -> Said | None:
    """What can't be said because of a file that can't be read: of ours, or of every one."""
    for one in settings.files.workflows:
        if isinstance(one, Unreadable) and (every or one.path.rpartition("/")[2].startswith("promotion-")):
            return Said(State.UNVERIFIED, f"{one.why.location} can't be read: {one.why.message}")
    return None


def _starts(event: str, trigger: Trigger, kind: str) -> bool:
    if trigger.types:
        return kind in trigger.types
    # what GitHub takes where nothing is said: all of most events, three of these
    return not event.startswith("pull_request") or event == "pull_request_review" or kind in _CHANGED[:3]


def _pinned(uses: str) -> bool:
    return _PINNED.fullmatch(uses) is not None or _PINNED_IMAGE.fullmatch(uses) is not None


def _ref(step: Step) -> str:
    return str(step.given.get("ref") or "")


def _of_the_head(step: Step) -> bool:
    return any(_OF_THE_HEAD.search(str(step.given.get(key) or "")) for key in ("ref", "repository"))


def _of_the_base(settings: Settings, workflow: Workflow, step: Step) -> bool:
    if "repository" in step.given and _of_the_head(step):
        return False
    ref = _ref(step)
    if not ref:
        return set(workflow.triggers) <= _AT_THE_BASE
    ours = (settings.base, LEDGER)  # the ledger is data, and what is attested lies in it
    return ref.removeprefix("refs/heads/") in ours or _BASE.fullmatch(ref) is not None


WORKFLOWS = (
    Rule(
        id="triggers",
        what="a verdict follows every change, review and recheck, and the passing of time",
        why="an old verdict would stand for what it was not given for, or none would ever come",
        place=Place.WORKFLOWS,
        how="the events of `ratchet init`, on the branch {base}",
        ask=triggers,
    ),
    Rule(
        id="always-runs",
        what="the check runs for every pull request",
        why="a required check that nobody publishes blocks every merge",
        place=Place.WORKFLOWS,
        how="no `paths:` at the event and no `if:` at the job",
        ask=always_runs,
    ),
    Rule(
        id="check-names",
        what="no job is called promotion/{base}",
        why="a job is a check too, and GitHub counts one that is skipped as passed",
        place=Place.WORKFLOWS,
        how="another name for the job",
        ask=check_names,
    ),
    Rule(
        id="pins",
        what="every action is pinned by a commit",
        why="a tag can be moved to code that nobody has read",
        place=Place.WORKFLOWS,
        how="`uses: owner/action@<40 hexadecimal digits>`",
        ask=pins,
    ),
    Rule(
        id="permissions",
        what="workflows start without permissions, and each job lists its own",
        why="what is not granted can't be misused; what the check lacks it can't publish",
        place=Place.WORKFLOWS,
        how="`permissions: {}` at the top, the permissions of `ratchet init` at each job",
        ask=permissions,
    ),
    Rule(
        id="credentials",
        what="no checkout leaves the token behind",
        why="every later step could read it",
        place=Place.WORKFLOWS,
        how="`persist-credentials: false` at each checkout",
        ask=credentials,
    ),
    Rule(
        id="checkouts",
        what="only the base branch is checked out",
        why="what a pull request brings would run beside the token and the secrets",
        place=Place.WORKFLOWS,
        how="`ref:` of the base branch at each checkout",
        ask=checkouts,
    ),
    Rule(
        id="rollback",
        what="promotion-rollback.yml is there, as this release writes it",
        why="a version that turned out worse could not be taken out by one click, nor by an alert",
        place=Place.WORKFLOWS,
        how="promotion-rollback.yml as `ratchet init` writes it",
        ask=rollback,
    ),
    Rule(
        id="active",
        what="Actions and these workflows are switched on",
        why="what is switched off publishes nothing; GitHub stops schedules after 60 days without a commit",
        place=Place.ACTIONS,
        how="Actions allowed; each workflow enabled, in the tab Actions",
        ask=active,
    ),
)
