"""listen: an alert that is a rollback trigger holds its model, and asks GitHub for the rollback. Effects in order.

Whoever may send alerts can hold a model and have it rolled back; nothing that is sent moves a version forward. What an alert
says is believed as far as the base branch and the ledger bear it out: a trigger of the policy of a version in traffic.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

from model_ratchet.actions.after_merge import tried
from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, hidden_at, read_at
from model_ratchet.actions.rollback import Where, base_tip_of, plan_by, render_again
from model_ratchet.actions.watched import Case, Cases
from model_ratchet.actions.watching import hub_of
from model_ratchet.actions.webhook import PATH, Address, Server
from model_ratchet.core.errors import ForgeError, RatchetError, RepositoryError, UsageError
from model_ratchet.core.names import SLUG
from model_ratchet.documents.alertmanager import Notification, ToldAlert, read_notification
from model_ratchet.documents.events import Hold, Released, Withdrawn
from model_ratchet.documents.files import model_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.engine.rollback import Page, Trigger, events_of
from model_ratchet.engine.rule_text import rule_text
from model_ratchet.engine.watch import SilenceRule, Tier
from model_ratchet.engine.watch.rules import comparative
from model_ratchet.git_write import Writer
from model_ratchet.github.client import Pace
from model_ratchet.github.dispatches import dispatch
from model_ratchet.ledger import Entry, GitLedger, append
from model_ratchet.render.alerts.rules import ALERTS
from model_ratchet.report.log import log_safe

WORKFLOW = "promotion-rollback.yml"
_PACE = Pace(timeout=4, tries=1, most_wait=4.0, between_writes=None)
"""Alertmanager waits ten seconds for an answer, and repeats what got none."""
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenInput:
    """Where alerts are taken, and which variable of ``environ`` holds the token of who sends them. ``base`` names a branch."""

    repo: Path
    address: Address
    variable: str
    base: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rollback trigger that fires, as its alert says."""

    model: str
    version: str
    rule: str
    since: datetime

    @classmethod
    def of(cls, alert: ToldAlert) -> "Fired | None":
        """The trigger that an alert is by its labels, those that our rules give; None for every other alert."""
        named = alert.labels
        ours = named.get("alertname") in ALERTS.values() and named.get("severity") == "critical"
        if alert.status != "firing" or not ours or named.get("action") != "rollback":
            return None
        model, version, rule = (named.get(name, "") for name in ("model", "version", "rule"))
        if SLUG.fullmatch(model) is None:
            return None
        return cls(model=model, version=version, rule=rule, since=alert.since)

    @property
    def because(self) -> str:
        """Why the model is held."""
        return f"an alert of Prometheus: {self.rule}, of {self.version}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an alert; ``owed``: something is still to be done, so that it has to be sent again."""

    said: str
    owed: bool = False


@dataclass(frozen=True, slots=True)
class _Begun:
    """An incident that the ledger holds, ``new`` where it did not before; ``hold`` None: a candidate's, which is withdrawn."""

    said: str
    hold: Hold | None = None
    new: bool = False


