"""The event of a run: every kind is read from GitHub's own payload, and what is no whole payload is no event."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from builders.hubs import Scene, a_scene
from forge import events
from forge.rules import merge_queue
from model_ratchet.core.errors import ForgeError
from model_ratchet.github.event import (
    MergeGroupBuilt,
    NothingToDo,
    PullRequestChanged,
    PullRequestNamed,
    RecheckAsked,
    RefreshDue,
    RunEnded,
    read_event,
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path / "scene") as made:
        yield made


@pytest.fixture
def payload(scene: Scene) -> dict[str, Any]:
    return events.pull_request(scene.forge, scene.propose())


def environ(tmp_path: Path, name: str, payload: Mapping[str, Any] | bytes, **more: str) -> dict[str, str]:
    file = tmp_path / "event.json"
    file.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "acme/models", **more}


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "edited", "ready_for_review", "labeled"])
def test_whatever_changes_a_pull_request_asks_for_its_check(
    tmp_path: Path, scene: Scene, name: str, action: str
) -> None:
    pull = scene.propose()
    more: dict[str, Any] = {"edited": {"changes": {}}, "labeled": {"label": {}}}.get(action, {})
    told = events.pull_request(scene.forge, pull, action, **more)
    expected = PullRequestChanged(number=1, head=pull.head_sha, base="main", fork=False)
    assert read_event(environ(tmp_path, name, told)) == expected


def test_a_head_in_another_repository_is_a_fork_s(tmp_path: Path, payload: dict[str, Any]) -> None:
    for repo in ({"full_name": "cleo/models"}, None):
        payload["pull_request"]["head"]["repo"] = repo
        event = read_event(environ(tmp_path, "pull_request", payload))
        assert isinstance(event, PullRequestChanged)
        assert event.fork


def test_a_review_asks_for_the_check_of_its_pull_request(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    told = events.pull_request_review(scene.forge, pull, scene.forge.review(pull, by=scene.bob))
    event = read_event(environ(tmp_path, "pull_request_review", told))
    assert event == PullRequestChanged(number=1, head=pull.head_sha, base="main")


def test_a_group_names_its_head_and_its_base(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    scene.forge.ruleset(scene.repo, merge_queue())
    group = scene.forge.queue(pull)
    event = read_event(environ(tmp_path, "merge_group", events.merge_group(scene.forge, group)))
    assert event == MergeGroupBuilt(
        head=group.head_sha, head_ref=group.head_ref, base="main", base_commit=group.base_sha
    )


def test_a_recheck_names_who_asks_and_where(tmp_path: Path, scene: Scene) -> None:
    comment = scene.forge.comment(scene.repo, scene.propose().number, "/ratchet recheck\r\n", by=scene.cleo)
    event = read_event(environ(tmp_path, "issue_comment", events.issue_comment(scene.forge, scene.repo, comment)))
    assert event == RecheckAsked(number=1, login="cleo", comment=comment.id)


def test_a_comment_on_an_issue_or_on_what_is_closed_asks_for_nothing(tmp_path: Path, scene: Scene) -> None:
    issue = scene.forge.issue(scene.repo, "x", by=scene.ada)
    pull = scene.propose()
    scene.forge.close(pull, by=scene.ada)
    for number, why in ((issue.number, "on an issue"), (pull.number, "is closed")):
        comment = scene.forge.comment(scene.repo, number, "/ratchet recheck", by=scene.bob)
        event = read_event(environ(tmp_path, "issue_comment", events.issue_comment(scene.forge, scene.repo, comment)))
        assert isinstance(event, NothingToDo)
        assert why in event.why


def test_a_start_by_hand_names_one_or_all(tmp_path: Path, scene: Scene) -> None:
    for given, expected in (({}, RefreshDue()), ({"pull_request": " 12 "}, PullRequestNamed(number=12))):
        told = events.workflow_dispatch(scene.forge, scene.repo, "w.yml", by=scene.ada, **given)
        assert read_event(environ(tmp_path, "workflow_dispatch", told)) == expected


def test_a_schedule_asks_for_all_and_a_push_for_those_of_its_branch(tmp_path: Path, scene: Scene) -> None:
    tick = events.schedule(scene.forge, scene.repo, "1 * * * *")
    assert read_event(environ(tmp_path, "schedule", tick)) == RefreshDue()
    main = scene.repo.git.resolve("main") or ""
    told = events.push(scene.forge, scene.repo, "main", main, main, by=scene.ada)
    assert read_event(environ(tmp_path, "push", told)) == RefreshDue(branch="main")
    assert isinstance(read_event(environ(tmp_path, "push", {**told, "ref": "refs/tags/v1"})), NothingToDo)


def test_only_a_relay_of_a_review_that_ended_asks_for_a_check(tmp_path: Path, scene: Scene) -> None:
    pull = scene.propose()
    told = events.workflow_run(scene.forge, scene.repo, pull.head_sha, "pull_request_review", by=scene.bob)
    assert read_event(environ(tmp_path, "workflow_run", told)) == RunEnded(head=pull.head_sha)
    told["workflow_run"]["event"] = "push"
    assert isinstance(read_event(environ(tmp_path, "workflow_run", told)), NothingToDo)


def test_a_payload_cut_off_anywhere_is_no_event(tmp_path: Path, payload: dict[str, Any]) -> None:
    whole = json.dumps(payload).encode()
    for cut in [*range(0, len(whole), 97), len(whole) - 1]:
        with pytest.raises(ForgeError, match=r"is not JSON: run the workflow again|has no good"):
            read_event(environ(tmp_path, "pull_request", whole[:cut]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("number",), 0),
        (("head", "sha"), "main"),
        (("head", "sha"), "--upload-pack=x"),
        (("base", "ref"), ""),
        (("base",), None),
    ],
    ids=["number", "branch", "option", "no-base", "null"],
)
def test_a_field_that_is_none_of_github_s_is_named(
    tmp_path: Path, payload: dict[str, Any], path: tuple[str, ...], value: object
) -> None:
    inside = payload["pull_request"]
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(ForgeError, match=f"no good pull_request.{'.'.join(path)}: run the workflow again"):
        read_event(environ(tmp_path, "pull_request", payload))


def test_a_payload_of_another_repository_is_refused(tmp_path: Path, payload: dict[str, Any]) -> None:
    with pytest.raises(ForgeError, match="of another repository than acme/other"):
        read_event(environ(tmp_path, "pull_request", payload, GITHUB_REPOSITORY="acme/other"))


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{}", b"null", b"\xff", b" " * (25 * 2**20 + 1)],
                         ids=["deep", "empty", "null", "bytes", "large"])  # fmt: skip
def test_what_is_no_payload_is_no_event(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ForgeError):
        read_event(environ(tmp_path, "pull_request", content))


def test_an_event_that_asks_for_no_check_and_one_without_a_payload_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="'release' is no event that asks for a check"):
        read_event(environ(tmp_path, "release", {}))
    with pytest.raises(ForgeError, match="GITHUB_EVENT_PATH is not set"):
        read_event({"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": "acme/models"})
    gone = environ(tmp_path, "push", {}) | {"GITHUB_EVENT_PATH": str(tmp_path / "nowhere")}
    with pytest.raises(ForgeError, match="can't be read: No such file"):
        read_event(gone)
