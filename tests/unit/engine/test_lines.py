"""A chain of lines: whatever is done to it afterwards is found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_ratchet.core.errors import RecordError
from model_ratchet.core.names import Version
from model_ratchet.documents.events import Actor, Event, Hold, PolicyChanged, PromotedVersion, Released
from model_ratchet.engine.lines import (
    Head,
    against_anchor,
    digest_of,
    events_of,
    head_of,
    link,
    read_lines,
    shard,
    shards,
)

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
JULY, AUGUST = "events/2026-07.jsonl", "events/2026-08.jsonl"
BESIDE = {"reports/x.md": digest_of(b"# x")}


def some_events(count: int) -> list[Event]:
    ann = Actor(login="ann", id=7)
    made: list[Event] = []
    for i in range(count):
        at, name = AT + timedelta(hours=i), "fraud" if i % 3 else "credit"
        made.append(
            Hold(model=name, at=at, by=ann, because=f"because {i} é")
            if i % 2
            else Released(model=name, at=at, because="done")
        )
    return made


def chain(sizes: tuple[int, int] = (3, 4)) -> tuple[dict[str, bytes], Head]:
    """Two months of lines."""
    events = some_events(sum(sizes))
    july, head = link(Head(), events[: sizes[0]])
    august, head = link(head, events[sizes[0] :], BESIDE)
    return {JULY: july, AUGUST: august}, head


def test_what_was_linked_is_read_again() -> None:
    files, head = chain()
    found = read_lines(files)
    assert list(found.events) == some_events(7)
    assert (found.head, found.broken, found.files) == (head, (), BESIDE)
    assert files[AUGUST].count(b'"files"') == 1
    assert head_of(files[AUGUST]) == head
    assert against_anchor(found, head) is None
    assert Head.parse(str(head)) == head


def test_an_event_names_everything_and_reads_again_in_every_field() -> None:
    event = PromotedVersion(
        at=AT,
        by=Actor(login="bo", id=1),
        model="fraud",
        candidate=Version.parse("v1.0.0_20250601_090000"),
        pull=12,
        commit="a" * 40,
        tree="b" * 40,
        record="sha256:" + "c" * 64,
    )
    lines, _ = link(Head(), [event])
    assert read_lines({JULY: lines}).events == (event,)
    assert b'"baseline"' not in lines


@given(st.data())
def test_a_single_byte_that_is_another_is_found(data: st.DataObject) -> None:
    files, head = chain()
    path = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[path])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    found = read_lines({**files, path: bytes(content)})
    assert found.broken or against_anchor(found, head) is not None


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


@pytest.mark.parametrize(
    "change",
    [lambda lines: lines[1:], lambda lines: [lines[0], *lines[2:]], swapped, lambda lines: [*lines[:2], *lines[1:]]],
    ids=["first-dropped", "middle-dropped", "swapped", "repeated"],
)
def test_lines_that_are_dropped_moved_or_added_are_found(change: Callable[[list[bytes]], list[bytes]]) -> None:
    files, _ = chain()
    lines = files[AUGUST].splitlines(keepends=True)
    found = read_lines({**files, AUGUST: b"".join(change(lines))})
    assert found.broken
    assert found.broken[0].place.startswith(AUGUST)


def test_a_month_that_is_gone_is_found() -> None:
    files, _ = chain()
    assert read_lines({AUGUST: files[AUGUST]}).broken


def test_a_cut_end_is_consistent_and_only_an_anchor_finds_it() -> None:
    files, head = chain()
    cut = read_lines({JULY: files[JULY]})
    assert cut.broken == ()
    assert "its end was cut off" in str(against_anchor(cut, head))


def test_a_chain_that_was_written_anew_is_consistent_and_only_an_anchor_finds_it() -> None:
    _, head = chain()
    anew, other = link(Head(), some_events(9)[2:])
    found = read_lines({JULY: anew})
    assert (found.broken, other.n) == ((), head.n)
    assert "written anew" in str(against_anchor(found, head))


def test_an_anchor_of_an_earlier_end_holds() -> None:
    files, head = chain()
    july = read_lines({JULY: files[JULY]}).head
    assert against_anchor(read_lines(files), july) is None
    assert against_anchor(read_lines(files), Head()) is None
    assert head != july


def test_the_events_of_one_model_are_found_without_the_chain() -> None:
    files, _ = chain()
    every = [event for content in files.values() for event in events_of(content, "credit")]
    assert every == [event for event in some_events(7) if event.model == "credit"]  # type: ignore[union-attr]
    assert not list(events_of(files[JULY], "fra"))


def test_without_a_name_the_events_of_all_models_are_found_and_those_of_none() -> None:
    policies = PolicyChanged(at=AT, commit="c" * 40, paths=("policies/a.yaml",))
    content, _ = link(Head(), [*some_events(3), policies])
    assert list(events_of(content)) == [*some_events(3), policies]
    assert list(events_of(content, "fraud")) == [some_events(3)[1], some_events(3)[2]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"n":1', b'"n": 1'),
        (b'"n":1', b'"n":1.0'),
        (b'"previous":', b'"more":1,"previous":'),
        (b'"n":1', b'"files":{},"n":1'),
        ("é".encode(), b"\\u00e9"),
    ],
    ids=["space", "number", "more", "no-files", "escaped"],
)
def test_a_line_that_says_the_same_in_another_spelling_is_found(before: bytes, after: bytes) -> None:
    line, _ = link(Head(), [Released(model="fraud", at=AT, because="é")])
    assert not read_lines({JULY: line}).broken
    assert before in line
    found = read_lines({JULY: line.replace(before, after)})
    assert [(one.place, one.what, one.unread) for one in found.broken] == [
        (f"{JULY}:1", "it is not written as Ratchet writes it", False)
    ]


def test_a_line_is_never_added_to_a_month_before_the_last() -> None:
    assert shard(AT, None) == AUGUST
    assert shard(AT, JULY) == AUGUST
    assert shard(AT, "events/2026-09.jsonl") == "events/2026-09.jsonl"
    assert shards(["events/2026-13.jsonl", AUGUST, "events/x", JULY]) == (JULY, AUGUST)


def test_nothing_is_added_behind_a_line_that_does_not_read() -> None:
    with pytest.raises(RecordError, match="verify it"):
        head_of(b"{}\n")


UNSPELLABLE = {
    "an infinite number": b'{"event":{},"n":1e999,"previous":"x"}',
    "infinity in an event": b'{"event":{"kind":"hold","model":"fraud","share":1e999},"n":1,"previous":"x"}',
    "no Unicode": b'{"event":{"kind":"hold","model":"fraud","because":"\\ud800"},"n":1,"previous":"x"}',
    "nesting": b'{"event":{"model":"fraud","a":' + b"[" * 800 + b"]" * 800 + b'},"n":1,"previous":"x"}',
}


@pytest.mark.parametrize("line", UNSPELLABLE.values(), ids=UNSPELLABLE)
def test_a_line_that_nothing_could_spell_is_told_like_any_other_that_is_not_ours(line: bytes) -> None:
    (broken,) = read_lines({JULY: line + b"\n"}).broken
    assert (broken.place, broken.unread) == (f"{JULY}:1", False)
    with pytest.raises(RecordError, match="does not read"):
        list(events_of(line))


def test_an_event_of_an_unknown_kind_is_an_error_and_never_passed_over() -> None:
    with pytest.raises(RecordError, match="does not read"):
        list(
            events_of(
                b'{"event":{"at":"2026-08-01T00:00:00Z","kind":"moved","model":"fraud"},"n":1,"previous":"x"}', "fraud"
            )
        )


@pytest.mark.parametrize("text", ["", "1", "1 sha256:00", "-1 sha256:" + "0" * 64, "x sha256:" + "0" * 64])
def test_a_text_that_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no anchor"):
        Head.parse(text)
