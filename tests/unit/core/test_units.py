"""Units are part of the value: parsed exactly, kept as written, refused when bare or foreign."""

import pytest

from model_ratchet.core.units import Change, Dimension, Duration, Quantity, Scale, significant


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("500ms", Dimension.TIME, 0.5),
        ("72h", Dimension.TIME, 259_200.0),
        ("7d", Dimension.TIME, 604_800.0),
        ("512MiB", Dimension.SIZE, 536_870_912.0),
        ("0.1%", Dimension.SHARE, 0.001),
        ("2pp", Dimension.POINTS, 0.02),
    ],
)
def test_a_quantity_is_held_in_base_units_and_keeps_its_text(text: str, dimension: Dimension, value: float) -> None:
    quantity = Quantity.parse(text, dimension)
    assert (quantity.value, quantity.dimension, str(quantity)) == (value, dimension, text)


@pytest.mark.parametrize("text", ["2", "0.02", "", "ms", "2 ms ms", "1e3ms", "nan%", "infs", "٣ms", "2PP", "500 MS"])
def test_a_number_without_a_known_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number with one of the units"):
        Quantity.parse(text, *Dimension)


def test_a_unit_of_another_dimension_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'2%' is not a number with one of the units us, ms, s, m, h, d$"):
        Duration.parse("2%", Dimension.TIME)


def test_percentage_points_are_absolute_and_per_cent_is_relative() -> None:
    both = (Dimension.POINTS, Dimension.SHARE)
    assert Change.parse("2pp", *both).scale is Scale.ABSOLUTE
    assert Change.parse("2%", *both).scale is Scale.RELATIVE


def test_numbers_are_rounded_to_nine_significant_digits() -> None:
    assert significant(0.123456789123) == 0.123456789
    assert significant(0.02000000000001) == 0.02
