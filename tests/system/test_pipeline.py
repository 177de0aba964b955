"""The whole pipeline told once: proposed, shadow, canary, blue/green, merged, recorded, verified, tampered with, replayed.

A clone with a bare origin, nginx that is given what ``ratchet render traffic --publish`` wrote, two model servers whose own
rows are the prediction log, and a Prometheus with the memory that their processes hold. Who is served by which version, what is
mirrored, which rows are pairs, scores, latencies and digests are as the router and the servers made them. The clock alone is
compressed: a stage lasts hours, its requests are sent within seconds, and their times are spread evenly over its window
before it is judged, as are the samples of the memory; labels are said to come half an hour later.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders import repositories
from builders.openmetrics import Page
from builders.quick import (
    BASELINE,
    BEGIN,
    CANDIDATE,
    HOUR,
    SETTLE,
    STAGES,
    STRICTER,
    WEIGHTS,
    Stage,
    digest,
    documents,
    features,
    logged,
)
from builders.repositories import Repo, a_repo
from components.clients import Answer, ask, until, within
from components.ports import free_port
from components.prometheus import serving
from components.routers import ModelServer, Router, Row, model_server, nginx
from model_ratchet.actions.render import BRANCH as TRAFFIC
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.names import Version
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH as LEDGER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("routers")]

HEAD = f"promote/late/{CANDIDATE}"


@dataclass
class Story:
    """A clone, a router with two servers behind it, and what is done with them; ``now`` is the compressed clock."""

    clone: Repo
    folder: Path
    port: int
    prometheus: int
    servers: dict[str, ModelServer]
    said: Callable[[], str]
    now: datetime = BEGIN
    router: Router | None = None
    on_candidate: frozenset[str] = frozenset()
    """The users whom the candidate served in the stage before."""

    def ratchet(self, *arguments: str, clocked: bool = True) -> tuple[int, str]:
        """A command, its exit code and what it printed."""
        clock = ("--now", self.now.isoformat()) if clocked else ()
        return run([*arguments, "--repo", str(self.clone.path), *clock]), self.said()

    def advanced(self, *sentences: str) -> None:
        """Something moves, and this is said of it."""
        code, said = self.ratchet("advance", "--head", HEAD)
        assert (code, [sentence for sentence in sentences if sentence not in said]) == (ExitCode.PASSED, []), said

    def waits(self, sentence: str) -> None:
        """Nothing moves, and this is why."""
        code, said = self.ratchet("advance", "--head", HEAD)
        assert (code, sentence in said) == (ExitCode.WAITING, True), said

    def published(self) -> str:
        """What was rendered, as the router's own copy of the branch holds it; a name server is what is missing here."""
        code, said = self.ratchet("render", "traffic", "--publish", clocked=False)
        assert code == ExitCode.PASSED, said
        self.clone.git("fetch", "--quiet", "origin", TRAFFIC)
        text = self.clone.git("show", "FETCH_HEAD:late.conf") + "\n"
        for version, server in self.servers.items():
            text = text.replace(f"late-{Version.parse(version).slug}.svc:8000", server.address)
        assert ".svc" not in text
        return text

    def routed(self, seen: Callable[[list[Answer]], bool]) -> None:
        """The router is given what was published, until it is seen to do so."""
        assert self.router is not None
        self.router.reload(self.published())
        until(lambda: seen(ask(self.port, users(200), path="/probe", body=features)))

    def rows(self, stage: str, number: int) -> dict[str, list[Row]]:
        """What each server has scored in a stage, once that is so many."""

        def of(version: str) -> list[Row]:
            return [row for row in self.servers[version].rows() if row["path"] == f"/{stage}"]

        until(lambda: all(len(of(version)) >= number for version in self.servers))
        return {version: of(version) for version in self.servers}


def users(number: int, visits: int = 1) -> list[str | None]:
    return [f"user-{user}" for _ in range(visits) for user in range(number)]


