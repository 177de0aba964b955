import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.code import COMMIT, ENDED, a_finding, a_pull, a_record_of_code, a_report, a_scan, an_approval
from builders.records import (
    DECIDABLE,
    NOW,
    a_failed_record,
    a_passed_record,
    a_pending_record,
    a_plan,
    an_errored_record,
    performance,
    some_evidence,
)
from builders.scopes import START
from model_ratchet.core.code import Checks
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import (
    Approvals,
    ArmMoments,
    Categories,
    Counts,
    Document,
    Evidence,
    Groups,
    Interval,
    Labels,
    LogHistogram,
    Measurement,
    Missing,
    Need,
    PairedMoments,
    QuantileCounts,
    Series,
    Shape,
    Suite,
    Window,
)
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import Dimension, Quantity
from model_ratchet.core.verdict import Verdict
from model_ratchet.criteria.integration import IntegrationFacts
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.code_review import code_reviews
from model_ratchet.engine.filed import filed, read_whole
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundWaiver
from model_ratchet.engine.record import Record, as_sealed, digest, read, seal, to_bytes

PENDING = Verdict(gates=(), evidence_outcome=Outcome.PENDING, sign_off_outcome=Outcome.PENDING)
_moments = dict.fromkeys(["m0m0", "m0s0", "s0s0", "m1m1", "m1s1", "s1s1", "m0m1", "m0s1", "s0m1", "s0s1"], 2**60 + 1)
MEASUREMENTS: tuple[Measurement | Missing, ...] = (
    Counts(successes=3, n=2**53 + 1),
    PairedMoments(clusters=7, n=100, baseline=1, candidate=2, mm=3, md=-(2**70), dd=5, unit=1_000_000),
    ArmMoments(clusters=2, clusters0=1, clusters1=2, n0=1, n1=2, s0=3, s1=4, **_moments),  # type: ignore[arg-type]
    QuantileCounts(at_or_below=1, n=2, maximum=None),
    QuantileCounts(at_or_below=1, n=2, maximum=0.25),
    LogHistogram(buckets=((0, 1), (700, 2**54 + 3))),
    Series(points=((0, 1.5), (1, 2.0))),
    Categories(counts=(("JFK", 2), ("other", 1))),
    Labels(labelled=1, rows=2, excluded=3),
    Suite(passed=1, failed=1, skipped=0, failures=("a ☃ case",)),
    Approvals(approvals=(), objections=("grace",)),
    Document(path="risk.md", sections=(("risks", 12),)),
    a_scan(
        a_finding("error", 9.8), a_finding("note", suppressed=True), undecided=1, completed=None, commits=((COMMIT,),)
    ),
    Checks(reported=(a_report("neutral"), a_report(app=None, by="ada", at=None))),
    code_reviews([a_pull(an_approval(), an_approval("cleo"), writers={"cleo": False})], COMMIT),
    Groups(groups=(("0", Counts(successes=1, n=2)), ("1", Labels(labelled=1, rows=1)))),
    Missing(reason=because(Why.NOT_A_NUMBER, source="requests", column="p_late", share=0.125), lasting=False),
)


@pytest.mark.parametrize(
    "make", [a_passed_record, a_failed_record, a_pending_record, an_errored_record, a_record_of_code]
)
def test_a_record_reads_back_as_it_was_sealed(make: Callable[[], Record]) -> None:
    record = make()
    assert read(to_bytes(record)) == record
    assert to_bytes(read(to_bytes(record))) == to_bytes(record)


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda one: type(one).__name__)
def test_every_shape_of_evidence_reads_back(measurement: Measurement | Missing) -> None:
    evidence = Evidence({Need(shape=Shape.ROWS, limit=0.123456789123): measurement})
    assert read(to_bytes(seal(a_plan(), evidence, PENDING, now=NOW))).evidence == evidence


@pytest.mark.parametrize("value", [2.0**53 + 2, 1e17, -1e20], ids=str)
def test_a_record_of_very_large_numbers_reads_back_and_keeps_its_digest(value: float) -> None:
    need = Need(shape=Shape.SERIES, metric="bytes_read", limit=value)
    record = seal(a_plan(), Evidence({need: Series(points=((0, value),))}), PENDING, now=NOW)
    found = read(to_bytes(record))
    assert found == record
    assert digest(found) == digest(record)
    assert read_whole(to_bytes(record), filed(to_bytes(record), digest(record)))


def test_the_same_check_gives_the_same_bytes_until_an_input_changes() -> None:
    plan, later = a_plan(changed_at=(START, DECIDABLE)), DECIDABLE + timedelta(days=400)
    evidence = Evidence()
    sealed = [to_bytes(seal(plan, evidence, PENDING, now=now)) for now in (DECIDABLE, later, START)]
    assert sealed[0] == sealed[1] != sealed[2]


