"""What the watch asks of the sources, block by block, and what it makes of their answers."""

from collections.abc import Callable
from datetime import timedelta
from math import nan
from pathlib import Path

import pytest

from builders.scopes import ACCURACY, BASELINE
from builders.small import MODEL, START, V1, V2, write_log
from builders.watching import MIRRORED, a_rule, a_subject, latencies, only, pairs, says, share, silence, slow
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import (
    HOUR,
    Arm,
    Evidence,
    Interval,
    Measurement,
    Missing,
    Need,
    Series,
    Shape,
    VersionRows,
    Window,
)
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.facts import metric_facts
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read as read_document
from model_ratchet.documents.sources import Table
from model_ratchet.engine.watch import (
    Ask,
    Read,
    Reference,
    Report,
    Says,
    Subject,
    Tier,
    Traffic,
    Watched,
    WatchState,
    asks,
    needs,
    read,
    watch,
    watched,
)
from model_ratchet.engine.watch.blocks import REACH
from model_ratchet.engine.watch.rules import block_of
from model_ratchet.sources.table import TableSource

LATE = a_subject().late
NOON = a_subject().since + timedelta(days=10, hours=12)
RATE, DROP = a_rule("rate", "1%"), a_rule()
UNPAIRED = a_subject(reference=Reference(version=BASELINE, paired=False))


def due(
    rule: Watched, subject: Subject | None = None, come_to: int | None = 3, now: timedelta = timedelta()
) -> tuple[Ask, ...]:
    """What is asked at noon or so of a rule that has come to so many hours before it."""
    known = {} if come_to is None else {rule.key: NOON - come_to * HOUR}
    return asks(subject or a_subject(), [rule], known, now=NOON + now)


def answered(rule: Watched, answer: Callable[[Need], Measurement | Missing], subject: Subject | None = None) -> Read:
    asked = due(rule, subject, now=LATE)
    return read([rule], asked, Evidence({need: answer(need) for need in needs(asked)}))[rule.key]


def starts(asked: tuple[Ask, ...]) -> list[float]:
    return [(one.start - NOON) / HOUR for one in asked]


def test_each_block_is_asked_for_once_it_can_not_change_any_more() -> None:
    assert starts(due(RATE)) == [-3, -2]
    assert starts(due(RATE, now=LATE)) == [-3, -2, -1]
    assert starts(due(RATE, now=LATE - timedelta(seconds=1))) == [-3, -2]
    assert starts(due(RATE, come_to=0, now=LATE)) == []


def test_what_waits_for_labels_is_asked_for_when_they_are_mature_and_reads_them_as_of_then() -> None:
    asked = due(DROP, come_to=27)
    assert starts(asked) == [-27, -26, -25]
    windows = [one.candidate.window for one in asked]
    assert windows == [
        Window((Interval(one.start, one.start + HOUR),), labels_until=one.start + 25 * HOUR) for one in asked
    ]


def test_blocks_without_labels_are_read_equally_long_after_their_end() -> None:
    windows = [one.candidate.window for one in due(RATE, come_to=9) if one.candidate.window]
    assert {window.labels_until - window.end for window in windows} == {LATE}


def test_a_new_rule_begins_with_its_look_back_window_and_never_before_the_version() -> None:
    assert starts(due(RATE, come_to=None, now=LATE)) == [-1]
    assert starts(due(RATE, come_to=None, now=timedelta(minutes=47))) == [-1]
    assert starts(due(DROP, come_to=None)) == list(range(-48, -24))
    young = a_subject(since=NOON - timedelta(minutes=150))
    assert starts(due(a_rule("rate", "1%", over="24h"), young, come_to=None, now=LATE)) == [-2, -1]


def test_a_week_of_hours_is_made_up_for_and_no_more() -> None:
    assert starts(due(RATE, come_to=9 * 24, now=LATE)) == list(range(-REACH, 0))
    fast = a_rule("rate", "1%", block=timedelta(minutes=5))
    assert starts(due(fast, come_to=9 * 24, now=LATE))[0] == -14


