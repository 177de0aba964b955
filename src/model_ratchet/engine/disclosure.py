"""Disclosure: what may not go into the ledger, which is read by many and never forgets: secrets, and values of single rows.

Asked of everything before it is appended. Pure; what is found is named by its place and never repeated.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import NONE, OTHER, Categories, Evidence, Grouping, Groups, Measurement, Missing, Need
from model_ratchet.documents.events import Event, as_json
from model_ratchet.documents.origin import VARIABLE

Patterns: TypeAlias = Mapping[str, re.Pattern[str]]

SECRETS: Patterns = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a token of GitHub": re.compile(r"\b(?:gh[opusr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    "a token of GitLab": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a key of Amazon": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a key of Google": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "a token of Slack": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "a token of a package index": re.compile(r"\b(?:pypi-[A-Za-z0-9_-]{50,}|npm_[A-Za-z0-9]{36})"),
    "a signed token (JWT)": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "a header that signs in": re.compile(r"(?i)\bauthorization\W{1,4}(?:bearer|basic|token)\s+[a-z0-9+/._~=-]{8,}"),
    "an address with a user or a password": re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/?#\"'<>@]*@"),
    "an address with a signature": re.compile(
        r"(?i)[?&](?:x-amz-signature|x-goog-signature|sig|signature|token|access_token|password|api_?key)=[^&\s]{8,}"
    ),
}
"""What is a secret wherever it stands, by its form."""

ALWAYS_HIDDEN = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "RATCHET_APP_KEY")
"""Variables that hold secrets although no sources file names them."""

_LEAST = 6
"""A value of fewer characters is in too many texts to be told from them."""
_WORD = 16
"""A value of fewer characters than this counts only where it stands alone."""


@dataclass(frozen=True, slots=True, order=True)
class Disclosure:
    """Something that may not be written, and where; never the thing itself."""

    place: str
    """``records/….json: sealed.queries.requests``; ``event 2: because``."""
    what: str

    def __str__(self) -> str:
        return f"{self.place} holds {self.what}"


def hidden_values(sources: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Variable → its value, of those that the text of the sources file names and those that are always secret, where they
    are set. Whether the text reads as a document does not matter."""
    names = dict.fromkeys((*VARIABLE.findall(sources), *ALWAYS_HIDDEN))
    return {name: environ[name] for name in names if environ.get(name)}


def disclosures(
    events: Iterable[Event], files: Mapping[str, bytes], hidden: Mapping[str, str] | None = None
) -> tuple[Disclosure, ...]:
    """Every secret in what is to be appended; ``hidden`` maps the names of variables to values that may stand nowhere."""
    patterns = {**SECRETS, **{f"the value of {name}": form for name, form in _forms(hidden or {})}}
    found: list[Disclosure] = []
    for number, event in enumerate(events, start=1):
        found += _in_value(f"event {number}", (), as_json(event), patterns)
    for path, content in files.items():
        found += _in_value(path, (), _value(content), patterns)
    return tuple(dict.fromkeys(found))


def refuse_disclosures(
    events: Iterable[Event], files: Mapping[str, bytes], hidden: Mapping[str, str] | None = None
) -> None:
    """Nothing, where nothing of what is to be appended is a secret.

    Raises:
        RecordError: something is; the message names each place, and never what stands there.
    """
    found = disclosures(events, files, hidden)
    if found:
        told = "; ".join(map(str, found[:5])) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
        raise RecordError(f"nothing was appended, because the ledger never forgets: {told}")


def refuse_unlisted(evidence: Evidence, listed: Mapping[str, tuple[str, ...]]) -> None:
    """Nothing, where the evidence names only those values of segments that the model file lists for their column.

    A column that lists none tells all its values apart that have enough rows.

    Raises:
        RecordError: it names another; the message says of which column, and never the value.
    """
    found = {
        need.segment
        for need, answer in evidence.answers.items()
        if listed.get(need.segment) and not {*listed[need.segment], OTHER, NONE}.issuperset(_names(need, answer))
    }
    if found:
        columns = ", ".join(sorted(found))
        raise RecordError(
            f"nothing was sealed: the evidence names values of {columns} that the model file does not list"
        )


def _names(need: Need, answer: Measurement | Missing) -> Iterator[str]:
    match answer:
        case Groups() if need.grouping is Grouping.SEGMENT:
            yield from (name for name, _ in answer.groups)
        case Categories():
            yield from (name for name, _ in answer.counts)
        case _:
            return


def _forms(hidden: Mapping[str, str]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """A value as it is, and as it is written where it may not stand as it is."""
    for name, value in hidden.items():
        spelled = {value, value.strip(), quote(value, safe=""), json.dumps(value)[1:-1]}
        spelled.add(base64.b64encode(value.encode("utf-8", "surrogateescape")).decode().rstrip("="))
        parts = [re.escape(one) if len(one) >= _WORD else rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(spelled)]
        if len(value.strip()) >= _LEAST:
            yield name, re.compile("|".join(parts))


def _value(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def _in_value(place: str, steps: tuple[str, ...], value: object, patterns: Patterns) -> Iterator[Disclosure]:
    match value:
        case str():
            at = f"{place}: {'.'.join(steps)}" if steps else place
            yield from (Disclosure(at, what) for what, form in patterns.items() if form.search(value))
        case dict():
            for number, (key, entry) in enumerate(value.items(), start=1):
                unnamed = (*steps, f"key {number}")
                told = tuple(_in_value(place, unnamed, str(key), patterns))
                yield from told
                # a name that is a secret is not said either
                yield from _in_value(place, unnamed if told else (*steps, str(key)), entry, patterns)
        case list():
            for number, entry in enumerate(value):
                yield from _in_value(place, (*steps, str(number)), entry, patterns)
        case _:
            return
