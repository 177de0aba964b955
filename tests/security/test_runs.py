"""Attacks on a run of a workflow, by their numbers: its clock, its token, and its budget. Real processes, a fake GitHub."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders.publishing import comments, latest_check
from builders.reviewing import DECIDED, FOLDER, STARTED, Signing, a_signing
from builders.runs import RIGHTS, Runner
from forge import events, faults
from forge.faults import Fault

pytestmark = pytest.mark.slow


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    with a_signing(tmp_path, monkeypatch) as made:
        made.at(STARTED + timedelta(hours=1))
        yield made


@pytest.fixture
def runner(signing: Signing, tmp_path: Path) -> Runner:
    token = signing.scene.forge.app_token(signing.scene.forge.app("ratchet", RIGHTS))
    return Runner(signing.scene, tmp_path, token, {"CASES": str(signing.cases)})


@pytest.mark.parametrize("hours", [-1, 1], ids=["before", "after"])
def test_t09_the_time_is_github_s_and_not_the_runner_s(signing: Signing, runner: Runner, hours: int) -> None:
    signing.at(DECIDED + timedelta(hours=hours))
    runner.run("pull_request", events.pull_request(signing.scene.forge, signing.pull))
    record = json.loads((runner.place / "ratchet" / "record.json").read_text())
    (canary,) = record["sealed"]["plan"]["stages"]
    assert canary["decidable"] is (hours > 0)


FAULTS: dict[str, tuple[Fault, str, str] | None] = {
    "a verdict": None,
    "unknown": (faults.bare(401), "GET", "/pulls/1"),
    "forbidden": (faults.bare(403), "POST", "/check-runs"),
    "server": (faults.failing(500), "POST", "/check-runs"),
    "cut off": (faults.truncated(20), "GET", "/pulls/1"),
    "dropped": (faults.dropped(), "POST", "/comments"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_t17_nothing_that_is_left_of_a_run_holds_its_token(signing: Signing, runner: Runner, name: str) -> None:
    planned = FAULTS[name]
    if planned is not None:
        signing.scene.forge.faults.plan(*planned, times=99)
    checkout = runner.clone()
    server = f"http://127.0.0.1:{signing.scene.forge.api.rpartition(':')[2]}"
    checkout.git("remote", "add", "elsewhere", server)
    ran = runner.run(
        "pull_request",
        events.pull_request(signing.scene.forge, signing.pull),
        clone=checkout,
        GITHUB_SERVER_URL=server,
    )
    signing.scene.forge.faults.planned.clear()
    token = runner.token.value
    secrets = [token, base64.b64encode(f"x-access-token:{token}".encode()).decode()]
    left = ran.log + "".join(
        one.read_text("utf-8", "replace")
        for one in [*runner.place.rglob("*"), *checkout.path.rglob("*")]
        if one.is_file() and one.name != "event.json"
    )
    left += "".join(one.body for one in comments(signing.scene))
    left += json.dumps([one.output for one in signing.scene.repo.checks.values()])
    assert [secret for secret in secrets if secret in left] == []
    assert ran.log


def test_t34_a_thousand_promotions_are_few_requests_and_one_comment(signing: Signing, runner: Runner) -> None:
    request = signing.scene.work.git("show", f"proposal:{FOLDER}/promotion.yaml")
    version = FOLDER.rpartition("/")[2]
    named = [f"v1.2.{at}_20250801_090000" for at in range(1000)]
    files = {f"promotions/fraud/{one}/promotion.yaml": request.replace(version, one) + "\n" for one in named}
    pull = signing.scene.propose("many", files)
    before = len(signing.scene.forge.requests)
    ran = runner.run("pull_request", events.pull_request(signing.scene.forge, pull))
    assert ran.code == 2, ran.log
    assert len(signing.scene.forge.requests) - before <= 25
    writes = [one for one in signing.scene.forge.requests[before:] if one.method != "GET"]
    assert len(writes) <= 5
    (comment,) = comments(signing.scene)
    assert len(comment.body) <= 60_000
    assert latest_check(signing.scene, pull.head_sha).conclusion == "failure"


def test_t34_three_thousand_other_files_hide_no_promotion(signing: Signing, runner: Runner) -> None:
    request = signing.scene.work.git("show", f"proposal:{FOLDER}/promotion.yaml")
    files = {f"a/{at // 100}/{at}.txt": f"{at}\n" for at in range(3500)}
    pull = signing.scene.propose("large", {**files, f"{FOLDER}/promotion.yaml": request + "\n"})
    ran = runner.run("pull_request", events.pull_request(signing.scene.forge, pull))
    assert ran.code == 0, ran.log
    assert latest_check(signing.scene, pull.head_sha).status == "in_progress"
