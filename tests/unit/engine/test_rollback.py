"""Rollback, planned: to which version, what goes, what nobody but a person decides, and the same incident found again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Admitted,
    Event,
    Hold,
    PromotedVersion,
    Released,
    RolledBackVersion,
    StageStarted,
    Withdrawn,
)
from model_ratchet.documents.promoted import Promoted
from model_ratchet.engine.lifecycle import Chain, chain
from model_ratchet.engine.rollback import Looked, Page, Plan, Restore, Trigger, Withdraw, events_of, plan_rollback
from model_ratchet.engine.story import Story, stories

V1, V2, V3, V4 = (Version.parse(f"v1.{minor}.0_2025010{minor + 1}_000000") for minor in range(4))
NOW = datetime(2025, 9, 1, 12, tzinfo=UTC)
COMMIT = "c" * 40
UNSEEN = "that its artifact is still there"
RECORD = f"sha256:{'e' * 64}"


def digest_of(version: Version) -> str:
    return "sha256:" + str(version).encode().hex().ljust(64, "0")[:64]


def a_chain(*versions: Version, model: str = "demo") -> Chain:
    """The versions as they are promoted, the oldest first."""
    return chain(
        model,
        [
            Promoted(
                model=model,
                candidate=version,
                baseline=baseline,
                digest=digest_of(version),
                policy="small/1.0.0",
                path=f"promotions/{model}/{version}/promotion.yaml",
            )
            for baseline, version in zip((None, *versions), versions, strict=False)
        ],
    )


def promoted(version: Version, baseline: Version | None, record: str | None = RECORD) -> PromotedVersion:
    return PromotedVersion(
        at=NOW - timedelta(days=90),
        model="demo",
        candidate=version,
        baseline=baseline,
        digest=digest_of(version),
        commit=COMMIT,
        tree=COMMIT,
        record=record,
    )


def hold(refuse: Version, serve: Version, *, hours: float = 1, number: int = 1) -> Hold:
    return Hold(
        at=NOW - timedelta(hours=hours),
        model="demo",
        because="errors",
        refuse=refuse,
        serve=serve,
        incident=f"{refuse}-{number}",
    )


def rolled_back(version: Version, cause: str = "culprit", *, hours: float = 24 * 60) -> RolledBackVersion:
    return RolledBackVersion.model_validate(
        {
            "at": NOW - timedelta(hours=hours),
            "model": "demo",
            "version": version,
            "returns_to": V1,
            "commit": COMMIT,
            "cause": cause,
            "digest": digest_of(version),
        }
    )


def released(hours: float = 0.5) -> Released:
    return Released(at=NOW - timedelta(hours=hours), model="demo", because="mended")


def in_canary(version: Version) -> tuple[Event, ...]:
    admitted = Admitted(
        at=NOW - timedelta(hours=30),
        model="demo",
        candidate=version,
        baseline=V2,
        digest=digest_of(version),
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
        pull=7,
    )
    started = StageStarted(
        at=NOW - timedelta(hours=29), model="demo", candidate=version, pull=7, stage="canary", share=0.05
    )
    return admitted, started


def planned(
    *events: Event,
    known: Chain | None = None,
    version: Version | None = None,
    serve: Version | None = None,
    against: dict[Version, str] | None = None,
    by_hand: bool = False,
) -> Plan:
    trigger = Trigger(
        model="demo",
        because="errors",
        version=None if version is None else str(version),
        serve=None if serve is None else str(serve),
        by_hand=by_hand,
    )
    story = stories(events).get("demo", Story(model="demo"))
    look = (against or {}).get
    found = known if known is not None else a_chain(V1, V2, V3)
    return plan_rollback(trigger, found, story, lambda one: Looked(look(one), (UNSEEN,)), now=NOW, at_most=2)


def restored(plan: Plan) -> tuple[Version, Version, tuple[Version, ...]]:
    assert isinstance(plan, Restore), plan
    return plan.refuse, plan.serve, plan.removed


def why(plan: Plan) -> str:
    assert isinstance(plan, Page), plan
    return plan.why


def test_the_active_version_goes_and_its_predecessor_serves() -> None:
    plan = planned()
    assert restored(plan) == (V3, V2, (V3,))
    assert isinstance(plan, Restore)
    assert (plan.incident, plan.collateral, plan.begun) == (f"{V3}-1", (), False)


def test_a_culprit_further_down_takes_what_was_built_on_it_along_as_collateral() -> None:
    plan = planned(version=V2)
    assert restored(plan) == (V2, V1, (V3, V2))
    assert isinstance(plan, Restore)
    assert plan.collateral == (V3,)


@pytest.mark.parametrize(
    ("events", "against", "said"),
    [
        ((promoted(V2, V1, None),), {}, "no verdict vouches for it"),
        ((rolled_back(V2),), {}, "it was rolled back itself"),
        ((hold(V2, V1, hours=30),), {}, "an incident refuses it"),
        ((), {V2: "its artifact is gone"}, "its artifact is gone"),
    ],
    ids=["unverified", "rolled-back", "refused", "gone"],
)
def test_a_predecessor_that_can_not_serve_is_passed_over(
    events: tuple[Event, ...], against: dict[Version, str], said: str
) -> None:
    plan = planned(*events, version=V3, against=against)
    assert restored(plan) == (V3, V1, (V3, V2))
    assert isinstance(plan, Restore)
    assert plan.passed_over == (f"{V2}: {said}",)


@pytest.mark.parametrize("event", [rolled_back(V2, "collateral"), promoted(V2, V1)], ids=["collateral", "vouched-for"])
def test_what_nothing_is_held_against_serves_again(event: Event) -> None:
    assert restored(planned(event)) == (V3, V2, (V3,))


def test_the_first_version_of_a_model_needs_no_verdict_to_return_to() -> None:
    assert restored(planned(promoted(V1, None, None), known=a_chain(V1, V2))) == (V2, V1, (V2,))


def test_where_no_version_can_serve_nothing_is_changed() -> None:
    assert why(planned(against={V1: "gone", V2: "gone too"})) == (
        f"no version of demo can take over: {V2}: gone too; {V1}: gone"
    )
    assert why(planned(known=a_chain(V1))) == f"{V1} is the first version of demo: there is nothing to go back to"
    assert why(planned(known=Chain(model="demo"))) == "nothing of demo is promoted"
    assert why(planned(known=Chain(model="demo", trouble="two heads"))) == "two heads"
    assert why(planned(version=V4)) == f"{V4} of demo is neither promoted nor in a stage"


def test_whoever_rolls_back_by_hand_names_what_is_to_serve() -> None:
    assert restored(planned(serve=V1)) == (V3, V1, (V3, V2))
    assert why(planned(serve=V3)) == f"{V3} is not among the versions of demo before {V3}"
    assert why(planned(serve=V1, against={V1: "its artifact is gone"})).endswith(f"{V1}: its artifact is gone")


def test_a_model_is_rolled_back_by_itself_twice_a_day_and_no_more() -> None:
    once, twice = hold(V4, V3, hours=20), hold(V4, V3, hours=5, number=2)
    assert isinstance(planned(once, released(19)), Restore)
    assert why(planned(once, twice, released())) == (
        "demo was rolled back 2 times within 24 hours: what flaps is not mended by another rollback"
    )
    assert isinstance(planned(once, twice, released(), by_hand=True), Restore)
    assert isinstance(planned(hold(V4, V3, hours=25), twice, released()), Restore)


def test_a_candidate_in_a_stage_is_withdrawn() -> None:
    plan = planned(*in_canary(V4), version=V4)
    assert plan == Withdraw(incident=f"{V4}-1", candidate=V4, pull=7)
    trigger = Trigger(model="demo", because="errors", version=str(V4))
    (event,) = events_of(plan, trigger, now=NOW)
    assert isinstance(event, Withdrawn)
    again = planned(*in_canary(V4), event, version=V4)
    assert again == Withdraw(incident=f"{V4}-1", candidate=V4, pull=7, begun=True)
    assert events_of(again, trigger, now=NOW) == ()
    assert isinstance(planned(*in_canary(V4), event, *in_canary(V4), version=V4), Withdraw)


@pytest.mark.parametrize("version", [None, V3], ids=["active", "named"])
def test_an_incident_under_way_is_gone_on_with_and_never_decided_again(version: Version | None) -> None:
    plan = planned(hold(V3, V1), version=version, against={V1: "gone meanwhile"})
    assert restored(plan) == (V3, V1, (V3, V2))
    assert isinstance(plan, Restore)
    assert (plan.begun, plan.incident) == (True, f"{V3}-1")
    assert events_of(plan, Trigger(model="demo", because="errors"), now=NOW) == ()
    assert why(planned(hold(V3, V1), serve=V2)).startswith(f"demo is held on {V1} by the incident {V3}-1")


@pytest.mark.parametrize("serve", [None, V1], ids=["nearest", "named"])
def test_a_run_that_goes_on_with_an_incident_tells_reviewers_what_the_first_one_would_have(
    serve: Version | None,
) -> None:
    against = {V2: "its artifact is gone"}
    first = planned(version=V3, serve=serve, against=against)
    assert isinstance(first, Restore)
    assert (first.unsure, len(first.passed_over)) == ((UNSEEN,), int(serve is None))
    events = events_of(first, Trigger(model="demo", because="errors"), now=NOW)
    assert planned(*events, version=V3, serve=serve, against=against) == replace(first, begun=True)


def test_what_speaks_against_the_version_that_serves_already_is_told() -> None:
    plan = planned(hold(V3, V2), against={V2: "its artifact is gone"})
    assert isinstance(plan, Restore)
    assert (plan.serve, plan.unsure) == (V2, ("its artifact is gone", UNSEEN))


def test_after_the_removal_the_same_trigger_finds_its_incident_and_removes_nothing_more() -> None:
    gone = (hold(V3, V2), rolled_back(V3, hours=0.9), released(0.9))
    for events in (gone[:1], gone):
        plan = planned(*events, known=a_chain(V1, V2), version=V3)
        assert restored(plan) == (V3, V2, ())
        assert isinstance(plan, Restore)
        assert plan.begun


def test_a_second_incident_of_a_version_has_another_name() -> None:
    plan = planned(hold(V3, V2, hours=48), released(40), version=V3)
    assert isinstance(plan, Restore)
    assert (plan.incident, plan.begun) == (f"{V3}-2", False)
