"""What each version of a model showed in its stage, and what had become of it at an instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log

import pytest

from builders.records import a_plan
from builders.scopes import a_stage, some_facts
from model_ratchet.core.evidence import Evidence, Groups, Missing
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import PARTS, Scores
from model_ratchet.core.verdict import Verdict
from model_ratchet.criteria.base import StageFacts
from model_ratchet.criteria.integration import IntegrationFacts, stage_needs
from model_ratchet.documents.events import Admitted, PromotedVersion, RolledBackVersion, StageClosed, Withdrawn
from model_ratchet.engine.integrate.track import named_tracks, track_record
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Attempt, Story

AT = datetime(2025, 9, 1, tzinfo=UTC)
ONE, TWO = "v1.0.0_20250601_090000", "v2.0.0_20250701_090000"
FACTS = IntegrationFacts(score="win", segments="league")
SHADOW = a_stage("shadow", days=0.125)
"""Three hours: three blocks."""
NO_ROWS = Missing(reason=because(Why.NO_ROWS, metric="win", arm="candidate"), lasting=False)
FOUR = Scores(
    bins=(
        (96, 1, 0, PARTS // 10),
        (97, 1, 1, PARTS // 10 + 1_000_000),
        (864, 2, 1, 2 * 9 * PARTS // 10),
    ),
    brier=1_638_201_000,
    log_loss=round(-(2 * log(0.9) + log(0.101) + log(0.1)) * PARTS),
    spread=0,
    variance=0,
)
"""Four forecasts, of which two came: in the first, the second and the ninth tenth they are 0.1, 0.899 and 0.8 off."""


def at(days: float) -> datetime:
    return AT + timedelta(days=days)


def digest(of: int) -> str:
    return f"sha256:{of:064x}"


def attempt(
    version: str, closed: float | None = None, *, record: int = 1, withdrawn: float | None = None, stage: str = "shadow"
) -> Attempt:
    """An attempt of which a stage was closed, and which ended, on these days."""
    candidate = Version.parse(version)
    policy = PolicyName.parse("props/1.0.0")
    seen = {}
    if closed is not None:
        seen[stage] = StageClosed(
            at=at(closed), model="props", candidate=candidate, stage=stage, outcome="passed", record=digest(record)
        )
    ended = withdrawn is not None and Withdrawn(at=at(withdrawn), model="props", candidate=candidate, because="worse")
    return Attempt(
        admitted=Admitted(at=at(0), model="props", candidate=candidate, digest=digest(0), policy=policy, attempt=1),
        closed=seen,
        ended=ended or None,
    )


def promoted(version: str, day: float) -> PromotedVersion:
    return PromotedVersion(at=at(day), model="props", candidate=Version.parse(version), commit="a" * 40, tree="b" * 40)


def rolled_back(version: str, day: float) -> RolledBackVersion:
    return RolledBackVersion(
        at=at(day),
        model="props",
        version=Version.parse(version),
        returns_to=Version.parse(ONE if version == TWO else TWO),
        commit="c" * 40,
        cause="culprit",
    )


def record(
    answer: Groups | Missing | Scores = FOUR, *, facts: IntegrationFacts | None = FACTS, stage: StageFacts = SHADOW
) -> Record:
    """What was sealed of a stage, which was not the first: its second block holds the answer, and the others no row."""
    answers = {}
    if facts is not None and stage.window is not None:
        needs = [one.scores for one in stage_needs(facts, stage.name, stage.window).blocks]
        held = Groups(groups=(("nba", answer),)) if isinstance(answer, Scores) else answer
        answers = {need: held if place == 1 else NO_ROWS for place, need in enumerate(needs)}
    return Record(
        plan=a_plan(stages=(a_stage("rehearsal"), stage), facts=some_facts(integration=facts)),
        evidence=Evidence(answers),
        verdict=Verdict(gates=(), evidence_outcome=Outcome.PASSED, sign_off_outcome=Outcome.PASSED),
        decided_at=None,
    )


RECORD = record()


def story(*attempts: Attempt, up: tuple[PromotedVersion, ...] = (), down: tuple[RolledBackVersion, ...] = ()) -> Story:
    return Story(model="props", attempts=attempts, promoted=up, rolled_back=down)


def test_a_version_is_known_by_the_record_that_closed_its_stage() -> None:
    told = story(attempt(ONE, 1, record=1), attempt(TWO, 3, record=2))
    assert named_tracks(told, "shadow", at(9)) == {ONE: digest(1), TWO: digest(2)}
    assert named_tracks(told, "canary", at(9)) == {}
    assert named_tracks(story(attempt(ONE)), "shadow", at(9)) == {}


def test_a_stage_that_was_closed_later_is_not_known_yet() -> None:
    told = story(attempt(ONE, 1), attempt(TWO, 3))
    assert list(named_tracks(told, "shadow", at(2.9))) == [ONE]
    assert list(named_tracks(told, "shadow", at(3))) == [ONE, TWO], "at that instant it is"


def test_of_several_attempts_the_last_one_counts() -> None:
    told = story(attempt(ONE, 1, record=1, withdrawn=2), attempt(ONE, 4, record=2))
    assert named_tracks(told, "shadow", at(9)) == {ONE: digest(2)}
    assert named_tracks(told, "shadow", at(3)) == {ONE: digest(1)}, "the second had not been closed by then"


def test_a_version_showed_how_far_its_forecasts_were_off() -> None:
    found = track_record(story(attempt(ONE, 1)), {digest(1): RECORD}, "shadow", at(9))
    assert found.keys() == {ONE}
    assert (found[ONE].events, found[ONE].came) == (4, 2)
    assert found[ONE].brier == pytest.approx((0.1**2 + 0.899**2 + 0.1**2 + 0.9**2) / 4)
    assert found[ONE].log_loss == pytest.approx(-(2 * log(0.9) + log(0.101) + log(0.1)) / 4)
    assert found[ONE].ece == pytest.approx((0.1 + 0.899 + 0.8) / 4)


@pytest.mark.parametrize(
    "held",
    [
        record(NO_ROWS),
        record(Groups(groups=())),
        record(Scores.nothing()),
        record(facts=None),
        record(stage=a_stage("canary", days=0.125)),
        record(stage=replace(SHADOW, window=None)),
    ],
    ids=["no-rows", "no-group", "no-event", "not-asked", "another-stage", "no-window"],
)
def test_a_version_whose_stage_was_not_asked_for_forecasts_has_no_entry(held: Record) -> None:
    told = story(attempt(ONE, 1, record=1), attempt(TWO, 2, record=2))
    assert list(track_record(told, {digest(1): held, digest(2): RECORD}, "shadow", at(9))) == [TWO]


def status(told: Story, day: float = 9) -> str:
    """What had become of the first version by a day."""
    return track_record(told, dict.fromkeys(map(digest, (1, 2)), RECORD), "shadow", at(day))[ONE].status


def test_the_last_of_what_happened_to_a_version_is_its_status() -> None:
    told = story(attempt(ONE, 1), up=(promoted(ONE, 2), promoted(ONE, 6)), down=(rolled_back(ONE, 4),))
    assert [status(told, day) for day in (1, 1.9)] == ["candidate"] * 2
    assert [status(told, day) for day in (2, 3.9)] == ["promoted"] * 2
    assert [status(told, day) for day in (4, 5.9)] == ["rolled_back"] * 2
    assert [status(told, day) for day in (6, 9)] == ["promoted"] * 2


def test_a_candidate_that_was_withdrawn_is_so_until_it_is_promoted() -> None:
    told = story(attempt(ONE, 1, withdrawn=2), attempt(ONE, 3, record=2), up=(promoted(ONE, 4),))
    assert [status(told, day) for day in (1.5, 2, 3.9, 4)] == ["candidate", "withdrawn", "withdrawn", "promoted"]


def test_an_attempt_that_ended_with_a_merge_was_not_withdrawn() -> None:
    merged = replace(attempt(ONE, 1), ended=promoted(ONE, 2))
    assert status(story(merged)) == "candidate"


def test_what_became_of_another_version_is_not_told_of_this_one() -> None:
    told = story(
        attempt(ONE, 1), attempt(TWO, 2, record=2, withdrawn=5), up=(promoted(TWO, 3),), down=(rolled_back(TWO, 4),)
    )
    assert status(told) == "candidate"
