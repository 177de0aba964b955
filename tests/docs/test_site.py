"""The documentation as a site: built strictly, without anything from elsewhere, and read and searched from a disk."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pages import dom

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``make site-docs`` builds it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    # without --quiet, which would keep warnings from being counted
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    for page in sorted(site.rglob("*.html")):
        yield page, page.read_text(encoding="utf-8")


def test_every_page_is_built_and_no_program(site: Path) -> None:
    expected = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    expected = {path.with_name("index.html") if path.stem == "README" else path for path in expected}
    assert {page.relative_to(site) for page, _ in pages(site)} == expected | {Path("404.html")}
    assert list(site.rglob("*.py")) == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page, text in pages(site):
        for address in LOADED.findall(text):
            assert "//" not in address, (page.name, address)
            if page.name != "404.html":  # which a server shows at any address, so that it names all from the root
                assert (page.parent / address).exists(), (page.name, address)
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


def test_the_search_works_from_a_disk(site: Path) -> None:
    shown = dom(f"file://{site}/index.html?q=alertmanager")
    assert "matching document" in shown
    assert re.search(r'href="[^"]*alerts\.html[^"]*" class="md-search-result__link"', shown)


def test_a_link_out_of_the_documentation_leads_to_the_file_on_github(site: Path) -> None:
    told = (site / "security.html").read_text(encoding="utf-8")
    assert 'href="https://github.com/model-ratchet/model-ratchet/blob/main/SECURITY.md"' in told
