"""A promotion's way through its stages on a real repository and a real ledger: started, closed with sealed evidence, ended."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import POLICY, START, V1, V2, V3, promotion, request, rules, write_log
from builders.traffic import SECTIONS
from model_ratchet.actions.advance import Advanced, Asked, advance
from model_ratchet.actions.audit import verify
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.mark import Mark, Said, mark
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import UsageError
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.documents.events import Actor, Hold
from model_ratchet.engine.advance import Close, End, Start, State, Wait
from model_ratchet.engine.again import Again
from model_ratchet.engine.lines import read_lines
from model_ratchet.engine.record import digest
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, GitLedger, append, fetch_ledger, open_ledger, record_path, report_path

HOUR = timedelta(hours=1)
CANARY = START + 37 * HOUR
"""The shadow's day, twelve hours in which its labels come, and one more."""
DECIDED = CANARY + 60 * HOUR
ANN = Actor(login="ann", id=7)


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


def proposed(tmp_path: Path, log: Path, more: Mapping[str, str | bytes] | None = None) -> Repo:
    repo = a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none")})
    repo.branch("proposal", {**promotion(V2, V1, more=""), **(more or {})})
    return repo


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    return proposed(tmp_path, log)


def moved(
    repo: Repo, now: datetime, *, state: State = State.OPEN, by: Actor | None = None, head: str = "proposal"
) -> Advanced:
    asked = CheckInput(repo=repo.path, base="main", head=head, now=now)
    return advance(Asked(check=asked, state=state, by=by), Writer(repo.path))


def kinds(repo: Repo) -> list[str]:
    """The events of the ledger, whose chain holds."""
    read = read_lines(fetch_ledger(Writer(repo.path)).lines())
    assert read.broken == ()
    return [event.kind for event in read.events]


def waits(found: Advanced) -> str:
    (step,) = found.steps
    assert isinstance(step, Wait)
    assert found.events == ()
    return step.because


def test_from_admission_to_the_merge_each_stage_is_started_closed_and_sealed(repo: Repo) -> None:
    assert moved(repo, START).steps == (Start("shadow", 0.0, 1.0, admits=True),)
    assert waits(moved(repo, START + 5 * HOUR)) == "shadow can be decided at 2025-02-02T12:00Z"
    assert moved(repo, CANARY).steps == (Close("shadow", Outcome.PASSED), Start("canary", 0.0, 1.0))
    assert waits(moved(repo, CANARY + HOUR)).startswith("canary can be decided at")
    closed = moved(repo, DECIDED)
    assert closed.steps[0] == Close("canary", Outcome.PASSED)
    assert isinstance(closed.steps[1], Wait)
    assert closed.steps[1].because == "every stage has passed: what follows is the merge"
    assert waits(moved(repo, DECIDED + HOUR)) == "every stage has passed: what follows is the merge"
    assert kinds(repo) == [
        "admitted",
        "stage-started",
        "confirmed",
        "stage-closed",
        "stage-started",
        "confirmed",
        "stage-closed",
    ]
    ledger = open_ledger(Writer(repo.path))
    attempt = ledger.story("demo").attempt(V2)
    assert attempt is not None
    assert attempt.admitted.attempt == 1
    assert set(attempt.starts[1].pinned) == {"model", "sources"}
    assert closed.record is not None
    assert attempt.closed["canary"].record == digest(closed.record)
    assert ledger.repository.paths(ledger.commit or "", "records") == tuple(
        sorted(record_path(event.record) for event in attempt.closed.values())
    )
    assert len(ledger.repository.paths(ledger.commit or "", "reports")) == 2
    assert report_path(digest(closed.record)) in ledger.repository.paths(ledger.commit or "", "reports")
    audit = verify(ledger, ledger.head(), workers=1)
    assert (audit.tampered, audit.unread) == ((), ())
    assert [one.rejudged.again for one in audit.records] == [Again.SAME_BYTES, Again.SAME_BYTES]


def test_the_check_reads_its_stages_from_the_ledger_and_closed_ones_are_asked_of_no_source(tmp_path: Path) -> None:
    log = write_log(tmp_path / "requests.csv")
    repo = proposed(tmp_path, log)
    for now in (START, CANARY, DECIDED):
        moved(repo, now)
    asked = CheckInput(repo=repo.path, base="main", head="proposal", now=DECIDED + HOUR)
    (record,) = check(asked).records
    assert record.verdict.outcome is Outcome.PASSED
    log.unlink()
    (later,) = check(asked).records
    assert later.verdict.outcome is Outcome.PASSED
    assert later.evidence.queries == {}
    (without,) = check(asked, ledger=GitLedger(Writer(repo.path), None)).records
    assert without.verdict.outcome is Outcome.PENDING


