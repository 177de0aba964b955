"""Alert: what people should know of a model, since when, how badly, and whether it is over."""

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from model_ratchet.core.fields import Instant, Model, Slug, VersionField


class Severity(StrEnum):
    """How badly people should know."""

    WARNING = "warning"
    """Nobody is woken."""
    CRITICAL = "critical"
    """Somebody looks today."""
    PAGE = "page"
    """Somebody is woken."""


class State(StrEnum):
    """How an alert stands."""

    FIRING = "firing"
    RESOLVED = "resolved"
    """It was told, and is over."""
    ERRORED = "errored"
    """Nobody could look: neither good news nor bad."""


_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/%?&=#+-]*)?")


def _line(value: object) -> object:
    """One line of valid Unicode: nothing that a metric is called or holds keeps an alert from being told."""
    return " ".join(value.encode("utf-8", "replace").decode().split()) if isinstance(value, str) else value


def _plain(url: str) -> str:
    if _URL.fullmatch(url) is None:
        raise ValueError("a link is a plain http or https address, without user names, blanks or brackets")
    return url


Line: TypeAlias = Annotated[str, BeforeValidator(_line)]
"""A text of one line, from anywhere: each channel escapes it."""


class Link(Model):
    """Where a reader finds more."""

    text: Line
    """What it says."""
    url: Annotated[str, AfterValidator(_plain), Field(max_length=2000)]
    """Where it leads."""


class Alert(Model):
    """One rule of one model that is broken, was broken, or could not be looked at."""

    model: Slug
    """The model."""
    version: VersionField | None = None
    """The version that it is about, where it is about one."""
    rule: Annotated[Line, Field(min_length=1)]
    """What it is about, in the same words every time: ``latency p95 above 750ms over 1h``."""
    severity: Severity
    """How badly people should know."""
    state: State
    """How it stands."""
    since: Instant
    """Since when."""
    until: Instant | None = None
    """When it was over: of a resolved alert, and of no other."""
    value: Line = ""
    """What was measured, as people read it, or why nothing was."""
    reference: Line = ""
    """What it was compared with."""
    limit: Line = ""
    """What it may be at most, or at least."""
    acknowledged: bool = False
    """Whether somebody, or a rollback that has begun, is at it: it is not told again until it is over."""
    links: tuple[Link, ...] = ()
    """Where a reader finds more."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.until is not None) != (self.state is State.RESOLVED):
            raise ValueError("`until` says when a resolved alert was over, and no other has it")
        if self.until is not None and self.until < self.since:
            raise ValueError("an alert is not over before it began")
        return self

    @property
    def fingerprint(self) -> str:
        """The same for the same rule of the same model at the same severity, whatever the version: 32 hexadecimal digits.

        Another severity goes to other people, so that it is another alert.
        """
        return _digest(self.model, self.severity, self.rule)

    @property
    def content(self) -> str:
        """What makes it worth telling again: version, state, limit and whether somebody is at it, and not the value, which is
        another at every look."""
        return _digest(str(self.version), self.state, self.limit, str(self.acknowledged))


class Message(Model):
    """An alert as it is sent to services of one's own."""

    api_version: Literal["ratchet/v1"] = Field(default="ratchet/v1", alias="apiVersion")
    kind: Literal["Alert"] = "Alert"
    fingerprint: str
    """The same for the same rule of the same model at the same severity."""
    alert: Alert
    """The alert."""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
