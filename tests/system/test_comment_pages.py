"""Comments as a browser lays them out: nothing sticks out on a phone or a desk, and what is folded is closed.

GitHub's parser makes the page and a style sheet like GitHub's lays it out; its sanitizer and its scripts are not there.
"""

from pathlib import Path
from typing import Any

import pytest

from builders.pages import layout, layouts, picture

COMMENTS = Path(__file__).parents[1] / "cases" / "comments"
NAMES = sorted(file.stem for file in COMMENTS.glob("*.md"))


Facts = dict[str, dict[str, Any]]


def comment(name: str) -> str:
    return (COMMENTS / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def facts() -> Facts:
    """The layout of every comment in a window of 390 pixels, a phone's, and of 900."""
    return layouts({f"{name}-{width}": (comment(name), width) for name in NAMES for width in (390, 900)})


@pytest.mark.parametrize("width", [390, 900])
@pytest.mark.parametrize("name", NAMES)
def test_a_comment_fits_the_window(name: str, width: int, facts: Facts) -> None:
    found = facts[f"{name}-{width}"]
    assert found["page"] <= width
    assert found["sticking"] == []
    assert found["open"] == 0
    for rows in found["columns"]:
        assert len(set(rows)) == 1, rows


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"several"}))
def test_a_phone_shows_every_table_of_a_promotion_without_scrolling(name: str, facts: Facts) -> None:
    """Two columns, of which the first is as wide as a drawing."""
    assert facts[f"{name}-390"]["scrolling"] == []


def test_the_passed_criteria_and_the_evidence_are_folded(facts: Facts) -> None:
    assert facts["failed-900"]["details"] == 2
    assert facts["failed-900"]["hidden"] == 2


def test_what_is_too_wide_is_noticed() -> None:
    found = layout(f"### x\n\n| a |\n|---|\n| {'x' * 400} |\n\n* `{'y' * 40}` <img width=600>", 390)
    assert found["scrolling"] == [1]
    assert found["page"] > 390


def test_a_picture_shows_something(tmp_path: Path) -> None:
    file = tmp_path / "comment.png"
    picture((COMMENTS / "failed.md").read_text(encoding="utf-8"), file)
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 40_000
