"""Measures everything in one run and writes docs/performance.md.

python -m benchmarks [ROWS …]    (default: 1e6 1e7 5e7)
"""

import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.log import ROOT, write_log

PAGE = ROOT / "docs" / "performance.md"
ROUNDS = 3
MIB = 2**20


@dataclass(frozen=True)
class Taken:
    """What a piece of work took: medians of the rounds, the largest memory, and whether its answers never differed."""

    seconds: float
    memory: float
    digests: frozenset[str]


@dataclass(frozen=True)
class Row:
    """A ratio beside its target."""

    what: str
    beside: str
    ratio: float
    at_most: float | None
    note: str = ""

    def line(self) -> str:
        """The row of the table."""
        limit = "" if self.at_most is None else f"{self.at_most:g}×"
        met = "" if self.at_most is None else ("✔" if self.ratio <= self.at_most else "✘")
        return f"| {self.what} | {self.beside} | {self.ratio:.2f}× | {limit} | {met} | {self.note} |"


def main() -> None:
    """Measures and writes."""
    sizes = [int(float(size)) for size in sys.argv[1:]] or [10**6, 10**7, 5 * 10**7]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        taken: dict[int, dict[str, Taken]] = {}
        for size in sizes:
            log = Path(folder) / f"{size}.parquet"
            say(f"writing {size:,} rows")
            write_log(log, size)
            taken[size] = _measure(log, size)
            log.unlink()
        rows += _rows(taken)
    for measure in (_started, _sited, _gathered, _watched, _among_many, _audited, _reported, _integrated):
        rows += measure()
        PAGE.write_text(_page(rows), encoding="utf-8")  # a run that is cut off leaves what it has measured
    say(f"wrote {PAGE.relative_to(ROOT)}")


def say(text: str) -> None:
    """What is being done."""
    print(text, file=sys.stderr, flush=True)


def _measure(log: Path, size: int) -> dict[str, Taken]:
    """Every piece of work, in turns, so that what else the machine does falls on all alike."""
    works = ["scan", "counts", "everything", "everything 1", "folded", "pandas-counts"]
    works += ["pandas-everything"] if size <= 10**7 else []
    found: dict[str, list[dict[str, float | str]]] = {work: [] for work in works}
    for turn in range(ROUNDS if size > 10**6 else 3 * ROUNDS):
        for work in works:
            say(f"{size:,} rows, round {turn + 1}: {work}")
            found[work].append(_one("benchmarks.one", work.split(" ")[0], str(log), *work.split(" ")[1:]))
    return {
        work: Taken(
            seconds=median(float(told["seconds"]) for told in all_told),
            memory=max(float(told["memory"]) for told in all_told),
            digests=frozenset(str(told["digest"]) for told in all_told),
        )
        for work, all_told in found.items()
    }


def _one(*arguments: str) -> dict[str, float | str]:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float | str] = json.loads(done.stdout)
    return told


def _rows(taken: dict[int, dict[str, Taken]]) -> Iterator[Row]:
    for size, of in taken.items():
        n, scan = f"{size:.0e}".replace("e+0", "e"), of["scan"].seconds
        told = f"{of['scan'].seconds:.2f} s"
        yield Row(f"counts, {n} rows", "a scan of the columns", of["counts"].seconds / scan, 1.2, told)
        yield Row(f"counts, {n} rows", "pandas", of["counts"].seconds / of["pandas-counts"].seconds, 0.33)
        everything = of["everything"]
        yield Row(
            f"everything, {n} rows",
            "a scan of the columns",
            everything.seconds / scan,
            5,
            f"{everything.seconds:.2f} s",
        )
        if "pandas-everything" in of:
            ratio = everything.seconds / of["pandas-everything"].seconds
            yield Row(f"everything, {n} rows", "pandas", ratio, None)
        yield Row(
            f"merge of sorted ids, {n} rows",
            "fold of the ids",
            everything.seconds / of["folded"].seconds,
            None,
            "of everything",
        )
        yield Row(f"peak memory, {n} rows", "1 GiB", everything.memory / 2**30, 1, f"{everything.memory / MIB:.0f} MiB")
        same = everything.digests | of["everything 1"].digests | of["folded"].digests
        yield Row(f"different answers, {n} rows", "1 thread, 2 threads, merged, folded", len(same), 1)
    sizes = sorted(taken)
    for small, large in itertools.pairwise(sizes):
        grown = taken[large]["everything"].seconds / taken[small]["everything"].seconds / (large / small)
        yield Row(f"growth from {small:.0e} to {large:.0e} rows".replace("e+0", "e"), "linear", grown, 1.35)


def _sited() -> Iterator[Row]:
    """The pages of a thousand models with ten decisions each, beside the seconds that they may take."""
    say("the site of 1,000 models")
    told = _one("benchmarks.site")
    whole, again = float(told["seconds"]), float(told["again"])
    yield Row("the site of 1,000 models × 10 decisions", "60 s", whole / 60, 1, f"{whole:.1f} s, {told['pages']} pages")
    yield Row("the same when one model has moved", "60 s", again / 60, None, f"{again:.1f} s")


