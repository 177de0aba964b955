"""``ratchet sources``, ``doctor`` and ``selftest``: whether what a verdict rests on is in order."""

import argparse
import os
import sys
from datetime import UTC, datetime

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import Commands, add_base, add_repo, instant
from model_ratchet.cli.terminal import colour, remark, width, write


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


def add_selftest(commands: Commands, summary: str) -> None:
    """``ratchet selftest``."""
    parser = commands.add_parser(
        "selftest",
        help=summary,
        description="Tries the known attacks on a pull request (T) and traps of evidence (E) on the policies, model files, "
        "workflows and owners of the protected branch, by the code that judges its promotions, and prints a line for each: "
        "defended and how, NOT defended and what happened, or not applicable and why. It works in a temporary repository "
        "with made-up sources, reviews and ledger: nothing is asked, sent, or written to the repository.",
        epilog="Exit codes: 0 no attack got through, 1 one did, 2 a document of the base is invalid, 3 none is known to get "
        "through, and no honest proposal passes that attacks could be tried on.",
    )
    add_repo(parser)
    add_base(parser)
    parser.add_argument(
        "--now", type=instant, metavar="INSTANT", help="try as of this instant, such as 2025-09-01T12:00:00Z"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_selftest)


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


def _selftest(options: argparse.Namespace) -> int:
    from model_ratchet.actions.selftest import SelftestInput, Tried, selftest
    from model_ratchet.engine.selftest.attack import State, decisive
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.trials import as_json, as_lines

    asked = SelftestInput(repo=options.repo, base=options.base, now=options.now or datetime.now(UTC))
    tried = selftest(asked, progress=remark if sys.stderr.isatty() else None)
    if not isinstance(tried, Tried):
        write(render(Check(findings=tried), options.format, width=width(), colour=colour(options)))
        return ExitCode.INVALID
    write(
        as_json(tried.base, tried.commit, tried.controls, tried.lines)
        if options.format == "json"
        else as_lines(tried.base, tried.commit, tried.controls, tried.lines, width=width(), colour=colour(options)),
    )
    if decisive(tried.lines) is State.BROKEN:
        return ExitCode.FAILED
    return ExitCode.ERRORED if tried.blind else ExitCode.PASSED
