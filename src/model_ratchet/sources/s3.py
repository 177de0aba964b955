"""S3: signed requests and lists of objects, over the same pinned connection as every other source.

Amazon's own client would resolve names and look for credentials by itself; only its signature is used. Buckets stand in the
path, never in the host's name, so that one address is all there is to pin.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as Xml

from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.variables import fill

if TYPE_CHECKING:
    from model_ratchet.sources.http import Server

MOST_PAGES = 1000

_KEY, _SECRET, _TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a bucket, its size in bytes and its entity tag."""

    key: str
    size: int
    tag: str


class Signature:
    """Signs reads (AWS Signature Version 4) with the keys of an environment."""

    def __init__(self, source: str, region: str, environ: Mapping[str, str]) -> None:
        """Reads the keys.

        Raises:
            UnanswerableError: one is not set, or botocore is not installed.
        """
        key, secret = (fill(source, f"${{{name}}}", environ) for name in (_KEY, _SECRET))
        try:
            from botocore.auth import S3SigV4Auth
            from botocore.credentials import Credentials
        except ImportError:
            raise UnanswerableError(because(Why.EXTRA_ABSENT, source=source, extra="s3")) from None
        # at DEBUG it writes down what it signs, and the session's token is part of that
        logging.getLogger("botocore.auth").setLevel(logging.INFO)
        self._auth = S3SigV4Auth(Credentials(key, secret, environ.get(_TOKEN) or None), "s3", region)

    def __call__(self, method: str, url: str, host: str) -> dict[str, str]:
        """The headers of its signature. It covers the host that is asked for, whatever address is connected to."""
        from botocore.awsrequest import AWSRequest

        signed = AWSRequest(method=method, url=url, headers={"Host": host})
        # the body of a read is empty, and its hash is asked for
        self._auth.add_auth(signed)
        return {name: value for name, value in signed.headers.items() if name.lower() != "host"}


def object_path(bucket: str, key: str) -> str:
    """Where an object is, below the address of its store."""
    return f"/{bucket}/{quote(key, safe='/-_.~')}"


def leads_away(key: str) -> bool:
    """Whether a key holds steps such as ``..``, which HTTP clients resolve before they ask."""
    return any(step in (".", "..") for step in key.split("/"))


def listed(source: str, server: "Server", bucket: str, prefix: str) -> Iterator[Listed]:
    """All objects whose keys start with a prefix, over as many pages as there are.

    Raises:
        UnanswerableError: the bucket is not there or not open to us, or its list can't be trusted.
    """
    asked = {"list-type": "2"} | ({"prefix": prefix} if prefix else {})
    for _ in range(MOST_PAGES):
        reply = server.get(f"/{bucket}?{urlencode(sorted(asked.items()), quote_via=quote, safe='-_.~')}").checked(404)
        if reply.status == 404:
            raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=bucket))
        page = _page(source, reply.body)
        yield from _objects(source, page, prefix)
        if page.findtext("IsTruncated") != "true":
            return
        token = page.findtext("NextContinuationToken")
        if not token:
            raise _broken(source, "it is cut and does not say how it goes on")
        asked["continuation-token"] = token
    raise _broken(source, f"it does not end after {MOST_PAGES} pages: name a narrower folder")


def _page(source: str, body: bytes) -> Xml.Element:
    """One page, without name spaces. Whatever is no list is refused: read as one, it would be empty."""
    try:
        if b"<!DOCTYPE" in body:
            raise _broken(source, "it declares entities")
        page = Xml.fromstring(body)  # noqa: S314  (nothing is expanded where nothing is declared)
    except Xml.ParseError:
        raise _broken(source, "it is no XML") from None
    for element in page.iter():
        element.tag = element.tag.rpartition("}")[2]
    if page.tag != "ListBucketResult" or page.findtext("IsTruncated") not in ("true", "false"):
        raise _broken(source, "it is no list of objects")
    return page


def _objects(source: str, page: Xml.Element, prefix: str) -> Iterator[Listed]:
    for element in page.findall("Contents"):
        key, size, tag = (element.findtext(name) or "" for name in ("Key", "Size", "ETag"))
        if not key.startswith(prefix) or leads_away(key):
            raise _broken(source, "it names an object outside its folder")
        if not (size.isascii() and size.isdigit()) or not tag:
            raise _broken(source, "it names an object without a size or an entity tag")
        yield Listed(key, int(size), tag)


def _broken(source: str, what: str) -> UnanswerableError:
    return UnanswerableError(because(Why.LISTING_BROKEN, source=source, what=what))
