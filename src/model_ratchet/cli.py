"""The command line: arguments in, exit code out. The one place that turns outcomes and exceptions into codes.

0 passed · 1 failed · 2 usage or invalid document · 3 errored · 4 pending or inconclusive · 5 judged but not published ·
130 interrupted. The codes never depend on the output format.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, assert_never

from model_ratchet import __version__
from model_ratchet.core.errors import RatchetError, UsageError
from model_ratchet.core.outcome import Outcome

if TYPE_CHECKING:
    from model_ratchet.actions.on_event import Run
    from model_ratchet.actions.publish import Published
    from model_ratchet.actions.recording import Recording
    from model_ratchet.documents.events import Actor
    from model_ratchet.github.job import Job

FORMATS = ("text", "markdown", "json", "junit", "sarif", "github")
ROUTERS = ("nginx", "haproxy", "gateway-api", "istio", "kserve", "argo-rollouts")


class ExitCode(IntEnum):
    """What a run ended as."""

    PASSED = 0
    FAILED = 1
    INVALID = 2
    ERRORED = 3
    WAITING = 4
    NOT_PUBLISHED = 5
    INTERRUPTED = 130

    @classmethod
    def of(cls, outcome: Outcome | None) -> "ExitCode":
        """The code of an outcome; None stands for documents that can't be judged."""
        match outcome:
            case None:
                return cls.INVALID
            case Outcome.PASSED:
                return cls.PASSED
            case Outcome.FAILED:
                return cls.FAILED
            case Outcome.ERRORED:
                return cls.ERRORED
            case Outcome.PENDING | Outcome.INCONCLUSIVE:
                return cls.WAITING
            case _:
                assert_never(outcome)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing above this line ever shows a traceback for what a user did."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else ExitCode.INVALID
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.ERRORED
    except UsageError as error:
        return _say(error, ExitCode.INVALID)
    except RatchetError as error:
        return _say(error, ExitCode.ERRORED)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        return _say(RatchetError(f"the file system refuses {what}"), ExitCode.ERRORED)


def _say(error: Exception, code: ExitCode) -> ExitCode:
    print(f"ratchet: {error}", file=sys.stderr)  # noqa: T201
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ratchet",
        description="Lets a model version into production only when it is shown to be strictly better.",
        epilog="Exit codes: 0 passed, 1 failed, 2 usage or invalid document, 3 errored, 4 pending or inconclusive, "
        "5 judged but not published, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"ratchet {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_check(commands)
    _add_record(commands)
    _add_validate(commands)
    _add_init(commands)
    _add_propose(commands)
    _add_plan(commands)
    _add_advance(commands)
    _add_stage(commands)
    _add_explain(commands)
    _add_schema(commands)
    _add_sources(commands)
    _add_doctor(commands)
    _add_render(commands)
    _add_ledger(commands)
    _add_demo(commands)
    return parser


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "check",
        help="judge the promotion that a branch proposes",
        description="Judges the promotion that a branch proposes, against the policies of its base branch.",
    )
    _add_revisions(parser)
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="judge and render a stored record again, from it alone"
    )
    parser.add_argument(
        "--write-record", type=Path, metavar="FILE", help="write the sealed record (a folder, for several)"
    )
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
    _add_output(parser)
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


def _add_record(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "record",
        help="append what was merged to the ledger",
        description="Appends to the ledger (the branch ratchet/ledger) each promotion, rollback, withdrawal and change of the "
        "policies that it does not hold yet. What no verdict vouches for is recorded as unverified, and ends with 1.",
    )
    _add_repo(parser)
    _add_base(parser)
    parser.add_argument("--now", type=_instant, metavar="INSTANT", help="record as of this instant")
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


def _add_repo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repo", type=Path, default=Path(), metavar="DIR", help="the repository (default: here)")


def _add_base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base", metavar="REV", help="the protected branch (default: the remote's default branch, else main)"
    )


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="write over files that are there already")


def _add_revisions(parser: argparse.ArgumentParser) -> None:
    _add_repo(parser)
    _add_base(parser)
    parser.add_argument("--head", default="HEAD", metavar="REV", help="what is proposed (default: HEAD)")
    parser.add_argument(
        "--now", type=_instant, metavar="INSTANT", help="judge as of this instant, such as 2025-09-01T12:00:00Z"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="print into a file")


def _add_validate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "validate",
        help="check documents only",
        description="Checks policies, model files, sources, waivers and requests of the working tree; asks no source.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="documents to check (default: all)")
    _add_repo(parser)
    _add_output(parser)
    parser.set_defaults(command=_validate)


