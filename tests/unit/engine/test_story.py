"""What events make of a model: attempts, stages with their pauses, the slot, merges, rollbacks and holds."""

from datetime import UTC, datetime, timedelta

from model_ratchet.core.evidence import Interval
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Admitted,
    Confirmed,
    Event,
    Extended,
    Hold,
    Paused,
    PromotedVersion,
    Released,
    Resumed,
    RolledBackVersion,
    StageClosed,
    StageStarted,
    Withdrawn,
)
from model_ratchet.engine.story import Setback, Story, stories

AT = datetime(2026, 8, 1, tzinfo=UTC)
ONE, TWO, THREE = (Version.parse(f"v1.{minor}.0_20260{minor}01_000000") for minor in (1, 2, 3))
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def at(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def admitted(hours: float = 0, *, candidate: Version = TWO, digest: str = DIGEST, attempt: int = 1) -> Admitted:
    policy = PolicyName.parse("standard/1.0.0")
    return Admitted(
        at=at(hours), model="fraud", candidate=candidate, baseline=ONE, digest=digest, policy=policy, attempt=attempt
    )


def ordered(hours: float, stage: str, share: float = 0.0, *, candidate: Version = TWO) -> StageStarted:
    return StageStarted(at=at(hours), model="fraud", candidate=candidate, stage=stage, share=share)


def started(
    hours: float, stage: str, share: float = 0.0, *, candidate: Version = TWO
) -> tuple[StageStarted, Confirmed]:
    """A stage whose router confirms at once."""
    confirmed = Confirmed(at=at(hours), model="fraud", candidate=candidate, stage=stage)
    return ordered(hours, stage, share, candidate=candidate), confirmed


def closed(hours: float, stage: str) -> StageClosed:
    return StageClosed(at=at(hours), model="fraud", candidate=TWO, stage=stage, outcome="passed", record=DIGEST)


def promoted(hours: float, candidate: Version = TWO) -> PromotedVersion:
    return PromotedVersion(at=at(hours), model="fraud", candidate=candidate, commit="a" * 40, tree="b" * 40)


def withdrawn(hours: float) -> Withdrawn:
    return Withdrawn(at=at(hours), model="fraud", candidate=TWO, because="closed")


def told(*events: Event) -> Story:
    return stories(events).get("fraud", Story(model="fraud"))


def test_stages_are_runs_with_their_pauses_and_extensions() -> None:
    story = told(
        admitted(),
        *started(0, "shadow"),
        closed(72, "shadow"),
        *started(73, "canary", 0.05),
        Paused(at=at(80), model="fraud", candidate=TWO, stage="canary", because="incident"),
        Resumed(at=at(82), model="fraud", candidate=TWO, stage="canary"),
        Extended(at=at(100), model="fraud", candidate=TWO, stage="canary"),
        Paused(at=at(101), model="fraud", candidate=TWO, stage="canary", because="again"),
    )
    attempt = story.attempt(str(TWO))
    assert attempt is not None
    shadow, canary = attempt.history.runs
    assert (shadow.stage, shadow.started_at) == ("shadow", at(0))
    assert canary.pauses == (Interval(at(80), at(82)),)
    assert (canary.paused_since, canary.extensions) == (at(101), 1)
    assert set(attempt.closed) == {"shadow"}
    assert (attempt.start, story.slot) == (attempt.starts[1], attempt)


def test_a_second_pause_or_a_resumption_out_of_nowhere_changes_nothing() -> None:
    resumed = Resumed(at=at(1), model="fraud", candidate=TWO, stage="shadow")
    paused = [Paused(at=at(hour), model="fraud", candidate=TWO, stage="shadow", because="x") for hour in (2, 3)]
    (attempt,) = told(admitted(), *started(0, "shadow"), resumed, *paused).open
    assert (attempt.runs[0].pauses, attempt.runs[0].paused_since) == ((), at(2))


def test_a_stage_that_starts_again_takes_its_place_and_what_came_after_is_gone() -> None:
    story = told(
        admitted(), *started(0, "shadow"), closed(72, "shadow"), *started(73, "canary", 0.05), *started(90, "shadow")
    )
    (attempt,) = story.open
    assert [(run.stage, run.started_at) for run in attempt.runs] == [("shadow", at(90))]
    assert (attempt.closed, story.slot) == ({}, None)


def test_a_stage_runs_from_when_the_router_was_seen_and_holds_the_slot_from_when_it_was_asked() -> None:
    asked = told(admitted(), *started(0, "shadow"), ordered(73, "canary", 0.05))
    (attempt,) = asked.open
    assert (attempt.unconfirmed, asked.slot, [run.stage for run in attempt.runs]) == (True, attempt, ["shadow"])
    for stage, there in (("shadow", 1), ("canary", 2)):
        seen = Confirmed(at=at(75), model="fraud", candidate=TWO, stage=stage)
        (attempt,) = told(admitted(), *started(0, "shadow"), ordered(73, "canary", 0.05), seen, seen).open
        assert len(attempt.runs) == there
    assert attempt.runs[1].started_at == at(75)


def test_an_attempt_ends_by_a_withdrawal_or_a_merge_and_the_next_begins_with_nothing() -> None:
    story = told(admitted(), *started(0, "shadow"), withdrawn(5), admitted(6, attempt=2))
    assert [one.ended is None for one in story.attempts] == [False, True]
    (attempt,) = story.open
    assert (attempt.runs, attempt.number, attempt.history.attempt) == ((), 2, 2)
    assert told(admitted(), *started(0, "shadow"), promoted(9)).open == ()


def test_steps_of_no_open_attempt_change_nothing() -> None:
    assert told(*started(0, "shadow")).attempts == ()
    story = told(admitted(), withdrawn(1), *started(2, "shadow"), closed(3, "shadow"))
    assert story.attempts[0].runs == ()


def test_attempts_are_counted_by_digest_and_baseline_whatever_the_version() -> None:
    story = told(admitted(), withdrawn(1), admitted(2, candidate=THREE), admitted(3, digest=OTHER))
    assert story.attempts_of(DIGEST, str(ONE)) == 2
    assert story.attempts_of(OTHER, str(ONE)) == 1
    assert story.attempts_of(DIGEST, None) == 0


def test_a_shadow_takes_no_slot() -> None:
    story = told(
        admitted(), *started(0, "shadow"), admitted(1, candidate=THREE), *started(2, "canary", 0.05, candidate=THREE)
    )
    assert story.slot is not None
    assert story.slot.candidate == str(THREE)


def test_a_rolled_back_version_is_known_by_its_name_and_by_its_digest_until_it_is_promoted_again() -> None:
    back = RolledBackVersion(
        at=at(10), model="fraud", version=TWO, returns_to=ONE, commit="c" * 40, cause="culprit", digest=DIGEST
    )
    story = told(promoted(5), back)
    setback = Setback(TWO, at(10), DIGEST, "rolled back")
    assert story.rollback_of(str(TWO), None) == setback
    assert story.rollback_of(str(THREE), DIGEST) == setback
    assert story.rollback_of(str(THREE), OTHER) is None
    assert told(promoted(5), back, promoted(12)).rollback_of(str(TWO), None) is None


def test_a_hold_lasts_until_it_is_released() -> None:
    hold, released = (
        Hold(at=at(1), model="fraud", because="incident"),
        Released(at=at(2), model="fraud", because="over"),
    )
    assert told(hold).hold == hold
    assert told(hold, released).hold is None
    assert told(released, hold).hold == hold


def test_each_model_has_its_own_story() -> None:
    other = Hold(at=at(1), model="credit", because="x")
    assert {name: story.hold for name, story in stories([other, admitted()]).items()} == {
        "credit": other,
        "fraud": None,
    }


def test_a_candidate_that_is_withdrawn_without_an_incident_begins_none() -> None:
    assert told(admitted(), *started(0, "shadow"), withdrawn(5)).incidents == ()
