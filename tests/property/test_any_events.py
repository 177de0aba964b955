"""Whatever a payload of GitHub holds, it is an event of its kind or refused, and no event names what GitHub could not mean."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.changed import changed
from model_ratchet.core.errors import ForgeError
from model_ratchet.github.event import (
    AdvanceAsked,
    Event,
    MergeGroupBuilt,
    NothingToDo,
    PullRequestChanged,
    PullRequestNamed,
    RecheckAsked,
    RefreshDue,
    RunEnded,
    read_event,
)

REPOSITORY = {"full_name": "acme/models"}
HEAD, BASE = "4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e", "9d2e6b1f70c4a8359d2e6b1f70c4a8359d2e6b1f"
PULL = {
    "number": 7,
    "head": {"sha": HEAD, "ref": "v2", "repo": REPOSITORY},
    "base": {"sha": BASE, "ref": "main", "repo": REPOSITORY},
}
GROUP = {
    "head_sha": HEAD,
    "head_ref": f"gh-readonly-queue/main/pr-7-{BASE}",
    "base_sha": BASE,
    "base_ref": "refs/heads/main",
}
COMMENT = {"id": 5, "body": "/ratchet advance", "user": {"login": "ann", "id": 8}}
PAYLOADS: dict[str, dict[str, Any]] = {
    "pull_request": {"action": "opened", "pull_request": PULL},
    "pull_request_target": {"action": "closed", "pull_request": PULL},
    "pull_request_review": {"action": "submitted", "pull_request": PULL},
    "merge_group": {"action": "checks_requested", "merge_group": GROUP},
    "issue_comment": {
        "action": "created",
        "issue": {"number": 7, "pull_request": {}, "state": "open"},
        "comment": COMMENT,
    },
    "schedule": {"schedule": "1 * * * *"},
    "workflow_dispatch": {"inputs": {"pull_request": "7"}},
    "push": {"ref": "refs/heads/main"},
    "workflow_run": {"workflow_run": {"head_sha": HEAD, "head_branch": "v2", "event": "pull_request_review"}},
}


@pytest.fixture(scope="module")
def file() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder) / "event.json"


def read(file: Path, name: str, content: bytes) -> Event | None:
    """The event; None where it is refused."""
    file.write_bytes(content)
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": "acme/models"}
    try:
        return read_event(environ)
    except ForgeError:
        return None


def whole(event: Event) -> None:
    """What later steps ask GitHub for: numbers from 1 on, commits by their ids, branches by a name."""
    match event:
        case PullRequestChanged(number=number, head=head, base=base):
            assert number > 0
            assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head)
            assert base
        case MergeGroupBuilt(head=head, base_commit=commit, base=base):
            assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head)
            assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit)
            assert base
        case (
            RecheckAsked(number=number, login=login, comment=comment)
            | AdvanceAsked(number=number, login=login, comment=comment)
        ):
            assert min(number, comment) > 0
            assert login
        case PullRequestNamed(number=number):
            assert number > 0
        case RunEnded(head=head):
            assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", head)
        case RefreshDue(branch=branch):
            assert branch is None or branch
        case NothingToDo(why=why):
            assert why


@pytest.mark.parametrize("name", PAYLOADS)
@settings(max_examples=80)
@given(data=st.data())
def test_a_changed_payload_is_an_event_or_refused(file: Path, name: str, data: st.DataObject) -> None:
    payload = data.draw(changed({**PAYLOADS[name], "repository": REPOSITORY}))
    event = read(file, name, json.dumps(payload).encode())
    if event is not None:
        whole(event)
        assert payload["repository"]["full_name"].lower() == "acme/models"


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_whole_payload_is_an_event(file: Path, name: str) -> None:
    assert read(file, name, json.dumps({**PAYLOADS[name], "repository": REPOSITORY}).encode()) is not None


@given(
    content=st.binary(max_size=60)
    | st.sampled_from([b"[" * 5_000, b"1" * 5_000, b'{"repository":', b"\xff\xfe{", b"NaN"])
)
def test_what_is_no_payload_is_refused(file: Path, content: bytes) -> None:
    assert read(file, "push", content) is None
