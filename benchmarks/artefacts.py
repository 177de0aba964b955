"""The artefacts of a million events in fifty segments, beside scikit-learn, and the calls that apply them; prints JSON.

python -m benchmarks.artefacts [EVENTS [SEGMENTS]]

From rows in memory on both sides: ours makes the histograms that an engine would answer, and from these all three artefacts;
scikit-learn fits one isotonic, or logistic, map to the rows of each segment.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from model_ratchet.artifacts import Artifacts
from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores
from model_ratchet.documents.integration import Integration
from model_ratchet.engine.integrate import artifacts
from model_ratchet.engine.integrate.inputs import Block, Inputs
from model_ratchet.stats.maps import Cells, fit, isotonic, logit, sigmoid

CALLS = 100_000
BLOCKS = 9
START = datetime(2025, 8, 1, tzinfo=UTC)
EDGE = {
    "a": 0.1,
    "c": 0.4,
    "b": 0.6,
    "covariance": [[0.01, 0, 0], [0, 0.04, -0.02], [0, -0.02, 0.05]],
    "model_weight": 0.6,
}

Floats = NDArray[np.float64]


def main() -> None:
    """One measurement."""
    events, segments = (int(float(one)) for one in (*sys.argv[1:], *("1e6", "50")[len(sys.argv) - 1 :]))
    rows = [drawn(events // segments, seed) for seed in range(segments)]
    told = {
        "artefacts": seconds(lambda: artifacts(inputs(rows))),
        "isotonic": seconds(lambda: [IsotonicRegression(out_of_bounds="clip").fit(p, y) for p, y in rows]),
        "logistic": seconds(lambda: [LogisticRegression(C=1e9).fit(logit(p)[:, None], y) for p, y in rows]),
        "own isotonic": seconds(lambda: [isotonic(Cells.of(p, y)) for p, y in rows]),
        "own logistic": seconds(lambda: [fit("logistic", Cells.of(p, y)) for p, y in rows]),
    }
    print(json.dumps(told | applied(artifacts(inputs(rows)), rows[0][0])))


def applied(found: Any, p: Floats) -> dict[str, float]:
    """Seconds of one call of what applies the artefacts, and of an array of a million."""
    confident = {**found["confidence"], "edge_model": EDGE}
    served = Artifacts(found["calibration"], confident, found["optimizer"])
    edge = {"p": 0.61, "market": 0.55, "odds": 1.9, "segment": "s00"}
    many = np.resize(p, 1_000_000)
    return {
        "calibrate": seconds(lambda: [served.calibrate(0.61, "s00") for _ in range(CALLS)]) / CALLS,
        "confidence": seconds(lambda: [served.confidence(edge) for _ in range(CALLS)]) / CALLS,
        "weights": seconds(lambda: [served.weights() for _ in range(CALLS)]) / CALLS,
        "array": seconds(lambda: served.calibrate(many, "s00")),
    }


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    started = perf_counter()
    work()
    return perf_counter() - started


def drawn(n: int, seed: int) -> tuple[Floats, Floats]:
    """Forecasts that are a little off, and outcomes."""
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.05, 0.95, n)
    return p, (generator.random(n) < sigmoid(-0.2 + 0.85 * logit(p))).astype(float)


def inputs(rows: list[tuple[Floats, Floats]]) -> Inputs:
    """What an engine would answer of the rows, as inputs of a first version."""
    cut = [(np.array_split(p, BLOCKS), np.array_split(y, BLOCKS)) for p, y in rows]
    blocks = tuple(
        Block(scores={f"s{index:02}": histogram(p[k], y[k]) for index, (p, y) in enumerate(cut)}) for k in range(BLOCKS)
    )
    return Inputs(
        model="bench",
        version="v1.0.0_20250601_090000",
        stage="shadow",
        start=START,
        end=START + timedelta(hours=72),
        settings=Integration(score="win", segments="segment"),
        blocks=blocks,
    )


def histogram(p: Floats, y: Floats) -> Scores:
    """The forecasts by bin; the exact scores are left out, because artefacts take none of them."""
    place = np.maximum(np.ceil(p * SCORE_BINS).astype(int), 1)
    sums = (np.bincount(place, of, minlength=SCORE_BINS + 1) for of in (None, y, p * PARTS))
    bins = tuple((k, int(n), int(came), int(total)) for k, (n, came, total) in enumerate(zip(*sums, strict=True)) if n)
    return Scores(bins=bins, brier=0, log_loss=0, spread=0, variance=0)


if __name__ == "__main__":
    main()
