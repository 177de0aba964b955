"""The track record that a version hands on: what each one showed in its stage, and what had become of it by then."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log

import pytest

from builders.records import a_failed_record, a_plan
from builders.scopes import a_stage, some_facts
from model_ratchet.core.evidence import Evidence, Groups, Measurement, Missing
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import PARTS, Scores
from model_ratchet.criteria.integration import IntegrationFacts, stage_needs
from model_ratchet.documents.events import Admitted, Event, PromotedVersion, RolledBackVersion, StageClosed, Withdrawn
from model_ratchet.documents.inherited import TrackEntry
from model_ratchet.engine.integrate.version_tracks import named_tracks, track_record
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Story, stories

AT = datetime(2025, 8, 1, tzinfo=UTC)
ONE, TWO = (Version.parse(f"v{major}.0.0_20250101_000000") for major in (1, 2))
R1, R2 = ("sha256:" + digit * 64 for digit in "12")
STAGE = a_stage("shadow", days=1)
FACTS = IntegrationFacts(score="win")
HALVES = Scores(bins=((480, 4, 1, 2 * PARTS),), brier=PARTS, log_loss=round(4 * log(2) * PARTS), spread=0, variance=0)
"""Four events of 50 % each, of which one came: each is a quarter off, squared."""


def at(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def admitted(hours: float, one: Version) -> Admitted:
    policy = PolicyName.parse("standard/1.0.0")
    return Admitted(at=at(hours), model="props", candidate=one, digest=R1, policy=policy, attempt=1)


def closed(hours: float, one: Version, record: str, stage: str = "shadow") -> StageClosed:
    return StageClosed(at=at(hours), model="props", candidate=one, stage=stage, outcome="passed", record=record)


def promoted(hours: float, one: Version) -> PromotedVersion:
    return PromotedVersion(at=at(hours), model="props", candidate=one, commit="a" * 40, tree="b" * 40)


def rolled_back(hours: float, one: Version) -> RolledBackVersion:
    return RolledBackVersion(at=at(hours), model="props", version=one, returns_to=ONE, commit="c" * 40, cause="culprit")


def withdrawn(hours: float, one: Version) -> Withdrawn:
    return Withdrawn(at=at(hours), model="props", candidate=one, because="closed")


def story(*events: Event) -> Story:
    return stories(events)["props"]


def a_record(
    *answers: Measurement | Missing, facts: IntegrationFacts | None = FACTS, reads: IntegrationFacts = FACTS
) -> Record:
    """A record whose stage was asked for forecasts; the blocks of its day have these answers, the first before the others."""
    assert STAGE.window is not None
    blocks = stage_needs(reads, "shadow", STAGE.window).blocks
    evidence = Evidence({one.scores: answer for one, answer in zip(blocks, answers, strict=False)})
    plan = a_plan(stages=(STAGE,), facts=replace(some_facts(), integration=facts))
    return replace(a_failed_record(), plan=plan, evidence=evidence)


def shown(record: Record, *events: Event, hours: float = 99) -> Mapping[str, TrackEntry]:
    """The track record where the first version's stage was closed on the record in hour 1."""
    told = story(admitted(0, ONE), closed(1, ONE, R1), *events)
    return track_record(told, {R1: record}, "shadow", at(hours))


def test_a_track_names_the_record_that_closed_the_stage_by_then() -> None:
    told = story(
        *(admitted(0, ONE), closed(1, ONE, R1), closed(2, ONE, R2, "canary"), promoted(3, ONE)),
        *(admitted(4, TWO), closed(6, TWO, R2)),
    )
    assert named_tracks(told, "shadow", at(5)) == {str(ONE): R1}
    assert named_tracks(told, "shadow", at(6)) == {str(ONE): R1, str(TWO): R2}
    assert named_tracks(told, "canary", at(6)) == {str(ONE): R2}
    assert named_tracks(told, "shadow", at(0.5)) == {}


def test_of_several_attempts_the_last_that_closed_the_stage_counts() -> None:
    first = (admitted(0, ONE), closed(1, ONE, R1), withdrawn(2, ONE), admitted(3, ONE))
    assert named_tracks(story(*first), "shadow", at(9)) == {str(ONE): R1}
    assert named_tracks(story(*first, closed(4, ONE, R2)), "shadow", at(9)) == {str(ONE): R2}
    assert named_tracks(story(*first, closed(4, ONE, R2)), "shadow", at(3)) == {str(ONE): R1}


def test_what_a_version_showed_is_told_per_event() -> None:
    entry = shown(a_record(HALVES))[str(ONE)]
    assert (entry.events, entry.came, entry.brier, entry.ece, entry.status) == (4, 1, 0.25, 0.25, "candidate")
    assert entry.log_loss == pytest.approx(log(2), abs=1e-9)


def test_stretches_of_time_and_segments_are_added_up() -> None:
    sure = Scores(bins=((960, 4, 4, 4 * PARTS),), brier=0, log_loss=0, spread=0, variance=0)
    none = Missing(reason=because(Why.NO_ROWS, source="log", arm="candidate"))
    of_time = shown(a_record(HALVES, none, sure))[str(ONE)]
    assert (of_time.events, of_time.came, of_time.brier, of_time.ece) == (8, 5, 0.125, 0.125)
    reads = IntegrationFacts(score="win", segments="sport")
    both = Groups(groups=(("nba", HALVES), ("nfl", sure)))
    assert shown(a_record(both, facts=reads, reads=reads))[str(ONE)] == of_time


@pytest.mark.parametrize(
    "record",
    [
        a_record(HALVES, facts=None),
        a_record(),
        a_record(Scores.nothing()),
        replace(a_record(HALVES), plan=replace(a_record(HALVES).plan, stages=())),
        replace(a_record(HALVES), plan=replace(a_record(HALVES).plan, stages=(a_stage("canary", days=1),))),
        replace(a_record(HALVES), plan=replace(a_record(HALVES).plan, stages=(replace(STAGE, window=None),))),
    ],
    ids=["no-integration", "not-asked", "no-event", "no-stage", "another-stage", "not-run"],
)
def test_a_version_whose_stage_was_not_asked_for_forecasts_or_saw_none_has_no_track(record: Record) -> None:
    assert shown(record) == {}


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "candidate"),
        ((promoted(2, ONE),), "promoted"),
        ((promoted(2, ONE), rolled_back(3, ONE)), "rolled_back"),
        ((promoted(2, ONE), rolled_back(3, ONE), promoted(4, ONE)), "promoted"),
        ((withdrawn(2, ONE),), "withdrawn"),
        ((withdrawn(2, ONE), admitted(3, ONE), promoted(4, ONE)), "promoted"),
        ((admitted(2, TWO), promoted(3, TWO)), "candidate"),
        ((admitted(2, TWO), withdrawn(3, TWO)), "candidate"),
        ((promoted(2, ONE), admitted(3, TWO), promoted(4, TWO), rolled_back(5, TWO)), "promoted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(one.kind for one in value) or "nothing",
)
def test_the_status_is_the_last_that_happened_to_the_version_itself(events: tuple[Event, ...], status: str) -> None:
    assert shown(a_record(HALVES), *events)[str(ONE)].status == status


def test_what_happens_after_the_instant_changes_no_status() -> None:
    events = (promoted(2, ONE), rolled_back(5, ONE))
    assert [shown(a_record(HALVES), *events, hours=hours)[str(ONE)].status for hours in (1, 2, 4.9, 5)] == [
        "candidate",
        "promoted",
        "promoted",
        "rolled_back",
    ]
