"""A split is advanced to and given to a real nginx: whoever is cut off, the next run routes it, and no request is lost."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from builders.advancing import ROLES, a_staged
from builders.small import POLICY, V1, V2
from components.clients import Answer, ask, until
from components.ports import free_port
from components.routers import ModelServer, Router, model_server, nginx
from forge import events
from model_ratchet.cli import run
from model_ratchet.core.names import Version
from reliability.commands import nursery
from reliability.faults import Kind, Place, Point
from reliability.worlds import World

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("reliability")]

SPLIT = POLICY.replace("retrospective: allowed\n", "").replace(
    "{name: shadow, mirror: 100%,", "{name: shadow, traffic: 50%,"
)
AGENT = """\
git -C {origin} show ratchet/traffic:demo.conf | sed {hosts} > {file}.new && mv {file}.new {file}
test {cut} = between && kill -KILL $$
kill -HUP {nginx}
"""
"""What an operator runs: the published file, in one move, and a reload whether it is another one or not."""


@dataclass
class Routed:
    """A candidate whose first stage splits traffic, and the router in front of both versions."""

    world: World
    router: Router
    port: int
    servers: dict[str, ModelServer]

    def applied(self, cut: str = "never") -> int:
        """How the operator's script ends."""
        hosts = " ".join(f"-e s/{_host(version)}/{one.address}/" for version, one in self.servers.items())
        script = AGENT.format(
            origin=self.world.repo.git.path, hosts=hosts, file=self.router.file, cut=cut, nginx=self.router.process.pid
        )
        return subprocess.run(["sh", "-c", script], check=False).returncode

    def versions(self) -> set[str]:
        """Who answers two hundred users."""
        return {one.version for one in ask(self.port, [f"user-{number}" for number in range(200)])}


def _host(version: str) -> str:
    return f"late-{Version.parse(version).slug}.models.svc:8000"


@pytest.fixture
def routed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Routed]:
    port = free_port()
    section = f'listen: "127.0.0.1:{port}", backend: "late-{{{{ slug }}}}.models.svc:8000", key: {{header: X-User-Id}}'
    more = f"{ROLES}assignment: user_id\ntraffic: {{target: nginx, {section}, mirror_port: {free_port()}}}\n"
    with ExitStack() as running:
        staged = running.enter_context(a_staged(tmp_path, monkeypatch, policy=SPLIT, more=more))
        servers = {one: running.enter_context(model_server(tmp_path, one)) for one in (V1, V2)}
        scene = staged.scene
        assert run(["render", "traffic", "--repo", str(scene.work.path), "--base", "main", "--out", str(tmp_path)]) == 0
        text = (tmp_path / "demo.conf").read_text(encoding="utf-8").replace(_host(V1), servers[V1].address)
        (tmp_path / "nginx").mkdir()
        router = running.enter_context(nginx(tmp_path / "nginx", text, port))
        scene.forge.clock.advance(minutes=30)
        comment = scene.forge.comment(scene.repo, staged.pull.number, "/ratchet advance", by=scene.bob)
        payload = events.issue_comment(scene.forge, scene.repo, comment)
        commands = running.enter_context(nursery(tmp_path / "nursery"))
        world = World(scene, tmp_path, commands, [["advance", "--publish"]], "issue_comment", payload)
        yield Routed(world, router, port, servers)


@pytest.mark.parametrize("cut", ["advance", "between"])
def test_whoever_is_cut_off_the_next_run_routes_the_split_and_no_request_is_lost(routed: Routed, cut: str) -> None:
    world, stop = routed.world, Event()
    world.set_back()
    pushes = [number for number, what in enumerate(world.run().reached[Place.GIT], start=1) if what == "push"]
    published = world.repo.git.run("show", "ratchet/traffic:demo.conf")
    world.set_back()

    def load(number: int) -> list[Answer]:
        found = []
        while not stop.is_set():
            found += ask(routed.port, [f"user-{one}" for one in range(number)], threads=1)
        return found

    with ThreadPoolExecutor(3) as pool:
        loads = [pool.submit(load, number) for number in (1, 20, 100)]
        try:
            if cut == "advance":  # the ledger has the stage, and the router's branch does not
                assert world.run(Point(Kind.KILLED, Place.GIT, pushes[1])).codes == (-signal.SIGKILL,)
                assert not world.repo.git.run("for-each-ref", "refs/heads/ratchet/traffic")
            else:
                assert world.run().codes == (0,)
                assert routed.applied("between") == -signal.SIGKILL
            assert routed.versions() == {V1}
            world.run()
            assert routed.applied() == 0
            until(lambda: routed.versions() == {V1, V2})
        finally:
            stop.set()
        answers = [answer for one in loads for answer in one.result()]
    assert _unsalted(world.repo.git.run("show", "ratchet/traffic:demo.conf")) == _unsalted(published)
    assert {one.status for one in answers} == {200}


def _unsalted(text: str) -> list[str]:
    """Without what the commits of a run are called."""
    return [line for line in text.splitlines() if "sha256" not in line and not line.startswith("#")]
