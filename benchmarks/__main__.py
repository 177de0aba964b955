"""Measures sections of docs/performance.md, and writes the page anew after each.

python -m benchmarks [SECTION …]    (all without a name; `page` measures nothing)
"""

import sys

from benchmarks.measure import say
from benchmarks.page import PAGE, write
from benchmarks.sections import SECTIONS
from benchmarks.table import keep


def main() -> None:
    """Measures and writes; what is kept of a section stays where a later one is cut off."""
    known = [section.name for section in SECTIONS]
    asked = sys.argv[1:] or known
    unknown = [name for name in asked if name not in (*known, "page")]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)} and page")
    for section in SECTIONS:
        if section.name in asked:
            say(f"{section.name}: about {section.minutes:g} minutes")
            keep(section.name, section.measure(), section.libraries)
            write()
    write()
    say(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
