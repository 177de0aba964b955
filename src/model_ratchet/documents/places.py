"""Places: where the files of a table are, and the origins under which its source is reached."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from model_ratchet.documents.databases import database_faults
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.origin import VARIABLE, Origin

if TYPE_CHECKING:
    from model_ratchet.documents.sources import Table

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_REGION = re.compile(r"[a-z0-9-]+")
_OF_FILES = ("path", "format", "hive", "memory_limit", "endpoint", "region", "proxy")
_BELONGS = {
    "endpoint": ("s3",),
    "region": ("s3",),
    "auth": ("s3", "http", "https"),
    "ca": ("s3", "http", "https"),
    "proxy": ("s3", "http", "https"),
}


def scheme_of(path: str) -> str:
    """The scheme that a path spells out, which no variable can change; an empty one for files of this machine."""
    found = _SCHEME.match(path)
    return found[1] if found else ""


def bucket_and_key(path: str) -> tuple[str, str]:
    """The bucket and the key (or the glob over keys) of an ``s3://`` path. Nothing in a key is special to a URL."""
    bucket, _, key = path.partition("://")[2].partition("/")
    return bucket, key


def endpoint_of(table: "Table") -> str:
    """The URL of the S3 store: as spelled, or that of Amazon's in the table's region."""
    return table.endpoint or f"https://s3.{table.region}.amazonaws.com"


def reached(source: object) -> Iterator[tuple[str, str]]:
    """The keys of a source that say where it is reached, each with its URL; of a table's path, its origin only."""
    path = getattr(source, "path", None)
    if isinstance(path, str) and (scheme := scheme_of(path)):
        yield "path", f"{scheme}://{bucket_and_key(path)[0]}"
        if scheme == "s3" and hasattr(source, "endpoint"):
            yield "endpoint", endpoint_of(cast("Table", source))
    url = getattr(source, "url", None)
    if isinstance(url, str) and url:
        yield "url", url


def table_faults(table: "Table") -> Iterator[Fault]:
    """What is wrong with where a table is said to be."""
    of_files = [name for name in _OF_FILES if getattr(table, name)]
    of_database = [name for name in ("url", "table") if getattr(table, name) is not None]
    if of_database and of_files:
        yield Fault(
            (of_files[0],), f"`{of_files[0]}` belongs to files and `{of_database[0]}` to a database: keep one kind"
        )
    elif of_database:
        yield from database_faults(table)
    elif not table.path:
        yield Fault((), "a table needs `path` (files), or `url` and `table` (PostgreSQL or Spark)")
    else:
        yield from _file_faults(table, table.path)


def _file_faults(table: "Table", path: str) -> Iterator[Fault]:
    scheme = scheme_of(path)
    if scheme not in ("", "s3", "http", "https"):
        yield Fault(("path",), f"{scheme}:// is not read: files are here, or at s3://, https:// or http://")
        return
    for key, schemes in _BELONGS.items():
        if getattr(table, key) is not None and scheme not in schemes:
            yield Fault((key,), f"`{key}` belongs to files at {' or '.join(f'{one}://' for one in schemes)}")
    if scheme == "s3":
        yield from _s3_faults(table, path)
    elif scheme:
        yield from _http_faults(path)


def _s3_faults(table: "Table", path: str) -> Iterator[Fault]:
    bucket, key = bucket_and_key(path)
    if VARIABLE.search(bucket) is None:
        try:
            Origin.of(f"s3://{bucket}")
        except ValueError as error:
            yield Fault(("path",), str(error))
    if not key and not path.endswith("/"):
        yield Fault(("path",), "the path names no object: write s3://bucket/folder/, or s3://bucket/folder/*.parquet")
    if table.region is None:
        yield Fault(
            ("path",), "files at s3:// need a `region`, such as eu-central-1 (us-east-1 where a store has none)"
        )
    elif _REGION.fullmatch(table.region) is None:
        yield Fault(("region",), "a region has lower-case letters, digits and hyphens only")
    if table.endpoint is not None and not table.endpoint.startswith(("http://", "https://", "${")):
        yield Fault(("endpoint",), "an endpoint starts with https:// or http://")
    if table.auth not in (None, "none"):
        message = "S3 takes its keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; an open bucket has `auth: none`"
        yield Fault(("auth",), message)


def _http_faults(whole: str) -> Iterator[Fault]:
    host, path = bucket_and_key(whole)
    if VARIABLE.search(host) is None:
        try:
            Origin.of(f"{scheme_of(whole)}://{host}")
        except ValueError as error:
            yield Fault(("path",), str(error))
    if re.search(r"[?#]", path):
        yield Fault(("path",), "a path has neither a query nor a fragment, and HTTP lists no files: name one file")
    elif re.search(r"[*\[]", path) or not path or path.endswith("/"):
        yield Fault(("path",), "HTTP lists no files: name one file")
