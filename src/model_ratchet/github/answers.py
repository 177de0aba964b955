"""Answers: GitHub's JSON, page by page to the end, and every way to get none as one exception that repeats no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from model_ratchet.core.errors import ForgeError
from model_ratchet.github.client import CutShortError, asking

if TYPE_CHECKING:
    from github import Github

Json = Mapping[str, Any]
MOST_PAGES = 100
_CUT_SHORT = 2
"""How often an answer may end early before that is told."""
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="next"')


def one(github: Github, path: str, what: str, **parameters: str | int) -> Json:
    """One object.

    Raises:
        ForgeError: there is no answer, or it is no object.
    """
    found = _asked(github, path, what, parameters)[1]
    if not isinstance(found, Mapping):
        raise ForgeError(f"GitHub's answer on {what} can't be understood", what=what, status="not understood")
    return found


def every(github: Github, path: str, what: str, *, key: str | None = None, **parameters: str | int) -> Sequence[Json]:
    """All items of a list, whatever the number of its pages; ``key`` names the list in answers that wrap it.

    Raises:
        ForgeError: a page has no answer, is no list, or the list says that it holds more.
    """
    items: list[Json] = []
    stated: int | None = None
    for page in _pages(github, path, what, {"per_page": 100, **parameters}):
        listed = page.get(key) if isinstance(page, Mapping) and key is not None else page
        if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
            raise ForgeError(f"GitHub's answer on {what} can't be understood", what=what, status="not understood")
        items += listed
        if isinstance(page, Mapping) and isinstance(page.get("total_count"), int):
            stated = page["total_count"]
    if stated is not None and len(items) < stated:
        status = f"{len(items)} of {stated}"
        raise ForgeError(f"GitHub's list of {what} is cut short: {status}", what=what, status=status)
    return items


def told_at(github: Github, path: str, what: str) -> datetime:
    """The present instant by GitHub's own clock, to the second: a runner's may be off.

    Raises:
        ForgeError: there is no answer, or none that bears a date.
    """
    headers = _asked(github, path, what, {})[0]
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        raise ForgeError(f"GitHub's answer on {what} bears no date", what=what, status="no date") from None


def instant(text: object) -> datetime:
    """An instant as GitHub writes it. Raises ``ValueError`` where it is none."""
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError("an instant without a zone")
    return found


def _pages(github: Github, path: str, what: str, parameters: Mapping[str, str | int]) -> Iterator[Any]:
    url, asked = path, dict(parameters)
    for _ in range(MOST_PAGES):
        headers, page = _asked(github, url, what, asked)
        yield page
        following = _NEXT.search(headers.get("link", ""))
        if following is None:
            return
        url, asked = following[1], {}
    status = f"more than {MOST_PAGES} pages"
    raise ForgeError(f"GitHub's list of {what} has {status}", what=what, status=status)


def _asked(github: Github, path: str, what: str, parameters: Mapping[str, str | int]) -> tuple[Mapping[str, str], Any]:
    """Headers and JSON; asked again where the answer ended early, because nothing but an answer is changed by that."""
    for _ in range(_CUT_SHORT):
        with suppress(CutShortError), asking(f"tell {what}", of=what):
            headers, found = github.requester.requestJsonAndCheck("GET", path, dict(parameters) or None)
            return headers, found
    with asking(f"tell {what}", of=what):
        headers, found = github.requester.requestJsonAndCheck("GET", path, dict(parameters) or None)
    return headers, found
