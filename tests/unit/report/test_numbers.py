from datetime import UTC, datetime, timedelta

import pytest

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale
from model_ratchet.report import numbers
from model_ratchet.report.numbers import Unit


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.712, "fraction", "71.2 %"),
        (1.0, "fraction", "100 %"),
        (0.99999, "fraction", ">99.99 %"),
        (0.0, "fraction", "0 %"),
        (0.000299529, "fraction", "0.03 %"),
        (0.00000012, "fraction", "1.20e−05 %"),
        (0.35, "s", "350 ms"),
        (2.0, "s", "2 s"),
        (0.0000932, "s", "93.2 µs"),
        (0.0, "s", "0 s"),
        (209_715_200.0, "B", "200 MiB"),
        (512.0, "B", "512 B"),
        (0.5, "cores", "0.5 cores"),
        (12_345.0, "1", "12345"),
    ],
)
def test_a_level_is_shown_in_its_unit(value: float, unit: Unit, shown: str) -> None:
    assert numbers.level(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "scale", "shown"),
    [
        (0.0253998, "fraction", Scale.ABSOLUTE, "+2.54 pp"),
        (-0.0839, "fraction", Scale.ABSOLUTE, "−8.39 pp"),
        (0.0, "fraction", Scale.ABSOLUTE, "0 pp"),
        (0.041, "fraction", Scale.RELATIVE, "+4.1 %"),
        (-0.03, "s", Scale.ABSOLUTE, "−30 ms"),
        (1.0823, "B", Scale.RATIO, "×1.08"),
    ],
)
def test_a_change_has_its_sign(value: float, unit: Unit, scale: Scale, shown: str) -> None:
    assert numbers.change(value, unit, scale) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.0108179, "p = 0.0108"), (3e-9, "p < 0.0001"), (1.0, "p = 1")])
def test_a_p_value_is_never_shown_as_zero(value: float, shown: str) -> None:
    assert numbers.p_value(value) == shown


def test_an_interval_names_its_unit_once_and_its_level() -> None:
    found = Estimate(
        value=0.0254,
        low=0.0066,
        high=0.0448,
        level=0.95,
        n=1064,
        method="exact",
        scale=Scale.ABSOLUTE,
        baseline=0.6453,
        candidate=0.6707,
    )
    assert numbers.interval(found, "fraction") == "+0.66 to +4.48 pp (95 %)"
    assert numbers.estimate(found, "fraction") == "+2.54 pp"


def test_an_interval_that_is_open_says_so() -> None:
    found = Estimate(value=0.1, low=None, high=0.2, level=0.9, n=10, method="exact", scale=Scale.ABSOLUTE)
    assert numbers.interval(found, "fraction") == "−∞ to 20 % (90 %)"


def test_instants_are_shown_in_utc() -> None:
    assert numbers.instant(datetime(2025, 8, 25, 14, tzinfo=UTC)) == "2025-08-25 14:00 UTC"
    assert numbers.instant(datetime(2025, 8, 25, 14, 0, 5, tzinfo=UTC)) == "2025-08-25 14:00:05 UTC"
    assert numbers.instant_text("2025-08-25T16:00:00+02:00") == "2025-08-25 14:00 UTC"
    assert numbers.instant_text("soon") == "soon"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (timedelta(days=7), "7d"),
        (timedelta(hours=72), "72h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=24), "24h"),
    ],
)
def test_lengths_are_shown_as_policies_write_them(value: timedelta, shown: str) -> None:
    assert numbers.length(value) == shown
