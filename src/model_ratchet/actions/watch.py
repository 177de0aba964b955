"""watch: one look at every version that runs: what its rules say, who is told, and which versions have to leave."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from model_ratchet.actions.in_step import in_step
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.render import each_model
from model_ratchet.actions.watch_state import Kept, Last
from model_ratchet.actions.watched import Case, Cases
from model_ratchet.core.alert import Alert, Severity, State
from model_ratchet.core.finding import Finding
from model_ratchet.documents.across import unknown_channels
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.files import ALERTS, SOURCES
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.lifecycle import Unclear
from model_ratchet.engine.watch import Report, asks, needs, read, watch
from model_ratchet.git import Git
from model_ratchet.github.client import Hub
from model_ratchet.ledger import GitLedger
from model_ratchet.notify.deliver import Pace, Trouble, deliver
from model_ratchet.notify.open import open_channels
from model_ratchet.report.watched import alerts_of, held, owed, resolved
from model_ratchet.snapshot import documents

if TYPE_CHECKING:
    from model_ratchet.sources.lines import Lines

CONNECTIONS = 32
_AHEAD = 2
"""Versions whose documents are read for each that is looked at."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchInput:
    """Everything that one look depends on. ``models`` are those to look at, all where none is named."""

    repo: Path
    now: datetime
    base: str | None = None
    models: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    connections: int = CONNECTIONS
    """How many versions are looked at side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one version."""

    case: Case
    report: Report

    @property
    def leaves(self) -> bool:
        """Whether it has to leave, and something is left to do by itself: an incident that has begun waits for a person,
        unless the policy merges its removal."""
        if not self.report.rolls_back or self.case.hold is None:
            return bool(self.report.rolls_back)
        rollback = self.case.policy.rollback
        begun = self.case.hold.refuse is not None and str(self.case.hold.refuse) == self.case.subject.version
        return begun and rollback is not None and rollback.merge == "automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One look at everything, and what is kept of it for the next."""

    at: datetime
    seen: tuple[Seen, ...]
    unclear: tuple[Unclear, ...]
    findings: tuple[Finding, ...]
    alerts: tuple[Alert, ...]
    troubles: tuple[Trouble, ...]
    """Channels that were not told; what they are owed is in ``kept``."""
    kept: Kept

    @property
    def leaving(self) -> tuple[Seen, ...]:
        """The versions that have to leave."""
        return tuple(one for one in self.seen if one.leaves)

    @property
    def fires(self) -> bool:
        """Whether any rule fires that wakes somebody."""
        return any(one.state is State.FIRING and one.severity is not Severity.WARNING for one in self.alerts)

    @property
    def errored(self) -> bool:
        """Whether something could not be looked at."""
        return bool(self.unclear or self.findings) or any(one.state is State.ERRORED for one in self.alerts)


