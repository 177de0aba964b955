"""``ratchet check``, ``validate`` and ``plan``: what a change proposes, judged or looked at."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import (
    Commands,
    add_output,
    add_repo,
    add_revisions,
)
from model_ratchet.cli.runs import check_input, workflow_run
from model_ratchet.cli.terminal import colour, progress, remark, width, write
from model_ratchet.core.errors import UsageError

if TYPE_CHECKING:
    from model_ratchet.actions.publish import Published
    from model_ratchet.report.check import Check


def add_check(commands: Commands, summary: str) -> None:
    """``ratchet check``."""
    parser = commands.add_parser(
        "check",
        help=summary,
        description="Judges the promotion that a branch proposes, against the policies of its base branch.",
    )
    add_revisions(parser)
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="judge and render a stored record again, from it alone"
    )
    parser.add_argument(
        "--write-record", type=Path, metavar="FILE", help="write the sealed record (a folder, for several)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the HTML report (a folder, for several)")
    parser.add_argument(
        "--pull-request",
        type=int,
        metavar="N",
        help="count the reviews of this pull request (default: the one that a GitHub Actions run is for); it takes "
        "GITHUB_REPOSITORY and GITHUB_TOKEN",
    )
    parser.add_argument(
        "--reuse",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="take the evidence of this sealed record where nothing that it rests on has changed, so that no metric source "
        "is asked again; never a file that a pull request could have written",
    )
    add_output(parser)
    told = parser.add_mutually_exclusive_group()
    told.add_argument(
        "--publish",
        action="store_true",
        help="inside GitHub Actions: judge what the event names, and publish the verdict",
    )
    told.add_argument(
        "--refresh",
        action="store_true",
        help="inside GitHub Actions: judge all open promotions anew, publish what changed",
    )
    parser.set_defaults(command=_check)


def add_validate(commands: Commands, summary: str) -> None:
    """``ratchet validate``."""
    parser = commands.add_parser(
        "validate",
        help=summary,
        description="Checks policies, model files, sources, waivers and requests of the working tree; asks no source.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="documents to check (default: all)")
    add_repo(parser)
    add_output(parser)
    parser.set_defaults(command=_validate)


def add_plan(commands: Commands, summary: str) -> None:
    """``ratchet plan``."""
    parser = commands.add_parser(
        "plan",
        help=summary,
        description="Says, before anybody waits a week, how many rows and days each criterion needs at the model's "
        "present traffic, which one needs most, and its power at the margin and at twice the margin.",
    )
    add_revisions(parser)
    parser.add_argument("--policy", metavar="NAME/VERSION", help="plan under this policy instead of the request's")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_plan)


def _check(options: argparse.Namespace) -> int:
    from model_ratchet.report import render

    if options.publish or options.refresh:
        return _check_event(options)
    if options.record is not None:
        from model_ratchet.actions.rejudge import rejudge

        checked = rejudge(options.record)
    else:
        checked = _checked(options)
    if options.write_record is not None:
        from model_ratchet.actions.rejudge import write_records

        if not write_records(checked, options.write_record):
            remark("nothing was judged, so no record was written")
    if options.report is not None:
        from model_ratchet.actions.pages import write_reports

        if not write_reports(checked, options.report):
            remark("nothing was judged, so no report was written")
    write(render(checked, options.format, width=width(), colour=colour(options)), options.output)
    return ExitCode.of(checked.outcome)


def _checked(options: argparse.Namespace) -> "Check":
    """The check of what is proposed; what judges is imported where there is something to judge."""
    from model_ratchet.actions.revisions import Revisions, read_revisions
    from model_ratchet.git import Git
    from model_ratchet.report.check import Check

    repository: Git | None = None
    revisions: Revisions | None = None
    if options.pull_request is None and not options.reuse:
        repository = Git(options.repo)
        revisions = read_revisions(repository, base=options.base, head=options.head)
        if revisions.apart:
            return Check(untouched=True)
    from model_ratchet.actions.check import check
    from model_ratchet.actions.rejudge import stored
    from model_ratchet.actions.sign_off import forge_of

    show = progress()
    sealed = tuple(stored(path) for path in options.reuse)
    with forge_of(options.pull_request, os.environ) as (pull_request, forge):
        checked = check(
            replace(check_input(options), pull_request=pull_request, sealed=sealed),
            repository=repository,
            revisions=revisions,
            forge=forge,
            progress=show,
        )
    show("")
    return checked


def _check_event(options: argparse.Namespace) -> int:
    """The verdict goes to GitHub; a passed and a waiting one end with 0, because the check run says which it is."""
    from model_ratchet.actions.on_event import check_and_publish, refresh
    from model_ratchet.actions.told import published_lines, refreshed_lines
    from model_ratchet.github.event import NothingToDo, read_event

    if options.base is not None or options.head != "HEAD" or options.record is not None:
        raise UsageError("what is judged is named by the event: leave out --base, --head and --record")
    event = read_event(os.environ)
    with workflow_run(options) as run:
        if options.refresh:
            done = tuple(refresh(event, run))
            write(refreshed_lines(done, run.job))
            return ExitCode.PASSED if all(one.sound for one in done) else ExitCode.NOT_PUBLISHED
        published = check_and_publish(event, run)
    if isinstance(published, NothingToDo):
        write(f"nothing to do: {published.why}")
        return ExitCode.PASSED
    write(published_lines(published))
    return _published_code(published)


def _published_code(published: "Published") -> ExitCode:
    if published.superseded is not None:
        return ExitCode.PASSED
    if published.troubles:
        return ExitCode.NOT_PUBLISHED
    code = ExitCode.of(published.check.outcome)
    return ExitCode.PASSED if code is ExitCode.WAITING and not published.read_only else code


def _validate(options: argparse.Namespace) -> int:
    from model_ratchet.actions.validate import validate
    from model_ratchet.report import render

    checked = validate(options.repo, options.paths)
    write(render(checked, options.format, width=width(), colour=colour(options)), options.output)
    return ExitCode.of(checked.outcome)


def _plan(options: argparse.Namespace) -> int:
    from model_ratchet.actions.plan import plan_ahead
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.planned import as_json, as_text, as_value

    found = plan_ahead(check_input(options), policy=options.policy)
    if found.plan is not None and found.traffic is not None and found.window is not None:
        if options.format == "json":
            write(as_json(as_value(found.plan, found.traffic, found.window, found.forecasts, found.findings)))
            return ExitCode.INVALID if found.findings else ExitCode.PASSED
        write(as_text(found.plan, found.traffic, found.window, found.forecasts))
    if found.findings:
        write(render(Check(findings=found.findings), options.format, width=width(), colour=colour(options)))
        return ExitCode.INVALID
    return ExitCode.PASSED
