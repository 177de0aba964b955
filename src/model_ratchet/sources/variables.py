"""Variables: ``${NAME}`` in the sources file, taken from the environment."""

from collections.abc import Mapping

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.origin import VARIABLE
from model_ratchet.sources.engine import UnanswerableError


def fill(source: str, text: str, environ: Mapping[str, str]) -> str:
    """The text with every variable replaced.

    Raises:
        UnanswerableError: a variable is not set, or empty; the reason names it.
    """
    for name in VARIABLE.findall(text):
        if not environ.get(name):
            raise UnanswerableError(because(Why.VARIABLE_ABSENT, source=source, variable=name))
    return VARIABLE.sub(lambda match: environ[match[1]], text)