@pytest.mark.parametrize(
    ("rule", "subject", "expected"),
    [
        (DROP, a_subject(), [(Shape.PAIRED_COUNTS, True, (Arm.BASELINE, Arm.CANDIDATE))]),
        (DROP, UNPAIRED, [(Shape.COUNTS, False, (Arm.CANDIDATE,)), (Shape.COUNTS, False, (Arm.BASELINE,))]),
        (DROP, a_subject(reference=None, recorded={"accuracy": 0.8}), [(Shape.COUNTS, False, (Arm.CANDIDATE,))]),
        (RATE, a_subject(), [(Shape.COUNTS, False, (Arm.CANDIDATE,))]),
        (a_rule("quantile", "750ms"), a_subject(), [(Shape.QUANTILE_COUNTS, False, (Arm.CANDIDATE,))]),
        (
            a_rule("increase", "100%"),
            a_subject(),
            [(Shape.LOG_HISTOGRAM, False, (Arm.CANDIDATE,)), (Shape.LOG_HISTOGRAM, False, (Arm.BASELINE,))],
        ),
        (a_rule("of_allocation", "150%"), a_subject(), [(Shape.SERIES, False, (Arm.CANDIDATE,))]),
        (
            silence(),
            a_subject(),
            [(Shape.VERSION_ROWS, False, (Arm.BASELINE, Arm.CANDIDATE)), (Shape.COUNTS, False, (Arm.CANDIDATE,))],
        ),
        (
            silence(),
            a_subject(metrics={"accuracy": ACCURACY}),
            [(Shape.VERSION_ROWS, False, (Arm.BASELINE, Arm.CANDIDATE))],
        ),
    ],
    ids=["pairs", "arms", "record", "rate", "quantile", "increase", "allocation", "silence", "silence without gateway"],
)
def test_each_rule_asks_in_the_shapes_that_sources_know(
    rule: Watched, subject: Subject, expected: list[tuple[Shape, bool, tuple[Arm, ...]]]
) -> None:
    found = needs(due(rule, subject, come_to=26)[:1])
    assert [(one.shape, one.paired, one.arms) for one in found] == expected
    assert {one.stage for one in found} == {"watch"}


def test_a_metric_of_a_source_of_its_own_has_no_pairs() -> None:
    drop = a_rule("drop", "5pp", metric="errors")
    assert [one.shape for one in needs(due(drop)[:1])] == [Shape.COUNTS, Shape.COUNTS]


def test_the_limit_of_a_quantile_is_asked_in_seconds() -> None:
    assert needs(due(a_rule("quantile", "750ms")))[0].limit == 0.75


def test_blocks_after_the_reference_has_left_ask_for_the_version_alone() -> None:
    leaving = a_subject(reference=Reference(version=BASELINE, until=NOON - 25 * HOUR), recorded={"accuracy": 0.8})
    asked = due(DROP, leaving, come_to=27)
    assert [(one.candidate.shape, one.concurrent) for one in asked] == [
        (Shape.PAIRED_COUNTS, True),
        (Shape.PAIRED_COUNTS, True),
        (Shape.COUNTS, False),
    ]


def test_what_does_not_apply_asks_nothing() -> None:
    assert due(DROP, a_subject(reference=None)) == ()


def test_the_same_rows_of_two_rules_are_asked_for_once() -> None:
    rules = [RATE, a_rule("rate", "0.2%", tier=Tier.WARNING)]
    assert len(needs(asks(a_subject(), rules, {}, now=NOON))) == 1


# what is made of the answers


def test_no_row_is_a_block_and_a_source_that_is_down_is_none() -> None:
    nothing = Missing(reason=because(Why.NO_ROWS, metric="errors", arm="candidate"), lasting=False)
    got = answered(RATE, lambda _: nothing)
    assert ([one.candidate for one in got.blocks], got.missing) == ([None] * 3, None)
    down = because(Why.SOURCE_UNREACHABLE, source="gateway", status="no answer")
    assert answered(RATE, lambda _: Missing(reason=down)) == Read(missing=down)


def test_blocks_after_one_that_could_not_be_read_wait_for_it() -> None:
    down = because(Why.SOURCE_TIMED_OUT, source="gateway", seconds=5.0)
    last = NOON - HOUR

    def answer(need: Need) -> Measurement | Missing:
        assert need.window is not None
        return share(0.0) if need.window.start != last - HOUR else Missing(reason=down)

    got = answered(RATE, answer)
    assert ([one.start for one in got.blocks], got.missing) == ([NOON - 3 * HOUR], down)


