"""Laws that hold for every criterion and every verdict, whatever the numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from builders.cases import CASES, GAINING, Case, a_case, decisive, grouped, kind_of
from builders.code import COMMIT, a_pull, a_report
from builders.records import a_plan, bound
from builders.scopes import (
    START,
    UNREADABLE,
    Answer,
    a_histogram,
    a_scope,
    answered,
    by_hour,
    good_rows,
    split_rows,
    uncomparable_rows,
    unpaired,
)
from model_ratchet.core.code import Checks, Scan
from model_ratchet.core.evidence import (
    Approvals,
    Arm,
    ArmRows,
    Categories,
    CodeReviews,
    Counts,
    Document,
    Evidence,
    Groups,
    Labels,
    LogHistogram,
    Missing,
    Need,
    PairedCounts,
    QuantileCounts,
    Series,
    Shape,
    Simple,
    Suite,
)
from model_ratchet.core.inherited import Reproduced
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.criteria import BUILT_IN, AnyCriterion
from model_ratchet.engine.code_review import code_reviews
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundGate

FEW = settings(max_examples=60)


def test_every_kind_has_a_case_that_passes() -> None:
    assert {type(case.criterion) for case in CASES} == set(BUILT_IN)
    assert [case.criterion.kind for case in CASES if case.outcome() is not Outcome.PASSED] == []


# any degenerate input is never passed


def _emptied(answer: Answer) -> Iterator[Simple | Groups]:
    """The same question answered by nothing, or by what decides nothing."""
    match answer:
        case Reproduced():
            yield Reproduced(digests=(), absent=("calibration",), had_weights=True)
        case Groups(groups=groups):
            yield Groups(groups=())
            for nothing in list(_emptied(groups[0][1]))[:1]:
                if not isinstance(nothing, Groups):
                    yield Groups(groups=tuple((name, nothing) for name, _ in groups))
        case PairedCounts():
            yield PairedCounts(both=0, only_baseline=0, only_candidate=0, neither=0)
            yield PairedCounts(both=30, only_baseline=0, only_candidate=20, neither=9)
        case Counts():
            yield Counts(successes=0, n=0)
            yield Counts(successes=0, n=12)
        case QuantileCounts():
            yield QuantileCounts(at_or_below=0, n=0, maximum=None)
            yield QuantileCounts(at_or_below=12, n=12, maximum=0.1)
        case LogHistogram():
            yield LogHistogram(buckets=())
        case Series():
            yield Series(points=())
            yield Series(points=tuple((hour, float("nan")) for hour in range(48)))
            yield Series(points=answer.points[:12])
        case Categories():
            yield Categories(counts=())
            yield Categories(counts=(("EWR", 12),))
        case Scores():
            yield Scores.nothing()
            yield Scores(bins=((480, 3, 1, 1_500_000_000),), brier=75 * 10**7, log_loss=0, spread=0, variance=0)
        case Bets():
            yield Bets.nothing()
            yield replace(Bets.nothing(), pushes=12)
        case Labels():
            yield Labels(labelled=0, rows=0)
            yield Labels(labelled=0, rows=20_000)
        case _:
            yield from _emptied_told(answer)


def _emptied_told(answer: Answer) -> Iterator[Simple | Groups]:
    """The same of what is told once, without a window."""
    match answer:
        case Suite():
            yield Suite(passed=0, failed=0, skipped=0)
            yield Suite(passed=0, failed=0, skipped=12)
        case Approvals():
            yield Approvals(approvals=())
        case Scan():
            yield replace(answer, tools=())
            yield replace(answer, completed=None)
        case Checks():
            yield Checks(reported=())
            yield Checks(reported=(a_report("neutral", answer.reported[0].name),))
        case CodeReviews():
            yield CodeReviews(pulls=())
            yield code_reviews([a_pull()], COMMIT)
        case Document():
            yield Document(path=answer.path, sections=())
        case _:
            yield from (rows for rows, _ in uncomparable_rows(mirrored=True))


MISSED = [(case, need) for case in CASES for need in case.criterion.needs(case.scope) if decisive(case, need)]


@given(missed=st.sampled_from(MISSED), reason=st.sampled_from(UNREADABLE), lasting=st.booleans())
@settings(max_examples=200)
def test_a_missing_answer_never_passes(missed: tuple[Case, Need], reason: Reason, lasting: bool) -> None:
    case, need = missed
    answers = {**case.evidence.answers, need: Missing(reason=reason, lasting=lasting)}
    assert case.outcome(Evidence(answers)) in (Outcome.ERRORED, Outcome.FAILED)


@pytest.mark.parametrize("case", CASES, ids=kind_of)
def test_no_answer_at_all_never_passes(case: Case) -> None:
    if case.criterion.needs(case.scope):
        assert case.outcome(Evidence()) is Outcome.ERRORED


@pytest.mark.parametrize("case", CASES, ids=kind_of)
def test_an_empty_or_too_small_answer_never_passes(case: Case) -> None:
    """All needs of one shape answered by nothing, or by too little."""
    good = case.evidence.answers
    needs = [need for need in case.criterion.needs(case.scope) if decisive(case, need)]
    for shape in dict.fromkeys(need.shape for need in needs):
        mine = [need for need in needs if need.shape is shape]
        variants = {need: _rows_for(case) if shape is Shape.ROWS else list(_emptied(good[need])) for need in mine}
        for number in range(min(map(len, variants.values()))):
            answers = {**good, **{need: variants[need][number] for need in mine}}
            if case.criterion.kind == "segments" and shape is Shape.CATEGORIES and number == 1:
                continue  # the pairs of a value are counted by themselves, and there are enough of them
            assert case.outcome(Evidence(answers)) is not Outcome.PASSED, (shape, number)


def _rows_for(case: Case) -> list[Simple | Groups]:
    """Logs that this kind can't rest on: what it looks at of the log differs."""
    candidate = good_rows(candidate=ArmRows(rows=0, served=0))
    match case.criterion.kind:
        case "identity":
            digests = ArmRows(rows=20_000, served=1_000, units=1_000, digests=(("", 20_000),))
            return [candidate, good_rows(candidate=digests), good_rows()]
        case "sample_ratio" | "distribution":
            return [
                good_rows(candidate=ArmRows(rows=9, served=9, units=5_000)),
                good_rows(baseline=ArmRows(rows=9, served=9)),
            ]
        case "coverage":
            return [candidate, good_rows(by_hour=()), good_rows(newest=START), good_rows(paired=0)]
        case _:
            return [rows for rows, _ in uncomparable_rows(mirrored=True)]


