"""What a version brings: computed from its shadow, judged, pinned at the canary, handed on from version to version."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders.props import (
    CANARY,
    HOUR,
    LISTED,
    MODEL,
    POLICY,
    PRICED,
    START,
    V1,
    V2,
    V3,
    artefact,
    integrated,
    priced,
    proposal,
    proposed,
    rules,
    write_log,
)
from builders.repositories import Repo, a_repo
from model_ratchet.actions.advance import Advanced, Asked, advance
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.artifacts import Artifacts
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import SourceError, UsageError
from model_ratchet.core.names import Version
from model_ratchet.core.verdict import Leaf
from model_ratchet.documents.events import PromotedVersion, RolledBackVersion, StageStarted
from model_ratchet.engine.advance import End, Start, Wait
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append
from model_ratchet.report.check import Check


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("events") / "events.csv", (V1, V2, V3))


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    return proposed(tmp_path / "repo", log)


def moved(repo: Repo, now: datetime, head: str = "proposal") -> Advanced:
    asked = CheckInput(repo=repo.path, base="main", head=head, now=now)
    return advance(Asked(check=asked), Writer(repo.path))


def checked(repo: Repo, now: datetime, head: str = "proposal") -> Check:
    return check(CheckInput(repo=repo.path, base="main", head=head, now=now))


def leaf(found: Check, name: str = "artifacts") -> Leaf:
    (record,) = found.records
    return next(one for gate in record.verdict.gates for one in gate.leaves if one.id == name)


def in_canary(repo: Repo) -> Repo:
    """The artefacts are written after the shadow, committed, and the canary has started with them."""
    moved(repo, START)
    integrated(repo)
    repo.commit(message="artefacts")
    moved(repo, CANARY)
    return repo


def edited(repo: Repo, change: Mapping[str, str], version: str = V2, name: str = "calibration") -> None:
    file = artefact(repo, version, name)
    text = file.read_text()
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    repo.commit({str(file.relative_to(repo.path)): text}, "edited")


def slope(repo: Repo, version: str = V2) -> str:
    return f"b: {yaml.safe_load(artefact(repo, version).read_text())['overall']['map']['b']!r}"


def test_a_version_waits_for_its_artefacts_and_starts_the_canary_with_them(repo: Repo) -> None:
    moved(repo, START)
    with pytest.raises(UsageError, match="computed from all of shadow, which can be decided at 2025-02-02"):
        integrated(repo, now=START + HOUR)
    (_, waits) = moved(repo, CANARY).steps
    assert isinstance(waits, Wait)
    assert waits.because == "canary does not start: artifacts"
    assert leaf(checked(repo, CANARY)).outcome == "pending"
    written = integrated(repo, now=CANARY)
    assert [str(one.state) for one in written.placed] == ["wrote"] * 3
    repo.commit(message="artefacts")
    found = leaf(checked(repo, CANARY))
    assert (found.outcome, found.judgement.reason.parameters["value"]) == ("passed", "3 artefacts")
    started = moved(repo, CANARY)
    assert started.steps == (Start("canary", 0.1, 1.0),)
    (event,) = (one for one in started.events if isinstance(one, StageStarted))
    assert event.pinned.keys() == {"model", "sources", "artifacts"}


def test_the_shadow_pins_no_artefact(repo: Repo) -> None:
    (event,) = (one for one in moved(repo, START).events if isinstance(one, StageStarted))
    assert "artifacts" not in event.pinned


def test_artefacts_from_the_sources_and_from_the_ledger_are_the_same_bytes(repo: Repo) -> None:
    moved(repo, START)
    before = integrated(repo, dry_run=True).texts
    moved(repo, CANARY)
    assert integrated(repo, now=CANARY + 10 * HOUR, dry_run=True).texts == before
    assert not artefact(repo, V2).exists()


def test_a_segment_and_the_whole_are_calibrated_as_the_log_was_made(repo: Repo) -> None:
    in_canary(repo)
    found = yaml.safe_load(artefact(repo, V2).read_text())
    assert found["overall"]["map"]["a"] == pytest.approx(0.4, abs=0.15)
    assert found["overall"]["map"]["b"] == pytest.approx(1.3, abs=0.15)
    assert (found["data"]["excluded"], found["data"]["events"]) == (24, 24 * 60 - 24)
    assert (found["segments"]["nfl"]["events"], found["segments"]["nfl"]["reason"]) == (24, "too_few_events")
    performance = yaml.safe_load(artefact(repo, V2, "optimizer").read_text())["performance"]
    assert performance["latency_p95_s"] == pytest.approx(0.077, rel=0.02)
    assert (performance["error_rate"], performance["memory_bytes"]) == (0.0, None)
    served = Artifacts.load(artefact(repo, V2).parent)
    assert served.calibrate(0.5, "nba") == pytest.approx(0.58, abs=0.05)


def test_an_edited_number_fails_with_its_key_path_and_starts_no_canary(repo: Repo) -> None:
    moved(repo, START)
    integrated(repo)
    repo.commit(message="artefacts")
    edited(repo, {slope(repo): "b: 1.1"})
    found = leaf(checked(repo, CANARY))
    assert found.outcome == "failed"
    assert found.judgement.reason.parameters["key"] == "calibration.overall.map.b"
    assert found.judgement.reason.parameters["committed"] == "1.1"
    (_, waits) = moved(repo, CANARY).steps
    assert isinstance(waits, Wait)
    integrated(repo, now=CANARY)
    repo.commit(message="as they were")
    assert moved(repo, CANARY).steps == (Start("canary", 0.1, 1.0),)


def test_another_artefact_in_the_canary_is_a_new_attempt(repo: Repo) -> None:
    in_canary(repo)
    assert leaf(checked(repo, CANARY + HOUR)).outcome == "passed"
    edited(repo, {slope(repo): "b: 1.1"})
    (reason,) = (one for one in checked(repo, CANARY + HOUR).records[0].plan.reasons if one.why == "starts_again")
    assert (
        reason.parameters["what"] == "an artefact that is served beside the model has changed since canary was started"
    )
    (step,) = moved(repo, CANARY + HOUR).steps
    assert isinstance(step, End)


def test_an_artefact_that_is_gone_in_the_canary_is_a_new_attempt(repo: Repo) -> None:
    in_canary(repo)
    for name in ("calibration", "confidence", "optimizer"):
        artefact(repo, V2, name).unlink()
    repo.commit(message="gone")
    (step,) = moved(repo, CANARY + HOUR).steps
    assert isinstance(step, End)


def test_once_they_are_served_others_are_told_and_never_written(repo: Repo) -> None:
    in_canary(repo)
    unchanged = integrated(repo, now=CANARY + HOUR)
    assert {str(one.state) for one in unchanged.placed} == {"unchanged"}
    edited(repo, {slope(repo): "b: 1.1"})
    with pytest.raises(UsageError, match="restore it, or begin a new attempt"):
        integrated(repo, now=CANARY + HOUR)
    assert slope(repo) == "b: 1.1"


def test_served_artefacts_that_the_evidence_does_not_give_are_told_and_never_written_over(
    tmp_path: Path, log: Path
) -> None:
    """Where the policy only advises, a canary may start with other artefacts than the evidence gives."""
    policy = POLICY.replace("kind: artifacts, stage: shadow", "kind: artifacts, stage: shadow, advisory: true")
    repo = proposed(tmp_path / "repo", log, files=rules(log, policy=policy))
    moved(repo, START)
    integrated(repo)
    repo.commit(message="artefacts")
    edited(repo, {slope(repo): "b: 1.1"})
    assert moved(repo, CANARY).steps[-1] == Start("canary", 0.1, 1.0)
    with pytest.raises(UsageError, match="canary has started with the artefacts as they are committed"):
        integrated(repo, now=CANARY + HOUR)
    assert integrated(repo, now=CANARY + HOUR, compare=True).outcome == "failed"
    assert slope(repo) == "b: 1.1"


def test_the_parent_is_that_of_the_base_branch_and_the_chain_goes_on_after_a_rollback(
    tmp_path: Path, log: Path
) -> None:
    repo = in_canary(proposed(tmp_path / "repo", log))
    merged(repo, V2, V1, CANARY + 30 * HOUR)
    first = yaml.safe_load(artefact(repo, V2).read_text())
    assert first["parent"] is None, "V1 brought no artefacts"

    third = a_third(repo, V2)
    assert (third["parent"]["version"], third["segments"]["nfl"]["map"]) == (V2, first["segments"]["nfl"]["map"])
    track = yaml.safe_load(artefact(repo, V3, "confidence").read_text())["track_record"]
    assert {version: one["status"] for version, one in track.items()} == {V2: "promoted"}
    assert track[V2]["events"] == 24 * 59

    rolled_back(repo, V2, V1, CANARY + 40 * HOUR)
    again = a_third(repo, V1)
    assert again["parent"] is None, "the active version is V1 again, which has none"
    track = yaml.safe_load(artefact(repo, V3, "confidence").read_text())["track_record"]
    assert {version: one["status"] for version, one in track.items()} == {V2: "rolled_back"}


def a_third(repo: Repo, baseline: str) -> Any:
    """The calibration of V3, on a branch of its own, after a shadow that is stated by hand."""
    started = CANARY + 42 * HOUR
    history = f"history:\n  - {{stage: shadow, started: {started.isoformat()}}}\n"
    head = f"third-{baseline}"
    repo.branch(head, proposal(V3, baseline, more=LISTED + history), start="main")
    integrated(repo, V3, now=started + 26 * HOUR)
    repo.commit(message="artefacts")
    found = leaf(checked(repo, started + 26 * HOUR, head))
    assert found.outcome == "passed", found.judgement
    return yaml.safe_load(artefact(repo, V3).read_text())


def merged(repo: Repo, version: str, baseline: str, at: datetime) -> None:
    """The proposal on main, and its line in the ledger."""
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "--message", "promote", "proposal")
    commit = repo.git("rev-parse", "HEAD")
    event = PromotedVersion(
        at=at,
        model="props",
        candidate=Version.parse(version),
        baseline=Version.parse(baseline),
        commit=commit,
        tree=repo.git("rev-parse", f"HEAD:promotions/props/{version}"),
    )
    append(Writer(repo.path), lambda _: Entry((event,)), "promoted", at, hidden={}, sign=None)


def rolled_back(repo: Repo, version: str, returns_to: str, at: datetime) -> None:
    repo.git("checkout", "--quiet", "main")
    repo.git("rm", "-r", "--quiet", f"promotions/props/{version}")
    commit = repo.commit(message="roll back")
    event = RolledBackVersion(
        at=at,
        model="props",
        version=Version.parse(version),
        returns_to=Version.parse(returns_to),
        commit=commit,
        cause="culprit",
    )
    append(Writer(repo.path), lambda _: Entry((event,)), "rolled back", at, hidden={}, sign=None)


def test_inherited_artefacts_that_are_not_those_that_were_served_are_a_finding(tmp_path: Path, log: Path) -> None:
    repo = in_canary(proposed(tmp_path / "repo", log))
    merged(repo, V2, V1, CANARY + 30 * HOUR)
    edited(repo, {slope(repo): "b: 1.1"})
    repo.branch("third", proposal(V3, V2), start="main")
    (finding,) = checked(repo, CANARY + 40 * HOUR, "third").findings
    assert finding.location.file == f"promotions/props/{V2}/artifacts/calibration.yaml"
    assert "not those that it was served with" in finding.message
    assert integrated(repo, V3, now=CANARY + 40 * HOUR).findings == (finding,)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("artifacts: {calibration: artifacts/other.yaml}\n", "stands in artifacts/calibration.yaml"),
        ("artifacts: {magic: artifacts/magic.yaml}\n", "no artefact is called magic"),
    ],
    ids=["place", "name"],
)
def test_an_artefact_that_stands_elsewhere_is_a_finding(tmp_path: Path, log: Path, listed: str, message: str) -> None:
    repo = proposed(tmp_path / "repo", log, more=listed)
    (finding,) = checked(repo, CANARY).findings
    assert message in finding.message
    assert finding.location.line > 1


def test_an_artefact_that_does_not_read_is_a_finding_at_its_place(repo: Repo) -> None:
    in_canary(repo)
    edited(repo, {"method: logistic\n": "method: magic\n"})
    findings = checked(repo, CANARY + HOUR).findings
    assert [one.location.file for one in findings] == [f"promotions/props/{V2}/artifacts/calibration.yaml"]


def with_cell(log: Path, path: Path, column: int, text: str) -> Path:
    """The same log with one column of a row of V2 replaced: the first with a bet, where it has bets."""
    lines = log.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if f",{V2}," in line and line.split(",")[10:11] in ([], ["1"]))
    cells = lines[place].split(",")
    cells[column] = text
    lines[place] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_forecast_that_is_no_number_is_in_no_number(tmp_path: Path, log: Path) -> None:
    repo = in_canary(proposed(tmp_path / "repo", with_cell(log, tmp_path / "events.csv", 5, "nan")))
    assert yaml.safe_load(artefact(repo, V2).read_text())["data"]["events"] == 24 * 59 - 1


@pytest.mark.parametrize("bad", ["1.2", "-0.1"], ids=["above", "below"])
def test_what_is_no_probability_is_errored_and_nothing_is_computed(tmp_path: Path, log: Path, bad: str) -> None:
    repo = proposed(tmp_path / "repo", with_cell(log, tmp_path / "events.csv", 5, bad))
    moved(repo, START)
    found = leaf(checked(repo, CANARY))
    assert found.outcome == "errored"
    with pytest.raises(SourceError, match="can't be read"):
        integrated(repo, now=CANARY)


def test_a_market_and_bets_give_an_edge_model_and_weights(tmp_path: Path, log: Path) -> None:
    table = priced(log, tmp_path / "priced.csv")
    repo = in_canary(proposed(tmp_path / "repo", table, files=rules(table, model=PRICED)))
    confidence, optimizer = (
        yaml.safe_load(artefact(repo, V2, name).read_text()) for name in ("confidence", "optimizer")
    )
    found = confidence["edge_models"]["nba"]
    assert found["events"] == 24 * 58
    assert found["p_value"] < 1e-6
    assert optimizer["model_weights"] == {"nba": found["model_weight"], "nfl": None}, "24 events hold no regression"
    assert optimizer["weights"] == {"nba": 1.0}, "a segment without a bet in some block is left out"
    assert optimizer["covariance"]["periods"] == 8
    served = Artifacts.load(artefact(repo, V2).parent)
    sure = served.confidence({"p": 0.7, "market": 0.5, "odds": 1.9, "segment": "nba"})
    assert sure > 0.95
    assert 0 < served.stake({"p": 0.7, "market": 0.5, "odds": 1.9, "segment": "nba"}) <= 0.05


@pytest.mark.parametrize(("column", "bad"), [(9, "1.2"), (11, "0.9")], ids=["market-above-1", "odds-below-1"])
def test_what_is_no_offer_is_errored(tmp_path: Path, log: Path, column: int, bad: str) -> None:
    table = with_cell(priced(log, tmp_path / "priced.csv"), tmp_path / "bad.csv", column, bad)
    repo = proposed(tmp_path / "repo", table, files=rules(table, model=PRICED))
    moved(repo, START)
    found = leaf(checked(repo, CANARY))
    assert (found.outcome, found.judgement.reason.parameters["source"]) == ("errored", "events")


def test_a_history_of_before_is_asked_for_and_counts(tmp_path: Path, log: Path) -> None:
    model = MODEL.replace(
        "  score: win\n", "  score: win\n  calibration: {history: decay, reach: 24h, half_life: 6h}\n"
    )
    files = {**rules(log, model=model), **proposal(V1, "none")}
    repo = a_repo(tmp_path / "repo", files)
    later = START + 30 * HOUR
    history = f"history:\n  - {{stage: shadow, started: {later.isoformat()}}}\n"
    repo.branch("proposal", proposal(V2, V1, more=LISTED + history))
    integrated(repo, now=later + 26 * HOUR)
    found = yaml.safe_load(artefact(repo, V2).read_text())
    assert found["data"]["earlier_events"] == 24 * 59
    assert found["data"]["history"] == "decay"


def test_the_command_writes_compares_and_shows(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    moved(repo, START)
    asked = ["integrate", "props", V2, "--repo", str(repo.path), "--base", "main", "--now", CANARY.isoformat()]
    assert run([*asked, "--check"]) == ExitCode.FAILED
    assert "calibration is not there" in capsys.readouterr().out
    assert run([*asked, "--dry-run"]) == ExitCode.PASSED
    shown = capsys.readouterr().out
    kinds = [line for line in shown.splitlines() if line.startswith("kind: ")]
    assert kinds == ["kind: Calibration", "kind: Confidence", "kind: Optimizer"]
    assert run(asked) == ExitCode.PASSED
    told = capsys.readouterr().out
    assert f"wrote promotions/props/{V2}/artifacts/calibration.yaml" in told
    assert "note: performance.memory_bytes" in told
    repo.commit(message="artefacts")
    assert run([*asked, "--check"]) == ExitCode.PASSED
    edited(repo, {slope(repo): "b: 1.1"})
    assert run([*asked, "--check"]) == ExitCode.FAILED
    assert "calibration.overall.map.b is 1.1, and the evidence gives" in capsys.readouterr().out


def test_what_the_request_does_not_name_yet_is_told(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = proposed(tmp_path / "repo", log, more="")
    moved(repo, START)
    asked = ["integrate", "props", V2, "--repo", str(repo.path), "--base", "main", "--now", CANARY.isoformat()]
    assert run(asked) == ExitCode.PASSED
    assert "name them in promotion.yaml: artifacts: {calibration: artifacts/calibration.yaml" in capsys.readouterr().out


def test_a_model_that_asks_for_none_and_a_version_that_is_not_proposed_are_refused(tmp_path: Path, log: Path) -> None:
    repo = proposed(tmp_path / "repo", log)
    with pytest.raises(UsageError, match="proposes no props v3"):
        integrated(repo, V3)
    without = MODEL[: MODEL.index("integrate:")]
    policy = POLICY.replace("kind: artifacts,", "kind: artifacts, when_bound: true,").replace(
        "kind: weight_turnover,", "kind: weight_turnover, when_bound: true,"
    )
    other = a_repo(tmp_path / "other", {**rules(log, model=without, policy=policy), **proposal(V1, "none")})
    other.branch("proposal", proposal(V2, V1))
    with pytest.raises(UsageError, match="has no `integrate`"):
        integrated(other)
    assert leaf(checked(other, CANARY)).judgement.reason.why == "not_applicable"


def test_the_record_of_a_check_is_judged_again_from_itself(repo: Repo, tmp_path: Path) -> None:
    in_canary(repo)
    record = tmp_path / "record.json"
    now = (CANARY + HOUR).isoformat()
    asked = ["check", "--repo", str(repo.path), "--base", "main", "--head", "proposal", "--now", now]
    run([*asked, "--write-record", str(record)])
    sealed = json.loads(record.read_text())["sealed"]
    (found,) = [one for one in sealed["evidence"] if one["answer"]["shape"] == "reproduced"]
    assert [name for name, _ in found["answer"]["digests"]] == ["calibration", "confidence", "optimizer"]
    assert run(["check", "--record", str(record)]) == ExitCode.WAITING
