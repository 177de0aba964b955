"""What sections make of evidence: days, hours, distributions, and what would flip a criterion."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders.markup import of_class, read_html, read_xml
from builders.records import LATENCY_P95, a_branch, a_leaf, a_plan, an_estimate, performance
from builders.reports import of_events, stored
from builders.scopes import START, a_stage, some_facts
from builders.wagers import betting_by_day
from model_ratchet.core.evidence import (
    Arm,
    BucketHistogram,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Interval,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    Shape,
    Window,
)
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Scale
from model_ratchet.core.verdict import Verdict
from model_ratchet.engine.record import Record, seal
from model_ratchet.report.html.differences import building, day_changes
from model_ratchet.report.html.measured import by_hour, histogram, instant_at
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.sections.business import business
from model_ratchet.report.html.sections.calibration import calibration
from model_ratchet.report.html.sections.durations import durations
from model_ratchet.report.html.sections.flips import flips
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.numbers import plain
from model_ratchet.report.view import view

STAGE = a_stage()


def a_record(answers: Mapping[Need, Measurement | Missing], *, cluster: str | None = None, **leaf: Any) -> Record:
    """A record of one criterion on the canary, with these answers."""
    gate = performance(LATENCY_P95)
    plan = a_plan(gate, facts=some_facts(cluster=cluster))
    given = {"estimate": an_estimate(0.3, 0.28, 0.31, level=0.9)} | leaf
    made = a_leaf(gate.criteria[0], Outcome.PASSED, because(Why.WITHIN_LIMIT, limit="500ms"), **given)
    verdict = Verdict(gates=(a_branch(gate, made),), evidence_outcome=Outcome.PASSED, sign_off_outcome=Outcome.PASSED)
    return replace(seal(plan, Evidence(), verdict), evidence=Evidence(dict(answers)))


def hourly(shape: Shape, tables: Mapping[int, Any], *arms: Arm) -> tuple[Need, Groups]:
    need = Need(
        shape=shape,
        window=STAGE.window,
        stage=STAGE.name,
        metric="accuracy",
        grouping=Grouping.HOUR,
        arms=arms or tuple(Arm),
        paired=shape is Shape.PAIRED_COUNTS,
    )
    return need, Groups(groups=tuple((str(hour), one) for hour, one in tables.items()))


def pairs(only_baseline: int, only_candidate: int, n: int = 100) -> PairedCounts:
    rest = n - only_baseline - only_candidate
    return PairedCounts(both=rest, only_baseline=only_baseline, only_candidate=only_candidate, neither=0)


def test_pairs_build_up_hour_by_hour_where_rows_are_independent() -> None:
    record = a_record(dict([hourly(Shape.PAIRED_COUNTS, {0: pairs(2, 6), 5: pairs(0, 4)})]))
    (found,) = building(record, record.plan.facts.metrics["accuracy"])
    assert (found.stage, found.daily) == ("canary", False)
    assert [one.at for one in found.looks] == [(START + timedelta(hours=hour)).timestamp() for hour in (1, 6)]
    assert [one.look.value for one in found.looks] == [0.04, 0.04]


def test_days_are_the_observations_where_rows_are_not_independent() -> None:
    tables = {24 * day + hour: pairs(1, 1 + day) for day in range(6) for hour in (3, 9)}
    record = a_record(dict([hourly(Shape.PAIRED_COUNTS, tables)]), cluster="date")
    metric = record.plan.facts.metrics["accuracy"]
    assert day_changes(record, metric, record.plan.stages[0]) == tuple((day, 200, day / 100) for day in range(6))
    (found,) = building(record, metric)
    assert found.daily
    assert [one.look.low is not None for one in found.looks] == [False] * 4 + [True] * 2


def test_arms_that_are_no_pairs_are_compared_by_their_counts() -> None:
    def counts(right: int, n: int = 200) -> Counts:
        return Counts(successes=right, n=n)

    record = a_record(
        dict(
            [
                hourly(Shape.COUNTS, {0: counts(100), 1: counts(100)}, Arm.BASELINE),
                hourly(Shape.COUNTS, {0: counts(120), 1: counts(60, 100), 2: counts(0, 0)}, Arm.CANDIDATE),
            ]
        )
    )
    metric, (stage, *_) = record.plan.facts.metrics["accuracy"], record.plan.stages
    assert by_hour(record, stage, "accuracy", Arm.CANDIDATE)[1] == counts(60, 100)
    ((day, n, change),) = day_changes(record, metric, stage)
    assert (day, n) == (0, 300)
    assert change == pytest.approx(0.1)
    (found,) = building(record, metric)
    assert found.looks[-1].look.value == pytest.approx(0.1)


def test_an_answer_that_is_missing_is_no_evidence() -> None:
    need, _ = hourly(Shape.PAIRED_COUNTS, {})
    record = a_record({need: Missing(reason=because(Why.NO_ROWS, metric="accuracy", arm="candidate"))})
    assert building(record, record.plan.facts.metrics["accuracy"]) == ()


def test_active_time_leaves_out_a_pause() -> None:
    pause = Window(
        (
            Interval(START, START + timedelta(hours=2)),
            Interval(START + timedelta(hours=10), START + timedelta(hours=12)),
        ),
        START + timedelta(days=1),
    )
    instants = [instant_at(pause, timedelta(hours=hour)) - START for hour in (0, 1, 2, 3, 4, 9)]
    assert instants == [timedelta(hours=hour) for hour in (0, 1, 10, 11, 12, 12)]


def latency(found: Measurement, arm: Arm = Arm.CANDIDATE) -> tuple[Need, Measurement]:
    need = Need(shape=Shape.LOG_HISTOGRAM, window=STAGE.window, stage=STAGE.name, metric="latency", arms=(arm,))
    return need, found


def test_a_distribution_shows_every_row_that_is_no_stray_once() -> None:
    log = LogHistogram(buckets=tuple((key, 1000) for key in range(400, 700)))
    record = a_record(dict([latency(log)]))
    found = durations(Shown(record=record, seen=view(record)))
    assert found is not None
    written = "".join(map(str, found.body))
    assert "candidate: p50 " in written
    assert 'class="area candidate"' in written
    assert "baseline" not in written
    # five of the 300 buckets stand in each of 60 bars: a sixtieth of the rows
    ticks = [float(one) for one in re.findall(r'class="tick end">([\d.]+) %<', written)]
    assert max(ticks) == 1.5


def test_durations_that_are_all_0_have_no_place_on_a_logarithmic_scale() -> None:
    record = a_record(dict([latency(BucketHistogram(buckets=((0.0, 50), (None, 0))))]))
    assert durations(Shown(record=record, seen=view(record))) is None


def test_buckets_of_fixed_edges_are_shown_too_and_different_edges_are_not_added() -> None:
    fixed = BucketHistogram(buckets=((0.1, 50), (0.2, 40), (None, 10)))
    record = a_record(dict([latency(fixed)]))
    assert histogram(record, "latency", Arm.CANDIDATE) == fixed
    found = durations(Shown(record=record, seen=view(record)))
    assert found is not None
    assert "p99 " in "".join(map(str, found.body))
    assert histogram(record, "latency", Arm.BASELINE) is None
    later = replace(STAGE, name="blue_green")
    need, _ = latency(fixed)
    other = (replace(need, stage="blue_green"), BucketHistogram(buckets=((0.3, 5), (None, 5))))
    both = a_record(dict([latency(fixed), other]))
    both = replace(both, plan=replace(both.plan, stages=(*both.plan.stages, later)))
    assert histogram(both, "latency", Arm.CANDIDATE) is None


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (an_estimate(0.3, 0.28, 0.31), "An interval that reaches 190 ms higher"),
        (an_estimate(0.3, 0.28, 0.6), "An estimate 200 ms higher"),
        (an_estimate(0.3, 0.28, None), "An interval that reaches 200 ms higher"),
        (an_estimate(0.3, 0.2, 0.4, scale=Scale.RATIO), "An interval that reaches 0.1 higher"),
    ],
    ids=["interval", "estimate", "open", "ratio"],
)
def test_what_would_flip_a_criterion_that_has_passed(estimate: Any, said: str) -> None:
    record = a_record({}, estimate=estimate)
    metrics = {**record.plan.facts.metrics}
    metrics["latency"] = replace(metrics["latency"], unit="s")
    record = replace(record, plan=replace(record.plan, facts=replace(record.plan.facts, metrics=metrics)))
    found = flips(Shown(record=record, seen=view(record)))
    assert found is not None
    assert said in "".join(map(str, found.body))


def test_the_closest_call_comes_first_and_one_case_that_fails_flips_a_suite() -> None:
    record = stored()
    found = written(flips(Shown(record=record, seen=view(record))))
    named = re.findall(r'<th scope="row">(.*?)</th>', found)
    spared = [
        named.index(one) for one in ("edge-cases", "accuracy-improvement (canary)", "latency-p95 (canary)", "cpu")
    ]
    assert spared == sorted(spared)
    assert "One case that fails" in found


def written(section: Section | None) -> str:
    assert section is not None
    return "".join(map(str, section.body))


def test_a_reliability_diagram_has_a_dot_for_each_bin_of_both_versions_and_the_line_of_a_perfect_one() -> None:
    record = of_events()
    said = written(calibration(Shown(record=record, seen=view(record))))
    wide = read_xml(said.partition('<div class="wide">')[2].partition("</div>")[0])
    assert [len(of_class(wide, "dot", kind)) for kind in ("candidate", "baseline")] == [10, 10]
    assert len(of_class(wide, "line", "ideal")) == 1
    # the candidate is calibrated: each of its dots lies on that line, from the lower left to the upper right
    dots = [(float(one.get("cx", "")) - 2.5, float(one.get("cy", ""))) for one in of_class(wide, "dot", "candidate")]
    path = of_class(wide, "line", "ideal")[0].get("d", "")
    (left, bottom), (right, top) = ((float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path))
    assert all(abs(y - (bottom + (x - left) / (right - left) * (top - bottom))) < 4 for x, y in dots)
    assert "candidate: expected calibration error 0.5" in said
    assert "over 14,000 rows" in said


def test_the_business_has_a_table_of_its_gate_and_the_profit_as_it_builds_up() -> None:
    record = of_events()
    said = read_html(written(business(Shown(record=record, seen=view(record))))).text
    assert "edgereturn not worse by 1pp1 %3 %+2 pp, −3 to +7 pp (95 %)Inconclusive, not counted: " in said
    assert "bets: profit as it builds up, by day of active time" in said
    profit = sum(day.profit for day in betting_by_day(2, days=7)) / 1_000_000
    assert f"candidate: {plain(profit)} at the end" in said


def test_records_without_forecasts_bets_or_such_a_gate_have_neither_section() -> None:
    record = a_record({})
    shown = Shown(record=record, seen=view(record))
    assert (calibration(shown), business(shown)) == (None, None)