def test_it_does_not_matter_in_which_order_the_sources_answered() -> None:
    plan = a_plan(performance())
    answers = list(some_evidence(plan).answers.items())
    one, other = (Evidence(dict(pairs)) for pairs in (answers, reversed(answers)))
    assert to_bytes(seal(plan, one, PENDING, now=NOW)) == to_bytes(seal(plan, other, PENDING, now=NOW))


def test_decided_at_is_the_latest_change_that_has_happened() -> None:
    plan = a_plan(performance())
    evidence = some_evidence(plan)
    review = DECIDABLE + timedelta(hours=3)
    at = [seal(plan, evidence, PENDING, now=now).decided_at for now in (review, review - timedelta(seconds=1))]
    assert at == [review, DECIDABLE]
    assert seal(plan, evidence, PENDING, now=START - timedelta(days=1)).decided_at is None


@pytest.mark.parametrize(
    "measurement",
    [
        a_scan(ended_at=ENDED),
        Checks(reported=(a_report(at=ENDED), a_report("queued", at=None))),
        code_reviews([a_pull(an_approval(at=ENDED))], COMMIT),
    ],
    ids=["scan", "checks", "reviews"],
)
def test_what_happens_to_the_code_is_a_change_too(measurement: Measurement) -> None:
    plan = a_plan(changed_at=())
    evidence = Evidence({Need(shape=Shape.ROWS): measurement})
    assert seal(plan, evidence, PENDING, now=ENDED).decided_at == ENDED
    assert seal(plan, evidence, PENDING, now=ENDED - timedelta(seconds=1)).decided_at is None


def test_what_is_known_of_the_code_is_judged_again_from_the_record_alone() -> None:
    record = a_record_of_code()
    stored = read(to_bytes(record))
    assert judge(stored.plan, stored.evidence) == record.verdict


def test_what_is_made_of_a_record_has_a_digest_of_its_own() -> None:
    record = a_passed_record()
    first = digest(record)
    assert digest(replace(record, judge_version=record.judge_version + 1)) != first == digest(record)


def test_sealing_again_what_was_read_keeps_the_digest() -> None:
    record = a_passed_record()
    again = seal(record.plan, record.evidence, record.verdict, decided_at=record.decided_at)
    assert digest(again) == digest(record)


def test_measured_numbers_are_rounded_before_they_are_judged_and_needs_are_not() -> None:
    need = Need(shape=Shape.SERIES, limit=0.123456789123)
    _, evidence = as_sealed(a_plan(), Evidence({need: Series(points=((0, 0.123456789123),))}))
    assert evidence.answers == {need: Series(points=((0, 0.123456789),))}


def test_what_is_judged_is_what_a_record_gives_back() -> None:
    plan = a_plan(
        performance(), facts=replace(a_plan().facts, suites=("edge",), allocation={"memory": 2.0, "cpu": 1.0})
    )
    evidence = some_evidence(plan)
    record = seal(plan, evidence, PENDING, now=NOW)
    judged, looked = as_sealed(plan, evidence)
    assert (judged, looked) == (record.plan, record.evidence)
    assert list(judged.facts.allocation) == list(record.plan.facts.allocation) == ["cpu", "memory"]


def test_the_revision_of_every_criterion_is_sealed() -> None:
    assert a_failed_record().revisions == {"superiority": 1, "quantile_limit": 1, "rate_limit": 1, "approval": 1}


def test_wall_time_and_run_stand_outside_the_sealed_part() -> None:
    record = a_passed_record()
    plain = json.loads(to_bytes(record))
    written = json.loads(to_bytes(record, written_at=NOW, run_id="17"))
    assert written.pop("unsealed") == {"written_at": "2025-08-12T09:30:00Z", "run_id": "17"}
    assert plain.pop("unsealed") == {}
    assert written == plain


def test_the_digest_is_that_of_the_sealed_text() -> None:
    record = a_failed_record()
    text = to_bytes(record).split(b'"sealed":', 1)[1].rsplit(b',"sha256"', 1)[0]
    assert digest(record) == f"sha256:{hashlib.sha256(text).hexdigest()}"


def _changed(change: Callable[[dict[str, object]], object]) -> bytes:
    envelope = json.loads(to_bytes(a_failed_record()))
    change(envelope)
    return json.dumps(envelope).encode()


def _resealed(change: Callable[[dict[str, object]], object]) -> bytes:
    envelope = json.loads(to_bytes(a_failed_record()))
    change(envelope["sealed"])
    envelope["sha256"] = hashlib.sha256(canonical(envelope["sealed"])).hexdigest()
    return json.dumps(envelope).encode()


