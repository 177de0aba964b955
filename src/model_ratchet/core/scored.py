"""What is kept of forecasts and of bets instead of their rows: whole numbers, which add up."""

from dataclasses import dataclass
from typing import Literal

SCORE_BINS = 960
"""The bins of a score histogram: every number of equal bins that divides 960 (10, 15, 20, …) is made of whole ones."""

PARTS = 1_000_000_000
"""Probabilities, scores and rates are held in parts of this."""

MONEY = 1_000_000
"""Stakes and profits are held in parts of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Labelled rows of one arm by their forecast, and what is exact of them whatever the bins.

    ``bins`` holds (bin, rows, rows whose event came, Σp) by rising bin; bin k of 1 to 960 holds p in ((k−1)/960, k/960], and
    the first one 0 too, with p rounded to 9 decimals. All sums but the counts are in parts of 10⁻⁹.
    """

    bins: tuple[tuple[int, int, int, int], ...]
    brier: int
    """Σ (p − y)²."""
    log_loss: int
    """Σ −ln of the probability given to what came, at most 13.8 each."""
    spread: int
    """Σ p(1 − p): what Σ (p − y)² is on average where every forecast is right."""
    variance: int
    """Σ (1 − 2p)² p(1 − p): the variance of Σ (p − y)² about that."""
    shape: Literal["scores"] = "scores"

    def __post_init__(self) -> None:
        places = [place for place, *_ in self.bins]
        if places != sorted(set(places)) or not all(1 <= place <= SCORE_BINS for place in places):
            raise ValueError(f"the bins of scores are numbers from 1 to {SCORE_BINS}, each once, rising")
        if any(n < 1 or not 0 <= came <= n or not 0 <= p <= n * PARTS for _, n, came, p in self.bins):
            raise ValueError("a bin of scores holds rows, of which at most all came, with forecasts from 0 to 1")

    @property
    def n(self) -> int:
        """How many rows it holds."""
        return sum(n for _, n, _, _ in self.bins)

    @property
    def came(self) -> int:
        """How many of them came."""
        return sum(came for _, _, came, _ in self.bins)

    @classmethod
    def nothing(cls) -> "Scores":
        """Of no row."""
        return cls(bins=(), brier=0, log_loss=0, spread=0, variance=0)

    def __add__(self, other: "Scores") -> "Scores":
        sums = {place: (n, came, p) for place, n, came, p in self.bins}
        for place, n, came, p in other.bins:
            before = sums.get(place, (0, 0, 0))
            sums[place] = (before[0] + n, before[1] + came, before[2] + p)
        return Scores(
            bins=tuple((place, *sums[place]) for place in sorted(sums)),
            brier=self.brier + other.brier,
            log_loss=self.log_loss + other.log_loss,
            spread=self.spread + other.spread,
            variance=self.variance + other.variance,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bets:
    """Settled bets of one arm. Money is in parts of 10⁻⁶, rates in parts of 10⁻⁹."""

    n: int
    """Bets that were won or lost."""
    won: int
    pushes: int
    """Bets whose result is no outcome: in no other number."""
    staked: int
    profit: int
    """Σ profit: stake · (odds − 1) of what was won, −stake of the rest."""
    squares: int
    """Σ profit², in parts of 10⁻¹²."""
    lost: int
    """Σ stake of what was lost."""
    break_even: int
    """Σ 1/odds: the rate of winning that would pay for itself."""
    closed: int = 0
    """Bets of which the closing odds are known."""
    beaten: int = 0
    """Those taken at higher odds than the closing ones."""
    line: int = 0
    """Σ odds / closing odds − 1 over the closed."""
    fair: int = 0
    """Bets of which the closing probability without the bookmaker's margin is known."""
    edge: int = 0
    """Σ odds · that probability − 1 over the fair."""
    shape: Literal["bets"] = "bets"

    @classmethod
    def nothing(cls) -> "Bets":
        """Of no bet."""
        return cls(n=0, won=0, pushes=0, staked=0, profit=0, squares=0, lost=0, break_even=0)

    def __add__(self, other: "Bets") -> "Bets":
        names = (name for name in Bets.__slots__ if name != "shape")
        return Bets(**{name: getattr(self, name) + getattr(other, name) for name in names})
