"""Small segments inherit; large ones know themselves."""

import numpy as np
import pytest

from model_ratchet.stats.harm import forward_gain, gain
from model_ratchet.stats.maps import IDENTITY, Cells, Fit, Map, fit, isotonic, logit, sigmoid
from model_ratchet.stats.pooling import FLOOR, learned_spread, pool

PARENT = Map("logistic", (-0.25, 0.9))
SD = (0.1, 0.2)


def events(n: int, a: float, b: float, seed: int = 3) -> Cells:
    generator = np.random.default_rng(seed)
    p = generator.uniform(0.05, 0.95, n)
    return Cells.of(p, generator.random(n) < sigmoid(a + b * logit(p)))


def test_twenty_five_events_inherit() -> None:
    found = pool("logistic", events(25, 0.5, 1.3), PARENT, SD)
    assert max(found.own_weights) < 0.3
    assert found.inherited == PARENT
    assert np.abs(np.array(found.adjustments)).max() < 0.2


def test_many_events_speak_for_themselves() -> None:
    found = pool("logistic", events(100_000, 0.5, 1.3), PARENT, SD)
    assert found.own is not None
    assert min(found.own_weights) > 0.99
    assert found.adopted.map.coefficients == pytest.approx(found.own.map.coefficients, abs=0.01)


def test_the_adopted_map_is_the_precision_weighted_mean_of_both() -> None:
    """Far from the bounds the posterior is Gaussian: (own/se² + inherited/sd²) over the sum of the precisions."""
    found = pool("temperature", events(2_000, 0.0, 1.2), Map("temperature", (0.9,)), (0.2,))
    assert found.own is not None
    own, inherited = 1 / found.own.errors[0] ** 2, 1 / 0.2**2
    mean = (own * found.own.map.coefficients[0] + inherited * 0.9) / (own + inherited)
    assert found.adopted.map.coefficients[0] == pytest.approx(mean, abs=2e-3)
    assert found.own_weights[0] == pytest.approx(own / (own + inherited), abs=5e-3)


def test_a_segment_without_events_is_the_inherited_map() -> None:
    nothing = Cells(np.array([]), np.array([]), np.array([]))
    found = pool("logistic", nothing, PARENT, SD)
    assert found.own is None
    assert found.adopted.map.coefficients == pytest.approx(PARENT.coefficients)
    assert found.own_weights == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize("came", [0, 1], ids=["none", "all"])
def test_one_class_has_nothing_of_its_own(came: int) -> None:
    cells = Cells.of([0.4, 0.6], [came, came])
    assert cells.one_class
    assert pool("logistic", cells, PARENT, SD).own is None


def test_a_map_of_another_family_can_not_be_inherited() -> None:
    with pytest.raises(ValueError, match="isotonic"):
        pool("logistic", events(50, 0, 1), isotonic(events(50, 0, 1)), SD)


def test_the_spread_of_segments_is_learned_from_eight_of_them() -> None:
    generator = np.random.default_rng(5)
    shifts = generator.normal(0, 0.5, 40)
    fits = [fit("logistic", events(4_000, shift, 1.0, seed)) for seed, shift in enumerate(shifts)]
    known: list[Fit] = [one for one in fits if one is not None]
    centres = [Map("logistic", (0.0, 1.0))] * len(known)
    found = learned_spread("logistic", known, centres)
    assert found is not None
    assert found[0] == pytest.approx(0.5, abs=0.15)
    assert found[1] == pytest.approx(FLOOR, abs=0.05)
    assert learned_spread("logistic", known[:7], centres[:7]) is None
    assert learned_spread("logistic", known[:8], centres[:8]) is not None


def blocks(n: int, per_block: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(n, dtype=np.int64) // per_block


def test_a_map_that_is_needed_gains() -> None:
    cells = events(4_000, -0.4, 0.6)
    found = forward_gain(cells, blocks(4_000, 50), lambda past: _map(fit("logistic", past)), IDENTITY)
    assert found is not None
    assert found.shown
    assert (found.events, found.blocks) == (3_200, 64)


def test_what_is_calibrated_is_left_alone() -> None:
    """Over many samples a fit to calibrated forecasts is shown to gain no more often than its standard error lets it."""
    shown = 0
    for seed in range(40):
        cells = events(600, 0.0, 1.0, seed)
        found = forward_gain(cells, blocks(600, 20), lambda past: _map(fit("logistic", past)), IDENTITY)
        assert found is not None
        shown += found.shown
    assert shown <= 8


def test_a_fold_sees_only_what_came_before_it() -> None:
    cells, seen = events(500, 0, 1), []

    def look(past: Cells) -> Map:
        seen.append(len(past.p))
        return IDENTITY

    assert forward_gain(cells, blocks(500, 10), look, IDENTITY) is not None
    assert seen == [100, 200, 300, 400]


def test_too_few_blocks_show_nothing() -> None:
    cells = events(400, -0.4, 0.6)
    assert forward_gain(cells, blocks(400, 200), lambda past: _map(fit("logistic", past)), IDENTITY) is None
    one_block = gain(cells, blocks(400, 400), PARENT, IDENTITY)
    assert one_block is not None
    assert not one_block.shown


def test_the_gain_of_a_map_over_itself_is_nothing() -> None:
    found = gain(events(100, 0, 1), blocks(100, 10), PARENT, PARENT)
    assert found is not None
    assert (found.mean, found.error, found.shown) == (0, 0, False)


def _map(fitted: Fit | None) -> Map | None:
    return fitted.map if fitted is not None else None


def test_a_fold_holds_the_days_whose_middle_event_lies_in_it() -> None:
    """Of 40, 18 and 42 events the middle of the second day is the 49th of 100: it is fitted, and the last is scored."""
    weights = np.array([40.0, 18.0, 42.0])
    cells = Cells(np.full(3, 0.6), weights, weights / 2)
    seen: list[float] = []

    def fitted(chosen: Cells) -> Map:
        seen.append(chosen.events)
        return PARENT

    found = forward_gain(cells, np.arange(3), fitted, IDENTITY, folds=2)
    assert found is not None
    assert (seen, found.events, found.blocks) == ([58.0], 42.0, 1)


def test_as_many_days_as_folds_are_enough() -> None:
    cells = Cells(np.full(3, 0.6), np.ones(3), np.ones(3))
    assert forward_gain(cells, np.arange(3), lambda _: PARENT, IDENTITY, folds=3) is not None
    assert forward_gain(cells, np.array([0, 1, 1]), lambda _: PARENT, IDENTITY, folds=3) is None


def test_the_error_of_a_gain_is_that_of_a_ratio_over_days() -> None:
    """√(G/(G−1) · Σ(gain of a day − mean · its events)²) over the events (Cochran 1977, eq. 6.13)."""
    cells = Cells(np.array([0.6, 0.7, 0.2]), np.array([2.0, 3.0, 5.0]), np.array([1.0, 3.0, 1.0]))
    gains = np.array(
        [
            n * np.log((1 - q) / (1 - p)) + y * (logit(q) - logit(p))
            for p, n, y, q in zip(cells.p, cells.n, cells.y, PARENT(cells.p), strict=True)
        ]
    )
    mean = gains.sum() / 10
    found = gain(cells, np.array([1, 2, 4]), PARENT, IDENTITY)
    assert found is not None
    assert (found.mean, found.events, found.blocks) == pytest.approx((mean, 10, 3))
    assert found.error == pytest.approx(np.sqrt(1.5 * ((gains - mean * cells.n) ** 2).sum()) / 10)
