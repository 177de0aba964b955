"""Units: every number that a document gives with its unit, parsed exactly and kept as it was written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import Self

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_OUT_OF = re.compile(r"(\d{1,3}) of (\d{1,3})", re.ASCII)
_QUANTITY = re.compile(rf"({_NUMBER})\s?([A-Za-z%]+)", re.ASCII)
_LONGEST = 36_500 * 86_400.0
_FIRST, _AFTER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Dimension(StrEnum):
    """What a quantity measures. Times are held in seconds, sizes in bytes, shares as fractions."""

    TIME = "time"
    SIZE = "size"
    SHARE = "share"
    POINTS = "points"
    NUMBER = "number"


class Scale(StrEnum):
    """How a change is read: ``absolute`` (candidate − baseline), ``relative`` to the baseline, or their ``ratio``."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    RATIO = "ratio"


_UNITS: dict[str, tuple[Dimension, Decimal]] = {
    "us": (Dimension.TIME, Decimal("0.000001")),
    "ms": (Dimension.TIME, Decimal("0.001")),
    "s": (Dimension.TIME, Decimal(1)),
    "m": (Dimension.TIME, Decimal(60)),
    "h": (Dimension.TIME, Decimal(3600)),
    "d": (Dimension.TIME, Decimal(86400)),
    "B": (Dimension.SIZE, Decimal(1)),
    "KiB": (Dimension.SIZE, Decimal(2**10)),
    "MiB": (Dimension.SIZE, Decimal(2**20)),
    "GiB": (Dimension.SIZE, Decimal(2**30)),
    "TiB": (Dimension.SIZE, Decimal(2**40)),
    "kB": (Dimension.SIZE, Decimal(10**3)),
    "MB": (Dimension.SIZE, Decimal(10**6)),
    "GB": (Dimension.SIZE, Decimal(10**9)),
    "%": (Dimension.SHARE, Decimal("0.01")),
    "pp": (Dimension.POINTS, Decimal("0.01")),
}

GAUGE_UNITS: Mapping[str, float] = {
    "B": 1.0,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "cores": 1.0,
    "%": 0.01,
    "1": 1.0,
}
"""The unit of a gauge in bytes, cores, fractions or plain numbers."""

TIME_UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""The unit of a measured duration in seconds."""


@lru_cache(maxsize=1024)  # thousands of records of one policy spell the same few
def _parsed(text: str, dimensions: tuple[Dimension, ...]) -> tuple[float, Dimension]:
    """The value and its dimension."""
    match = _QUANTITY.fullmatch(text)
    known = [unit for unit, (dimension, _) in _UNITS.items() if dimension in dimensions]
    if match is None or match[2] not in known:
        raise ValueError(f"{text!r} is not a number with one of the units {', '.join(known)}")
    dimension, factor = _UNITS[match[2]]
    value = float(Decimal(match[1]) * factor)
    if not isfinite(value):
        raise ValueError(f"{text!r} is too much: write a smaller number")
    if dimension is Dimension.TIME and abs(value) > _LONGEST:
        raise ValueError(f"{text!r} is too long: write 36500d or less")
    return value, dimension


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: ``value`` in seconds, bytes or as a fraction; ``text`` as it was written."""

    value: float
    dimension: Dimension
    text: str

    @classmethod
    def parse(cls, text: str, *dimensions: Dimension) -> Self:
        """The quantity that ``text`` spells, of one of the dimensions.

        ``Quantity.parse("500ms", Dimension.TIME).value`` is 0.5.

        Raises:
            ValueError: no unit, an unknown unit, one of another dimension, more than 36500d, or no finite number.
        """
        return cls(*_parsed(text, dimensions), text)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Duration(Quantity):
    """A length of time: ``72h``, ``7d``, ``10m``. ``value`` is in seconds."""

    @property
    def delta(self) -> timedelta:
        """The same as a ``timedelta``."""
        return timedelta(seconds=self.value)


@dataclass(frozen=True, slots=True)
class Change(Quantity):
    """A difference between two versions: ``2pp`` is absolute, ``2%`` is relative to the baseline. ``value`` is a fraction."""

    @property
    def scale(self) -> Scale:
        """``absolute`` for percentage points, ``relative`` for per cent."""
        return Scale.ABSOLUTE if self.dimension is Dimension.POINTS else Scale.RELATIVE


@dataclass(frozen=True, slots=True)
class OutOf:
    """So many of the last so many: ``2 of 3``. ``times`` is 1 or more and at most ``looks``, which is at most 100."""

    times: int
    looks: int

    def __post_init__(self) -> None:
        if not 1 <= self.times <= self.looks <= 100:
            raise ValueError(f"{self} can't be: write one such as 2 of 3")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pair that ``text`` spells.

        Raises:
            ValueError: it is spelled otherwise, or more are asked for than there are.
        """
        match = _OUT_OF.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not so many of so many: write one such as 2 of 3")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.times} of {self.looks}"


def within_reach(instant: datetime) -> datetime:
    """``instant`` itself, which lies in the years 1970 to 2199: every window can be counted from it, either way.

    Raises:
        ValueError: it lies in another year.
    """
    if not _FIRST <= instant < _AFTER:
        raise ValueError(f"{instant.isoformat()} is out of reach: the years are 1970 to 2199")
    return instant


def significant(value: float, digits: int = 9) -> float:
    """``value`` rounded to so many significant digits: what is sealed, and therefore what is judged.

    ``significant(0.123456789123)`` is 0.123456789.
    """
    # a point or an exponent, and the 0 before a point, are no digits: most that was rounded once is as short as that
    few = len(repr(value)) <= digits + (2 if -1 < value < 1 else 1)
    return value if few else float(f"{value:.{digits - 1}e}")