REFUSED = {
    "the record is empty": lambda: b" \n",
    "the record is cut off after 900 bytes: fetch it again": lambda: to_bytes(a_failed_record())[:900],
    "the record is not JSON: Expecting value (line 1, column 1)": lambda: b"kind: Policy",
    "the record is not UTF-8: byte 1 is 0xff": lambda: b'"\xff"',
    "the record is not JSON that Ratchet wrote: it is nested too deeply": lambda: b"[" * 200_000,
    "the record holds NaN, which no record does": lambda: b'{"sealed": NaN}',
    "the record names a key twice, which no record does": lambda: b'{"sealed": {}, "sealed": {}}',
    "this is JSON, but no record: it has no `sealed` part": lambda: b"[]",
    "the record's schema is 'ratchet/record/v9', and this release reads ratchet/record/v1: use the release it names": (
        lambda: _changed(lambda envelope: envelope["sealed"].update(schema="ratchet/record/v9"))  # type: ignore[attr-defined]
    ),
    "the record has no verdict": lambda: _resealed(lambda sealed: sealed.pop("verdict")),
    "the record does not read: Field required at plan.policy; use the release that wrote it": (
        lambda: _resealed(lambda sealed: sealed["plan"].pop("policy"))  # type: ignore[attr-defined]
    ),
    "the record does not read: Input should be an object at revisions; use the release that wrote it": (
        lambda: _resealed(lambda sealed: sealed.update(revisions=[]))
    ),
}


@pytest.mark.parametrize(("message", "content"), REFUSED.items())
def test_a_file_that_is_no_record_is_refused_with_the_reason(message: str, content: Callable[[], bytes]) -> None:
    with pytest.raises(RecordError) as caught:
        read(content())
    assert str(caught.value) == message


def test_a_record_that_was_changed_after_it_was_sealed_is_refused() -> None:
    content = to_bytes(a_failed_record()).replace(b'"evidence_outcome":"failed"', b'"evidence_outcome":"passed"')
    with pytest.raises(RecordError, match="it was changed after it was sealed; fetch it again"):
        read(content)


def test_a_record_without_its_digest_is_refused() -> None:
    with pytest.raises(RecordError, match="says that its SHA-256 is None"):
        read(_changed(lambda envelope: envelope.pop("sha256")))


def test_a_part_of_another_form_is_refused_with_its_place() -> None:
    with pytest.raises(
        RecordError, match=r"the record does not read: .* at verdict\.evidence_outcome; use the release"
    ):
        read(_resealed(lambda sealed: sealed["verdict"].update(evidence_outcome="fine")))  # type: ignore[attr-defined]


_instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    instants=st.lists(_instants, min_size=2, max_size=6, unique=True).map(sorted),
    lasts=st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
    stated=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    share=st.none() | st.floats(0, 1),
)
def test_any_plan_reads_back(
    instants: list[datetime], lasts: timedelta, stated: dict[str, str], share: float | None
) -> None:
    intervals = tuple(Interval(*pair) for pair in zip(instants[::2], instants[1::2], strict=False))
    stage = replace(a_plan().stages[0], lasts=lasts, traffic=share, window=Window(intervals, instants[-1]))
    plan = a_plan(
        performance(), stages=(stage,), facts=replace(a_plan().facts, stated=stated, candidate="v1.0.0_20250101_000000")
    )
    need = Need(shape=Shape.COUNTS, window=stage.window, limit=share)
    record = seal(plan, Evidence({need: Counts(successes=0, n=0)}), PENDING, now=NOW)
    assert (record.plan, record.evidence.answer(need)) == (plan, Counts(successes=0, n=0))
    assert read(to_bytes(record)) == record


def test_a_plan_without_waivers_is_sealed_as_before_there_were_any() -> None:
    record = a_failed_record()
    assert "waivers" not in json.loads(to_bytes(record))["sealed"]["plan"]
    assert read(to_bytes(record)) == record


def test_facts_that_came_later_are_sealed_only_where_they_are_stated() -> None:
    def facts(record: Record) -> dict[str, object]:
        found: dict[str, object] = json.loads(to_bytes(record))["sealed"]["plan"]["facts"]
        return found

    record = a_failed_record()
    later = replace(record.plan.facts, integration=IntegrationFacts(score="win"))
    assert not {"integration", "prices"} & facts(record).keys()
    stated = facts(replace(record, plan=replace(record.plan, facts=later)))
    assert stated.keys() - facts(record).keys() == {"integration"}
    assert facts(record)["baseline"] is not None
    first = replace(record, plan=replace(record.plan, facts=replace(record.plan.facts, baseline=None)))
    assert facts(first).keys() == facts(record).keys()


def test_waivers_are_sealed_with_the_plan() -> None:
    record = a_failed_record()
    gone = because(Why.WAIVER_EXPIRED, waiver="memory-1", criterion="memory", since=NOW.isoformat())
    waiver = BoundWaiver(
        waiver="memory-1",
        criterion="memory",
        stage=None,
        outcomes=(Outcome.FAILED,),
        up_to=Quantity.parse("25%", Dimension.SHARE),
        reason="why",
        owner="risk",
        expires_at=NOW,
        not_in_force=gone,
    )
    held = replace(record, plan=replace(record.plan, waivers=(waiver,)))
    sealed = json.loads(to_bytes(held))["sealed"]["plan"]["waivers"]
    assert [(one["waiver"], one["up_to"], one["outcomes"]) for one in sealed] == [("memory-1", "25%", ["failed"])]
    assert read(to_bytes(held)).plan.waivers == (waiver,)
