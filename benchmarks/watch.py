"""Simulates the watch, replays a real series through it, and writes the tables of docs/watch.md.

python -m benchmarks.watch [FOLDER OF THE SERIES [MODEL-DAYS]]    (default: ../shared/data 10000)
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.log import ROOT
from benchmarks.watch_days import World, caught, median_hours, quiet_days, share_within
from benchmarks.watch_series import ANOMALIES, FILE, THRESHOLDS, Series, points, seen

PAGE = ROOT / "docs" / "watch.md"
DAYS = 100
HARM = 0.08
HARMED = 200

WORLDS = tuple(
    World(rows=rows, icc=icc, paired=paired)
    for paired in (True, False)
    for rows in (5_000, 200)
    for icc in (0.0, 0.02, 0.1)
)
OWN = tuple(World(rows=5_000, icc=0.02, own=own) for own in (0.01, 0.02))


def main(arguments: Sequence[str]) -> None:
    """Simulates and writes."""
    folder = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "data"
    models = int(arguments[1] if len(arguments) > 1 else 10_000) // DAYS
    write(PAGE, "series", series_table(folder))
    write(PAGE, "days", table(days_rows(models)))


def days_rows(models: int) -> Iterator[str]:
    """The header and a row for each world."""
    yield "rows a day | design | ICC of days | the watch | hour's point | day's point | −8 pp: in 24 h | half of them after"
    yield " | ".join(["---"] * 8)
    for world in (*WORLDS, *OWN):
        print(world, file=sys.stderr, flush=True)
        quiet = quiet_days(world, models=models, days=DAYS)
        harm = caught(world, models=HARMED, drop=HARM)
        design = "pairs" if world.paired else "two arms"
        own = f", own days ±{100 * world.own:g} pp" if world.own else ""
        per_thousand = [
            f"{1_000 * count / quiet.days:.2f}" for count in (quiet.watch, quiet.point_hour, quiet.point_day)
        ]
        half = median_hours(harm)
        yield " | ".join(
            [
                f"{world.rows:,}",
                design + own,
                f"{world.icc:g}",
                *per_thousand,
                f"{share_within(harm, 24):.0%}",
                _hours(half),
            ]
        )
    world = WORLDS[1]
    late = caught(world, models=HARMED, drop=HARM, good_days=DAYS)
    yield " | ".join(
        [f"{world.rows:,}", f"pairs, after {DAYS} good days", f"{world.icc:g}", "", "", "", f"{share_within(late, 24):.0%}",
         _hours(median_hours(late))]
    )  # fmt: skip


def series_table(folder: Path) -> str:
    """What each threshold makes of the series in a folder."""
    return table(_series_rows(points(folder / FILE)))


def _series_rows(found: Series) -> Iterator[str]:
    yield "rule | a mean is | fires in | beyond in | fires elsewhere, a week | beyond elsewhere, a week"
    yield " | ".join(["---"] * 6)
    for requests in (1, 100):
        for threshold in THRESHOLDS:
            one = seen(found, threshold, requests)
            taken = "1 request" if requests == 1 else f"{requests} requests"
            hits = f"{one.fired} of {len(ANOMALIES)} | {one.beyond} of {len(ANOMALIES)}"
            yield f"{threshold.what} | {taken} | {hits} | {one.false_fired:.1f} | {one.false_beyond:.1f}"


def table(rows: Iterator[str]) -> str:
    """Rows of cells as a table."""
    return "\n".join(f"| {row} |" for row in rows)


def written(page: str, name: str, text: str) -> str:
    """A page with its table of that name replaced."""
    start, end = marks(name)
    before, _, rest = page.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def marks(name: str) -> tuple[str, str]:
    """What stands around the table of that name."""
    return f"<!-- {name}: written by make simulate -->", f"<!-- end of {name} -->"


def write(page: Path, name: str, text: str) -> None:
    """Writes one table into a page."""
    page.write_text(written(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def _hours(hours: float) -> str:
    return "not in 10 days" if hours == float("inf") else f"{hours:g} h"


if __name__ == "__main__":
    main(sys.argv[1:])