def test_a_need_that_nobody_answered_is_missing() -> None:
    got = read([RATE], due(RATE), Evidence())[RATE.key]
    assert (got.blocks, got.missing) == ((), because(Why.NOT_ASKED))


@pytest.mark.parametrize("value", [nan, float("inf")])
def test_a_gauge_that_is_no_number_is_errored(value: float) -> None:
    rule = a_rule("of_allocation", "150%")
    got = answered(rule, lambda _: Series(points=((0, value),)))
    assert isinstance(got.missing, Reason)
    assert got.missing.why is Why.NOT_A_NUMBER
    result = only(watch(a_subject(), [rule], {rule.key: got}))
    assert (result.says, result.rolls_back) == (Says.ERRORED, False)


def rows(mine: int, reference: int, other: int = 0) -> VersionRows:
    return VersionRows(baseline=reference, candidate=mine, others=other)


def test_the_gateway_says_what_was_sent_and_the_log_what_was_reported() -> None:
    got = answered(silence(), lambda need: rows(0, 390, 4) if need.shape is Shape.VERSION_ROWS else share(0.0, 400))
    assert got.blocks[0].candidate == Traffic(sent=400, reported=0, elsewhere=394)


def test_without_a_gateway_the_requests_of_the_mirror_were_sent_to_the_version_too() -> None:
    alone = {"accuracy": ACCURACY}
    for reference, sent in ((MIRRORED, 390), (Reference(version=BASELINE, paired=False), 0), (None, 0)):
        subject = a_subject(metrics=alone, reference=reference)
        got = answered(silence(), lambda _: rows(7, 390), subject)
        assert got.blocks[0].candidate == Traffic(sent=sent, reported=7, elsewhere=390)


def test_an_empty_log_is_no_silence_of_one_version() -> None:
    nothing = Missing(reason=because(Why.NO_ROWS, metric="", arm="either"), lasting=False)
    got = answered(silence(), lambda need: nothing if need.shape is Shape.VERSION_ROWS else share(0.0, 400))
    assert got.blocks[0].candidate == Traffic(sent=400, reported=0, elsewhere=0)
    assert only(watch(a_subject(), [silence()], {silence().key: got})).says is Says.ERRORED


@pytest.mark.parametrize(
    ("rule", "measured"),
    [(DROP, pairs()), (a_rule("quantile", "750ms"), slow(0.1)), (a_rule("increase", "100%"), latencies(100))],
    ids=["drop", "quantile", "increase"],
)
def test_a_block_holds_what_was_measured(rule: Watched, measured: Measurement) -> None:
    asked = due(rule, come_to=26)
    got = read([rule], asked, Evidence(dict.fromkeys(needs(asked), measured)))[rule.key]
    assert got.blocks[0].candidate == measured
    assert got.blocks[0].reference == (None if asked[0].reference is None else measured)


# the policy


def test_the_shipped_policy_is_watched_rule_by_rule() -> None:
    path = Path(__file__).parents[3] / "policies/standard/1.0.0.yaml"
    policy = read_document(Policy, "policies/standard/1.0.0.yaml", path.read_bytes())
    assert isinstance(policy, Policy)
    rules = watched(policy)
    assert [one.key for one in rules] == [
        "warning accuracy drop 1pp over 24h",
        "warning latency quantile p95 750ms over 1h",
        "warning errors rate 0.2% over 1h",
        "critical accuracy drop 3pp over 24h",
        "critical latency quantile p95 1000ms over 1h",
        "critical errors rate 0.5% over 1h",
        "rollback accuracy drop 5pp over 24h",
        "rollback errors rate 1% over 1h",
        "rollback latency increase p95 100% over 1h",
        "rollback memory of_allocation 150% over 1h",
        "rollback silence",
    ]
    assert {str(one.over): one.block for one in rules} == {
        "1 day, 0:00:00": HOUR, "1:00:00": timedelta(minutes=5), "0:05:00": timedelta(minutes=5),
    }  # fmt: skip
    # 1,000 days of 24 or 288 blocks, shared by four triggers; 100 by three alerts
    assert {(one.tier, one.block): one.alarm_at for one in rules[:-1]} == {
        (Tier.WARNING, HOUR): 7_200,
        (Tier.WARNING, timedelta(minutes=5)): 86_400,
        (Tier.CRITICAL, HOUR): 7_200,
        (Tier.CRITICAL, timedelta(minutes=5)): 86_400,
        (Tier.ROLLBACK, HOUR): 96_000,
        (Tier.ROLLBACK, timedelta(minutes=5)): 1_152_000,
    }


