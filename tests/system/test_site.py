"""The pages of all models, from the command line and in a browser: written once, written again only where something moved."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.browsing import barriers, layouts_of, opened, unguarded
from builders.ledgers import AT, POLICY, a_year, keep
from builders.pages import told
from builders.repositories import Repo, a_repo
from builders.scaffolds import ROOT
from model_ratchet.cli import ExitCode, run
from model_ratchet.documents.events import Hold
from model_ratchet.engine.record import digest
from model_ratchet.report.site.seen import report_path

MODEL = (ROOT / "policies" / "models" / "flight-delay.yaml").read_text(encoding="utf-8")
HOSTILE = "<script>document.title='owned'</script>"
_TYPED = """
const box = document.querySelector('input[type=search]');
const rows = () => [...document.querySelector('tbody').rows].filter((row) => row.checkVisibility()).length;
const before = rows();
box.focus();
box.value = 'PROMOTED  flight';
box.dispatchEvent(new Event('input'));
const found = rows();
box.value = 'nothing like it';
box.dispatchEvent(new Event('input'));
document.body.dataset.facts = JSON.stringify({
  before, found, none: rows(), said: document.querySelector('[role=status]').textContent,
  label: box.labels[0].textContent, focused: document.activeElement === box});
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = a_repo(
        tmp_path / "origin", {"policies/standard/1.0.0.yaml": POLICY, "policies/models/flight-delay.yaml": MODEL}
    )
    keep(made, a_year().events, a_year().records)
    return made


@pytest.fixture
def write(repo: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Write the site, and what the command says."""

    def written() -> str:
        assert (
            run(["site", "--repo", str(repo.path), "--base", "main", "-o", str(tmp_path / "site")]) == ExitCode.PASSED
        )
        return capsys.readouterr().out.partition(": ")[2]

    return written


def test_the_site_is_written_once_and_then_only_where_something_moved(
    repo: Repo, write: Callable[[], str], tmp_path: Path
) -> None:
    site, (_, newest, _) = tmp_path / "site", a_year().records
    report = report_path(digest(newest))
    assert write() == "4 of 4 pages written, 1 of them reports\n"
    there = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert there == {"index.html", "models/flight-delay.html", "timeline/2026-08.html", report}
    assert write() == "0 of 4 pages written, 0 of them reports\n"
    before = (site / report).read_bytes()
    hold = Hold(at=AT + timedelta(days=60), model="fraud", because=HOSTILE)
    keep(repo, [hold], [])
    assert write() == "3 of 6 pages written, 0 of them reports\n"
    assert (site / report).read_bytes() == before
    (site / "timeline" / "2026-08.html").unlink()
    assert write() == "1 of 6 pages written, 0 of them reports\n"


def test_pages_of_what_is_gone_are_removed_and_a_folder_of_something_else_is_left_alone(
    write: Callable[[], str], tmp_path: Path, repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    kept = json.loads((tmp_path / "site" / "pages.json").read_text())
    (tmp_path / "site" / "old.html").write_text("old")
    (tmp_path / "site" / "pages.json").write_text(json.dumps({**kept, "old.html": "x"}))
    write()
    assert not (tmp_path / "site" / "old.html").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    assert run(["site", "--repo", str(repo.path), "-o", str(tmp_path / "mine")]) == ExitCode.INVALID
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_list_of_pages_that_names_others_removes_nothing_outside(write: Callable[[], str], tmp_path: Path) -> None:
    write()
    outside = tmp_path / "outside.html"
    outside.write_text("mine")
    kept = json.loads((tmp_path / "site" / "pages.json").read_text())
    (tmp_path / "site" / "pages.json").write_text(json.dumps({**kept, "../outside.html": "x", str(outside): "x"}))
    write()
    assert outside.exists()


def test_the_pages_open_from_disk_without_a_request_and_are_filtered(
    repo: Repo, write: Callable[[], str], tmp_path: Path
) -> None:
    keep(repo, [Hold(at=AT + timedelta(hours=10 + n), model=f"m{n}", because=HOSTILE) for n in range(12)], [])
    write()
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html")}
    for name in ("index.html", "flight-delay.html", "2026-08.html"):
        seen = opened(pages[name])
        assert (seen.requests, seen.complaints) == (frozenset(), ())
    ours = {name: page for name, page in pages.items() if len(name) < 30}
    for dark in (False, True):
        found = barriers({name: ours[name] for name in ("index.html", "flight-delay.html")}, dark=dark)
        assert [one["violations"] for one in found.values()] == [[], []]
    laid = layouts_of({f"{width}": (ours["index.html"], width) for width in (360, 768, 1440)})
    assert [(facts["page"] <= int(width), facts["sticking"]) for width, facts in laid.items()] == [(True, [])] * 3
    assert filtered(ours["2026-08.html"]) == {
        "before": 15,
        "found": 2,
        "none": 0,
        "said": "0 of 15",
        "label": "Filter decisions ",
        "focused": True,
    }


def filtered(page: str) -> dict[str, Any]:
    """What the search box does, once the page's own script has run."""
    shown = unguarded(page).replace("</body>", f"<script>{_TYPED}</script></body>")
    facts: dict[str, Any] = told({"one": (shown, 1200)})["one"]
    return facts


def test_without_its_script_a_page_shows_every_row(write: Callable[[], str], tmp_path: Path) -> None:
    write()
    page = (tmp_path / "site" / "models" / "flight-delay.html").read_text(encoding="utf-8")
    assert page.partition('id="timeline"')[2].count("<tr>") == 1 + len(a_year().events)
    assert '<section id="scorecard"' in page
    assert re.search(r"<input|hidden", page.partition("<script>")[0].partition("</style>")[2]) is None
