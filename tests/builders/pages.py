"""GitHub's Markdown as a page: the real parser, a style sheet like GitHub's, and a headless Chromium to look at it."""

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options

from components import absent

STYLE = (Path(__file__).parent / "github.css").read_text(encoding="utf-8")
_FACTS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const seen = (one) => one.checkVisibility({contentVisibilityAuto: true});
const body = document.querySelector('article');
document.body.dataset.facts = JSON.stringify({
  page: document.documentElement.scrollWidth, window: window.innerWidth,
  sticking: all('article > *, article li, article details > *').filter(
    (one) => one.getBoundingClientRect().right > body.getBoundingClientRect().right + 1).map((one) => one.tagName),
  scrolling: all('table').filter((one) => seen(one) && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.rows[0].cells.length),
  hidden: all('details > table').filter((one) => !seen(one)).length,
  columns: all('table').map((table) => [...table.rows].map((row) => row.cells.length)),
  open: all('details[open]').length, details: all('details').length,
  heading: document.querySelector('h3').innerText,
  height: document.documentElement.scrollHeight,
});
"""

_COLLECT = """
window.onload = async () => {
  const found = {};
  for (const frame of [...document.querySelectorAll('iframe')]) {
    const body = frame.contentDocument.body;
    while (!body.dataset.facts) await new Promise((done) => setTimeout(done, 20));
    found[frame.name] = JSON.parse(body.dataset.facts);
  }
  const shown = document.createElement('pre');
  shown.textContent = JSON.stringify(found);
  document.body.replaceChildren(shown);
};
"""


def as_html(markdown: str) -> str:
    """What GitHub's parser makes of a comment, before its sanitizer: tests look at what that would have to remove."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS  # a comment's line break is a line break
    return str(cmarkgfm.github_flavored_markdown_to_html(markdown, options))


def as_page(markdown: str, *, script: str = "") -> str:
    """A page with one comment."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>comment</title><style>{STYLE}</style><body><article>{as_html(markdown)}</article>"
        f"<script>{script}</script></body></html>"
    )


def chromium() -> str:
    """The path of the browser; the test that asks is skipped, visibly, where there is none."""
    found = shutil.which("chromium")
    if found is None:
        absent("chromium", "apt-get install chromium")
    return found


def layouts(pages: Mapping[str, tuple[str, int]]) -> dict[str, dict[str, Any]]:
    """What a browser says of each comment in a window of so many pixels, by name; one start of the browser for all."""
    return told({name: (as_page(markdown, script=_FACTS), width) for name, (markdown, width) in pages.items()})


def told(pages: Mapping[str, tuple[str, int]], *flags: str) -> dict[str, dict[str, Any]]:
    """What the script of each page has left in ``document.body.dataset.facts``, in windows of so many pixels.

    Headless Chromium makes no window narrower than 500 pixels, so frames hold the pages.
    """
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for index, (name, (page, width)) in enumerate(pages.items()):
            (Path(folder) / f"{index}.html").write_text(page, encoding="utf-8")
            frames.append(
                f'<iframe name="{name}" width={width} height=800 style="border:0" src="{index}.html"></iframe>'
            )
        outer = Path(folder) / "outer.html"
        outer.write_text(f"<!doctype html><body>{''.join(frames)}<script>{_COLLECT}</script>", encoding="utf-8")
        given = ["--allow-file-access-from-files", "--virtual-time-budget=60000", "--dump-dom", *flags]
        shown = run_browser(folder, *given, f"file://{outer}").stdout.decode("utf-8")
    text = re.search(r"<pre>(.*)</pre>", shown, re.DOTALL)
    assert text is not None, shown[-500:]
    found: dict[str, dict[str, Any]] = json.loads(html.unescape(text[1]))
    return found


def layout(markdown: str, width: int) -> dict[str, Any]:
    """The same of one comment."""
    return layouts({"one": (markdown, width)})["one"]


def picture(markdown: str, file: Path, *, width: int = 900, height: int = 1200, scale: float = 1) -> None:
    """A PNG of a comment."""
    photograph(as_page(markdown), file, width=width, height=height, scale=scale)


def photograph(page: str, file: Path, *, width: int, height: int, scale: float = 1, dark: bool = False) -> None:
    """A PNG of a page; narrow ones stand in a frame, because headless Chromium makes no window below 500 pixels."""
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "page.html"
        shown.write_text(page, encoding="utf-8")
        if width < 500:
            frame = (
                f"<body style='margin:0'><iframe width={width} height={height} style='border:0' src=page.html></iframe>"
            )
            shown = Path(folder) / "frame.html"
            shown.write_text(f"<!doctype html>{frame}</body>", encoding="utf-8")
        size = [f"--window-size={width},{height}", f"--force-device-scale-factor={scale}", "--hide-scrollbars"]
        run_browser(folder, *size, *scheme(dark=dark), f"--screenshot={file}", f"file://{shown}")


def scheme(*, dark: bool) -> list[str]:
    """The flags for a reader who prefers dark pages."""
    return ["--blink-settings=preferredColorScheme=0"] if dark else []


def dom(url: str) -> str:
    """A page as a browser holds it once its scripts have run, without a network."""
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom"]
        return run_browser(folder, *flags, url).stdout.decode("utf-8")


def run_browser(folder: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """The browser without a window, its profile in a folder; it has no more than two minutes."""
    command = [
        chromium(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--no-first-run",
        "--disable-lcd-text",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder}/profile",
        *arguments,
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=120)
