"""Simulates what speaks for each choice of the statistics, and writes the tables of docs/statistics.md.

python -m benchmarks.choices [RUNS]    (default: 4000 of each cell)

The rules that Ratchet applies are the functions of ``model_ratchet.stats`` themselves; the others are what people do instead.
"""

import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.log import ROOT
from benchmarks.watch import table, written
from model_ratchet.core.evidence import ArmMoments, Counts, QuantileCounts
from model_ratchet.stats import clusters, paired, proportions
from model_ratchet.stats.multiplicity import holm
from model_ratchet.stats.quantiles import at_most_p_values
from model_ratchet.stats.tails import normal_quantile, two_sided

PAGE = ROOT / "docs" / "statistics.md"
BASE, ROWS, DAYS, ICC = 0.7, 1_000, 7, 0.02
"""Accuracy of the baseline, rows of each arm a day, days of the window, correlation of the rows of a day."""
ALPHA = 0.05
Z = -normal_quantile(ALPHA / 2)

Random = np.random.Generator
Numbers = NDArray[np.int64]


def main(arguments: Sequence[str]) -> None:
    """Simulates and writes."""
    runs = int(arguments[0]) if arguments else 4_000
    text = PAGE.read_text(encoding="utf-8")
    for name, rows in TABLES.items():
        print(name, file=sys.stderr, flush=True)
        text = written(text, name, table(rows(np.random.default_rng(7), runs)))
    PAGE.write_text(text, encoding="utf-8")


