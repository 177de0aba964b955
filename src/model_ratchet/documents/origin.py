"""Origins: where a source may be reached, as scheme, host and port."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.yaml import Path

DEFAULT_PORTS = {"http": 80, "https": 443, "s3": 443, "sc": 15002, "postgresql": 5432}

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host in lower case and a port: ``https://metrics.example.com:443``. Of S3, the host is the bucket."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a URL.

        Raises:
            ValueError: an unknown scheme, no host, no bucket's name, or user names and passwords in it. The message never
                holds the URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS:
            raise ValueError(f"a URL starts with one of {', '.join(f'{scheme}://' for scheme in DEFAULT_PORTS)}")
        if parts.username is not None or parts.password is not None:
            raise ValueError("user names and passwords stand in `auth`, never in a URL")
        try:
            port = parts.port
        except ValueError:
            raise ValueError("the port is no number from 1 to 65535") from None
        if not parts.hostname:
            raise ValueError("the URL names no host")
        if parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) is None:
            raise ValueError("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, and no port")
        return cls(parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme])

    def __str__(self) -> str:
        if self.scheme == "s3":
            return f"s3://{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def unlisted(urls: Iterable[tuple[Path, str]], origins: Iterable[str]) -> Iterator[Fault]:
    """The addresses, each with its place in a document, that lead where its ``origins`` do not; an empty list allows what
    is spelled out."""
    allowed = {Origin.of(origin) for origin in origins}
    for path, url in urls:
        if VARIABLE.search(url) is None:
            if allowed and Origin.of(url) not in allowed:
                yield Fault(path, f"`origins` does not hold {Origin.of(url)}: add it there")
        elif not allowed:
            message = "an address from the environment leads where nobody reviewed: list where it may, `origins: […]`"
            yield Fault(path, message)


def _url(text: str) -> str:
    if VARIABLE.search(text) is None:
        parts = urlsplit(text)
        Origin.of(text)
        if parts.query or parts.fragment:
            raise ValueError("a source's URL has neither a query nor a fragment")
    return text.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is more than an origin: write scheme, host and port only")
    Origin.of(text)
    return text


def _secret(text: str) -> str:
    if VARIABLE.fullmatch(text) is None:
        raise ValueError("a secret is never written down: name the variable that holds it, as ${NAME}")
    return text


Url: TypeAlias = Annotated[str, AfterValidator(_url), Field(max_length=500, examples=["https://metrics.example.com"])]
"""A URL; ``${NAME}`` is taken from the environment, and then ``origins`` must hold where it leads."""

OriginField: TypeAlias = Annotated[str, AfterValidator(_origin), Field(examples=["https://metrics.example.com:443"])]

Secret: TypeAlias = Annotated[str, AfterValidator(_secret), Field(examples=["${METRICS_TOKEN}"])]
"""The name of an environment variable that holds a secret: ``${NAME}``."""
