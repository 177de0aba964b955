"""Pages in a browser: what they ask for, what it complains of, how they are laid out, and what axe finds of barriers."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.pages import run_browser, scheme, told
from components import absent

_AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_BARRIERS = """
axe.run(document, {resultTypes: ['violations', 'incomplete']}).then((found) => {
  const told = (results) => results.flatMap((one) => one.nodes.map((node) => one.id + ': ' + node.html.slice(0, 200)));
  document.body.dataset.facts = JSON.stringify({
    violations: told(found.violations), passes: found.passes.length,
    ground: getComputedStyle(document.body).backgroundColor});
});
"""
_LAYOUT = """
const all = (selector) => [...document.querySelectorAll(selector)];
const seen = (one) => one.checkVisibility({contentVisibilityAuto: true}) && one.getBoundingClientRect().width > 1;
const scrolling = (one) => one.closest('.scroll, pre, svg, .heard') !== null;
const place = (one) => one.getBoundingClientRect();
const letters = all('svg text').filter(seen).map((one) => {
  const box = one.ownerSVGElement;
  return parseFloat(getComputedStyle(one).fontSize) * place(box).width / box.viewBox.baseVal.width;
});
document.body.dataset.facts = JSON.stringify({
  page: document.documentElement.scrollWidth, window: window.innerWidth,
  sticking: all('body *').filter((one) => seen(one) && !scrolling(one) && place(one).right > window.innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120)),
  letters: Math.min(...letters, 99), first: place(document.querySelector('main > section')).bottom,
  charts: all('figure svg.chart').filter(seen).length, tables: all('table').filter(seen).length,
  focused: all('a, summary, [tabindex]').filter(seen).length,
});
"""


@dataclass(frozen=True)
class Opened:
    """What a browser asked for and what it complained of, when it opened a page from disk."""

    requests: frozenset[str]
    complaints: tuple[str, ...]


def opened(page: str) -> Opened:
    """Open a page from disk."""
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "report.html", Path(folder) / "net.json"
        file.write_text(page, encoding="utf-8")
        flags = [f"--log-net-log={log}", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000", "--dump-dom"]
        done = run_browser(folder, *flags, f"file://{file}")
        requests = frozenset(_requested(log))
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    return Opened(requests, tuple(line for line in lines if "CONSOLE" in line))


def barriers(pages: Mapping[str, str], *, dark: bool) -> dict[str, dict[str, Any]]:
    """What axe finds in each page. Its script has to run in the page, so that the page's own policy is taken out."""
    if not _AXE.exists():
        absent("axe-core", "tests/components/install.sh")
    axe = _AXE.read_text(encoding="utf-8")
    return told({name: (_with(page, axe + _BARRIERS), 1200) for name, page in pages.items()}, *scheme(dark=dark))


def layouts_of(pages: Mapping[str, tuple[str, int]]) -> dict[str, dict[str, Any]]:
    """How each page is laid out in a window of so many pixels."""
    return told({name: (_with(page, _LAYOUT), width) for name, (page, width) in pages.items()})


def unguarded(page: str) -> str:
    """The page without the policy that keeps a browser from running and loading anything."""
    assert _POLICY.search(page) is not None
    return _POLICY.sub("", page)


def _with(page: str, script: str) -> str:
    return unguarded(page).replace("</body>", f"<script>{script}</script></body>")


def _requested(log: Path) -> Iterator[str]:
    """The addresses that the page asked for, of the browser's own log of its network; what it asks for itself is no page's."""
    for event in json.loads(log.read_text(encoding="utf-8"))["events"]:
        asked = event.get("params", {})
        if "url" in asked and asked.get("initiator", "not an origin") != "not an origin":
            yield asked["url"]