def _add_init(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "init",
        help="make a repository ready for promotions on GitHub",
        description="Writes workflows, example policies, owners and templates into a repository, and says what to click in "
        "its settings. Files that are there are kept.",
    )
    _add_repo(parser)
    parser.add_argument(
        "--tier",
        choices=("quickstart", "hardened"),
        default="quickstart",
        help="quickstart trusts whoever may push a branch; hardened does not, and takes a GitHub App (default: quickstart)",
    )
    _add_force(parser)
    parser.set_defaults(command=_init)


def _add_propose(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "propose",
        help="write the folder of a new version",
        description="Writes promotions/MODEL/VERSION/ into the work tree: a request with the active version as its baseline, "
        "and the documents that its policy requires. What is still to be filled in is marked, and refused until it is.",
    )
    parser.add_argument("model", metavar="MODEL", help="the model, as its file in policies/models is named")
    parser.add_argument("version", metavar="VERSION", help="the new version, such as v2.1.0_20250818_142000")
    parser.add_argument("--from-mlflow", action="store_true", help="fill in what the model's registry holds of it")
    parser.add_argument("--policy", metavar="NAME/VERSION", help="the policy (default: the first of the model file)")
    parser.add_argument("--source-commit", metavar="COMMIT", help="the commit of the model's code")
    _add_repo(parser)
    _add_base(parser)
    _add_force(parser)
    parser.set_defaults(command=_propose)


def _add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "plan",
        help="how many rows and days each criterion needs",
        description="Says, before anybody waits a week, how many rows and days each criterion needs at the model's "
        "present traffic, which one needs most, and its power at the margin and at twice the margin.",
    )
    _add_revisions(parser)
    parser.add_argument("--policy", metavar="NAME/VERSION", help="plan under this policy instead of the request's")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_plan)


def _add_advance(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "advance",
        help="close a stage that can be decided, and start the next",
        description="Closes the open stage of what a branch proposes, where it can be decided: its evidence is gathered once "
        "and sealed into the ledger. Starts the next stage where that passed and the approvals of `enter:` are there. "
        "Otherwise says why not. Exit code 0: something moved; 4: time will tell; 1: refused, or the attempt is over.",
    )
    _add_revisions(parser)
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


def _add_stage(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "stage",
        help="say what happened to a candidate in traffic",
        description="Writes into the ledger what people and routers say: `confirm` that the router sends what the stage asks "
        "for, `pause` and `resume` a candidate, `withdraw` it, `hold` and `release` a model.",
    )
    parser.add_argument("what", choices=("confirm", "pause", "resume", "withdraw", "hold", "release"))
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION", nargs="?", help="of a candidate; none for hold and release")
    parser.add_argument("--because", default="", metavar="WHY", help="why; it is written down")
    _add_repo(parser)
    parser.add_argument("--now", type=_instant, metavar="INSTANT", help="when it happened (default: now)")
    parser.set_defaults(command=_stage)


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "explain",
        help="what a criterion does and how to write it",
        description="Says what a kind of criterion asks for, how it judges, and which parameters it takes; or what a "
        "`waiver` covers and how to write one.",
    )
    parser.add_argument("criterion", nargs="?", help="the kind, or `waiver`; without it, all kinds are listed")
    parser.set_defaults(command=_explain)


def _add_schema(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "schema",
        help="print or write the JSON Schemas of the documents",
        description="Prints the JSON Schema of one document kind, or writes all of them into a folder.",
    )
    parser.add_argument("document", nargs="?", help="the kind of document; without it, the kinds are listed")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write all schemas into this folder")
    parser.set_defaults(command=_schema)


def _add_sources(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sources",
        help="ask each source one cheap question",
        description="`ratchet sources test` asks each source of policies/sources.yaml one cheap question: is it reachable, "
        "does it let us in, does it hold what the model files bind, what is its newest row, how long does it keep "
        "its samples, and how far is its clock from ours.",
    )
    parser.add_argument("what", choices=("test",), help="test: ask them")
    _add_repo(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_sources)


