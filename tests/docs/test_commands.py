"""Every command that a page tells people to type is one that there is."""

import re
import shlex
from pathlib import Path

import pytest

from model_ratchet.cli import parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLACES = {"<name>/<version>": "standard/1.0.0", "<model>": "demo", "<version>": "v1.0.0_20250101_000000", "…": "x"}


def typed(page: Path) -> list[str]:
    """The commands of ratchet in the blocks of a page; a command in a sentence may leave its arguments out."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```(?:console|sh)?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [one for block in blocks for one in re.findall(r"^ *(?:\$ )?(ratchet .*)$", block, re.MULTILINE)]


@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_of_a_page_is_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in typed(page):
        filled = re.sub("|".join(PLACES), lambda place: PLACES[place[0]], command)
        try:
            parser().parse_args(shlex.split(filled, comments=True)[1:])
        except SystemExit:
            pytest.fail(f"{command}: {capsys.readouterr().err}")


def test_commands_are_found_on_the_pages() -> None:
    assert sum(len(typed(page)) for page in PAGES) > 40
