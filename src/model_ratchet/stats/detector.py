"""Detector: evidence that something has become worse at a time that nobody knows beforehand, at a false-alarm rate.

Every block of data is bet on: a stake on “within the limit” multiplies by ``1 + share · payoff`` for each row, with a payoff
that is on average at most 0 as long as the limit holds, so that nobody gains on average who bets against it. A detector is
the sum of what all bets have become that were started at a block, one at each (Shin, Ramdas & Rinaldo 2023, “E-detectors”,
arXiv 2203.03532: the e-detector of the Shiryaev–Roberts kind). While the limit holds it grows by at most 1 a block on average,
so that it reaches c on average no earlier than after c blocks; and a bet that starts today knows nothing of the good days
before it.

The bets look at counts of one block. They hold whatever the level of that block is, and however it moves from block to
block, as long as rows within it are independent given the level: an effect of the day or the hour that both versions share is
no evidence against either.
"""

from dataclasses import dataclass
from math import exp, fsum, log, log1p
from typing import TypeAlias

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.core.units import Scale, significant

Stakes: TypeAlias = tuple[tuple[float, int], ...]
"""(payoff of one row, −1 or more; how many rows have it)."""

SHARES = tuple(2.0**-power for power in range(1, 11))
"""The shares of what is there that are bet, side by side with equal means: ½ for a catastrophe, 1/1024 for a small change."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What the bets of each share have become: ``log(1 + sum)``, 0 where none was made. The same size for ever."""

    grown: tuple[float, ...] = (0.0,) * len(SHARES)

    @property
    def evidence(self) -> float:
        """The logarithm of the detector, −∞ before the first bet. An alarm is due at ``log(alarm_at)``."""
        total = fsum(exp(one) - 1 for one in self.grown) / len(SHARES)
        return log(total) if total > 0 else float("-inf")

    def after(self, stakes: Stakes, *, alarm_at: float) -> "Detector":
        """The detector after one more block; one without a row changes nothing.

        What is beyond an alarm is not kept: an end of the harm is then seen soon, and no sum overflows.
        ``Detector().after(((1.0, 3),), alarm_at=1000)`` has the evidence 0.346417370, the logarithm of the mean of
        (1 + share)³ over the shares.
        """
        if not any(rows for _, rows in stakes):
            return self
        most = log1p(alarm_at * len(SHARES))
        grown = []
        for share, before in zip(SHARES, self.grown, strict=True):
            won = before + fsum(rows * log1p(share * payoff) for payoff, rows in stakes if rows)
            # the log of 1 + exp(won), without an overflow
            grown.append(significant(min(most, max(won, 0.0) + log1p(exp(-abs(won))))))
        return Detector(tuple(grown))


def stakes_on_rate(counts: Counts, limit: float) -> Stakes:
    """Bets against “the rate is at most the limit”, which is above 0 and below 1.

    A success pays (1 − limit) / limit, so that the average payoff is rate / limit − 1. Raises ValueError for another limit.
    """
    if not 0 < limit < 1:
        raise ValueError(f"a rate is limited between 0 and 1, not at {limit:g}")
    return (((1 - limit) / limit, counts.successes), (-1.0, counts.n - counts.successes))


def stakes_on_pairs(pairs: PairedCounts, margin: float, scale: Scale = Scale.ABSOLUTE) -> Stakes:
    """Bets against “the candidate is right at most so much more seldom than the baseline”, from requests that both scored.

    The margin is 0 or more and below 1: of the rows, or relative of the baseline's right ones. A pair pays baseline −
    candidate − margin (relative: baseline · (1 − margin) − candidate), in parts of 1 + margin.
    """
    unit = 1 + margin
    if scale is Scale.ABSOLUTE:
        return _paid(
            unit,
            (-margin, pairs.both + pairs.neither),
            (1 - margin, pairs.only_baseline),
            (-unit, pairs.only_candidate),
        )
    return _paid(
        unit,
        (-margin, pairs.both),
        (1 - margin, pairs.only_baseline),
        (-1.0, pairs.only_candidate),
        (0.0, pairs.neither),
    )


def stakes_on_arms(
    baseline: Counts, candidate: Counts, margin: float, *, level: float, scale: Scale = Scale.ABSOLUTE
) -> Stakes:
    """Bets against the same, from rows that only one of the two scored; none where an arm has no row.

    ``level`` is what the rate of the baseline was before this block: it decides how much is gained, and nothing of the
    validity. Payoffs are weighted by the size of the other arm, so that their mean over all rows of the block is at most 0
    for every pair of rates within the margin; by the inequality of the means so is what they multiply to.
    """
    if not baseline.n or not candidate.n:
        return ()
    absolute = scale is Scale.ABSOLUTE
    kept = 1.0 if absolute else 1 - margin
    start = max(margin, level) if absolute else level
    other = start - margin if absolute else start * kept
    total = baseline.n + candidate.n
    mine, theirs = kept * candidate.n / total, baseline.n / total
    return (
        (mine * (1 - start), baseline.successes),
        (-mine * start, baseline.n - baseline.successes),
        (-theirs * (1 - other), candidate.successes),
        (theirs * other, candidate.n - candidate.successes),
    )


def _paid(unit: float, *stakes: tuple[float, int]) -> Stakes:
    return tuple((payoff / unit, rows) for payoff, rows in stakes)
