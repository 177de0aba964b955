"""Graphs: a rule block by block against its limit, as a chart that GitHub draws (Mermaid)."""

from collections.abc import Iterator, Sequence

from model_ratchet.engine.watch.course import Point
from model_ratchet.report import numbers

MOST = 24
"""Blocks that are drawn: the newest."""
_QUOTES = str.maketrans({'"': "'", "\n": " ", "`": "'"})


def graph(about: str, points: Sequence[Point]) -> str:
    """A chart under its title, and what its lines are; empty where fewer than two blocks hold a value.

    A block without a row repeats the one before it, because a chart has no gaps; how many did is said.
    """
    shown = points[-MOST:]
    known = [one for one in shown if one.version is not None]
    if len(known) < 2:
        return ""
    lines = {
        "the version": [one.version for one in shown],
        "what it is compared with": [one.reference for one in shown],
        "the limit": [one.limit for one in shown],
    }
    drawn = {name: _filled(values) for name, values in lines.items() if any(value is not None for value in values)}
    largest = max(value for values in drawn.values() for value in values)
    least = min(0.0, *(value for values in drawn.values() for value in values))
    times = ", ".join(f'"{one.start:%d. %H:%M}"' for one in shown)
    missing = len(shown) - len(known)
    said = f"Lines: {', '.join(drawn)}, in blocks from {numbers.instant(shown[0].start)}."
    if missing:
        said += f" {missing} of the {len(shown)} blocks hold no row of the version and repeat the one before."
    return "\n".join(
        (
            "```mermaid",
            "xychart-beta",
            f'    title "{about.translate(_QUOTES)}"',
            f"    x-axis [{times}]",
            f"    y-axis {least:.6g} --> {1.1 * largest or 1:.6g}",
            *(f"    line [{', '.join(f'{value:.6g}' for value in values)}]" for values in drawn.values()),
            "```",
            "",
            said,
        )
    )


def graphs(found: Iterator[tuple[str, Sequence[Point]]]) -> str:
    """All charts, below each other."""
    return "\n\n".join(drawn for about, points in found if (drawn := graph(about, points)))


def _filled(values: Sequence[float | None]) -> list[float]:
    """Without gaps: each repeats what was before it, and at the beginning what comes first."""
    last = next((value for value in values if value is not None), 0.0)
    found = []
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found
