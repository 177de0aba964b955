"""A merge group, judged from values alone: what real repositories can't show, because their verdicts have no window."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from builders.records import DECIDABLE, FOLDER, a_failed_record, a_passed_record, a_pending_record, an_errored_record
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.lifecycle import Folder, Proposed, Refused, RolledBack, Unclear, Untouched
from model_ratchet.engine.queue import QueuedChange, QueuedPromotion, judge_queue, sealed_for
from model_ratchet.engine.record import Record
from model_ratchet.engine.validity import Standing

PLACE = Folder("flight-delay", "v2.1.0_20250818_142000")
FILES = {f"{FOLDER}/promotion.yaml": "cd" * 20}
INSIDE = DECIDABLE + timedelta(hours=1)


def bound(record: Record) -> Record:
    return replace(record, plan=replace(record.plan, digests={**record.plan.digests, "model": "b" * 40}))


def change(record: Record, files: Mapping[str, str] | None = None) -> QueuedChange:
    standing = Standing(active=record.plan.facts.baseline, digests=record.plan.digests)
    place = Folder(record.plan.facts.model, record.plan.facts.candidate)
    files = FILES if files is None else files
    named = {path.replace(FOLDER, place.path): oid for path, oid in files.items()}
    promotion = QueuedPromotion(
        folder=place, files=named, record=record, standings={"on the protected branch": standing}
    )
    return QueuedChange(commit="c" * 40, meaning=Proposed((place,)), promotions=(promotion,))


def said(record: Record, now: datetime = INSIDE) -> tuple[Outcome, list[Why]]:
    found = judge_queue([change(bound(record))], now)
    (one,) = found.commits
    assert found.outcome is one.outcome
    return one.outcome, [reason.why for reason in one.reasons]


def test_a_passed_verdict_passes_while_it_is_valid() -> None:
    window = DECIDABLE + timedelta(hours=72)
    assert said(a_passed_record(), window) == (Outcome.PASSED, [])
    late = window + timedelta(seconds=1)
    assert said(a_passed_record(), late) == (Outcome.FAILED, [Why.REPEAT_LAST_STAGE])


@pytest.mark.parametrize("make", [a_failed_record, a_pending_record, an_errored_record])
def test_any_other_verdict_fails(make: object) -> None:
    outcome, whys = said(make())  # type: ignore[operator]
    assert outcome is Outcome.FAILED
    assert Why.NOT_PASSED in whys


def test_the_latest_verdict_on_a_promotion_counts_and_of_two_at_once_the_worse() -> None:
    passed = bound(a_passed_record())
    failed = replace(bound(a_failed_record()), decided_at=passed.decided_at)
    failed = replace(failed, plan=passed.plan)
    for records in ([passed, failed], [failed, passed]):
        assert sealed_for(PLACE, records) == failed
    assert passed.decided_at is not None
    older = replace(failed, decided_at=passed.decided_at - timedelta(hours=1))
    for records in ([passed, older], [older, passed]):
        assert sealed_for(PLACE, records) == passed
    assert sealed_for(Folder(PLACE.model, "v9.9.9_20250818_142000"), [passed]) is None


@pytest.mark.parametrize(
    "files", [{}, {**FILES, f"{FOLDER}/more.md": "e" * 40}, {f"{FOLDER}/promotion.yaml": "e" * 40}]
)
def test_files_that_differ_fail_it(files: dict[str, str]) -> None:
    record = bound(a_passed_record())
    found = judge_queue([change(record, files)], INSIDE)
    assert [reason.why for reason in found.commits[0].reasons] == [Why.SEALED_OTHERWISE]


def test_a_verdict_without_a_request_matches_no_file() -> None:
    record = bound(a_passed_record())
    digests = {name: oid for name, oid in record.plan.digests.items() if name != "request"}
    record = replace(record, plan=replace(record.plan, digests=digests))
    found = judge_queue([change(record, {})], INSIDE)
    assert found.outcome is Outcome.FAILED


def test_trouble_on_the_base_branch_fails_and_the_rest_passes() -> None:
    changes = [
        QueuedChange(commit="a" * 40, meaning=Untouched()),
        QueuedChange(commit="b" * 40, meaning=Unclear("demo", "two heads")),
    ]
    found = judge_queue(changes, INSIDE)
    assert [one.outcome for one in found.commits] == [Outcome.PASSED, Outcome.FAILED]
    assert found.outcome is Outcome.FAILED


def test_findings_alone_fail_a_commit_and_those_of_its_meaning_come_first() -> None:
    wrong, worse = (Finding(Location(f"policies/{name}.yaml"), name) for name in ("wrong", "worse"))
    found = judge_queue(
        [
            replace(change(bound(a_passed_record())), findings=(wrong,)),
            QueuedChange(commit="b" * 40, meaning=Refused((worse,)), findings=(wrong,)),
            QueuedChange(commit="d" * 40, meaning=Refused((worse,))),
        ],
        INSIDE,
    )
    assert [(one.outcome, one.reasons, one.findings) for one in found.commits] == [
        (Outcome.FAILED, (), (wrong,)),
        (Outcome.FAILED, (), (worse, wrong)),
        (Outcome.FAILED, (), (worse,)),
    ]


def test_a_promotion_without_a_sealed_verdict_fails() -> None:
    sealed = change(bound(a_passed_record()))
    unsealed = replace(sealed, promotions=(replace(sealed.promotions[0], record=None),))
    found = judge_queue([sealed, unsealed], INSIDE)
    assert [one.outcome for one in found.commits] == [Outcome.PASSED, Outcome.FAILED]
    assert found.commits[1].reasons == (because(Why.NOT_SEALED, model=PLACE.model, candidate=PLACE.version),)
    assert found.outcome is Outcome.FAILED


def test_a_group_without_a_commit_fails() -> None:
    assert judge_queue([], INSIDE).outcome is Outcome.FAILED


def test_each_commit_says_what_it_is() -> None:
    back = RolledBack("demo", (Version.parse("v2.0.0_20250101_000000"),), Version.parse("v1.0.0_20250101_000000"))
    one = change(bound(a_passed_record()))
    two = replace(one, promotions=(*one.promotions, replace(one.promotions[0], folder=Folder("demo", "v1"))))
    changes = [
        one,
        two,
        QueuedChange(commit="a" * 40, meaning=back),
        QueuedChange(commit="b" * 40, meaning=Untouched()),
    ]
    assert [said.what for said in judge_queue(changes, INSIDE).commits] == [
        "promotion of flight-delay v2.1.0_20250818_142000",
        "promotion of flight-delay v2.1.0_20250818_142000, demo v1",
        "rollback of demo to v1.0.0_20250101_000000",
        "no promotion",
    ]


def test_the_names_of_the_builders_are_those_of_the_folder() -> None:
    facts = a_passed_record().plan.facts
    assert (facts.model, facts.candidate) == (PLACE.model, PLACE.version)
