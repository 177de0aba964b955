"""Recorded: what each commit of the base branch adds to the ledger, and the baseline that later comparisons use. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from model_ratchet.core.names import DIGEST, PolicyName, Version
from model_ratchet.documents.events import (
    Actor,
    Began,
    Event,
    PolicyChanged,
    PromotedVersion,
    Released,
    RolledBackVersion,
    Unverified,
    WaivedCriterion,
)
from model_ratchet.documents.promoted import Promoted
from model_ratchet.engine.lifecycle import Folder, Meaning, RolledBack
from model_ratchet.engine.paths import shown
from model_ratchet.engine.record import Record, digest
from model_ratchet.engine.story import Story

OF_COMMIT = (Began, PolicyChanged, PromotedVersion, RolledBackVersion, Unverified)
"""The kinds of events that name a commit of the base branch."""
_MOST = 2000
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How a commit came onto the base branch; ``pull`` None where it was pushed, or nobody tells."""

    at: datetime
    pull: int | None = None
    by: Actor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A version that a commit brings: its folder, the git tree of it, and what its request states."""

    folder: Folder
    tree: str
    promoted: Promoted
    record: Record | None = None
    """The verdict that was sealed on it, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One commit of the base branch, on top of the one before it."""

    commit: str
    meaning: Meaning
    arrival: Arrival
    versions: tuple[Arrived, ...] = ()
    touched: tuple[Folder, ...] = ()
    policies: tuple[str, ...] = ()
    """The paths below ``policies/`` that it changes."""
    digests: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Model and version → the digest of the artifact, of what was promoted before."""
    removed: Mapping[str, str] = field(default_factory=dict)
    """Version → the git tree of its folder, of what a rollback takes out."""
    restored: str | None = None
    """The git tree of the folder that a rollback returns to."""
    against: tuple[str, ...] = ()
    """Why no verdict vouches for it, in sentences; empty where one does."""


def last_recorded(events: Iterable[Event]) -> tuple[str, ...]:
    """The commits of the base branch that the ledger names, the newest first, each once."""
    named = [event.commit for event in events if isinstance(event, OF_COMMIT)]
    return tuple(dict.fromkeys(reversed(named)))


def of_model(landed: Landed, model: str, story: Story) -> Iterator[Event]:
    """The events that a commit adds to the story of a model; none where all of it is recorded already.

    What reached the branch is recorded, whether or not a verdict vouches for it: without one its version is ``promoted`` all
    the same, because it serves, and ``unverified``.
    """
    if isinstance(landed.meaning, RolledBack):
        yield from _rolled_back(landed, landed.meaning, story)
        return
    brought = {one.folder: one for one in landed.versions if one.folder.model == model}
    for folder, one in brought.items():
        held = story.standing.get(folder.version)
        if held is None or held.tree != one.tree:
            yield from _promoted(landed, one)
    for folder in landed.touched:
        if folder.model == model and folder not in brought and landed.against:
            yield _unverified(landed, model, _version(folder))


def of_policies(landed: Landed) -> Iterator[Event]:
    """The event of a commit that changes policies."""
    if landed.policies:
        yield PolicyChanged(
            at=landed.arrival.at,
            by=landed.arrival.by,
            commit=landed.commit,
            paths=landed.policies,
            pull=landed.arrival.pull,
        )


def baseline(model: str, active: str | None, story: Story, records: Mapping[str, Record]) -> Mapping[str, Any]:
    """What later comparisons use: the active version and the one before it, each with its sealed metrics, as a JSON value.

    ``records`` maps a digest to the record, for those that are there.
    """
    now = story.standing.get(active or "")
    before = story.standing.get(str(now.baseline)) if now is not None else None
    return {
        "model": model,
        "active": _entry(now, records) if now is not None else {"candidate": active} if active else None,
        "previous": _entry(before, records) if before is not None else None,
    }