@pytest.fixture
def story(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr(repositories, "WHEN", BEGIN - 24 * HOUR)
    (tmp_path / "logs").mkdir()
    port, prometheus = free_port(), free_port()
    files = documents(tmp_path / "logs", port=port, mirror_port=free_port(), prometheus=prometheus)
    seed = a_repo(tmp_path / "seed", files)
    seed.git("clone", "--quiet", "--bare", str(seed.path), str(tmp_path / "origin.git"))
    seed.git("clone", "--quiet", str(tmp_path / "origin.git"), str(tmp_path / "clone"))
    with ExitStack() as running:
        servers = {}
        for version, weights in WEIGHTS.items():
            artifact = tmp_path / f"{version}.json"
            artifact.write_text(weights, encoding="utf-8")
            servers[version] = running.enter_context(model_server(tmp_path, version, weights=artifact))
        clone = Repo(tmp_path / "clone")
        story = Story(clone, tmp_path, port, prometheus, servers, lambda: "".join(capsys.readouterr()))
        story.router = running.enter_context(nginx(tmp_path, story.published(), port))
        yield story


def test_from_a_proposal_to_a_recorded_promotion_and_what_an_auditor_finds(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed(story)
    story.advanced("shadow starts")
    for stage in STAGES:
        routed_and_confirmed(story, stage)
        served(story, stage)
        closed(story, stage)
    left_to_the_ledger_alone(story)
    verdict = merged(story, monkeypatch)
    recorded(story, verdict)
    audited(story)
    replayed(story)


def proposed(story: Story) -> None:
    """The drafted folder, filled in and pushed as a branch."""
    code, said = story.ratchet("propose", "late", CANDIDATE, clocked=False)
    assert code == ExitCode.PASSED, said
    request = f"promotions/late/{CANDIDATE}/promotion.yaml"
    drafted = (story.clone.path / request).read_text(encoding="utf-8")
    filled = drafted.replace("uri: TODO", "uri: models://late/2").replace(
        "digest: TODO", f"digest: {digest(CANDIDATE)}"
    )
    story.clone.branch(HEAD, {request: filled.replace("owner: TODO", "owner: ml")})
    story.clone.git("push", "--quiet", "origin", HEAD)


def routed_and_confirmed(story: Story, stage: Stage) -> None:
    """Until the router is seen to do it, the stage does not run."""
    story.waits(f"the router has not confirmed yet that {stage.name} has started")
    number = {"shadow": 0, "canary": 1, "blue_green": 60}[stage.name]
    mirrored = story.servers[CANDIDATE]
    story.routed(lambda answers: on(CANDIDATE, answers) >= number and (stage.share > 0 or len(mirrored.rows()) > 0))
    code, said = story.ratchet("stage", "confirm", "late", CANDIDATE)
    assert code == ExitCode.PASSED, said


def on(version: str, answers: Sequence[Answer]) -> int:
    assert {one.status for one in answers} == {200}
    return sum(one.version == version for one in answers)


def served(story: Story, stage: Stage) -> None:
    """Every user is served, the shares are those of the stage, both versions score every request; all of it is logged."""
    asked = users(stage.users, stage.visits)
    answers = ask(story.port, asked, path=f"/{stage.name}", body=features)
    on(CANDIDATE, answers)
    rows = story.rows(stage.name, len(asked))
    one, other = ({row["request"] for row in found} for found in rows.values())
    assert (one, len(one)) == (other, len(asked))
    by_user: dict[str, set[str]] = {}
    for user, answer in zip(asked, answers, strict=True):
        by_user.setdefault(str(user), set()).add(answer.version)
    assert {len(versions) for versions in by_user.values()} == {1}  # nobody changes sides
    here = frozenset(user for user, versions in by_user.items() if versions == {CANDIDATE})
    assert within(len(here), stage.share, stage.users), len(here)
    assert story.on_candidate <= here  # nobody goes back as a share grows
    story.on_candidate = here
    by_router = Counter(row["version"] for found in rows.values() for row in found if row["mirrored"] is None)
    assert by_router == Counter(answer.version for answer in answers)
    lines = logged((row for found in rows.values() for row in found), story.now + SETTLE, stage.hours * HOUR)
    (story.folder / "logs" / f"{stage.name}.jsonl").write_text("".join(lines), encoding="utf-8")


def closed(story: Story, stage: Stage) -> None:
    """At the end of its window, and once its labels are there, a stage is sealed, and the next one starts."""
    begin = story.now
    page = Page()
    for version, server in story.servers.items():
        held = float(server.memory())
        minutes = [begin + timedelta(minutes=minute) for minute in range(60 * stage.hours + 120)]
        page.gauge("process_resident_memory_bytes", {"version": version}, [(at, held) for at in minutes])
    folder = story.folder / f"prometheus-{stage.name}"
    folder.mkdir()
    with serving(folder, page.text(), port=story.prometheus):
        story.now = begin + stage.hours * HOUR
        story.waits(f"{stage.name} can be decided at")
        story.now = begin + stage.hours * HOUR + SETTLE + HOUR
        later = STAGES[STAGES.index(stage) + 1 :]
        follows = f"{later[0].name} starts" if later else "every stage has passed"
        story.advanced(f"{stage.name} is closed: passed", follows)


def left_to_the_ledger_alone(story: Story) -> None:
    """What was sealed is asked of no source again: the log is gone, and Prometheus with it."""
    shutil.rmtree(story.folder / "logs")
    story.now += HOUR


def merged(story: Story, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The verdict, made of what the ledger holds, and the merge; the sealed record of it."""
    kept = story.folder / "verdict.json"
    code, said = story.ratchet("check", "--head", HEAD, "--write-record", str(kept))
    assert code == ExitCode.PASSED, said
    monkeypatch.setattr(repositories, "WHEN", story.now)
    story.clone.git("checkout", "--quiet", "main")
    story.clone.git("merge", "--quiet", "--no-ff", "--no-edit", HEAD)
    story.clone.git("push", "--quiet", "origin", "main")
    return kept


def recorded(story: Story, verdict: Path) -> None:
    """The merge is in the ledger, and the new version serves everybody."""
    story.now += HOUR
    code, said = story.ratchet("record", "--record", str(verdict))
    assert code == ExitCode.PASSED, said
    assert CANDIDATE in said
    story.routed(lambda answers: on(CANDIDATE, answers) == len(answers))
    answers = ask(story.port, [*users(500), None, None], path="/promoted", body=features)
    assert on(CANDIDATE, answers) == len(answers)
    assert all(row["path"] != "/promoted" for row in story.servers[BASELINE].rows())


def audited(story: Story) -> None:
    """The ledger verifies against its anchor, and whatever byte is changed is found."""
    anchor = story.ratchet("audit", "anchor", clocked=False)[1].strip()
    verify = ("audit", "verify", "--anchor", anchor)
    code, said = story.ratchet(*verify, clocked=False)
    assert (code, said[:10]) == (ExitCode.PASSED, "verified: "), said
    origin = ("--branch", LEDGER, str(story.folder / "origin.git"), str(story.folder / "copy.git"))
    story.clone.git("clone", "--quiet", "--bare", "--single-branch", *origin)
    copy = Repo(story.folder / "copy.git")
    copy.git("remote", "remove", "origin")
    writer = Writer(copy.path)
    tip = writer.commit(LEDGER)
    files = {
        path: blob.content
        for folder in ("events", "records")
        for path, blob in writer.read(tip, writer.paths(tip, folder), 2**31).items()
    }
    drawn = random.Random(5)  # noqa: S311
    for _ in range(30):
        path = drawn.choice(sorted(files))
        place = drawn.randrange(len(files[path]))
        changed = bytearray(files[path])
        changed[place] ^= 1 << drawn.randrange(8)
        writer.add(LEDGER, tip, {path: bytes(changed)}, "somebody else", story.now)
        code = run([*verify, "--repo", str(copy.path)])
        assert (code, "tampered: " in story.said()) == (ExitCode.FAILED, True), (path, place)
        copy.git("update-ref", f"refs/heads/{LEDGER}", tip)
    assert run([*verify, "--repo", str(copy.path)]) == ExitCode.PASSED
    story.said()


def replayed(story: Story) -> None:
    """A policy that asks for more names the decisions that would have been others, and by which criterion."""
    draft = story.folder / "stricter.yaml"
    draft.write_text(STRICTER, encoding="utf-8")
    code, said = story.ratchet("replay", "--policy", str(draft), clocked=False)
    assert code == ExitCode.PASSED
    assert said.startswith(
        "quick/1.1.0 over 4 recorded decisions: 3 would change, 1 would not change, 0 not assessable\n"
    )
    lines = [line for line in said.splitlines() if CANDIDATE in line]
    flipped = ("stage-closed canary: passed", "stage-closed blue_green: passed", "promoted")
    assert [decision in line for decision, line in zip(flipped, lines, strict=True)] == [True, True, True]
    assert said.count("better on canary failed: shown to be less than 20pp better") == 3
