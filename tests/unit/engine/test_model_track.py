"""The track record of a model: what is counted, from when to when, and that nothing is made of nothing."""

from datetime import UTC, datetime, timedelta

from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Admitted,
    Event,
    Hold,
    PromotedVersion,
    RolledBackVersion,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.engine.model_track import Track, together, track
from model_ratchet.engine.story import stories

AT = datetime(2026, 8, 1, tzinfo=UTC)
ONE, TWO, THREE = (Version.parse(f"v1.{minor}.0_20260{minor}01_000000") for minor in (1, 2, 3))
DIGEST = "sha256:" + "a" * 64


def at(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def admitted(hours: float, candidate: Version) -> Admitted:
    policy = PolicyName.parse("standard/1.0.0")
    return Admitted(at=at(hours), model="fraud", candidate=candidate, digest=DIGEST, policy=policy, attempt=1)


def promoted(hours: float, candidate: Version) -> PromotedVersion:
    return PromotedVersion(at=at(hours), model="fraud", candidate=candidate, commit="a" * 40, tree="b" * 40)


def withdrawn(hours: float, candidate: Version) -> Withdrawn:
    return Withdrawn(at=at(hours), model="fraud", candidate=candidate, because="closed")


def rolled_back(hours: float, version: Version, cause: str = "culprit") -> RolledBackVersion:
    return RolledBackVersion.model_validate(
        {"at": at(hours), "model": "fraud", "version": version, "returns_to": ONE, "commit": "c" * 40, "cause": cause}
    )


def hold(hours: float, refuse: Version, number: int = 1) -> Hold:
    incident = f"{refuse}-{number}"
    return Hold(
        at=at(hours),
        model="fraud",
        because="worse",
        refuse=refuse,
        serve=THREE if refuse == ONE else ONE,
        incident=incident,
    )


def of(*events: Event) -> Track:
    return track(stories(events)["fraud"])


def test_lead_time_is_from_admission_to_merge_and_the_middle_of_several_is_told() -> None:
    found = of(
        *(admitted(0, ONE), promoted(10, ONE)),
        *(admitted(20, TWO), promoted(120, TWO)),
        *(admitted(130, THREE), promoted(160, THREE)),
    )
    assert found.lead_times == (timedelta(hours=10), timedelta(hours=30), timedelta(hours=100))
    assert found.lead_time == timedelta(hours=30)
    assert (found.attempts, found.promotions, found.false_starts) == (3, 3, 0)
    assert (found.first, found.last) == (at(10), at(160))
    assert found.change_failure_rate == 0
    assert found.false_start_rate == 0


def test_an_attempt_without_a_merge_is_a_false_start_and_an_open_one_is_neither() -> None:
    found = of(admitted(0, ONE), promoted(10, ONE), admitted(20, TWO), withdrawn(30, TWO), admitted(40, THREE))
    assert (found.attempts, found.promotions, found.false_starts) == (3, 1, 1)
    assert found.false_start_rate == 0.5


def test_a_culprit_is_a_failed_change_and_what_left_with_it_is_none() -> None:
    found = of(
        *(admitted(0, ONE), promoted(10, ONE), admitted(20, TWO), promoted(30, TWO)),
        *(admitted(40, THREE), promoted(50, THREE)),
        *(hold(60, TWO), rolled_back(62, THREE, "collateral"), rolled_back(62, TWO)),
    )
    assert (found.promotions, found.rollbacks, found.failed, found.incidents) == (3, 1, 1, 1)
    assert found.change_failure_rate == 1 / 3
    assert found.restore_times == (timedelta(hours=2),)
    assert found.time_to_restore == timedelta(hours=2)


def test_a_version_that_came_back_has_failed_once() -> None:
    found = of(
        *(admitted(0, ONE), promoted(10, ONE), admitted(20, TWO), promoted(30, TWO)),
        *(hold(40, TWO), rolled_back(45, TWO), admitted(50, TWO), promoted(60, TWO)),
    )
    assert (found.promotions, found.failed) == (3, 1)
    again = of(
        *(promoted(30, TWO), hold(40, TWO), rolled_back(45, TWO)),
        *(promoted(60, TWO), hold(70, TWO, 2), rolled_back(71, TWO)),
    )
    assert (again.promotions, again.failed) == (2, 2)
    assert again.restore_times == (timedelta(hours=1), timedelta(hours=5))


def test_a_hold_whose_removal_is_still_awaited_has_no_time_yet_and_a_push_past_it_none_at_all() -> None:
    assert of(promoted(10, TWO), hold(40, TWO)).time_to_restore is None
    glass = of(promoted(10, TWO), rolled_back(45, TWO))
    assert (glass.time_to_restore, glass.failed) == (None, 1)


def test_waivers_are_counted() -> None:
    waived = WaivedCriterion(at=at(10), model="fraud", candidate=TWO, waiver="w", criterion="latency")
    assert of(promoted(10, TWO), waived).waivers == 1


def test_nothing_is_made_of_nothing() -> None:
    found = of(admitted(0, ONE))
    measures = (found.lead_time, found.time_to_restore, found.change_failure_rate, found.false_start_rate, found.last)
    assert measures == (None,) * 5
    assert together([]) == Track()


def test_several_models_are_one() -> None:
    one = of(admitted(0, ONE), promoted(10, ONE), hold(20, ONE), rolled_back(21, ONE))
    other = of(admitted(5, TWO), promoted(35, TWO), admitted(40, THREE), withdrawn(50, THREE))
    both = together([one, other])
    assert (both.attempts, both.promotions, both.false_starts, both.failed) == (3, 2, 1, 1)
    assert both.lead_times == (timedelta(hours=10), timedelta(hours=30))
    assert both.lead_time == timedelta(hours=20)
    assert both.restore_times == (timedelta(hours=1),)
    assert (both.first, both.last) == (at(10), at(35))
    assert both.change_failure_rate == 0.5


def test_a_promotion_between_two_of_the_same_version_is_the_one_that_failed() -> None:
    found = of(promoted(0, TWO), promoted(10, TWO), rolled_back(15, TWO), promoted(20, TWO))
    assert (found.promotions, found.failed) == (3, 1)


def test_models_of_which_nothing_is_known_leave_the_others_first_and_last() -> None:
    found = together([Track(), of(promoted(3, TWO)), Track()])
    assert (found.first, found.last) == (at(3), at(3))
