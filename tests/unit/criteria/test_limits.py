"""The limit that an estimate is held against: its number, and its direction."""

import pytest

from builders.records import ERROR_RATE, MEMORY, a_criterion
from builders.scopes import a_scope
from model_ratchet.core.units import Dimension, Quantity
from model_ratchet.criteria.limits import Limit, limit

AUC = {"id": "x", "kind": "auc", "metric": "forecast", "margin": "1pp"}
ALLOCATED = {"id": "x", "kind": "ratio_limit", "metric": "memory", "of_allocation": "80%"}


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        (AUC, "2pp", Limit(value=-0.02, least=True)),
        (MEMORY, "25%", Limit(value=1.25)),
        (ALLOCATED, "90%", Limit(value=0.9)),
        (ERROR_RATE, "0.2%", Limit(value=0.002)),
    ],
    ids=["auc", "beside-baseline", "of-allocation", "rate"],
)
def test_a_value_is_asked_in_the_place_of_the_criterion_s_own(
    text: dict[str, object], at: str, expected: Limit
) -> None:
    assert limit(a_criterion(text), a_scope(), Quantity.parse(at, *Dimension)) == expected


def test_a_limit_holds_at_itself() -> None:
    least, most = Limit(value=-0.02, least=True), Limit(value=1.25)
    assert [least.holds(value) for value in (-0.03, -0.02, 0.0)] == [False, True, True]
    assert [most.holds(value) for value in (1.0, 1.25, 1.3)] == [True, True, False]