def test_a_stage_that_failed_ends_the_attempt_and_the_next_is_the_second(tmp_path: Path) -> None:
    worse = write_log(tmp_path / "worse.csv", (V1, V3))
    text = worse.read_text(encoding="utf-8").replace(V1, "x").replace(V3, V1).replace("x", V2)
    worse.write_text(
        text.replace(f"{V2},served", f"{V2},mirrored").replace(f"{V1},mirrored", f"{V1},served"), encoding="utf-8"
    )
    repo = proposed(tmp_path, worse)
    moved(repo, START)
    moved(repo, CANARY)
    ended = moved(repo, DECIDED)
    assert ended.steps == (Close("canary", Outcome.FAILED), End("canary failed: better"))
    assert kinds(repo)[-2:] == ["stage-closed", "withdrawn"]
    assert open_ledger(Writer(repo.path)).story("demo").history(V2) is None
    moved(repo, DECIDED + HOUR)
    attempt = open_ledger(Writer(repo.path)).story("demo").attempt(V2)
    assert attempt is not None
    assert (attempt.number, [run.stage for run in attempt.runs]) == (2, ["shadow"])


def test_a_source_that_is_down_seals_nothing(tmp_path: Path) -> None:
    log = write_log(tmp_path / "requests.csv")
    repo = proposed(tmp_path, log)
    moved(repo, START)
    moved(repo, CANARY)
    hidden = log.rename(tmp_path / "hidden.csv")
    found = moved(repo, DECIDED)
    assert waits(found).startswith("canary could not be looked at (better")
    hidden.rename(log)
    assert moved(repo, DECIDED + HOUR).steps[0] == Close("canary", Outcome.PASSED)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.FORK, "the pull request is from a fork, and a fork starts no stage"),
        (State.DRAFT, "the pull request is a draft"),
        (State.CLOSED, "the pull request is closed"),
    ],
    ids=["fork", "draft", "closed"],
)
def test_what_is_no_open_pull_request_of_our_own_starts_nothing(repo: Repo, state: State, why: str) -> None:
    assert waits(moved(repo, START, state=state)) == why
    assert kinds(repo) == []


def test_a_closed_pull_request_takes_its_candidate_out(repo: Repo) -> None:
    moved(repo, START)
    assert moved(repo, START + HOUR, state=State.CLOSED).steps == (End("the pull request is closed"),)
    assert kinds(repo)[-1] == "withdrawn"


def test_who_asks_in_vain_is_written_down_and_a_schedule_is_not(repo: Repo) -> None:
    append(
        Writer(repo.path),
        lambda _: Entry((Hold(at=START, model="demo", because="incident 12"),)),
        "hold",
        START,
        hidden={},
    )
    assert waits(moved(repo, START)) == "demo is held: incident 12"
    assert [event.kind for event in moved(repo, START, by=ANN).events] == ["refused"]
    (refused,) = open_ledger(Writer(repo.path)).story("demo").refused
    assert (refused.by, refused.because) == (ANN, "demo is held: incident 12")


def test_a_moved_baseline_ends_the_attempt(repo: Repo) -> None:
    moved(repo, START)
    repo.git("checkout", "--quiet", "main")
    repo.commit(promotion(V3, V1), "another was faster")
    repo.branch("again", {f"promotions/demo/{V2}/promotion.yaml": request(V2, V3, more="")}, start="main")
    found = moved(repo, START + HOUR, head="again")
    assert found.steps == (End(f"the baseline moved from {V1} to {V3}: fresh windows are needed"),)
    assert moved(repo, START + 2 * HOUR, head="again").steps == (Start("shadow", 0.0, 1.0, admits=True),)
    attempt = open_ledger(Writer(repo.path)).story("demo").attempt(V2)
    assert attempt is not None
    assert attempt.number == 1


def test_a_pause_is_left_out_of_the_window(repo: Repo) -> None:
    moved(repo, START)
    pause = Mark(kind=Said.PAUSE, model="demo", candidate=V2, because="router upgrade")
    mark(pause, Writer(repo.path), now=START + 3 * HOUR, environ={})
    assert waits(moved(repo, CANARY)) == "shadow is paused since 2025-02-01T03:00Z"
    mark(Mark(kind=Said.RESUME, model="demo", candidate=V2), Writer(repo.path), now=START + 5 * HOUR, environ={})
    assert waits(moved(repo, START + 37 * HOUR)) == "shadow can be decided at 2025-02-02T14:00Z"


