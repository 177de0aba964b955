"""The receiver of Alertmanager's webhook on a real repository: what holds a model, what does not, and what is repeated."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.http import Asked, Running, Told, answering
from builders.live import V1, V2, V3
from builders.rollbacks import ROUTED
from builders.webhooks import DROP, ERRORS, NOW, Scene, a_group, a_scene, an_alert, post
from model_ratchet.actions.mark import Mark, Said, mark
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, Confirmed, Event, Hold, StageStarted
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append

MINUTE = timedelta(minutes=1)


def said(scene: Scene, kind: Said) -> None:
    """What a person says of the model."""
    asked = Mark(kind=kind, model="demo", because="I looked")
    mark(asked, Writer(scene.repo.path), now=scene.clock[0], environ={})


def test_a_trigger_that_fires_holds_its_model_and_says_why(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        assert scene.told(an_alert()) == 200
        (hold,) = scene.events()
    assert isinstance(hold, Hold)
    assert (hold.model, hold.at, hold.because) == ("demo", NOW, f"an alert of Prometheus: {ERRORS}, of {V2}")
    assert (str(hold.refuse), str(hold.serve)) == (V2, V1)
    assert scene.log[-1].endswith(
        f"demo: is held now: {hold.because}; no router carries demo: nothing was rendered; "
        "GitHub is not configured: run `ratchet rollback`"
    )


def test_traffic_is_back_on_the_version_before_at_once(tmp_path: Path) -> None:
    with a_scene(tmp_path, more=ROUTED) as scene:
        assert scene.told(an_alert()) == 200
        traffic = scene.repo.git("show", "ratchet/traffic:demo.conf")
    slugs = [one.replace(".", "-").replace("_", "-") for one in (V1, V2)]
    assert [slug in traffic for slug in slugs] == [True, False]


def test_a_comparison_with_a_mirrored_version_holds_too_as_long_as_that_is_mirrored(tmp_path: Path) -> None:
    drop = an_alert(DROP, alertname="RatchetDrop", metric="accuracy")
    with a_scene(tmp_path) as scene:
        scene.clock[0] = NOW + timedelta(days=30)
        assert (scene.told(drop), scene.kinds()) == (200, [])
        scene.clock[0] = NOW
        assert (scene.told(drop), scene.kinds()) == (200, ["hold"])


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param(an_alert(status="resolved"), id="resolved"),
        pytest.param(an_alert(action="tell"), id="tell"),
        pytest.param(an_alert(severity="warning"), id="warning"),
        pytest.param(an_alert(alertname="RatchetNoValue"), id="no-value"),
        pytest.param(an_alert(alertname="HostDown"), id="of-others"),
        pytest.param(an_alert(alertname="x\n::error::x"), id="hostile-name"),
        pytest.param(an_alert(version=V1), id="previous-version"),
        pytest.param(an_alert(version=V3), id="unknown-version"),
        pytest.param(an_alert(model="other"), id="unknown-model"),
        pytest.param(an_alert(model="demo\nHEAD:x"), id="hostile-model"),
        pytest.param(an_alert(model="../../../etc/passwd"), id="path"),
        pytest.param(an_alert("errors rate above 3% over 1h"), id="critical-and-no-trigger"),
        pytest.param(an_alert("errors rate above 6% over 1h\n::error::x"), id="hostile-rule"),
        pytest.param({**an_alert(), "labels": {}}, id="no-labels"),
    ],
)
def test_everything_else_is_acknowledged_and_logged(tmp_path: Path, alert: dict[str, object]) -> None:
    with a_scene(tmp_path) as scene:
        assert scene.told(alert) == 200
        assert scene.kinds() == []
    (line,) = scene.log[1:]
    assert "acknowledged" in line
    assert "\n" not in line
    assert "::" not in line


def test_repeats_and_other_triggers_of_one_incident_make_one_hold(tmp_path: Path) -> None:
    drop = an_alert(DROP, alertname="RatchetDrop", metric="accuracy")
    with a_scene(tmp_path) as scene:
        for alerts in ([an_alert(), drop], [an_alert()], [drop], [an_alert()] * 3):
            assert scene.told(*alerts) == 200
            scene.clock[0] += MINUTE
        assert scene.kinds() == ["hold"]


def test_fifty_at_once_make_one_hold(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, ThreadPoolExecutor(50) as senders:
        told = list(senders.map(lambda _: post(scene.server, a_group()), range(50)))
        assert told == [200] * 50
        assert scene.kinds() == ["hold"]


def test_what_a_person_has_released_is_held_by_a_new_alert_only(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.told(an_alert())
        scene.clock[0] += 5 * MINUTE
        said(scene, Said.RELEASE)
        scene.clock[0] += MINUTE
        scene.told(an_alert())
        assert scene.kinds() == ["hold", "released"]
        assert scene.log[-1].endswith("demo: acknowledged, it was released after the alert began")
        scene.told(an_alert(since=scene.clock[0]))
        assert scene.kinds() == ["hold", "released", "hold"]


def test_a_ledger_that_cannot_be_written_is_repeated(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.repo.git("remote", "add", "origin", str(tmp_path / "gone.git"))
        assert scene.told(an_alert()) == 503
        scene.repo.git("remote", "remove", "origin")
        assert scene.kinds() == []
        assert (scene.told(an_alert()), scene.kinds()) == (200, ["hold"])


@dataclass
class Github:
    """A GitHub that starts workflows, as long as it is there."""

    status: int = 204
    asked: list[tuple[str, object]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Told:
        self.asked.append((f"{asked.method} {asked.path}", json.loads(asked.body)))
        return Told(self.status, b"")


def environ(server: Running) -> dict[str, str]:
    return {"GITHUB_REPOSITORY": "acme/models", "GITHUB_TOKEN": "of-github", "GITHUB_API_URL": server.url}


DISPATCH = "POST /repos/acme/models/actions/workflows/promotion-rollback.yml/dispatches"


def test_the_rollback_is_started_once(tmp_path: Path) -> None:
    github = Github()
    with answering(github.answer) as server, a_scene(tmp_path, environ(server)) as scene:
        for _ in range(3):
            assert scene.told(an_alert()) == 200
    inputs = {"model": "demo", "reason": f"an alert of Prometheus: {ERRORS}, of {V2}"}
    assert github.asked == [(DISPATCH, {"ref": "main", "inputs": inputs})]
    assert scene.log[-1].endswith("its rollback is started already")


@pytest.mark.parametrize("status", [500, 403, 404, 429], ids=["down", "forbidden", "absent", "limited"])
def test_while_github_refuses_the_hold_stays_and_the_repeat_completes_it(tmp_path: Path, status: int) -> None:
    github = Github(status)
    with answering(github.answer) as server, a_scene(tmp_path, environ(server)) as scene:
        assert (scene.told(an_alert()), scene.kinds()) == (503, ["hold"])
        assert f"demo: is held now: an alert of Prometheus: {ERRORS}, of {V2}; " in scene.log[-1]
        assert scene.told(an_alert()) == 503
        github.status = 204
        assert (scene.told(an_alert()), scene.kinds()) == (200, ["hold"])
        assert scene.log[-1].endswith("promotion-rollback.yml is started")
        assert scene.told(an_alert()) == 200
    assert github.asked[-1][0] == DISPATCH


def test_the_hold_of_a_person_is_left_alone(tmp_path: Path) -> None:
    github = Github()
    with answering(github.answer) as server, a_scene(tmp_path, environ(server)) as scene:
        said(scene, Said.HOLD)
        assert (scene.told(an_alert()), scene.kinds()) == (200, ["hold"])
    assert github.asked == []
    assert scene.log[-1].endswith("demo: acknowledged, it was held before: I looked")


def in_a_stage(scene: Scene) -> None:
    """V3 is a candidate that the router sends traffic."""
    candidate = Version.parse(V3)
    known: dict[str, Any] = {"at": NOW, "model": "demo", "candidate": candidate}
    admitted = Admitted(
        **known,
        baseline=Version.parse(V2),
        digest=f"sha256:{'a' * 64}",
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )
    started = StageStarted(**known, stage="canary", share=0.05)
    events: tuple[Event, ...] = (admitted, started, Confirmed(**known, stage="canary"))
    append(Writer(scene.repo.path), lambda _: Entry(events), "canary", NOW, hidden={})


def test_a_candidate_in_traffic_is_withdrawn_and_the_active_version_is_not_rolled_back(tmp_path: Path) -> None:
    github = Github()
    with answering(github.answer) as server, a_scene(tmp_path, environ(server)) as scene:
        in_a_stage(scene)
        assert (scene.told(an_alert(version=V3)), scene.kinds()[3:]) == (200, ["withdrawn"])
        assert (scene.told(an_alert(version=V3)), len(scene.kinds())) == (200, 4)
    assert github.asked == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "SENDER is not set: no sender can be known without a token"),
        (["demo"], "leave out models, --state and --now"),
    ],
    ids=["no-token", "models"],
)
def test_the_command_refuses_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    code = run(["watch", *options, "--listen", "127.0.0.1:0", "--token-variable", "SENDER", "--repo", str(tmp_path)])
    assert code == ExitCode.INVALID
    assert says in capsys.readouterr().err


def test_the_command_refuses_every_address_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", "--listen", "0.0.0.0:9099"]) == ExitCode.INVALID
    assert "name the one to listen on" in capsys.readouterr().err
