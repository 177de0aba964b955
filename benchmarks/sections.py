"""The sections of docs/performance.md: what each measures, and about how long that takes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks import limits, rows
from benchmarks.table import Row


@dataclass(frozen=True)
class Section:
    """Rows that are measured together; what is no row is a text to show below the table."""

    name: str
    title: str
    text: str
    measure: Callable[[], Iterable[Row | str]]
    minutes: float
    """About how long it takes on two cores that do nothing else."""
    libraries: tuple[str, ...] = ()


_ROWS = ("duckdb", "numpy", "pandas", "pyarrow", "sqlglot")

SECTIONS = (
    Section(
        "starts",
        "Whole commands",
        """\
From the start of Python to the last line; medians of nine rounds. What misses its target: `validate` reads a thousand documents
in one process, each node with its line and column, after 0.3 s of imports. A check of CSV logs puts some eighty small
statements to DuckDB, most of them sooner run than planned: two fifths of its time. Imports (pydantic's models of the documents,
scipy.special, sqlglot, DuckDB) are two fifths more, and git is started thirty times.""",
        limits.started,
        4,
    ),
    Section(
        "log",
        "The rows of a log",
        """\
*Everything* is all that the policy `standard` asks of a mirrored canary's log, and the standing base set: counts by hour,
segment and arm, pairs by request id, cluster sums, latency counts and histogram, distinct users, duplicate and foreign rows.
*Counts* are the one question of it that sums accuracy by hour, segment and arm. The scan is DuckDB reading the same 13
columns with one cheap aggregate on each; pandas does the same work on dictionary-coded columns as well as we know how. Nine
rounds at 1e6 rows.""",
        rows.of_log,
        4,
        _ROWS,
    ),
    Section(
        "large",
        "More rows",
        """\
The same, and its parts, each from its question to its answer: counts; *pairs*, the 2×2 tables of accuracy by hour and
segment; and *clusters*, the sums by user (200,000 of them) with the error that follows. The hash join gives the same tables
of pairs. Where ids are not sorted they come in no order at all, in rows that are still in the order of their times.""",
        rows.of_large_log,
        16,
        _ROWS,
    ),
    Section(
        "libraries",
        "Rows beside statistics libraries",
        """\
Reading the columns is part of the work on both sides, importing the libraries is not. The interval of statsmodels is ours to
six digits. *Evidently does more*: its preset draws the page of a report, with a confusion matrix and scores by label; ours
answers what `standard` asks of accuracy, by hour and segment, paired by request id, with repeated ids and foreign versions
looked for. What misses its target groups ten million rows by 200,000 users, which is nearly all of the time.""",
        rows.of_libraries,
        4,
        _ROWS,
    ),
    Section(
        "spark",
        "Rows in a Spark cluster",
        """\
A standalone cluster on the same machine: one master, two workers of one core and 512 MiB each, asked through Spark Connect;
one round, after a scan of the columns. Below stands the plan of the survey, from which counts, categories, cluster sums and
the census are taken: one scan, summed in each partition before anything is exchanged. What leaves the cluster are the rows of
answers.""",
        limits.in_spark,
        8,
        ("pyspark-client", "sqlglot"),
    ),
    Section(
        "sources",
        "Many sources",
        """\
A stand-in for Prometheus takes 50 ms for each answer. Each source asks how far back its server remembers and puts its query:
less than 1 ms of one process for each, beside the stand-in on the other core.""",
        limits.gathered,
        1,
    ),
    Section("watch", "Watch", "A stand-in for Prometheus takes 50 ms for each answer.", limits.watched, 2),
    Section("many", "Many promotions", "A repository with 10,000 promotions of 100 models.", limits.among_many, 2),
    Section(
        "ledger",
        "A ledger",
        """\
A thousand recorded promotions, of 300 KB each; `ratchet audit verify` and `ratchet replay` from their start to their end, half
a second of which is importing. A replay took from 4.1 to 5.9 s in runs that followed each other on this machine: two fifths of
it is reading the plan and the verdict of each record.""",
        limits.audited,
        3,
    ),
    Section("reports", "Reports", "The three promotions of the demo.", limits.reported, 1),
    Section("site", "The pages of all models", "Ten decisions of each of a thousand models.", limits.sited, 2),
    Section(
        "artefacts",
        "What a version brings",
        "A million events in fifty segments, beside a fit of scikit-learn to each; and what applies the artefacts.",
        limits.integrated,
        3,
        ("numpy", "scikit-learn"),
    ),
    Section(
        "requests",
        "Requests to GitHub",
        "Counted by the fake GitHub of the tests, of a real check that publishes.",
        limits.requested,
        0.2,
    ),
)