def test_with_a_router_a_stage_runs_from_when_it_was_seen(tmp_path: Path, log: Path) -> None:
    routed = f"assignment: user_id\ntraffic: {{target: nginx, {SECTIONS['nginx']}}}\n"
    traffic = str(rules(log, more=routed)["policies/models/demo.yaml"])
    repo = proposed(tmp_path, log)
    repo.git("checkout", "--quiet", "main")
    repo.commit({"policies/models/demo.yaml": traffic}, "a router")
    assert [event.kind for event in moved(repo, START).events] == ["admitted", "stage-started"]
    assert waits(moved(repo, CANARY)) == "the router has not confirmed yet that shadow has started"
    mark(Mark(kind=Said.CONFIRM, model="demo", candidate=V2), Writer(repo.path), now=START + 2 * HOUR, environ={})
    assert waits(moved(repo, START + 5 * HOUR)) == "shadow can be decided at 2025-02-02T14:00Z"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Mark(kind=Said.PAUSE, model="demo", candidate=V3, because="x"), "has no open attempt"),
        (Mark(kind=Said.RESUME, model="demo", candidate=V2), "shadow is not paused"),
        (Mark(kind=Said.CONFIRM, model="demo", candidate=V2), "shadow is confirmed already"),
        (Mark(kind=Said.RELEASE, model="demo", because="x"), "demo is not held"),
        (Mark(kind=Said.PAUSE, model="demo", candidate=V2), "say why"),
        (Mark(kind=Said.WITHDRAW, model="demo", because="x"), "of which version"),
    ],
    ids=["no-attempt", "not-paused", "confirmed", "not-held", "no-reason", "no-version"],
)
def test_a_word_that_fits_nothing_is_refused_and_writes_nothing(repo: Repo, said: Mark, why: str) -> None:
    moved(repo, START)
    before = kinds(repo)
    with pytest.raises(UsageError, match=why):
        mark(said, Writer(repo.path), now=START + HOUR, environ={})
    assert kinds(repo) == before


def test_a_model_is_held_and_released_and_a_candidate_withdrawn_by_hand(repo: Repo) -> None:
    moved(repo, START)
    writer = Writer(repo.path)
    mark(Mark(kind=Said.HOLD, model="demo", because="incident 12", by=ANN), writer, now=START + HOUR, environ={})
    assert waits(moved(repo, CANARY)) == "demo is held: incident 12"
    mark(Mark(kind=Said.RELEASE, model="demo", because="over", by=ANN), writer, now=START + 2 * HOUR, environ={})
    mark(
        Mark(kind=Said.WITHDRAW, model="demo", candidate=V2, because="a bug", by=ANN),
        writer,
        now=START + 3 * HOUR,
        environ={},
    )
    assert kinds(repo)[-3:] == ["hold", "released", "withdrawn"]
    assert open_ledger(writer).story("demo").open == ()