def metrics(record: Record) -> list[dict[str, Any]]:
    """The sealed numbers of each criterion that measured a metric, in base units: fractions, seconds, bytes, cores."""
    criteria = {bound.criterion.id: bound.criterion for bound in record.plan.bound()}
    found = []
    for gate in record.verdict.gates:
        for leaf in gate.leaves:
            estimate = leaf.judgement.estimate
            metric = getattr(criteria.get(leaf.id), "metric", None)
            if estimate is None or metric is None:
                continue
            numbers = {name: getattr(estimate, name) for name in ("value", "low", "high", "n", "baseline", "candidate")}
            named = {"metric": metric, "criterion": leaf.id, "stage": leaf.stage, "scale": str(estimate.scale)}
            found.append({name: value for name, value in (named | numbers).items() if value is not None})
    return found


def _promoted(landed: Landed, one: Arrived) -> Iterator[Event]:
    stated, arrival = one.promoted, landed.arrival
    vouched = one.record is not None and not landed.against
    fields: dict[str, Any] = {
        "at": arrival.at,
        "by": arrival.by,
        "model": stated.model,
        "candidate": stated.candidate,
        "pull": arrival.pull,
    }
    yield PromotedVersion(
        **fields,
        baseline=stated.baseline,
        digest=stated.digest if stated.digest is not None and DIGEST.fullmatch(stated.digest) else None,
        policy=_policy(stated.policy),
        commit=landed.commit,
        tree=one.tree,
        record=digest(one.record) if one.record is not None and vouched else None,
    )
    if one.record is not None and vouched:
        for gate in one.record.verdict.gates:
            for leaf in gate.leaves:
                if leaf.counted and leaf.waived is not None:
                    yield WaivedCriterion(**fields, waiver=leaf.waived.waiver, criterion=leaf.id)
    else:
        yield _unverified(landed, stated.model, stated.candidate, one.record)


def _rolled_back(landed: Landed, meant: RolledBack, story: Story) -> Iterator[Event]:
    """The culprit is what the hold of an incident refuses, else the newest of the removed versions.

    A push is a break-glass rollback, and stays one. The hold that waited for the removal is over.
    """
    recorded = {str(one.version) for one in story.rolled_back if one.commit == landed.commit}
    culprits = story.suspects.intersection(map(str, meant.removed)) or {str(meant.removed[0])}
    for version in meant.removed:
        if str(version) not in recorded:
            yield RolledBackVersion(
                at=landed.arrival.at,
                by=landed.arrival.by,
                model=meant.model,
                version=version,
                returns_to=meant.returns_to,
                commit=landed.commit,
                cause="culprit" if str(version) in culprits else "collateral",
                digest=landed.digests.get((meant.model, str(version))),
                tree=landed.removed.get(str(version)),
                break_glass=landed.arrival.pull is None,
                pull=landed.arrival.pull,
            )
    held = story.standing.get(str(meant.returns_to))
    if held is not None and held.tree != landed.restored:
        because = f"{meant.returns_to} is not what was recorded of it"
        yield _unverified(landed, meant.model, meant.returns_to, because=because)
    if story.hold is not None and story.hold.serve == meant.returns_to:
        by, because = landed.arrival.by, f"commit {landed.commit[:12]} removes what {story.hold.incident} refuses"
        yield Released(at=landed.arrival.at, by=by, model=meant.model, because=because, resolved=True)


def _unverified(
    landed: Landed, model: str, version: Version | None, record: Record | None = None, *, because: str = ""
) -> Unverified:
    why = because or "; ".join(landed.against) or "no verdict was sealed on it"
    return Unverified(
        at=landed.arrival.at,
        by=landed.arrival.by,
        model=shown(model)[:_LONGEST],
        commit=landed.commit,
        because=why if len(why) <= _MOST else f"{why[: _MOST - 1]}…",
        version=version,
        pull=landed.arrival.pull,
        record=digest(record) if record is not None else None,
    )


def _entry(event: PromotedVersion, records: Mapping[str, Record]) -> Mapping[str, Any]:
    record = records.get(event.record or "")
    known = event.model_dump(mode="json", exclude_none=True, exclude={"kind", "model", "by"})
    return {**known, "metrics": metrics(record) if record is not None else []}


def _policy(name: str | None) -> PolicyName | None:
    try:
        return PolicyName.parse(name) if name is not None else None
    except ValueError:
        return None


def _version(folder: Folder) -> Version | None:
    try:
        return Version.parse(folder.version)
    except ValueError:
        return None
