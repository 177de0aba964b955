"""Remote files: the objects of a table on an S3 store or an HTTP server, pinned to the version that was found first.

Each is read in parts, and every part must be of that version: an object that changes while it is read is no answer.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.places import bucket_and_key, endpoint_of, scheme_of
from model_ratchet.documents.sources import HttpServer, Table
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.files import WILD, Format, format_of, of_table
from model_ratchet.sources.http import BrokenOffError, Reply, Server
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.s3 import Listed, Signature, leads_away, listed, object_path
from model_ratchet.sources.variables import fill

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_BUFFER = 2**16
_TOLD = 100
_NO_PARTS = "it does not answer with parts of a file"


@dataclass(frozen=True, slots=True)
class Remote:
    """One object: the name that the engine gives it, how a report shows it, where the server has it, size and version."""

    name: str
    shown: str
    path: str
    size: int
    version: str
    """Its entity tag, or where there is none the time of its last change."""


class RemoteFiles:
    """The objects of one table; they and nothing else can be read, in parts, and nothing can be written."""

    failure: Reason | None = None

    def __init__(
        self, source: str, server: Server, objects: Sequence[Remote], scheme: str, form: Format, *, hive: bool
    ) -> None:
        """What was found.

        Raises:
            UnanswerableError: fsspec is not installed.
        """
        try:
            from model_ratchet.sources.filesystem import ReadOnly
        except ImportError:
            extra = "s3" if scheme == "s3" else "http"
            raise UnanswerableError(because(Why.EXTRA_ABSENT, source=source, extra=extra)) from None
        self._source = source
        self._server = server
        self._objects = {one.name: one for one in sorted(objects, key=lambda one: one.name)}
        self.format = form
        self.hive = hive
        self.filesystem: AbstractFileSystem = ReadOnly(scheme, self)

    @property
    def names(self) -> Sequence[str]:
        """URLs."""
        return tuple(self._objects)

    @property
    def provenance(self) -> Sequence[str]:
        """Each object with its version; of more than a hundred, their number and a digest of these lines."""
        lines = [f"{one.shown!r}: {one.size} bytes, version {one.version!r}" for one in self._objects.values()]
        if len(lines) <= _TOLD:
            return lines
        return [f"{len(lines)} objects, sha256:{sha256(chr(10).join(lines).encode()).hexdigest()}"]

    def holds(self, name: str) -> bool:
        """Whether this is one of the objects."""
        return name in self._objects

    def shown(self, name: str) -> str:
        """The object without its leading folder, or as the document spells it."""
        return self._objects[name].shown

    def size(self, name: str) -> int:
        """In bytes."""
        return self._objects[name].size

    def open(self, name: str) -> BinaryIO:
        """The bytes of one object."""
        return cast(BinaryIO, io.BufferedReader(Reading(self, name), _BUFFER))

    def read(self, name: str, start: int, length: int) -> bytes:
        """So many bytes from ``start`` on, fewer only at the object's end.

        Raises:
            UnanswerableError: they could not be had; ``failure`` says why from then on.
        """
        if self.failure is not None:
            raise UnanswerableError(self.failure)
        one = self._objects[name]
        length = min(length, one.size - start)
        if length <= 0:
            return b""
        try:
            return self._part(one, start, length)
        except UnanswerableError as error:
            self.failure = error.reason
            raise

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

    def _part(self, one: Remote, start: int, length: int) -> bytes:
        # a weak tag never matches: whether the version is the same is then seen by the answer's own tag alone
        condition = {"If-Match": one.version} if one.version.startswith('"') else {}
        try:
            reply = self._server.part(one.path, start, length, condition)
        except BrokenOffError:
            raise UnanswerableError(self._because(Why.FILE_TRUNCATED, one)) from None
        except UnanswerableError as error:
            raise _of_file(error, one.shown) from None
        if reply.status in (412, 416):
            raise UnanswerableError(self._because(Why.FILE_CHANGED, one))
        if reply.status == 404:
            raise UnanswerableError(self._because(Why.SOURCE_ABSENT, one))
        if reply.status == 200:
            raise UnanswerableError(self._because(Why.SOURCE_UNREACHABLE, one, status=_NO_PARTS))
        try:
            reply.checked()
        except UnanswerableError as error:
            raise _of_file(error, one.shown) from None
        if _version(reply.headers) != one.version or not _of_size(reply, one.size):
            raise UnanswerableError(self._because(Why.FILE_CHANGED, one))
        if reply.headers.get("Content-Range") != f"bytes {start}-{start + length - 1}/{one.size}":
            raise UnanswerableError(
                self._because(Why.SOURCE_UNREACHABLE, one, status="other bytes than were asked for")
            )
        if len(reply.body) != length:
            raise UnanswerableError(self._because(Why.FILE_TRUNCATED, one))
        return reply.body

    def _because(self, why: Why, one: Remote, **more: str) -> Reason:
        return because(why, source=self._source, file=one.shown, **more)


class Reading(io.RawIOBase):
    """A place in an object."""

    def __init__(self, files: RemoteFiles, name: str) -> None:
        self._files = files
        self._name = name
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._files.size(self._name)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        length = self._files.size(self._name) if size is None or size < 0 else size
        found = self._files.read(self._name, self._at, length)
        self._at += len(found)
        return found

    def readinto(self, buffer: object) -> int:
        """The next bytes, into a buffer."""
        room = memoryview(buffer)  # type: ignore[arg-type]  # the protocol of buffers has no type before Python 3.12
        found = self.read(len(room))
        room[: len(found)] = found
        return len(found)


def find_remote(source: str, config: Table, *, reach: Reach, root: Path, environ: Mapping[str, str]) -> RemoteFiles:
    """The objects that a source's path names: one, the matches of a glob over keys, or all below a folder (``…/``).

    Raises:
        UnanswerableError: a variable is not set, an origin is refused, or nothing is found.
    """
    scheme = scheme_of(config.path)
    path = fill(source, config.path, environ)
    auth, signed, url = config.auth, None, config.path
    if scheme == "s3":
        reach.url(source, f"s3://{bucket_and_key(config.path)[0]}", environ)
        signed = None if auth == "none" else Signature(source, str(config.region), environ)
        url = endpoint_of(config)
    target = HttpServer(url=url, auth=None if auth == "none" else auth, ca=config.ca, proxy=config.proxy)
    server = Server(source, target, reach, environ=environ, root=root, signed=signed)
    try:
        if scheme == "s3":
            found, form = _of_bucket(source, config, server, path)
        else:
            found, form = [_headed(source, server, "", path, config.path)], format_of(config.path)
        if not found:
            raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=config.path))
        return RemoteFiles(source, server, found, scheme, config.format or form, hive=config.hive)
    except UnanswerableError:
        server.close()
        raise


def _of_bucket(source: str, config: Table, server: Server, path: str) -> tuple[list[Remote], Format]:
    """The objects of a bucket, and what their names say that they hold."""
    bucket, pattern = bucket_and_key(path)
    if leads_away(pattern):
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=config.path))
    wild = WILD.search(pattern)
    if wild is None and pattern and not pattern.endswith("/"):
        return [_headed(source, server, object_path(bucket, pattern), path, config.path)], format_of(pattern)
    prefix = pattern[: wild.start()] if wild else pattern
    folder = prefix[: prefix.rfind("/") + 1]
    form = format_of(pattern) if wild else config.format or "parquet"
    steps = pattern.split("/")

    def wanted(key: str) -> bool:
        return matches(key.split("/"), steps) if wild else of_table(PurePosixPath(key.removeprefix(folder)), form)

    def named(one: Listed) -> Remote:
        name, shown = f"s3://{bucket}/{one.key}", one.key.removeprefix(folder)
        return Remote(name, shown, object_path(bucket, one.key), one.size, one.tag)

    try:
        return [named(one) for one in listed(source, server, bucket, prefix) if wanted(one.key)], form
    except UnanswerableError as error:
        raise _of_file(error, config.path) from None


def matches(steps: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the steps of a key match those of a glob: ``**`` stands for any number of folders, ``*`` for none more."""
    if not pattern:
        return not steps
    if pattern[0] == "**":
        return any(matches(steps[skipped:], pattern[1:]) for skipped in range(len(steps) + 1))
    return bool(steps) and fnmatchcase(steps[0], pattern[0]) and matches(steps[1:], pattern[1:])


