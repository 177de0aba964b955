"""The warning where rows look clustered, from the hours and the days of a stage."""

import pytest

from builders.scopes import ACCURACY, UNREADABLE, a_scope
from model_ratchet.core.evidence import Counts, Evidence, Groups, Missing
from model_ratchet.core.reason import Reason, Why
from model_ratchet.criteria.independence import clustered_warning, clustered_warning_needs


def warned(*hourly: tuple[int, Counts]) -> list[Reason]:
    groups = Groups(groups=tuple((str(hour), counts) for hour, counts in hourly))
    needs = clustered_warning_needs(a_scope(), ACCURACY)
    return list(clustered_warning(a_scope(), Evidence(dict.fromkeys(needs, groups)), ACCURACY))


def test_hours_too_small_to_look_at_are_added_up_to_days() -> None:
    # ten rows a day, in two hours, all of them right or all of them wrong in turn
    days = [(24 * day + hour, Counts(successes=5 * (day % 2), n=5)) for day in range(20) for hour in (3, 15)]
    (warning,) = warned(*days)
    assert (warning.why, warning.parameters["by"]) == (Why.LOOKS_CLUSTERED, "day")
    # Σ n·(p − ½)²/(½·½) of 20 days, with 19 degrees of freedom
    assert warning.parameters["design_effect"] == pytest.approx(round(20 * 10 * 0.25 / 0.25 / 19, 2))


def test_days_that_are_alike_are_no_sign() -> None:
    assert warned(*[(24 * day, Counts(successes=5, n=10)) for day in range(20)]) == []


def test_hours_that_can_not_be_read_are_no_sign() -> None:
    needs = clustered_warning_needs(a_scope(), ACCURACY)
    evidence = Evidence(dict.fromkeys(needs, Missing(reason=UNREADABLE[0])))
    assert list(clustered_warning(a_scope(), evidence, ACCURACY)) == []
