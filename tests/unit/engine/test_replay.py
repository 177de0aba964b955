"""Recorded decisions under another policy: which change, which do not, and which can't be told from what was recorded."""

from dataclasses import replace

import pytest

from builders.ledgers import POLICY, a_judged_record, author_supplied
from model_ratchet.core.evidence import Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.engine.filed import filed
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed, digest, seal, to_bytes
from model_ratchet.engine.replay import Fate, Replayed, rebound, replay

PASSED = a_judged_record(better=600)
WORSE = a_judged_record(better=-100)
OR_MARK = "or mark the criterion `when_bound: true`"


def policy(*changes: tuple[str, str]) -> Policy:
    text = POLICY
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    found = read(Policy, "draft.yaml", text.encode())
    assert isinstance(found, Policy), found
    return found


def told(record: Record, *changes: tuple[str, str]) -> Replayed:
    return replay(policy(*changes), filed(to_bytes(record), digest(record), at_once=False))


def largest(metric: str) -> tuple[str, str]:
    """One criterion more, the first of its gate."""
    first = "    criteria:\n      - {id: accuracy"
    return first, first.replace(
        "{id: acc", f"{{id: m, kind: maximum, metric: {metric}, at_most: 1s}}\n      - {{id: acc"
    )


@pytest.mark.parametrize("record", [PASSED, WORSE], ids=["passed", "failed"])
def test_the_policy_that_it_was_decided_under_changes_nothing(record: Record) -> None:
    found = told(record)
    assert (found.fate, found.moved, found.absent) == (Fate.STAYS, (), ())
    assert found.before is found.after is record.verdict.evidence_outcome
    plan = rebound(policy(), record.plan)
    assert isinstance(plan, Plan)
    assert (plan.gates, plan.stages) == (record.plan.gates, record.plan.stages)


@pytest.mark.parametrize(
    ("record", "change", "before", "after"),
    [
        (PASSED, ("by: 2pp", "by: 4pp"), Outcome.PASSED, Outcome.FAILED),
        (PASSED, ("below: 0.1%", "below: 0.03%"), Outcome.PASSED, Outcome.INCONCLUSIVE),
        (
            WORSE,
            ("kind: superiority, metric: accuracy, by: 2pp", "kind: non_inferiority, metric: accuracy, margin: 5pp"),
            Outcome.FAILED,
            Outcome.PASSED,
        ),
    ],
    ids=["stricter", "undecided", "looser"],
)
def test_a_decision_that_would_change_names_the_criteria(
    record: Record, change: tuple[str, str], before: Outcome, after: Outcome
) -> None:
    found = told(record, change)
    assert (found.fate, found.before, found.after) == (Fate.CHANGES, before, after)
    assert [leaf.outcome for leaf in found.moved] == [after]


def test_who_has_to_sign_changes_no_decision_of_the_evidence() -> None:
    assert told(PASSED, ("role: risk", "role: risk, at_least: 3")).fate is Fate.STAYS


@pytest.mark.parametrize(
    ("change", "absent"),
    [
        (("lasts: 7d", "lasts: 14d"), ("canary for 14d",)),
        (("traffic: 5%", "traffic: 10%"), ("canary with 10% of traffic and 100% mirrored",)),
        (("mirror: 100%, ", ""), ("canary with 5% of traffic",)),
        (("stages:\n", "stages:\n  - {name: shadow, mirror: 100%, lasts: 72h}\n"), ("a stage shadow",)),
        (largest("latency"), ("quantile_counts of latency on canary",)),
        (
            largest("size"),
            (f"m: the model file of flight-delay binds no metrics.size; bind it there, {OR_MARK}",),
        ),
    ],
    ids=["longer", "more-traffic", "not-mirrored", "another-stage", "another-need", "unbound"],
)
def test_what_was_not_recorded_is_told_and_never_guessed(change: tuple[str, str], absent: tuple[str, ...]) -> None:
    found = told(PASSED, change)
    assert (found.fate, found.after, found.absent) == (Fate.NOT_ASSESSABLE, None, absent)


def test_an_extended_stage_is_the_one_that_a_policy_with_extensions_asks_for() -> None:
    extended = ("lasts: 7d}\n", "lasts: 5d}\nextend: {by: 1d, at_most: 2}\n")
    found = told(PASSED, extended)
    assert found.fate is not Fate.NOT_ASSESSABLE
    plan = rebound(policy(extended), PASSED.plan)
    assert isinstance(plan, Plan)
    assert plan.facts.alpha_divisor == 3


