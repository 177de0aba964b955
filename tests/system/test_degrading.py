"""A version that gets worse step by step behind a real router: told, told louder, taken out once, and its story recorded.

nginx is given what Ratchet rendered; the active version and the one before it, which is mirrored, are two real servers, and
their own rows are the log. Only the clock is compressed: what is served within seconds is spread over hours.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import repositories
from builders.http import Asked, Running, Told, answering
from builders.quick import BASELINE, BEGIN, CANDIDATE, HOUR, MODEL, POLICY, SOURCES, WEIGHTS, digest, features, logged
from builders.repositories import Repo, a_repo
from components.clients import Answer, ask, until
from components.ports import free_port
from components.routers import ModelServer, Router, model_server, nginx
from model_ratchet.actions.render import BRANCH as TRAFFIC
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.names import Version
from model_ratchet.git import Git
from model_ratchet.ledger import open_ledger

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("routers")]

RULES = """\
alerts:
  warning: [{metric: errors, statistic: rate, above: 1%, over: 1h}]
  critical: [{metric: errors, statistic: rate, above: 3%, over: 1h}]
rollback:
  merge: manual
  triggers: [{metric: errors, statistic: rate, above: 8%, over: 1h}]
"""
AN_HOUR = 300
"""Requests that come in an hour."""


@dataclass
class Story:
    """What runs, what it was asked, and the compressed clock."""

    clone: Repo
    folder: Path
    port: int
    servers: dict[str, ModelServer]
    router: Router
    said: Callable[[], str]
    told: list[tuple[str, str]]
    now: datetime = BEGIN

    def ratchet(self, *arguments: str) -> tuple[int, str]:
        """A command, its exit code and what it printed."""
        return run([*arguments, "--repo", str(self.clone.path), "--now", self.now.isoformat()]), self.said()

    def degrade(self, errors: float) -> None:
        (self.folder / "trouble.json").write_text(json.dumps({"errors": errors}), encoding="utf-8")

    def serve(self, name: str, hours: int) -> list[Answer]:
        """So many hours of requests through the router; what the servers wrote of them is the log."""
        asked = [f"user-{number}" for number in range(hours * AN_HOUR)]
        answers = ask(self.port, asked, path=f"/{name}", body=features)
        served = self.servers[CANDIDATE] if answers[0].version == CANDIDATE else self.servers[BASELINE]
        until(lambda: sum(row["path"] == f"/{name}" for row in served.rows()) == len(asked))
        rows = [row for server in self.servers.values() for row in server.rows() if row["path"] == f"/{name}"]
        lines = []
        for line, row in zip(
            logged(rows, self.now, hours * HOUR), sorted(rows, key=lambda row: row["at"]), strict=True
        ):
            lines.append(json.dumps(json.loads(line) | {"error": row["status"] >= 500}) + "\n")
        (self.folder / "logs" / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        self.now += hours * HOUR
        return answers

    def watch(self) -> tuple[int, dict[str, Any]]:
        """One run of the watch, a little later than the hour; its exit code and what the rules say by tier."""
        before, self.now = self.now, self.now + timedelta(minutes=6)
        code, said = self.ratchet("watch", "--format", "json", "--state", str(self.folder / "state"))
        self.now = before
        (version,) = json.loads(said)["versions"]
        assert version["version"] == CANDIDATE
        return code, {rule["tier"]: rule["says"] for rule in version["rules"] if "errors" in rule["rule"]} | {
            "leaves": version["leaves"]
        }

    def published(self) -> str:
        self.clone.git("fetch", "--quiet", "origin", TRAFFIC)
        text = self.clone.git("show", "FETCH_HEAD:late.conf") + "\n"
        for version, server in self.servers.items():
            text = text.replace(f"late-{Version.parse(version).slug}.svc:8000", server.address)
        assert ".svc" not in text
        return text

    def kinds(self) -> list[str]:
        self.clone.git("fetch", "--quiet", "origin", "ratchet/ledger:refs/remotes/origin/ratchet/ledger")
        return [event.kind for event in open_ledger(Git(self.clone.path)).events()]


def documents(logs: Path, port: int, mirror_port: int, board: Running) -> dict[str, str | bytes]:
    """Both versions are promoted; the one before is mirrored for two weeks."""

    def request(candidate: str, baseline: str, number: int) -> str:
        return (
            f"apiVersion: ratchet/v1\nkind: PromotionRequest\nmodel: late\ncandidate: {candidate}\nbaseline: {baseline}\n"
            f'policy: quick/1.0.0\nowner: ml\nartifact: {{uri: "models://late/{number}", digest: "{digest(candidate)}"}}\n'
        )

    model = MODEL.format(port=port, mirror_port=mirror_port).replace(
        "  memory:", "  errors: {kind: proportion, column: error, better: lower}\n  memory:"
    )
    return {
        "policies/quick/1.0.0.yaml": POLICY + RULES,
        "policies/models/late.yaml": model + "after_merge: {mirror_previous: 14d}\n",
        "policies/sources.yaml": SOURCES.format(logs=logs, port=9),
        "policies/alerts.yaml": (
            f"apiVersion: ratchet/v1\nkind: Alerts\nchannels: {{board: {{kind: webhook, url: '{board.url}/alerts'}}}}\n"
            f"send: {{warning: [board], critical: [board], page: [board]}}\norigins: ['{board.url}']\n"
        ),
        f"promotions/late/{BASELINE}/promotion.yaml": request(BASELINE, "none", 1),
        f"promotions/late/{CANDIDATE}/promotion.yaml": request(CANDIDATE, BASELINE, 2),
    }


@pytest.fixture
def story(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr(repositories, "WHEN", BEGIN - 24 * HOUR)
    (tmp_path / "logs").mkdir()
    (tmp_path / "trouble.json").write_text('{"errors": 0}', encoding="utf-8")
    told: list[tuple[str, str]] = []

    def board(asked: Asked) -> Told:
        alert = json.loads(asked.body)["alert"]
        about = "hold" if "hold" in alert["rule"] else alert["severity"]
        told.append((about, "acknowledged" if alert["acknowledged"] else alert["state"]))
        return Told(200, b"")

    port = free_port()
    with ExitStack() as running:
        server = running.enter_context(answering(board))
        seed = a_repo(tmp_path / "seed", documents(tmp_path / "logs", port, free_port(), server))
        seed.git("clone", "--quiet", "--bare", str(seed.path), str(tmp_path / "origin.git"))
        seed.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
        clone = Repo(tmp_path / "clone")
        servers = {}
        for version, weights in WEIGHTS.items():
            artifact = tmp_path / f"{version}.json"
            artifact.write_text(weights, encoding="utf-8")
            trouble = tmp_path / "trouble.json" if version == CANDIDATE else None
            servers[version] = running.enter_context(model_server(tmp_path, version, weights=artifact, trouble=trouble))
        assert run(["record", "--repo", str(clone.path), "--now", BEGIN.isoformat(), "--since", "main"]) in (0, 1)
        assert run(["render", "traffic", "--publish", "--repo", str(clone.path)]) == ExitCode.PASSED
        capsys.readouterr()
        found = Story(clone, tmp_path, port, servers, Router, lambda: capsys.readouterr().out, told)  # type: ignore[arg-type]
        found.router = running.enter_context(nginx(tmp_path, found.published(), port))
        yield found


def test_from_the_first_warning_to_the_recorded_rollback(story: Story) -> None:
    assert {answer.status for answer in story.serve("good", 12)} == {200}
    assert story.watch() == (
        ExitCode.PASSED,
        {"warning": "quiet", "critical": "quiet", "rollback": "quiet", "leaves": False},
    )
    worse(story, "warned", 0.028, {"warning": "firing", "critical": "quiet", "rollback": "quiet", "leaves": False})
    worse(story, "critical", 0.065, {"warning": "firing", "critical": "firing", "rollback": "quiet", "leaves": False})
    assert story.told == [("warning", "firing"), ("critical", "firing")]
    assert "hold" not in story.kinds()
    worse(story, "broken", 0.4, {"warning": "firing", "critical": "firing", "rollback": "firing", "leaves": True})
    rolled_back_without_a_lost_request(story)
    once_however_it_flaps(story)
    looked_in_vain(story)
    recorded(story)


def worse(story: Story, name: str, errors: float, says: dict[str, Any]) -> None:
    """Hours of it, and what is said then; nothing leaves before the trigger's limit is passed."""
    story.degrade(errors)
    answers = story.serve(name, 8)
    assert sum(answer.status == 503 for answer in answers) == pytest.approx(errors * len(answers), abs=2)
    code, found = story.watch()
    assert found == says
    assert code == (ExitCode.FAILED if says["critical"] == "firing" else ExitCode.PASSED)


