"""The course of a rule: what it read of each block, what it compared that with, and its limit, for people to see."""

from datetime import timedelta
from typing import Any

import pytest

from builders.scopes import LATENCY
from builders.watching import GIB, START, a_rule, a_subject, gauge, latencies, pairs, share, silence, slow, traffic
from model_ratchet.core.evidence import HOUR, LogHistogram, QuantileCounts, Series
from model_ratchet.engine.watch import Block, Watched
from model_ratchet.engine.watch.blocks import Means
from model_ratchet.engine.watch.course import Point, course

NOTHING = (None, None, None)
EMPTY = LogHistogram(buckets=())


def point(rule: Watched, candidate: Any, reference: Any = None, **subject: Any) -> tuple[float | None, ...]:
    """The version's value, the reference's, and the limit, of one block."""
    block = Block(start=START, candidate=candidate, reference=reference)
    (found,) = course(rule.rule, a_subject(**subject), (block,))
    assert found.start == START
    return found.version, found.reference, found.limit


def test_every_block_has_its_point_in_order() -> None:
    starts = [START + hour * HOUR for hour in range(3)]
    blocks = [Block(start=start, candidate=share(number / 4, 100)) for number, start in enumerate(starts)]
    assert course(a_rule("rate", "1%").rule, a_subject(), blocks) == tuple(
        Point(start=start, version=number / 4, limit=0.01) for number, start in enumerate(starts)
    )


def test_a_drop_in_points_is_beyond_that_much_below_the_reference() -> None:
    assert point(a_rule(above="5pp"), pairs(0.04, n=1000)) == pytest.approx((0.76, 0.8, 0.75), abs=1e-12)


def test_a_drop_in_percent_is_beyond_that_share_of_the_reference() -> None:
    assert point(a_rule(above="5%"), share(0.7), share(0.8)) == pytest.approx((0.7, 0.8, 0.76))


def test_what_is_better_when_low_drops_upwards() -> None:
    rule = a_rule(above="5pp", metric="latency")
    means = Means(reference_rows=4, reference_sum=800, reference_squares=0, rows=5, sum=1_500, squares=0, unit=1_000)
    assert LATENCY.better == "lower"
    assert point(rule, means) == pytest.approx((0.3, 0.2, 0.25))


def test_a_drop_without_a_reference_has_no_limit() -> None:
    assert point(a_rule(above="5pp"), share(0.7)) == (0.7, None, None)


def test_an_increase_is_beyond_so_much_above_the_references_quantile() -> None:
    mine, other, limit = point(a_rule("increase", "50%", quantile=0.95), latencies(300), latencies(200))
    assert mine == pytest.approx(0.3, rel=0.02)
    assert other == pytest.approx(0.2, rel=0.02)
    assert other is not None
    assert limit == pytest.approx(1.5 * other)
    assert point(a_rule("increase", "50%", quantile=0.95), latencies(300), EMPTY)[1:] == (None, None)


def test_a_quantile_is_the_share_above_its_limit_of_which_so_many_are_allowed() -> None:
    rule = a_rule("quantile", "750ms", quantile=0.95)
    assert point(rule, slow(0.1)) == pytest.approx((0.1, None, 0.05))
    unclear = QuantileCounts(at_or_below=90, n=100, maximum=2.0, unclear=4)
    assert point(rule, unclear)[0] == pytest.approx(0.06)


def test_memory_is_the_mean_of_the_hour_beside_a_share_of_what_is_allocated() -> None:
    rule = a_rule("of_allocation", "150%")
    two = Series(points=((0, 1.0 * GIB), (1, 3.0 * GIB)))
    assert point(rule, two) == (2 * GIB, None, 3 * GIB)
    assert point(rule, gauge(1.0), allocation={}) == (GIB, None, None)


def test_silence_is_what_was_reported_beside_what_was_sent() -> None:
    assert point(silence(), traffic(sent=400, reported=3)) == (3.0, 400.0, None)


@pytest.mark.parametrize("candidate", [None, share(0.1, 0), slow(0.1, 0), Series(points=()), EMPTY])
def test_a_block_without_a_row_has_no_value(candidate: Any) -> None:
    assert point(a_rule("increase", "50%", quantile=0.95), candidate) == NOTHING


def test_blocks_of_any_length_keep_their_starts() -> None:
    block = Block(start=START + timedelta(minutes=5), candidate=None)
    assert course(silence().rule, a_subject(), (block,)) == (Point(start=block.start, version=None),)