def test_attempts_count_under_another_policy_too() -> None:
    second = replace(PASSED.plan, reasons=(because(Why.ATTEMPT, number=2),))
    plan = rebound(policy(), second)
    assert isinstance(plan, Plan)
    assert plan.facts.alpha_divisor == 2


def test_a_stated_history_is_assessable_only_where_the_policy_takes_one() -> None:
    stated = author_supplied(PASSED)
    assert told(stated).absent == ("a stage history that is not author-supplied",)
    allowed = ("version: 1.0.0\n", "version: 1.0.0\nretrospective: allowed\n")
    assert told(stated, allowed).fate is Fate.STAYS


def test_a_stage_that_had_not_started_is_pending_under_both() -> None:
    open_stage = replace(PASSED.plan.stages[0], window=None, decidable=False, ends_at=None, decidable_at=None)
    plan = replace(PASSED.plan, stages=(open_stage,))
    record = seal(plan, PASSED.evidence, judge(plan, PASSED.evidence), now=open_stage.decidable_at)
    found = told(record, ("lasts: 7d", "lasts: 14d"))
    assert (found.fate, found.before, found.after) == (Fate.STAYS, Outcome.PENDING, Outcome.PENDING)


def test_what_is_asked_in_the_same_words_is_taken_as_it_was_judged() -> None:
    """So that thousands of decisions take seconds; ``verify`` is what judges them all again."""
    wrong = seal(PASSED.plan, PASSED.evidence, WORSE.verdict)
    assert told(wrong, ("below: 0.1%", "below: 0.2%")).after is Outcome.FAILED
    assert told(wrong, ("by: 2pp", "by: 1pp")).after is Outcome.PASSED


def without(record: Record, shape: Shape) -> Record:
    """The record whose evidence holds nothing of a shape, with the verdict that was sealed."""
    answers = {need: answer for need, answer in record.evidence.answers.items() if need.shape is not shape}
    assert len(answers) < len(record.evidence.answers)
    return seal(record.plan, replace(record.evidence, answers=answers), record.verdict)


def test_only_what_is_judged_anew_needs_its_evidence() -> None:
    bare = without(PASSED, Shape.PAIRED_COUNTS)
    assert told(bare, ("below: 0.1%", "below: 0.2%")).fate is Fate.STAYS
    assert told(bare, ("by: 2pp", "by: 1pp")).absent == ("paired_counts of accuracy on canary",)


def test_approvals_that_were_not_recorded_are_no_evidence_that_lacks() -> None:
    found = told(without(PASSED, Shape.APPROVALS), ("role: risk", "role: risk, at_least: 3"))
    assert (found.fate, found.absent) == (Fate.STAYS, ())


def test_what_was_only_advisory_and_counts_now_has_moved() -> None:
    plan = rebound(policy(("by: 2pp", "by: 2pp, advisory: true")), WORSE.plan)
    assert isinstance(plan, Plan)
    plan, evidence = as_sealed(plan, WORSE.evidence)
    advisory = seal(plan, evidence, judge(plan, evidence))
    found = told(advisory)
    assert (found.fate, found.before, found.after) == (Fate.CHANGES, Outcome.PASSED, Outcome.FAILED)
    assert [(leaf.id, leaf.outcome) for leaf in found.moved] == [("accuracy-improvement", Outcome.FAILED)]


def test_a_mended_fault_is_not_the_doing_of_the_policy() -> None:
    old = replace(seal(PASSED.plan, PASSED.evidence, WORSE.verdict), judge_version=0)
    found = told(old)
    assert (found.fate, found.before, found.after) == (Fate.STAYS, Outcome.PASSED, Outcome.PASSED)


def test_what_may_fail_early_is_judged_anew_under_another_level() -> None:
    running = replace(PASSED.plan.stages[0], decidable=False)
    plan = replace(PASSED.plan, stages=(running,))
    wrong = seal(plan, PASSED.evidence, WORSE.verdict)
    found = told(wrong, ("version: 1.0.0\n", "version: 1.0.0\nearly_fail: {level: 0.02}\n"))
    assert (found.before, found.after) == (Outcome.FAILED, Outcome.PENDING)
