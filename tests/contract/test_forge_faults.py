"""Faults on demand do what they say, and an exchange that GitHub would not know fails its test."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from builders.hubs import Scene, a_scene, client
from forge import faults
from forge.faults import Fault, Half
from forge.limits import MINUTE, Limits
from forge.server import serving
from forge.state import Token

LIMITS = [
    (faults.bare(403), 403, None, "999"),
    (faults.bare(429), 429, None, "999"),
    (faults.secondary_limit(), 403, None, "999"),
    (faults.secondary_limit(7), 403, "7", "999"),
    (faults.secondary_limit(7, status=429), 429, "7", "999"),
    (faults.primary_limit(1_756_731_600), 403, None, "0"),
    (faults.primary_limit(1_756_731_600, status=429), 429, None, "0"),
]


def ask(scene: Scene, token: Token, method: str, path: str, **body: object) -> requests.Response:
    said = {"Authorization": f"Bearer {token.value}"}
    return requests.request(
        method, f"{scene.forge.api}/repos/acme/models{path}", headers=said, json=body or None, timeout=10
    )


@pytest.mark.parametrize(("fault", "status", "wait", "remaining"), LIMITS)
def test_a_limit_says_what_it_says(tmp_path: Path, fault: Fault, status: int, wait: str | None, remaining: str) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        scene.forge.faults.plan(fault, "GET", "/acme/models")
        answer = ask(scene, token, "GET", "")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (status, wait)
        assert answer.headers["x-ratelimit-remaining"] == remaining
        assert ask(scene, token, "GET", "").status_code == 200


def test_an_answer_is_lost_after_the_work_was_done(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        scene.propose()
        for fault, kept in ((faults.lost(), 1), (faults.failing(500), 1), (faults.failing(503), 1)):
            scene.forge.faults.plan(fault, "POST", "/comments")
            assert ask(scene, token, "POST", "/issues/1/comments", body="hi").status_code >= 500
            assert len(scene.repo.comments) == kept
        assert [one.status for one in scene.forge.asked("POST", "/comments")] == [502, 500, 503]


def test_a_connection_is_dropped_before_or_after_the_work(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        scene.propose()
        for carried_out, kept in ((False, 0), (True, 1)):
            scene.forge.faults.plan(faults.dropped(carried_out=carried_out), "POST", "/comments")
            with pytest.raises(requests.ConnectionError):
                ask(scene, token, "POST", "/issues/1/comments", body="hi")
            assert len(scene.repo.comments) == kept


def test_json_ends_early_lists_are_cut_and_answers_come_late(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        pull = scene.propose()
        for _ in range(5):
            scene.forge.review(pull, by=scene.bob)
        scene.forge.faults.plan(faults.truncated(20), "GET", "/reviews")
        with pytest.raises(requests.JSONDecodeError):
            ask(scene, token, "GET", "/pulls/1/reviews").json()
        scene.forge.faults.plan(faults.shortened(2), "GET", "/reviews")
        cut = ask(scene, token, "GET", "/pulls/1/reviews?per_page=3")
        assert (len(cut.json()), cut.links) == (2, {})
        assert set(ask(scene, token, "GET", "/pulls/1/reviews?per_page=3").links) == {"next", "last"}
        scene.forge.faults.plan(faults.slow(0.3), "GET", "/reviews")
        start = time.monotonic()
        assert ask(scene, token, "GET", "/pulls/1/reviews").status_code == 200
        assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("what", list(Half), ids=lambda what: what.value)
def test_the_nth_request_of_a_client_gets_half_an_answer(tmp_path: Path, what: Half) -> None:
    with a_scene(tmp_path) as scene:
        for number in range(4):
            scene.forge.issue(scene.repo, f"issue {number}", by=scene.ada)
        mine, other = scene.forge.workflow_token(), scene.forge.workflow_token()
        scene.forge.faults.nth(mine.value, 2, faults.halved(what))
        whole = ask(scene, mine, "GET", "/issues").content
        assert ask(scene, other, "GET", "/issues").content == whole
        half = ask(scene, mine, "GET", "/issues")
        assert half.content == whole[: len(whole) // 2] if what is Half.BYTES else len(half.json()) == 2
        assert ask(scene, mine, "GET", "/issues").content == whole


def test_what_happens_to_a_client_happens_once_its_work_is_done(tmp_path: Path) -> None:
    seen: list[int] = []
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        then = faults.dropped(carried_out=True, then=lambda: seen.append(len(scene.repo.issues)))
        scene.forge.faults.nth(token.value, 1, then)
        with pytest.raises(requests.ConnectionError):
            ask(scene, token, "POST", "/issues", title="made")
    assert seen == [1]


def test_an_app_is_let_in_as_often_as_github_says(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clock, limits = scene.forge.clock, Limits(workflow=7, a_minute=2, an_hour=3)
        scene.forge.limits = limits

        def make() -> tuple[int, str | None]:
            answer = ask(scene, scene.forge.workflow_token(), "POST", "/issues", title="made")
            return answer.status_code, answer.headers.get("Retry-After")

        assert [make(), make(), make()] == [(201, None), (201, None), (403, "61")]
        clock.advance(minutes=2)
        assert [make(), make()] == [(201, None), (403, "3481")]
        asked = [ask(scene, scene.forge.workflow_token(), "GET", "") for _ in range(5)]
        assert [one.status_code for one in asked] == [200, 200, 200, 200, 403]
        assert asked[-1].headers["x-ratelimit-remaining"] == "0"
        clock.advance(hours=1)
        assert make() == (201, None)
        assert (limits.refused["github-actions"], limits.most("github-actions", MINUTE)) == (3, 2)


def test_what_was_made_is_not_there_yet(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        scene.propose()
        scene.forge.faults.plan(faults.not_yet(), "GET", "/pulls/1", times=2, skip=1)
        assert [ask(scene, token, "GET", "/pulls/1").status_code for _ in range(4)] == [200, 404, 404, 200]


@pytest.mark.parametrize("order", ["abab", "aabb", "baba", "bbaa", "abba", "baab"])
def test_two_clients_go_in_the_scripted_order(tmp_path: Path, order: str) -> None:
    with a_scene(tmp_path) as scene:
        scene.propose()
        tokens = {name: scene.forge.workflow_token() for name in "ab"}
        turns = scene.forge.faults.in_turns([tokens[one].value for one in order])

        def run(name: str) -> None:
            ask(scene, tokens[name], "GET", "/issues/1/comments")
            ask(scene, tokens[name], "POST", "/issues/1/comments", body=name)
            turns.leave(tokens[name].value)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, "ab"))
        names = {token.value: name for name, token in tokens.items()}
        assert "".join(names[one.client] for one in scene.forge.requests) == order


def test_the_head_moves_before_a_request(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        old = scene.propose().head_sha
        scene.forge.faults.before(lambda asked: moved(scene) if asked.path.endswith("/pulls/1") else None)
        assert github.get_repo("acme/models").get_pull(1).head.sha != old


def moved(scene: Scene) -> None:
    scene.push("feature", {"later.txt": "x"}, by=scene.ada)


def test_an_unchanged_answer_is_told_by_its_tag_and_costs_nothing(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        token = scene.forge.workflow_token()
        said = {"Authorization": f"Bearer {token.value}"}
        url = f"{scene.forge.api}/repos/acme/models"
        first = requests.get(url, headers=said, timeout=10)
        again = requests.get(url, headers=said | {"If-None-Match": first.headers["ETag"]}, timeout=10)
        assert (again.status_code, again.content, scene.forge.spent[token.value]) == (304, b"", 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/issues/1/comments", {"text": "hi"}, "body"),
        ("POST", "/issues/1/comments", {"body": "hi", "colour": "red"}, "'colour' is not described"),
        ("GET", "/pulls?stat=open", {}, "'stat' is not described"),
        ("GET", "/pulls?state=odd", {}, "is not what is described"),
        ("GET", "/nowhere", {}, "no such endpoint"),
    ],
)
def test_a_request_that_github_does_not_know_fails_the_test(
    tmp_path: Path, method: str, path: str, body: dict[str, object], says: str
) -> None:
    def story() -> None:
        with a_scene(tmp_path) as scene:
            scene.propose()
            ask(scene, scene.forge.workflow_token(), method, path, **body)

    with pytest.raises(AssertionError, match=says):
        story()


def test_an_answer_that_github_would_not_give_fails_the_test(tmp_path: Path) -> None:
    def story() -> None:
        with a_scene(tmp_path) as scene:
            scene.propose().issue.state = "ajar"
            ask(scene, scene.forge.workflow_token(), "GET", "/pulls/1")

    with pytest.raises(AssertionError, match=r"response: state"):
        story()


def test_fifty_one_annotations_fail_the_test(tmp_path: Path) -> None:
    note = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "bad"}
    output = {"title": "t", "summary": "s", "annotations": [note] * 51}

    def story() -> None:
        with a_scene(tmp_path) as scene:
            sha, token = scene.propose().head_sha, scene.forge.workflow_token()
            ask(scene, token, "POST", "/check-runs", name="n", head_sha=sha, output=output)

    with pytest.raises(AssertionError, match="annotations"):
        story()


def test_a_fault_that_no_request_met_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="no request met"), serving() as forge:
        forge.faults.plan(faults.failing(500), "GET", "/meta")


def test_github_s_clock_is_off_by_as_much_as_is_said(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.forge.clock.skew = scene.forge.clock.now - scene.forge.clock.now.replace(hour=11)
        assert ask(scene, scene.forge.workflow_token(), "GET", "").headers["Date"] == "Mon, 01 Sep 2025 13:00:00 GMT"


def test_no_token_is_no_answer(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        assert requests.get(f"{scene.forge.api}/repos/acme/models", timeout=10).status_code == 401
