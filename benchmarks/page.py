"""docs/performance.md and its plot, put together of what is kept of each section."""

from benchmarks.log import ROOT
from benchmarks.plot import plot
from benchmarks.sections import SECTIONS, Section
from benchmarks.table import Row, Taken, kept

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "pictures" / "performance.svg"

_HEAD = """\
# Performance

Ratios, measured side by side on one machine by `make bench`, which writes this page. `python -m benchmarks SECTION …` measures
some of the sections below and leaves the others as they are; each says when and on what it was measured.

![Each ratio as a share of its target](pictures/performance.svg)

## How it is measured

* What is compared runs in turns, so that what else the machine does falls on all alike; each run is a process of its own.
  What is told are medians, of three rounds unless a section says otherwise, and the largest memory of all rounds.
* The rows are in one Parquet file (13 columns, snappy, 250,000 rows a group) in the page cache, never on a cold disk: the
  ratios are those of decoding and arithmetic. A log of a real disk or store takes longer on both sides.
* DuckDB is limited to 512 MiB and 2 threads, where we use it and where we are measured beside it. Peak memory is that of the
  whole process, Python and its libraries included.
* The clock of a piece of rows starts when its libraries are imported; the clock of a whole command with the process.
* Whole commands start from compiled bytecode, as an installation leaves it; the bench takes `PYTHONDONTWRITEBYTECODE` out of
  their environment. Where it is set and nothing is compiled, every import is compiled anew, which takes up to 2.6 times as
  long: an image should compile what it installs (`python -m compileall`, or the installer's own switch).
* What has no target is told for comparison. A ratio above its target stays on the page.
"""


def write() -> None:
    """Write the page and the plot anew."""
    PAGE.write_text(page(), encoding="utf-8")
    PLOT.write_text(plot(measured()), encoding="utf-8")


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(section, taken) for section, taken in _taken())])


def measured() -> list[Row]:
    """The rows of all sections."""
    return [row for _, taken in _taken() for row in taken.rows]


def _taken() -> list[tuple[Section, Taken]]:
    found = ((section, kept(section.name)) for section in SECTIONS)
    return [(section, taken) for section, taken in found if taken is not None]


def _section(section: Section, taken: Taken) -> str:
    lines = [row.line() for row in taken.rows]
    table = ["| what | beside | ratio | at most | | |", "|---|---|---|---|---|---|", *lines]
    shown = ["```text", taken.shown, "```", ""] if taken.shown else []
    told = f"`{section.name}`, {taken.at:%Y-%m-%d %H:%M} UTC: {taken.machine}."
    return "\n".join([f"## {section.title}", "", section.text, "", *table, "", *shown, told, ""])
