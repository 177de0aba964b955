"""Blanks: what stands in a draft where something is still to be filled in. No request is read with one."""

from typing import Literal

from pydantic import BeforeValidator

BLANK: Literal["TODO"] = "TODO"


def unfilled(what: str) -> str:
    """The sentence about a blank: what to write there."""
    return f"this is still to be filled in: write {what}"


def filled(what: str) -> BeforeValidator:
    """Refuses a blank, and says what to write instead."""

    def refuse_blank(value: object) -> object:
        if value == BLANK:
            raise ValueError(unfilled(what))
        return value

    return BeforeValidator(refuse_blank)
