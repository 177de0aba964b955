"""``ratchet rollback``: a version leaves production."""

import argparse
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import Commands, add_repo, instant
from model_ratchet.cli.runs import actor, workflow_run
from model_ratchet.cli.terminal import write

if TYPE_CHECKING:
    from model_ratchet.actions.rollback import Where
    from model_ratchet.engine.rollback import Trigger


def add_rollback(commands: Commands, summary: str) -> None:
    """``ratchet rollback``."""
    parser = commands.add_parser(
        "rollback",
        help=summary,
        description="Puts traffic back on the version before, at once, by a hold in the ledger; then removes the version by a "
        "pull request. Of a candidate in a stage it ends the attempt. Run it again after whatever cut it off: nothing is done "
        "twice. Exit code 0: done, or nothing is left to do; 1: nothing is changed, because a person has to decide; 5: a step "
        "could not be done.",
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--reason", required=True, metavar="WHY", help="why; it is written down")
    parser.add_argument("--to", metavar="VERSION", help="what is to serve (default: the nearest version that can)")
    parser.add_argument(
        "--culprit", metavar="VERSION", help="what is at fault: a version, or a candidate (default: the active version)"
    )
    parser.add_argument(
        "--undo",
        metavar="VERSION",
        help="take back the rollback of a version: release the hold, or propose the same folder again for on-call and risk",
    )
    parser.add_argument(
        "--automatic",
        action="store_true",
        help="no person asks, but the watch: after two rollbacks of the model within a day nothing is changed",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="inside GitHub Actions: open the pull request and the issue, and merge as the policy has it",
    )
    parser.add_argument("--base", metavar="BRANCH", help="the protected branch (default: the remote's, else main)")
    parser.add_argument("--now", type=instant, metavar="INSTANT", help="when it is decided (default: now)")
    add_repo(parser)
    parser.set_defaults(command=_rollback)


def _rollback(options: argparse.Namespace) -> int:
    from model_ratchet.actions.rollback import Where
    from model_ratchet.git_write import Writer

    if options.publish:
        with workflow_run(options) as run:
            base = options.base or Writer(run.repo).default_branch()
            return _carried_out(options, Where.of(run, base))
    repository = Writer(options.repo)
    where = Where(
        repository=repository,
        base=options.base or repository.default_branch(),
        now=options.now or datetime.now(UTC),
        environ=dict(os.environ),
    )
    return _carried_out(options, where)


def _undone(options: argparse.Namespace, where: "Where") -> int:
    from model_ratchet.actions.undo import take_back
    from model_ratchet.core.errors import UsageError
    from model_ratchet.report.log import log_safe

    if options.dry_run or options.to is not None or options.culprit is not None:
        raise UsageError("--undo names all there is to say: leave out --to, --culprit and --dry-run")
    followed = take_back(options.model, options.undo, options.reason, where, by=actor())
    write("\n".join(log_safe(one.said) for one in followed))
    return ExitCode.NOT_PUBLISHED if any(one.trouble for one in followed) else ExitCode.PASSED


def _carried_out(options: argparse.Namespace, where: "Where") -> int:
    from model_ratchet.actions.rollback import plan_of, roll_back
    from model_ratchet.engine.rollback import Page
    from model_ratchet.report.annotations import command
    from model_ratchet.report.log import log_safe
    from model_ratchet.report.rollback import plan_lines

    if options.undo is not None:
        return _undone(options, where)
    trigger = _trigger(options)
    if options.dry_run:
        plan = plan_of(trigger, where)
        write("\n".join(log_safe(line) for line in plan_lines(trigger, plan)))
        return ExitCode.FAILED if isinstance(plan, Page) else ExitCode.PASSED
    done = roll_back(trigger, where)
    lines = [log_safe(line) for line in plan_lines(trigger, done.plan)]
    lines += [command("error", one.said) if one.trouble and where.run else log_safe(one.said) for one in done.followed]
    write("\n".join(lines))
    if isinstance(done.plan, Page):
        return ExitCode.FAILED
    return ExitCode.NOT_PUBLISHED if done.trouble else ExitCode.PASSED


def _trigger(options: argparse.Namespace) -> "Trigger":
    from model_ratchet.engine.rollback import Trigger

    return Trigger(
        model=options.model,
        because=options.reason,
        version=options.culprit,
        serve=options.to,
        by=actor(),
        by_hand=not options.automatic,
    )