def _add_doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "doctor",
        help="whether GitHub is set up so that a verdict holds",
        description="Reads rulesets, branch protection, environments, Actions and the names of secrets at GitHub, CODEOWNERS "
        "and the workflows of the protected branch, and compares the clocks. Says what is missing, why it matters and where to "
        "set it; changes nothing. It takes GITHUB_TOKEN: an administrator's sees everything; what another may not see is told "
        "as “cannot verify”, never as fine or missing. The repository is that of the remote, or GITHUB_REPOSITORY; for an "
        "Enterprise server name GITHUB_API_URL.",
        epilog="Exit codes: 0 nothing is missing, 1 something is, 3 nothing is known to be missing, and GitHub could not be "
        "asked about everything.",
    )
    _add_repo(parser)
    parser.add_argument("--base", metavar="BRANCH", help="the protected branch (default: the remote's default branch)")
    parser.add_argument(
        "--app",
        metavar="SLUG",
        help="hardened tier: the App that publishes, as its address ends: github.com/apps/SLUG (default: RATCHET_APP)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    parser.set_defaults(command=_doctor)


def _add_render(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "render",
        help="write the configuration of routers",
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
    _add_repo(traffic)
    _add_base(traffic)
    traffic.set_defaults(command=_render_traffic)


def _add_ledger(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from model_ratchet.cli_ledger import add_audit, add_replay

    place, on_base = argparse.ArgumentParser(add_help=False), argparse.ArgumentParser(add_help=False)
    for parser in (place, on_base):
        _add_repo(parser)
    _add_base(on_base)
    add_audit(commands, place, _instant).set_defaults(command=_tell)
    add_replay(commands, on_base).set_defaults(command=_tell)


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="three promotions of a real model on real flights",
        description="Trains, scores and judges three versions of a flight-delay model on the flights of 2013.",
    )
    parser.add_argument("--dir", type=Path, default=Path("demo"), metavar="DIR", help="where to write (default: demo)")
    parser.set_defaults(command=_demo)


def _check(options: argparse.Namespace) -> int:
    from model_ratchet.report import render

    if options.publish or options.refresh:
        return _check_event(options)
    if options.record is not None:
        from model_ratchet.actions.rejudge import rejudge

        checked = rejudge(options.record)
    else:
        from model_ratchet.actions.check import CheckInput, check
        from model_ratchet.actions.rejudge import stored
        from model_ratchet.actions.sign_off import forge_of

        progress = _progress()
        sealed = tuple(stored(path) for path in options.reuse)
        with forge_of(options.pull_request, os.environ) as (pull_request, forge):
            checked = check(
                CheckInput(
                    repo=options.repo,
                    base=options.base,
                    head=options.head,
                    now=options.now or datetime.now(UTC),
                    environ=dict(os.environ),
                    pull_request=pull_request,
                    sealed=sealed,
                ),
                forge=forge,
                progress=progress,
            )
        progress("")
    if options.write_record is not None:
        from model_ratchet.actions.rejudge import write_records

        if not write_records(checked, options.write_record):
            print("ratchet: nothing was judged, so no record was written", file=sys.stderr)  # noqa: T201
    _print(render(checked, options.format, width=_width(), colour=_colour(options)), options.output)
    return ExitCode.of(checked.outcome)


def _advance(options: argparse.Namespace) -> int:
    from model_ratchet.actions.advance import Asked, advance
    from model_ratchet.actions.check import CheckInput
    from model_ratchet.actions.sign_off import PullRequest, forge_of
    from model_ratchet.engine.advance import End, Wait
    from model_ratchet.git_write import Writer
    from model_ratchet.report.advanced import step_lines
    from model_ratchet.report.check import Check

    if options.publish or options.all:
        return _advance_event(options)
    with forge_of(options.pull_request, os.environ) as (number, forge):
        asked = CheckInput(
            repo=options.repo,
            base=options.base,
            head=options.head,
            now=options.now or datetime.now(UTC),
            environ=dict(os.environ),
            pull_request=number,
        )
        pull = PullRequest(forge, number) if forge is not None and number is not None else None
        found = advance(Asked(check=asked, by=_actor()), Writer(options.repo), pull=pull, progress=_progress())
    if found.findings:
        from model_ratchet.report import render

        _print(render(Check(findings=found.findings), "text", width=_width()), None)
        return ExitCode.INVALID
    subject = f"{found.folder.model} {found.folder.version}" if found.folder is not None else ""
    _print("\n".join(step_lines(subject, found.steps, found.events)) + "\n", None)
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
    with _workflow_run(options) as run:
        done = advance_on_github(event, run, base=options.base, by=_actor())
        _print(advancing_lines(done, run.job), None)
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
        by=_actor(),
    )
    event = mark(said, Writer(options.repo), now=options.now or datetime.now(UTC))
    print(f"{options.model}{f' {options.version}' if options.version else ''}: {event.kind}")  # noqa: T201
    return ExitCode.PASSED


def _actor() -> "Actor":
    """Who runs this: the account that GitHub Actions names, else whoever is logged in."""
    from getpass import getuser

    from model_ratchet.documents.events import Actor

    login, number = os.environ.get("GITHUB_ACTOR"), os.environ.get("GITHUB_ACTOR_ID", "")
    if login:
        return Actor(login=login, id=int(number) if number.isdecimal() else None)
    return Actor(login=getuser())


def _check_event(options: argparse.Namespace) -> int:
    """The verdict goes to GitHub; a passed and a waiting one end with 0, because the check run says which it is."""
    from model_ratchet.actions.on_event import check_and_publish, refresh
    from model_ratchet.actions.told import published_lines, refreshed_lines
    from model_ratchet.github.event import NothingToDo, read_event

    if options.base is not None or options.head != "HEAD" or options.record is not None:
        raise UsageError("what is judged is named by the event: leave out --base, --head and --record")
    event = read_event(os.environ)
    with _workflow_run(options) as run:
        if options.refresh:
            done = tuple(refresh(event, run))
            _print(refreshed_lines(done, run.job), None)
            return ExitCode.PASSED if all(one.sound for one in done) else ExitCode.NOT_PUBLISHED
        published = check_and_publish(event, run)
    if isinstance(published, NothingToDo):
        _print(f"nothing to do: {published.why}", None)
        return ExitCode.PASSED
    _print(published_lines(published), None)
    return _published_code(published)


@contextmanager
def _workflow_run(options: argparse.Namespace) -> Iterator["Run"]:
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


def _record(options: argparse.Namespace) -> int:
    from model_ratchet.actions.recording import recording_lines

    done, job = _record_event(options) if options.publish else (_record_here(options), None)
    _print(recording_lines(done, job), None)
    if options.outcome is not None:
        from model_ratchet.actions.after_merge import last_document

        written = last_document(done.recorded.ledger)
        if written is None:
            print("ratchet: the ledger holds no promotion, so that there is no document to write", file=sys.stderr)  # noqa: T201
        else:
            _print(written, Path(options.outcome) if options.outcome != "-" else None)
    if done.recorded.unverified:
        return ExitCode.FAILED
    return ExitCode.NOT_PUBLISHED if done.trouble else ExitCode.PASSED


def _record_here(options: argparse.Namespace) -> "Recording":
    from model_ratchet.actions.record import Files, RecordInput, record
    from model_ratchet.actions.recording import Recording
    from model_ratchet.actions.rejudge import stored
    from model_ratchet.engine.disclosure import hidden_values
    from model_ratchet.git_write import Writer

    repository = Writer(options.repo)
    tip = repository.commit(options.base if options.base is not None else repository.default_base())
    since = repository.commit(options.since) if options.since is not None else None
    hidden = hidden_values(None, os.environ)
    asked = RecordInput(tip=tip, now=options.now or datetime.now(UTC), hidden=hidden, since=since)
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
    with _workflow_run(options) as run:
        return record_on_github(run, base), run.job


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
    _print(render(checked, options.format, width=_width(), colour=_colour(options)), options.output)
    return ExitCode.of(checked.outcome)


def _init(options: argparse.Namespace) -> int:
    from model_ratchet.actions.init import InitInput, Tier, init, told

    asked = InitInput(repo=options.repo, tier=Tier(options.tier), force=options.force, environ=dict(os.environ))
    _print(told(init(asked)), None)
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
        _print(render(Check(findings=drafted.findings), "text", width=_width(), colour=_colour(options)), None)
        return ExitCode.INVALID
    _print(told(drafted, options.repo), None)
    return ExitCode.PASSED


def _plan(options: argparse.Namespace) -> int:
    from model_ratchet.actions.check import CheckInput
    from model_ratchet.actions.plan import plan_ahead
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.planned import as_json, as_text, as_value

    asked = CheckInput(
        repo=options.repo,
        base=options.base,
        head=options.head,
        now=options.now or datetime.now(UTC),
        environ=dict(os.environ),
    )
    found = plan_ahead(asked, policy=options.policy)
    if found.plan is not None and found.traffic is not None and found.window is not None:
        if options.format == "json":
            _print(as_json(as_value(found.plan, found.traffic, found.window, found.forecasts, found.findings)), None)
            return ExitCode.INVALID if found.findings else ExitCode.PASSED
        _print(as_text(found.plan, found.traffic, found.window, found.forecasts), None)
    if found.findings:
        _print(render(Check(findings=found.findings), options.format, width=_width(), colour=_colour(options)), None)
        return ExitCode.INVALID
    return ExitCode.PASSED


def _explain(options: argparse.Namespace) -> int:
    from model_ratchet.actions.explain import explain

    _print(explain(options.criterion), None)
    return ExitCode.PASSED


def _schema(options: argparse.Namespace) -> int:
    from model_ratchet.actions.schema import print_schema, write_schemas

    if options.write is not None:
        _print("\n".join(str(path) for path in write_schemas(options.write)), None)
    else:
        _print(print_schema(options.document), None)
    return ExitCode.PASSED


def _sources(options: argparse.Namespace) -> int:
    from model_ratchet.actions.sources import ask_sources
    from model_ratchet.core.finding import Finding
    from model_ratchet.report import render
    from model_ratchet.report.check import Check
    from model_ratchet.report.probes import as_json, as_table

    told = ask_sources(options.repo, environ=dict(os.environ), clock=lambda: datetime.now(UTC))
    findings = tuple(one for one in told if isinstance(one, Finding))
    if findings:
        _print(render(Check(findings=findings), options.format, width=_width(), colour=_colour(options)), None)
        return ExitCode.INVALID
    probes = tuple(one for one in told if not isinstance(one, Finding))
    _print(
        as_json(probes) if options.format == "json" else as_table(probes, width=_width(), colour=_colour(options)), None
    )
    return ExitCode.PASSED if all(probe.well for probe in probes) else ExitCode.ERRORED


def _doctor(options: argparse.Namespace) -> int:
    from model_ratchet.actions.doctor import DoctorInput, doctor
    from model_ratchet.engine.doctor import decisive
    from model_ratchet.engine.doctor.rule import State
    from model_ratchet.report.diagnosis import as_json, as_table

    asked = DoctorInput(repo=options.repo, base=options.base, app=options.app, environ=dict(os.environ))
    found = doctor(asked, clock=lambda: datetime.now(UTC))
    _print(
        as_json(found.settings, found.answers)
        if options.format == "json"
        else as_table(found.settings, found.answers, width=_width(), colour=_colour(options)),
        None,
    )
    codes = {State.MISSING: ExitCode.FAILED, State.UNVERIFIED: ExitCode.ERRORED}
    return codes.get(decisive(found.answers), ExitCode.PASSED)


def _render_traffic(options: argparse.Namespace) -> int:
    from model_ratchet.actions.render import RenderInput, publish_traffic, render_traffic, write
    from model_ratchet.report import render
    from model_ratchet.report.check import Check

    asked = RenderInput(repo=options.repo, base=options.base, models=tuple(options.models), target=options.target)
    if options.publish:
        rendered, commit = publish_traffic(asked, datetime.now(UTC))
        _print("nothing has changed" if commit is None else f"published {commit}", None)
    else:
        rendered = render_traffic(asked)
    if options.out is not None:
        for placed in write(rendered, options.out):
            _print(f"{placed.state} {options.out / placed.path}", None)
    elif len(rendered.files) > 1 and not options.publish:
        raise UsageError(f"{len(rendered.files)} models are routed: name one of them, or a folder with --out")
    elif not options.publish:
        for text in rendered.files.values():
            _print(text, None)
    for model in rendered.idle:
        print(f"ratchet: nothing of {model} is promoted, so that nothing is routed", file=sys.stderr)  # noqa: T201
    for unclear in rendered.unclear:
        _say(RatchetError(f"{unclear.model}: {unclear.trouble}"), ExitCode.ERRORED)
    if rendered.findings:
        print(render(Check(findings=rendered.findings), "text", width=_width()), file=sys.stderr)  # noqa: T201
        return ExitCode.INVALID
    return ExitCode.ERRORED if rendered.unclear else ExitCode.PASSED


def _tell(options: argparse.Namespace) -> int:
    """Commands that read, and say what they found and what it comes to."""
    tell: Callable[[argparse.Namespace], tuple[str, Outcome | None]] = options.tell
    text, outcome = tell(options)
    _print(text, getattr(options, "output", None))
    return ExitCode.of(outcome)


def _demo(options: argparse.Namespace) -> int:
    from model_ratchet.actions.demo import demo

    demo(
        options.dir, say=lambda text: _print(text, None), progress=_progress(), width=_width(), colour=_colour(options)
    )
    return ExitCode.PASSED


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant: write 2025-09-01T12:00:00Z") from None
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: end it with Z or an offset")
    return instant.astimezone(UTC)


def _print(text: str, output: Path | None) -> None:
    if output is not None:
        output.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        return
    stream: TextIO = sys.stdout
    stream.write(text if text.endswith("\n") else text + "\n")
    stream.flush()


def _width() -> int | None:
    return None if sys.stdout.isatty() else 110


def _colour(options: argparse.Namespace) -> bool:
    return getattr(options, "output", None) is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _progress() -> Callable[[str], None]:
    """Shows on the terminal what is being done, in one line; an empty text clears it. Silent when nobody looks."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda text: print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)  # noqa: T201
