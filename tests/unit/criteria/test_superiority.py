"""superiority: both rules, both designs, and every degenerate input."""

import pytest
from scipy.stats import binomtest

from builders.scopes import (
    UNREADABLE,
    Answer,
    a_scope,
    a_stage,
    a_table,
    answered,
    arm_counts,
    good_rows,
    some_facts,
    split_rows,
    uncomparable_rows,
    unpaired,
)
from model_ratchet.core.evidence import ArmRows, Counts, Evidence, Labels, Missing, Need, PairedCounts, Rows, Shape
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import MetricFacts, Scope
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


@pytest.mark.parametrize("right", [0, 9_000])
def test_all_right_or_all_wrong_in_both_independent_arms_is_inconclusive(right: int) -> None:
    scope = a_scope(a_stage(mirror=None, traffic=0.5))
    criterion = a_criterion()
    rows = good_rows(
        baseline=ArmRows(rows=9_000, served=9_000, units=9_000),
        candidate=ArmRows(rows=9_000, served=9_000, units=9_000),
    )
    counts = arm_counts(Counts(successes=right, n=9_000), Counts(successes=right, n=9_000))
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
    facts = some_facts(metrics={"accuracy": MetricFacts(name="accuracy", kind="mean")})
    (message,) = a_criterion(by="2%").misfits(Scope(facts=facts, stages=(a_stage(),)))
    assert message == "'2%' is relative, and 'accuracy' is a mean: write an absolute change, such as 1pp"


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.LABELS, Shape.PAIRED_COUNTS])
@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_what_a_source_could_not_read_is_errored(shape: Shape, reason: Reason) -> None:
    criterion, scope = a_criterion(), a_scope()
    evidence: dict[Shape, Answer] = {Shape.PAIRED_COUNTS: a_table(), shape: Missing(reason=reason)}
    judgement = criterion.judge(scope, answered(criterion, scope, evidence))
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


@pytest.mark.parametrize("mirrored", [True, False])
def test_arms_that_can_not_be_compared_are_errored(mirrored: bool) -> None:
    criterion, scope = a_criterion(), a_scope(a_stage() if mirrored else unpaired())
    counts = arm_counts(Counts(successes=13_000, n=20_000), Counts(successes=14_000, n=20_000))

    def outcome(rows: Rows) -> tuple[Outcome, Why]:
        def answer(need: Need) -> Answer | None:
            if need.shape is Shape.ROWS:
                return rows
            return a_table() if need.shape is Shape.PAIRED_COUNTS else counts(need)

        judgement = criterion.judge(scope, answered(criterion, scope, answer))
        return judgement.outcome, judgement.reason.why

    assert outcome(good_rows() if mirrored else split_rows())[0] is Outcome.PASSED
    for rows, why in uncomparable_rows(mirrored=mirrored):
        assert outcome(rows) == (Outcome.ERRORED, why)


def test_no_evidence_at_all_is_errored() -> None:
    judgement = a_criterion().judge(a_scope(), Evidence())
    assert (judgement.outcome, judgement.reason.why) == (Outcome.ERRORED, Why.NOT_ASKED)


def test_the_p_value_of_pairs_is_that_of_the_exact_binomial_test_and_decides_at_alpha() -> None:
    decided = set()
    for gained in range(450, 520, 2):
        table = PairedCounts(both=3_000, only_baseline=400, only_candidate=gained, neither=1_000 - gained)
        judgement = judged(a_criterion(by="0.5pp"), table)
        expected = binomtest(gained, gained + 400).pvalue
        assert judgement.estimate is not None
        assert judgement.estimate.p_value == pytest.approx(expected, rel=1e-7)
        assert (judgement.outcome is Outcome.PASSED) is bool(expected < 0.05)
        decided.add(judgement.outcome)
    assert decided == {Outcome.PASSED, Outcome.INCONCLUSIVE}


def test_a_gain_of_one_pair_less_than_the_minimum_does_not_pass() -> None:
    table = PairedCounts(both=5_000, only_baseline=400, only_candidate=599, neither=4_001)
    assert judged(a_criterion(), table).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("by", ["2pp", "2%"])
def test_a_baseline_that_is_always_wrong_has_no_relative_gain(by: str) -> None:
    same = PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=10_000)
    judgement = judged(a_criterion(by=by), same)
    assert (judgement.outcome, judgement.reason.why) == (Outcome.INCONCLUSIVE, Why.NO_DISCORDANT_PAIR)
    better = PairedCounts(both=0, only_baseline=0, only_candidate=900, neither=9_100)
    assert judged(a_criterion(by=by), better).outcome is (Outcome.PASSED if by == "2pp" else Outcome.INCONCLUSIVE)


def test_of_a_metric_that_is_better_when_lower_a_fall_is_the_gain() -> None:
    facts = some_facts(metrics={"accuracy": MetricFacts(name="accuracy", kind="proportion", better="lower")})
    scope, criterion = Scope(facts=facts, stages=(a_stage(),)), a_criterion()

    def outcome(only_baseline: int, only_candidate: int) -> Outcome:
        table = a_table(only_baseline=only_baseline, only_candidate=only_candidate)
        return criterion.judge(scope, answered(criterion, scope, {Shape.PAIRED_COUNTS: table})).outcome

    assert outcome(1_600, 1_000) is Outcome.PASSED
    assert outcome(1_000, 1_600) is Outcome.FAILED


def test_fewer_clusters_than_the_minimum_are_inconclusive_and_the_pairs_are_still_shown() -> None:
    criterion, scope = a_criterion(), a_scope(cluster="service_date")
    evidence: dict[Shape, Answer] = {
        Shape.PAIRED_COUNTS: a_table(),
        Shape.MOMENTS: paired_moments([(5_000, 3_250, 3_400)] * 4),
    }
    judgement = criterion.judge(scope, answered(criterion, scope, evidence))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.INCONCLUSIVE,
        because(Why.TOO_FEW_CLUSTERS, clusters=4, least=5),
    )
    assert judgement.estimate is not None


def test_a_stage_that_can_not_hold_the_clusters_even_of_the_finer_kind_does_not_fit() -> None:
    scope = a_scope(a_stage(days=1 / 6), cluster="service_date", finer_cluster=True)
    assert list(a_criterion().misfits(scope)) == ["the stage 'canary' holds 4 hourly clusters and min_clusters is 5"]
    assert list(a_criterion().misfits(a_scope(cluster="service_date", finer_cluster=True))) == []
