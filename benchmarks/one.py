"""One measured piece of work in a process of its own; prints seconds, peak memory and a digest of what it found.

python -m benchmarks.one WORK LOG [THREADS]
"""

import gc
import hashlib
import json
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partialmethod
from pathlib import Path
from time import perf_counter
from typing import ParamSpec, TypeVar

from sqlglot import exp

from benchmarks.log import a_source, needs
from benchmarks.memory import peak
from benchmarks.peers import join, pandas_counts, pandas_everything, scan
from model_ratchet.core.evidence import Arm, ArmMoments, Clustering, Grouping, Measurement, Missing, Need, Shape
from model_ratchet.sources import table_window
from model_ratchet.sources.duckdb_engine import DuckDBEngine
from model_ratchet.sources.table_cells import ArmCells
from model_ratchet.sources.table_pairs import PairCells
from model_ratchet.stats.clusters import arm_difference
from model_ratchet.stats.tails import normal_below

Work = Callable[[Path], object]
P = ParamSpec("P")
T = TypeVar("T")

_NEEDS = needs()
"""They come of the policy, which is read once, whatever is measured."""

_OF_ACCURACY = [need for need in _NEEDS if need.metric == "accuracy"]


@dataclass(frozen=True)
class Parts:
    """What was found, what its parts took in seconds, and the ends of the interval that follows from the sums by user."""

    found: Mapping[Need, Measurement | Missing]
    seconds: Mapping[str, float]
    interval: tuple[float | None, float | None]


def everything(log: Path) -> object:
    """All needs of the standard policy."""
    return a_source(log).answer(_NEEDS).answers


def folded(log: Path) -> object:
    """The same where the rows are not known to stand in the order of their ids."""
    setattr(DuckDBEngine, "keep_merged", lambda *_: False)  # noqa: B010
    return everything(log)


def accuracy(log: Path) -> object:
    """All that the standard policy asks about the accuracy of a classifier."""
    return a_source(log, only="accuracy").answer(_OF_ACCURACY).answers


def parts(log: Path) -> object:
    """For accuracy alone: counts by hour, segment and arm; pairs by request id; sums by user, and the error that they give.

    What else is asked of the log, before and in between, is no part of these.
    """
    seconds: dict[str, float] = defaultdict(float)
    for owner, name, part in _PARTS:
        setattr(owner, name, _timed(getattr(owner, name), seconds, part))
    plain = [need for need in _OF_ACCURACY if need.shape in (Shape.COUNTS, Shape.PAIRED_COUNTS)]
    by_user = replace(plain[0], shape=Shape.MOMENTS, grouping=Grouping.TOTAL, segment="", clustering=Clustering.COLUMN)
    by_user = replace(by_user, paired=False, arms=(Arm.BASELINE, Arm.CANDIDATE))
    found = a_source(log, only="accuracy", cluster="user").answer([*plain, by_user]).answers
    moments = found[by_user]
    assert isinstance(moments, ArmMoments), moments
    estimate = _timed(arm_difference, seconds, "clusters")(moments, level=0.95)
    return Parts(found, seconds, (estimate.low, estimate.high))


_PARTS = (
    (table_window, "take_survey", "counts"),
    (PairCells, "__init__", "pairs"),
    (PairCells, "segment", "pairs"),
    (ArmCells, "__init__", "clusters"),
    (ArmCells, "moments", "clusters"),
)


def _timed(work: Callable[P, T], seconds: dict[str, float], part: str) -> Callable[P, T]:
    """The work, which adds what it takes to the seconds of a part."""

    def timed(*given: P.args, **named: P.kwargs) -> T:
        started = perf_counter()
        try:
            return work(*given, **named)
        finally:
            seconds[part] += perf_counter() - started

    return timed


WORK: dict[str, Work] = {
    "scan": scan,
    "join": join,
    "accuracy": accuracy,
    "parts": parts,
    "everything": everything,
    "folded": folded,
    "pandas-counts": pandas_counts,
    "pandas-everything": pandas_everything,
}


def main() -> None:
    """Does one piece of work and prints what it took as JSON."""
    work, log, *threads = sys.argv[1:]
    if threads:
        setattr(DuckDBEngine, "__init__", partialmethod(DuckDBEngine.__init__, threads=int(threads[0])))  # noqa: B010
    exp.select("1").sql(dialect="duckdb")  # sqlglot imports a dialect when it is first used
    normal_below(0.0)  # as tails are imported with the first
    gc.collect()
    gc.disable()  # for all works alike, as timeit does
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = perf_counter()
    found = WORK[work](Path(log))
    seconds = perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    told: dict[str, object] = {
        "seconds": seconds,
        "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory": peak(),
    }
    if isinstance(found, Parts):
        told |= {"parts": found.seconds, "interval": found.interval}
        found = found.found
    if isinstance(found, Mapping):
        missing = [answer for answer in found.values() if isinstance(answer, Missing)]
        assert not missing, missing[:3]
        found = [(str(need), str(answer)) for need, answer in found.items()]
    told["digest"] = hashlib.sha256(json.dumps(found, default=str).encode()).hexdigest()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
