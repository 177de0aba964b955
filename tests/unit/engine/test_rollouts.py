"""What the ledger says of each stage of a candidate, as deployments show it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, Event, PromotedVersion, StageClosed, StageStarted, Withdrawn
from model_ratchet.engine.rollouts import Progress, Rollout, rollouts
from model_ratchet.engine.story import stories

AT = datetime(2026, 8, 1, tzinfo=UTC)
ONE, TWO = (Version.parse(f"v1.{minor}.0_20260{minor}01_000000") for minor in (1, 2))
DIGEST = "sha256:" + "a" * 64
OF = {"model": "fraud", "candidate": TWO}


def at(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def admitted(pull: int | None = 12, *, attempt: int = 1) -> Admitted:
    policy = PolicyName.parse("standard/1.0.0")
    return Admitted(at=AT, baseline=ONE, digest=DIGEST, policy=policy, attempt=attempt, pull=pull, **OF)  # type: ignore[arg-type]


def started(hours: float, stage: str) -> StageStarted:
    return StageStarted(at=at(hours), stage=stage, **OF)  # type: ignore[arg-type]


def closed(hours: float, stage: str, outcome: str = "passed") -> StageClosed:
    return StageClosed(at=at(hours), stage=stage, outcome=outcome, record=DIGEST, **OF)  # type: ignore[arg-type]


def withdrawn(hours: float) -> Withdrawn:
    return Withdrawn(at=at(hours), because="the pull request is closed", **OF)  # type: ignore[arg-type]


def promoted(hours: float) -> PromotedVersion:
    return PromotedVersion(at=at(hours), commit="a" * 40, tree="b" * 40, **OF)  # type: ignore[arg-type]


def told(events: Sequence[Event], hours: float = 100) -> list[Rollout]:
    return list(rollouts(stories(events)["fraud"], at(hours)))


SHADOW = (admitted(), started(0, "shadow"))
CANARY = (*SHADOW, closed(72, "shadow"), started(73, "canary"))


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ((admitted(),), []),
        (SHADOW, [("shadow", "in_progress", "shadow has started")]),
        ((*SHADOW, closed(72, "shadow")), [("shadow", "success", "shadow has passed")]),
        ((*SHADOW, closed(72, "shadow", "failed")), [("shadow", "failure", "shadow ended failed")]),
        ((*SHADOW, closed(72, "shadow", "inconclusive")), [("shadow", "failure", "shadow ended inconclusive")]),
        (CANARY, [("shadow", "success", "shadow has passed"), ("canary", "in_progress", "canary has started")]),
        (
            (*CANARY, withdrawn(80)),
            [
                ("shadow", "inactive", "the pull request is closed"),
                ("canary", "inactive", "the pull request is closed"),
            ],
        ),
        (
            (*CANARY, closed(80, "canary", "failed"), withdrawn(80)),
            [("shadow", "inactive", "the pull request is closed"), ("canary", "failure", "canary ended failed")],
        ),
        (
            (*CANARY, closed(80, "canary"), promoted(81)),
            [("shadow", "success", "shadow has passed"), ("canary", "success", "canary has passed")],
        ),
        (
            (*CANARY, promoted(81)),
            [("shadow", "success", "shadow has passed"), ("canary", "inactive", "promoted")],
        ),
    ],
    ids=[
        "admitted",
        "started",
        "passed",
        "failed",
        "inconclusive",
        "second",
        "withdrawn",
        "failed-withdrawn",
        "promoted",
        "promoted-open",
    ],
)
def test_how_far_each_stage_is(events: Sequence[Event], found: list[tuple[str, str, str]]) -> None:
    assert [(one.stage, one.progress.value, one.why) for one in told(events)] == found


def test_a_rollout_names_what_it_is_of() -> None:
    (one,) = told(SHADOW)
    assert one == Rollout(
        model="fraud",
        candidate=str(TWO),
        pull=12,
        attempt=1,
        stage="shadow",
        started_at=AT,
        progress=Progress.IN_PROGRESS,
        why="shadow has started",
    )


def test_a_stage_that_starts_again_is_told_once_by_its_last_start() -> None:
    (one,) = told((*SHADOW, started(5, "shadow")))
    assert one.started_at == at(5)


def test_an_attempt_of_no_pull_request_has_no_deployment() -> None:
    assert told((admitted(None), started(0, "shadow"))) == []


@pytest.mark.parametrize("end", [withdrawn(80), promoted(80)], ids=["withdrawn", "promoted"])
def test_what_ended_is_told_for_a_week(end: Event) -> None:
    week = 80 + 7 * 24
    assert [one.over for one in told((*SHADOW, end), hours=week)] == [True]
    assert told((*SHADOW, end), hours=week + 0.01) == []
    assert [one.over for one in told(SHADOW, hours=10_000)] == [False]


def test_each_attempt_has_its_own() -> None:
    events = (*SHADOW, withdrawn(10), admitted(13, attempt=2), started(20, "shadow"))
    assert [(one.attempt, one.pull, one.over) for one in told(events)] == [(1, 12, True), (2, 13, False)]


def test_an_attempt_without_a_deployment_hides_none_after_it() -> None:
    later = (admitted(13, attempt=2), started(2, "shadow"))
    found = told((admitted(None), started(0, "shadow"), withdrawn(1), *later))
    assert [(one.pull, one.attempt) for one in found] == [(13, 2)]
