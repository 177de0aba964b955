"""Compares inherited maps with own ones, on made-up segments and on real games, and writes the tables of docs/integrate.md.

python -m benchmarks.inheritance [FOLDER OF THE GAMES [SEGMENTS]]    (default: ../shared/data 2000)
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.log import ROOT
from benchmarks.watch import table, write
from model_ratchet.stats.maps import IDENTITY, Cells, Map, fit, logit, losses, sigmoid
from model_ratchet.stats.pooling import pool

PAGE = ROOT / "docs" / "integrate.md"
GAMES = "nfl_elo_vs_qbelo.csv"
EVENTS = (25, 50, 100, 200, 400, 800)
SD = (0.1, 0.2)
PARENT = Map("logistic", (-0.25, 0.9))
HELD_OUT = 2_000
AFTER = 256
"""Games that a map is scored on: about a season."""


@dataclass(frozen=True)
class Losses:
    """The mean log loss on held-out events, in nats: as the model gives it, by the parent's map, by own data, inherited."""

    raw: float
    parent: float
    own: float
    inherited: float


def main(arguments: Sequence[str]) -> None:
    """Simulates, fits to the games, and writes."""
    folder = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "data"
    segments = int(arguments[1]) if len(arguments) > 1 else 2_000
    write(PAGE, "segments", table(_rows((n, simulated(n, segments)) for n in EVENTS)))
    write(PAGE, "games", table(_rows((n, rolled(folder / GAMES, n)) for n in EVENTS[:5])))


def simulated(events: int, segments: int) -> Losses:
    """Segments whose true maps lie about the parent's as the prior says, each with so many events and as many as needed to
    score them."""
    generator = np.random.default_rng(events)
    found = []
    for _ in range(segments):
        truth = generator.normal(PARENT.coefficients, SD)
        p = generator.uniform(0.1, 0.9, events + HELD_OUT)
        y = (generator.random(len(p)) < sigmoid(truth[0] + truth[1] * logit(p))).astype(float)
        found.append(_losses(Cells.of(p[:events], y[:events]), Cells.of(p[events:], y[events:]), PARENT))
    return _mean(found)


def rolled(file: Path, events: int) -> Losses:
    """The quarterback-adjusted model taking over from the plain one, at every 64th game from the fourth season on.

    The parent's map is fitted to all games of the plain model before; own and inherited to the first ``events`` games of the
    new one; all are scored on the 256 games after those.
    """
    old, new, y = games(file)
    found = []
    for start in range(768, len(y) - events - AFTER, 64):
        before = fit("logistic", Cells.of(old[:start], y[:start]))
        if before is None:
            continue
        middle, end = start + events, start + events + AFTER
        fitted, scored = Cells.of(new[start:middle], y[start:middle]), Cells.of(new[middle:end], y[middle:end])
        found.append(_losses(fitted, scored, before.map))
    return _mean(found)


def games(file: Path) -> tuple[NDArray[np.float64], ...]:
    """The forecasts of both models, and the outcomes, in the order of time and without ties."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = [row for row in csv.DictReader(opened) if float(row["outcome"]) != 0.5]
    rows.sort(key=lambda row: (row["date"], row["event_id"]))
    return tuple(np.array([float(row[name]) for row in rows]) for name in ("p_baseline", "p_candidate", "outcome"))


def _losses(fitted: Cells, scored: Cells, parent: Map) -> Losses:
    pooled = pool("logistic", fitted, parent, SD)
    own = pooled.own.map if pooled.own is not None else IDENTITY
    return Losses(
        *(float(losses(one, scored).sum() / scored.events) for one in (IDENTITY, parent, own, pooled.adopted.map))
    )


def _mean(found: Sequence[Losses]) -> Losses:
    columns = ("raw", "parent", "own", "inherited")
    return Losses(*(float(np.mean([getattr(one, name) for one in found])) for name in columns))


def _rows(found: Iterator[tuple[int, Losses]]) -> Iterator[str]:
    yield "events of its own | as the model gives it | the parent's map | own map alone | inherited | own − inherited"
    yield " | ".join(["---"] * 6)
    for events, one in found:
        shown = " | ".join(f"{value:.4f}" for value in (one.raw, one.parent, one.own, one.inherited))
        yield f"{events} | {shown} | {one.own - one.inherited:+.4f}"


if __name__ == "__main__":
    main(sys.argv[1:])
