"""What a published verdict is still worth."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.records import DECIDABLE, NOW, a_failed_record, a_passed_record, a_pending_record
from model_ratchet.core.names import PolicyName
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.revocations import Revocation
from model_ratchet.engine.judge import valid_until
from model_ratchet.engine.record import Record, seal
from model_ratchet.engine.validity import Standing, Validity, still_valid

INSIDE = DECIDABLE + timedelta(hours=1)
WINDOW_ENDS = DECIDABLE + timedelta(hours=72)
WAIVER_ENDS = DECIDABLE + timedelta(days=30)
SECOND = timedelta(seconds=1)


def passed(**changes: object) -> Record:
    """A passed record that is bound to a policy and a model file, with one criterion passing by a waiver."""
    record = a_passed_record()
    plan = replace(record.plan, digests={**record.plan.digests, "model": "b" * 40}, **changes)  # type: ignore[arg-type]
    verdict = replace(record.verdict, valid_until=valid_until(plan, record.verdict.gates))
    return seal(plan, record.evidence, verdict, now=NOW)


def standing(record: Record, **changes: object) -> Standing:
    """A base branch on which nothing has moved."""
    given_ = {
        "active": record.plan.facts.baseline,
        "digests": {name: record.plan.digests.get(name) for name in ("policy", "model")},
    }
    return Standing(**{**given_, **changes})  # type: ignore[arg-type]


def revocation(since: datetime) -> Revocation:
    return Revocation.model_construct(
        policy=PolicyName.parse("standard/1.0.0"),
        digest="sha256:" + "a" * 64,
        since=since,
        reason="mistyped",
        replaced_by=PolicyName.parse("standard/1.0.1"),
    )


def worth(record: Record, now: datetime = INSIDE, /, **changes: object) -> Validity:
    return still_valid(record, standing(record, **changes), now)


def told(found: Validity) -> tuple[Outcome, list[Why]]:
    return found.outcome, [reason.why for reason in found.reasons]


def test_a_verdict_holds_until_its_merge_window_closes() -> None:
    record = passed()
    found = worth(record)
    assert (found.holds, found.outcome, found.until) == (True, Outcome.PASSED, WINDOW_ENDS)
    assert worth(record, WINDOW_ENDS).holds
    assert told(worth(record, WINDOW_ENDS + SECOND)) == (Outcome.PENDING, [Why.REPEAT_LAST_STAGE])


def test_a_waiver_that_expires_gives_the_criterion_its_outcome_back() -> None:
    record = passed(valid_until=None)
    assert record.verdict.valid_until == WAIVER_ENDS
    assert worth(record, WAIVER_ENDS - SECOND).holds
    found = worth(record, WAIVER_ENDS)
    assert told(found) == (Outcome.FAILED, [Why.WAIVER_EXPIRED])
    assert found.reasons[0].parameters["criterion"] == "memory"


def test_a_waiver_shortens_the_merge_window_and_never_lengthens_it() -> None:
    for window in (WAIVER_ENDS - timedelta(days=1), WAIVER_ENDS + timedelta(days=1)):
        assert passed(valid_until=window).verdict.valid_until == min(window, WAIVER_ENDS)


def test_a_revocation_ends_it_at_its_instant() -> None:
    since = WINDOW_ENDS - timedelta(hours=1)
    record = passed()
    assert worth(record, since - SECOND, revocation=revocation(since)).until == since
    assert worth(record, since - SECOND, revocation=revocation(since)).holds
    found = worth(record, since, revocation=revocation(since))
    assert told(found) == (Outcome.FAILED, [Why.POLICY_REVOKED])
    assert found.reasons[0].parameters["replaced_by"] == "standard/1.0.1"


def test_a_revocation_that_the_verdict_knew_of_is_told_as_one_and_not_as_a_window() -> None:
    since = WINDOW_ENDS - timedelta(hours=1)
    notice = because(Why.TO_BE_REVOKED, policy="standard/1.0.0", since=since.isoformat(), because="mistyped")
    record = passed(valid_until=since, reasons=(notice,))
    assert told(worth(record, since, revocation=revocation(since))) == (Outcome.FAILED, [Why.POLICY_REVOKED])
    assert told(worth(record, since)) == (Outcome.FAILED, [Why.POLICY_REVOKED])


@pytest.mark.parametrize(
    ("changes", "outcome", "why"),
    [
        ({"active": "v9.0.0_20250101_000000"}, Outcome.FAILED, Why.BASELINE_MOVED),
        ({"active": None}, Outcome.FAILED, Why.BASELINE_MOVED),
        ({"trouble": "two heads", "active": None}, Outcome.ERRORED, Why.CHAIN_UNCLEAR),
        ({"digests": {"policy": "c" * 40, "model": "b" * 40}}, Outcome.PENDING, Why.RULES_CHANGED),
        ({"digests": {"policy": None, "model": "b" * 40}}, Outcome.PENDING, Why.RULES_CHANGED),
        ({"digests": {}}, Outcome.PENDING, Why.RULES_CHANGED),
    ],
)
def test_a_base_branch_that_moved_ends_it(changes: dict[str, object], outcome: Outcome, why: Why) -> None:
    found = worth(passed(), INSIDE, **changes)
    assert found.outcome is outcome
    assert {reason.why for reason in found.reasons} == {why}


def test_an_undo_ends_for_good_after_its_time() -> None:
    record = passed(reasons=(because(Why.UNDOES, version="v1.0.0_20250101_000000"),))
    assert worth(record, WINDOW_ENDS).holds
    assert told(worth(record, WINDOW_ENDS + SECOND)) == (Outcome.FAILED, [Why.UNDO_ENDED])


def test_what_had_run_out_when_it_was_judged_is_not_told_again() -> None:
    assert worth(passed(expired=True), WINDOW_ENDS + SECOND).holds


def test_a_verdict_that_names_no_model_file_never_holds() -> None:
    record = a_passed_record()
    assert told(worth(record)) == (Outcome.PENDING, [Why.RULES_CHANGED])


def test_the_gravest_reason_comes_first() -> None:
    found = worth(passed(), WINDOW_ENDS + SECOND, active=None)
    assert told(found) == (Outcome.FAILED, [Why.BASELINE_MOVED, Why.REPEAT_LAST_STAGE])


def test_a_verdict_that_waits_is_looked_at_again_when_a_stage_can_say_more() -> None:
    record = a_pending_record()
    found = still_valid(record, standing(record), DECIDABLE - timedelta(days=2))
    assert found.until == DECIDABLE - timedelta(days=1)


def test_time_alone_changes_nothing_of_a_failed_verdict() -> None:
    found = worth(a_failed_record())
    assert (found.outcome, found.until) == (Outcome.FAILED, None)


@given(
    hours=st.integers(min_value=0, max_value=2000),
    active=st.none() | st.just("v2.0.3_20250601_090000"),
    make=st.sampled_from([passed, a_failed_record, a_pending_record]),
)
def test_nothing_makes_a_verdict_better(hours: int, active: str | None, make: object) -> None:
    record = make()  # type: ignore[operator]
    found = worth(record, DECIDABLE + timedelta(hours=hours), active=active)
    assert found.outcome.rank >= record.verdict.outcome.rank
    assert found.until is None or found.until > DECIDABLE + timedelta(hours=hours)
