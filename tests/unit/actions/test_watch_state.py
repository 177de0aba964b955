"""What the watch leaves to its next run in a folder: all of it or nothing, and a disk without room is no end."""

import errno
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import a_repo
from model_ratchet.actions.watch import WatchInput
from model_ratchet.actions.watch_state import Kept, files_of, in_folder, keep_in_folder, on_branch
from model_ratchet.actions.watching import Tick, every, keep
from model_ratchet.engine.watch import WatchState
from model_ratchet.git_write import Writer

AT = datetime(2026, 1, 1, tzinfo=UTC)
V1, V2 = "v1.0.0_20260101_000000", "v2.0.0_20260101_000000"


def kept(*versions: str, reference: str | None = None) -> Kept:
    """What is kept of so many versions."""
    return Kept(states={("demo", one): WatchState(model="demo", version=one, reference=reference) for one in versions})


def full_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has room for so many more files."""
    write, left = Path.write_bytes, iter(range(writes))

    def written(place: Path, content: bytes) -> int:
        if next(left, None) is None:
            write(place, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(place, content)

    monkeypatch.setattr(Path, "write_bytes", written)


def test_what_is_kept_is_read_again_and_what_is_gone_is_removed(tmp_path: Path) -> None:
    keep_in_folder(tmp_path, kept(V1, V2))
    keep_in_folder(tmp_path, kept(V2))
    assert in_folder(tmp_path) == kept(V2)
    assert {path.suffix for path in tmp_path.rglob("*.*")} == {".json"}


@pytest.mark.parametrize("writes", range(3))
def test_where_the_disk_is_full_all_of_it_stays_as_it_was(
    writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in_folder(tmp_path, kept(V1, V2))
    before = files_of(tmp_path)
    assert len(before) == 3
    full_after(writes, monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        keep_in_folder(tmp_path, kept(V1, V2, reference=V1))
    assert files_of(tmp_path) == before


def test_a_run_that_left_nothing_leaves_the_branch_as_it_is(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", {"README.md": "words\n"})
    keep_in_folder(tmp_path / "state", kept(V1))
    assert keep(repo.path, tmp_path / "state", AT) == 2
    assert keep(repo.path, tmp_path / "empty", AT) == 0
    assert on_branch(Writer(repo.path)) == kept(V1)


def test_a_watch_whose_disk_is_full_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = a_repo(tmp_path / "repo", {"policies/sources.yaml": "apiVersion: ratchet/v1\nkind: Sources\nsources: {}\n"})
    stop, told = threading.Event(), list[Tick]()

    def tell(tick: Tick) -> None:
        told.append(tick)
        if len(told) == 2:
            stop.set()

    full_after(0, monkeypatch)
    asked = WatchInput(repo=repo.path, base="main", now=AT)
    every(
        asked,
        tmp_path / "state",
        timedelta(milliseconds=1),
        tell,
        health=tmp_path / "health.json",
        stop=stop,
        clock=lambda: AT,
    )
    assert [str(one.failure) for one in told] == ["[Errno 28] No space left on device"] * 2
