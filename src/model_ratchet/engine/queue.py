"""Queue: whether the changes of a merge group may be merged, by their sealed verdicts alone. Pure.

A group holds one commit for each pull request, in the order in which they will be merged. No source is asked: each
promotion must bring the verdict that its pull request was given, made of exactly these files, still valid, with a baseline
that is active before the group and after the changes queued before it, and by rules that are in force in each of these
places. In a queue nothing waits: what is not passed is failed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from model_ratchet.core.finding import Finding
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.engine.lifecycle import Folder, Meaning, Refused, RolledBack, Unclear
from model_ratchet.engine.record import Record
from model_ratchet.engine.validity import Standing, troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPromotion:
    """A promotion of one commit of the group."""

    folder: Folder
    files: Mapping[str, str]
    """Path → git blob id of every file of the folder at that commit."""
    record: Record | None
    """The sealed verdict that its pull request was given, where there is one."""
    standings: Mapping[str, Standing]
    """Where a rule may have moved, as a reason words it → what stands there: the protected branch, the group's base, and
    behind the changes queued before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedChange:
    """One commit of a group, and what it means on top of the one before it."""

    commit: str
    meaning: Meaning
    promotions: tuple[QueuedPromotion, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What is wrong with the documents under ``policies/`` as the commit leaves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedVerdict:
    """What is said of one commit: ``passed`` or ``failed``, and why it failed."""

    commit: str
    what: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueVerdict:
    """What is said of a group: it passes where each of its commits does."""

    commits: tuple[QueuedVerdict, ...]

    @property
    def outcome(self) -> Outcome:
        """``passed`` or ``failed``; a group without a commit has failed, because nothing was judged."""
        return worst(one.outcome for one in self.commits) if self.commits else Outcome.FAILED


def judge_queue(changes: Sequence[QueuedChange], now: datetime) -> QueueVerdict:
    """What is said of a group, given the sealed verdicts of its pull requests."""
    return QueueVerdict(tuple(_judge(change, now) for change in changes))


def _judge(change: QueuedChange, now: datetime) -> QueuedVerdict:
    reasons: tuple[Reason, ...] = ()
    findings = change.findings
    match change.meaning:
        case Refused(refused):
            findings = (*refused, *findings)
        case Unclear(model, trouble):
            reasons = (because(Why.CHAIN_UNCLEAR, trouble=f"{model}: {trouble}"),)
        case _:
            reasons = tuple(reason for one in change.promotions for reason in _against(one, now))
    return QueuedVerdict(
        commit=change.commit,
        what=_what(change),
        outcome=Outcome.FAILED if reasons or findings else Outcome.PASSED,
        reasons=reasons,
        findings=findings,
    )


def _what(change: QueuedChange) -> str:
    if isinstance(change.meaning, RolledBack):
        return f"rollback of {change.meaning.model} to {change.meaning.returns_to}"
    named = ", ".join(f"{one.folder.model} {one.folder.version}" for one in change.promotions)
    return f"promotion of {named}" if named else "no promotion"


def _against(promotion: QueuedPromotion, now: datetime) -> Iterator[Reason]:
    """Everything that speaks against a promotion, the gravest first."""
    record = promotion.record
    if record is None:
        yield because(Why.NOT_SEALED, model=promotion.folder.model, candidate=promotion.folder.version)
        return
    if record.verdict.outcome is not Outcome.PASSED:
        yield because(Why.NOT_PASSED, outcome=str(record.verdict.outcome))
    yield from (because(Why.SEALED_OTHERWISE, path=path) for path in _otherwise(promotion, record))
    yield from (reason for _, reason in troubles(record, promotion.standings, now))


def sealed_for(folder: Folder, records: Sequence[Record]) -> Record | None:
    """The latest verdict on a folder; of several of one instant the worst."""
    mine = [
        record
        for record in records
        if (record.plan.facts.model, record.plan.facts.candidate) == (folder.model, folder.version)
    ]
    never = datetime.min.replace(tzinfo=UTC)
    return max(mine, key=lambda one: (one.decided_at or never, one.verdict.outcome.rank), default=None)


def _otherwise(promotion: QueuedPromotion, record: Record) -> tuple[str, ...]:
    """The first of the files that are not what the verdict was made of."""
    inside = f"{promotion.folder.path}/"
    sealed = {path: oid for path, oid in record.plan.digests.items() if path.startswith(inside)}
    sealed[promotion.folder.request] = record.plan.digests.get("request", "")
    differing = (
        path for path in sealed.keys() | promotion.files.keys() if sealed.get(path) != promotion.files.get(path)
    )
    return tuple(sorted(differing)[:1])
