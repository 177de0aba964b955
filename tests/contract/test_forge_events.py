"""Event payloads are built from the fake's state and are as GitHub describes them."""

from pathlib import Path
from typing import Any

import pytest

from builders.hubs import a_scene
from forge import contract, events
from forge.rules import merge_queue


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("opened", {}),
        ("synchronize", {}),
        ("reopened", {}),
        ("edited", {"changes": {"base": {"ref": {"from": "lax"}, "sha": {"from": "0" * 40}}}}),
        ("closed", {}),
        ("ready_for_review", {}),
        ("converted_to_draft", {}),
    ],
)
def test_a_pull_request_s_event_says_what_the_state_says(tmp_path: Path, action: str, more: dict[str, Any]) -> None:
    with a_scene(tmp_path) as scene:
        pull = scene.propose(title="Promote $(id)")
        pull.draft = action == "converted_to_draft"
        if action == "synchronize":
            scene.push("feature", {"b.txt": "b"}, by=scene.ada)
        if action == "closed":
            scene.forge.merge(pull, by=scene.bob)
        payload = events.pull_request(scene.forge, pull, action, **more)
        shown = payload["pull_request"]
        assert (payload["action"], payload["number"], shown["title"]) == (action, 1, "Promote $(id)")
        assert (shown["head"]["sha"], shown["base"]["ref"]) == (pull.head_sha, "main")
        assert (payload["repository"]["full_name"], payload["sender"]["login"]) == ("acme/models", "ada")
        assert shown["merged"] is (action == "closed")


def test_reviews_comments_and_checks(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        forge, pull = scene.forge, scene.propose()
        review = forge.review(pull, by=scene.bob)
        said = events.pull_request_review(forge, pull, review)
        assert (said["review"]["state"], said["review"]["commit_id"]) == ("approved", pull.head_sha)
        forge.dismiss(pull, review, by=scene.ada)
        assert events.pull_request_review(forge, pull, review, "dismissed")["review"]["state"] == "dismissed"
        comment = forge.comment(scene.repo, pull.number, "/ratchet recheck", by=scene.cleo)
        said = events.issue_comment(forge, scene.repo, comment)
        assert (said["comment"]["body"], said["issue"]["number"]) == ("/ratchet recheck", 1)
        assert said["issue"]["pull_request"]["url"].endswith("/pulls/1")
        run = forge.check(scene.repo, pull.head_sha, "promotion/main")
        assert events.check_run(forge, scene.repo, run)["check_run"]["conclusion"] == "success"


def test_pushes_groups_dispatches_and_ticks(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        forge, repo = scene.forge, scene.repo
        pull = scene.propose()
        forge.ruleset(repo, merge_queue())
        group = forge.queue(pull)
        assert events.merge_group(forge, group)["merge_group"]["head_sha"] == group.head_sha
        before = repo.git.resolve("main") or ""
        assert forge.dequeue(group)
        said = events.push(forge, repo, "main", before, group.head_sha, by=scene.ada)
        assert [one["id"] for one in said["commits"]] == [pull.head_sha, group.head_sha]
        assert said["commits"][0]["added"] == ["feature.txt"]
        started = events.workflow_dispatch(forge, repo, ".github/workflows/rollback.yml", by=scene.ada, version="v1")
        assert started["inputs"] == {"version": "v1"}
        assert events.schedule(forge, repo, "*/10 * * * *")["schedule"] == "*/10 * * * *"


def test_a_run_that_ended_says_what_had_started_it(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        head = scene.propose().head_sha
        said = events.workflow_run(
            scene.forge, scene.repo, head, "merge_group", by=scene.bob, branch="refs/heads/queue"
        )
        said = said["workflow_run"]
        assert (said["event"], said["head_sha"], said["head_branch"]) == ("merge_group", head, "queue")


def test_a_payload_that_is_not_as_described_is_refused(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        pull = scene.propose()
        pull.issue.state = "ajar"
        with pytest.raises(AssertionError, match="not as GitHub describes it"):
            events.pull_request(scene.forge, pull)


def test_what_is_required_is_filled_with_the_emptiest_value_and_state_is_kept() -> None:
    described = contract.rest()
    schema = described.document["components"]["schemas"]["simple-user"]
    whole = described.complete({"login": "ada", "id": 7}, schema)
    assert described.errors(whole, schema) == []
    assert (whole["login"], whole["id"], whole["site_admin"], whole["gravatar_id"]) == ("ada", 7, False, None)
    assert described.errors(described.complete({"id": "seven"}, schema), schema) != []
