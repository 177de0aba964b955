"""CODEOWNERS: who owns a path, as GitHub reads the file. The last line that fits wins, also one that names nobody."""

import re
from collections.abc import Iterator

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file; the first one that is there counts."""


def owners_of(text: str, path: str) -> tuple[str, ...]:
    """The owners of a file, from the repository's root; none where no line fits, or the last that fits names none."""
    found: tuple[str, ...] = ()
    for pattern, owners in _lines(text):
        if _fits(pattern, path):
            found = owners
    return found


def _lines(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in text.splitlines():
        words = re.split(r"\s#", f" {line}")[0].replace("\\ ", "\0").split()
        # GitHub skips lines with what gitignore knows and CODEOWNERS does not
        if words and not words[0].startswith("!") and not set("[]") & set(words[0]):
            yield words[0].replace("\0", " "), tuple(words[1:])


def _fits(pattern: str, path: str) -> bool:
    inner = pattern.rstrip("/")
    start = "" if "/" in inner else "(?:.*/)?"
    # a folder owns all that is below it; `docs/*` owns what is directly in it and nothing deeper
    end = "/.*" if pattern.endswith("/") else "" if re.search(r"/\*$", inner) else "(?:/.*)?"
    return re.fullmatch(start + _expression(inner.lstrip("/")) + end, path, re.DOTALL) is not None


def _expression(pattern: str) -> str:
    parts = re.split(r"(^\*\*/|/\*\*/|/\*\*$|\*+|\?)", pattern)
    known = {"**/": "(?:.*/)?", "/**/": "/(?:.*/)?", "/**": "/.*", "?": "[^/]"}
    return "".join(known.get(part, "[^/]*" if set(part) == {"*"} else re.escape(part)) for part in parts if part)
