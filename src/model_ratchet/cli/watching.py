"""``ratchet watch`` and ``status``: what the versions that run do, and how all models stand."""

import argparse
import json
import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import Commands, add_base, add_repo, instant
from model_ratchet.cli.terminal import colour, progress, remark, width, write
from model_ratchet.core.errors import UsageError
from model_ratchet.core.units import Dimension, Duration

if TYPE_CHECKING:
    from model_ratchet.actions.watch import Watch
    from model_ratchet.actions.watching import Tick
    from model_ratchet.actions.webhook import Address


def add_watch(commands: Commands, summary: str) -> None:
    """``ratchet watch``."""
    parser = commands.add_parser(
        "watch",
        help=summary,
        description="Looks at the active version of every model, and at every candidate in a stage, by the alerts and "
        "triggers of its policy. Without --state it only shows what it sees. With --state it tells the channels of "
        "policies/alerts.yaml, and remembers in that folder what the next run has to know. With --listen it "
        "takes the alerts of Prometheus instead.",
        epilog="Exit codes: 0 nothing that wakes somebody; 1 a critical alert or a trigger fires; 3 something could not be "
        "looked at; 5 a channel could not be told, which the next run does.",
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="the models to look at (default: all)")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="the folder in which one run leaves its state to the next"
    )
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--every", type=_duration, metavar="5m", help="go on until stopped, a run every so often")
    told.add_argument(
        "--keep", action="store_true", help="look at nothing: put what --state holds on the branch ratchet/watch"
    )
    told.add_argument(
        "--listen",
        type=_address,
        metavar="127.0.0.1:9099",
        help="look at nothing: take Alertmanager's webhook until stopped; a rollback trigger that fires holds its model",
    )
    parser.add_argument(
        "--token-variable",
        default="RATCHET_WATCH_TOKEN",
        metavar="NAME",
        help="with --listen: the variable with the token that Alertmanager sends (default: RATCHET_WATCH_TOKEN)",
    )
    parser.add_argument(
        "--health",
        type=Path,
        metavar="FILE",
        help="with --every: rewrite this file after each run (when, and how it went)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    _add_now(parser, "look as of this instant")
    add_repo(parser)
    add_base(parser)
    parser.set_defaults(command=_watch)


def add_status(commands: Commands, summary: str) -> None:
    """``ratchet status``."""
    parser = commands.add_parser(
        "status",
        help=summary,
        description="Lists every model: its active version and since when, the candidate and its stage, what the watch says of "
        "them, when it last looked, and the alerts that are open. Asks neither a metric source nor GitHub.",
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="the models to list (default: all)")
    parser.add_argument("--fetch", action="store_true", help="ask the remote for its branches first")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    _add_now(parser, "as of this instant")
    add_repo(parser)
    add_base(parser)
    parser.set_defaults(command=_status)


def add_site(commands: Commands, summary: str) -> None:
    """``ratchet site``."""
    parser = commands.add_parser(
        "site",
        help=summary,
        description="Writes static pages of all models into a folder: how each stands, what was decided and why, how long its "
        "promotions took and how many failed, and the report of what is in production or on its way there. Of a folder that it "
        "wrote before it writes only the pages that have changed. Asks neither a metric source nor GitHub.",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("site"), metavar="DIR", help="where to (default: site)"
    )
    parser.add_argument("--fetch", action="store_true", help="ask the remote for its branches first")
    add_repo(parser)
    add_base(parser)
    parser.set_defaults(command=_site)


def _add_now(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--now", type=instant, metavar="INSTANT", help=f"{what}, such as 2025-09-01T12:00:00Z")


def _watch(options: argparse.Namespace) -> int:
    if options.listen is not None:
        return _listen(options)
    from model_ratchet.actions.watch import WatchInput
    from model_ratchet.actions.watching import every, keep, look, run

    asked = WatchInput(
        repo=options.repo,
        now=options.now or datetime.now(UTC),
        base=options.base,
        models=tuple(options.models),
        environ=dict(os.environ),
    )
    if options.state is None and (options.keep or options.every is not None):
        raise UsageError("name the folder of the state with --state")
    if options.keep:
        kept = keep(options.repo, options.state, asked.now)
        write(f"{kept} files are on ratchet/watch" if kept else "nothing was left: ratchet/watch stays as it is")
        return ExitCode.PASSED
    if options.every is not None:
        if options.now is not None:
            raise UsageError("--every goes by the clock: leave out --now")
        every(
            asked,
            options.state,
            options.every.delta,
            lambda tick: _tell(tick, options),
            health=options.health,
            stop=_stop(),
        )
        return ExitCode.PASSED
    show = progress()
    seen = look(asked) if options.state is None else run(asked, options.state, progress=show)
    show("")
    _outputs(seen)
    return _told(seen, options)


def _listen(options: argparse.Namespace) -> int:
    from model_ratchet.actions.listen import ListenInput, listen

    if options.models or options.state is not None or options.now is not None:
        raise UsageError("--listen takes what comes, when it comes: leave out models, --state and --now")
    asked = ListenInput(
        repo=options.repo,
        address=options.listen,
        base=options.base,
        variable=options.token_variable,
        environ=dict(os.environ),
    )
    listen(asked, _stop(), remark)
    return ExitCode.PASSED


def _tell(tick: "Tick", options: argparse.Namespace) -> None:
    if tick.seen is not None:
        _told(tick.seen, options)
    else:
        remark(f"{tick.at.isoformat(timespec='seconds')}: {tick.failure}")


def _told(seen: "Watch", options: argparse.Namespace) -> int:
    """Prints what was seen."""
    from model_ratchet.report.log import log_safe
    from model_ratchet.report.watched import watched_json, watched_lines

    told = [(one.report, one.case.subject, one.case.stage) for one in seen.seen]
    if options.format == "json":
        write(watched_json(seen.at, told))
    else:
        write("\n".join(log_safe(line) for one in told for line in watched_lines(*one)) or "no version is watched")
    for unclear in seen.unclear:
        remark(f"{unclear.model}: {unclear.trouble}")
    for finding in seen.findings:
        remark(str(finding))
    for trouble in seen.troubles:
        remark(str(trouble))
    if seen.fires:
        return ExitCode.FAILED
    if seen.troubles:
        return ExitCode.NOT_PUBLISHED
    return ExitCode.ERRORED if seen.errored else ExitCode.PASSED


def _outputs(seen: "Watch") -> None:
    """Inside a workflow: which versions have to leave, for the job that may roll back."""
    from model_ratchet.github.job import Job
    from model_ratchet.report.watched import why

    if not os.environ.get("GITHUB_OUTPUT"):
        return
    leaving = [
        {"model": one.case.model.name, "version": one.case.subject.version, "reason": why(one.report)}
        for one in seen.leaving
    ]
    Job.of(os.environ).say(leaving=json.dumps(leaving))


def _status(options: argparse.Namespace) -> int:
    from model_ratchet.actions.status import StatusInput, status
    from model_ratchet.report.standing import standing_json, standing_table

    found = status(StatusInput(repo=options.repo, base=options.base, models=tuple(options.models), fetch=options.fetch))
    now = options.now or datetime.now(UTC)
    write(
        standing_json(found, now)
        if options.format == "json"
        else standing_table(found, now, width=width(), colour=colour(options))
    )
    return ExitCode.PASSED


def _site(options: argparse.Namespace) -> int:
    from model_ratchet.actions.site import SiteInput, site

    asked = SiteInput(repo=options.repo, base=options.base, fetch=options.fetch, environ=os.environ)
    done = site(asked, options.output)
    write(f"{options.output / 'index.html'}: {done.pages} of {done.of} pages written, {done.reports} of them reports")
    return ExitCode.PASSED


def _stop() -> threading.Event:
    """Set when the process is asked to end: the run that goes on is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _address(text: str) -> "Address":
    from model_ratchet.actions.webhook import Address

    try:
        return Address.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _duration(text: str) -> "Duration":
    try:
        found = Duration.parse(text, Dimension.TIME)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if found.value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait")
    return found
