"""``ratchet audit``, ``report`` and ``replay``: the ledger verified, read, shown as pages, and judged under another policy."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import Commands, add_base, add_repo, instant
from model_ratchet.cli.terminal import write
from model_ratchet.core.errors import RecordError

if TYPE_CHECKING:
    from model_ratchet.engine.lines import Head


GITHUB = "github"
"""What stands for all anchors that GitHub keeps."""


def add_audit(commands: Commands, summary: str) -> None:
    """``ratchet audit`` with its own commands."""
    parser = commands.add_parser(
        "audit",
        help=summary,
        description="Verifies the branch ratchet/ledger, and says who did what, when, why, and under which policy.",
    )
    asked = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_verify(asked)
    _add_anchor(asked)
    _add_log(asked)
    _add_show(asked)


def add_report(commands: Commands, summary: str) -> None:
    """``ratchet report``."""
    parser = commands.add_parser(
        "report",
        help=summary,
        description="Makes one HTML page of a sealed record, from it alone: the verdict and why, every criterion against what "
        "is asked, charts with their numbers, sign-offs, and what all of it rests on. The page runs nothing and loads nothing.",
    )
    parser.add_argument(
        "what",
        metavar="RECORD",
        help="the file of a record; or, of the ledger, a version, or the first 8 digits or more of a record's digest",
    )
    _add_printed(parser, ())
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write into a file (default: print)")
    parser.set_defaults(command=_report)


def add_replay(commands: Commands, summary: str) -> None:
    """``ratchet replay``."""
    parser = commands.add_parser(
        "replay",
        help=summary,
        description="Judges the sealed evidence of every recorded decision under another policy, and says which would "
        "change, which would not, and which can't be assessed because a need was not recorded. Asks no source.",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="only the decisions of this model")
    parser.add_argument(
        "--policy", required=True, metavar="POLICY", help="NAME/VERSION on the base branch, or the path of a draft"
    )
    add_base(parser)
    _add_printed(parser, ("text", "markdown", "json"))
    parser.set_defaults(command=_replay)


def _add_printed(parser: argparse.ArgumentParser, forms: tuple[str, ...]) -> None:
    add_repo(parser)
    parser.add_argument("--fetch", action="store_true", help="ask the remote for the ledger first")
    if forms:
        parser.add_argument("--format", choices=forms, default="text", help="how to print (default: text)")
        parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="print into a file")


def _add_verify(commands: Commands) -> None:
    parser = commands.add_parser(
        "verify",
        help="find whatever was changed, and judge every record again",
        description="Looks at every line, every record and everything else in the ledger, and judges every record again. "
        "Exit codes: 0 verified, or consistent and not anchored; 1 tampered with; 3 something can't be read.",
    )
    parser.add_argument(
        "--anchor",
        type=_anchor,
        action="append",
        default=[],
        metavar='"N sha256:…"|github',
        help="the head of the ledger as `ratchet audit anchor` printed it earlier, kept elsewhere since; `github`: every one "
        "that `record` and `advance` kept there in check runs and deployments, which takes GITHUB_TOKEN, and in the hardened "
        "tier RATCHET_APP. May be given several times: the ledger has to hold all of them",
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="DIR",
        help="the public keys that signatures are checked against, *.pub (default: policies/keys/ of the protected branch)",
    )
    add_base(parser)
    _add_printed(parser, ("text", "json"))
    parser.set_defaults(command=_verify)


def _add_anchor(commands: Commands) -> None:
    parser = commands.add_parser(
        "anchor",
        help="print the head of the ledger, to be kept elsewhere",
        description="Prints the head of the ledger: the number of its lines and the digest of the last one.",
    )
    _add_printed(parser, ())
    parser.set_defaults(command=_print_anchor)


def _add_log(commands: Commands) -> None:
    parser = commands.add_parser(
        "log",
        help="list what happened",
        description="Lists the events of the ledger: who, what, when, why, under which policy.",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="only the events of this model")
    parser.add_argument("--version", metavar="V", dest="of_version", help="only the events of this version")
    parser.add_argument(
        "--since", type=instant, metavar="INSTANT", help="only from this instant on, such as 2025-09-01T12:00:00Z"
    )
    _add_printed(parser, ("text", "json", "csv"))
    parser.set_defaults(command=_log)


def _add_show(commands: Commands) -> None:
    parser = commands.add_parser(
        "show",
        help="show a version, or a sealed record",
        description="Shows the events of a version with the record that was sealed last, or one record with its events.",
    )
    digits = "the version, or the first 8 digits or more of a record's digest"
    parser.add_argument("what", metavar="DIGEST|VERSION", help=digits)
    _add_printed(parser, ("text", "markdown", "json"))
    parser.set_defaults(command=_show)


def _verify(options: argparse.Namespace) -> int:
    from model_ratchet.actions.audit import keys_at, keys_in, the_ledger, verify
    from model_ratchet.git import Git
    from model_ratchet.report.audit import audit_json, audit_outcome, audit_text

    keys = keys_in(options.keys) if options.keys is not None else keys_at(Git(options.repo), options.base)
    anchors = [anchor for anchor in options.anchor if anchor != GITHUB]
    if GITHUB in options.anchor:
        from model_ratchet.actions.anchoring import kept_anchors
        from model_ratchet.ledger import fetch_ledger

        repository, kept = kept_anchors(options.repo, options.base, os.environ)
        found = verify(fetch_ledger(repository), *anchors, *kept, keys=keys)
    else:
        found = verify(the_ledger(options.repo, fetch=options.fetch), *anchors, keys=keys)
    write(audit_json(found) if options.format == "json" else audit_text(found), options.output)
    return ExitCode.of(audit_outcome(found))


def _print_anchor(options: argparse.Namespace) -> int:
    from model_ratchet.actions.audit import anchor, the_ledger

    write(str(anchor(the_ledger(options.repo, fetch=options.fetch))))
    return ExitCode.PASSED


def _log(options: argparse.Namespace) -> int:
    from model_ratchet.actions.audit import log, the_ledger
    from model_ratchet.report.chronicle import chosen, chronicle_csv, chronicle_json, chronicle_text

    forms = {"text": chronicle_text, "json": chronicle_json, "csv": chronicle_csv}
    rows = log(the_ledger(options.repo, fetch=options.fetch))
    picked = chosen(rows, model=options.model, version=options.of_version, since=options.since)
    write(forms[options.format](picked), options.output)
    return ExitCode.PASSED


def _show(options: argparse.Namespace) -> int:
    from model_ratchet.actions.audit import show, the_ledger
    from model_ratchet.report.shown import shown_json, shown_markdown, shown_text

    found = show(the_ledger(options.repo, fetch=options.fetch), options.what)
    forms = {"text": shown_text, "markdown": shown_markdown, "json": shown_json}
    write(forms[options.format](found.rows, found.record), options.output)
    return ExitCode.PASSED


def _report(options: argparse.Namespace) -> int:
    from model_ratchet.actions.pages import recorded
    from model_ratchet.report.html import as_html

    write(as_html(recorded(options.what, options.repo, fetch=options.fetch)), options.output)
    return ExitCode.PASSED


def _replay(options: argparse.Namespace) -> int:
    from model_ratchet.actions.audit import the_ledger
    from model_ratchet.actions.replay import replay_all, the_policy
    from model_ratchet.git import Git
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.replay import replay_json, replay_markdown, replay_text

    policy = the_policy(Git(options.repo), options.base, options.policy)
    if isinstance(policy, tuple):
        write(render(Check(findings=policy), options.format, width=110), options.output)
        return ExitCode.INVALID
    decisions = replay_all(the_ledger(options.repo, fetch=options.fetch), policy, model=options.model)
    if not decisions:
        of = f" of {options.model}" if options.model is not None else ""
        raise RecordError(f"the ledger holds no recorded decision{of}: nothing was replayed")
    forms = {"text": replay_text, "markdown": replay_markdown, "json": replay_json}
    write(forms[options.format](str(policy.full_name), decisions), options.output)
    return ExitCode.PASSED


def _anchor(text: str) -> "Head | str":
    from model_ratchet.engine.lines import Head

    if text == GITHUB:
        return text
    try:
        return Head.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, or the word {GITHUB}") from None
