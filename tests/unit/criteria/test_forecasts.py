"""Criteria of probabilities: scores by cluster and segment, calibration beside chance and beside the baseline, areas by day."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from builders.records import a_criterion
from builders.scopes import Answer, a_scope, a_stage, judged, uncomparable_rows, unpaired
from builders.wagers import OF_EVENTS, forecasts_by_day
from model_ratchet.core.evidence import Arm, Grouping, Groups, Labels, Missing, Need, PairedMoments, Shape
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.scored import Scores
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.base import Scope
from model_ratchet.stats.score_tables import auc_difference

PARTS = 1_000_000_000
Given = Callable[[Need], Answer | None]

SUPERIORITY: dict[str, object] = {"kind": "score_superiority", "score": "brier", "by": "0.2pp"}
NOT_WORSE: dict[str, object] = {"kind": "score_non_inferiority", "score": "brier", "margin": "0.2pp"}
BY_LEAGUE = NOT_WORSE | {"segments": ("league",)}
AUC: dict[str, object] = {"kind": "auc", "margin": "1pp"}
CALIBRATION: dict[str, object] = {"kind": "calibration", "detects": "5pp"}
NO_WORSE: dict[str, object] = {"kind": "calibration_not_worse", "margin": "2pp"}


def on(**given: object) -> AnyCriterion:
    return a_criterion({"id": "x", "metric": "forecast", **given})


def scope(**changes: object) -> Scope:
    return a_scope(a_stage(), metrics=OF_EVENTS, segments=("league",), **changes)


def scored(baseline: float, candidate: float, *, clusters: int = 20, rows: int = 1_000) -> PairedMoments:
    """Clusters of pairs with these mean scores, scattered a little."""
    return paired_moments(
        [
            (rows, round(rows * baseline * PARTS), round(rows * (candidate + 0.0005 * (n % 5 - 2)) * PARTS))
            for n in range(clusters)
        ],
        unit=PARTS,
    )


def moments(whole: PairedMoments | Missing, **of_segments: PairedMoments) -> Given:
    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.MOMENTS:
            return None
        return whole if need.grouping is Grouping.TOTAL else Groups(groups=tuple(sorted(of_segments.items())))

    return answer


def by_day(days: tuple[list[Scores], list[Scores]]) -> Given:
    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.SCORES:
            return None
        arm = days[need.arms == (Arm.CANDIDATE,)]
        return Groups(groups=tuple((str(day), one) for day, one in enumerate(arm)))

    return answer


def told(found: Judgement) -> tuple[Outcome, Why]:
    return found.outcome, found.reason.why


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (0.205, (Outcome.PASSED, Why.BETTER)),
        (0.2185, (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)),
        (0.21995, (Outcome.FAILED, Why.NOT_ENOUGH_BETTER)),
        (0.225, (Outcome.FAILED, Why.WORSE)),
    ],
    ids=["better", "a-little", "too-little", "worse"],
)
def test_a_lower_score_is_better(candidate: float, expected: tuple[Outcome, Why]) -> None:
    rule = "superiority_margin" if expected[1] is Why.INTERVAL_ACROSS else "point_and_significance"
    by = "0.16pp" if expected[1] is Why.INTERVAL_ACROSS else "0.2pp"
    criterion = on(**SUPERIORITY | {"rule": rule, "by": by})
    assert told(judged(criterion, scope(), moments(scored(0.22, candidate)))) == expected


def test_the_score_that_is_asked_for_is_the_one_that_is_compared() -> None:
    for rule in ("brier", "log_loss"):
        needs = on(**SUPERIORITY | {"score": rule}).needs(scope())
        assert {need.metric for need in needs if need.shape is Shape.MOMENTS} == {f"forecast.{rule}"}
        assert {need.metric for need in needs if need.shape is Shape.LABELS} == {"forecast"}
        assert all(need.paired for need in needs if need.shape is Shape.MOMENTS)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (0.2205, (Outcome.PASSED, Why.NOT_WORSE)),
        (0.222, (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)),
        (0.23, (Outcome.FAILED, Why.MARGIN_BROKEN)),
    ],
    ids=["no-worse", "across", "worse"],
)
def test_a_score_may_be_worse_by_the_margin(candidate: float, expected: tuple[Outcome, Why]) -> None:
    assert told(judged(on(**NOT_WORSE), scope(), moments(scored(0.22, candidate)))) == expected


def test_every_segment_has_to_pass() -> None:
    whole, good, bad = scored(0.22, 0.21), scored(0.22, 0.219), scored(0.22, 0.23)
    passed = judged(on(**BY_LEAGUE), scope(), moments(whole, north=good, south=good))
    assert told(passed) == (Outcome.PASSED, Why.NOT_WORSE)
    assert [part.name for part in passed.parts] == ["league north", "league south"]
    failed = judged(on(**BY_LEAGUE), scope(), moments(whole, north=good, south=bad))
    assert told(failed) == (Outcome.FAILED, Why.SEGMENT_WORSE)
    assert failed.reason.parameters["segment"] == "league south"
    open_ = judged(on(**BY_LEAGUE), scope(), moments(whole, north=good, south=scored(0.22, 0.222)))
    assert open_.outcome is Outcome.INCONCLUSIVE


def test_a_segment_without_enough_events_is_shown_and_not_judged() -> None:
    whole, good, few = scored(0.22, 0.21), scored(0.22, 0.219), scored(0.22, 0.3, rows=2)
    found = judged(on(**BY_LEAGUE), scope(), moments(whole, north=good, south=few))
    assert told(found) == (Outcome.PASSED, Why.NOT_WORSE)
    assert [(one.why, one.parameters["values"]) for one in found.warnings] == [(Why.NOT_ASSESSABLE, 1)]
    nothing = judged(on(**BY_LEAGUE), scope(), moments(whole, south=few))
    assert told(nothing) == (Outcome.INCONCLUSIVE, Why.SEGMENTS_TOO_SMALL)
    assert told(judged(on(**BY_LEAGUE), scope(), moments(whole)))[0] is Outcome.INCONCLUSIVE


def test_a_calibrated_model_passes_and_one_too_sure_of_itself_fails_whatever_the_test() -> None:
    good, sure = by_day(forecasts_by_day(1, rows=600)), by_day(forecasts_by_day(2, rows=600, slope=0.6))
    for test in ("ece", "spiegelhalter"):
        criterion = on(**CALIBRATION | {"test": test})
        passed = judged(criterion, scope(), good)
        assert told(passed) == (Outcome.PASSED, Why.CALIBRATED), test
        assert passed.estimate is not None
        assert passed.estimate.method.startswith("ECE in 10 bins" if test == "ece" else "Spiegelhalter")
        assert told(judged(criterion, scope(), sure)) == (Outcome.FAILED, Why.MISCALIBRATED), test


def test_a_test_that_could_not_have_seen_anything_decides_nothing() -> None:
    found = judged(on(**CALIBRATION | {"detects": "2pp"}), scope(), by_day(forecasts_by_day(1, rows=60)))
    assert told(found) == (Outcome.INCONCLUSIVE, Why.CHANCE_HIDES)
    assert found.estimate is not None
    assert found.estimate.high is not None
    times = (found.estimate.high / 0.02) ** 2
    assert int(found.reason.parameters["more_rows"]) == pytest.approx(found.estimate.n * (times - 1), abs=1)
    few = judged(on(**CALIBRATION), scope(), by_day(forecasts_by_day(1, days=2, rows=40)))
    assert told(few) == (Outcome.INCONCLUSIVE, Why.TOO_FEW_ROWS)


def test_forecasts_of_one_half_can_not_be_tested_by_spiegelhalter() -> None:
    half = Scores(
        bins=((480, 4_000, 2_000, 2_000 * PARTS),), brier=1_000 * PARTS, log_loss=0, spread=1_000 * PARTS, variance=0
    )
    criterion = on(**CALIBRATION | {"test": "spiegelhalter"})
    assert judged(criterion, scope(), by_day(([half], [half]))).outcome is Outcome.INCONCLUSIVE


def test_the_difference_of_calibration_errors_is_decided_by_its_interval() -> None:
    sure, good = forecasts_by_day(3, slope=0.5), forecasts_by_day(3, slope=1.0)
    assert told(judged(on(**NO_WORSE), scope(), by_day((sure[1], good[1])))) == (Outcome.PASSED, Why.NOT_WORSE)
    assert told(judged(on(**NO_WORSE), scope(), by_day((good[1], sure[1])))) == (Outcome.FAILED, Why.WORSE_CALIBRATED)
    few = judged(on(**NO_WORSE), scope(), by_day(forecasts_by_day(4, rows=40, noise=0.3)))
    assert few.outcome is Outcome.INCONCLUSIVE
    assert few.reason == because(Why.INTERVAL_ACROSS, limit="2pp", more_rows=0)
    same = judged(on(**NO_WORSE), scope(), by_day((good[1], good[1])))
    assert told(same) == (Outcome.INCONCLUSIVE, Why.IDENTICAL)


def test_an_area_is_not_worse_by_more_than_the_margin() -> None:
    days = forecasts_by_day(5, noise=1.0)
    assert told(judged(on(**AUC), scope(), by_day(days))) == (Outcome.PASSED, Why.NOT_WORSE)
    same = judged(on(**AUC), scope(), by_day((days[0], days[0])))
    assert told(same) == (Outcome.INCONCLUSIVE, Why.IDENTICAL)
    assert told(judged(on(**AUC), scope(), by_day((days[1], days[0])))) == (Outcome.FAILED, Why.MARGIN_BROKEN)
    few = forecasts_by_day(6, rows=20, noise=0.5)
    assert told(judged(on(**AUC), scope(), by_day((few[1], few[0])))) == (Outcome.INCONCLUSIVE, Why.INTERVAL_ACROSS)


def test_what_the_bins_hide_of_an_area_widens_its_interval() -> None:
    days = forecasts_by_day(5, noise=1.0)
    found, (exact, unclear) = judged(on(**AUC), scope(), by_day(days)).estimate, auc_difference(*days, level=0.9)
    assert found is not None
    assert exact.low is not None
    assert exact.high is not None
    assert [found.low, found.high] == pytest.approx([exact.low - unclear, exact.high + unclear], abs=1e-9)
    assert unclear > 1e-5


@pytest.mark.parametrize("came", [0, 1], ids=["none", "all"])
def test_events_of_one_class_leave_nothing_to_tell_apart(came: int) -> None:
    day = Scores(bins=((480, 100, came * 100, 50 * PARTS),), brier=0, log_loss=0, spread=0, variance=0)
    assert told(judged(on(**AUC), scope(), by_day(([day] * 7, [day] * 7)))) == (Outcome.INCONCLUSIVE, Why.ONE_CLASS)


@pytest.mark.parametrize("given", [AUC, NO_WORSE], ids=["auc", "calibration"])
def test_days_of_one_arm_only_are_left_out_and_few_days_do_not_decide(given: dict[str, object]) -> None:
    baseline, candidate = forecasts_by_day(7)
    found = judged(on(**given), scope(), by_day((baseline[:4], candidate)))
    assert told(found) == (Outcome.INCONCLUSIVE, Why.TOO_FEW_CLUSTERS)
    assert found.reason.parameters == {"clusters": 4, "least": 5}


@pytest.mark.parametrize("given", [SUPERIORITY, NOT_WORSE, AUC, NO_WORSE], ids=lambda one: str(one["kind"]))
@pytest.mark.parametrize("mirrored", [True, False], ids=["mirrored", "divided"])
def test_arms_that_can_not_be_compared_are_errored(given: dict[str, object], mirrored: bool) -> None:
    where = replace(scope(), stages=(a_stage() if mirrored else unpaired(),))
    for rows, why in uncomparable_rows(mirrored=mirrored):
        assert told(judged(on(**given), where, {Shape.ROWS: rows})) == (Outcome.ERRORED, why)


@pytest.mark.parametrize(
    "given", [SUPERIORITY, NOT_WORSE, AUC, CALIBRATION, NO_WORSE], ids=lambda one: str(one["kind"])
)
def test_too_few_labels_are_errored_and_another_metric_does_not_fit(given: dict[str, object]) -> None:
    found = judged(on(**given), scope(), {Shape.LABELS: Labels(labelled=80, rows=100)})
    assert told(found) == (Outcome.ERRORED, Why.LOW_COVERAGE)
    assert list(on(**given).misfits(scope())) == []
    (misfit, *_) = on(**given | {"metric": "bets"}).misfits(scope())
    assert misfit == "'bets' is of the kind bets: this criterion reads a probability"


def test_a_stage_that_can_not_hold_enough_clusters_does_not_fit_a_score() -> None:
    where = replace(scope(cluster="service_date", finer_cluster=True), stages=(a_stage(days=4 / 24),))
    assert len(list(on(**SUPERIORITY).misfits(where))) == len(list(on(**NOT_WORSE).misfits(where))) == 1


@pytest.mark.parametrize("given", [AUC, NO_WORSE], ids=["auc", "calibration"])
def test_a_stage_that_can_not_hold_enough_days_does_not_fit(given: dict[str, object]) -> None:
    (misfit,) = on(**given).misfits(replace(scope(), stages=(a_stage(days=3),)))
    assert misfit.startswith("its window holds 3 days")
    assert list(on(**given).misfits(replace(scope(), stages=(a_stage(days=5),)))) == []


@pytest.mark.parametrize("bins", [7, 9, 100])
def test_bins_that_a_source_does_not_count_in_are_refused(bins: int) -> None:
    with pytest.raises(ValueError, match="does not divide 960"):
        on(**NO_WORSE, bins=bins)
    on(**NO_WORSE, bins=20)


def test_a_value_that_one_stage_lacks_is_no_segment() -> None:
    where = replace(scope(), stages=(a_stage("shadow"), a_stage("canary")))
    good = scored(0.22, 0.219)

    def answer(need: Need) -> Answer | None:
        if need.shape is not Shape.MOMENTS or need.grouping is Grouping.TOTAL:
            return good if need.shape is Shape.MOMENTS else None
        values = ("north",) if need.stage == "shadow" else ("north", "south")
        return Groups(groups=tuple((value, good) for value in values))

    found = judged(on(**BY_LEAGUE), where, answer)
    assert [part.name for part in found.parts] == ["league north"]
    assert found.warnings == ()


def test_segments_are_not_looked_at_where_the_whole_can_not_be_judged() -> None:
    good = scored(0.22, 0.219)
    for whole in (Missing(reason=because(Why.COLUMN_ABSENT, source="log", column="p")), scored(0.22, 0.21, rows=0)):
        found = judged(on(**BY_LEAGUE), scope(), moments(whole, north=good, south=good))
        assert (found.outcome, found.parts) == (Outcome.ERRORED, ())


@pytest.mark.parametrize(("given", "sides"), [(NO_WORSE, 1), (CALIBRATION, 1), (AUC, 2)], ids=["ece", "alone", "auc"])
def test_attempts_and_looks_share_the_level(given: dict[str, object], sides: int) -> None:
    days = by_day(forecasts_by_day(8))
    once, thrice = (judged(on(**given), scope(alpha_divisor=n), days).estimate for n in (1, 3))
    assert once is not None
    assert thrice is not None
    assert [once.level, thrice.level] == pytest.approx([1 - sides * 0.05, 1 - sides * 0.05 / 3])
    assert once.high is not None
    assert thrice.high is not None
    assert thrice.high > once.high
