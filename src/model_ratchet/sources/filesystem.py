"""The file system through which the embedded engine reads remote files: exactly the objects that it is given.

It goes by the scheme of their URLs, because the engine then treats them as remote: it asks for large parts, several at
once, and each part once only.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

if TYPE_CHECKING:
    from model_ratchet.sources.remote import Reading, RemoteFiles

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class ReadOnly(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The few calls that the engine makes; any other is not implemented, and nothing is ever cached between instances."""

    cachable = False

    def __init__(self, scheme: str, files: "RemoteFiles") -> None:
        super().__init__()
        self.protocol = scheme
        self._files = files

    def open(self, path: str, mode: str = "rb", **_: Any) -> "Reading":
        """An object, for reading."""
        from model_ratchet.sources.remote import Reading

        if mode != "rb":
            raise PermissionError("read only")
        self._known(path)
        return Reading(self._files, path)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """The size of an object."""
        self._known(path)
        return {"name": path, "size": self._files.size(path), "type": "file"}

    def glob(self, path: str, **_: Any) -> list[str]:
        """The object of this name, whatever characters stand in it."""
        return [path] if self._files.holds(path) else []

    def modified(self, path: str) -> datetime:  # noqa: ARG002
        """Always the same time: an object that changed can't be read at all."""
        return _LONG_AGO

    def exists(self, path: str, **_: Any) -> bool:
        """Whether it is one of the objects."""
        return self._files.holds(path)

    def isfile(self, path: str) -> bool:
        """The same: there are no folders."""
        return self.exists(path)

    def isdir(self, path: str) -> bool:  # noqa: ARG002
        """False."""
        return False

    def _known(self, path: str) -> None:
        if not self._files.holds(path):
            raise FileNotFoundError("no such object")
