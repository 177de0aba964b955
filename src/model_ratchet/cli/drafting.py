"""``ratchet init``, ``propose``, ``explain``, ``schema`` and ``demo``: what helps to write the documents."""

import argparse
import os
from pathlib import Path

from model_ratchet.cli.codes import ExitCode
from model_ratchet.cli.options import (
    Commands,
    add_base,
    add_force,
    add_repo,
    add_revisions,
)
from model_ratchet.cli.runs import check_input
from model_ratchet.cli.terminal import colour, progress, width, write


def add_init(commands: Commands, summary: str) -> None:
    """``ratchet init``."""
    parser = commands.add_parser(
        "init",
        help=summary,
        description="Writes workflows, example policies, owners and templates into a repository, and says what to click in "
        "its settings. Files that are there are kept.",
    )
    add_repo(parser)
    parser.add_argument(
        "--tier",
        choices=("quickstart", "hardened"),
        default="quickstart",
        help="quickstart trusts whoever may push a branch; hardened does not, and takes a GitHub App (default: quickstart)",
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="also a workflow that publishes the pages of all models on GitHub Pages, for whoever may see those",
    )
    add_force(parser)
    parser.set_defaults(command=_init)


def add_propose(commands: Commands, summary: str) -> None:
    """``ratchet propose``."""
    parser = commands.add_parser(
        "propose",
        help=summary,
        description="Writes promotions/MODEL/VERSION/ into the work tree: a request with the active version as its baseline, "
        "and the documents that its policy requires. What is still to be filled in is marked, and refused until it is.",
    )
    parser.add_argument("model", metavar="MODEL", help="the model, as its file in policies/models is named")
    parser.add_argument("version", metavar="VERSION", help="the new version, such as v2.1.0_20250818_142000")
    parser.add_argument("--from-mlflow", action="store_true", help="fill in what the model's registry holds of it")
    parser.add_argument("--policy", metavar="NAME/VERSION", help="the policy (default: the first of the model file)")
    parser.add_argument("--source-commit", metavar="COMMIT", help="the commit of the model's code")
    add_repo(parser)
    add_base(parser)
    add_force(parser)
    parser.set_defaults(command=_propose)


def add_integrate(commands: Commands, summary: str) -> None:
    """``ratchet integrate``."""
    parser = commands.add_parser(
        "integrate",
        help=summary,
        description="Computes the three artefacts of a version from the evidence of its first stage, and writes them into "
        "promotions/MODEL/VERSION/artifacts/ of the work tree. Every check computes them again and compares.",
    )
    parser.add_argument("model", metavar="MODEL", help="the model, as its file in policies/models is named")
    parser.add_argument("version", metavar="VERSION", help="the version that the head proposes")
    add_revisions(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="print the artefacts, and write nothing")
    how.add_argument(
        "--check", action="store_true", help="compare the committed artefacts, and write nothing (1: they differ)"
    )
    parser.set_defaults(command=_integrate)


def add_explain(commands: Commands, summary: str) -> None:
    """``ratchet explain``."""
    parser = commands.add_parser(
        "explain",
        help=summary,
        description="Says what a kind of criterion asks for, how it judges, and which parameters it takes; or what a "
        "`waiver` covers and how to write one.",
    )
    parser.add_argument("criterion", nargs="?", help="the kind, or `waiver`; without it, all kinds are listed")
    parser.set_defaults(command=_explain)


def add_schema(commands: Commands, summary: str) -> None:
    """``ratchet schema``."""
    parser = commands.add_parser(
        "schema",
        help=summary,
        description="Prints the JSON Schema of one document kind, or writes all of them into a folder.",
    )
    parser.add_argument("document", nargs="?", help="the kind of document; without it, the kinds are listed")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write all schemas into this folder")
    parser.set_defaults(command=_schema)


def add_demo(commands: Commands, summary: str) -> None:
    """``ratchet demo``."""
    parser = commands.add_parser(
        "demo",
        help=summary,
        description="Trains, scores and judges three versions of a flight-delay model on the flights of 2013.",
    )
    parser.add_argument("--dir", type=Path, default=Path("demo"), metavar="DIR", help="where to write (default: demo)")
    parser.set_defaults(command=_demo)


def _init(options: argparse.Namespace) -> int:
    from model_ratchet.actions.init import InitInput, Tier, init, told

    asked = InitInput(
        repo=options.repo,
        tier=Tier(options.tier),
        pages=options.pages,
        force=options.force,
        environ=dict(os.environ),
    )
    write(told(init(asked)))
    return ExitCode.PASSED


def _propose(options: argparse.Namespace) -> int:
    from model_ratchet.actions.propose import ProposeInput, propose, told
    from model_ratchet.report import render
    from model_ratchet.report.check import Check

    drafted = propose(
        ProposeInput(
            repo=options.repo,
            model=options.model,
            version=options.version,
            base=options.base,
            policy=options.policy,
            from_mlflow=options.from_mlflow,
            source_commit=options.source_commit,
            force=options.force,
            environ=dict(os.environ),
        )
    )
    if drafted.findings:
        write(render(Check(findings=drafted.findings), "text", width=width(), colour=colour(options)))
        return ExitCode.INVALID
    write(told(drafted, options.repo))
    return ExitCode.PASSED


def _integrate(options: argparse.Namespace) -> int:
    from model_ratchet.actions.integrate import IntegrateInput, integrate, told
    from model_ratchet.report import render
    from model_ratchet.report.check import Check

    show = progress()
    made = integrate(
        IntegrateInput(
            check=check_input(options),
            model=options.model,
            version=options.version,
            dry_run=options.dry_run,
            compare=options.check,
        ),
        progress=show,
    )
    show("")
    if made.findings:
        write(render(Check(findings=made.findings), "text", width=width(), colour=colour(options)))
        return ExitCode.INVALID
    if options.dry_run:
        write("".join((made.texts or {}).values()))
        return ExitCode.PASSED
    write(told(made))
    return ExitCode.of(made.outcome) if options.check else ExitCode.PASSED


def _explain(options: argparse.Namespace) -> int:
    from model_ratchet.actions.explain import explain

    write(explain(options.criterion))
    return ExitCode.PASSED


def _schema(options: argparse.Namespace) -> int:
    from model_ratchet.actions.schema import print_schema, write_schemas

    if options.write is not None:
        write("\n".join(str(path) for path in write_schemas(options.write)))
    else:
        write(print_schema(options.document))
    return ExitCode.PASSED


def _demo(options: argparse.Namespace) -> int:
    from model_ratchet.actions.demo import demo

    demo(options.dir, say=write, progress=progress(), width=width(), colour=colour(options))
    return ExitCode.PASSED