def test_the_command_says_what_it_did_and_what_it_waits_for(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["advance", "--repo", str(repo.path), "--base", "main", "--head", "proposal"]
    assert run(arguments) == ExitCode.PASSED
    assert "demo v1.1.0_20250102_000000: shadow starts (mirror 100" in capsys.readouterr().out
    assert run(arguments) == ExitCode.WAITING
    assert "can be decided at" in capsys.readouterr().out
    stage = ["stage", "--repo", str(repo.path)]
    assert run([*stage, "pause", "demo", V2, "--because", "maintenance"]) == ExitCode.PASSED
    assert run([*stage, "hold", "demo", "--because", "incident"]) == ExitCode.PASSED
    assert run(arguments) == ExitCode.FAILED
    assert run([*stage, "resume", "demo", V3]) == ExitCode.INVALID
    assert f"{V3} of demo has no open attempt" in capsys.readouterr().err
    assert kinds(repo)[-3:] == ["paused", "hold", "refused"]


def on_main(repo: Repo, files: Mapping[str, str | bytes]) -> None:
    """A change of the protected branch; the proposal stays where it is."""
    repo.git("checkout", "--quiet", "main")
    repo.commit(files, "change")


def touched(text: str | bytes) -> bytes:
    return (text if isinstance(text, bytes) else text.encode()) + b"# a comment\n"


def test_a_model_file_or_a_source_that_changes_ends_the_attempt_and_a_source_that_is_not_read_does_not(
    repo: Repo, log: Path
) -> None:
    held = rules(log)
    moved(repo, START)
    more = f"  other: {{kind: table, path: {log}}}\n".encode()
    on_main(repo, {"policies/sources.yaml": touched(held["policies/sources.yaml"]) + more})
    assert waits(moved(repo, START + HOUR)).startswith("shadow can be decided")
    on_main(repo, {"policies/models/demo.yaml": touched(held["policies/models/demo.yaml"])})
    (record,) = check(CheckInput(repo=repo.path, base="main", head="proposal", now=CANARY)).records
    assert [reason.parameters["what"] for reason in record.plan.reasons if reason.why is Why.STARTS_AGAIN] == [
        "the model file has changed since shadow was started"
    ]
    assert all(stage.window is None for stage in record.plan.stages)
    ended = moved(repo, CANARY)
    assert ended.steps == (End("the model file has changed since shadow was started: fresh windows are needed"),)
    assert moved(repo, CANARY + HOUR).steps == (Start("shadow", 0.0, 1.0, admits=True),)


def test_another_path_of_a_source_that_is_read_ends_the_attempt(repo: Repo, tmp_path: Path) -> None:
    moved(repo, START)
    on_main(repo, {"policies/sources.yaml": str(rules(tmp_path / "other.csv")["policies/sources.yaml"])})
    (step,) = moved(repo, START + HOUR).steps
    assert step == End("a source that the model reads has changed since shadow was started: fresh windows are needed")


def both(log: Path) -> dict[str, str | bytes]:
    """The model may use both versions from the start, so that its file need not change."""
    model = str(rules(log)["policies/models/demo.yaml"])
    return {"policies/models/demo.yaml": model.replace("[small/1.0.0]", "[small/1.0.0, small/1.0.1]")}


NEXT = POLICY.replace("version: 1.0.0", "version: 1.0.1")


@pytest.fixture
def under_way(tmp_path: Path, log: Path) -> Repo:
    """Past its shadow, which is sealed, in a repository whose model file names the successor already."""
    repo = a_repo(
        tmp_path / "repo", {**rules(log), **both(log), "policies/small/1.0.1.yaml": NEXT, **promotion(V1, "none")}
    )
    repo.branch("proposal", promotion(V2, V1, more=""))
    moved(repo, START)
    moved(repo, CANARY)
    return repo


def revoke(repo: Repo, log: Path) -> None:
    digest = hashlib.sha256(str(rules(log)["policies/small/1.0.0.yaml"]).encode()).hexdigest()
    revoked = (
        "apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n"
        f"  - {{policy: small/1.0.0, digest: 'sha256:{digest}', from: 2025-02-01T00:00:00Z, "
        "reason: a slip of the pen, replaced_by: small/1.0.1}\n"
    )
    on_main(repo, {"policies/revocations.yaml": revoked})


def move(repo: Repo) -> None:
    """The proposal asks for the successor."""
    repo.branch("moved", promotion(V2, V1, policy="small/1.0.1", more=""), start="main")


def test_a_candidate_moves_to_the_successor_of_a_revoked_policy_without_starting_again(
    under_way: Repo, log: Path
) -> None:
    revoke(under_way, log)
    move(under_way)
    closed = moved(under_way, DECIDED, head="moved")
    assert closed.steps[0] == Close("canary", Outcome.PASSED)
    assert closed.record is not None
    assert closed.record.plan.policy == "small/1.0.1"
    assert "withdrawn" not in kinds(under_way)


def test_without_a_revocation_another_policy_is_another_attempt(under_way: Repo) -> None:
    move(under_way)
    (step,) = moved(under_way, DECIDED, head="moved").steps
    assert step == End("it was admitted under small/1.0.0, and asks for small/1.0.1 now: fresh windows are needed")


def test_a_successor_that_needs_what_was_not_sealed_starts_again(tmp_path: Path, log: Path) -> None:
    stricter = NEXT + "      - {id: shadow-better, kind: superiority, metric: accuracy, by: 2pp, stage: shadow}\n"
    repo = a_repo(
        tmp_path / "repo", {**rules(log), **both(log), "policies/small/1.0.1.yaml": stricter, **promotion(V1, "none")}
    )
    repo.branch("proposal", promotion(V2, V1, more=""))
    moved(repo, START)
    moved(repo, CANARY)
    revoke(repo, log)
    move(repo)
    (step,) = moved(repo, DECIDED, head="moved").steps
    assert isinstance(step, (End, Close))