def rolled_back_without_a_lost_request(story: Story) -> None:
    """While requests go on, traffic is back on the version before; each of them is answered."""
    story.degrade(0)  # what is counted is what the change of the router loses
    stop, answers = threading.Event(), list[Answer]()

    def go_on() -> None:
        while not stop.is_set():
            answers.extend(ask(story.port, [f"user-{number}" for number in range(200)], path="/during", body=features))

    load = threading.Thread(target=go_on)
    load.start()
    try:
        code, said = story.ratchet("rollback", "late", "--reason", "errors rate above 8% over 1h")
        assert code == ExitCode.PASSED, said
        story.router.reload(story.published())
        until(
            lambda: all(
                one.version == BASELINE for one in ask(story.port, ["a", "b", "c", None], path="/probe", body=features)
            )
        )
    finally:
        stop.set()
        load.join()
    assert {answer.status for answer in answers} == {200}
    assert {answer.version for answer in answers} >= {CANDIDATE}
    after = ask(story.port, [f"user-{number}" for number in range(300)], path="/after", body=features)
    assert {(answer.status, answer.version) for answer in after} == {(200, BASELINE)}


def back(story: Story) -> bool:
    answers = ask(story.port, ["a", "b", "c", None], path="/probe", body=features)
    return {answer.version for answer in answers} == {BASELINE}