class Receiver:
    """Takes notifications, one after the other, and says in a line each what came of them."""

    def __init__(self, asked: ListenInput, say: Callable[[str], None], clock: Callable[[], datetime]) -> None:
        self._asked = asked
        self._say = say
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._last: tuple[float, Mapping[Fired, Taken]] = (0.0, {})
        """When the last triggers began to be taken, and what came of each."""
        self._started: set[tuple[str, datetime]] = set()
        """The holds, by model and instant, of which this process has started the rollback."""

    def take(self, body: bytes) -> HTTPStatus:
        """200 where nothing is left to do; 503 asks the sender to repeat it."""
        told = read_notification(body)
        if told is None:
            self._log("refused: no notification of Alertmanager, version 4")
            return HTTPStatus.BAD_REQUEST
        triggers = tuple(dict.fromkeys(found for one in told.alerts if (found := Fired.of(one)) is not None))
        others = _others(told)
        if others:
            self._log(others)
        if not triggers:
            return HTTPStatus.OK
        taken = self._taken(triggers)
        for one in taken:
            self._log(one.said)
        return HTTPStatus.SERVICE_UNAVAILABLE if any(one.owed for one in taken) else HTTPStatus.OK

    def _taken(self, triggers: tuple[Fired, ...]) -> Sequence[Taken]:
        """What came of triggers: of those that many senders repeat at once, what came of them since they all had asked."""
        arrived = time.monotonic()
        with self._one_at_a_time:
            began, last = self._last
            if began < arrived or not last.keys() >= set(triggers):
                began, last = time.monotonic(), dict(zip(triggers, self._each(triggers), strict=True))
                self._last = began, last
            return [last[one] for one in triggers]

    def _log(self, text: str) -> None:
        line = text.replace("\n", " ")  # one line, whatever is in it
        self._say(log_safe(f"{self._clock().isoformat(timespec='seconds')} {line}"))

    def _each(self, triggers: tuple[Fired, ...]) -> Iterator[Taken]:
        try:
            repository = Writer(self._asked.repo)
            base = self._asked.base or repository.default_branch()
            where = Where(repository=repository, base=base, now=self._clock(), environ=self._asked.environ)
            tip = base_tip_of(where)
        except RepositoryError as error:
            yield from (Taken(f"{one.model}: {error}", owed=True) for one in triggers)
            return
        for one in triggers:
            try:
                yield self._one(one, where, tip)
            except RatchetError as error:
                yield Taken(f"{one.model}: {error}", owed=True)

    def _one(self, trigger: Fired, where: Where, tip: str) -> Taken:
        begun = self._begin(trigger, where, tip)
        if isinstance(begun, Page):
            return Taken(f"{trigger.model}: acknowledged, {begun.why}")
        followed = tuple(tried("traffic", partial(render_again, where, trigger.model))) if begun.new else ()
        said = "; ".join((f"{trigger.model}: {begun.said}", *(one.said for one in followed)))
        if begun.hold is None:
            return Taken(said, owed=any(one.trouble for one in followed))
        try:
            return Taken(f"{said}; {self._start(begun.hold, where)}")
        except ForgeError as error:
            return Taken(f"{said}; {error}", owed=True)

    def _begin(self, trigger: Fired, where: Where, tip: str) -> "_Begun | Page":
        """Begin the incident in the ledger, where it has not begun yet."""
        known = read_chain(where.repository, tip, trigger.model)
        asked = Trigger(model=trigger.model, because=trigger.because, version=trigger.version)
        pages: list[Page] = []

        def decide(ledger: GitLedger) -> Entry:
            pages.clear()
            case, hold = _case(trigger, where.repository, tip, ledger, where.now), ledger.story(trigger.model).hold
            if case is None:
                pages.append(Page("no version in traffic has this trigger"))
            elif hold is not None and str(hold.refuse) != trigger.version:
                pages.append(Page(f"it was held before: {hold.because}"))
            elif hold is None and _released(trigger, ledger):
                pages.append(Page("it was released after the alert began"))
            if pages:
                return Entry(())
            plan = plan_by(ledger, asked, where, tip, known)
            if isinstance(plan, Page):
                pages.append(plan)
                return Entry(())
            return Entry(events_of(plan, asked, now=where.now))

        hidden = hidden_at(where.repository, tip, where.environ)
        entry, ledger = append(where.repository, decide, f"{trigger.model}: rollback", where.now, hidden=hidden)
        if pages:
            return pages[0]
        hold = ledger.story(trigger.model).hold
        if any(isinstance(one, Withdrawn) for one in entry.events) or hold is None:
            return _Begun(f"{trigger.version} is withdrawn: {trigger.because}", new=True)
        said = f"{'is held now' if entry.events else 'was held before'}: {hold.because}"
        return _Begun(said, hold=hold, new=bool(entry.events))

    def _start(self, hold: Hold, where: Where) -> str:
        """Start the workflow that rolls back, once for each hold; one that is started twice does nothing twice."""
        hub = hub_of(self._asked.environ, _PACE)
        if hub is None:
            return "GitHub is not configured: run `ratchet rollback`"
        if (hold.model, hold.at) in self._started:
            return "its rollback is started already"
        try:
            dispatch(hub, WORKFLOW, where.repository.default_branch(), {"model": hold.model, "reason": hold.because})
        finally:
            hub.close()
        self._started.add((hold.model, hold.at))
        return f"{WORKFLOW} is started"


def listen(asked: ListenInput, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Take alerts until ``stop`` is set; what is being answered then is answered.

    Raises:
        UsageError: the variable holds no token.
        OSError: nothing can listen at the address.
    """
    with listening(asked, say):
        stop.wait()


@contextmanager
def listening(
    asked: ListenInput, say: Callable[[str], None], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Server]:
    """The server that takes alerts meanwhile; the token stands in nothing that it says.

    Raises:
        UsageError: the variable holds no token.
        OSError: nothing can listen at the address.
    """
    token = asked.environ.get(asked.variable, "")
    if not token:
        raise UsageError(f"{asked.variable} is not set: no sender can be known without a token")

    def told(text: str) -> None:
        say(text.replace(token, "***"))

    with Server(asked.address, token, Receiver(asked, told, clock).take, told).running() as server:
        told(f"alerts are taken at http://{server.address}{PATH}")
        yield server


def _others(told: Notification) -> str:
    """What a notification holds besides triggers, in a line."""
    names = [one.labels.get("alertname", "?")[:_SHOWN] for one in told.alerts if Fired.of(one) is None]
    said = []
    if names:
        said.append(f"acknowledged: {len(names)} of {len(told.alerts)} ({', '.join(dict.fromkeys(names[:10]))})")
    if told.left_out:
        said.append(f"Alertmanager left out {told.left_out} alerts: raise max_alerts")
    return "; ".join(said)


def _case(trigger: Fired, repository: Writer, tip: str, ledger: GitLedger, now: datetime) -> Case | None:
    """The version in traffic that has this trigger.

    Raises:
        RepositoryError: what is in traffic can't be told.
    """
    path = model_path(trigger.model)
    if not repository.read(tip, (path,)):
        return None
    model = read_at(ModelFile, repository, tip, path)
    if isinstance(model, Faulty):
        raise RepositoryError(str(model.findings[0]))
    for found in Cases(repository, tip, ledger, now).of(model.document):
        if not isinstance(found, Case):
            raise RepositoryError(found.trouble)
        if found.subject.version == trigger.version and trigger.rule in _triggers(found, now):
            return found
    return None


def _triggers(case: Case, now: datetime) -> frozenset[str]:
    """The rules that take a version out; one that compares does so while the other version runs as well."""
    return frozenset(
        rule_text(one.rule)
        for one in case.rules
        if one.tier is Tier.ROLLBACK
        and not isinstance(one.rule, SilenceRule)
        and (case.subject.concurrent(now) or not comparative(one.rule))
    )


def _released(trigger: Fired, ledger: GitLedger) -> bool:
    """Whether a person has released the model since the alert began: what they have seen does not hold it again."""
    events = (one for one in ledger.events() if isinstance(one, Released) and one.model == trigger.model)
    return any(one.at >= trigger.since for one in events)
