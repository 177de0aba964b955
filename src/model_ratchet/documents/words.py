"""Words: what was probably meant by an unknown one, and the list of known ones."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a misspelt one, None where none is near."""
    by_fold = {one.casefold().replace("-", "_"): one for one in known}
    near = get_close_matches(word[:64].casefold().replace("-", "_"), by_fold, n=1, cutoff=0.65)
    return by_fold[near[0]] if near else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """How a message about an unknown word goes on: ``: did you mean `shadow`? Known: canary, shadow``."""
    listed = tuple(dict.fromkeys(known))
    if not listed:
        return ": there is none here"
    near = meant(word, listed)
    question = f": did you mean `{near}`?" if near is not None else "."
    return f"{question} Known: {', '.join(listed)}"
