"""The watch on a real repository and a real log: what it says, whom it tells, what it remembers, and what it never does."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.http import Asked, Running, Told, answering
from builders.live import POLICY, SINCE, V2, V3, Hour, repository, write
from builders.small import promotion
from model_ratchet.cli import ExitCode, run

GOOD = Hour()


def at(hours: float) -> str:
    return (SINCE + timedelta(hours=hours, minutes=6)).isoformat()


def watched(
    folder: Path, now: str, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, dict[str, str], str]:
    """The exit code, what each rule says by its words, and the remarks."""
    code = run(["watch", "--repo", str(folder), "--now", now, "--format", "json", *options])
    out = capsys.readouterr()
    (version,) = json.loads(out.out)["versions"] or ({"rules": []},)
    return code, {f"{rule['tier']} {rule['rule']}": rule["says"] for rule in version["rules"]}, out.err


WARNING, CRITICAL, TRIGGER = (
    f"{tier} errors rate above {limit} over 1h"
    for tier, limit in (("warning", "1%"), ("critical", "3%"), ("rollback", "6%"))
)
DROP = "rollback accuracy drop above 5pp over 12h"


def test_a_good_version_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = repository(tmp_path / "r", write(tmp_path / "log.csv", lambda _: GOOD, 48))
    code, says, remarks = watched(repo.path, at(48), capsys)
    assert code == ExitCode.PASSED
    assert says == {WARNING: "quiet", CRITICAL: "quiet", TRIGGER: "quiet", DROP: "quiet", "rollback silence": "quiet"}
    assert remarks == ""


@pytest.mark.parametrize(
    ("errors", "fires"),
    [(0.029, {WARNING}), (0.058, {WARNING, CRITICAL}), (0.2, {WARNING, CRITICAL, TRIGGER})],
    ids=["warning", "critical", "trigger"],
)
def test_each_limit_has_its_consequence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], errors: float, fires: set[str]
) -> None:
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=errors if hour >= 30 else 0.0), 48)
    repo, state = repository(tmp_path / "r", log), str(tmp_path / "state")
    watched(repo.path, at(36), capsys, "--state", state)
    code, says, _ = watched(repo.path, at(48), capsys, "--state", state)
    assert {rule for rule, said in says.items() if said == "firing"} == fires
    assert code == (ExitCode.FAILED if fires > {WARNING} else ExitCode.PASSED)


def test_a_drop_of_accuracy_is_seen_when_its_labels_are_mature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "log.csv", lambda hour: Hour(accuracy=0.8 if hour < 24 else 0.65), 60)
    repo, state = repository(tmp_path / "r", log), str(tmp_path / "state")
    assert watched(repo.path, at(30), capsys, "--state", state)[1][DROP] == "quiet"
    code, says, _ = watched(repo.path, at(60), capsys, "--state", state)
    assert says[DROP] == "firing"
    assert code == ExitCode.FAILED


def test_a_silent_version_is_known_by_the_one_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log.csv", lambda hour: Hour(silent=hour >= 46), 48)
    code, says, _ = watched(repository(tmp_path / "r", log).path, at(48), capsys)
    assert says["rollback silence"] == "silent"
    assert code == ExitCode.FAILED


def test_an_outage_alerts_and_no_version_has_to_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log.csv", lambda _: GOOD, 24)
    repo, state = repository(tmp_path / "r", log), tmp_path / "state"
    assert watched(repo.path, at(24), capsys, "--state", str(state))[0] == ExitCode.PASSED
    log.unlink()
    code, says, _ = watched(repo.path, at(25), capsys, "--state", str(state))
    assert code == ExitCode.ERRORED
    assert set(says.values()) == {"errored"}
    write(log, lambda _: GOOD, 26)
    assert watched(repo.path, at(26), capsys, "--state", str(state))[0] == ExitCode.PASSED


class Board:
    """A service that is told of alerts."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.places: list[str] = []
        self.down = False

    def answer(self, asked: Asked) -> Told:
        if self.down:
            return Told(503, b"")
        alert = json.loads(asked.body)["alert"]
        self.told.append((alert["rule"], alert["severity"], alert["state"]))
        self.places.append(asked.path)
        return Told(200, b"")


def channels(server: Running) -> str:
    return (
        f"apiVersion: ratchet/v1\nkind: Alerts\nchannels:\n  board: {{kind: webhook, url: '{server.url}/alerts'}}\n"
        f"send: {{warning: [board], critical: [board], page: [board]}}\norigins: ['{server.url}']\n"
    )


def test_people_are_told_once_and_of_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=0.029 if 20 <= hour < 30 else 0.0), 48)
    state = tmp_path / "state"
    with answering(board.answer) as server:
        repo = repository(tmp_path / "r", log, alerts=channels(server))
        for hours in (18, 28, 28.5, 29, 40, 41):
            assert watched(repo.path, at(hours), capsys, "--state", str(state))[0] == ExitCode.PASSED
    assert board.told == [
        ("errors rate above 1% over 1h", "warning", "firing"),
        ("errors rate above 1% over 1h", "warning", "resolved"),
    ]


