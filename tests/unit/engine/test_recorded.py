"""What a commit of the base branch adds to the ledger."""

from datetime import UTC, datetime
from typing import Any

import pytest

from builders.records import a_passed_record
from builders.small import V1, V2, V3
from model_ratchet.core.names import Version
from model_ratchet.documents.events import Actor, Event, Hold
from model_ratchet.documents.promoted import Promoted
from model_ratchet.engine.lifecycle import Folder, Proposed, Refused, RolledBack
from model_ratchet.engine.record import digest
from model_ratchet.engine.recorded import (
    Arrival,
    Arrived,
    Landed,
    baseline,
    last_recorded,
    metrics,
    of_model,
    of_policies,
)
from model_ratchet.engine.story import Story, stories

AT = datetime(2025, 9, 1, tzinfo=UTC)
COMMIT, TREE = "c" * 40, "d" * 40
ARRIVAL = Arrival(at=AT, pull=7, by=Actor(login="bob", id=2))


def arrived(version: str = V2, tree: str = TREE, **more: Any) -> Arrived:
    stated = Promoted(
        model="demo",
        candidate=Version.parse(version),
        baseline=Version.parse(V1),
        digest=f"sha256:{'a' * 64}",
        policy="small/1.0.0",
        path=f"promotions/demo/{version}/promotion.yaml",
    )
    return Arrived(folder=Folder("demo", version), tree=tree, promoted=more.pop("promoted", stated), **more)


def landed(*versions: Arrived, **more: Any) -> Landed:
    folders = tuple(one.folder for one in versions)
    given: dict[str, Any] = {"meaning": Proposed(folders), "touched": folders, "arrival": ARRIVAL}
    return Landed(commit=COMMIT, versions=versions, **(given | more))


def added(one: Landed, *known: Event) -> list[Event]:
    return list(of_model(one, "demo", stories(known).get("demo", Story(model="demo"))))


def test_a_verdict_that_passed_by_a_waiver_is_recorded_with_it() -> None:
    record = a_passed_record()
    promoted, waived = added(landed(arrived(record=record)))
    assert (promoted.kind, getattr(promoted, "record", None)) == ("promoted", digest(record))
    assert waived.model_dump(include={"kind", "waiver", "criterion", "pull"}) == {
        "kind": "waived",
        "waiver": "memory-2025-08",
        "criterion": "memory",
        "pull": 7,
    }


def test_what_speaks_against_a_merge_keeps_its_record_beside_it_and_vouches_for_nothing() -> None:
    record = a_passed_record()
    promoted, unverified = added(landed(arrived(record=record), against=("one", "two")))
    assert getattr(promoted, "record", "") is None
    assert (getattr(unverified, "because", ""), getattr(unverified, "record", None)) == ("one; two", digest(record))


def test_what_is_recorded_already_is_known_by_its_tree() -> None:
    first = added(landed(arrived(record=a_passed_record())))
    assert added(landed(arrived()), *first) == []
    again = added(landed(arrived(tree="e" * 40), against=("edited",)), *first)
    assert [one.kind for one in again] == ["promoted", "unverified"]


def test_a_removal_names_the_newest_as_the_culprit_and_is_recorded_once() -> None:
    removed = RolledBack("demo", (Version.parse(V3), Version.parse(V2)), Version.parse(V1))
    one = landed(meaning=removed, arrival=Arrival(at=AT), digests={("demo", V3): f"sha256:{'b' * 64}"})
    events = added(one)
    said = [
        (getattr(event, "cause", ""), getattr(event, "break_glass", None), getattr(event, "digest", None))
        for event in events
    ]
    assert said == [("culprit", True, f"sha256:{'b' * 64}"), ("collateral", True, None)]
    assert added(one, *events) == []


@pytest.mark.parametrize(
    ("refuse", "serve", "causes", "over"),
    [
        (V2, V1, ["collateral", "culprit", "released"], True),
        (V3, V1, ["culprit", "collateral", "released"], True),
        (V3, V2, ["culprit", "collateral"], False),
    ],
    ids=["older", "newest", "another-serves"],
)
def test_the_hold_of_an_incident_names_the_culprit_and_is_over_once_what_it_serves_is_active(
    refuse: str, serve: str, causes: list[str], over: bool
) -> None:
    versions = {"refuse": Version.parse(refuse), "serve": Version.parse(serve), "incident": f"{refuse}-1"}
    hold = Hold.model_validate({"at": AT, "model": "demo", "because": "errors", **versions})
    removed = RolledBack("demo", (Version.parse(V3), Version.parse(V2)), Version.parse(V1))
    events = added(landed(meaning=removed, arrival=Arrival(at=AT), removed={V3: "d" * 40}), hold)
    assert [getattr(event, "cause", event.kind) for event in events] == causes
    assert [getattr(event, "tree", None) for event in events[:2]] == ["d" * 40, None]
    assert (stories((hold, *events))["demo"].hold is None) is over


def test_a_long_list_of_reasons_is_cut() -> None:
    (_, unverified) = added(landed(arrived(), against=tuple("x" * 500 for _ in range(9))))
    because = getattr(unverified, "because", "")
    assert (len(because), because[-1]) == (2000, "…")


@pytest.mark.parametrize("version", ["v1", V2], ids=["no-version", "version"])
def test_a_folder_whose_request_can_not_be_read_is_unverified_and_promotes_nothing(version: str) -> None:
    folder = Folder("demo", version)
    (event,) = added(landed(meaning=Refused(()), touched=(folder,), against=("it can't be read",)))
    assert (event.kind, getattr(event, "version", None)) == ("unverified", Version.parse(V2) if version == V2 else None)


def test_a_digest_that_is_none_and_a_policy_that_is_none_are_left_out() -> None:
    stated = Promoted(model="demo", candidate=Version.parse(V2), baseline=None, digest="md5:1", policy="??", path="x")
    promoted, _ = added(landed(arrived(promoted=stated)))
    assert (getattr(promoted, "digest", ""), getattr(promoted, "policy", "")) == (None, None)


def test_the_policies_that_a_commit_changes_are_one_event() -> None:
    (event,) = of_policies(landed(policies=("policies/a/1.0.0.yaml", "policies/sources.yaml")))
    assert event.kind == "policy-changed"
    assert list(of_policies(landed())) == []


def test_the_newest_commit_comes_first() -> None:
    first = added(landed(arrived()))
    later = added(landed(arrived(V3)), *first)
    changed = [one.model_copy(update={"commit": "f" * 40}) for one in later]
    assert last_recorded((*first, *changed)) == ("f" * 40, COMMIT)


def test_the_numbers_of_a_baseline_are_those_that_were_sealed() -> None:
    record = a_passed_record()
    found = {one["criterion"]: one for one in metrics(record)}
    assert {"metric": "accuracy", "value": 0.0254, "baseline": 0.6, "candidate": 0.6254}.items() <= found[
        "accuracy-improvement"
    ].items()
    events = added(landed(arrived(record=record)))
    held = baseline("demo", V2, stories(events)["demo"], {digest(record): record})
    assert (held["active"]["candidate"], held["active"]["metrics"], held["previous"]) == (V2, metrics(record), None)
    assert baseline("demo", V1, stories(events)["demo"], {})["active"] == {"candidate": V1}
    assert baseline("demo", None, stories(events)["demo"], {})["active"] is None