@given(
    n=st.integers(1, 99),
    only_candidate=st.integers(0, 99),
)
@FEW
def test_fewer_rows_than_the_minimum_never_pass_however_good_they_are(n: int, only_candidate: int) -> None:
    assume(only_candidate <= n)
    table = PairedCounts(both=0, only_baseline=0, only_candidate=only_candidate, neither=n - only_candidate)
    for case in CASES[:2]:
        assert _with_table(case, table) is Outcome.INCONCLUSIVE


@given(n=st.integers(100, 100_000), both=st.floats(0, 1))
@FEW
def test_identical_predictions_are_never_superior(n: int, both: float) -> None:
    right = round(n * both)
    table = PairedCounts(both=right, only_baseline=0, only_candidate=0, neither=n - right)
    for case in CASES[:2]:
        assert _with_table(case, table) is Outcome.INCONCLUSIVE


# swapping the arms never passes both ways


def tables(largest: int = 20_000) -> st.SearchStrategy[PairedCounts]:
    cell = st.one_of(st.integers(0, 60), st.integers(0, largest))
    return st.builds(PairedCounts, both=cell, only_baseline=cell, only_candidate=cell, neither=cell).filter(
        lambda table: table.n > 0
    )


def counts(largest: int = 20_000) -> st.SearchStrategy[Counts]:
    return st.integers(1, largest).flatmap(lambda n: st.builds(Counts, successes=st.integers(0, n), n=st.just(n)))


def _swapped(table: PairedCounts) -> PairedCounts:
    return replace(table, only_baseline=table.only_candidate, only_candidate=table.only_baseline)


