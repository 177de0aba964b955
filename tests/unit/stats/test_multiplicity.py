"""multiplicity: Holm's method against statsmodels and by its own definition."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from model_ratchet.stats.multiplicity import holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def test_the_worked_value_of_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06), rel=1e-12)


def test_no_p_value_is_adjusted_to_none_and_a_single_one_is_left_alone() -> None:
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)


@settings(max_examples=15)  # the oracle takes a tenth of a second
@given(p_values=P_VALUES)
def test_holm_agrees_with_statsmodels_in_the_order_given(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]), rel=1e-12, abs=1e-300)


@given(p_values=P_VALUES)
def test_an_adjusted_p_value_is_never_smaller_and_never_above_bonferroni(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, len(p_values) * raw)


@given(p_values=P_VALUES, data=st.data())
def test_the_order_of_the_p_values_does_not_matter(p_values: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(p_values))))
    adjusted = holm(p_values)
    assert holm([p_values[index] for index in order]) == tuple(adjusted[index] for index in order)
