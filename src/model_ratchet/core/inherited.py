"""The artefacts of a request against those that the evidence gives: what a check compares, as it is sealed."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key path at which an artefact differs: ``calibration.segments.nba.map.a``."""

    key: str
    committed: str
    computed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """The weight of one segment in the parent's optimizer and in the candidate's, 0 where it has none."""

    segment: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """What became of computing the artefacts of a request again.

    ``digests`` are those of the committed files by name; ``absent`` names the ones that the request does not bring.
    ``differences`` holds the first twenty of ``differing``. ``turnover`` is None where the parent, or the candidate, has no
    weights.
    """

    digests: tuple[tuple[str, str], ...]
    absent: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    differing: int = 0
    turnover: tuple[Turnover, ...] | None = None
    had_weights: bool = False
    """Whether the parent's optimizer has weights."""
    not_measured: tuple[str, ...] = ()
    """The warnings of the artefacts: what is null or not as usual."""
    shape: Literal["reproduced"] = "reproduced"


MOST_DIFFERENCES = 20
