"""The page on reliability tells of every step, and leaves no difference unexplained."""

import re
from pathlib import Path

import pytest
from benchmarks.reliability import APP, AT_ONCE, BEGIN, COLUMNS, END, PAGE, WORKFLOW, Told, write

from reliability.faults import Kind
from reliability.steps import STEPS

HOURS = {
    "pulls": 2,
    "limit": 10,
    "hours": [{"requests": 9, "published": 2}],
    "a_minute": [1, 2],
    "an_hour": [2, 3],
    "refused": 0,
}
MET = {"codes": [0, 0], "comments": 1, "says": "passed", "revision": 2, "newest": 2}
CROWDS = {AT_ONCE: MET, APP: HOURS, WORKFLOW: HOURS}


def test_the_page_tells_of_steps_that_there_are_and_its_columns_hold_every_fault() -> None:
    measured = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    steps = measured.partition("\n| **all**")[0].partition("|---|")[2]
    rows = re.findall(r"^\| ([a-z ]+) \|", steps, re.MULTILINE)
    assert rows == [step for step in STEPS if step in rows] != []
    assert "not explained" not in measured
    assert {kind for kinds in COLUMNS.values() for kind in kinds} == {one.value for one in Kind}


def test_a_difference_that_nothing_explains_is_shown_and_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(f"before\n{BEGIN}{END}after\n", encoding="utf-8")
    monkeypatch.setattr("benchmarks.reliability.PAGE", page)
    lists = Kind.HALF_LISTS.value
    same = Told("record", "killed", "GET /a", "killed at request 1", "")
    known = Told("record", lists, "GET /pulls/1/reviews", f"{lists} at request 2", "-a\n+b")
    assert write([same, known], CROWDS, {"record": 2}) == 0
    text = page.read_text(encoding="utf-8")
    assert ("2, 1 differ" in text, "Tried were" in text) == (True, False)
    other = Told("record", "killed", "POST /issues", "killed at request 3", "-a\n+b")
    assert write([same, known, other], CROWDS, {"record": 5}) == 1
    text = page.read_text(encoding="utf-8")
    assert (text.startswith("before\n"), text.endswith("after\n"), "1×: not explained" in text) == (True, True, True)
    assert "Tried were 3 faults of 5: 3 of 5 of record" in text
    assert "killed at request 3 POST /issues:\n-a\n+b" in capsys.readouterr().err
