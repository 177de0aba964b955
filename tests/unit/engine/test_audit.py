"""Audit: what is found where a ledger is not what was appended to it, and what follows from its events and records."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from builders.ledgers import BASELINE, a_judged_record, promotion, refusal, version
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import Event, PolicyChanged, PromotedVersion, Unverified
from model_ratchet.engine.again import Again
from model_ratchet.engine.audit import (
    Audited,
    baseline_trouble,
    changed,
    compared_with,
    gathered,
    looked_at,
    named_by,
    strays,
)
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.envelopes import Standing
from model_ratchet.engine.judge import JUDGE_VERSION
from model_ratchet.engine.lines import Broken, Head
from model_ratchet.engine.record import Record, digest, to_bytes
from model_ratchet.engine.recorded import baseline
from model_ratchet.engine.story import Story, stories

MODEL = "flight-delay"
PLACE = "records/x.json"
FIRST, SECOND = str(version(0)), str(version(1))


@cache
def record(number: int = 0) -> Record:
    return a_judged_record(number)


def look(one: Record, *events: Event) -> Audited | Broken:
    return looked_at(PLACE, digest(one), to_bytes(one), events)


def named(sealed: bytes) -> tuple[str, bytes]:
    """The digest of a sealed part of any kind, and the file of it."""
    found = hashlib.sha256(sealed).hexdigest()
    return f"sha256:{found}", b'{"sealed":%b,"sha256":"%b","unsealed":{}}\n' % (sealed, found.encode())


def story(*events: Event) -> Story:
    return stories(events).get(MODEL, Story(model=MODEL))


# records


def test_a_record_that_says_what_it_said_is_audited() -> None:
    found = look(record(), *promotion(0, record()), refusal(0, record(), "not now"))
    assert isinstance(found, Audited)
    assert (found.digest, found.model, found.candidate) == (digest(record()), MODEL, FIRST)
    assert (found.rejudged.again, found.rejudged.before) == (Again.SAME_BYTES, Outcome.PASSED)


def test_a_record_that_is_not_there_or_another_was_tampered_with() -> None:
    assert looked_at(PLACE, digest(record()), None, ()) == Broken(
        PLACE, "the file is not there, and events name it", unread=False
    )
    other = looked_at(PLACE, digest(record()), to_bytes(record(1)), ())
    assert isinstance(other, Broken)
    assert not other.unread
    assert f"holds what has the digest {digest(record(1))}" in other.what


def test_a_record_of_a_schema_that_is_not_read_is_unread_and_one_that_holds_more_than_is_read_was_tampered_with() -> (
    None
):
    strange = looked_at(PLACE, *named(b'{"schema":"ratchet/record/v9"}'), ())
    assert isinstance(strange, Broken)
    assert strange.unread
    sealed = json.loads(to_bytes(record()))["sealed"]
    assert looked_at(PLACE, *named(canonical({**sealed, "remark": "hidden"})), ()) == Broken(
        PLACE, "it holds what is not read of a record, or is not spelled as one", unread=False
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "other"}, "the event promoted of other names it, and its model is flight-delay"),
        ({"candidate": version(1)}, f"the event promoted of {SECOND} names it, and its candidate is {FIRST}"),
        (
            {"digest": "sha256:" + "e" * 64},
            f"the event promoted of sha256:{'e' * 64} names it, and its digest is sha256:{'0' * 64}",
        ),
        ({"policy": "other/1.0.0"}, "the event promoted of other/1.0.0 names it, and its policy is standard/1.0.0"),
        ({"digest": None, "policy": None}, None),
    ],
    ids=["model", "candidate", "digest", "policy", "unsaid"],
)
def test_a_record_of_something_else_than_the_event_that_names_it_says_is_found(
    change: Mapping[str, object], said: str | None
) -> None:
    promoted = promotion(0, record())[-1]
    event = PromotedVersion.model_validate({**promoted.model_dump(), **change})
    found = look(record(), promoted, event)
    assert (found.what if isinstance(found, Broken) else None) == said


def test_a_verdict_that_does_not_follow_from_its_evidence_was_changed() -> None:
    worse = a_judged_record(better=0)
    assert worse.verdict.outcome is not Outcome.PASSED
    forged = replace(worse, verdict=record().verdict)
    assert look(forged) == Broken(
        PLACE,
        f"it says passed, which does not follow from its evidence: that gives {worse.verdict.outcome}",
        unread=False,
    )


def test_another_outcome_than_of_an_earlier_release_is_told_and_than_of_a_later_one_is_not_judged() -> None:
    other = replace(a_judged_record(better=0), verdict=record().verdict)
    earlier = look(replace(other, judge_version=JUDGE_VERSION - 1))
    assert isinstance(earlier, Audited)
    assert earlier.rejudged.again is Again.OTHER_OUTCOME
    assert look(replace(other, judge_version=JUDGE_VERSION + 1)) == Broken(
        PLACE, "a later release judged it, and this one comes to another outcome", unread=True
    )
    assert isinstance(look(replace(record(), judge_version=JUDGE_VERSION + 1)), Audited)


def test_events_are_found_by_the_record_that_they_name() -> None:
    started = promotion(0, record())
    more = refusal(0, record(), "not now")
    quiet = PolicyChanged(at=datetime(2026, 8, 1, tzinfo=UTC), commit="c" * 40, paths=("policies/a.yaml",))
    other = promotion(1, record(1))
    assert named_by((*started, quiet, *other, more)) == {
        digest(record()): (started[2], started[3], more),
        digest(record(1)): (other[2], other[3]),
    }


# all that was found


def test_what_was_tampered_with_and_what_this_release_can_not_read_are_kept_apart() -> None:
    good, odd = look(record()), look(replace(record(), judge_version=JUDGE_VERSION + 1))
    bad, unread = Broken("a", "gone"), Broken("b", "of a later release", unread=True)
    end, oldest, older, newer = (Head(n, "sha256:" + str(n) * 64) for n in (9, 1, 3, 5))
    audit = gathered(end, [newer, oldest, older, newer], [bad, good, unread, odd], {Standing.SIGNED: 2})
    assert (audit.head, audit.signatures) == (end, {Standing.SIGNED: 2})
    assert (audit.tampered, audit.unread, audit.records) == ((bad,), (unread,), (good, odd))
    assert (audit.anchors, audit.anchor) == ((oldest, older, newer), newer)
    assert gathered(end, (), (), {}).anchor is None


def test_only_another_outcome_differs() -> None:
    other = replace(a_judged_record(better=0), verdict=record().verdict, judge_version=JUDGE_VERSION - 1)
    same, moved, differs = look(record()), look(replace(record(), judge_version=JUDGE_VERSION - 1)), look(other)
    assert gathered(Head(), (), [same, moved, differs], {}).differing == (differs,)


# files


def test_a_file_that_a_line_names_is_there_and_as_it_was_written() -> None:
    sha256_of_a = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    named = dict.fromkeys(("same", "other", "gone"), sha256_of_a)
    assert list(changed([("same", b"a"), ("other", b"b"), ("gone", None)], named)) == [
        Broken("other", "it is not what was written with the line that names it"),
        Broken("gone", "the file is not there, and a line names it"),
    ]


def test_what_belongs_to_nothing_or_is_no_ordinary_file_is_found() -> None:
    there = {"z": "100644", "known": "100644", "link": "120000", "program": "100755", "a": "120000"}
    assert list(strays(there, ["known", "link", "program"])) == [
        Broken("a", "nothing in the ledger names it"),
        Broken("link", "it is no ordinary file, but has the mode 120000"),
        Broken("program", "it is no ordinary file, but has the mode 100755"),
        Broken("z", "nothing in the ledger names it"),
    ]


# baselines

ONE = promotion(0, record())
TWO = (*ONE, *promotion(1, record(1), hours=9, upon=version(0)))
"""The second version stands upon the first."""
APART = (*ONE, *promotion(1, record(1), hours=9))
"""Both stand upon a version from before the ledger."""
RECORDS = {digest(one): one for one in (record(), record(1))}
EDITED = Unverified(at=datetime(2026, 9, 1, tzinfo=UTC), model=MODEL, commit="d" * 40, because="pushed")


def held(active: str | None, *events: Event, records: Mapping[str, Record] = RECORDS) -> bytes:
    return canonical(baseline(MODEL, active, story(*events), records)) + b"\n"


def trouble(content: bytes, *events: Event) -> str | None:
    return baseline_trouble(content, story(*events), RECORDS)


def test_a_file_of_baselines_that_follows_from_events_and_records_is_sound() -> None:
    assert json.loads(held(SECOND, *TWO))["active"]["candidate"] == SECOND
    assert trouble(held(SECOND, *TWO), *TWO) is None
    assert trouble(held(FIRST, *ONE), *ONE) is None
    assert trouble(held(None)) is None
    assert trouble(held(str(BASELINE))) is None


def test_the_active_version_is_the_one_that_no_other_stands_upon() -> None:
    assert trouble(held(FIRST, *TWO), *TWO) == f"it says that {FIRST} is active, and the events leave {SECOND}"
    assert trouble(held(None, *TWO), *TWO) == f"it says that no version is active, and the events leave {SECOND}"


def test_where_the_events_leave_several_or_something_was_pushed_any_of_them_may_be_active() -> None:
    for active in (FIRST, SECOND):
        assert trouble(held(active, *APART), *APART) is None
        assert trouble(held(active, *TWO, EDITED), *TWO, EDITED) is None
    for other in (None, str(BASELINE)):
        assert trouble(held(other, *ONE, EDITED), *ONE, EDITED) is None
        assert trouble(held(other, *ONE), *ONE) is not None


def test_a_file_of_a_release_that_wrote_less_is_sound_and_other_or_more_is_not() -> None:
    said, content = "it does not follow from the events and records", held(SECOND, *TWO)
    value = json.loads(content)
    assert value["active"]["metrics"] != []
    less = canonical({**value, "active": {"candidate": SECOND}}) + b"\n"
    assert trouble(less, *TWO) is None
    for other in (
        canonical({**value, "more": 1}) + b"\n",
        canonical({**value, "previous": None}) + b"\n",
        held(SECOND, *TWO, records={}),
        content.replace(b'"previous":', b'"previous": '),
        content.removesuffix(b"\n"),
    ):
        assert other != content
        assert trouble(other, *TWO) == said


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"1", b"{}", b'{"active":1}', b'{"active":{}}', b'{"active":null,"more":NaN}'],
    ids=["empty", "list", "number", "bare", "other", "unnamed", "nan"],
)
def test_what_is_no_file_of_baselines_is_said_to_be_none(content: bytes) -> None:
    assert trouble(content) == "it is not of the form that baselines have"


def test_baselines_are_made_of_the_records_of_what_may_be_active_and_of_what_it_was_compared_with() -> None:
    first, second = digest(record()), digest(record(1))
    assert compared_with(story(*TWO)) == (second, first)
    assert compared_with(story(*ONE)) == (first,)
    assert compared_with(story(*APART)) == (first, second)
    assert sorted(compared_with(story(*TWO, EDITED))) == sorted((first, second, first))
    unvouched = PromotedVersion.model_validate({**TWO[-1].model_dump(), "record": None})
    assert compared_with(story(*TWO[:-1], unvouched)) == (first,)
    assert compared_with(story()) == ()