def test_rules_that_watch_the_same_are_told_apart() -> None:
    text = """\
apiVersion: ratchet/v1
kind: Policy
name: twice
version: 1.0.0
stages: [{name: canary, mirror: 100%, lasts: 7d}]
gates: [{name: g, criteria: [{id: better, kind: superiority, metric: accuracy, by: 2pp}]}]
alerts:
  warning:
    - {metric: errors, statistic: rate, above: 1%, over: 5m}
    - {metric: errors, statistic: rate, above: 1%, over: 5m, min_rows: 900}
"""
    policy = read_document(Policy, "policies/twice/1.0.0.yaml", text.encode())
    assert isinstance(policy, Policy)
    rules = watched(policy)
    assert [one.key for one in rules] == ["warning errors rate 1% over 5m", "warning errors rate 1% over 5m #2"]
    assert {(one.block, one.over) for one in rules} == {(timedelta(minutes=1), timedelta(minutes=5))}


@pytest.mark.parametrize(
    ("over", "block"),
    [(48 * HOUR, HOUR), (HOUR, HOUR / 12), (HOUR / 6, HOUR / 60), (timedelta(seconds=10), timedelta(seconds=10))],
    ids=["days", "an hour", "ten minutes", "seconds"],
)
def test_a_window_is_looked_at_in_twelve_blocks_between_a_minute_and_an_hour(over: timedelta, block: timedelta) -> None:
    assert block_of(over) == block


def test_a_subject_is_what_the_model_file_says() -> None:
    text = MODEL.format(
        name="demo",
        more="  memory: {kind: gauge, source: samples, column: rss, unit: MiB}\nallocation: {memory: 1GiB}\n",
    )
    model = read_document(ModelFile, "policies/models/demo.yaml", text.encode())
    assert isinstance(model, ModelFile)
    assert Subject.of(model, V1, since=START, recorded={"accuracy": 0.9}) == Subject(
        model="demo",
        version=V1,
        since=START,
        metrics=metric_facts(model),
        allocation={"memory": 2.0**30},
        mature_after=timedelta(hours=12),
        recorded={"accuracy": 0.9},
    )


# a real log


def test_a_log_in_files_answers_what_the_watch_asks(tmp_path: Path) -> None:
    model = read_document(ModelFile, "policies/models/demo.yaml", MODEL.format(name="demo", more="").encode())
    assert isinstance(model, ModelFile)
    source = TableSource(
        name="requests",
        config=Table(kind="table", path=str(write_log(tmp_path / "log.csv", (V2, V1)))),
        model=model,
        # V1 is right on seven of ten, V2 on nine: here the older is the better one
        versions=Versions(candidate=V1, baseline=V2, others=frozenset()),
        root=tmp_path,
    )
    subject = Subject.of(model, V1, since=START, reference=Reference(version=V2))
    rules = [a_rule(), a_rule("rate", "1%"), silence()]
    report, turns = Report(results=(), turns=(), state=WatchState(model="demo", version=V1, reference=V2)), list[str]()
    for hours in (40, 41, 55):
        asked = asks(subject, rules, report.state.come_to, now=START + hours * HOUR)
        report = watch(subject, rules, read(rules, asked, Evidence(source.answer(needs(asked)).answers)), report.state)
        turns += says(report, a_rule().key)
    by_rule = {one.watched.key: one for one in report.results}
    assert by_rule[a_rule().key].rolls_back
    assert by_rule[a_rule().key].value == pytest.approx(0.2)
    assert by_rule[a_rule().key].could_know == START + 43 * HOUR
    # ten requests an hour are not enough for a look of one hour, and the version reports
    assert (by_rule[RATE.key].says, by_rule[silence().key].says) == (Says.WAITING, Says.WAITING)
    assert turns[-1] == "firing"
