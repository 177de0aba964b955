"""Mutants are what they are said to be, and the page of survivors is about the code that is there."""

from types import FunctionType

import pytest

from mutation import results
from mutation.__main__ import DECIDING, PACKAGE, PAGE
from mutation.mutants import Module
from mutation.results import Tried

SOURCE = '''
def decide(value: float, limit: float = 1.0, *, strict: bool) -> bool:
    """Whether it passes."""
    if strict and not value > 0:
        raise ValueError("a value is above 0")
    for one in [value + 1 for value in range(3) if value]:
        print(one)
    return min(value, limit) <= -2
'''
CHANGES = [
    "if [strict and (not value > 0) → False]:",
    "if [strict and (not value > 0) → not value > 0]:",
    "if strict[ and (not value > 0) → ]:",
    "if strict and [(not value > 0) → value > 0]:",
    "if strict and (not value [> → >=] 0):",
    "if strict and (not value [> → <=] 0):",
    "if strict and (not value > [0 → 1]):",
    "for one in [value [+ → -] 1 for value in range(3) if value]:",
    "… in [value + 1 for value in range(3) if [value → True]]:",
    "for one in [value + [1 → 2] for value in range(3) if value]:",
    "…or one in [value + 1 for value in range([3 → 4]) if value]:",
    "[print(one) → pass]",
    "return min(value, limit) [<= → <] -2",
    "return min(value, limit) [<= → >] -2",
    "return [min → max](value, limit) <= -2",
    "return min(value, limit) <= [- → ]2",
    "return min(value, limit) <= -[2 → 3]",
]


def test_every_change_is_one_change_and_words_and_what_is_raised_are_left_alone() -> None:
    assert sorted(one.change for one in Module(SOURCE, "decide.py").mutants) == sorted(CHANGES)


def test_the_same_change_twice_in_a_function_is_told_apart() -> None:
    source = "def decide(a, b):\n    a += 1\n    a += 1\n    return a\n"
    names = [one.name for one in Module(source, "decide.py").mutants]
    assert len(names) == len(set(names)) == 4
    assert "decide: a += [1 → 2] (2)" in names


def test_a_mutant_runs_with_its_change_and_the_next_one_without_it() -> None:
    module = Module("class A:\n    def at(self, n):\n        return n + 1\n", "a.py")
    minus, two = module.mutants
    codes = [module.code(one) for one in (minus, two)]
    assert [FunctionType(code, {})(None, 5) for code in codes if code is not None] == [4, 7]


def test_a_change_that_the_compiler_does_not_see_is_none() -> None:
    source = "def f(n):\n    if n:\n        return None\n    while True:\n        continue\n"
    module = Module(source, "f.py")
    assert [one.change for one in module.mutants if module.code(one) is None] == []
    same = Module("def f():\n    return 1.0 * 1.0\n", "f.py")
    assert [one.change for one in same.mutants if same.code(one) is None] == ["return 1.0 [* → /] 1.0"]


def test_traced_code_tells_the_lines_that_it_reaches() -> None:
    source = "def f(n):\n    '''Says.'''\n    if n:\n        return 1\n    else:\n        n = 2\n    return n\n"
    (code,) = Module(source, "f.py").traced("told").values()
    lines: list[int] = []
    assert FunctionType(code, {"told": lines.append})(0) == 2
    assert lines == [3, 6, 7]


def test_a_case_is_reached_with_the_match_that_it_belongs_to() -> None:
    source = "def f(n):\n    match n:\n        case int() if n > 0:\n            return 1\n"
    module = Module(source, "f.py")
    assert {one.line for one in module.mutants if "case" in one.change} == {2}


def test_every_reason_is_about_a_mutant_that_there_is() -> None:
    stale = [
        f"{name}: {change}"
        for name, given in results.reasons().items()
        for change in given.keys() - {one.name for one in Module((PACKAGE / name).read_text("utf-8"), name).mutants}
    ]
    assert stale == []


@pytest.mark.parametrize(("killed", "missing"), [(9, []), (8, ["stats/a.py: f: 0"])], ids=["enough", "too-few"])
def test_survivors_need_a_reason_where_fewer_than_nine_of_ten_are_killed(killed: int, missing: list[str]) -> None:
    tried = {"stats/a.py": Tried("", 10, {f"f: {place}": place >= 10 - killed for place in range(10)})}
    reasons = {"stats/a.py": {"f: 1": "it only names it"}}
    assert results.unexplained(tried, reasons) == missing
    page = results.page(tried, reasons)
    assert f"| `stats` | 1 | 10 | {killed} | {killed}0% |" in page
    assert "* `f`: ``0`` – **not explained yet**" in page


def test_the_page_names_all_that_decides() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [part for part in DECIDING if f"| `{part}` |" not in text] == []
