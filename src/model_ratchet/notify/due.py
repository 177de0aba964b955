"""Due: which channel is to be told of which alert now. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from model_ratchet.core.alert import Alert, State
from model_ratchet.notify.state import DeliveryState, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Where alerts go."""

    channels: Callable[[Alert], Collection[str]]
    known: Collection[str]
    """Every channel that there is."""
    repeating: Collection[str] = ()
    """Channels that forget what is not repeated, and are told of it by every run."""
    again_after: timedelta = timedelta(days=1)


def due(alerts: Iterable[Alert], state: DeliveryState, routes: Routes, now: datetime) -> tuple[Entry, ...]:
    """What is to be told now, with what the channel knew before: what is owed first.

    Told are: an alert that is new to the channel, or says something else than before; one that still fires after
    ``again_after``, unless somebody is at it; the end of one that the channel knows; and what is owed from earlier runs.
    """
    newest = {one.fingerprint: one for one in alerts}
    entries = {one.key: one for one in state.entries if one.channel in routes.known}
    owed = [
        one if one.alert.fingerprint not in newest else one.model_copy(update={"alert": newest[one.alert.fingerprint]})
        for one in entries.values()
        if one.owed_since is not None
    ]
    told = {one.key for one in owed}
    return (*owed, *(one for one in _fresh(newest, entries, routes, now) if one.key not in told))


def _fresh(
    newest: Mapping[str, Alert], entries: Mapping[tuple[str, str], Entry], routes: Routes, now: datetime
) -> Iterator[Entry]:
    for alert in newest.values():
        knowing = [channel for channel, fingerprint in entries if fingerprint == alert.fingerprint]
        over = alert.state is State.RESOLVED
        for channel in sorted(knowing if over else routes.channels(alert)):
            entry = entries.get((channel, alert.fingerprint))
            if entry is None:
                yield Entry(channel=channel, alert=alert)
            elif over or entry.content != alert.content or _again(entry, alert, routes, now):
                yield entry.model_copy(update={"alert": alert})


def _again(entry: Entry, alert: Alert, routes: Routes, now: datetime) -> bool:
    if entry.channel in routes.repeating:
        return True
    return not alert.acknowledged and (entry.told is None or now - entry.told >= routes.again_after)
