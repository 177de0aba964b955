"""Rendered configurations in real routers, before real model servers: shares, sides, mirrors and rollbacks as they are."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import pytest

from builders.traffic import ACTIVE, AT_REST, CANDIDATE, KEY, SECTIONS, STAGES, UNDER_WAY, section
from components.clients import Answer, ask, until, within
from components.ports import free_port
from components.routers import ModelServer, Router, haproxy, loads, model_server, nginx
from model_ratchet.core.names import Version
from model_ratchet.engine.desired import Desired
from model_ratchet.render.traffic import refusals, render

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("routers")]

REQUESTS = 10_000
START: dict[str, Callable[..., AbstractContextManager[Router]]] = {"nginx": nginx, "haproxy": haproxy}
HASHING = pytest.mark.parametrize("target", ["nginx", "haproxy"])

SHADOW = replace(UNDER_WAY, stage="shadow", mirror=1.0)
CANARY = replace(UNDER_WAY, stage="canary", share=0.05)
MIRRORED_CANARY = replace(CANARY, mirror=1.0)
BLUE_GREEN = replace(UNDER_WAY, stage="blue_green", share=0.5)


@dataclass
class Arena:
    """Two model servers, and the ports of the router in front of them."""

    target: str
    port: int
    mirror_port: int
    servers: dict[Version, ModelServer]

    def text(self, desired: Desired, key: str = ", key: {header: X-User-Id}", more: str = "") -> str:
        """What is rendered, with the names of the servers resolved, which takes a name server elsewhere."""
        mirror = f", mirror_port: {self.mirror_port}{more}" if self.target == "nginx" else ""
        inside = f'listen: "127.0.0.1:{self.port}", backend: "late-{{{{ slug }}}}.svc:8000"{key}{mirror}'
        (text,) = render(replace(desired, previous=None), section(self.target, inside)).values()
        for version, server in self.servers.items():
            text = text.replace(f"late-{version.slug}.svc:8000", server.address)
        assert ".svc" not in text
        return text

    def start(self, folder: Path, text: str) -> AbstractContextManager[Router]:
        return START[self.target](folder, text, self.port)

    def ask(self, users: Sequence[str | None], *, threads: int = 8, path: str = "/score") -> list[Answer]:
        return ask(self.port, users, threads=threads, path=path)


@pytest.fixture
def an_arena(tmp_path: Path) -> Iterator[Callable[..., Arena]]:
    """Makes an arena; ``delay`` and ``status`` are those of the candidate's server."""
    with ExitStack() as running:

        def make(target: str, *, delay: float = 0, status: int = 200) -> Arena:
            served = partial(model_server, tmp_path)
            servers = {
                ACTIVE: running.enter_context(served(str(ACTIVE))),
                CANDIDATE: running.enter_context(served(str(CANDIDATE), delay=delay, status=status)),
            }
            return Arena(target, free_port(), free_port(), servers)

        yield make


def users(number: int) -> list[str | None]:
    return [f"user-{index}" for index in range(number)]


def on_candidate(answers: Sequence[Answer]) -> list[bool]:
    assert {one.status for one in answers} == {200}
    return [one.version == str(CANDIDATE) for one in answers]


@HASHING
def test_shares_lie_within_their_binomial_bounds_and_users_stay_where_they_are(
    target: str, tmp_path: Path, an_arena: Callable[..., Arena]
) -> None:
    arena = an_arena(target)
    with arena.start(tmp_path, arena.text(CANARY)) as router:
        canary = on_candidate(arena.ask(users(REQUESTS)))
        assert within(sum(canary), 0.05, REQUESTS), sum(canary)
        assert on_candidate(arena.ask(users(1000))) == canary[:1000]

        router.reload(arena.text(BLUE_GREEN))
        until(lambda: sum(on_candidate(arena.ask(users(200)))) > 60)
        half = on_candidate(arena.ask(users(REQUESTS)))
        assert within(sum(half), 0.5, REQUESTS), sum(half)
        assert all(now for now, first in zip(half, canary, strict=True) if first)  # nobody goes back as a share grows

        router.reload(arena.text(replace(BLUE_GREEN, salt="sha256:another")))
        until(lambda: on_candidate(arena.ask(users(200))) != half[:200])
        reshuffled = on_candidate(arena.ask(users(REQUESTS)))
        both = sum(one and other for one, other in zip(half, reshuffled, strict=True))
        assert within(both, 0.25, REQUESTS), both
    rows = [row for server in arena.servers.values() for row in server.rows()]
    assert {row["mirrored"] for row in rows} == {None}
    assert len({row["request"] for row in rows}) == len(rows)


