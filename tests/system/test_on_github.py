"""`ratchet check --publish` and `--refresh` as runs of GitHub Actions: each event, what is left on GitHub, and the exit code.

Real processes, real git, a fake GitHub over HTTP: see ``forge.hub`` and ``builders.runs`` for what that does not prove.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.publishing import comments, latest_check
from builders.repositories import Repo
from builders.reviewing import DECIDED, FOLDER, STARTED, Signing, a_signing
from builders.runs import RIGHTS, Runner
from forge import events, faults
from forge.faults import Exchange
from forge.rules import merge_queue
from steps import harness

HOUR = timedelta(hours=1)
SIGNED = DECIDED + 2 * HOUR
pytestmark = pytest.mark.slow


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    with a_signing(tmp_path, monkeypatch) as made:
        made.at(STARTED + HOUR)
        yield made


@pytest.fixture
def runner(signing: Signing, tmp_path: Path) -> Runner:
    app = signing.scene.forge.app("ratchet", RIGHTS)
    token = signing.scene.forge.app_token(app)
    return Runner(signing.scene, tmp_path, token, {"CASES": str(signing.cases)})


def opened(signing: Signing, action: str = "opened") -> dict[str, object]:
    return events.pull_request(signing.scene.forge, signing.pull, action)


def approve(signing: Signing, at: datetime, *logins: str) -> None:
    signing.at(at)
    for login in logins:
        signing.scene.forge.review(signing.pull, by=signing.scene.forge.user(login))


def failing(signing: Signing) -> None:
    (signing.cases / "cases.csv").write_text("case,passed\nempty,false\n", encoding="utf-8")


def state(signing: Signing) -> tuple[str, str | None]:
    run = latest_check(signing.scene, signing.pull.head_sha)
    return run.status, run.conclusion


# one pull request


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target"])
def test_an_opened_pull_request_waits_and_the_job_ends_well(signing: Signing, runner: Runner, event: str) -> None:
    ran = runner.run(event, opened(signing))
    assert ran.code == 0, ran.log
    assert state(signing) == ("in_progress", None)
    title = latest_check(signing.scene, signing.pull.head_sha).output["title"]
    assert title == f"waiting: the evidence for {FOLDER.rpartition('/')[2]} has passed; awaiting risk, business"
    (comment,) = comments(signing.scene)
    assert comment.body.split("\n")[1] in ran.summary
    assert "\nwaiting\n" in ran.outputs
    assert (ran.folder / "ratchet" / "record.json").exists()
    assert len([one for one in signing.scene.forge.requests if one.client == runner.token.value]) <= 25


def test_a_review_completes_the_sign_off_and_the_check_turns_green(signing: Signing, runner: Runner) -> None:
    approve(signing, SIGNED, "dan", "bob")
    review = max(signing.pull.reviews, key=lambda one: one.id)
    ran = runner.run("pull_request_review", events.pull_request_review(signing.scene.forge, signing.pull, review))
    assert ran.code == 0, ran.log
    assert state(signing) == ("completed", "success")
    assert "\npassed\n" in ran.outputs


def test_what_is_failed_ends_the_job_with_1_and_what_is_invalid_with_2(signing: Signing, runner: Runner) -> None:
    failing(signing)
    signing.at(SIGNED)
    assert runner.run("pull_request", opened(signing)).code == 1
    assert state(signing) == ("completed", "failure")
    signing.scene.push("proposal", {f"{FOLDER}/promotion.yaml": "kind: PromotionRequest\n"}, by=signing.scene.ada)
    signing.scene.forge.sync()
    ran = runner.run("pull_request", opened(signing, "synchronize"))
    assert ran.code == 2
    assert "\ninvalid\n" in ran.outputs
    assert state(signing) == ("completed", "failure")
    (comment,) = comments(signing.scene)
    assert "nothing was judged" in comment.body


def test_a_world_that_is_broken_is_published_as_such_and_ends_with_3(signing: Signing, runner: Runner) -> None:
    payload, checkout = opened(signing), runner.clone()
    checkout.git("remote", "set-url", "origin", "file:///nowhere.git")
    ran = runner.run("pull_request", payload, clone=checkout)
    assert ran.code == 3, ran.log
    assert state(signing) == ("completed", "failure")
    assert "can't be fetched from origin" in latest_check(signing.scene, signing.pull.head_sha).output["title"]


@pytest.mark.parametrize("path", ["/check-runs", "/comments"])
def test_a_verdict_that_can_not_be_published_ends_with_5_and_stands_in_the_summary(
    signing: Signing, runner: Runner, path: str
) -> None:
    signing.scene.forge.faults.plan(faults.bare(403), "POST", path)
    ran = runner.run("pull_request", opened(signing))
    assert ran.code == 5
    assert "\n::error title=ratchet::not published: " in ran.log
    assert "fraud" in ran.summary
    assert (ran.folder / "ratchet" / "record.json").exists()


def test_a_fork_has_the_summary_alone_and_ends_as_the_verdict_does(signing: Signing, runner: Runner) -> None:
    scene = signing.scene
    fork = scene.forge.repository("cleo/models", scene.repo.git.path.parent / "fork.git", fork_of=scene.repo)
    fork.git.fetch(scene.work.path, signing.pull.head_sha, "refs/heads/proposal")
    pull = scene.forge.open(scene.repo, "proposal", by=scene.cleo, fork=fork)
    ran = runner.run(
        "pull_request",
        events.pull_request(scene.forge, pull),
        token=scene.forge.workflow_token(fork=True),
    )
    assert ran.code == 4, ran.log
    assert "fraud" in ran.summary
    assert not scene.repo.checks
    assert not scene.repo.comments
    assert "\n::warning title=ratchet::the pull request is from a fork" in ran.log
    comment = scene.forge.comment(scene.repo, pull.number, "/ratchet recheck", by=scene.bob)
    ran = runner.run("issue_comment", events.issue_comment(scene.forge, scene.repo, comment))
    assert ran.code == 0, ran.log
    assert latest_check(scene, pull.head_sha).external_id == f"ratchet:v1:{pull.number}:{runner.last}:1"


def test_a_change_that_touches_no_promotion_passes_without_a_comment(signing: Signing, runner: Runner) -> None:
    pull = signing.scene.propose("notes")
    ran = runner.run("pull_request", events.pull_request(signing.scene.forge, pull))
    assert ran.code == 0, ran.log
    assert latest_check(signing.scene, pull.head_sha).conclusion == "success"
    assert not signing.scene.repo.comments


def test_a_pull_request_that_was_closed_asks_for_nothing(signing: Signing, runner: Runner) -> None:
    signing.scene.forge.close(signing.pull, by=signing.scene.ada)
    ran = runner.run("pull_request", opened(signing, "closed"))
    assert (ran.code, ran.log) == (0, "nothing to do: pull request #1 was closed\n")
    assert not signing.scene.repo.checks


def test_the_lines_of_the_action_publish_with_the_token_and_the_app_that_it_is_given(
    signing: Signing, runner: Runner, tmp_path: Path
) -> None:
    """Everything of the action but what it installs, which stands in for itself."""
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    ratchet = Path(sys.executable).with_name("ratchet")
    python.write_text(
        "#!/bin/sh\nmkdir -p ratchet/bin\nprintf '#!/bin/sh\\n' > ratchet/bin/python\nchmod +x ratchet/bin/python\n"
        f"ln -s {ratchet} ratchet/bin/ratchet\n"
    )
    python.chmod(0o755)
    pull = signing.scene.propose("notes")
    payload = events.pull_request(signing.scene.forge, pull)
    github = {
        "api_url": signing.scene.forge.api,
        "repository": "acme/models",
        "run_attempt": "1",
        "run_id": "7",
        "server_url": "https://github.com",
    }
    on = harness.Runner(
        runner.clone().path, tmp_path / "scratch", "pull_request", payload, github, path=[python.parent]
    )
    action = Path(__file__).parents[2] / ".github" / "actions" / "ratchet"
    job = on.action(action, token=runner.token.value, app="ratchet")
    assert not job.failed, job.log
    assert latest_check(signing.scene, pull.head_sha).external_id == "ratchet:v1:2:7:1"
    assert job.ran[-1].outputs["outcome"] == "passed"
    assert "Nothing to judge" in job.summary
    assert len(job.skipped) == 3


# asked for by a comment or by hand


def recheck(signing: Signing, body: str, login: str, action: str = "created") -> dict[str, object]:
    scene = signing.scene
    comment = scene.forge.comment(scene.repo, signing.pull.number, body, by=scene.forge.user(login))
    more = {"changes": {"body": {"from": "x"}}} if action == "edited" else {}
    return events.issue_comment(scene.forge, scene.repo, comment, action, **more)


def reactions(signing: Signing) -> list[tuple[str, str]]:
    return [(one.user.login, one.content) for made in signing.scene.repo.comments.values() for one in made.reactions]


def test_a_recheck_of_who_may_write_is_seen_and_published(signing: Signing, runner: Runner) -> None:
    ran = runner.run("issue_comment", recheck(signing, "/ratchet recheck", "bob"))
    assert ran.code == 0, ran.log
    assert reactions(signing) == [("ratchet[bot]", "eyes")]
    assert state(signing) == ("in_progress", None)


def test_a_recheck_that_can_not_be_shown_as_seen_is_published_all_the_same(signing: Signing, runner: Runner) -> None:
    signing.scene.forge.faults.plan(faults.bare(403), "POST", "/reactions")
    ran = runner.run("issue_comment", recheck(signing, "/ratchet recheck", "bob"))
    assert ran.code == 0, ran.log
    assert "\n::warning title=ratchet::the token may not react to the comment" in ran.log
    assert state(signing) == ("in_progress", None)


@pytest.mark.parametrize(
    ("body", "login", "action", "says"),
    [
        ("/ratchet recheck", "cleo", "created", "only who may write here may ask for a recheck"),
        ("/ratchet recheck", "bob", "edited", "only a new comment asks for anything"),
        ("/ratchet recheck now; $(id)", "bob", "created", "the comment is neither `/ratchet recheck`"),
        ("please /ratchet recheck", "bob", "created", "the comment is neither `/ratchet recheck`"),
    ],
    ids=["reader", "edited", "arguments", "within"],
)
def test_any_other_comment_asks_for_nothing(
    signing: Signing, runner: Runner, body: str, login: str, action: str, says: str
) -> None:
    ran = runner.run("issue_comment", recheck(signing, body, login, action))
    assert (ran.code, ran.log.startswith(f"nothing to do: {says}")) == (0, True), ran.log
    assert not signing.scene.repo.checks
    assert reactions(signing) == []


def test_a_pull_request_that_is_named_by_hand_is_judged(signing: Signing, runner: Runner) -> None:
    forge, repo = signing.scene.forge, signing.scene.repo
    named = events.workflow_dispatch(forge, repo, "recheck.yml", by=signing.scene.bob, pull_request="1")
    assert runner.run("workflow_dispatch", named).code == 0
    assert state(signing) == ("in_progress", None)
    bad = events.workflow_dispatch(forge, repo, "recheck.yml", by=signing.scene.bob, pull_request="1; id")
    ran = runner.run("workflow_dispatch", bad)
    assert ran.code == 3
    assert "write the number of a pull request, or nothing" in ran.log


def test_a_relay_that_ended_leads_to_the_pull_request_of_its_head(signing: Signing, runner: Runner) -> None:
    scene = signing.scene
    ended = events.workflow_run(scene.forge, scene.repo, signing.pull.head_sha, "pull_request_review", by=scene.bob)
    assert runner.run("workflow_run", ended).code == 0
    assert state(signing) == ("in_progress", None)
    scene.work.git("push", "--quiet", "origin", "proposal:refs/heads/twin")
    scene.forge.open(scene.repo, "twin", by=scene.ada)
    ran = runner.run("workflow_run", ended)
    assert (ran.code, ran.log.startswith("nothing to do: 2 open pull requests have the head")) == (0, True)


# all of them


@pytest.mark.parametrize("event", ["schedule", "push", "workflow_dispatch"])
def test_a_refresh_publishes_what_is_new_and_then_nothing_until_it_would_go_stale(
    signing: Signing, runner: Runner, event: str
) -> None:
    scene = signing.scene
    main = scene.repo.git.resolve("main") or ""
    payload = {
        "schedule": lambda: events.schedule(scene.forge, scene.repo, "17 * * * *"),
        "push": lambda: events.push(scene.forge, scene.repo, "main", main, main, by=scene.ada),
        "workflow_dispatch": lambda: events.workflow_dispatch(scene.forge, scene.repo, "r.yml", by=scene.ada),
    }[event]()
    scene.propose("notes")
    first = runner.run(event, payload, "refresh")
    assert first.code == 0, first.log
    assert first.log.startswith("#1: published: waiting: ")
    assert "#2" not in first.log
    assert "published: waiting" in first.summary
    before = len(scene.repo.checks)
    second = runner.run(event, payload, "refresh")
    assert second.log.startswith("#1: unchanged: waiting: "), second.log
    assert (second.code, len(scene.repo.checks)) == (0, before)
    latest_check(scene, signing.pull.head_sha).started_at = scene.forge.clock.now - timedelta(days=8)
    third = runner.run(event, payload, "refresh")
    assert third.log.startswith("#1: published: "), third.log
    assert len(scene.repo.checks) == before + 1


def test_a_refresh_repairs_a_comment_that_was_edited(signing: Signing, runner: Runner) -> None:
    runner.run("pull_request", opened(signing))
    (comment,) = comments(signing.scene)
    written = comment.body
    comment.body = comment.body.replace("Pending", "Passed").replace("run=101", "run=999999")
    tick = events.schedule(signing.scene.forge, signing.scene.repo, "17 * * * *")
    assert runner.run("schedule", tick, "refresh").log.startswith("#1: published: ")
    (comment,) = comments(signing.scene)
    assert comment.body.split("\n")[1:-2] == written.split("\n")[1:-2]
    assert runner.run("schedule", tick, "refresh").log.startswith("#1: unchanged: ")


def test_a_refresh_fetches_a_base_branch_once_and_judges_all_by_it(signing: Signing, runner: Runner) -> None:
    scene = signing.scene
    version = FOLDER.rpartition("/")[2]
    request = scene.work.git("show", f"proposal:{FOLDER}/promotion.yaml")
    for number in (2, 3):
        named = version.replace("v1.1", f"v1.{number}")
        scene.propose(
            f"proposal-{number}",
            {f"promotions/fraud/{named}/promotion.yaml": request.replace(version, named) + "\n"},
        )
    git, calls = runner.folder / "bin" / "git", runner.folder / "calls.txt"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\nPATH={os.defpath} exec git "$@"\n')
    git.chmod(0o755)
    tick = events.schedule(scene.forge, scene.repo, "17 * * * *")
    ran = runner.run("schedule", tick, "refresh", PATH=f"{git.parent}:{os.defpath}")
    assert ran.log.count(": published: ") == 3, ran.log
    assert len([line for line in calls.read_text().splitlines() if line.endswith(" origin refs/heads/main")]) == 1


def test_an_event_of_all_is_not_published_and_one_of_a_pull_request_refreshes_nothing(
    signing: Signing, runner: Runner
) -> None:
    tick = events.schedule(signing.scene.forge, signing.scene.repo, "17 * * * *")
    ran = runner.run("schedule", tick)
    assert (ran.code, "refresh all open ones with --refresh" in ran.log) == (2, True)
    ran = runner.run("pull_request", opened(signing), "refresh")
    assert (ran.code, "publish its check with --publish" in ran.log) == (2, True)
    assert not signing.scene.repo.checks


def test_a_group_of_the_merge_queue_that_touches_no_promotion_passes(signing: Signing, runner: Runner) -> None:
    scene = signing.scene
    pull = scene.propose("notes")
    scene.forge.ruleset(scene.repo, merge_queue())
    group = scene.forge.queue(pull)
    ran = runner.run("merge_group", events.merge_group(scene.forge, group))
    assert ran.code == 0, ran.log
    assert latest_check(scene, group.head_sha).conclusion == "success"


# while it runs


def moved(signing: Signing) -> None:
    signing.scene.push("proposal", {"later.txt": "x\n"}, by=signing.scene.ada)
    signing.scene.forge.sync()


def closed(signing: Signing) -> None:
    signing.scene.forge.close(signing.pull, by=signing.scene.ada)


@pytest.mark.parametrize(
    ("happens", "says"), [(moved, "is no longer the head"), (closed, "was closed meanwhile")], ids=["moved", "closed"]
)
def test_what_moves_on_during_the_run_is_superseded_and_nothing_is_published(
    signing: Signing, runner: Runner, happens: Callable[[Signing], None], says: str
) -> None:
    failing(signing)
    signing.at(SIGNED)
    payload = opened(signing)
    seen: list[Exchange] = []

    def meanwhile(asked: Exchange) -> None:
        if asked.path.endswith("/reviews") and not seen:  # it judges now
            seen.append(asked)
            happens(signing)

    signing.scene.forge.faults.before(meanwhile)
    ran = runner.run("pull_request", payload)
    assert seen
    assert ran.code == 0, ran.log
    assert "superseded, nothing was published" in ran.log
    assert says in ran.log
    assert not signing.scene.repo.checks
    assert not signing.scene.repo.comments
    assert ran.outputs == ""


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/models"), ("GET", "/reviews"), ("POST", "/check-runs"), ("POST", "/comments")],
    ids=["time", "reviews", "check", "comment"],
)
def test_a_run_that_is_ended_half_way_leaves_nothing_untrue_and_the_next_one_sets_it_right(
    signing: Signing, runner: Runner, method: str, path: str
) -> None:
    approve(signing, SIGNED, "dan", "bob")
    payload = opened(signing)
    ended: list[Exchange] = []

    def end(asked: Exchange) -> None:
        if not ended and (asked.method, asked.path.endswith(path)) == (method, True):
            ended.append(asked)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    signing.scene.forge.faults.before(end)
    with runner.start("pull_request", payload) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    answered(ended)
    assert len(comments(signing.scene)) == (path == "/comments")
    assert len(signing.scene.repo.checks) == (path in ("/check-runs", "/comments"))
    assert runner.run("pull_request", payload).code == 0
    assert state(signing) == ("completed", "success")
    (comment,) = comments(signing.scene)
    assert "Passed: fraud" in comment.body


def answered(asked: list[Exchange]) -> None:
    """Wait until the fake has carried out what nobody waits for any more."""
    for _ in range(600):
        if asked and asked[0].status:
            return
        time.sleep(0.05)
    raise AssertionError(f"never carried out: {asked}")


# what the runner brings


@pytest.mark.parametrize("cut", [0, 1, 500, -1])
def test_a_payload_that_is_cut_off_is_no_event(signing: Signing, runner: Runner, cut: int) -> None:
    ran = runner.run("pull_request", json.dumps(opened(signing)).encode()[:cut])
    assert (ran.code, "is not JSON: run the workflow again" in ran.log) == (3, True)
    assert not signing.scene.repo.checks


def test_a_shallow_clone_is_deepened_only_as_far_as_the_branches_part(signing: Signing, runner: Runner) -> None:
    scene = signing.scene
    grow(scene.work, 700)
    scene.work.git("push", "--quiet", "origin", "main")
    scene.work.git("checkout", "--quiet", "-b", "late", "main")
    scene.work.commit({"late.txt": "x\n"})
    scene.work.git("push", "--quiet", "origin", "late")
    pull = scene.forge.open(scene.repo, "late", by=scene.ada)
    scene.work.git("checkout", "--quiet", "main")
    grow(scene.work, 60)
    scene.work.git("push", "--quiet", "origin", "main")
    checkout = runner.clone()
    ran = runner.run("pull_request", events.pull_request(scene.forge, pull), clone=checkout)
    assert ran.code == 0, ran.log
    assert latest_check(scene, pull.head_sha).conclusion == "success"
    assert checkout.git("rev-parse", "--is-shallow-repository") == "true"
    assert 60 < int(checkout.git("rev-list", "--count", "FETCH_HEAD")) < 700


def grow(work: Repo, commits: int) -> None:
    """So many empty commits on ``main``."""
    work.git("checkout", "--quiet", "main")
    tree, tip = work.git("rev-parse", "HEAD^{tree}"), work.git("rev-parse", "HEAD")
    for at in range(commits):
        tip = work.git("commit-tree", tree, "-p", tip, "-m", str(at))
    work.git("reset", "--quiet", "--hard", tip)