def once_however_it_flaps(story: Story) -> None:
    """The trigger goes on to fire on what was logged; there is one incident, and nothing more is done by itself."""
    for _ in range(3):
        _, found = story.watch()
        assert found["rollback"] == "firing"
        story.now += timedelta(minutes=10)
        code, said = story.ratchet("rollback", "late", "--reason", "errors rate above 8% over 1h")
        assert code == ExitCode.PASSED, said
    assert story.kinds().count("hold") == 1
    branches = story.clone.git("ls-remote", "--heads", "origin").split()
    assert sum(name.startswith("refs/heads/ratchet/rollback/late/") for name in branches) == 1
    assert [state for about, state in story.told if about == "page"] == ["firing", "acknowledged"]
    assert [state for about, state in story.told if about == "hold"] == ["firing"]


def looked_in_vain(story: Story) -> None:
    """Without its log the watch alerts, and rolls nothing back."""
    logs = story.folder / "logs"
    logs.rename(story.folder / "away")
    story.now += HOUR
    code, found = story.watch()
    assert code in (ExitCode.ERRORED, ExitCode.FAILED)
    assert (found["rollback"], found["leaves"]) == ("errored", False)
    (story.folder / "away").rename(logs)
    assert story.kinds().count("hold") == 1


def recorded(story: Story) -> None:
    """The removal is merged by a person; the ledger has the rollback and the end of the hold, and traffic stays."""
    story.clone.git("fetch", "--quiet", "origin")
    (branch,) = story.clone.git(
        "for-each-ref", "--format=%(refname:short)", "refs/remotes/origin/ratchet/rollback"
    ).split()
    changed = story.clone.git("diff", "--name-status", f"origin/main...{branch}").split()
    assert changed == ["D", f"promotions/late/{CANDIDATE}/promotion.yaml"]
    story.clone.git("checkout", "--quiet", "main")
    story.clone.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
    story.clone.git("push", "--quiet", "origin", "main")
    story.now += HOUR
    story.ratchet("record")
    kinds = story.kinds()
    assert kinds[-2:] == ["rolled-back", "released"] or kinds[-2:] == ["released", "rolled-back"], kinds
    assert run(["render", "traffic", "--publish", "--repo", str(story.clone.path)]) == ExitCode.PASSED
    story.router.reload(story.published())
    answers = ask(story.port, [f"user-{number}" for number in range(100)], path="/end", body=features)
    assert {(answer.status, answer.version) for answer in answers} == {(200, BASELINE)}