def test_a_model_s_own_channel_is_told_too_and_one_that_is_not_there_keeps_nobody_from_being_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=0.029 if hour >= 20 else 0.0), 30)
    with answering(board.answer) as server:
        document = channels(server).replace("send:", f"  desk: {{kind: webhook, url: '{server.url}/desk'}}\nsend:")
        own = repository(
            tmp_path / "own", log, more="after_merge: {mirror_previous: 14d}\nnotify: [desk]\n", alerts=document
        )
        for hours in (20, 26):
            assert watched(own.path, at(hours), capsys, "--state", str(tmp_path / "a"))[0] == ExitCode.PASSED
        assert sorted(board.places) == ["/alerts", "/desk"]
        absent = repository(
            tmp_path / "absent", log, more="after_merge: {mirror_previous: 14d}\nnotify: [dest]\n", alerts=document
        )
        watched(absent.path, at(20), capsys, "--state", str(tmp_path / "b"))
        code, _, remarks = watched(absent.path, at(26), capsys, "--state", str(tmp_path / "b"))
    assert code == ExitCode.ERRORED
    assert "policies/alerts.yaml holds no channel `dest`: did you mean `desk`?" in remarks
    assert board.places[2:] == ["/alerts"]


def test_a_full_evaluation_that_is_overdue_alerts_until_another_version_is_active(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda _: GOOD, 48)
    state = str(tmp_path / "state")
    hotfix = {"small/1.0.0": POLICY + "full_evaluation: {policy: standard/1.0.0, within: 1d}\n"}
    owed = "a full evaluation by standard/1.0.0 is owed"
    with answering(board.answer) as server:
        repo = repository(tmp_path / "r", log, alerts=channels(server), **hotfix)
        for hours, told in ((23, []), (25, [(owed, "critical", "firing")]), (26, [(owed, "critical", "firing")])):
            watched(repo.path, at(hours), capsys, "--state", state)
            assert board.told == told
        full = {"policies/full/1.0.0.yaml": POLICY.replace("name: small", "name: full")}
        repo.commit({**full, **promotion(V3, V2, policy="full/1.0.0")})
        watched(repo.path, at(27), capsys, "--state", state)
    assert [one for one in board.told if one[0] == owed][1:] == [(owed, "critical", "resolved")]


def test_a_channel_that_is_down_is_said_and_told_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=0.029 if hour >= 20 else 0.0), 30)
    state = tmp_path / "state"
    with answering(board.answer) as server:
        repo = repository(tmp_path / "r", log, alerts=channels(server))
        watched(repo.path, at(20), capsys, "--state", str(state))
        board.down = True
        code, _, remarks = watched(repo.path, at(26), capsys, "--state", str(state))
        assert code == ExitCode.NOT_PUBLISHED
        assert "the channel board was not told of an alert" in remarks
        board.down = False
        assert watched(repo.path, at(26.2), capsys, "--state", str(state))[0] == ExitCode.PASSED
    assert [state for _, _, state in board.told] == ["firing"]


def test_without_a_folder_nobody_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda _: Hour(errors=0.3), 24)
    with answering(board.answer) as server:
        repo = repository(tmp_path / "r", log, alerts=channels(server))
        assert watched(repo.path, at(24), capsys)[0] == ExitCode.FAILED
    assert board.told == []


def test_looking_often_says_what_looking_once_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=0.058 if hour >= 28 else 0.0), 36)
    repo = repository(tmp_path / "r", log)
    often, once = tmp_path / "often", tmp_path / "once"
    for hours in (24, 26.5, 31, 31.5, 34):
        watched(repo.path, at(hours), capsys, "--state", str(often))
    watched(repo.path, at(24), capsys, "--state", str(once))
    last = [watched(repo.path, at(36), capsys, "--state", str(state))[1] for state in (often, once)]
    assert last[0] == last[1]
    assert last[0][CRITICAL] == "firing"


def test_what_is_remembered_is_kept_on_a_branch_of_one_commit_and_shown_by_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    log = write(tmp_path / "log.csv", lambda hour: Hour(errors=0.058 if hour >= 20 else 0.0), 30)
    state = tmp_path / "state"
    with answering(board.answer) as server:
        repo = repository(tmp_path / "r", log, alerts=channels(server))
        for hours in (20, 26):
            watched(repo.path, at(hours), capsys, "--state", str(state))
            assert run(["watch", "--repo", str(repo.path), "--state", str(state), "--keep"]) == ExitCode.PASSED
            assert capsys.readouterr().out == "3 files are on ratchet/watch\n"
    assert repo.git("rev-list", "--count", "ratchet/watch").strip() == "1"
    assert run(["status", "--repo", str(repo.path), "--format", "json", "--now", at(26.5)]) == ExitCode.PASSED
    told = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(told["watched_at"]) == datetime.fromisoformat(at(26))
    (model,) = told["models"]
    assert model["active"] | {"since": None} == {"version": V2, "since": None, "stage": None, "health": "firing"}
    assert [alert["severity"] for alert in model["alerts"]] == ["critical", "warning"]
    assert run(["status", "--repo", str(repo.path), "--now", at(30)]) == ExitCode.PASSED
    table = capsys.readouterr().out
    assert V2 in table
    assert "2: critical, errors rate above 3% over 1h" in " ".join(table.split())
    assert "which is long ago" in table
    # a folder without a state goes on from the branch
    code, says, _ = watched(repo.path, at(30), capsys, "--state", str(tmp_path / "new"))
    assert (code, says[CRITICAL]) == (ExitCode.FAILED, "firing")


def test_the_job_that_may_roll_back_is_told_which_versions_leave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    for name, value in {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_REPOSITORY": "acme/models",
        "RUNNER_TEMP": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    log = write(tmp_path / "log.csv", lambda _: Hour(errors=0.3), 24)
    watched(repository(tmp_path / "r", log).path, at(24), capsys)
    (line,) = [line for line in output.read_text().splitlines() if line.startswith("[")]
    (leaving,) = json.loads(line)
    assert (leaving["model"], leaving["version"]) == ("demo", V2)
    assert leaving["reason"].startswith("errors rate above 6% over 1h: 30 %")
