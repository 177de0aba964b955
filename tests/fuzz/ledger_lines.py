"""The ledger reader: bytes that are not those that were written never verify, and none of them raise anything unforeseen."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from model_ratchet.core.errors import RecordError
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Actor, Admitted, Hold, PromotedVersion, StageStarted
from model_ratchet.engine.lines import Head, against_anchor, digest_of, events_of, head_of, link, read_lines
from model_ratchet.engine.record import read
from model_ratchet.engine.story import stories

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
AUGUST, SEPTEMBER = "events/2026-08.jsonl", "events/2026-09.jsonl"
ANN = Actor(login="ann", id=7)
BASELINE, CANDIDATE = Version.parse("v2.0.3_20250601_090000"), Version.parse("v2.1.0_20250818_142000")
POLICY = PolicyName.parse("standard/1.0.0")
DIGEST = "sha256:" + "ab" * 32
ORIGINAL, HEAD = link(
    Head(),
    (
        Admitted(
            at=AT,
            by=ANN,
            model="fraud",
            candidate=CANDIDATE,
            baseline=BASELINE,
            digest=DIGEST,
            policy=POLICY,
            attempt=1,
            pull=1,
        ),
        StageStarted(at=AT, model="fraud", candidate=CANDIDATE, stage="canary", share=0.05, mirror=1.0, pull=1),
        PromotedVersion(
            at=AT + timedelta(hours=1), model="fraud", candidate=CANDIDATE, commit="a" * 40, tree="b" * 40, pull=1
        ),
        Hold(at=AT + timedelta(hours=2), by=ANN, model="fraud", because="é"),
    ),
    {"reports/a.md": digest_of(b"# a")},
)
SPLIT = b"\x00"
"""What follows it stands in the file of the next month."""

SEEDS = ()
TOKENS = (
    *(
        b'{"event":{',
        b'"kind":"',
        b'"at":"2026-08-01T12:00:00Z"',
        b'"model":"',
        b'"files":{',
        b'"n":',
        b'"previous":"sha256:',
    ),
    *(b"hold", b"released", b"promoted", b"rolled-back", b"stage-started", b"stage-closed", b"admitted", b"withdrawn"),
    *(b"1e999", b"NaN", b"Infinity", b'"\\ud800"', b"[[[[", b'{"":', b"null", b"true", b"-0", b"\n", SPLIT),
    *(b'{"sealed":{', b'"sha256":"', b'"schema":"ratchet/record/v1"', b'"evidence":[', b'"shape":"counts"'),
)


def one_input(data: bytes) -> None:
    first, split, second = data.partition(SPLIT)
    found = read_lines({AUGUST: first, **({SEPTEMBER: second} if split else {})})
    if first + second != ORIGINAL:
        assert found.broken or against_anchor(found, HEAD) is not None, "another ledger verifies as the original"
    elif not split:
        assert not found.broken
    with suppress(RecordError):
        stories(found.events)
    for content in (first, second):
        with suppress(RecordError):
            head_of(content)
        for model in (None, "fraud"):
            with suppress(RecordError):
                list(events_of(content, model))
    with suppress(RecordError):
        read(data)
    with suppress(ValueError):
        Head.parse(data.decode("utf-8", "replace"))