def _with_table(case: Case, table: PairedCounts) -> Outcome:
    def answer(need: Need) -> Answer | None:
        return grouped(need, table) if need.shape is Shape.PAIRED_COUNTS else case.answer(need)

    return replace(case, answer=answer).outcome()


def _with_arms(criterion: AnyCriterion, baseline: Counts, candidate: Counts) -> Outcome:
    share = candidate.n / (baseline.n + candidate.n)
    scope = a_scope(unpaired(traffic=share))

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.ROWS:
            return split_rows(baseline.n, candidate.n)
        if need.shape is not Shape.COUNTS:
            return None
        return grouped(need, baseline if need.arms == (Arm.BASELINE,) else candidate)

    return criterion.judge(scope, answered(criterion, scope, answer)).outcome


SUPERIOR = (
    *CASES[:2],
    a_case("superiority", metric="accuracy", by="0pp"),
    a_case("superiority", metric="accuracy", by="2%"),
)


@given(table=tables(), case=st.sampled_from(SUPERIOR))
@example(table=GAINING, case=SUPERIOR[0])
@settings(max_examples=200)
def test_swapping_the_arms_of_pairs_never_passes_both_ways(table: PairedCounts, case: Case) -> None:
    assert [_with_table(case, table), _with_table(case, _swapped(table))].count(Outcome.PASSED) <= 1


@given(baseline=counts(), candidate=counts(), case=st.sampled_from(SUPERIOR))
@settings(max_examples=200)
def test_swapping_independent_arms_never_passes_both_ways(baseline: Counts, candidate: Counts, case: Case) -> None:
    there = _with_arms(case.criterion, baseline, candidate)
    back = _with_arms(case.criterion, candidate, baseline)
    assert [there, back].count(Outcome.PASSED) <= 1


@given(scale=st.floats(0.5, 2.0), seed=st.integers(0, 50))
@settings(max_examples=12)
def test_swapping_the_latencies_never_passes_both_ways(scale: float, seed: int) -> None:
    (case,) = (case for case in CASES if case.criterion.kind == "quantile_superiority")
    hours = [[0.1 * (1 + 0.05 * ((hour * 7 + k * 3 + seed) % 11)) for k in range(10)] for hour in range(30)]
    one, other = by_hour(map(a_histogram, hours)), by_hour(a_histogram(scale * x for x in hour) for hour in hours)

    def outcome(baseline: Groups, candidate: Groups) -> Outcome:
        def answer(need: Need) -> Answer | None:
            if need.shape is Shape.LOG_HISTOGRAM:
                return candidate if need.arms == (Arm.CANDIDATE,) else baseline
            return case.answer(need)

        return replace(case, answer=answer).outcome()

    assert [outcome(one, other), outcome(other, one)].count(Outcome.PASSED) <= 1


# worse evidence never passes where better evidence did not


COMPARISONS = tuple(
    case
    for case in CASES
    if case.criterion.kind in ("superiority", "non_inferiority", "drift", "stability", "sustained", "segments")
)


@given(table=tables(), case=st.sampled_from(COMPARISONS), share=st.floats(0, 1))
@settings(max_examples=200)
def test_a_request_that_the_candidate_no_longer_gets_right_never_makes_it_pass(
    table: PairedCounts, case: Case, share: float
) -> None:
    lost, gone = round(share * table.both), round((1 - share) * table.only_candidate)
    worse = PairedCounts(
        both=table.both - lost,
        only_baseline=table.only_baseline + lost,
        only_candidate=table.only_candidate - gone,
        neither=table.neither + gone,
    )
    if _with_table(case, worse) is Outcome.PASSED:
        assert _with_table(case, table) is Outcome.PASSED


@given(table=tables(), case=st.sampled_from(COMPARISONS[:1] + COMPARISONS[2:]), more=st.integers(1, 2_000))
@settings(max_examples=200)
def test_one_more_request_that_only_the_baseline_gets_right_never_makes_it_pass(
    table: PairedCounts, case: Case, more: int
) -> None:
    """The literal rule and every margin; enough rows stand on both sides."""
    assume(table.n >= 200)
    worse = replace(table, only_baseline=table.only_baseline + more)
    if _with_table(case, worse) is Outcome.PASSED:
        assert _with_table(case, table) is Outcome.PASSED