def looks(random: Random, runs: int) -> Iterator[str]:
    """How often a version that is no better is significant at least once, by how often people look."""
    yield "looks | significant at some look | in the candidate's favour | judged once, at the end"
    yield _line(4)
    for days, a_day in ((7, 1), (14, 1), (30, 1), (7, 10)):
        z = _z(*_cumulated(random, runs, days * a_day, ROWS // a_day))
        often = f"{a_day} a day" if a_day > 1 else "daily"
        some, favour = (np.abs(z) > Z).any(axis=1), (z > Z).any(axis=1)
        yield f"{often}, {days} days | {_share(some)} | {_share(favour)} | {_share(z[:, -1] > Z)}"


def readings(random: Random, runs: int) -> Iterator[str]:
    """How often each reading of “2 % and p < 0.05” passes, by the true gain."""
    gains = (0.0, 0.01, 0.02, 0.03, 0.04)
    yield " | ".join(["rule", "rows of each arm", *(f"+{100 * gain:g} pp" if gain else "no gain" for gain in gains)])
    yield _line(2 + len(gains))
    for name, rule in (("`point_and_significance`", literal), ("`superiority_margin`", strict)):
        for n in (DAYS * ROWS, 10 * DAYS * ROWS):
            passed = [_share([rule(*_arms(random, n, gain)) for _ in range(runs)]) for gain in gains]
            yield " | ".join([name, f"{n:,}", *passed])


def literal(baseline: Counts, candidate: Counts) -> bool:
    """At least 2 pp better as measured, and significant."""
    found = proportions.difference(baseline, candidate, level=0.95)
    return found.value >= 0.02 and found.p_value is not None and found.p_value < ALPHA


def strict(baseline: Counts, candidate: Counts) -> bool:
    """The one-sided 95 % bound is above 2 pp."""
    low = proportions.difference(baseline, candidate, level=0.90).low
    return low is not None and low > 0.02


def sustained(random: Random, runs: int) -> Iterator[str]:
    """How often rules of “sustained for seven days” pass."""
    gains = (-0.02, 0.0, 0.02, 0.04)
    yield " | ".join(["seven days", "−2 pp", *(f"+{100 * gain:g} pp" if gain else "no gain" for gain in gains[1:])])
    yield _line(1 + len(gains))
    arms = [
        (random.binomial(ROWS, BASE, (runs, DAYS)), random.binomial(ROWS, BASE + gain, (runs, DAYS))) for gain in gains
    ]
    yield " | ".join(["what `sustained` asks, at 1 pp", *(_share(map(held, *arm)) for arm in arms)])
    yield " | ".join(["each day significantly better", *(_share((_z(*arm, ROWS) > Z).all(axis=1)) for arm in arms)])
    yield " | ".join(["each day better as measured", *(_share((one > zero).all(axis=1)) for zero, one in arms)])


def held(baseline: Numbers, candidate: Numbers) -> bool:
    """The days together are not worse by 1 pp, and no day is significantly worse than that."""
    days = [(_counts(zero, ROWS), _counts(one, ROWS)) for zero, one in zip(baseline, candidate, strict=True)]
    low = proportions.difference(*map(_sum, zip(*days, strict=True)), level=0.90).low
    worse = holm([proportions.worse_p_value(*day, 0.01) for day in days])
    return low is not None and low > -0.01 and min(worse) >= ALPHA


def _sum(days: Sequence[Counts]) -> Counts:
    return _counts(sum(one.successes for one in days), sum(one.n for one in days))


def percentiles(random: Random, runs: int) -> Iterator[str]:
    """How often “p95 at most 500 ms” passes, by the true p95."""
    yield "true p95 | rows | p95 as measured | mean of 24 hourly p95s | exact test on counts"
    yield _line(5)
    few = max(runs // 4, 1)
    for true in (510.0, 500.0, 480.0):
        for n in (1_200, 12_000):
            scale = np.log(true) - 0.8 * normal_quantile(0.95)
            values = random.lognormal(scale, 0.8, (few, n))
            measured = np.quantile(values, 0.95, axis=1) <= 500
            hourly = np.quantile(values.reshape(few, 24, -1), 0.95, axis=2).mean(axis=1) <= 500
            exact = [_at_most(int(k), n) for k in (values <= 500).sum(axis=1)]
            yield f"{true:g} ms | {n:,} | {_share(measured)} | {_share(hourly)} | {_share(exact)}"


def _at_most(k: int, n: int) -> bool:
    passes, _ = at_most_p_values(QuantileCounts(at_or_below=k, n=n, maximum=None), 0.95)
    return passes <= ALPHA


def clustered(random: Random, runs: int) -> Iterator[str]:
    """How often equal versions are significantly different where the rows of a day belong together."""
    yield "the days of the arms | read as independent rows | by clusters"
    yield _line(3)
    designs: dict[str, Callable[[], ArmMoments]] = {
        "the same seven days": lambda: split_within_days(random, 0.0),
        "seven days each, not the same": lambda: on_different_days(random),
    }
    for name, design in designs.items():
        found = [design() for _ in range(runs)]
        naive = [proportions.pooled_p_value(_counts(one.s0, one.n0), _counts(one.s1, one.n1)) for one in found]
        yield f"{name} | {_share([p is not None and p < ALPHA for p in naive])} | {_share(map(significant, found))}"


def designs(random: Random, runs: int) -> Iterator[str]:
    """How often a gain of 2 pp is found: pairs, a tenth of which differs, and two arms of as many rows each."""
    yield "requests | as pairs | as two arms of so many each"
    yield _line(3)
    for n in (1_000, 2_000, 4_000):
        worse, better = random.multinomial(n, [0.04, 0.06, 0.90], runs).T[:2]
        pairs = [c > b and paired.mcnemar_exact(int(b), int(c)) < 2 * ALPHA for b, c in zip(worse, better, strict=True)]
        arms = _z(random.binomial(n, BASE, runs), random.binomial(n, BASE + 0.02, runs), n) > -normal_quantile(ALPHA)
        yield f"{n:,} | {_share(pairs)} | {_share(arms)}"


def segments(random: Random, runs: int) -> Iterator[str]:
    """How often some segment of an unchanged model is called harmed."""
    yield "segments | each at 5 % | with Holm's correction"
    yield _line(3)
    for count in (5, 10, 20):
        z = _z(random.binomial(500, BASE, (runs, count)), random.binomial(500, BASE, (runs, count)), 500)
        p_values = [
            [two_sided(float(one)) / 2 if one < 0 else 1 - two_sided(float(one)) / 2 for one in row] for row in z
        ]
        yield " | ".join(
            [
                str(count),
                _share([min(row) < ALPHA for row in p_values]),
                _share([min(holm(row)) < ALPHA for row in p_values]),
            ]
        )


TABLES = {
    "looks": looks,
    "readings": readings,
    "sustained": sustained,
    "percentiles": percentiles,
    "clusters": clustered,
    "designs": designs,
    "segments": segments,
}
"""Each table of the page by its name."""


def beta_days(random: Random, size: int) -> NDArray[np.float64]:
    """Daily rates with mean 0.7 whose intra-class correlation is 0.02 (a beta distribution)."""
    total = (1 - ICC) / ICC
    return random.beta(BASE * total, (1 - BASE) * total, size)


def moments(baseline: Numbers, candidate: Numbers, sizes: tuple[Numbers, Numbers]) -> ArmMoments:
    """The moments of clusters with these successes of each arm."""
    (m0, m1), (s0, s1) = sizes, (baseline, candidate)

    def total(one: Numbers, other: Numbers) -> int:
        return int((one * other).sum())

    return ArmMoments(
        clusters=len(m0),
        clusters0=int((m0 > 0).sum()),
        clusters1=int((m1 > 0).sum()),
        n0=int(m0.sum()),
        n1=int(m1.sum()),
        s0=int(s0.sum()),
        s1=int(s1.sum()),
        m0m0=total(m0, m0),
        m0s0=total(m0, s0),
        s0s0=total(s0, s0),
        m1m1=total(m1, m1),
        m1s1=total(m1, s1),
        s1s1=total(s1, s1),
        m0m1=total(m0, m1),
        m0s1=total(m0, s1),
        s0m1=total(s0, m1),
        s0s1=total(s0, s1),
    )


def split_within_days(random: Random, gain: float) -> ArmMoments:
    """Seven days that both arms share, 1,000 rows of each on each day."""
    rates = beta_days(random, DAYS)
    rows = np.full(DAYS, ROWS)
    better = np.clip(rates + gain, 0, 1)
    return moments(random.binomial(rows, rates), random.binomial(rows, better), (rows, rows))


def on_different_days(random: Random) -> ArmMoments:
    """Seven days of the baseline, then seven of the candidate, each with its own rate."""
    rows = np.concatenate([np.full(DAYS, ROWS), np.zeros(DAYS, dtype=int)])
    rates = beta_days(random, 2 * DAYS)
    baseline = random.binomial(rows, rates)
    candidate = random.binomial(rows[::-1], rates)
    return moments(baseline, candidate, (rows, rows[::-1]))


def significant(found: ArmMoments) -> bool:
    """Whether the arms differ significantly, by clusters."""
    p_value = clusters.arm_difference(found, level=0.95).p_value
    return p_value is not None and p_value < ALPHA


def _arms(random: Random, n: int, gain: float) -> tuple[Counts, Counts]:
    return _counts(random.binomial(n, BASE), n), _counts(random.binomial(n, BASE + gain), n)


def _counts(successes: int, n: int) -> Counts:
    return Counts(successes=int(successes), n=int(n))


def _cumulated(random: Random, runs: int, steps: int, rows: int) -> tuple[Numbers, Numbers, Numbers]:
    arms = random.binomial(rows, BASE, (2, runs, steps)).cumsum(axis=2)
    return arms[0], arms[1], rows * np.arange(1, steps + 1)


def _z(baseline: Numbers, candidate: Numbers, n: Numbers | int) -> NDArray[np.float64]:
    """The pooled z of two arms of n rows each."""
    rate = (baseline + candidate) / (2 * n)
    error = np.sqrt(2 * rate * (1 - rate) / n)
    return (candidate - baseline) / n / error


def _share(found: object) -> str:
    return f"{np.mean(np.fromiter(found, dtype=bool)):.1%}"  # type: ignore[call-overload]


def _line(columns: int) -> str:
    return " | ".join(["---"] * columns)


if __name__ == "__main__":
    main(sys.argv[1:])
