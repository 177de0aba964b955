"""What the watch says, block by block: in which order, how often, and never without having seen something."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.scopes import ACCURACY
from builders.watching import (
    MIRRORED,
    START,
    a_rule,
    a_subject,
    gauge,
    hourly,
    latencies,
    only,
    pairs,
    run,
    says,
    share,
    silence,
    slow,
    traffic,
)
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import HOUR, BucketHistogram, Counts, QuantileCounts
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.engine.watch import (
    Block,
    Read,
    Reference,
    Report,
    Says,
    Tier,
    Turn,
    Watched,
    WatchState,
    from_bytes,
    to_bytes,
    watch,
)
from model_ratchet.engine.watch.state import RuleState

LADDER = [
    a_rule(above="1pp", tier=Tier.WARNING),
    a_rule(above="3pp", tier=Tier.CRITICAL),
    a_rule(above="5pp", tier=Tier.ROLLBACK),
]
GOOD, BAD = [pairs()], [pairs(0.08)]


def test_what_gets_worse_step_by_step_warns_then_wakes_and_leaves_last() -> None:
    steps = [fallen for fallen in (0.0, 0.02, 0.04, 0.08) for _ in range(48)]
    report = run(LADDER, hourly(pairs(fallen) for fallen in steps))
    fired = [(turn.rule.split()[0], (turn.at - START) // HOUR) for turn in report.turns if turn.says is Says.FIRING]
    assert [tier for tier, _ in fired] == ["warning", "critical", "rollback"]
    began = [at // 48 for _, at in fired]
    assert began == [1, 2, 3]
    assert [one.watched.tier for one in report.rolls_back] == [Tier.ROLLBACK]


def test_a_drop_within_the_limit_is_quiet_and_one_beyond_it_is_told_before_it_is_proven() -> None:
    assert says(run(a_rule(), hourly(GOOD * 100))) == ["quiet"]
    assert says(run(a_rule(), hourly([pairs(0.04)] * 100))) == ["quiet"]
    assert says(run(a_rule(), hourly([pairs(0.08, n=150)] * 60))) == ["beyond", "firing"]


def test_a_single_bad_hour_is_beyond_and_no_alarm() -> None:
    rule = a_rule("rate", "1%")
    report = run(rule, hourly([*[share(0.001, 2_000)] * 5, share(0.5, 2_000), *[share(0.001, 2_000)] * 5]))
    assert says(report) == ["quiet", "beyond", "quiet"]


def test_an_estimate_beyond_the_limit_that_may_be_chance_is_no_alarm() -> None:
    # 2 errors in 150 rows, again and again, with as many hours without one
    rule = a_rule("rate", "1%", sustained="1 of 1")
    report = run(rule, hourly([Counts(successes=2, n=150), Counts(successes=0, n=150)] * 50))
    assert set(says(report)) == {"beyond", "quiet"}


def test_proof_without_an_estimate_beyond_the_limit_is_no_alarm() -> None:
    # 4 points for a month: the detector has proven more than half of the limit, and it is still within
    result = only(run(a_rule(), hourly([pairs(0.04)] * 720)))
    assert result.proof >= 1
    assert result.says is Says.QUIET


@pytest.mark.parametrize(
    ("rule", "bad", "why"),
    [
        (a_rule(), pairs(0.2), because(Why.MARGIN_BROKEN, margin="5pp")),
        (a_rule("rate", "1%"), share(0.2), because(Why.LIMIT_BROKEN, limit="1%")),
        (a_rule("quantile", "750ms"), slow(0.5), because(Why.LIMIT_BROKEN, limit="p95 750ms")),
        (a_rule("of_allocation", "150%"), gauge(4), because(Why.LIMIT_BROKEN, limit="150% of the allocation")),
    ],
    ids=["drop", "rate", "quantile", "allocation"],
)
def test_it_says_which_limit_is_broken(rule: Watched, bad: Any, why: Reason) -> None:
    result = only(run(rule, hourly([bad] * 3)))
    assert result.reason == why
    assert result.rows > 0


def test_a_flapping_metric_fires_once() -> None:
    flapping = [share(0.05), share(0.05), share(0.0)] * 20
    assert says(run(a_rule("rate", "1%"), hourly(flapping))) == ["beyond", "firing"]


def test_it_is_over_when_all_looks_are_within_the_limit_and_may_then_begin_again() -> None:
    hours = [*[share(0.05)] * 4, *[share(0.0)] * 6, *[share(0.05)] * 4]
    report = run(a_rule("rate", "1%"), hourly(hours))
    assert says(report) == ["beyond", "firing", "resolved", "quiet", "beyond", "firing"]
    assert [(turn.at - START) // HOUR for turn in report.turns if turn.says is Says.RESOLVED] == [7]


def test_an_alarm_that_is_over_leaves_no_proof_behind() -> None:
    report = run(a_rule("rate", "1%"), hourly([*[share(0.02)] * 400, *[share(0.0)] * 3]))
    assert (only(report).says, only(report).proof) == (Says.RESOLVED, 0)


def test_two_versions_swapped_never_fire() -> None:
    assert says(run(a_rule(), hourly([pairs(-0.08)] * 200))) == ["quiet"]
    arms = [(share(0.7), share(0.8))] * 200
    assert says(run(a_rule(), hourly(arms), subject=a_subject(reference=replace(MIRRORED, paired=False)))) == ["quiet"]


def test_the_same_drop_of_arms_that_share_no_request_fires_too() -> None:
    arms = [(share(0.8), share(0.7))] * 48
    subject = a_subject(reference=replace(MIRRORED, paired=False))
    assert says(run(a_rule(), hourly(arms), subject=subject))[-1] == "firing"


def test_a_rate_that_should_be_low_rises_where_a_drop_is_watched() -> None:
    rejected = replace(ACCURACY, better="lower")
    subject = a_subject(metrics={"accuracy": rejected}, reference=replace(MIRRORED, paired=False))
    assert says(run(a_rule(), hourly([(share(0.2), share(0.3))] * 48), subject=subject))[-1] == "firing"
    assert says(run(a_rule(), hourly([(share(0.3), share(0.2))] * 48), subject=subject)) == ["quiet"]


def test_a_relative_drop_is_held_against_the_reference() -> None:
    # from 50 % to 46 %: 4 points, and 8 % of what was there
    arms = hourly([(share(0.5, 2_000), share(0.46, 2_000))] * 48)
    subject = a_subject(reference=replace(MIRRORED, paired=False))
    assert says(run(a_rule(above="5pp"), arms, subject=subject)) == ["quiet"]
    assert says(run(a_rule(above="5%"), arms, subject=subject))[-1] == "firing"


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (a_rule("rate", "1%"), share(0.005), share(0.04)),
        (a_rule("quantile", "750ms"), slow(0.02), slow(0.3)),
        (a_rule("of_allocation", "150%"), gauge(2.5), gauge(3.5)),
        (a_rule("increase", "100%"), (latencies(100), latencies(150)), (latencies(100), latencies(260))),
    ],
    ids=["rate", "quantile", "allocation", "increase"],
)
def test_each_statistic_is_quiet_within_its_limit_and_fires_beyond_it(rule: Watched, good: Any, bad: Any) -> None:
    report = run(rule, hourly([*[good] * 30, *[bad] * 12]))
    assert says(report)[0] == "quiet"
    assert says(report)[-1] == "firing"
    assert only(report).rolls_back
    assert says(run(rule, hourly([good] * 300))) == ["quiet"]


def test_a_version_that_is_slow_as_its_reference_is_has_no_increase() -> None:
    slower = [(latencies(ms), latencies(ms)) for ms in (100, 120, 400, 900, 300, 100)]
    assert set(says(run(a_rule("increase", "100%"), hourly(slower * 20)))) == {"quiet"}


def test_rows_of_a_bucket_that_holds_the_limit_prove_no_increase() -> None:
    def seconds(*rows: int) -> BucketHistogram:
        return BucketHistogram(buckets=tuple(zip((0.1, 0.5, 2.0, None), rows, strict=True)))

    usual = seconds(400, 0, 0, 0)
    # between 100 and 500 ms it may be the 150 ms that are half of the limit
    assert says(run(a_rule("increase", "100%"), hourly([(usual, seconds(200, 200, 0, 0))] * 50))) == ["beyond"]
    assert says(run(a_rule("increase", "100%"), hourly([(usual, seconds(200, 0, 200, 0))] * 50))) == [
        "beyond",
        "firing",
    ]


# nothing seen


def test_too_few_rows_and_none_at_all_are_waited_for() -> None:
    for hours in ([pairs(0.5, n=8)] * 10, [None] * 50, [pairs(n=0)] * 50):
        result = only(run(a_rule(), hourly(hours)))
        assert (result.says, result.could_know) == (Says.WAITING, None)
        assert result.reason is not None
        assert result.reason.why is Why.TOO_FEW_ROWS


def test_a_young_model_says_nothing_until_it_has_rows() -> None:
    assert only(run(a_rule(), ())).says is Says.WAITING
    assert says(run(a_rule(), hourly([pairs(n=40)] * 4))) == ["quiet"]


def test_quiet_ends_with_the_rows() -> None:
    report = run(a_rule("rate", "1%"), hourly([share(0.0)] * 3 + [None] * 3))
    assert says(report) == ["quiet", "waiting"]
    assert only(report).could_know == START + 3 * HOUR


def test_an_alarm_neither_ends_nor_begins_while_nothing_is_seen() -> None:
    rule = a_rule("rate", "1%")
    report = run(rule, hourly([share(0.05)] * 3 + [None] * 48))
    assert says(report) == ["beyond", "firing"]
    result = only(report)
    assert (result.says, result.could_know) == (Says.FIRING, START + 3 * HOUR)
    later = run(rule, hourly([share(0.0)] * 3, start=START + 51 * HOUR), report.state)
    assert says(later) == ["resolved"]


def test_an_outage_is_errored_rolls_nothing_back_and_is_made_up_for() -> None:
    rule, hours = a_rule(), hourly([*GOOD * 30, *BAD * 60])
    down = because(Why.SOURCE_UNREACHABLE, source="requests", status="no answer")
    before = run(rule, hours[:40])
    out = watch(a_subject(), [rule], {rule.key: Read(missing=down)}, before.state)
    assert (only(out).says, only(out).reason, only(out).rolls_back) == (Says.ERRORED, down, False)
    assert out.state == before.state
    assert run(rule, hours[40:], out.state).state == run(rule, hours).state


def test_an_outage_during_an_alarm_is_errored_and_the_alarm_is_still_there_afterwards() -> None:
    rule = a_rule("rate", "1%")
    firing = run(rule, hourly([share(0.05)] * 4))
    down = because(Why.SOURCE_TIMED_OUT, source="gateway", seconds=5.0)
    out = watch(a_subject(), [rule], {rule.key: Read(missing=down)}, firing.state)
    assert (only(out).says, only(out).rolls_back, out.turns) == (Says.ERRORED, False, ())
    assert only(run(rule, (), out.state)).rolls_back


def test_what_was_read_before_an_outage_is_folded() -> None:
    rule = a_rule("rate", "1%")
    down = because(Why.SOURCE_TIMED_OUT, source="gateway", seconds=5.0)
    out = watch(a_subject(), [rule], {rule.key: Read(blocks=hourly([share(0.05)] * 4), missing=down)})
    assert only(out).says is Says.ERRORED
    assert says(out) == ["beyond", "firing"]


# silence


def test_a_version_that_reports_nothing_while_others_do_is_silent_and_leaves() -> None:
    report = run(silence(), hourly([traffic(), traffic(reported=0)]))
    assert says(report) == ["quiet", "silent"]
    result = only(report)
    assert (result.rolls_back, result.reason) == (
        True,
        because(Why.SILENT, version=a_subject().version, sent=400),
    )
    assert says(run(silence(), hourly([traffic()], start=START + 2 * HOUR), report.state)) == ["resolved"]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (traffic(sent=19, reported=0), Says.WAITING),
        (traffic(sent=0, reported=0, elsewhere=0), Says.WAITING),
        (traffic(reported=0, elsewhere=0), Says.ERRORED),
        (traffic(reported=1), Says.QUIET),
    ],
    ids=["few", "no traffic", "nobody reports", "one row"],
)
def test_what_is_no_silence(block: Any, said: Says) -> None:
    result = only(run(silence(), hourly([block])))
    assert (result.says, result.rolls_back) == (said, False)


# the reference


def test_without_a_reference_an_accuracy_trigger_only_alerts() -> None:
    subject = a_subject(reference=None, recorded={"accuracy": 0.8})
    hours = tuple(replace(one, concurrent=False) for one in hourly([share(0.7)] * 48))
    result = only(run(a_rule(), hours, subject=subject))
    assert (result.says, result.alert_only, result.rolls_back) == (Says.FIRING, True, False)
    assert only(run(a_rule(), (), subject=subject)).alert_only
    quiet = tuple(replace(one, concurrent=False) for one in hourly([share(0.78)] * 200))
    assert says(run(a_rule(), quiet, subject=subject)) == ["quiet"]


def test_without_a_reference_other_triggers_still_roll_back() -> None:
    assert only(run(a_rule("rate", "1%"), hourly([share(0.05)] * 4), subject=a_subject(reference=None))).rolls_back


@pytest.mark.parametrize("rule", [a_rule(), a_rule("increase", "100%")], ids=["drop", "increase"])
def test_with_nothing_to_compare_with_a_comparison_does_not_apply(rule: Watched) -> None:
    result = only(run(rule, hourly([share(0.1)] * 48), subject=a_subject(reference=None)))
    assert (result.says, result.reason) == (Says.NOT_APPLICABLE, because(Why.REFERENCE_NOT_CONCURRENT))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        (a_rule(), {"metrics": {}}),
        (a_rule("drop", metric="latency"), {}),
        (a_rule("of_allocation", "150%"), {"allocation": {}}),
    ],
    ids=["unbound", "another kind", "no allocation"],
)
def test_a_rule_on_what_the_model_does_not_bind_does_not_apply(rule: Watched, changes: dict[str, Any]) -> None:
    result = only(run(rule, hourly([share(0.1)] * 3), subject=a_subject(**changes)))
    assert result.says is Says.NOT_APPLICABLE
    assert result.reason is not None
    assert result.reason.why is Why.NOT_APPLICABLE


def test_when_the_reference_leaves_its_evidence_is_not_gone_on_with() -> None:
    subject = a_subject(recorded={"accuracy": 0.8})
    together = hourly(BAD * 20)
    alone = tuple(replace(one, concurrent=False) for one in hourly([share(0.8)] * 30, start=START + 20 * HOUR))
    both = run(a_rule(), together, subject=subject)
    assert only(both).rolls_back
    after = run(a_rule(), alone[:1], both.state, subject=subject)
    assert (only(after).says, only(after).alert_only, only(after).rolls_back) == (Says.FIRING, True, False)
    assert only(after).proof < 1
    assert says(run(a_rule(), alone, both.state, subject=subject)) == ["resolved", "quiet"]


def test_another_version_and_another_reference_start_anew() -> None:
    drop, rate = a_rule(), a_rule("rate", "1%")
    report = run([drop, rate], {drop.key: hourly(BAD * 40), rate.key: hourly([share(0.05)] * 4)})
    assert [one.watched for one in report.rolls_back] == [drop, rate]
    beside_another = a_subject(reference=Reference(version="v0.9.0_20250101_000000"))
    assert [one.watched for one in run([drop, rate], (), report.state, subject=beside_another).rolls_back] == [rate]
    another = a_subject(version="v9.0.0_20250101_000000")
    assert run([drop, rate], (), report.state, subject=another).rolls_back == ()


# the state

HOURS = st.lists(
    st.one_of(
        st.none(),
        st.tuples(st.sampled_from([0.0, 0.02, 0.08, 0.3, -0.05]), st.sampled_from([0, 20, 400])).map(
            lambda drawn: pairs(*drawn)
        ),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=150)
@given(hours=HOURS, cuts=st.lists(st.integers(0, 60), max_size=6), overlap=st.integers(0, 3))
def test_any_split_into_runs_says_the_same_and_remembers_the_same(
    hours: list[Any], cuts: list[int], overlap: int
) -> None:
    blocks = hourly(hours)
    whole = run(LADDER, blocks)
    state: WatchState | None = None
    turns: list[Turn] = []
    report: Report | None = None
    bounds = [0, *sorted(min(cut, len(blocks)) for cut in cuts), len(blocks)]
    for start, end in pairwise(bounds):
        # what was folded before may come again
        report = run(LADDER, blocks[max(0, start - overlap) : end], state)
        state = from_bytes(to_bytes(report.state))
        turns += report.turns
    assert report is not None
    assert report.results == whole.results
    assert to_bytes(report.state) == to_bytes(whole.state)
    assert {rule.key: [one for one in turns if one.rule == rule.key] for rule in LADDER} == {
        rule.key: [one for one in whole.turns if one.rule == rule.key] for rule in LADDER
    }


@pytest.mark.parametrize(
    ("rule", "one"),
    [
        (a_rule(), pairs()),
        (a_rule("rate", "1%"), share(0.001)),
        (a_rule("quantile", "750ms"), slow(0.02)),
        (a_rule("of_allocation", "150%"), gauge(2.5)),
        (a_rule("increase", "100%"), (latencies(100), latencies(150))),
        (silence(), traffic()),
    ],
    ids=["drop", "rate", "quantile", "allocation", "increase", "silence"],
)
def test_a_state_is_as_large_after_a_month_as_after_two_days_and_survives_its_file(rule: Watched, one: Any) -> None:
    early, late = (run(rule, hourly([one] * hours)) for hours in (48, 720))
    sizes = [len(to_bytes(report.state)) for report in (early, late)]
    assert abs(sizes[1] - sizes[0]) < 40
    assert from_bytes(to_bytes(late.state)) == late.state
    assert run(rule, hourly([one], start=START + 720 * HOUR), from_bytes(to_bytes(late.state))) == run(
        rule, hourly([one] * 721)[720:], late.state
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": "ratchet/watch/v2", "model": "m", "version": "v", "rules": {}}', b'{"rules": {}}'],
    ids=["empty", "cut off", "a list", "another schema", "no model"],
)
def test_what_is_no_state_is_refused_with_the_way_out(content: bytes) -> None:
    with pytest.raises(RecordError, match=r"this is no state of the watch .*: remove it, and the watch starts again"):
        from_bytes(content)


def test_what_is_no_state_is_refused_with_the_place_that_is_none() -> None:
    with pytest.raises(RecordError, match=r"\(the whole: "):
        from_bytes(b"{")
    with pytest.raises(RecordError, match=r"\(rules\.a\.rows: "):
        from_bytes(b'{"schema": "ratchet/watch/v1", "model": "m", "version": "v", "rules": {"a": {"rows": "many"}}}')


def test_a_state_says_where_each_rule_goes_on_and_nothing_of_one_that_has_not_begun() -> None:
    state = WatchState(model="m", version="v", rules={"new": RuleState(), "old": RuleState(come_to=START)})
    assert state.come_to == {"old": START}


def test_a_rule_that_is_gone_is_forgotten_and_a_new_one_begins() -> None:
    report = run(LADDER, hourly(GOOD * 3))
    later = run(LADDER[:1], hourly(GOOD, start=START + 3 * HOUR), report.state)
    assert set(later.state.rules) == {LADDER[0].key}
    assert later.state.rules[LADDER[0].key].could_know == START + 4 * HOUR


def test_blocks_shorter_than_an_hour_are_looked_at_one_by_one() -> None:
    rule = a_rule("rate", "1%", over="5m")
    minutes = timedelta(minutes=5)
    report = run(rule, hourly([share(0.0), share(0.2), share(0.2)], length=minutes))
    assert says(report) == ["quiet", "beyond", "firing"]
    assert report.turns[-1].at == START + 3 * minutes


def test_a_burst_fires_within_minutes_and_is_looked_back_at_for_an_hour() -> None:
    minutes = timedelta(minutes=5)
    rule = a_rule("rate", "1%", block=minutes)
    report = run(
        rule, hourly([*[share(0.0, 100)] * 12, *[share(0.5, 100)] * 3, *[share(0.0, 100)] * 18], length=minutes)
    )
    assert [(turn.says, (turn.at - START) // minutes) for turn in report.turns] == [
        (Says.QUIET, 1),
        (Says.BEYOND, 13),
        (Says.FIRING, 14),
        (Says.RESOLVED, 29),
        (Says.QUIET, 30),
    ]


def test_a_gap_in_time_is_no_part_of_a_look_back_window() -> None:
    rule = a_rule(over="3h")
    late = Block(start=START + 10 * HOUR, candidate=pairs(n=40), concurrent=True)
    assert only(run(rule, (*hourly(BAD * 6), late))).says is Says.FIRING
    assert only(run(rule, (*hourly(GOOD * 6), late))).says is Says.WAITING


def test_a_version_that_reports_has_nothing_to_be_silent_about() -> None:
    assert only(run(silence(), hourly([traffic()]))).value == 0.0


def test_half_a_core_is_allocated_too() -> None:
    small = a_subject(allocation={"memory": 0.5})
    assert (
        only(run(a_rule("of_allocation", "150%"), hourly([gauge(1.0)]), subject=small)).says is not Says.NOT_APPLICABLE
    )


def test_rows_that_may_be_on_either_side_of_a_limit_prove_nothing_against_a_version() -> None:
    rule = a_rule("quantile", "750ms", quantile=0.95)
    unclear = QuantileCounts(at_or_below=270, n=300, maximum=2.0, unclear=30)
    assert only(run(rule, hourly([unclear] * 48))).proof == 0.0
    above = QuantileCounts(at_or_below=270, n=300, maximum=2.0)
    assert only(run(rule, hourly([above] * 48))).proof > 0.0
