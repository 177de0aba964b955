"""The page on security: each attack is there once, and the tests that it names carry it out."""

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| T(\d+) \| .* \| ([^|]+) \|$", PAGE, re.MULTILINE)


def carried_out() -> dict[int, set[str]]:
    """The files with a test of each attack, by the number in the test's name."""
    found: dict[int, set[str]] = defaultdict(set)
    for file in TESTS.rglob("test_*.py"):
        for numbers in re.findall(r"^def test_((?:t\d\d_)+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            for number in re.findall(r"\d\d", numbers):
                found[int(number)].add(str(file.relative_to(TESTS)).removeprefix("security/"))
    return found


def test_every_attack_is_told_once_with_the_tests_that_carry_it_out() -> None:
    told = [(int(number), set(re.findall(r"`([^`]+)`", files))) for number, files in ROWS]
    assert [number for number, _ in told] == list(range(1, 36))
    done = carried_out()
    assert set(done) == set(dict(told))
    assert [number for number, files in told if not files or not files <= done[number]] == []