@HASHING
def test_a_request_that_does_not_say_whose_it_is_is_served_by_the_active_version(
    target: str, tmp_path: Path, an_arena: Callable[..., Arena]
) -> None:
    """Also where nearly everybody else is served by the candidate: nothing is hashed that is not there."""
    arena = an_arena(target)
    with arena.start(tmp_path, arena.text(replace(CANARY, share=0.9999))):
        assert set(arena.ask([None] * 20)) == {Answer(200, str(ACTIVE))}
        assert set(arena.ask([""] * 20)) == {Answer(200, str(ACTIVE))}
        assert sum(on_candidate(arena.ask(users(100)))) > 90


@HASHING
def test_without_a_key_requests_are_split_one_by_one(
    target: str, tmp_path: Path, an_arena: Callable[..., Arena]
) -> None:
    arena = an_arena(target)
    with arena.start(tmp_path, arena.text(replace(CANARY, assignment=None), key="")):
        found = on_candidate(arena.ask(["the same"] * 4000))
    assert within(sum(found), 0.05, 4000), sum(found)


@HASHING
def test_a_cookie_is_a_key(target: str, tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena(target)
    with arena.start(tmp_path, arena.text(BLUE_GREEN, key=", key: {cookie: uid}")):

        def asked(cookie: str) -> str:
            connection = HTTPConnection("127.0.0.1", arena.port, timeout=60)
            connection.request("GET", "/", headers={"Cookie": cookie})
            answer = connection.getresponse().read().decode()
            connection.close()
            return answer

        twice = [[asked(f"a=1; uid=user-{user}; b=2") for user in range(60)] for _ in range(2)]
        assert twice[0] == twice[1]
        assert set(twice[0]) == {str(ACTIVE), str(CANDIDATE)}
        assert {asked("a=1") for _ in range(20)} == {str(ACTIVE)}


def test_in_shadow_every_request_is_mirrored_and_nothing_of_it_is_seen(
    tmp_path: Path, an_arena: Callable[..., Arena]
) -> None:
    arena = an_arena("nginx", status=500)
    with arena.start(tmp_path, arena.text(SHADOW)):
        answers = arena.ask(users(REQUESTS))
        mirrored = arena.servers[CANDIDATE].rows_once(REQUESTS)
    assert set(answers) == {Answer(200, str(ACTIVE))}
    served = arena.servers[ACTIVE].rows()
    assert {row["mirrored"] for row in served} == {None}
    assert {row["mirrored"] for row in mirrored} == {"1"}
    assert Counter(map(_pair, served)) == Counter(map(_pair, mirrored))
    assert len({row["request"] for row in served}) == REQUESTS
    assert {(row["method"], row["path"]) for row in mirrored} == {("POST", "/score")}


def test_a_slow_mirror_holds_no_user_up(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    """One connection: the second request would wait for the mirror of the first one, and the third for both."""
    arena = an_arena("nginx", delay=30)
    with arena.start(tmp_path, arena.text(SHADOW)):
        answers = arena.ask(users(3), threads=1)
        assert arena.servers[CANDIDATE].rows() == []  # the last user was answered before the first mirror was done
    assert set(answers) == {Answer(200, str(ACTIVE))}


def test_a_mirror_that_is_not_there_is_not_missed(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx")
    text = arena.text(SHADOW).replace(arena.servers[CANDIDATE].address, f"127.0.0.1:{free_port()}")
    with arena.start(tmp_path, text):
        assert set(arena.ask(users(500))) == {Answer(200, str(ACTIVE))}


def test_what_is_mirrored_beyond_the_limit_is_dropped(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx", delay=2)
    with arena.start(tmp_path, arena.text(SHADOW, more=", mirror_at_once: 3")):
        assert set(arena.ask(users(50), threads=1)) == {Answer(200, str(ACTIVE))}
        assert len(arena.servers[CANDIDATE].rows_once(3)) == 3


def test_a_mirrored_canary_is_scored_by_both_arms(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx")
    with arena.start(tmp_path, arena.text(MIRRORED_CANARY)):
        answers = arena.ask(users(4000))
        rows = [row for server in arena.servers.values() for row in server.rows_once(4000)]
    share = sum(on_candidate(answers))
    assert within(share, 0.05, 4000), share
    served = Counter(row["version"] for row in rows if row["mirrored"] is None)
    assert served == {str(CANDIDATE): share, str(ACTIVE): 4000 - share}
    assert len({(row["request"], row["version"]) for row in rows}) == len(rows) == 8000


def test_a_share_of_requests_is_mirrored(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx")
    with arena.start(tmp_path, arena.text(replace(SHADOW, mirror=0.25))):
        arena.ask(users(4000))
        _settled(arena.servers[CANDIDATE])
    mirrored = len(arena.servers[CANDIDATE].rows())
    assert within(mirrored, 0.25, 4000), mirrored


def test_only_the_router_sends_through_the_mirror_port(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx")
    with arena.start(tmp_path, arena.text(SHADOW)):
        for port, path, named in ((arena.port, "/ratchet/mirror", "x"), (arena.mirror_port, "/score", "127.0.0.1:1")):
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", path, headers={"X-Ratchet-Mirrored": named})
            assert connection.getresponse().status == 404
            connection.close()
    assert arena.servers[CANDIDATE].rows() == []


@HASHING
def test_a_rollback_takes_effect_without_a_request_lost(
    target: str, tmp_path: Path, an_arena: Callable[..., Arena]
) -> None:
    """Under load, with requests under way that take half a second, in connections that are kept and in new ones."""
    arena = an_arena(target)
    promoted = Desired(model=AT_REST.model, active=CANDIDATE, previous=ACTIVE, assignment="user_id")
    stop = Event()

    def load(path: str, number: int) -> list[Answer]:
        found = []
        while not stop.is_set():
            found += arena.ask(users(number), threads=1, path=path)
        return found

    with arena.start(tmp_path, arena.text(promoted)) as router, ThreadPoolExecutor(6) as pool:
        loads = [pool.submit(load, "/score", number) for number in (1, 1, 50, 200)]
        loads += [pool.submit(load, "/slow", 1) for _ in range(2)]
        arena.servers[CANDIDATE].rows_once(300)
        router.reload(arena.text(AT_REST))
        arena.servers[ACTIVE].rows_once(300)
        until(lambda: {one.version for one in arena.ask(users(20))} == {str(ACTIVE)})
        stop.set()
        answers = [answer for one in loads for answer in one.result()]
    assert {one.status for one in answers} == {200}
    assert {one.version for one in answers} == {str(ACTIVE), str(CANDIDATE)}
    scored = [row["body"] for server in arena.servers.values() for row in server.rows()]
    assert len(scored) == len(set(scored)) >= len(answers)  # none was lost on the way and asked twice


def test_what_does_not_load_leaves_the_router_as_it_was(tmp_path: Path, an_arena: Callable[..., Arena]) -> None:
    arena = an_arena("nginx")
    with arena.start(tmp_path, arena.text(AT_REST)) as router:
        router.reload(arena.text(BLUE_GREEN).replace(arena.servers[CANDIDATE].address, "nowhere.invalid:80"))
        until(lambda: "nowhere.invalid" in (tmp_path / "error.log").read_text(encoding="utf-8"))
        assert set(arena.ask(users(100))) == {Answer(200, str(ACTIVE))}


LONGEST = "m" * 64
VERSIONS = [Version.parse(f"v999999.999999.99999{digit}_21991231_235959") for digit in range(3)]


@pytest.mark.parametrize("stage", STAGES)
@HASHING
def test_every_stage_loads_also_with_the_longest_names(target: str, stage: str, tmp_path: Path) -> None:
    state = STAGES[stage]
    if refusals(state, section(target)):
        state = replace(state, mirror=0.0)
    named = zip(("active", "previous", "candidate"), VERSIONS, strict=True)
    renamed = {name: version for name, version in named if getattr(state, name) is not None}
    longest = replace(state, model=LONGEST, **renamed)  # type: ignore[arg-type]
    header = "X-" + "h" * 62
    for one, inside in (
        (state, SECTIONS[target]),
        (longest, SECTIONS[target].replace("X-User-Id", header).replace("listen: 8080", 'listen: "127.0.0.1:8080"')),
        (replace(state, assignment=None), SECTIONS[target].replace(f", {KEY}", "")),
    ):
        ((name, text),) = render(one, section(target, inside)).items()
        loads(target, tmp_path, name, re.sub(r"late-v[0-9-]+\.models\.svc:8000", "127.0.0.1:9", text))


def _pair(row: object) -> tuple[str, str, str]:
    return (row["request"], row["user"], row["body"])  # type: ignore[index]


def _settled(server: ModelServer) -> None:
    """Waits until nothing has been scored for a while."""
    seen = -1
    while (now := len(server.rows())) != seen:
        seen = now
        time.sleep(0.5)
