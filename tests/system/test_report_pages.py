"""Reports in a browser: from disk, without a request or a complaint, without barriers, on a phone, on a desk, and on paper.

Pictures of each are left in the folder that ``RATCHET_PICTURES`` names, where it names one.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from builders.browsing import barriers, layouts_of, opened, unguarded
from builders.pages import photograph, run_browser
from builders.reports import HOSTILE, every_outcome, hostile
from model_ratchet.report.html import as_html

PAGES: Mapping[str, str] = {name: as_html(make()) for name, make in every_outcome().items()}
HOSTILE_PAGES: Mapping[str, str] = {f"hostile-{name}": as_html(hostile(said)) for name, said in HOSTILE.items()}
SPREAD = [*PAGES, "hostile-long", "hostile-closing", "hostile-override"]
"""Pages that are laid out: what is long, or ends elements, could spread."""
WIDTHS = (360, 768, 1440)
BEACON = "<img src=http://127.0.0.1:9/beacon.png>"
SCRIPT = "<script>document.title = 'owned'; console.error('owned')</script>"

Facts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def layouts() -> Facts:
    """Each page, hostile ones too, in the windows of a phone, a tablet and a desk."""
    pages = {**PAGES, **HOSTILE_PAGES}
    return layouts_of({f"{name}-{width}": (pages[name], width) for name in SPREAD for width in WIDTHS})


@pytest.fixture(scope="module", params=["light", "dark"])
def found(request: pytest.FixtureRequest) -> tuple[str, Facts]:
    """What axe says of each page, for those who prefer light or dark ones."""
    pages = {**PAGES, "hostile": HOSTILE_PAGES["hostile-override"]}
    return request.param, barriers(pages, dark=request.param == "dark")


@pytest.mark.parametrize("name", ["stored", "mixed", "hostile-script", "hostile-image", "hostile-closing"])
def test_a_report_opens_from_disk_without_a_request_and_without_a_complaint(name: str) -> None:
    seen = opened({**PAGES, **HOSTILE_PAGES}[name])
    assert (seen.requests, seen.complaints) == (frozenset(), ())


def test_what_was_smuggled_into_a_page_neither_runs_nor_loads() -> None:
    page = PAGES["failed"].replace("</body>", f"{BEACON}{SCRIPT}</body>")
    seen = opened(page)
    assert seen.requests == frozenset()
    assert len(seen.complaints) == 2
    assert all("Content Security Policy" in one for one in seen.complaints)
    assert opened(unguarded(page)).requests == frozenset({"http://127.0.0.1:9/beacon.png"})


@pytest.mark.parametrize("name", [*PAGES, "hostile"])
def test_axe_finds_no_barrier(name: str, found: tuple[str, Facts]) -> None:
    theme, facts = found
    assert facts[name]["violations"] == []
    assert facts[name]["passes"] > 20
    assert facts[name]["ground"] == {"light": "rgb(246, 247, 249)", "dark": "rgb(14, 18, 23)"}[theme]


def test_axe_would_find_one() -> None:
    page = PAGES["failed"].replace("</main>", "<p style='color:#ccc;background:#fff'>pale</p><img src=data:,></main>")
    told = barriers({"one": page}, dark=False)["one"]["violations"]
    assert {one.partition(":")[0] for one in told} == {"color-contrast", "image-alt"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SPREAD)
def test_a_report_fits_the_window(name: str, width: int, layouts: Facts) -> None:
    facts = layouts[f"{name}-{width}"]
    assert facts["page"] <= width
    assert facts["sticking"] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_letters_of_a_chart_can_be_read(width: int, layouts: Facts) -> None:
    facts = layouts[f"stored-{width}"]
    assert facts["charts"] == 7
    assert facts["letters"] >= 9


@pytest.mark.parametrize("name", PAGES)
def test_a_desk_shows_the_verdict_on_its_first_screen(name: str, layouts: Facts) -> None:
    assert layouts[f"{name}-1440"]["first"] <= 900


def test_what_is_too_wide_is_noticed() -> None:
    page = PAGES["failed"].replace("</main>", "<p style='width:600px'>x</p></main>")
    facts = layouts_of({"one": (page, 360)})["one"]
    assert facts["page"] > 360
    assert facts["sticking"]


def test_a_report_is_printed_without_what_is_folded_and_without_what_leads_elsewhere() -> None:
    with tempfile.TemporaryDirectory() as folder:
        page, paper = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(PAGES["stored"], encoding="utf-8")
        run_browser(folder, f"--print-to-pdf={paper}", "--no-pdf-header-footer", f"file://{page}")
        content = paper.read_bytes()
    assert content.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 4 <= pages <= 14


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_it_is_taken(theme: str, width: int, tmp_path: Path) -> None:
    folder = Path(os.environ.get("RATCHET_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"report-{width}-{theme}.png"
    photograph(PAGES["stored"], file, width=width, height=1800, dark=theme == "dark")
    assert file.stat().st_size > 60_000
