"""Whatever is changed of a ledger is found: a byte of any file, a file that is gone, added, or put in another's place."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.fakes import Link, MemoryRepository
from builders.ledgers import a_year, baselines_of, in_memory, ledger_files
from model_ratchet.actions.audit import verify
from model_ratchet.engine.audit import Audit
from model_ratchet.engine.lines import Head, digest_of, link, read_lines
from model_ratchet.ledger import GitLedger


@cache
def files() -> dict[str, bytes]:
    return ledger_files(a_year())


def head() -> Head:
    return read_lines(files()).head


def found(changed: dict[str, bytes], *anchors: Head) -> Audit:
    return verify(in_memory(changed), *anchors, workers=1)


def test_a_ledger_that_nobody_touched_verifies() -> None:
    audit = found(files(), head())
    assert (audit.tampered, audit.unread, len(audit.records)) == ((), (), 3)


@settings(max_examples=150)
@given(st.data())
def test_any_single_byte_that_is_another_is_found(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(files())))
    content = bytearray(files()[path])
    place = data.draw(st.integers(0, len(content) - 1) | st.integers(-120, -1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert found({**files(), path: bytes(content)}, head()).tampered


@settings(max_examples=40)
@given(st.data())
def test_any_single_byte_of_a_record_is_found_without_an_anchor(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in sorted(files()) if path.startswith("records/")]))
    content = files()[path]
    place = data.draw(st.integers(0, len(content)))
    kind = data.draw(st.sampled_from(["dropped", "added", "changed"]))
    byte = bytes([data.draw(st.integers(0, 255).filter(lambda one: content[place : place + 1] != bytes([one])))])
    after = {"dropped": content[place + 1 :], "added": byte + content[place:], "changed": byte + content[place + 1 :]}
    changed = content[:place] + after[kind]
    if changed == content:  # a byte dropped past the end
        changed = content[:-1]
    audit = found({**files(), path: changed})
    assert [one.place for one in audit.tampered] == [path]


@pytest.mark.parametrize("path", sorted(files()), ids=lambda path: path[:12])
def test_one_byte_more_one_less_and_one_that_is_another_are_found_in_every_file(path: str) -> None:
    content = files()[path]
    for place in (0, len(content) // 2, len(content) - 1):
        flipped = bytes([content[place] ^ 1])
        for changed in (
            content[:place] + flipped + content[place + 1 :],
            content[:place] + content[place + 1 :],
            content[:place] + flipped + content[place:],
        ):
            assert found({**files(), path: changed}, head()).tampered


@settings(max_examples=40)
@given(st.data())
def test_a_report_or_baseline_of_which_a_byte_is_another_is_told_once_and_without_an_anchor(
    data: st.DataObject,
) -> None:
    path = data.draw(st.sampled_from([path for path in sorted(files()) if path.startswith(("reports/", "baselines/"))]))
    content = bytearray(files()[path])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (broken,) = found({**files(), path: bytes(content)}).tampered
    assert (broken.place, broken.what) == (path, "it is not what was written with the line that names it")


def test_of_several_lines_that_name_a_file_the_last_one_counts() -> None:
    path = next(path for path in files() if path.startswith("reports/"))
    more, _ = link(head(), a_year().events[:1], {path: digest_of(b"again")})
    later = {**files(), "events/2026-09.jsonl": files()["events/2026-09.jsonl"] + more}
    assert [one.place for one in found(later).tampered] == [path]
    assert found({**later, path: b"again"}).tampered == ()


@pytest.mark.parametrize("path", sorted(files()), ids=lambda path: path[:12])
def test_a_file_that_is_gone_is_found(path: str) -> None:
    left = {name: content for name, content in files().items() if name != path}
    assert found(left, head()).tampered


@pytest.mark.parametrize(
    "path", ["README.md", "records/x.json", "events/2026-08.txt", "records/a/b", "reports/x.md", "baselines/x.json"]
)
def test_a_file_that_nothing_names_is_found(path: str) -> None:
    audit = found({**files(), path: b"x"})
    assert len(audit.tampered) == 1
    assert path.startswith(audit.tampered[0].place)


def test_baselines_that_name_another_version_or_other_numbers_are_found() -> None:
    path, content = next((path, content) for path, content in files().items() if path.startswith("baselines/"))
    earlier = replace(a_year(), events=a_year().events[:4])
    for other, said in (
        (baselines_of(earlier)[path], "is active, and the events leave v3.1.0_20260102_090000"),
        (content.replace(b'"value":0.03', b'"value":0.09'), "does not follow from the events and records"),
        (content.replace(b'"active":', b'"active": '), "does not follow from the events and records"),
        (b"[]\n", "is not of the form that baselines have"),
        (b'{"active":null}', "it says that no version is active, and the events leave v3.1.0"),
    ):
        assert other != content
        (broken,) = found(ledger_files(a_year(), {path: other})).tampered
        assert (broken.place, said in broken.what) == (path, True), broken.what


def test_a_symbolic_link_in_the_place_of_a_record_is_found() -> None:
    path = next(path for path in files() if path.startswith("records/"))
    repository = MemoryRepository(Path())
    commit = repository.add({**files(), path: Link(files()[path].decode())})
    audit = verify(GitLedger(repository, commit), head(), workers=1)
    assert [(one.place, one.what) for one in audit.tampered] == [
        (path, "it is no ordinary file, but has the mode 120000")
    ]


def test_a_sound_record_in_the_place_of_another_is_found() -> None:
    one, other = [path for path in files() if path.startswith("records/")][:2]
    audit = found({**files(), one: files()[other]})
    assert [broken.place for broken in audit.tampered] == [one]
    assert "holds what has the digest" in audit.tampered[0].what
