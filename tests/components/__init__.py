"""Real servers that the tests start for themselves."""

import os
from typing import NoReturn

import pytest

REQUIRED = "RATCHET_COMPONENTS"
"""Set to ``required``, a component that is not there fails its tests instead of skipping them: the project's own CI does so."""


def absent(component: str, install: str) -> NoReturn:
    """Skip the test, and say in the closing lines what is missing and how to get it; fail it where CI asks for all."""
    message = f"{component} is not installed: {install}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