def watch_once(
    asked: WatchInput,
    kept: Kept,
    repository: Git,
    ledger: GitLedger,
    *,
    tell: bool = True,
    hub: Hub | None = None,
    pace: Pace | None = None,
    progress: Progress | None = None,
) -> Watch:
    """Look at every version once, and ``tell`` the channels what is new. Nothing else is written.

    Whatever goes wrong with one model keeps no other from being looked at.

    Raises:
        UsageError: a model is named that is not there.
        RepositoryError: git could not answer.
        RecordError: the ledger can't be read.
    """
    commit = repository.commit(asked.base if asked.base is not None else repository.default_base())
    files = documents(repository, commit)
    sources = read_at(Sources, files, commit, SOURCES)
    every = Cases(files, commit, ledger, asked.now)
    channels, more = _channels(repository, commit)
    notify: dict[str, tuple[str, ...]] = {}
    findings = list(more)

    def cases() -> Iterator[Case | Unclear]:
        for name, model in each_model(files, commit, asked.models):
            if isinstance(model, Faulty):
                findings.extend(model.findings)
            else:
                notify[name] = model.document.notify
                if channels is not None:
                    findings.extend(
                        model.finding(fault) for fault in unknown_channels(model.document, channels.channels)
                    )
                yield from every.of(model.document)

    if isinstance(sources, Faulty):
        findings += sources.findings
        found: list[Seen | Unclear] = [one for one in cases() if isinstance(one, Unclear)]
    else:
        found = _look(cases(), sources.document, kept, asked, repository.root, progress)
    seen = [one for one in found if isinstance(one, Seen)]
    unclear = tuple(one for one in found if isinstance(one, Unclear))
    alerts = [
        alert
        for one in seen
        for alert in alerts_of(
            one.report, one.case.subject, asked.now, stage=one.case.stage, held=one.case.hold is not None
        )
    ]
    alerts += [alert for name in notify for alert in held(every.story(name), asked.now)]
    alerts += [
        alert for one in seen if one.case.stage is None for alert in owed(one.case.policy, one.case.subject, asked.now)
    ]
    reports: dict[str, list[Report]] = {}
    for one in seen:
        reports.setdefault(one.case.model.name, []).append(one.report)
    known = [entry.alert for entry in kept.delivery.entries]
    alerts += resolved(known, alerts, reports, asked.now)
    delivery, troubles = kept.delivery, tuple[Trouble, ...]()
    if channels is not None and tell:
        opened = open_channels(channels, asked.environ, repository.root, hub, notify=notify)
        delivery, troubles = deliver(alerts, opened, kept.delivery, now=asked.now, pace=pace)
    before = {key: state for key, state in kept.states.items() if asked.models and key[0] not in notify}
    states = before | {(one.report.state.model, one.report.state.version): one.report.state for one in seen}
    last = Last(at=asked.now, versions=len(seen), unclear={one.model: one.trouble for one in unclear})
    return Watch(
        at=asked.now,
        seen=tuple(seen),
        unclear=unclear,
        findings=tuple(sorted(findings)),
        alerts=tuple(alerts),
        troubles=troubles,
        kept=Kept(states=states, delivery=delivery, last=last),
    )


def _channels(repository: Git, commit: str) -> tuple[AlertChannels | None, Sequence[Finding]]:
    """The channels of the base branch; none where there is no such file."""
    if not repository.read(commit, (ALERTS,)):
        return None, ()
    found = read_at(AlertChannels, repository, commit, ALERTS)
    return (None, found.findings) if isinstance(found, Faulty) else (found.document, ())


def _look(
    cases: Iterable[Case | Unclear],
    sources: Sources,
    kept: Kept,
    asked: WatchInput,
    root: Path,
    progress: Progress | None,
) -> list[Seen | Unclear]:
    """All versions in their order, some of them looked at side by side, and while the documents of the next are read."""
    from model_ratchet.sources.lines import Lines

    def one(case: Case | Unclear) -> Seen | Unclear:
        if isinstance(case, Unclear):
            return case
        seen = _seen(case, sources, kept, asked, root, lines)
        if progress is not None:
            progress(f"looked at {case.model.name} {case.subject.version}")
        return seen

    with Lines(asked.connections) as lines:
        return list(in_step(one, cases, at_once=asked.connections, ahead=_AHEAD * asked.connections))


def _seen(case: Case, sources: Sources, kept: Kept, asked: WatchInput, root: Path, lines: "Lines") -> Seen:
    from model_ratchet.sources.gather import gather
    from model_ratchet.sources.open import deadlines, open_sources, route
    from model_ratchet.sources.prometheus import on_lines

    state = kept.states.get((case.model.name, case.subject.version))
    due = asks(case.subject, case.rules, state.come_to if state is not None else {}, now=asked.now)
    opened = open_sources(sources, case.model, case.versions, root=root, environ=asked.environ, now=asked.now)
    evidence = gather(
        needs(due),
        on_lines(opened, lines),
        lambda need: route(need, case.model, sources),
        deadlines=deadlines(sources),
    )
    return Seen(case=case, report=watch(case.subject, case.rules, read(case.rules, due, evidence), state))
