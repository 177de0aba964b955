"""Forecasts: the rows that each criterion needs at present traffic, and the power of comparisons."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders.records import a_plan, performance
from model_ratchet.engine.forecast import Forecast, MetricTraffic, Traffic, forecast

TRAFFIC = Traffic(per_day=2000, metrics={"accuracy": MetricTraffic(per_day=2000, rate=0.8)})


def a_criterion(kind: str, **parameters: str) -> Mapping[str, object]:
    return {"id": kind, "kind": kind, "metric": "accuracy", "stage": "canary", **parameters}


def forecasts(*criteria: Mapping[str, object]) -> tuple[Forecast, ...]:
    return forecast(a_plan(performance(*criteria)), TRAFFIC)


@pytest.mark.parametrize("margin", ["1pp", "2pp"])
def test_drift_needs_what_a_comparison_with_the_same_margin_needs(margin: str) -> None:
    not_worse, drift = forecasts(a_criterion("non_inferiority", margin=margin), a_criterion("drift", max_drop=margin))
    assert drift.bound.criterion.id == "drift"
    assert drift == replace(not_worse, bound=drift.bound)
    assert drift.at_margin is not None


def test_a_smaller_margin_needs_more_rows() -> None:
    small, large = forecasts(a_criterion("drift", max_drop="1pp"), a_criterion("drift", max_drop="2pp"))
    assert small.needed > large.needed
