"""The marker: read back as it was written, at the very start, and from nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.markup import by_github
from model_ratchet.report.marker import Marker, read_marker

HEAD = "4f1c9a7e2b8d03564f1c9a7e2b8d03564f1c9a7e"
MARKER = Marker(head=HEAD, base="main", run=17, attempt=2)
LINE = f"<!-- ratchet:v1 head={HEAD} base=main run=17 attempt=2 -->"


def test_a_marker_is_one_line() -> None:
    assert str(MARKER) == LINE
    assert read_marker(f"{LINE}\n### x") == MARKER
    assert read_marker(f"{LINE}\r\n### x") == MARKER


@given(base=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), run=st.integers(0, 10**15))
def test_any_branch_comes_back_and_stays_hidden(base: str, run: int) -> None:
    marker = Marker(head=HEAD, base=base, run=run)
    assert read_marker(f"{marker}\nx") == marker
    shown = by_github(f"{marker}\nx")
    assert shown.text.strip() == "x"
    assert len(shown.comments) == 1
    assert "--" not in str(marker).removeprefix("<!--").removesuffix("-->")


def test_no_branch_ends_the_comment_that_hides_it() -> None:
    assert "base=a-%2D%3E-%2D%21%3E " in str(Marker(head=HEAD, base="a-->--!>", run=1))


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "x",
        f" {LINE}",
        f"\n{LINE}",
        f"x {LINE}",
        f"> {LINE}",
        f"{LINE} x",
        f"\ufeff{LINE}",
        LINE.replace("v1", "v01"),
        LINE.replace("run=17", "run=-17"),
        LINE.replace("run=17", "run=017"),
        LINE.replace("run=17", "run=１７"),
        LINE.replace("base=main", "base=m%61in"),
        LINE.replace("base=main", "base=%ff"),
        LINE.replace("base=main", "base="),
        LINE.replace(HEAD, HEAD[:39]),
        LINE.replace(HEAD, HEAD.upper()),
        LINE.replace("-->", "--> <!-- -->"),
        LINE.replace("ratchet", "Ratchet"),
        LINE.removesuffix("-->"),
    ],
)
def test_what_comes_close_is_no_marker(comment: str) -> None:
    assert read_marker(comment) is None


def test_a_later_version_of_the_marker_is_read_too() -> None:
    later = read_marker(LINE.replace("v1", "v2"))
    assert later is not None
    assert later.schema == 2


def test_revisions_are_in_order_of_run_and_attempt() -> None:
    revisions = [
        Marker(head=HEAD, base="main", run=run, attempt=attempt).revision for run, attempt in ((9, 2), (10, 1))
    ]
    assert revisions == sorted(revisions)


@pytest.mark.parametrize("wrong", [{"head": "main"}, {"base": ""}, {"run": -1}, {"attempt": -1}])
def test_a_marker_that_could_not_be_read_back_is_not_made(wrong: dict[str, object]) -> None:
    given_: dict[str, object] = {"head": HEAD, "base": "main", "run": 1}
    with pytest.raises(ValueError, match=r"no commit id|can't be written"):
        Marker(**(given_ | wrong))  # type: ignore[arg-type]
