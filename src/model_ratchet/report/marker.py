"""Marker: the hidden first line of Ratchet's comment, by which a later run finds it and knows what it may overwrite."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

SCHEMA = 1

_LINE = re.compile(
    r"<!-- ratchet:v(?P<schema>\d{1,4}) head=(?P<head>[0-9a-f]{40,64}) base=(?P<base>[A-Za-z0-9._~/%-]{1,1024})"
    r" run=(?P<run>\d{1,20}) attempt=(?P<attempt>\d{1,9}) -->",
    re.ASCII,
)
_FOOT = re.compile(r"\n\n[^\n]*commit <code>[0-9a-f]{12}</code> against [^\n]*\Z")
_HEAD = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Which commit a comment speaks of, against which base branch, and which run wrote it.

    Raises:
        ValueError: the head is no commit id, the base is empty, or a number is negative.
    """

    head: str
    base: str
    run: int
    attempt: int = 1
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if _HEAD.fullmatch(self.head) is None:
            raise ValueError(f"{self.head!r} is no commit id: it has 40 or 64 lower-case hexadecimal digits")
        if _LINE.fullmatch(str(self)) is None:
            raise ValueError(f"base {self.base!r}, run {self.run} and attempt {self.attempt} can't be written down")

    def __str__(self) -> str:
        return (
            f"<!-- ratchet:v{self.schema} head={self.head} base={_written(self.base)} "
            f"run={self.run} attempt={self.attempt} -->"
        )

    @property
    def revision(self) -> tuple[int, int]:
        """Run and attempt: the comment of a greater revision is never overwritten by that of a smaller one."""
        return (self.run, self.attempt)


def read_marker(comment: str) -> Marker | None:
    """The marker of a comment whose very first line is one; None for any other text, however close it comes."""
    line = first_line(comment)
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    try:
        marker = Marker(
            head=found["head"],
            base=unquote(found["base"], errors="strict"),
            run=int(found["run"]),
            attempt=int(found["attempt"]),
            schema=int(found["schema"]),
        )
    except ValueError:
        return None
    return marker if str(marker) == line else None


def first_line(text: str) -> str:
    """The first line, without its end."""
    return text.partition("\n")[0].removesuffix("\r")


def without_marker(text: str) -> str:
    """What is said below the marker and above the foot that names the run, with line ends as git writes them.

    Two runs that say the same agree in it.
    """
    below = text.partition("\n")[2] if read_marker(text) is not None else text
    return _FOOT.sub("", below.replace("\r\n", "\n").strip())


def _written(base: str) -> str:
    """The name of a branch without what could end an HTML comment."""
    return quote(base, safe="/").replace("--", "-%2D")
