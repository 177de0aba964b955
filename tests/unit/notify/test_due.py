"""Due: a channel is told of what is new, of what changed, of what goes on for long, and once of its end."""

from datetime import timedelta

import pytest

from builders.alerts import HOUR, NOW, an_alert, resolved
from model_ratchet.core.alert import Alert, Severity, State
from model_ratchet.notify.due import Routes, due
from model_ratchet.notify.state import DeliveryState, Entry


def routes(*channels: str, repeating: tuple[str, ...] = ()) -> Routes:
    return Routes(channels=lambda _: channels, known=channels, repeating=repeating, again_after=24 * HOUR)


TEAM = routes("team")


def knows(alert: Alert, *, ago: timedelta = HOUR, channel: str = "team", owed: bool = False) -> DeliveryState:
    entry = Entry(
        channel=channel,
        alert=alert,
        told=None if owed else NOW - ago,
        content="" if owed else alert.content,
        owed_since=NOW - ago if owed else None,
    )
    return DeliveryState(entries=(entry,))


def told(alerts: list[Alert], state: DeliveryState, known: Routes = TEAM) -> list[tuple[str, State]]:
    return [(one.channel, one.alert.state) for one in due(alerts, state, known, NOW)]


def test_a_new_alert_goes_to_each_channel_of_its_severity() -> None:
    by_severity = {Severity.WARNING: ("team",), Severity.PAGE: ("phone", "team")}
    known = Routes(channels=lambda alert: by_severity[alert.severity], known=("team", "phone"))
    assert told([an_alert()], DeliveryState(), known) == [("team", State.FIRING)]
    assert told([an_alert(severity=Severity.PAGE)], DeliveryState(), known) == [
        ("phone", State.FIRING),
        ("team", State.FIRING),
    ]


def test_what_a_channel_knows_is_not_told_again_although_its_value_moves() -> None:
    assert told([an_alert(value="999 ms")], knows(an_alert())) == []


def test_what_changes_is_told_at_once() -> None:
    assert told([an_alert(state=State.ERRORED)], knows(an_alert())) == [("team", State.ERRORED)]


@pytest.mark.parametrize(
    ("ago", "again"),
    [(24 * HOUR - timedelta(seconds=1), []), (24 * HOUR, [("team", State.FIRING)])],
    ids=["before", "at"],
)
def test_what_goes_on_is_told_again_after_the_interval(ago: timedelta, again: list[tuple[str, State]]) -> None:
    assert told([an_alert()], knows(an_alert(), ago=ago)) == again


def test_what_somebody_is_at_is_not_told_again() -> None:
    alert = an_alert(acknowledged=True)
    assert told([alert], knows(alert, ago=48 * HOUR)) == []


def test_a_channel_that_forgets_is_told_by_every_run() -> None:
    assert told([an_alert()], knows(an_alert()), routes("team", repeating=("team",))) == [("team", State.FIRING)]


def test_an_end_is_told_where_the_beginning_was_and_nowhere_else() -> None:
    both = routes("phone", "team")
    assert told([resolved()], knows(an_alert()), both) == [("team", State.RESOLVED)]
    assert told([resolved()], DeliveryState(), both) == []


def test_an_end_is_told_although_the_severity_goes_elsewhere_now() -> None:
    known = Routes(channels=lambda _: ("phone",), known=("phone", "team"))
    assert told([resolved()], knows(an_alert()), known) == [("team", State.RESOLVED)]


def test_what_is_owed_is_due_although_nobody_mentions_it() -> None:
    assert told([], knows(an_alert(), owed=True)) == [("team", State.FIRING)]


def test_what_is_owed_is_told_as_it_stands_now_and_once() -> None:
    assert told([resolved()], knows(an_alert(), owed=True)) == [("team", State.RESOLVED)]
    (entry,) = due([an_alert(value="now")], knows(an_alert(), owed=True), TEAM, NOW)
    assert entry.alert.value == "now"


def test_a_channel_that_is_gone_is_forgotten() -> None:
    assert told([], knows(an_alert(), channel="gone", owed=True)) == []


def test_of_two_looks_at_one_alert_the_later_counts() -> None:
    assert told([an_alert(), an_alert(state=State.ERRORED)], DeliveryState()) == [("team", State.ERRORED)]
