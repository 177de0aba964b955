"""Reports and the site driven from a keyboard: Debian's Chromium gets each key as a person presses it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from builders.ledgers import AT, POLICY, a_year, keep
from builders.pages import chromium
from builders.reports import every_outcome
from builders.repositories import a_repo
from builders.scaffolds import ROOT
from model_ratchet.actions.site import SiteInput, site
from model_ratchet.documents.events import Hold
from model_ratchet.report.html import as_html

MODEL = (ROOT / "policies" / "models" / "flight-delay.yaml").read_text(encoding="utf-8")
REPORTS = every_outcome()
REACHED = (
    "[...document.querySelectorAll('a, summary, input, [tabindex]')].filter((one) => one.checkVisibility()).length"
)
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), place = one.getBoundingClientRect();
  return {body: one === document.body, outline: style.outlineStyle, width: parseFloat(style.outlineWidth),
    seen: place.bottom > 0 && place.top < innerHeight && place.width > 0,
    index: [...document.querySelectorAll('*')].indexOf(one)};
}"""
ROWS = "document.querySelectorAll('tbody tr:not([hidden])').length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    complaints: list[str] = []
    found.on("pageerror", lambda error: complaints.append(str(error)))
    found.on("console", lambda said: complaints.append(said.text))
    found.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
    yield found
    found.close()
    assert complaints == []


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a year."""
    folder = tmp_path_factory.mktemp("site")
    repo = a_repo(
        folder / "origin", {"policies/standard/1.0.0.yaml": POLICY, "policies/models/flight-delay.yaml": MODEL}
    )
    held = [Hold(at=AT + timedelta(hours=10 + n), model=f"m{n}", because="errors") for n in range(12)]
    keep(repo, [*a_year().events, *held], a_year().records)
    site(SiteInput(repo=repo.path, base="main"), folder / "site")
    return folder / "site"


@pytest.mark.parametrize("name", REPORTS)
def test_tab_reaches_all_of_a_report_in_order_and_shows_where_it_is(name: str, page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, name)
    reached = page.evaluate(REACHED)
    assert reached > 3
    before = -1
    for _ in range(reached):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        assert (now["body"], now["outline"], now["seen"]) == (False, "solid", True), now
        assert now["width"] >= 2
        assert now["index"] > before
        before = now["index"]


def test_a_link_leads_to_its_section_and_enter_unfolds_what_is_folded(page: Page, tmp_path: Path) -> None:
    _open(page, tmp_path, "stored")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    assert page.url.endswith(first)
    assert 0 <= page.evaluate(f"document.querySelector('{first}').getBoundingClientRect().top") < 800
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    opened = "document.activeElement.parentElement.open"
    assert page.evaluate(opened) is False
    page.keyboard.press("Enter")
    assert page.evaluate(opened) is True
    page.keyboard.press("Space")
    assert page.evaluate(opened) is False


def test_decisions_are_filtered_as_they_are_typed_and_escape_shows_them_again(page: Page, pages: Path) -> None:
    page.goto((pages / "timeline" / "2026-08.html").as_uri())
    whole = page.evaluate(ROWS)
    while page.evaluate("document.activeElement.type") != "search":
        page.keyboard.press("Tab")
    page.keyboard.type("held M1")
    said = "document.querySelector('[role=status]').textContent"
    assert (page.evaluate(ROWS), page.evaluate(said)) == (3, f"3 of {whole}")
    page.keyboard.press("Escape")
    assert (page.evaluate(ROWS), page.evaluate(said)) == (whole, f"{whole}")


def test_a_model_is_found_and_opened_without_a_mouse(page: Page, pages: Path) -> None:
    page.goto((pages / "index.html").as_uri())
    while page.evaluate("document.activeElement.type") != "search":
        page.keyboard.press("Tab")
    page.keyboard.type("flight")
    while page.evaluate("document.activeElement.tagName") != "A":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/flight-delay.html")
    assert "flight-delay" in page.inner_text("h1")


def _open(page: Page, folder: Path, name: str) -> None:
    file = folder / "report.html"
    file.write_text(as_html(REPORTS[name]()), encoding="utf-8")
    page.goto(file.as_uri())