@given(baseline=counts(), candidate=counts(), lost=st.integers(1, 500), case=st.sampled_from(SUPERIOR[:3]))
@settings(max_examples=200)
def test_fewer_right_answers_of_the_candidate_never_make_it_pass(
    baseline: Counts, candidate: Counts, lost: int, case: Case
) -> None:
    worse = replace(candidate, successes=max(0, candidate.successes - lost))
    if _with_arms(case.criterion, baseline, worse) is Outcome.PASSED:
        assert _with_arms(case.criterion, baseline, candidate) is Outcome.PASSED


# one more error never turns failed into passed, nor into anything better


def _one(kind: str) -> Case:
    (case,) = (case for case in CASES if case.criterion.kind == kind)
    return case


def _rate(errors: int, n: int) -> Outcome:
    case = _one("rate_limit")
    answer: Mapping[Shape, Answer] = {Shape.COUNTS: Counts(successes=errors, n=n)}
    return case.outcome(answered(case.criterion, case.scope, answer))


@given(n=st.integers(1, 200_000), errors=st.integers(0, 400), more=st.integers(1, 5))
@settings(max_examples=300)
def test_one_more_error_never_improves_a_rate(n: int, errors: int, more: int) -> None:
    assume(errors <= n)
    before = _rate(errors, n)
    assert _rate(min(n, errors + more), n).rank >= before.rank
    # also when the error comes with its own request
    assert _rate(errors + more, n + more).rank >= before.rank


def _slow(within: int, above: int, kind: str) -> Outcome:
    case = _one(kind)
    found = QuantileCounts(at_or_below=within, n=within + above, maximum=3.0 if above else 0.1)
    answer: Mapping[Shape, Answer] = {
        Shape.QUANTILE_COUNTS: found,
        Shape.LOG_HISTOGRAM: LogHistogram(buckets=((500, within), (700, above))),
    }
    return case.outcome(answered(case.criterion, case.scope, answer))


@given(
    within=st.integers(1, 5_000),
    above=st.integers(0, 400),
    kind=st.sampled_from(["quantile_limit", "maximum"]),
)
@settings(max_examples=200)
def test_one_more_slow_request_never_improves_a_latency(within: int, above: int, kind: str) -> None:
    before = _slow(within, above, kind)
    instead, besides = _slow(within - 1, above + 1, kind), _slow(within, above + 1, kind)
    assert instead.rank >= before.rank
    assert besides.rank >= before.rank


def _loaded(slow: int, errors: int, n: int) -> Outcome:
    case = _one("load")

    def answer(need: Need) -> Answer | None:
        if need.shape is Shape.COUNTS:
            return by_hour([Counts(successes=errors, n=n)] * 20)
        arm = n if need.arms == (Arm.CANDIDATE,) else 19 * n
        late = slow if need.arms == (Arm.CANDIDATE,) else 0
        return by_hour([QuantileCounts(at_or_below=arm - late, n=arm, maximum=1.0)] * 20)

    return replace(case, answer=answer).outcome()


@given(n=st.integers(1, 3_000), slow=st.integers(0, 300), errors=st.integers(0, 30), more=st.booleans())
@settings(max_examples=300)
def test_one_more_slow_request_or_error_never_improves_the_load(n: int, slow: int, errors: int, more: bool) -> None:
    assume(slow < n)
    assume(errors < n)
    before = _loaded(slow, errors, n)
    assert _loaded(slow + more, errors + (not more), n).rank >= before.rank


@given(
    passed=st.integers(0, 30),
    failed=st.integers(0, 30),
    skipped=st.integers(0, 3),
)
@FEW
def test_one_more_failed_case_always_fails_a_suite(passed: int, failed: int, skipped: int) -> None:
    case = _one("suite")
    suite = Suite(passed=passed, failed=failed + 1, skipped=skipped)
    assert case.outcome(answered(case.criterion, case.scope, {Shape.SUITE: suite})) is Outcome.FAILED


