"""Made up: histograms, forecasts and bets of so many rows, of which no two parts are quite the same."""

from math import ceil, log

from model_ratchet.core.evidence import LogHistogram
from model_ratchet.core.scored import MONEY, PARTS, Bets, Scores

_MICRO = 1_000_000


def histogram(n: int, seconds: float, at: int) -> LogHistogram:
    """Values spread over ten buckets from a length of time on, ``at`` buckets higher."""
    first = ceil(log(seconds * _MICRO) / log(1.02)) + at
    buckets = tuple((first + step, n // 10 + (step < n % 10)) for step in range(10))
    return LogHistogram(buckets=tuple(one for one in buckets if one[1]))


def scores(n: int, p: float, at: int) -> Scores:
    """Forecasts of p and 1 − p, half of each, of which as many came as were said, but for one more or less a day."""
    half = n // 2
    came = round(half * p) + at % 3 - 1
    wrong = half - came
    sure, unsure = -log(p), -log(1 - p)
    return Scores(
        bins=(
            (ceil((1 - p) * 960), half, wrong, round(half * (1 - p) * PARTS)),
            (ceil(p * 960), half, came, round(half * p * PARTS)),
        ),
        brier=round(2 * (came * (1 - p) ** 2 + wrong * p**2) * PARTS),
        log_loss=round(2 * (came * sure + wrong * unsure) * PARTS),
        spread=round(2 * half * p * (1 - p) * PARTS),
        variance=round(2 * half * (1 - 2 * p) ** 2 * p * (1 - p) * PARTS),
    )


def bets(n: int, rate: float, at: int) -> Bets:
    """Bets of 1 at odds of 2, won at a rate, but for a few more or less a day."""
    won = min(n, round(n * rate) + at % 3)
    lost = n - won
    return Bets(
        n=n,
        won=won,
        pushes=0,
        staked=n * MONEY,
        profit=(won - lost) * MONEY,
        squares=n * MONEY**2,
        lost=lost * MONEY,
        break_even=n * PARTS // 2,
        closed=n,
        beaten=round(n * rate),
        line=round(n * (rate - 0.5) * PARTS),
        fair=n,
        edge=round(n * (rate - 0.5) * PARTS),
    )
