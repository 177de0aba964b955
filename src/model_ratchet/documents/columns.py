"""Columns of a table, and the label values that are no outcome, as documents name them."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field

Column: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]


def _label_value(value: object) -> object:
    if value is None:
        raise ValueError("null is a label that has not come yet: it counts against coverage and can't be excluded")
    return value


NoOutcome: TypeAlias = Annotated[str | float | bool, BeforeValidator(_label_value)]
"""A label value that is no outcome: a tie, a push."""
