"""The client waits for nothing without end, and sends nothing twice that makes something."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from github import GithubException

from builders.hubs import a_scene
from forge import faults
from model_ratchet.core.errors import ForbiddenError, ForgeError
from model_ratchet.github.answers import told_at
from model_ratchet.github.client import Access, Pace, connect

QUICK = Pace(between_requests=None, between_writes=None, tries=3, sleep=lambda _: None)


def test_a_post_that_was_carried_out_and_answered_502_is_not_sent_again(tmp_path: Path) -> None:
    with a_scene(tmp_path, {"README.md": "x"}) as scene:
        pull = scene.propose("feature", {"a": "1"})
        access = Access(repository="acme/models", api=scene.forge.api, token=scene.forge.person(scene.ada).value)
        scene.forge.faults.plan(faults.lost(502), "POST", "/comments")
        with closing(connect(access, QUICK)) as github:
            issue = github.get_repo(access.repository).get_issue(pull.number)
            with pytest.raises(GithubException):
                issue.create_comment("once")
        assert len(scene.repo.comments) == 1


def test_a_read_is_tried_again(tmp_path: Path) -> None:
    with a_scene(tmp_path, {"README.md": "x"}) as scene:
        scene.propose("feature", {"a": "1"})
        access = Access(repository="acme/models", api=scene.forge.api, token=scene.forge.person(scene.ada).value)
        scene.forge.faults.plan(faults.failing(503), "GET", "/pulls/1", times=2)
        with closing(connect(access, QUICK)) as github:
            assert github.get_repo(access.repository).get_pull(1).title


def test_the_time_is_told_by_github_s_clock(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        access = Access(repository="acme/models", api=scene.forge.api, token=scene.forge.person(scene.ada).value)
        scene.forge.clock.skew = timedelta(minutes=-90)
        with closing(connect(access, QUICK)) as github:
            assert told_at(github, "/repos/acme/models", "the time") == scene.forge.clock.now - timedelta(minutes=90)
            scene.forge.faults.plan(faults.bare(403), "GET", "/models")
            with pytest.raises(ForbiddenError) as raised:
                told_at(github, "/repos/acme/models", "the time")
        assert (raised.value.what, raised.value.status) == ("the time", "403")


def test_the_environment_must_say_where_and_with_what(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="GITHUB_REPOSITORY"):
        Access.of({"GITHUB_TOKEN": "t"})
    with pytest.raises(ForgeError, match="GITHUB_TOKEN"):
        Access.of({"GITHUB_REPOSITORY": "acme/models"})
    access = Access.of(
        {"GITHUB_TOKEN": "hunter2", "GITHUB_REPOSITORY": "acme/models", "GITHUB_API_URL": "https://ghe/api/v3"}
    )
    assert (access.api, access.token) == ("https://ghe/api/v3", "hunter2")
    assert "hunter2" not in repr(access)
