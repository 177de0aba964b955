"""Deliver: every channel is told what is due, whatever another one does, and what was not told is owed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from builders.alerts import HOUR, NOW, an_alert, resolved
from model_ratchet.core.alert import Alert, State
from model_ratchet.core.errors import NotifyError
from model_ratchet.notify.deliver import Channels, Pace, Trouble, deliver
from model_ratchet.notify.due import Routes
from model_ratchet.notify.state import DeliveryState

QUICK = Pace(sleep=lambda _: None, jitter=lambda: 0.5)


@dataclass
class Pager:
    """A channel that fails as it is told to, and remembers what it took."""

    name: str
    failures: list[Exception] = field(default_factory=list)
    fails: Callable[[Alert], Exception | None] = lambda _: None
    repeats: bool = False
    took: list[Alert] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    tried: int = 0
    closed: int = 0

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:
        self.tried += 1
        self.deliveries.append(delivery)
        failure = self.failures.pop(0) if self.failures else self.fails(alert)
        if failure is not None:
            raise failure
        self.took.append(alert)

    def close(self) -> None:
        self.closed += 1


def channels(*pagers: Pager, deadline: float = 60.0) -> Channels:
    names = [one.name for one in pagers]
    return Channels(
        notifiers={one.name: one for one in pagers},
        routes=Routes(channels=lambda _: names, known=names),
        deadlines=dict.fromkeys(names, deadline),
    )


def again(state: DeliveryState) -> DeliveryState:
    """The state as the next run reads it."""
    return DeliveryState.model_validate_json(state.model_dump_json())


def test_an_alert_is_told_once_and_its_end_once() -> None:
    team = Pager("team")
    state, troubles = deliver([an_alert()], channels(team), DeliveryState(), now=NOW, pace=QUICK)
    for alert in (an_alert(value="1 s"), an_alert(value="2 s"), resolved(), resolved()):
        state, more = deliver([alert], channels(team), again(state), now=NOW + HOUR, pace=QUICK)
        troubles += more
    assert [one.state for one in team.took] == [State.FIRING, State.RESOLVED]
    assert (state, troubles) == (DeliveryState(), ())
    assert team.closed == 2


def test_a_run_that_could_not_keep_what_it_told_is_followed_by_the_same_message() -> None:
    team, later = Pager("team"), NOW + HOUR
    deliver([an_alert(value="1 s")], channels(team), DeliveryState(), now=NOW, pace=QUICK)
    state, _ = deliver([an_alert(value="2 s")], channels(team), DeliveryState(), now=later, pace=QUICK)
    assert len(set(team.deliveries)) == 1
    day = 24 * HOUR
    state, _ = deliver([an_alert()], channels(team), again(state), now=later + day, pace=QUICK)  # a reminder
    state, _ = deliver([resolved()], channels(team), again(state), now=later + day, pace=QUICK)
    deliver([an_alert(since=later + 2 * day)], channels(team), again(state), now=later + 2 * day, pace=QUICK)
    assert len(team.deliveries) == 5
    assert len(set(team.deliveries)) == 4


def test_a_channel_that_is_down_keeps_no_other_from_being_told_and_is_owed() -> None:
    team, down = Pager("team"), Pager("down", fails=lambda _: NotifyError("HTTP 503", again=True))
    alerts = [an_alert(), an_alert(model="late")]
    state, troubles = deliver(alerts, channels(team, down), DeliveryState(), now=NOW, pace=QUICK)
    assert [one.model for one in team.took] == ["fraud", "late"]
    assert down.tried == 3
    assert troubles == (Trouble("down", 2, "HTTP 503"),)
    assert str(troubles[0]) == "the channel down was not told of 2 alerts (HTTP 503): the next run tells it"
    assert [(one.channel, one.alert.model, one.owed_since) for one in state.owed] == [
        (one.channel, one.alert.model, NOW) for one in state.entries if one.channel == "down"
    ]
    up = Pager("down")
    state, troubles = deliver([], channels(team, up), again(state), now=NOW + HOUR, pace=QUICK)
    assert sorted(one.model for one in up.took) == ["fraud", "late"]
    assert (troubles, state.owed) == ((), ())
    assert len(team.took) == 2


def test_what_goes_on_being_owed_is_owed_since_the_first_time_and_is_a_trouble_each_time() -> None:
    down = Pager("down", fails=lambda _: NotifyError("no connection"))
    state = DeliveryState()
    for hours in range(3):
        state, troubles = deliver([], channels(down), again(state), now=NOW + hours * HOUR, pace=QUICK)
        if not hours:
            state, troubles = deliver([an_alert()], channels(down), state, now=NOW, pace=QUICK)
        assert troubles == (Trouble("down", 1, "no connection"),)
        assert [one.owed_since for one in state.owed] == [NOW]


def test_an_end_that_could_not_be_told_is_owed() -> None:
    team = Pager("team")
    state, _ = deliver([an_alert()], channels(team), DeliveryState(), now=NOW, pace=QUICK)
    team.failures = [NotifyError("HTTP 500")]
    state, _ = deliver([resolved()], channels(team), again(state), now=NOW, pace=QUICK)
    state, troubles = deliver([], channels(team), again(state), now=NOW, pace=QUICK)
    assert [one.state for one in team.took] == [State.FIRING, State.RESOLVED]
    assert (state, troubles) == (DeliveryState(), ())


def test_what_passes_is_tried_again_with_growing_waits_and_jitter() -> None:
    waits: list[float] = []
    pace = Pace(sleep=waits.append, jitter=lambda: 0.25)
    team = Pager("team", failures=[NotifyError("HTTP 503", again=True), NotifyError("HTTP 429", again=True, wait=7.0)])
    _, troubles = deliver([an_alert()], channels(team), DeliveryState(), now=NOW, pace=pace)
    assert (len(team.took), troubles, waits) == (1, (), [0.375, 7.0])


def test_a_channel_that_asks_for_more_patience_than_there_is_time_is_not_waited_for() -> None:
    waits: list[float] = []
    team = Pager("team", failures=[NotifyError("HTTP 429", again=True, wait=3600.0)])
    _, troubles = deliver([an_alert()], channels(team), DeliveryState(), now=NOW, pace=Pace(sleep=waits.append))
    assert (waits, team.tried, troubles) == ([], 1, (Trouble("team", 1, "HTTP 429"),))


def test_what_would_fail_again_is_tried_once() -> None:
    team = Pager("team", fails=lambda _: NotifyError("a redirect, which is not followed"))
    deliver([an_alert()], channels(team), DeliveryState(), now=NOW, pace=QUICK)
    assert team.tried == 1


def test_an_alert_that_is_refused_keeps_no_other_from_being_told() -> None:
    refused = NotifyError("HTTP 400", only_this=True)
    team = Pager("team", fails=lambda alert: refused if alert.model == "fraud" else None)
    alerts = [an_alert(), an_alert(model="late")]
    state, troubles = deliver(alerts, channels(team), DeliveryState(), now=NOW, pace=QUICK)
    assert [one.model for one in team.took] == ["late"]
    assert troubles == (Trouble("team", 1, "HTTP 400"),)
    assert [one.alert.model for one in state.owed] == ["fraud"]


@pytest.mark.parametrize(
    "error", [ValueError("hunter2"), SystemExit(3), KeyError("hunter2")], ids=["value", "exit", "key"]
)
def test_a_channel_that_crashes_is_owed_and_says_nothing_it_should_not(error: BaseException) -> None:
    def crash(alert: Alert) -> Exception | None:
        raise error

    team, crashing = Pager("team"), Pager("crashing", fails=crash)
    state, troubles = deliver([an_alert()], channels(team, crashing), DeliveryState(), now=NOW, pace=QUICK)
    assert troubles == (Trouble("crashing", 1, f"it crashed: {type(error).__name__}"),)
    assert [one.channel for one in state.owed] == ["crashing"]
    assert len(team.took) == 1


def test_a_channel_that_hangs_is_left_behind_after_its_time() -> None:
    released = threading.Event()

    def hang(alert: Alert) -> Exception | None:
        if alert.model == "late":
            released.wait(60)
        return None

    team = Pager("team", fails=hang)
    alerts = [an_alert(), an_alert(model="late")]
    try:
        state, troubles = deliver(alerts, channels(team, deadline=0.3), DeliveryState(), now=NOW, pace=QUICK)
    finally:
        released.set()
    assert troubles == (Trouble("team", 1, "no answer within 0.3 s"),)
    assert [one.alert.model for one in state.owed] == ["late"]
