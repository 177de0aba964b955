"""Scale: from values to pixels, and the round values that an axis names."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

HOUR_S, DAY_S = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values from ``low`` to ``high`` on pixels from ``start`` to ``end``, evenly or by their logarithms.

    Raises:
        ValueError: ``low`` is not below ``high``, or not above 0 where logarithms are taken.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise ValueError(f"no scale runs from {self.low:g} to {self.high:g}")

    def place(self, value: float) -> float:
        """The pixel of a value; what lies outside is put on the edge."""
        held = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = log10(held / self.low) / log10(self.high / self.low)
        else:
            share = (held - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether a value lies on it."""
        return self.low <= value <= self.high


_LARGEST = 1e300
"""What lies further out has no room beside it in a float."""


def domain(values: Sequence[float], *, near: Sequence[float] = (), pad: float = 0.08) -> tuple[float, float]:
    """Two ends that hold all values, with some air. Values ``near`` are held too where that at most doubles the range.

    Raises:
        ValueError: there is no value.
    """
    low, high = max(min(values), -_LARGEST), min(max(values), _LARGEST)
    room = (high - low) or abs(high) or 1.0
    for one in near:
        if low - room <= one <= high + room:
            low, high = min(low, one), max(high, one)
    air = pad * ((high - low) or room)
    return low - air, high + air


def round_values(low: float, high: float, most: int, *, base: float = 1.0) -> tuple[float, ...]:
    """Round multiples of ``base`` from ``low`` to ``high``, at most ``most`` steps of 1, 2 or 5 times a power of 10 apart."""
    rough = (high - low) / base / most
    power = 10 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10, 20) if factor * power >= rough) * base
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(index * step for index in range(first, last + 1))


def powers(low: float, high: float, most: int) -> tuple[float, ...]:
    """Round values on a logarithmic scale: 1, 2 and 5 times powers of ten, or powers alone where those would be too many."""
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = tuple(factor * 10.0**one for one in exponents for factor in (1, 2, 5) if low <= factor * 10.0**one <= high)
    if len(found) <= most:
        return found
    alone = tuple(10.0**one for one in exponents if low <= 10.0**one <= high)
    return alone[:: max(1, -(-len(alone) // most))]


def midnights(low: float, high: float, most: int) -> tuple[float, ...]:
    """At most ``most`` starts of days (UTC, in seconds since the epoch), evenly apart; of hours where no two days fit."""
    step = next(
        (one * DAY_S for one in (1, 2, 5, 7, 14, 28, 91, 364) if (high - low) / (one * DAY_S) <= most), high - low
    )
    if high - low < 2 * DAY_S:
        step = next(one * HOUR_S for one in (1, 2, 3, 6, 12, 24) if (high - low) / (one * HOUR_S) <= most)
    first = ceil(low / step)
    return tuple(one * step for one in range(first, floor(high / step) + 1))
