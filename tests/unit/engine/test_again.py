"""A record judged again: the same, the same by another judge, another outcome since a revision, or unfounded."""

from dataclasses import replace

import pytest

from builders.ledgers import a_judged_record
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.verdict import Verdict
from model_ratchet.engine.again import Again, judge_again, same_judge
from model_ratchet.engine.record import Record

SOUND = a_judged_record()
FAILED = a_judged_record(better=-100).verdict


def with_estimate(verdict: Verdict, factor: float) -> Verdict:
    """The verdict with its first estimate multiplied."""
    (gate, *gates) = verdict.gates
    (leaf, *leaves) = gate.leaves
    found = leaf.judgement.estimate
    assert found is not None
    moved = replace(leaf, judgement=replace(leaf.judgement, estimate=replace(found, value=found.value * factor)))
    return replace(verdict, gates=(replace(gate, leaves=(moved, *leaves)), *gates))


@pytest.mark.parametrize(
    ("record", "again"),
    [
        (SOUND, Again.SAME_BYTES),
        (replace(SOUND, judge_version=0), Again.SAME_OUTCOME),
        (replace(SOUND, verdict=with_estimate(SOUND.verdict, 1 + 1e-8)), Again.SAME_OUTCOME),
        (replace(SOUND, verdict=with_estimate(SOUND.verdict, 1 + 1e-4)), Again.UNFOUNDED),
        (replace(SOUND, verdict=FAILED), Again.UNFOUNDED),
        (replace(SOUND, verdict=FAILED, judge_version=0), Again.OTHER_OUTCOME),
        (replace(SOUND, verdict=FAILED, revisions={**SOUND.revisions, "superiority": 0}), Again.OTHER_OUTCOME),
        (replace(SOUND, verdict=FAILED, revisions={}), Again.OTHER_OUTCOME),
    ],
    ids=["same", "judge", "last-digits", "digits", "made-up", "old-judge", "old-revision", "no-revisions"],
)
def test_what_judging_again_comes_to(record: Record, again: Again) -> None:
    found = judge_again(record)
    assert found.again is again
    assert found.verdict.outcome is Outcome.PASSED
    assert same_judge(record) is not bool(found.since)


def test_what_judges_otherwise_is_named() -> None:
    found = judge_again(replace(SOUND, judge_version=0, revisions={**SOUND.revisions, "rate_limit": 0}))
    assert (found.since, found.later) == (("judge version 1", "rate_limit revision 1"), False)
    assert judge_again(replace(SOUND, revisions={**SOUND.revisions, "rate_limit": 2})).later
    assert judge_again(replace(SOUND, judge_version=2)).later
