"""T24, T25, T29 and T30 where they meet the ledger and its records: what was appended can't be taken back unseen."""

from collections.abc import Sequence
from dataclasses import replace

from builders.ledgers import (
    DECIDED,
    a_judged_record,
    a_year,
    artifact,
    files_of,
    in_memory,
    promotion,
    refusal,
    version,
)
from model_ratchet.actions.audit import verify
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import Event, PromotedVersion, Unverified
from model_ratchet.engine.audit import Audit
from model_ratchet.engine.judge import judge
from model_ratchet.engine.lines import Head, link, read_lines
from model_ratchet.engine.record import Record, seal
from model_ratchet.report.audit import audit_text
from model_ratchet.report.chronicle import chronicle

SHARD = "events/2026-08.jsonl"


def ledger(events: Sequence[Event], *records: Record) -> dict[str, bytes]:
    return {SHARD: link(Head(), events)[0], **files_of(records)}


def found(files: dict[str, bytes], *anchors: Head) -> Audit:
    return verify(in_memory(files), *anchors, workers=1)


def said(audit: Audit) -> str:
    return " | ".join(one.what for one in audit.tampered)


def year() -> dict[str, bytes]:
    return ledger(a_year().events, *a_year().records)


def rewritten(lines: Sequence[bytes]) -> dict[str, bytes]:
    return {**year(), SHARD: b"".join(lines)}


def test_t24_a_verdict_that_somebody_made_up_and_sealed_does_not_follow_from_its_evidence() -> None:
    worse = a_judged_record(2, better=-100)
    passed = replace(a_judged_record(2, better=900).verdict)
    forged = seal(worse.plan, worse.evidence, passed, now=DECIDED)
    audit = found(ledger(promotion(2, forged), forged))
    assert "it says passed, which does not follow from its evidence: that gives failed" in said(audit)


def test_t24_a_p_value_that_somebody_made_up_is_found_although_the_outcome_is_the_same() -> None:
    sound = a_judged_record(better=600)
    (gate, *gates) = sound.verdict.gates
    (leaf, *leaves) = gate.leaves
    assert leaf.judgement.estimate is not None
    made_up = replace(leaf, judgement=replace(leaf.judgement, estimate=replace(leaf.judgement.estimate, value=0.2)))
    verdict = replace(sound.verdict, gates=(replace(gate, leaves=(made_up, *leaves)), *gates))
    forged = seal(sound.plan, sound.evidence, verdict, now=DECIDED)
    assert "does not follow from its evidence" in said(found(ledger(promotion(0, forged), forged)))


def test_t25_the_record_of_another_version_or_policy_or_artifact_vouches_for_no_merge() -> None:
    sound = a_judged_record(0)
    other = promotion(1, sound)
    assert f"its candidate is {version(0)}" in said(found(ledger(other, sound)))
    merged = promotion(0, sound)[-1]
    assert isinstance(merged, PromotedVersion)
    rebuilt = merged.model_copy(update={"digest": artifact(7)})
    assert f"its digest is {artifact(0)}" in said(found(ledger((rebuilt,), sound)))
    under = a_judged_record(0)
    stricter = seal(replace(under.plan, policy="standard/2.0.0"), under.evidence, under.verdict, now=DECIDED)
    renamed = merged.model_copy(update={"record": promotion(0, stricter)[-1].record})  # type: ignore[union-attr]
    assert "its policy is standard/2.0.0" in said(found(ledger((renamed,), stricter)))


def test_t29_a_merge_that_no_record_vouches_for_is_told_as_such_for_ever() -> None:
    pushed = promotion(0, a_judged_record())[-1]
    assert isinstance(pushed, PromotedVersion)
    event = pushed.model_copy(update={"record": None})
    incident = Unverified(at=event.at, model=event.model, commit=event.commit, because="pushed past the pull request")
    files = ledger((event, incident))
    assert found(files).tampered == ()
    rows = chronicle(read_lines(files).events)
    assert [row.why for row in rows] == [
        f"merged as {event.commit[:12]}, and no record vouches for it",
        "pushed past the pull request",
    ]
    assert found({SHARD: link(Head(), (event,))[0]}, read_lines(files).head).tampered


def test_t29_a_record_that_is_put_beside_such_a_merge_afterwards_is_found() -> None:
    sound = a_judged_record()
    merged = promotion(0, sound)[-1].model_copy(update={"record": None})
    audit = found(ledger((merged,), sound))
    assert said(audit) == "nothing in the ledger names it"


def test_t30_a_line_that_was_changed_dropped_moved_or_added_is_found() -> None:
    lines = year()[SHARD].splitlines(keepends=True)
    changed = lines[3].replace(b'"login":"bo"', b'"login":"al"')
    assert changed != lines[3]
    for rewrote in (
        [*lines[:3], changed, *lines[4:]],
        [*lines[:3], *lines[4:]],
        [*lines[:3], lines[4], lines[3], *lines[5:]],
        [*lines[:3], lines[3], *lines[3:]],
    ):
        assert "it does not follow the line before" in said(found(rewritten(rewrote)))


def test_t30_a_tail_that_was_cut_off_is_found_against_an_anchor() -> None:
    lines = year()[SHARD].splitlines(keepends=True)
    anchor = read_lines(year()).head
    kept = (*a_year().records[:2],)
    cut = {SHARD: b"".join(lines[:-2]), **files_of(kept)}
    alone = found(cut)
    assert (alone.tampered, audit_text(alone).splitlines()[0]) == ((), "consistent, not anchored: 8 lines")
    assert "its end was cut off" in said(found(cut, anchor))


def test_t30_a_chain_that_was_written_anew_is_found_against_an_anchor() -> None:
    anchor = read_lines(year()).head
    worse = a_year().records[2]
    kind = [event for event in a_year().events if event.kind != "refused"]
    anew = ledger([*kind, refusal(2, worse, "no harm done", hours=12)], *a_year().records)
    assert found(anew).tampered == ()
    assert "the ledger was written anew" in said(found(anew, anchor))


def test_t30_a_ledger_that_is_gone_altogether_is_found_against_an_anchor() -> None:
    gone = verify(replace(in_memory({}), commit=None), read_lines(year()).head, workers=1)
    assert "its end was cut off" in said(gone)


def test_a_mended_fault_is_reported_and_is_no_tampering() -> None:
    worse = a_judged_record(2, better=-100)
    believed = a_judged_record(2, better=900).verdict
    old = replace(worse, verdict=believed, revisions={**worse.revisions, "superiority": 0})
    audit = found(ledger(promotion(2, old), old))
    assert (audit.tampered, audit.unread) == ((), ())
    (one,) = audit.differing
    assert (one.rejudged.before, one.rejudged.verdict.outcome) == (Outcome.PASSED, Outcome.FAILED)
    assert one.rejudged.since == ("superiority revision 1",)
    assert "passed then, failed now, since superiority revision 1" in audit_text(audit)


def test_what_a_later_release_judged_otherwise_is_not_called_verified() -> None:
    worse = a_judged_record(2, better=-100)
    later = replace(
        worse, verdict=a_judged_record(2, better=900).verdict, revisions={**worse.revisions, "superiority": 9}
    )
    audit = found(ledger(promotion(2, later), later))
    assert audit.tampered == ()
    assert [one.what for one in audit.unread] == ["a later release judged it, and this one comes to another outcome"]
    assert judge(later.plan, later.evidence).outcome is Outcome.FAILED
