"""Who runs this, and the run of a GitHub workflow that a command is part of."""

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_ratchet.actions.check import CheckInput
    from model_ratchet.actions.on_event import Run
    from model_ratchet.documents.events import Actor


def check_input(options: argparse.Namespace) -> "CheckInput":
    """What a check, a plan and an advance depend on alike: the revisions, the instant and the environment."""
    from model_ratchet.actions.check import CheckInput

    return CheckInput(
        repo=options.repo,
        base=options.base,
        head=options.head,
        now=options.now or datetime.now(UTC),
        environ=dict(os.environ),
    )


@contextmanager
def workflow_run(options: argparse.Namespace) -> Iterator["Run"]:
    """This run of a workflow; what was opened for it is closed after it."""
    from model_ratchet.actions.on_event import Run, git_headers
    from model_ratchet.github.answers import told_at
    from model_ratchet.github.client import Access, open_hub
    from model_ratchet.github.forge import GithubForge
    from model_ratchet.github.job import Job

    access, job = Access.of(os.environ), Job.of(os.environ)
    with closing(open_hub(access)) as hub:
        yield Run(
            repo=options.repo,
            hub=hub,
            job=job,
            now=options.now or told_at(hub.api, f"/repos/{access.repository}", "the time"),
            headers=git_headers(access, os.environ.get("GITHUB_SERVER_URL") or "https://github.com"),
            environ=dict(os.environ),
            forge=GithubForge(access, client=hub.api),
        )


def actor() -> "Actor":
    """Who runs this: the account that GitHub Actions names, else whoever is logged in."""
    from getpass import getuser

    from model_ratchet.documents.events import Actor

    login, number = os.environ.get("GITHUB_ACTOR"), os.environ.get("GITHUB_ACTOR_ID", "")
    if login:
        return Actor(login=login, id=int(number) if number.isdecimal() else None)
    return Actor(login=getuser())