def _headed(source: str, server: Server, path: str, name: str, spelled: str) -> Remote:
    """One object, as the server describes it before it is read."""
    try:
        reply = server.head(path).checked(404)
    except UnanswerableError as error:
        raise _of_file(error, spelled) from None
    if reply.status == 404:
        raise UnanswerableError(because(Why.SOURCE_ABSENT, source=source, file=spelled))
    size, version = reply.headers.get("Content-Length", ""), _version(reply.headers)
    trouble = None
    if not (size.isascii() and size.isdigit()):
        trouble = "it does not say how long the file is"
    elif not version:
        trouble = "it says neither ETag nor Last-Modified, so a change would go unseen"
    elif reply.headers.get("Accept-Ranges") == "none":
        trouble = _NO_PARTS
    if trouble is not None:
        reason = because(Why.SOURCE_UNREACHABLE, source=source, file=spelled, status=trouble)
        raise UnanswerableError(reason)
    return Remote(name, spelled, path, int(size), version)


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("ETag") or headers.get("Last-Modified") or ""


def _of_size(reply: Reply, size: int) -> bool:
    return reply.headers.get("Content-Range", "").endswith(f"/{size}")


def _of_file(error: UnanswerableError, shown: str) -> UnanswerableError:
    """The same, about one file."""
    return UnanswerableError(
        Reason(error.reason.why, {**error.reason.parameters, "file": shown}), lasting=error.lasting
    )
