"""Snapshot: files of one commit that are read over and over, held in memory after one reading."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from model_ratchet.ports import LARGEST_BLOB, Blob, Files


def documents(files: Files, commit: str) -> "Snapshot":
    """All that people write of policies, models and promotions on a commit, read at once: for what looks at every model.

    Raises:
        RepositoryError: it can't be read.
    """
    return Snapshot(files, commit, lambda path: path.startswith("policies/") or path.endswith("/promotion.yaml"))


class Snapshot:
    """The files of a repository, those of one commit that are ``wanted`` by their paths read at once; all others as before."""

    def __init__(self, files: Files, commit: str, wanted: Callable[[str], bool]) -> None:
        """Raises RepositoryError where they can't be read."""
        self._files = files
        self._commit = commit
        self._paths = files.paths(commit)
        self._held = frozenset(path for path in self._paths if wanted(path))
        self._blobs = files.read(commit, sorted(self._held))

    def paths(self, commit: str, under: str = "") -> tuple[str, ...]:
        """All file paths of a commit below a folder, sorted."""
        if commit != self._commit:
            return self._files.paths(commit, under)
        if not under:
            return self._paths
        # “0” follows the “/” that paths of the folder go on with
        folder = under.rstrip("/")
        return self._paths[bisect_left(self._paths, f"{folder}/") : bisect_left(self._paths, f"{folder}0")]

    def read(self, commit: str, paths: Sequence[str], largest: int = LARGEST_BLOB) -> Mapping[str, Blob]:
        """The blobs at these paths, of which absent ones are absent; one of more than ``largest`` bytes has no content."""
        if commit != self._commit or largest != LARGEST_BLOB or not self._held.issuperset(paths):
            return self._files.read(commit, paths, largest)
        return {path: self._blobs[path] for path in paths if path in self._blobs}
