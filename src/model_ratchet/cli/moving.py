"""``ratchet advance``, ``stage`` and ``render``: a candidate moves through its stages, and traffic follows."""

import argparse
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import (
    Commands,
    add_base,
    add_repo,
    add_revisions,
    instant,
    length,
)
from model_ratchet.cli.runs import actor, check_input, workflow_run
from model_ratchet.cli.terminal import progress, remark, width, write
from model_ratchet.core.errors import UsageError

if TYPE_CHECKING:
    from model_ratchet.actions.render import Rendered

MONITORS = ("prometheus", "grafana")
ROUTERS = ("nginx", "haproxy", "gateway-api", "istio", "kserve", "argo-rollouts")


def add_advance(commands: Commands, summary: str) -> None:
    """``ratchet advance``."""
    parser = commands.add_parser(
        "advance",
        help=summary,
        description="Closes the open stage of what a branch proposes, where it can be decided: its evidence is gathered once "
        "and sealed into the ledger. Starts the next stage where that passed and the approvals of `enter:` are there. "
        "Otherwise says why not. Exit code 0: something moved; 4: time will tell; 1: refused, or the attempt is over.",
    )
    add_revisions(parser)
    parser.add_argument("--pull-request", type=int, metavar="N", help="the pull request whose reviews let stages start")
    parser.add_argument(
        "--publish",
        action="store_true",
        help="inside GitHub Actions: advance what the event names, and tell GitHub and the routers; a schedule means --all",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="inside GitHub Actions: every open pull request whose policy says `advance: automatic`, whatever the event",
    )
    parser.set_defaults(command=_advance)


def add_stage(commands: Commands, summary: str) -> None:
    """``ratchet stage``."""
    parser = commands.add_parser(
        "stage",
        help=summary,
        description="Writes into the ledger what people and routers say: `confirm` that the router sends what the stage asks "
        "for, `pause` and `resume` a candidate, `withdraw` it, `hold` and `release` a model, and `snooze` the reminders of a "
        "hold.",
    )
    parser.add_argument("what", choices=("confirm", "pause", "resume", "withdraw", "hold", "snooze", "release"))
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument(
        "version", metavar="VERSION", nargs="?", help="of a candidate; none for what is said of a model"
    )
    parser.add_argument("--because", default="", metavar="WHY", help="why; it is written down")
    parser.add_argument("--for", dest="lasting", type=length, metavar="LENGTH", help="how long to snooze, such as 4h")
    add_repo(parser)
    add_base(parser)
    parser.add_argument("--now", type=instant, metavar="INSTANT", help="when it happened (default: now)")
    parser.set_defaults(command=_stage)


def add_render(commands: Commands, summary: str) -> None:
    """``ratchet render``."""
    parser = commands.add_parser(
        "render",
        help=summary,
        description="Writes what existing systems are to be given, from git alone.",
    )
    kinds = parser.add_subparsers(title="what to render", metavar="WHAT", required=True)
    traffic = kinds.add_parser(
        "traffic",
        help="which version serves whom, for the router of each model",
        description="Writes the configuration of the routers that the model files name, for the state that the base branch "
        "and the ledger ask for: on standard output for one model, into a folder for several. A model that can't be rendered "
        "keeps no other one from it. Asks neither a metric source nor GitHub.",
    )
    traffic.add_argument("models", nargs="*", metavar="MODEL", help="the models (default: all that are routed)")
    traffic.add_argument("--target", choices=ROUTERS, help="only models that this router carries")
    traffic.add_argument("--out", type=Path, metavar="DIR", help="write one file for each model into this folder")
    traffic.add_argument(
        "--publish",
        action="store_true",
        help="put the files on the branch ratchet/traffic, which a router follows; what can't be rendered stays as it was",
    )
    add_repo(traffic)
    add_base(traffic)
    traffic.set_defaults(command=_render_traffic)
    alerts = kinds.add_parser(
        "alerts",
        help="what Prometheus watches in real time, and what Grafana shows",
        description="Writes a file with recording and alerting rules for each model, and unit tests for promtool beside it "
        "(`--target prometheus`), or a dashboard (`--target grafana`), for the versions that the base branch and the ledger "
        "have in traffic: on standard output for one model, into a folder for several. What Prometheus can't tell is "
        "written into the file as a comment. Asks neither a metric source nor GitHub.",
    )
    alerts.add_argument("models", nargs="*", metavar="MODEL", help="the models (default: all)")
    alerts.add_argument("--target", choices=MONITORS, required=True, help="for what")
    alerts.add_argument("--out", type=Path, metavar="DIR", help="write the files of each model into this folder")
    add_repo(alerts)
    add_base(alerts)
    alerts.set_defaults(command=_render_alerts)


