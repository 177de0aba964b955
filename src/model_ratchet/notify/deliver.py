"""Deliver: tell every channel what is due, side by side and in bounded time; what could not be told is owed."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from model_ratchet.core.alert import Alert, State
from model_ratchet.core.errors import NotifyError
from model_ratchet.notify.due import Routes, due
from model_ratchet.notify.state import DeliveryState, Entry
from model_ratchet.ports import Notifier

SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels by name, and what goes where."""

    notifiers: Mapping[str, Notifier]
    routes: Routes
    deadlines: Mapping[str, float] = field(default_factory=dict)
    """Seconds that all messages to a channel may take, where they are not ``SECONDS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a message is tried, and how long is waited in between: twice as long each time, and at random."""

    tries: int = 3
    first_wait: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    """From 0 to 1."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel that was not told of some alerts."""

    channel: str
    alerts: int
    why: str

    def __str__(self) -> str:
        number = "an alert" if self.alerts == 1 else f"{self.alerts} alerts"
        return f"the channel {self.channel} was not told of {number} ({self.why}): the next run tells it"


def deliver(
    alerts: Sequence[Alert], channels: Channels, state: DeliveryState, *, now: datetime, pace: Pace | None = None
) -> tuple[DeliveryState, tuple[Trouble, ...]]:
    """Tell what is due, and return what the channels know now and who could not be told.

    Nothing that a channel does keeps another from being told, or raises. A message may arrive twice, and is never lost
    silently: what a channel did not take within its time is owed, and is due at the next call.
    """
    owed_or_new: dict[str, list[Entry]] = {}
    for entry in due(alerts, state, channels.routes, now):
        owed_or_new.setdefault(entry.channel, []).append(entry)
    jobs = {
        name: _Job(channels.notifiers[name], entries, now, pace or Pace(), channels.deadlines.get(name, SECONDS))
        for name, entries in owed_or_new.items()
    }
    for job in jobs.values():
        threading.Thread(target=job.work, name=f"channel {job.notifier.name}", daemon=True).start()
    kept = {one.key: one for one in state.entries if one.channel in channels.routes.known}
    troubles = []
    for name, job in sorted(jobs.items()):
        taken, why = job.outcome()
        for entry in job.entries:
            if entry.alert.fingerprint not in taken:
                kept[entry.key] = entry.model_copy(update={"owed_since": entry.owed_since or now})
            elif entry.alert.state is State.RESOLVED:
                kept.pop(entry.key, None)
            else:
                told = {"told": now, "content": entry.alert.content, "owed_since": None}
                kept[entry.key] = entry.model_copy(update=told)
        if len(taken) < len(job.entries):
            troubles.append(Trouble(name, len(job.entries) - len(taken), why))
    return DeliveryState(entries=tuple(kept[key] for key in sorted(kept))), tuple(troubles)


class _Job:
    """All messages to one channel, in a thread that never keeps the process from ending."""

    def __init__(self, notifier: Notifier, entries: Sequence[Entry], now: datetime, pace: Pace, seconds: float) -> None:
        self.notifier = notifier
        self.entries = entries
        self._now = now
        self._pace = pace
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._taken: set[str] = set()
        self._why = ""

    def outcome(self) -> tuple[frozenset[str], str]:
        """The fingerprints that the channel took within its time, and why it did not take the others."""
        in_time = self._done.wait(max(0.0, self._until - time.monotonic()))
        with self._lock:
            why = self._why if in_time else self._why or f"no answer within {self._seconds:g} s"
            return frozenset(self._taken), why

    def work(self) -> None:
        """Tell one alert after the other, until the channel proves to be down."""
        try:
            for entry in self.entries:
                failure = self._tell(entry)
                with self._lock:
                    if failure is None:
                        self._taken.add(entry.alert.fingerprint)
                    else:
                        self._why = self._why or str(failure)
                if failure is not None and not failure.only_this:
                    break
            self.notifier.close()
        except BaseException as error:  # noqa: BLE001  (whatever a channel does, the others are told)
            with self._lock:
                self._why = self._why or f"it crashed: {type(error).__name__}"
        finally:
            self._done.set()

    def _tell(self, entry: Entry) -> NotifyError | None:
        for tried in range(1, self._pace.tries + 1):
            try:
                self.notifier.tell(entry.alert, self._now, entry.delivery)
            except NotifyError as error:
                wait = self._pace.first_wait * 2 ** (tried - 1) * (0.5 + self._pace.jitter())
                wait = max(wait, error.wait)
                if not error.again or tried == self._pace.tries or time.monotonic() + wait >= self._until:
                    return error
                self._pace.sleep(wait)
            else:
                return None
        raise AssertionError("unreachable")
