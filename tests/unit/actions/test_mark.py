"""What is said of a model that is held: by whom, why, and for how long nobody is reminded of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import a_repo
from model_ratchet.actions.mark import Mark, Said, mark
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import UsageError
from model_ratchet.documents.events import Snoozed
from model_ratchet.engine.story import Story
from model_ratchet.git_write import Writer
from model_ratchet.ledger import fetch_ledger

AT = datetime(2025, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Writer:
    return Writer(a_repo(tmp_path / "repo", {"policies/models/demo.yaml": "name: demo\n"}).path)


def told(repository: Writer) -> Story:
    return fetch_ledger(repository).story("demo")


def say(repository: Writer, kind: Said, because: str = "risk is asked", lasting: timedelta | None = None) -> None:
    mark(Mark(kind=kind, model="demo", because=because, lasting=lasting), repository, now=AT, environ={})


def test_a_snooze_quiets_a_hold_that_stays_and_ends_with_it(repository: Writer) -> None:
    say(repository, Said.HOLD)
    say(repository, Said.SNOOZE, lasting=timedelta(hours=4))
    story = told(repository)
    assert story.hold is not None
    assert story.snoozed == Snoozed(at=AT, model="demo", because="risk is asked", until=AT + timedelta(hours=4))
    say(repository, Said.RELEASE)
    assert (told(repository).hold, told(repository).snoozed) == (None, None)


def test_a_new_hold_is_not_snoozed(repository: Writer) -> None:
    say(repository, Said.HOLD)
    say(repository, Said.SNOOZE, lasting=timedelta(hours=4))
    say(repository, Said.HOLD, "another incident")
    assert told(repository).snoozed is None


@pytest.mark.parametrize(
    ("held", "because", "lasting", "said"),
    [
        (False, "risk is asked", timedelta(hours=4), "demo is not held"),
        (True, " ", timedelta(hours=4), "say why"),
        (True, "risk is asked", None, "for how long"),
    ],
    ids=["no-hold", "no-reason", "no-end"],
)
def test_what_makes_no_snooze_is_refused(
    repository: Writer, held: bool, because: str, lasting: timedelta | None, said: str
) -> None:
    if held:
        say(repository, Said.HOLD)
    with pytest.raises(UsageError, match=said):
        say(repository, Said.SNOOZE, because, lasting)


def test_a_model_that_is_not_there_is_not_held(repository: Writer) -> None:
    with pytest.raises(UsageError, match=r"the base branch holds no model dmeo: did you mean `demo`\? Known: demo"):
        mark(Mark(kind=Said.HOLD, model="dmeo", because="incident"), repository, now=AT, environ={})
    assert told(repository).hold is None


def test_a_length_without_a_unit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stage", "snooze", "demo", "--for", "4", "--because", "x"]) == ExitCode.INVALID
    assert "'4' is not a number with one of the units" in capsys.readouterr().err
