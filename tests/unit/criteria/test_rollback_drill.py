"""rollback_drill: a rehearsal of this baseline, successful and young."""

from datetime import timedelta

import pytest

from builders.scopes import BASELINE, START, a_scope
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.rollback_drill import RollbackDrill

DRILL = {"performed_at": START.isoformat(), "restored": BASELINE, "result": "passed"}


def judged(drill: dict[str, str] | None = None, *, age: timedelta = timedelta(days=9), **facts: object) -> Judgement:
    criterion = RollbackDrill.model_validate({"id": "drill", "kind": "rollback_drill", "within": "30d"})
    given = {"drill": DRILL if drill is None else drill, "decided_at": START + age, **facts}
    return criterion.judge(a_scope(**given), Evidence())


def test_a_young_and_successful_drill_of_the_baseline_passes() -> None:
    judgement = judged()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value=START.isoformat(), limit="younger than 30d"),
    )


def test_a_drill_of_exactly_the_largest_age_passes_and_an_older_one_fails() -> None:
    assert judged(age=timedelta(days=30)).outcome is Outcome.PASSED
    judgement = judged(age=timedelta(days=30, seconds=1))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.DRILL_OLD, performed_at=START.isoformat(), within="30d"),
    )


def test_the_age_is_taken_across_zones() -> None:
    drill = {**DRILL, "performed_at": "2025-08-01T02:00:00+02:00"}
    assert judged(drill, age=timedelta(days=30)).outcome is Outcome.PASSED
    assert judged(drill, age=timedelta(days=30, seconds=1)).outcome is Outcome.FAILED


@pytest.mark.parametrize("result", ["failed", "partly", ""])
def test_a_drill_that_did_not_work_fails(result: str) -> None:
    judgement = judged({**DRILL, "result": result})
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.DRILL_FAILED, result=result))


def test_a_drill_without_a_result_fails() -> None:
    judgement = judged({name: value for name, value in DRILL.items() if name != "result"})
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.DRILL_FAILED)


def test_a_drill_that_restored_another_version_fails() -> None:
    judgement = judged({**DRILL, "restored": "v1.0.0_20250101_000000"})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.INCOMPATIBLE, what="drill.restored", stated="v1.0.0_20250101_000000", allowed=BASELINE),
    )


def test_no_drill_fails() -> None:
    criterion = RollbackDrill.model_validate({"id": "drill", "kind": "rollback_drill", "within": "30d"})
    judgement = criterion.judge(a_scope(drill=None, decided_at=START), Evidence())
    assert (judgement.outcome, judgement.reason) == (Outcome.FAILED, because(Why.NOT_STATED, what="drill"))


def test_an_age_that_can_not_be_taken_never_passes() -> None:
    assert judged(decided_at=None).outcome is Outcome.FAILED


def test_a_drill_turns_when_it_is_performed_and_after_its_last_day() -> None:
    criterion = RollbackDrill.model_validate({"id": "drill", "kind": "rollback_drill", "within": "30d"})
    performed, too_old = criterion.turns_at(a_scope(drill=DRILL).facts)
    assert (performed, too_old) == (START, START + timedelta(days=30) + timedelta.resolution)
    assert criterion.turns_at(a_scope().facts) == ()
