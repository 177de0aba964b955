"""What is kept of offers instead of their rows: what the market and the model said of an event, together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from model_ratchet.core.scored import PARTS

OFFER_BINS = 60
"""The bins of each of the two probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Labelled rows of one arm by the market's probability and the model's.

    ``bins`` holds (bin, rows, rows whose event came, Σ market, Σ model) by rising bin, with the sums in parts of 10⁻⁹. Bin
    i·60 + j holds a market's probability in (i/60, (i+1)/60] and a model's in (j/60, (j+1)/60]; the first of each holds 0 too.
    """

    bins: tuple[tuple[int, int, int, int, int], ...]
    shape: Literal["offers"] = "offers"

    def __post_init__(self) -> None:
        places = [place for place, *_ in self.bins]
        if places != sorted(set(places)) or not all(0 <= place < OFFER_BINS**2 for place in places):
            raise ValueError(f"the bins of offers are numbers from 0 to {OFFER_BINS**2 - 1}, each once, rising")
        if any(n < 1 or not 0 <= came <= n for _, n, came, *_ in self.bins):
            raise ValueError("a bin of offers holds rows, of which at most all came")

    @property
    def n(self) -> int:
        """How many rows it holds."""
        return sum(n for _, n, *_ in self.bins)

    def means(self) -> Iterator[tuple[float, float, int, int]]:
        """Of each bin the mean of the market, the mean of the model, the rows, and how many of them came."""
        for _, n, came, market, model in self.bins:
            yield market / PARTS / n, model / PARTS / n, n, came

    def __add__(self, other: "Offers") -> "Offers":
        sums: dict[int, tuple[int, ...]] = {place: tuple(rest) for place, *rest in self.bins}
        for place, *rest in other.bins:
            before = sums.get(place, (0, 0, 0, 0))
            sums[place] = tuple(one + two for one, two in zip(before, rest, strict=True))
        return Offers(bins=tuple((place, *sums[place]) for place in sorted(sums)))  # type: ignore[misc]
