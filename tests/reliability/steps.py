"""The steps of the story, each as a world in which it is about to be run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import live
from builders.advancing import AUTOMATIC, ROLES, a_staged
from builders.http import answering, holding
from builders.hubs import Scene, a_scene
from builders.recordings import recorded
from builders.rollbacks import WORSE, a_worse
from builders.signed import a_signed, texts
from builders.small import START, V2, V3, promotion, rules
from builders.traffic import SECTIONS
from forge import events
from model_ratchet.actions import watching
from model_ratchet.actions.watch import WatchInput
from reliability.commands import Nursery
from reliability.served import check_of_servers
from reliability.services import Service
from reliability.worlds import World

SHADOWED = START + timedelta(hours=38)
"""The shadow's day, twelve hours in which its labels come, and more."""
SCHEDULE = "7 * * * *"


def _scheduled(scene: Scene) -> dict[str, Any]:
    return {"event": "schedule", "payload": events.schedule(scene.forge, scene.repo, SCHEDULE)}


@contextmanager
def check(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A pull request that is opened, with the approval that it takes."""
    with a_signed(folder) as signed:
        scene = signed.scene
        scene.forge.review(signed.pull, by=scene.bob)
        payload = events.pull_request(scene.forge, signed.pull)
        yield World(scene, folder, nursery, [["check", "--publish"]], "pull_request", payload)


@contextmanager
def check_served(folder: Path, nursery: Nursery) -> Iterator[World]:
    """The same, of a log that a server holds."""
    service = Service()
    with answering(service.serve) as server, a_signed(folder) as signed:
        scene = signed.scene
        service.answer = holding(signed.log.read_bytes())
        sources = str(rules(Path("requests.csv"))["policies/sources.yaml"]).replace("path: ", f"path: {server.url}/")
        scene.work.git("checkout", "--quiet", "main")
        scene.work.commit({"policies/sources.yaml": sources})
        scene.work.git("push", "--quiet", "origin", "main")
        scene.forge.review(signed.pull, by=scene.bob)
        payload = events.pull_request(scene.forge, signed.pull)
        yield World(scene, folder, nursery, [["check", "--publish"]], "pull_request", payload, service)


@contextmanager
def check_unsigned(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A pull request that nobody has approved yet."""
    with a_signed(folder) as signed:
        payload = events.pull_request(signed.scene.forge, signed.pull)
        yield World(signed.scene, folder, nursery, [["check", "--publish"]], "pull_request", payload)


@contextmanager
def check_again(folder: Path, nursery: Nursery) -> Iterator[World]:
    """The same pull request, approved once its verdict and its comment are there."""
    with a_signed(folder) as signed:
        scene = signed.scene
        signed.runs.opened(signed.pull)
        scene.forge.clock.advance(minutes=30)
        review = scene.forge.review(signed.pull, by=scene.bob)
        payload = events.pull_request_review(scene.forge, signed.pull, review)
        yield World(scene, folder, nursery, [["check", "--publish"]], "pull_request_review", payload)


@contextmanager
def advance(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A candidate that enters its first stage: ledger, check, comment, deployment, anchor, and its router."""
    more = f"{ROLES}assignment: user_id\ntraffic: {{target: nginx, {SECTIONS['nginx']}}}\n"
    with pytest.MonkeyPatch.context() as patch, a_staged(folder, patch, more=more) as staged:
        scene = staged.scene
        scene.forge.clock.advance(minutes=30)
        comment = scene.forge.comment(scene.repo, staged.pull.number, "/ratchet advance", by=scene.bob)
        payload = events.issue_comment(scene.forge, scene.repo, comment)
        yield World(scene, folder, nursery, [["advance", "--publish"]], "issue_comment", payload)


@contextmanager
def advance_on(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A stage that is closed, and the next one started, by the hour."""
    with pytest.MonkeyPatch.context() as patch, a_staged(folder, patch, policy=AUTOMATIC) as staged:
        scene = staged.scene
        staged.hour()
        scene.forge.clock.now = SHADOWED
        staged.approved()
        scene.forge.clock.advance(minutes=90)
        yield World(scene, folder, nursery, [["advance", "--publish"]], **_scheduled(scene))


@contextmanager
def record(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A merge that was judged, and a push around the gate: events, an incident, and a document that is asked for."""
    with a_signed(folder) as signed:
        scene = signed.scene
        recorded(signed.runs)
        pull = signed.passed()
        scene.forge.clock.advance(minutes=5)
        before = scene.forge.merge(pull, by=scene.bob, method="squash")
        scene.work.git("checkout", "--quiet", "main")
        scene.work.git("pull", "--quiet", "--ff-only", "origin", "main")
        scene.work.commit(texts(promotion(V3, V2)))
        scene.work.git("push", "--quiet", "origin", "main")
        scene.forge.sync()
        scene.forge.clock.advance(hours=1)
        after = str(scene.repo.git.resolve("main"))
        payload = events.push(scene.forge, scene.repo, "main", before, after, by=scene.bob)
        yield World(scene, folder, nursery, [["record", "--publish", "--base", "main"]], "push", payload)


@contextmanager
def watch(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A version whose errors are far above its limit: an issue, a message to a service, and the state that is kept."""
    log = live.write(folder / "log.csv", lambda hour: live.Hour(errors=0.2 if hour >= 12 else 0.0), 26)
    now = live.SINCE + timedelta(hours=24, minutes=31)
    service = Service()
    with answering(service.serve) as board:
        files = {
            **rules(log, more="after_merge: {mirror_previous: 14d}\n"),
            "policies/small/1.0.0.yaml": live.POLICY,
            "policies/alerts.yaml": _alerts(board.url),
            **promotion(live.V1, "none"),
            **promotion(live.V2, live.V1),
        }
        with a_scene(folder / "scene", texts(files)) as scene:
            _watched_before(scene, folder)
            scene.forge.clock.now = now
            state = ["--state", "{place}/state"]
            commands = [["watch", "--now", "{now}", *state], ["watch", "--keep", *state]]
            yield World(scene, folder, nursery, commands, service=service, **_scheduled(scene))


def _watched_before(scene: Scene, folder: Path) -> None:
    """A look while all was well, which is remembered."""
    then = live.SINCE + timedelta(hours=11, minutes=31)
    watching.run(WatchInput(repo=scene.work.path, now=then), folder / "before")
    watching.keep(scene.work.path, folder / "before", then)


def _alerts(board: str) -> str:
    return (
        "apiVersion: ratchet/v1\nkind: Alerts\n"
        f"channels: {{board: {{kind: webhook, url: '{board}/alerts'}}, tracker: {{kind: github_issue}}}}\n"
        f"send: {{warning: [tracker], critical: [board, tracker], page: [board, tracker]}}\norigins: ['{board}']\n"
    )


@contextmanager
def rollback(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A version that leaves: a hold, traffic, a removal that is proposed, judged, merged and recorded, and a root cause."""
    with a_worse(folder) as worse:
        scene = worse.runs.scene
        command = ["rollback", "demo", "--reason", WORSE.because, "--culprit", V3, "--automatic", "--publish"]
        yield World(scene, folder, nursery, [command], **_scheduled(scene))


Make = Callable[[Path, Nursery], AbstractContextManager[World]]
STEPS: Mapping[str, Make] = {
    "check": check,
    "check of a served log": check_served,
    "check of real servers": check_of_servers,
    "check again": check_again,
    "advance": advance,
    "advance on": advance_on,
    "record": record,
    "watch": watch,
    "rollback": rollback,
}
"""Name → a context that makes its world in a folder."""
