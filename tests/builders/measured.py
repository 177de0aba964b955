"""Strategies of evidence: measurements made from their own types, of any numbers, and what is missing or of another form."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from math import inf, nan
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from builders.scopes import UNREADABLE, Answer
from model_ratchet.core.code import Level, Tally
from model_ratchet.core.evidence import (
    LARGEST_BUCKET,
    BucketHistogram,
    Counts,
    Grouping,
    Groups,
    LogHistogram,
    Missing,
    Need,
    Series,
    Shape,
    Simple,
)
from model_ratchet.core.offers import OFFER_BINS, Offers
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import PARTS, SCORE_BINS, Scores

COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 20_000), st.sampled_from([2**31, 2**53 + 1]))
NUMBERS = st.one_of(st.floats(0, 1), st.sampled_from([0.0, -0.0, 1e-320, 1e308, -1.0, nan, inf, -inf]), st.floats())
TEXTS = st.one_of(
    st.sampled_from(
        ["", "EWR", "JFK", "other", "(none)", "0", "1", "<b>@acme/all</b>", "\u202e\x1b[2J", "\ud800", "\uffff"]
    ),
    st.text(max_size=12),
)
INSTANTS = st.datetimes(datetime(2025, 7, 1), datetime(2025, 10, 1), timezones=st.just(UTC))  # noqa: DTZ001
REASONS = st.sampled_from([*UNREADABLE, because(Why.NOT_ASKED)])
MISSING = st.builds(Missing, reason=REASONS, lasting=st.booleans())


def _rising(found: dict[Any, Any]) -> tuple[Any, ...]:
    return tuple(sorted(found.items()))


def _bins(first: int, last: int, sums: int) -> st.SearchStrategy[Any]:
    """Rows by bin: how many, how many came, and so many sums of probabilities."""
    n = st.integers(1, 2_000)
    rows = n.flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n), *[st.integers(0, n * PARTS) for _ in range(sums)])
    )
    found = st.dictionaries(st.integers(first, last), rows, max_size=8)
    return found.map(lambda one: tuple((place, *held) for place, held in sorted(one.items())))


_ATOMS: dict[object, st.SearchStrategy[Any]] = {
    int: COUNTS,
    float: NUMBERS,
    str: TEXTS,
    bool: st.booleans(),
    datetime: INSTANTS,
    Reason: REASONS,
    Counts: st.tuples(COUNTS, COUNTS).map(lambda two: Counts(successes=min(two), n=max(two))),
    Scores: st.builds(
        Scores, bins=_bins(1, SCORE_BINS, 1), brier=COUNTS, log_loss=COUNTS, spread=COUNTS, variance=COUNTS
    ),
    Offers: st.builds(Offers, bins=_bins(0, OFFER_BINS**2 - 1, 2)),
    LogHistogram: st.builds(
        LogHistogram,
        buckets=st.dictionaries(st.integers(0, 1_000) | st.just(LARGEST_BUCKET), COUNTS, max_size=8).map(_rising),
    ),
    Series: st.builds(Series, points=st.dictionaries(st.integers(0, 200), NUMBERS, max_size=8).map(_rising)),
    BucketHistogram: st.dictionaries(st.floats(0, 20), COUNTS, max_size=4).flatmap(
        lambda found: st.builds(BucketHistogram, buckets=COUNTS.map(lambda above: (*_rising(found), (None, above))))
    ),
    Tally: st.builds(
        Tally,
        level=st.sampled_from(Level),
        score=st.none() | NUMBERS,
        suppressed=st.booleans(),
        count=st.integers(1, 9),
    ),
    NoneType: st.none(),
}
SIMPLE: tuple[Any, ...] = get_args(Simple)
_OTHER_FORMS = {
    Shape.MOMENTS: ("paired_moments", "arm_moments"),
    Shape.LOG_HISTOGRAM: ("log_histogram", "bucket_histogram"),
}
"""Shapes whose measurements have other names."""


@cache
def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that the fields of a measurement have."""
    if kind in _ATOMS:
        return _ATOMS[kind]
    if is_dataclass(kind):
        return _of_fields(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of(*map(of_type, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(of_type(inner[0]), max_size=4).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of_type, inner))
    raise TypeError(f"no values of {kind} are known")


def _of_fields(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{one.name: of_type(hints[one.name]) for one in fields(kind)})


def measurements(need: Need) -> st.SearchStrategy[Answer]:
    """What could be answered: of the form that a need asks for, in any groups, or not."""
    forms = _OTHER_FORMS.get(need.shape, (need.shape.value,))
    fitting = st.one_of(*(of_type(one) for one in SIMPLE if _form(one) in forms))
    if need.grouping is Grouping.TOTAL:
        return fitting
    names = (
        st.sampled_from(["EWR", "JFK", "other"]) if need.grouping is Grouping.SEGMENT else st.integers(0, 200).map(str)
    )
    return st.lists(st.tuples(names, fitting), max_size=6, unique_by=lambda one: one[0]).map(
        lambda groups: Groups(groups=tuple(groups))
    )


def foreign() -> st.SearchStrategy[Answer]:
    """A measurement that nobody asked for."""
    return st.sampled_from(SIMPLE).flatmap(of_type)


def _form(kind: Any) -> str:
    return str(next(one.default for one in fields(kind) if one.name == "shape"))
