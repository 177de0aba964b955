"""``ratchet sources`` and ``doctor``: whether what a verdict rests on is in order."""

import argparse
import os
from datetime import UTC, datetime

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import (
    Commands,
    add_repo,
)
from model_ratchet.cli.terminal import colour, width, write


def add_sources(commands: Commands, summary: str) -> None:
    """``ratchet sources``."""
    parser = commands.add_parser(
        "sources",
        help=summary,
        description="`ratchet sources test` asks each source of policies/sources.yaml one cheap question: is it reachable, "
        "does it let us in, does it hold what the model files bind, what is its newest row, how long does it keep "
        "its samples, and how far is its clock from ours.",
    )
    parser.add_argument("what", choices=("test",), help="test: ask them")
    add_repo(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_sources)


def add_doctor(commands: Commands, summary: str) -> None:
    """``ratchet doctor``."""
    parser = commands.add_parser(
        "doctor",
        help=summary,
        description="Reads rulesets, branch protection, environments, Actions and the names of secrets at GitHub, CODEOWNERS "
        "and the workflows of the protected branch, and compares the clocks. Says what is missing, why it matters and where to "
        "set it; changes nothing. It takes GITHUB_TOKEN: an administrator's sees everything; what another may not see is told "
        "as “cannot verify”, never as fine or missing. The repository is that of the remote, or GITHUB_REPOSITORY; for an "
        "Enterprise server name GITHUB_API_URL.",
        epilog="Exit codes: 0 nothing is missing, 1 something is, 3 nothing is known to be missing, and GitHub could not be "
        "asked about everything.",
    )
    add_repo(parser)
    parser.add_argument("--base", metavar="BRANCH", help="the protected branch (default: the remote's default branch)")
    parser.add_argument(
        "--app",
        metavar="SLUG",
        help="hardened tier: the App that publishes, as its address ends: github.com/apps/SLUG (default: RATCHET_APP)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_doctor)


def _sources(options: argparse.Namespace) -> int:
    from model_ratchet.actions.sources import ask_sources
    from model_ratchet.core.finding import Finding
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.probes import as_json, as_table

    told = ask_sources(options.repo, environ=dict(os.environ), clock=lambda: datetime.now(UTC))
    findings = tuple(one for one in told if isinstance(one, Finding))
    if findings:
        write(render(Check(findings=findings), options.format, width=width(), colour=colour(options)))
        return ExitCode.INVALID
    probes = tuple(one for one in told if not isinstance(one, Finding))
    write(
        as_json(probes) if options.format == "json" else as_table(probes, width=width(), colour=colour(options)),
    )
    return ExitCode.PASSED if all(probe.well for probe in probes) else ExitCode.ERRORED


def _doctor(options: argparse.Namespace) -> int:
    from model_ratchet.actions.doctor import DoctorInput, doctor
    from model_ratchet.engine.doctor import decisive
    from model_ratchet.engine.doctor.rule import State
    from model_ratchet.report.diagnosis import as_json, as_table

    asked = DoctorInput(repo=options.repo, base=options.base, app=options.app, environ=dict(os.environ))
    found = doctor(asked, clock=lambda: datetime.now(UTC))
    write(
        as_json(found.settings, found.answers)
        if options.format == "json"
        else as_table(found.settings, found.answers, width=width(), colour=colour(options)),
    )
    codes = {State.MISSING: ExitCode.FAILED, State.UNVERIFIED: ExitCode.ERRORED}
    return codes.get(decisive(found.answers), ExitCode.PASSED)
