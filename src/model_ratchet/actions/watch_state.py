"""watch_state: what one run of the watch leaves to the next: files in a folder, or on the branch ``ratchet/watch``.

The branch is one commit that every run replaces: nothing of the past is in it, and losing it makes the watch start again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError

from model_ratchet.core.errors import RecordError
from model_ratchet.core.fields import Instant, Model
from model_ratchet.engine.watch import WatchState, from_bytes, to_bytes
from model_ratchet.git import known_tip
from model_ratchet.git_write import Writer
from model_ratchet.notify.state import DeliveryState
from model_ratchet.ports import Repository

BRANCH = "ratchet/watch"
_DELIVERY, _LAST = "delivery.json", "last.json"
_LARGEST = 2**26


class Last(Model):
    """The run that left it: when it was, and what it could not look at."""

    at: Instant
    versions: int
    unclear: dict[str, str] = Field(default_factory=dict)
    """Model → why its active version is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """All that is kept: by model and version what the watch remembers, and what the channels know."""

    states: Mapping[tuple[str, str], WatchState] = field(default_factory=dict)
    delivery: DeliveryState = field(default_factory=DeliveryState)
    last: Last | None = None

    def files(self) -> Mapping[str, bytes]:
        """The files that hold it: the same bytes for the same state."""
        found = {_path(*key): to_bytes(state) for key, state in self.states.items()}
        found[_DELIVERY] = self.delivery.model_dump_json(indent=1).encode() + b"\n"
        if self.last is not None:
            found[_LAST] = self.last.model_dump_json(indent=1).encode() + b"\n"
        return found

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Kept":
        """What some files hold.

        Raises:
            RecordError: one of them is no state of the watch.
        """
        states = {}
        for path, content in files.items():
            if path.startswith("versions/"):
                state = from_bytes(content)
                states[state.model, state.version] = state
        try:
            return cls(
                states=states,
                delivery=DeliveryState.model_validate_json(files[_DELIVERY]) if _DELIVERY in files else DeliveryState(),
                last=Last.model_validate_json(files[_LAST]) if _LAST in files else None,
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise RecordError(
                f"this is no state of the watch ({first['msg']}): remove the branch {BRANCH}, and the watch starts again"
            ) from None


def on_branch(repository: Writer) -> Kept:
    """What the branch keeps now; nothing where there is no such branch yet.

    Raises:
        RepositoryError: the remote can't be asked.
        RecordError: what is there is no state of the watch.
    """
    tip = repository.branch(BRANCH)
    return _read(repository, tip) if tip is not None else Kept()


def known(repository: Repository) -> Kept:
    """What the branch keeps as the repository knows it, without asking the remote; nothing where it knows of none.

    Raises:
        RecordError: what is there is no state of the watch.
    """
    tip = known_tip(repository, BRANCH)
    return _read(repository, tip) if tip is not None else Kept()


def _read(repository: Repository, tip: str) -> Kept:
    blobs = repository.read(tip, repository.paths(tip), _LARGEST)
    return Kept.of({path: blob.content for path, blob in blobs.items()})


def keep_on_branch(repository: Writer, files: Mapping[str, bytes], now: datetime) -> None:
    """Put the files in the place of all that the branch holds.

    Raises:
        MovedError: another run has kept its state meanwhile.
        RepositoryError: git refuses.
    """
    repository.replace(BRANCH, repository.branch(BRANCH), files, "what the watch remembers", now)


def in_folder(folder: Path) -> Kept:
    """What a folder keeps; nothing where there is none.

    Raises:
        RecordError: what is there is no state of the watch.
    """
    return Kept.of(files_of(folder))


def files_of(folder: Path) -> Mapping[str, bytes]:
    """The files of a folder by their paths within it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.json"))
        if path.is_file() and not path.is_symlink()
    }


def keep_in_folder(folder: Path, kept: Kept) -> None:
    """Write what is kept into a folder; what it held of versions that are no longer watched is removed.

    What is there is replaced when all of it is written: where the disk is full, all that was kept before is kept still.
    """
    files = {folder / PurePosixPath(path): content for path, content in kept.files().items()}
    for place, content in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        _beside(place).write_bytes(content)
    for place in files:
        _beside(place).replace(place)
    for path in files_of(folder):
        if folder / path not in files:
            (folder / path).unlink()


def write_whole(place: Path, content: bytes) -> None:
    """Write a file at once: a run that is cut off leaves no half of it."""
    _beside(place).write_bytes(content)
    _beside(place).replace(place)


def _beside(place: Path) -> Path:
    return place.with_suffix(".new")


def _path(model: str, version: str) -> str:
    return f"versions/{model}/{version}.json"