def _advance(options: argparse.Namespace) -> int:
    from model_ratchet.actions.advance import Asked, advance
    from model_ratchet.actions.sign_off import PullRequest, forge_of
    from model_ratchet.engine.advance import End, Wait
    from model_ratchet.git_write import Writer
    from model_ratchet.report.advanced import step_lines
    from model_ratchet.report.check import Check
    from model_ratchet.report.log import log_safe

    if options.publish or options.all:
        return _advance_event(options)
    with forge_of(options.pull_request, os.environ) as (number, forge):
        asked = replace(check_input(options), pull_request=number)
        pull = PullRequest(forge, number) if forge is not None and number is not None else None
        found = advance(Asked(check=asked, by=actor()), Writer(options.repo), pull=pull, progress=progress())
    if found.findings:
        from model_ratchet.report import render

        write(render(Check(findings=found.findings), "text", width=width()))
        return ExitCode.INVALID
    subject = f"{found.folder.model} {found.folder.version}" if found.folder is not None else ""
    write("\n".join(log_safe(line) for line in step_lines(subject, found.steps, found.events)))
    if any(isinstance(step, End) for step in found.steps):
        return ExitCode.FAILED
    waiting = [step for step in found.steps if isinstance(step, Wait)]
    if len(waiting) < len(found.steps):
        return ExitCode.PASSED
    return ExitCode.FAILED if waiting[0].refused else ExitCode.WAITING


def _advance_event(options: argparse.Namespace) -> int:
    """What moved, what waits and what is refused all ends with 0: the summary and the outputs say which it is."""
    from model_ratchet.actions.advancing import advance_on_github, advancing_lines
    from model_ratchet.github.event import RefreshDue, read_event

    if options.head != "HEAD" or options.pull_request is not None:
        raise UsageError("what is advanced is named by the event: leave out --head and --pull-request")
    event = RefreshDue() if options.all else read_event(os.environ)
    with workflow_run(options) as run:
        done = advance_on_github(event, run, base=options.base, by=actor())
        write(advancing_lines(done, run.job))
    if done.errored:
        return ExitCode.ERRORED
    return ExitCode.PASSED if done.whole else ExitCode.NOT_PUBLISHED


def _stage(options: argparse.Namespace) -> int:
    from model_ratchet.actions.mark import Mark, Said, mark
    from model_ratchet.git_write import Writer

    said = Mark(
        kind=Said(options.what),
        model=options.model,
        candidate=options.version,
        because=options.because,
        by=actor(),
        lasting=options.lasting,
    )
    now = options.now or datetime.now(UTC)
    event = mark(said, Writer(options.repo), now=now, environ=os.environ, base=options.base)
    write(f"{options.model}{f' {options.version}' if options.version else ''}: {event.kind}")
    return ExitCode.PASSED


def _render_traffic(options: argparse.Namespace) -> int:
    from model_ratchet.actions.render import RenderInput, publish_traffic, render_traffic

    asked = RenderInput(repo=options.repo, base=options.base, models=tuple(options.models), target=options.target)
    if options.publish:
        rendered, commit = publish_traffic(asked, datetime.now(UTC))
        write("nothing has changed" if commit is None else f"published {commit}")
    else:
        rendered = render_traffic(asked)
    if options.out is not None:
        _write_files(rendered, options.out)
    elif len(rendered.files) > 1 and not options.publish:
        raise UsageError(f"{len(rendered.files)} models are routed: name one of them, or a folder with --out")
    elif not options.publish:
        for text in rendered.files.values():
            write(text)
    for model in rendered.idle:
        remark(f"nothing of {model} is promoted, so that nothing is routed")
    return _render_code(rendered)


def _render_alerts(options: argparse.Namespace) -> int:
    from model_ratchet.actions.render import RenderInput
    from model_ratchet.actions.render_alerts import render_alerts

    asked = RenderInput(repo=options.repo, base=options.base, models=tuple(options.models), target=options.target)
    rendered = render_alerts(asked)
    models = {path.partition(".")[0] for path in rendered.files}
    if options.out is not None:
        _write_files(rendered, options.out)
    elif len(models) > 1:
        raise UsageError(f"{len(models)} models are in traffic: name one of them, or a folder with --out")
    elif rendered.files:
        write(next(iter(rendered.files.values())))
    for model in rendered.idle:
        remark(f"nothing of {model} is in traffic, so that there is nothing to watch")
    return _render_code(rendered)


def _write_files(rendered: "Rendered", folder: Path) -> None:
    from model_ratchet.actions.render import write_files

    for placed in write_files(rendered, folder):
        write(f"{placed.state} {folder / placed.path}")


def _render_code(rendered: "Rendered") -> int:
    """What could not be rendered is told, and says how the command ends."""
    from model_ratchet.report import render
    from model_ratchet.report.check import Check

    for unclear in rendered.unclear:
        remark(f"{unclear.model}: {unclear.trouble}")
    if rendered.findings:
        print(render(Check(findings=rendered.findings), "text", width=width()), file=sys.stderr)  # noqa: T201
        return ExitCode.INVALID
    return ExitCode.ERRORED if rendered.unclear else ExitCode.PASSED
