"""Artifacts: whether the one at an address is still there, asked where the sources file may reach and nowhere else."""

from collections.abc import Mapping
from pathlib import Path

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.origin import Origin
from model_ratchet.documents.places import bucket_and_key, endpoint_of, scheme_of
from model_ratchet.documents.sources import Endpoint, Source, Sources, Table
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Reply, Server
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.s3 import Signature, listed, object_path

NAME = "artifact"
"""What is asked goes by this name in the reasons that are told."""
_NO_HEAD = frozenset({405, 501})
_FILE = "file://"


def there(uri: str, sources: Sources, *, environ: Mapping[str, str], root: Path) -> bool:
    """Whether something answers for an artifact: a file, an object at ``https://``, ``http://`` or ``s3://``, or any object
    of a folder of a bucket.

    Its server is known, and we to it, as to the source of the sources file that reads the same place: the first table at S3, or
    whatever is reached at the same origin.

    Raises:
        UnanswerableError: its server did not answer (``SOURCE_UNREACHABLE``), or it can't be looked for: an unknown scheme, an
            origin that the sources file does not reach, no keys, or none that are let in.
    """
    scheme = scheme_of(uri)
    if scheme == "file":
        return Path(uri.removeprefix(_FILE)).exists()
    if scheme not in ("http", "https", "s3"):
        raise UnanswerableError(
            because(Why.CANNOT_VERIFY, what=f"artifacts at {scheme or 'no'}:// can't be looked for")
        )
    reach = Reach.of(sources)
    if scheme == "s3":
        return _in_bucket(uri, sources, reach, environ, root)
    url, origin = reach.url(NAME, uri, {})
    known = next((one for one in map(_endpoint, sources.sources.values()) if one and _at(one.url, origin)), None)
    server = Server(NAME, _like(known, url), reach, environ=environ, root=root)
    try:
        return _answers(server, "")
    finally:
        server.close()


def _in_bucket(uri: str, sources: Sources, reach: Reach, environ: Mapping[str, str], root: Path) -> bool:
    bucket, key = bucket_and_key(uri)
    reach.url(NAME, f"s3://{bucket}", {})
    tables = (one for one in sources.sources.values() if isinstance(one, Table) and scheme_of(one.path) == "s3")
    store = next(tables, None)
    if store is None:
        raise UnanswerableError(because(Why.CANNOT_VERIFY, what="no source says where the store of its bucket is"))
    signed = None if store.auth == "none" else Signature(NAME, str(store.region), environ)
    target = Endpoint(url=endpoint_of(store), ca=store.ca, proxy=store.proxy)
    server = Server(NAME, target, reach, environ=environ, root=root, signed=signed)
    try:
        if key and not key.endswith("/"):
            return _answers(server, object_path(bucket, key))
        return next(listed(NAME, server, bucket, key), None) is not None
    except UnanswerableError as error:
        if error.reason.why is Why.SOURCE_ABSENT:
            return False
        raise
    finally:
        server.close()


def _answers(server: Server, path: str) -> bool:
    """Whether the server has something there, by its headers, or by one byte where it does not tell them alone."""
    reply: Reply = server.head(path)
    if reply.status in _NO_HEAD:
        reply = server.part(path, 0, 1, {})
    return reply.checked(404, 410, 416).status not in (404, 410)


def _endpoint(source: Source) -> Endpoint | None:
    """How a source is reached by HTTP; None where it is not."""
    if isinstance(source, Endpoint):
        return source if source.url else None
    if isinstance(source, Table) and scheme_of(source.path) in ("http", "https"):
        auth = source.auth if source.auth != "none" else None
        return Endpoint(url=source.path, auth=auth, ca=source.ca, proxy=source.proxy)
    return None


def _at(url: str, origin: Origin) -> bool:
    """Whether a URL leads to an origin; one that the environment fills in does not say."""
    try:
        return Origin.of(url) == origin
    except ValueError:
        return False


def _like(known: Endpoint | None, url: str) -> Endpoint:
    return Endpoint(url=url) if known is None else known.model_copy(update={"url": url})
