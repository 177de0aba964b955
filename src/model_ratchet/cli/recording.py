"""``ratchet record``: what was merged goes into the ledger."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import (
    Commands,
    add_base,
    add_repo,
    instant,
)
from model_ratchet.cli.runs import workflow_run
from model_ratchet.cli.terminal import remark, write
from model_ratchet.core.errors import UsageError

if TYPE_CHECKING:
    from model_ratchet.actions.recording import Recording
    from model_ratchet.github.job import Job


def add_record(commands: Commands, summary: str) -> None:
    """``ratchet record``."""
    parser = commands.add_parser(
        "record",
        help=summary,
        description="Appends to the ledger (the branch ratchet/ledger) each promotion, rollback, withdrawal and change of the "
        "policies that it does not hold yet. What no verdict vouches for is recorded as unverified, and ends with 1.",
    )
    add_repo(parser)
    add_base(parser)
    parser.add_argument("--now", type=instant, metavar="INSTANT", help="record as of this instant")
    parser.add_argument(
        "--since",
        metavar="REV",
        help="where an empty ledger begins (default: the commit that brought the record workflow)",
    )
    parser.add_argument(
        "--record",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a sealed record that vouches for what was merged, where GitHub is not asked",
    )
    parser.add_argument(
        "--outcome",
        metavar="FILE|-",
        help="write the post-promotion document of the version that was promoted last (-: print it)",
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="inside GitHub Actions: read the verdicts from the checks of the merged pull requests, and open incidents and "
        "the post-promotion document",
    )
    parser.set_defaults(command=_record)


def _record(options: argparse.Namespace) -> int:
    from model_ratchet.actions.recording import recording_lines

    done, job = _record_event(options) if options.publish else (_record_here(options), None)
    write(recording_lines(done, job))
    if options.outcome is not None:
        from model_ratchet.actions.after_merge import last_document

        written = last_document(done.recorded.ledger)
        if written is None:
            remark("the ledger holds no promotion, so that there is no document to write")
        else:
            write(written, Path(options.outcome) if options.outcome != "-" else None)
    if done.recorded.unverified:
        return ExitCode.FAILED
    return ExitCode.NOT_PUBLISHED if done.trouble else ExitCode.PASSED


def _record_here(options: argparse.Namespace) -> "Recording":
    from model_ratchet.actions.record import Files, RecordInput, record
    from model_ratchet.actions.recording import Recording
    from model_ratchet.actions.rejudge import stored
    from model_ratchet.git_write import Writer

    repository = Writer(options.repo)
    tip = repository.commit(options.base if options.base is not None else repository.default_base())
    since = repository.commit(options.since) if options.since is not None else None
    asked = RecordInput(tip=tip, now=options.now or datetime.now(UTC), environ=dict(os.environ), since=since)
    origin = Files(repository, [stored(path) for path in options.record])
    return Recording(recorded=record(asked, repository, origin))


def _record_event(options: argparse.Namespace) -> "tuple[Recording, Job]":
    from model_ratchet.actions.recording import record_on_github

    if options.record or options.since is not None:
        raise UsageError(
            "what was sealed is read from the checks, and all of the branch: leave out --record and --since"
        )
    base = options.base or os.environ.get("GITHUB_BASE_REF") or os.environ.get("GITHUB_REF_NAME")
    if not base:
        raise UsageError("the event names no branch: name the protected one with --base")
    with workflow_run(options) as run:
        return record_on_github(run, base), run.job
