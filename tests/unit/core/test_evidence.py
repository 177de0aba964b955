"""Measurements: what contradicts itself is none, whoever builds it, a source or a reader of records."""

from collections.abc import Callable
from typing import Any

import pytest

from model_ratchet.core.evidence import LARGEST_BUCKET, MOST_HOURS, BucketHistogram, LogHistogram, Series
from model_ratchet.core.offers import Offers
from model_ratchet.core.scored import Scores


def scores(*bins: Any) -> Scores:
    return Scores(bins=bins, brier=0, log_loss=0, spread=0, variance=0)


CONTRADICTIONS: dict[str, Callable[[], object]] = {
    "scores beyond the bins": lambda: scores((961, 1, 0, 0)),
    "scores that fall": lambda: scores((2, 1, 0, 0), (1, 1, 0, 0)),
    "scores without rows": lambda: scores((1, 0, 0, 0)),
    "more came than rows": lambda: scores((1, 1, 2, 0)),
    "forecasts above 1": lambda: scores((1, 1, 0, 1_000_000_001)),
    "offers beyond the bins": lambda: Offers(bins=((3_600, 1, 0, 0, 0),)),
    "offers of more than all": lambda: Offers(bins=((1, 1, 2, 0, 0),)),
    "a bucket beyond all": lambda: LogHistogram(buckets=((LARGEST_BUCKET + 1, 1),)),
    "a bucket twice": lambda: LogHistogram(buckets=((1, 1), (1, 1))),
    "fewer than no rows": lambda: LogHistogram(buckets=((1, -1),)),
    "edges that fall": lambda: BucketHistogram(buckets=((0.2, 1), (0.1, 1))),
    "an edge behind the last": lambda: BucketHistogram(buckets=((None, 1), (0.1, 1))),
    "an edge below 0": lambda: BucketHistogram(buckets=((-0.1, 1),)),
    "an edge that is no number": lambda: BucketHistogram(buckets=((float("nan"), 1),)),
    "less than no rows": lambda: BucketHistogram(buckets=((0.1, -1),)),
    "hours that fall": lambda: Series(points=((1, 1.0), (0, 1.0))),
    "an hour beyond all": lambda: Series(points=((MOST_HOURS + 1, 1.0),)),
}


@pytest.mark.parametrize("made", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_measurement_that_contradicts_itself_is_none(made: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"scores|offers|histogram|series"):
        made()
