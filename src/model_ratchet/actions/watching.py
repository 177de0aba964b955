"""watching: the watch as it is run: once, or every so often as a process that says in a file that it lives."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model_ratchet.actions.watch import Progress, Watch, WatchInput, watch_once
from model_ratchet.actions.watch_state import (
    Kept,
    files_of,
    in_folder,
    keep_in_folder,
    keep_on_branch,
    on_branch,
    write_whole,
)
from model_ratchet.core.errors import RatchetError
from model_ratchet.git_write import Writer
from model_ratchet.github.client import Access, Hub, Pace, open_hub
from model_ratchet.ledger import fetch_ledger


def look(asked: WatchInput) -> Watch:
    """One look by what the branch ``ratchet/watch`` remembers. Nobody is told, and nothing is remembered.

    Raises:
        RatchetError: the branch, the ledger or the base branch can't be read.
    """
    repository = Writer(asked.repo)
    return watch_once(asked, on_branch(repository), repository, fetch_ledger(repository), tell=False)


def run(asked: WatchInput, state: Path, *, progress: Progress | None = None) -> Watch:
    """One run of the watch: the base branch and the ledger as they are now; what is remembered is left in ``state``.

    A folder without a state starts from the branch ``ratchet/watch``.

    Raises:
        RatchetError: the branch, the ledger or the base branch can't be read.
    """
    repository = Writer(asked.repo)
    kept = in_folder(state) if files_of(state) else on_branch(repository)
    hub = hub_of(asked.environ)
    try:
        seen = watch_once(
            replace(asked, base=_base(asked, repository)),
            kept,
            repository,
            fetch_ledger(repository),
            hub=hub,
            progress=progress,
        )
    finally:
        if hub is not None:
            hub.close()
    keep_in_folder(state, seen.kept)
    return seen


def keep(repo: Path, state: Path, now: datetime) -> int:
    """Put what a run left in ``state`` on the branch ``ratchet/watch``; how many files.

    A run that left nothing, because it could not, leaves the branch as it is.

    Raises:
        RecordError: the folder holds something else.
        RepositoryError: the branch can't be written, or another run has written it meanwhile.
    """
    left = files_of(state)
    if not left:
        return 0
    files = Kept.of(left).files()
    keep_on_branch(Writer(repo), files, now)
    return len(files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One run of many: what it saw, or why it saw nothing."""

    at: datetime
    seen: Watch | None = None
    failure: RatchetError | OSError | None = None


def every(
    asked: WatchInput,
    state: Path,
    between: timedelta,
    tell: Callable[[Tick], None],
    *,
    health: Path | None = None,
    stop: threading.Event | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Run until ``stop`` is set, a run every ``between``, counted from the first: a long one makes the next begin at once.

    A run that fails is told, and the next one is tried all the same. ``health`` is rewritten after each run: when it was,
    when the next is due, and whether it could look.
    """
    stop = stop if stop is not None else threading.Event()
    first, number = time.monotonic(), 0
    while not stop.is_set():
        now = clock()
        try:
            tick = Tick(at=now, seen=run(replace(asked, now=now), state))
        except (RatchetError, OSError) as error:  # a disk that is full now may have room again
            tick = Tick(at=now, failure=error)
        tell(tick)
        number = max(number + 1, int((time.monotonic() - first) / between.total_seconds()))
        if health is not None:
            _write_health(health, tick, clock(), between)
        stop.wait(max(0.0, first + number * between.total_seconds() - time.monotonic()))


def _write_health(place: Path, tick: Tick, now: datetime, between: timedelta) -> None:
    """Whoever looks at the process finds it healthy while ``now`` is before ``stale_after``."""
    value = {
        "at": tick.at.isoformat(),
        "ended": now.isoformat(),
        "stale_after": (now + 2 * between).isoformat(),
        "looked": tick.seen is not None and not tick.seen.errored,
        "versions": len(tick.seen.seen) if tick.seen is not None else 0,
        "why": str(tick.failure) if tick.failure is not None else None,
    }
    with suppress(OSError):  # what can't be written goes stale, and says that nobody looks
        write_whole(place, f"{json.dumps(value, indent=1)}\n".encode())


def _base(asked: WatchInput, repository: Writer) -> str:
    """The base branch as it is now, where there is a remote."""
    if asked.base is not None or repository.remote_url() is None:
        return asked.base if asked.base is not None else repository.default_base()
    return repository.fetch_branch(repository.default_branch())


def hub_of(environ: Mapping[str, str], pace: Pace | None = None) -> Hub | None:
    """GitHub, where the environment says which repository and with which token."""
    if not environ.get("GITHUB_TOKEN") or not environ.get("GITHUB_REPOSITORY"):
        return None
    return open_hub(Access.of(environ), pace)
