"""Whole commands and what else has a limit of its own: measured by modules that run alone, each in a process."""

from collections.abc import Iterator
from statistics import median

from benchmarks.measure import MIB, ROUNDS, one, say
from benchmarks.table import Row


def sited() -> Iterator[Row]:
    """The pages of a thousand models with ten decisions each, beside the seconds that they may take."""
    say("the site of 1,000 models")
    told = one("benchmarks.site")
    whole, again = float(told["seconds"]), float(told["again"])
    yield Row("the site of 1,000 models × 10 decisions", "60 s", whole / 60, 1, f"{whole:.1f} s, {told['pages']} pages")
    yield Row("the same when one model has moved", "60 s", again / 60, None, f"{again:.1f} s")


def started() -> Iterator[Row]:
    """Whole commands, from the start of Python to their last line."""
    for work, what, beside, at_most in (
        ("help", "`ratchet --help`", "`python -c pass`", 3),
        ("validate", "`ratchet validate` of one promotion", "`check-jsonschema` on it", 1),
        ("validate-many", "`ratchet validate` of 1,000 promotions", "`check-jsonschema` on them", 0.1),
        ("untouched", "a check without promotions", "`git status` and `python -c pass`", 5),
        ("check", "a check of small CSV logs, rendered", "importing pandas, scipy.stats and PyGithub", 0.5),
    ):
        say(what)
        told = one("benchmarks.starts", work)
        ours, theirs = float(told["ours"]), float(told["theirs"])
        yield Row(what, beside, ours / theirs, at_most, f"{ours:.2f} s")


def gathered() -> Iterator[Row]:
    """Two hundred sources side by side, beside the sum of their times."""
    say("gathering from 200 sources")
    told = [one("benchmarks.gather", "200") for _ in range(ROUNDS)]
    seconds = median(float(one["seconds"]) for one in told)
    yield Row("200 sources of 50 ms", "the sum of their times", seconds / told[0]["sum"], 0.05, _s(seconds))


def watched() -> Iterator[Row]:
    """A watch of a thousand models, beside their queries alone."""
    say("watching 1,000 models")
    told = [one("benchmarks.watch_many") for _ in range(ROUNDS)]
    seconds, memory = median(float(one["seconds"]) for one in told), max(float(one["memory"]) for one in told)
    yield Row(
        "watch 1,000 models, 5 queries of 50 ms each",
        "the queries alone on 32 connections",
        seconds / told[0]["ideal"],
        1.2,
        _s(seconds),
    )
    yield Row("peak memory of that", "300 MiB", memory / (300 * MIB), 1, f"{memory / MIB:.0f} MiB")


def in_spark() -> Iterator[Row | str]:
    """Ten to the eighth rows in a cluster, beside a scan there; what left it; and a plan."""
    say("1e8 rows in Spark")
    told = one("benchmarks.spark", "1e8")
    assert told["workers"] == 2, told
    yield Row(
        "everything by Spark, 1e8 rows, 2 workers",
        "a scan of the columns by Spark",
        told["seconds"] / told["scan"],
        None,
        _s(told["seconds"]),
    )
    yield Row("rows that left the cluster", "1e5", told["left"] / 1e5, None, f"{told['left']:,}")
    yield told["plan"]


def requested() -> Iterator[Row]:
    """What a check of a pull request asks of GitHub."""
    say("a check of a pull request")
    told = one("benchmarks.requests_made")
    for what, name in (("first", "an opened pull request"), ("again", "the same after a review")):
        yield Row(f"requests to GitHub, check of {name}", "25", told[what] / 25, 1, f"{told[what]}")


def audited() -> Iterator[Row]:
    """A ledger of a thousand promotions, beside the seconds that it may take."""
    for work, what, seconds in (
        ("verify", "verify 1,000 recorded promotions", 30),
        ("replay", "replay them, one criterion stricter", 5),
        ("replay-other", "replay them under another policy altogether", None),
    ):
        say(what)
        took = median(float(one("benchmarks.ledger", work)["seconds"]) for _ in range(ROUNDS))
        target = seconds if seconds is not None else 5
        yield Row(what, f"{target} s", took / target, 1 if seconds is not None else None, f"{took:.2f} s")


def among_many() -> Iterator[Row]:
    """Ten thousand promotions in the tree, beside the seconds that a check may take."""
    for work, what, seconds in (
        ("untouched", "check a change beside 10,000 promotions", 1),
        ("one", "check one more version of one of 100 models", 2),
    ):
        say(what)
        took = median(float(one("benchmarks.many", work)["seconds"]) for _ in range(ROUNDS))
        yield Row(what, f"{seconds} s", took / seconds, 1, f"{took:.2f} s")


def reported() -> Iterator[Row]:
    """The pages of the demo, beside the second and the bytes that each may take."""
    say("reports of the demo")
    told = one("benchmarks.report")
    seconds, size = float(told["seconds"]), float(told["bytes"])
    yield Row("the three reports of the demo", "1 s", seconds, 1, f"{seconds:.2f} s")
    yield Row("size of a report, the largest of them", "500 kB", size / 500_000, 1, f"{size / 1000:.0f} kB")


def integrated() -> Iterator[Row]:
    """The artefacts of a million events in fifty segments, beside a fit of scikit-learn to each; and what applies them."""
    say("artefacts of 1e6 events in 50 segments")
    told = [one("benchmarks.artefacts") for _ in range(ROUNDS)]
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