def _started() -> Iterator[Row]:
    """Whole commands, from the start of Python to their last line."""
    for work, what, beside, at_most in (
        ("help", "`ratchet --help`", "`python -c pass`", 3),
        ("validate", "`ratchet validate` of one promotion", "`check-jsonschema` on it", 1),
        ("validate-many", "`ratchet validate` of 1,000 promotions", "`check-jsonschema` on them", 0.1),
        ("untouched", "a check without promotions", "`git status` and `python -c pass`", 5),
        ("check", "the demo's check, rendered", "importing pandas, scipy.stats and PyGithub", 0.5),
    ):
        say(what)
        told = _one("benchmarks.starts", work)
        ours, theirs = float(told["ours"]), float(told["theirs"])
        yield Row(what, beside, ours / theirs, at_most, f"{ours:.2f} s")


def _gathered() -> Sequence[Row]:
    say("gathering from 200 sources")
    told = [_one("benchmarks.gather", "200") for _ in range(ROUNDS)]
    seconds = median(float(one["seconds"]) for one in told)
    return [
        Row("200 sources of 50 ms", "the sum of their times", seconds / float(told[0]["sum"]), 0.05, f"{seconds:.2f} s")
    ]


def _watched() -> Sequence[Row]:
    say("watching 1,000 models")
    told = [_one("benchmarks.watch_many") for _ in range(ROUNDS)]
    seconds, memory = median(float(one["seconds"]) for one in told), max(float(one["memory"]) for one in told)
    return [
        Row(
            "watch 1,000 models, 5 queries of 50 ms each",
            "the queries alone on 32 connections",
            seconds / float(told[0]["ideal"]),
            1.2,
            f"{seconds:.2f} s",
        ),
        Row("peak memory of that", "300 MiB", memory / (300 * MIB), 1, f"{memory / MIB:.0f} MiB"),
    ]


def _audited() -> Iterator[Row]:
    """A ledger of a thousand promotions, beside the seconds that it may take."""
    for work, what, seconds in (
        ("verify", "verify 1,000 recorded promotions", 30),
        ("replay", "replay them, one criterion stricter", 5),
        ("replay-other", "replay them under another policy altogether", None),
    ):
        say(what)
        took = median(float(_one("benchmarks.ledger", work)["seconds"]) for _ in range(ROUNDS))
        target = seconds if seconds is not None else 5
        yield Row(what, f"{target} s", took / target, 1 if seconds is not None else None, f"{took:.2f} s")


def _among_many() -> Iterator[Row]:
    """Ten thousand promotions in the tree, beside the seconds that a check may take."""
    for work, what, seconds in (
        ("untouched", "check a change beside 10,000 promotions", 1),
        ("one", "check one more version of one of 100 models", 2),
    ):
        say(what)
        took = median(float(_one("benchmarks.many", work)["seconds"]) for _ in range(ROUNDS))
        yield Row(what, f"{seconds} s", took / seconds, 1, f"{took:.2f} s")


def _reported() -> Iterator[Row]:
    """The pages of the demo, beside the second and the bytes that each may take."""
    say("reports of the demo")
    told = _one("benchmarks.report")
    seconds, size = float(told["seconds"]), float(told["bytes"])
    yield Row("the three reports of the demo", "1 s", seconds, 1, f"{seconds:.2f} s")
    yield Row("size of a report, the largest of them", "500 kB", size / 500_000, 1, f"{size / 1000:.0f} kB")


def _integrated() -> Iterator[Row]:
    """The artefacts of a million events in fifty segments, beside a fit of scikit-learn to each; and what applies them."""
    say("artefacts of 1e6 events in 50 segments")
    told = [_one("benchmarks.artefacts") for _ in range(ROUNDS)]
    taken = {name: median(float(one[name]) for one in told) for name in told[0]}
    for other in ("isotonic", "logistic"):
        what = f"scikit-learn's {other}, once a segment"
        yield Row(
            "histograms and artefacts, 1e6 events",
            what,
            taken["artefacts"] / taken[other],
            None,
            _s(taken["artefacts"]),
        )
        yield Row(f"our {other}, once a segment", what, taken[f"own {other}"] / taken[other], None)
    for call in ("calibrate", "confidence", "weights"):
        yield Row(f"`{call}`, one call", "10 µs", taken[call] / 1e-5, 1, f"{1e6 * taken[call]:.1f} µs")
    yield Row(
        "`calibrate`, 1e6 in an array", "1e6 calls", taken["array"] / taken["calibrate"] / 1e6, None, _s(taken["array"])
    )


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s"


def _page(rows: Sequence[Row]) -> str:
    """The whole page."""
    names = ("duckdb", "numpy", "pandas", "pyarrow", "requests", "sqlglot")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "?",
    )
    lines = "\n".join(row.line() for row in rows)
    return f"""\
# Performance

Ratios, measured side by side in one run by `make bench`, which writes this page. Medians of {ROUNDS} rounds in turns
({3 * ROUNDS} at 1e6 rows), each in a process of its own, files in the page cache. *Everything* is all that the policy
`standard` asks of a mirrored canary's log, and the standing base set: counts by hour, segment and arm, pairs by request id,
cluster sums, latency counts and histogram, distinct users, duplicate and foreign rows. The scan is DuckDB reading the same
13 columns with one cheap aggregate on each; pandas does the same work on dictionary-coded columns as well as we know how.

| what | beside | ratio | at most | | |
|---|---|---|---|---|---|
{lines}

{datetime.now(UTC):%Y-%m-%d}, {model}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions};
DuckDB limited to 512 MiB and 2 threads.
"""


if __name__ == "__main__":
    main()
