"""The rows of a log: counts, pairs, cluster sums and everything together, beside scans, joins and libraries."""

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.log import ROOT, write_log
from benchmarks.measure import MIB, ROUNDS, Work, in_turns, one, say
from benchmarks.table import Row

SIZES, LARGE = (10**6, 10**7), (5 * 10**7, 10**8)
_ELSEWHERE = ROOT / ".venv-bench" / "bin" / "python"


def of_log() -> Iterator[Row]:
    """Logs of 10⁶ and 10⁷ rows: beside a scan of the columns, and beside pandas."""
    taken = {}
    for size, rounds in zip(SIZES, (3 * ROUNDS, ROUNDS), strict=True):
        with _log(size) as log:
            taken[size] = _measured(log, rounds, "everything 1", "folded", "pandas-counts", "pandas-everything")
    for size, works in taken.items():
        yield from _beside_scan(size, works)
        yield from _beside_pandas(size, works)
        yield from _same_answers(size, works)
    yield from _growth(taken, "everything", 1.35)


def of_large_log() -> Iterator[Row]:
    """Logs of 5·10⁷ and 10⁸ rows: beside a scan and a join, and how each part grows."""
    (small, large), taken = LARGE, {}
    with _log(small) as log:
        taken[small] = _measured(log, ROUNDS, "everything 1", "folded", "pandas-counts")
    with _log(large) as log:
        taken[large] = _measured(log, ROUNDS, "join")
    with _log(large, scattered=True) as log:
        scattered = in_turns({work: (work, str(log)) for work in ("parts", "join")}, ROUNDS)
    for size, works in taken.items():
        yield from _beside_scan(size, works)
    yield from _beside_pandas(small, taken[small])
    yield from _same_answers(small, taken[small])
    for order, works, at_most in (("sorted", taken[large], 0.6), ("not sorted", scattered, 1.1)):
        seconds = works["parts"].parts["pairs"]
        what = f"pairs by request id, {_n(large)} rows, {order}"
        yield Row(what, "a hash join by DuckDB", seconds / works["join"].seconds, at_most, _s(seconds))
    same = taken[large]["parts"].digests | scattered["parts"].digests
    yield Row(f"different answers, {_n(large)} rows", "ids sorted, ids not sorted", len(same), 1)
    yield from _growth(taken, "counts", 1.15)
    yield from _growth(taken, "pairs", 1.15)
    yield from _growth(taken, "clusters", 1.35)
    yield from _growth(taken, "everything", 1.35)


def of_libraries() -> Iterator[Row]:
    """A log of 10⁷ rows beside statsmodels and Evidently, each in turns with ours."""
    assert _ELSEWHERE.exists(), "`make .venv-bench/.installed` makes what this is measured beside"
    with _log(SIZES[-1]) as log:
        clusters, regression = _in_turns_with(log, "parts", "statsmodels")
        check, preset = _in_turns_with(log, "accuracy", "evidently")
    # an estimate has nine digits, and the regression divides by one row less
    for end, their_end in zip(clusters[0]["interval"], regression[0]["found"], strict=True):
        assert abs(end / their_end - 1) < 1e-6, (end, their_end)
    for what, beside, seconds, theirs, at_most in (
        (
            f"cluster-robust error, {_n(SIZES[-1])} rows, 2e5 clusters",
            "statsmodels' least squares with clustered errors",
            median(told["parts"]["clusters"] for told in clusters),
            regression,
            0.05,
        ),
        (
            f"all that is asked of accuracy, {_n(SIZES[-1])} rows",
            "Evidently's classification preset",
            median(told["seconds"] for told in check),
            preset,
            0.1,
        ),
    ):
        yield Row(what, beside, seconds / median(told["seconds"] for told in theirs), at_most, _s(seconds))


@contextmanager
def _log(size: int, *, scattered: bool = False) -> Iterator[Path]:
    """A log of so many rows, as long as it is needed: 28 bytes a row on the disk."""
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        log = Path(folder) / "log.parquet"
        say(f"writing {size:,} rows{', ids not sorted' if scattered else ''}")
        write_log(log, size, scattered=scattered)
        yield log


def _measured(log: Path, rounds: int, *more: str) -> dict[str, Work]:
    works = ("scan", "parts", "everything", *more)
    return in_turns({work: (name, str(log), *threads) for work in works for name, *threads in [work.split()]}, rounds)


def _in_turns_with(log: Path, ours: str, theirs: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    told: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for turn in range(ROUNDS):
        say(f"  round {turn + 1}: {ours} and {theirs}")
        told[0].append(one("benchmarks.one", ours, str(log)))
        told[1].append(one("benchmarks.elsewhere", theirs, str(log), python=_ELSEWHERE))
    return told


def _beside_scan(size: int, works: Mapping[str, Work]) -> Iterator[Row]:
    scan, counts, everything = works["scan"].seconds, works["parts"].parts["counts"], works["everything"]
    yield Row(f"counts, {_n(size)} rows", "a scan of the columns", counts / scan, 1.2, _s(counts))
    ratio = everything.seconds / scan
    yield Row(f"everything, {_n(size)} rows", "a scan of the columns", ratio, 5, _s(everything.seconds))
    memory = f"{everything.memory / MIB:.0f} MiB"
    yield Row(f"peak memory of everything, {_n(size)} rows", "1 GiB", everything.memory / 2**30, 1, memory)


def _beside_pandas(size: int, works: Mapping[str, Work]) -> Iterator[Row]:
    counts, everything = works["parts"].parts["counts"], works["everything"].seconds
    yield Row(f"counts, {_n(size)} rows", "pandas", counts / works["pandas-counts"].seconds, 0.33)
    if "pandas-everything" in works:
        yield Row(f"everything, {_n(size)} rows", "pandas", everything / works["pandas-everything"].seconds, None)


def _same_answers(size: int, works: Mapping[str, Work]) -> Iterator[Row]:
    everything = works["everything"]
    ratio = everything.seconds / works["folded"].seconds
    yield Row(f"everything with a merge of sorted ids, {_n(size)} rows", "with a fold of the ids", ratio, None)
    same = everything.digests | works["everything 1"].digests | works["folded"].digests
    yield Row(f"different answers, {_n(size)} rows", "1 thread, 2 threads, merged, folded", len(same), 1)


def _growth(taken: Mapping[int, Mapping[str, Work]], what: str, at_most: float) -> Iterator[Row]:
    seconds = {size: works["parts"].parts.get(what, works["everything"].seconds) for size, works in taken.items()}
    for small, large in itertools.pairwise(sorted(seconds)):
        grown = seconds[large] / seconds[small] / (large / small)
        yield Row(f"growth of {what} from {_n(small)} to {_n(large)} rows", "linear", grown, at_most)


def _n(size: int) -> str:
    return f"{size:.0e}".replace("e+0", "e")


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s"