@given(factor=st.floats(0.5, 2), more=st.floats(1.0, 1.5), spread=st.floats(0, 0.3))
@FEW
def test_more_memory_never_improves_a_ratio(factor: float, more: float, spread: float) -> None:
    case = _one("ratio_limit")

    def outcome(scale: float) -> Outcome:
        def answer(need: Need) -> Answer | None:
            mine = need.arms == (Arm.CANDIDATE,)
            return Series(points=tuple((h, scale * (1 + spread * (h % 2)) if mine else 1.0) for h in range(30)))

        return replace(case, answer=answer).outcome()

    assert outcome(factor * more).rank >= outcome(factor).rank


# the tree: a worse leaf never makes a better verdict


STAND_INS: Mapping[Outcome, Answer] = {
    Outcome.PASSED: Suite(passed=9, failed=0, skipped=0),
    Outcome.INCONCLUSIVE: Suite(passed=9, failed=0, skipped=1),
    Outcome.ERRORED: Missing(reason=because(Why.SOURCE_ABSENT, source="ci", file="cases.csv")),
    Outcome.FAILED: Suite(passed=8, failed=1, skipped=0),
}
"""What a suite must report to be judged so."""


def _verdict(outcomes: list[list[Outcome]], advisory: frozenset[int] = frozenset()) -> Outcome:
    """The verdict of gates of suites with these outcomes."""
    gates, answers, number = [], {}, 0
    for index, gate in enumerate(outcomes):
        criteria = []
        for outcome in gate:
            name = f"suite-{number}"
            text = {"id": name, "kind": "suite", "suite": name, "advisory": number in advisory}
            criteria.append(bound(text, f"gate-{index}", pooled=True))
            answers[Need(shape=Shape.SUITE, metric=name, arms=(Arm.CANDIDATE,))] = STAND_INS[outcome]
            number += 1
        gates.append(BoundGate(name=f"gate-{index}", criteria=tuple(criteria)))
    return judge(a_plan(*gates), Evidence(answers)).outcome


outcomes = st.sampled_from(list(STAND_INS))
trees = st.lists(st.lists(outcomes, min_size=1, max_size=4), min_size=1, max_size=4)


@given(tree=trees)
@FEW
def test_a_verdict_is_the_worst_of_its_leaves(tree: list[list[Outcome]]) -> None:
    assert _verdict(tree) is worst(leaf for gate in tree for leaf in gate)


@given(tree=trees, data=st.data())
@FEW
def test_worsening_a_leaf_never_improves_a_verdict(tree: list[list[Outcome]], data: st.DataObject) -> None:
    gate = data.draw(st.integers(0, len(tree) - 1))
    leaf = data.draw(st.integers(0, len(tree[gate]) - 1))
    before = tree[gate][leaf]
    changed = [list(one) for one in tree]
    changed[gate][leaf] = data.draw(st.sampled_from([one for one in STAND_INS if one.rank >= before.rank]))
    assert _verdict(changed).rank >= _verdict(tree).rank


@given(tree=trees, added=outcomes)
@FEW
def test_one_more_criterion_never_improves_a_verdict(tree: list[list[Outcome]], added: Outcome) -> None:
    assert _verdict([[*tree[0], added], *tree[1:]]).rank >= _verdict(tree).rank
    assert _verdict([*tree, [added]]).rank >= _verdict(tree).rank


@given(tree=trees, shown=outcomes)
@FEW
def test_an_advisory_leaf_is_shown_and_changes_nothing(tree: list[list[Outcome]], shown: Outcome) -> None:
    last = sum(map(len, tree))
    changed = [*tree[:-1], [*tree[-1], shown]]
    assert _verdict(changed, frozenset({last})) is _verdict(tree)


def test_the_outcomes_are_ordered_from_best_to_worst() -> None:
    order = [Outcome.PASSED, Outcome.PENDING, Outcome.INCONCLUSIVE, Outcome.ERRORED, Outcome.FAILED]
    assert all(one.rank < other.rank for one, other in pairwise(order))
