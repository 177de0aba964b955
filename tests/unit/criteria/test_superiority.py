"""superiority: both rules, both designs, and every degenerate input."""

import pytest

from builders.scopes import a_scope, a_stage, a_table, answered, arm_counts, good_rows, some_facts
from model_ratchet.core.evidence import ArmRows, Counts, Labels, Missing, PairedCounts, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.superiority import Superiority


def a_criterion(rule: str = "point_and_significance", by: str = "2pp", **more: object) -> Superiority:
    parameters = {"id": "accuracy", "kind": "superiority", "metric": "accuracy", "by": by, "rule": rule, **more}
    return Superiority.model_validate(parameters)


def judged(criterion: Superiority, table: PairedCounts) -> Judgement:
    scope = a_scope()
    return criterion.judge(scope, answered(criterion, scope, {Shape.PAIRED_COUNTS: table}))


def test_a_significant_gain_of_the_minimum_passes_the_literal_rule() -> None:
    judgement = judged(a_criterion(), a_table(only_baseline=1_000, only_candidate=1_500))
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.level == 0.95


def test_a_gain_of_exactly_the_minimum_passes_because_by_includes_its_limit() -> None:
    table = PairedCounts(both=5_000, only_baseline=400, only_candidate=600, neither=4_000)
    judgement = judged(a_criterion(), table)
    assert judgement.estimate is not None
    assert judgement.estimate.value == 0.02
    assert judgement.outcome is Outcome.PASSED


def test_the_strict_rule_asks_the_lower_bound_to_clear_the_minimum() -> None:
    table = a_table(only_baseline=1_000, only_candidate=1_420)
    assert judged(a_criterion(), table).outcome is Outcome.PASSED
    assert judged(a_criterion("superiority_margin"), table).outcome is Outcome.INCONCLUSIVE
    clear = a_table(only_baseline=1_000, only_candidate=2_000)
    judgement = judged(a_criterion("superiority_margin"), clear)
    assert judgement.outcome is Outcome.PASSED
    assert judgement.estimate is not None
    assert judgement.estimate.level == 0.9


def test_a_significantly_worse_candidate_fails_whatever_its_p_value_says() -> None:
    judgement = judged(a_criterion(), a_table(only_baseline=1_500, only_candidate=1_000))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.WORSE)


def test_a_gain_shown_to_be_below_the_minimum_fails() -> None:
    judgement = judged(a_criterion(), a_table(only_baseline=1_000, only_candidate=1_100))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.NOT_ENOUGH_BETTER)


def test_a_gain_that_is_not_significant_is_inconclusive_and_says_how_many_rows_are_missing() -> None:
    judgement = judged(a_criterion(), PairedCounts(both=600, only_baseline=50, only_candidate=70, neither=280))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.NOT_SIGNIFICANT)
    more = judgement.reason.parameters["more_rows"]
    assert isinstance(more, int)
    assert more > 0


def test_identical_predictions_are_inconclusive() -> None:
    judgement = judged(a_criterion(), PairedCounts(both=7_000, only_baseline=0, only_candidate=0, neither=3_000))
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.NO_DISCORDANT_PAIR)


def test_all_right_in_both_independent_arms_is_inconclusive() -> None:
    scope = a_scope(a_stage(mirror=None, traffic=0.5))
    criterion = a_criterion()
    rows = good_rows(
        baseline=ArmRows(rows=9_000, served=9_000, units=9_000),
        candidate=ArmRows(rows=9_000, served=9_000, units=9_000),
    )
    counts = arm_counts(Counts(successes=9_000, n=9_000), Counts(successes=9_000, n=9_000))
    evidence = answered(criterion, scope, lambda need: rows if need.shape is Shape.ROWS else counts(need))
    judgement = criterion.judge(scope, evidence)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.IDENTICAL)


def test_fewer_rows_than_the_minimum_are_inconclusive() -> None:
    judgement = judged(a_criterion(), PairedCounts(both=20, only_baseline=0, only_candidate=30, neither=10))
    assert judgement.reason == because(Why.TOO_FEW_ROWS, rows=60, least=100)
    assert judgement.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("shape", "answer", "why"),
    [
        (Shape.PAIRED_COUNTS, PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0), Why.NO_ROWS),
        (Shape.PAIRED_COUNTS, Missing(reason=because(Why.COLUMN_ABSENT, source="log", column="p")), Why.COLUMN_ABSENT),
        (Shape.ROWS, Missing(reason=because(Why.FILE_TRUNCATED, source="log", file="a.parquet")), Why.FILE_TRUNCATED),
        (Shape.ROWS, good_rows(paired=19_700), Why.LOW_PAIR_RATE),
        (Shape.ROWS, good_rows(candidate=ArmRows(rows=20_000, served=1_400, units=1_400)), Why.SAMPLE_RATIO),
        (Shape.ROWS, good_rows(candidate=ArmRows(rows=0, served=0)), Why.NO_ROWS),
        (Shape.LABELS, Labels(labelled=17_000, rows=20_000), Why.LOW_COVERAGE),
        (Shape.LABELS, Labels(labelled=0, rows=0), Why.LOW_COVERAGE),
    ],
)
def test_what_could_not_be_looked_at_is_errored(shape: Shape, answer: object, why: Why) -> None:
    criterion, scope = a_criterion(), a_scope()
    answers = {Shape.PAIRED_COUNTS: a_table(), shape: answer}
    judgement = criterion.judge(scope, answered(criterion, scope, answers))  # type: ignore[arg-type]
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, why)


def test_repeated_attempts_divide_alpha() -> None:
    table = PairedCounts(both=6_000, only_baseline=400, only_candidate=466, neither=3_134)
    criterion = a_criterion(by="0.5pp")
    once = a_scope()
    assert criterion.judge(once, answered(criterion, once, {Shape.PAIRED_COUNTS: table})).outcome is Outcome.PASSED
    again = a_scope(alpha_divisor=2)
    judgement = criterion.judge(again, answered(criterion, again, {Shape.PAIRED_COUNTS: table}))
    assert judgement.outcome is Outcome.INCONCLUSIVE


def test_a_relative_minimum_is_read_relative_to_the_baseline() -> None:
    judgement = judged(a_criterion(by="2%"), a_table(only_baseline=1_000, only_candidate=1_500))
    assert judgement.estimate is not None
    assert judgement.estimate.scale == "relative"
    assert judgement.estimate.value == pytest.approx(0.025 / 0.65, rel=1e-8)


def test_proven_harm_fails_before_the_window_ends_and_no_harm_says_nothing() -> None:
    criterion, scope = a_criterion(), a_scope(a_stage(decidable=False))
    harmful = answered(criterion, scope, {Shape.PAIRED_COUNTS: a_table(only_baseline=1_600, only_candidate=1_000)})
    judgement = criterion.early(scope, harmful)
    assert judgement is not None
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.EARLY_HARM)
    fine = answered(criterion, scope, {Shape.PAIRED_COUNTS: a_table(only_baseline=1_000, only_candidate=1_000)})
    assert criterion.early(scope, fine) is None


def test_a_relative_minimum_on_a_mean_does_not_fit() -> None:
    from model_ratchet.criteria.base import MetricFacts, Scope

    facts = some_facts(metrics={"accuracy": MetricFacts(name="accuracy", kind="mean")})
    (message,) = a_criterion(by="2%").misfits(Scope(facts=facts, stages=(a_stage(),)))
    assert message == "'2%' is relative, and 'accuracy' is a mean: write an absolute change, such as 1pp"
