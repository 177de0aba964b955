"""Policies: what a change does to ``policies/``: whether it reads and fits, what is odd, and what gets looser or stricter.

Nothing of it is in force before the merge. The documents are read as they would stand then: those of the base tip, with the
files of the change put over them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.actions.shelf import SUBMODULE, SYMLINK, Shelf, across, named_by, too_large
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import PolicyName
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.compare import (
    ABSENT,
    Difference,
    Weight,
    compare_models,
    compare_others,
    compare_policies,
)
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import kind_of, misplaced, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.yaml import MAX_BYTES
from model_ratchet.engine.lint import lint, revocation_faults
from model_ratchet.engine.waivable import useless
from model_ratchet.ports import Blob, Repository
from model_ratchet.report.notes import PolicyNote, RuleDifference

_FOLDER = "policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """What a change does to the policies, and what of it keeps the change from being merged."""

    note: PolicyNote
    findings: tuple[Finding, ...]


def policy_change(
    repository: Repository, *, merge_base: str, base: str, head: str, changes: Mapping[str, str], now: datetime
) -> PolicyChange | None:
    """What a change of these paths does to the policies, None where it touches none.

    Everything wrong with a changed document is told; of the others only what the change brings about.
    """
    touched = _touched(changes)
    if not touched:
        return None
    at_base = _contents(repository, base, repository.paths(base, _FOLDER))
    at_head = _merged(repository, at_base, head, touched)
    before, after = _shelf(at_base), _shelf(at_head)
    old = before if merge_base == base else _shelf(_contents(repository, merge_base, tuple(touched)))
    known = frozenset(_wrong(before))
    found = [one for one in _wrong(after) if one.location.file in touched or one not in known]
    findings, notes = _oddities(before, after)
    notes = (*notes, *(one for one in _useless(after, now) if one.location.file in touched))
    differences = tuple(one for path in sorted(touched) for one in _differences(path, before, old, after))
    return PolicyChange(
        note=PolicyNote(paths=tuple(sorted(touched)), differences=differences, notes=notes),
        findings=tuple(sorted(dict.fromkeys((*found, *findings)))),
    )


def shelves(repository: Repository, *, base: str, head: str, changes: Mapping[str, str]) -> tuple[Shelf, Shelf]:
    """The documents under ``policies/`` as they stand on the base, and as they would stand after a change of these paths."""
    at_base = _contents(repository, base, repository.paths(base, _FOLDER))
    return _shelf(at_base), _shelf(_merged(repository, at_base, head, _touched(changes)))


def _touched(changes: Mapping[str, str]) -> dict[str, str]:
    return {path: status for path, status in changes.items() if path == _FOLDER or path.startswith(f"{_FOLDER}/")}


def _merged(
    repository: Repository, at_base: Mapping[str, bytes | str], head: str, touched: Mapping[str, str]
) -> dict[str, bytes | str]:
    written = tuple(path for path, status in touched.items() if status != "D")
    kept = {path: content for path, content in at_base.items() if path not in touched}
    return kept | _contents(repository, head, written)


def _contents(repository: Repository, commit: str, paths: tuple[str, ...]) -> dict[str, bytes | str]:
    """Path → content, or why it is not read, of everything that is a document or looks like one."""
    ours = tuple(path for path in paths if path == _FOLDER or kind_of(path) is not None or misplaced(path))
    blobs = repository.read(commit, ours)
    return {path: _content(blobs.get(path)) for path in ours}


def _content(blob: Blob | None) -> bytes | str:
    if blob is None:
        return SUBMODULE
    if blob.symlink:
        return SYMLINK
    return blob.content if blob.size <= MAX_BYTES else too_large(blob.size)


def _shelf(contents: Mapping[str, bytes | str]) -> Shelf:
    shelf = Shelf()
    for path, content in contents.items():
        shelf.add(path, content)
    return shelf


def _wrong(shelf: Shelf) -> Iterator[Finding]:
    yield from shelf.findings
    yield from across(shelf)
    for path, revocations in shelf.of(Revocations).items():
        yield from (shelf.at(path, fault) for fault in revocation_faults(revocations, shelf.digests))


def _oddities(before: Shelf, after: Shelf) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Grave oddities and notes that were not there before."""
    known = {
        (path, oddity)
        for path, policy in before.of(Policy).items()
        for oddity in lint(policy, tuple(before.of(ModelFile).values()))
    }
    new = [
        (oddity.grave, after.at(path, oddity.fault))
        for path, policy in after.of(Policy).items()
        for oddity in lint(policy, tuple(after.of(ModelFile).values()))
        if (path, oddity) not in known
    ]
    return tuple(one for grave, one in new if grave), tuple(sorted(one for grave, one in new if not grave))


def _useless(shelf: Shelf, now: datetime) -> Iterator[Finding]:
    """The waivers that no promotion can use."""
    revoked = [str(one.policy) for held in shelf.of(Revocations).values() for one in held.revocations]
    for path, waiver in shelf.of(Waiver).items():
        named = named_by(shelf, waiver)
        fault = useless(waiver, *named, revoked=revoked, now=now) if named is not None else None
        if fault is not None:
            yield shelf.at(path, fault)


def _differences(path: str, base: Shelf, old: Shelf, new: Shelf) -> Iterator[RuleDifference]:
    """What one changed file asks otherwise than it did, a new policy version otherwise than the one before it."""
    if any(one.location.file == path for one in new.findings):
        return
    before = old.located[path].document if path in old.located else None
    after = new.located[path].document if path in new.located else None
    against = path
    found: tuple[Difference, ...] = ()
    match before, after:
        case None, Policy():
            earlier = _earlier(after, base)
            if earlier is None:
                found = (_whole(f"policy {after.full_name}", ABSENT, "added"),)
            else:
                against, found = policy_path(earlier.full_name), compare_policies(earlier, after)
        case Policy(), Policy():
            found = compare_policies(before, after)
        case ModelFile(), ModelFile():
            found = compare_models(before, after)
        case None, ModelFile():
            found = (_whole(f"model {after.name}", ABSENT, "added"),)
        case ModelFile(), None:
            found = (_whole(f"model {before.name}", "there", ABSENT),)
        case (
            (Sources() | Revocations() | Waiver() | AlertChannels() | None),
            (Sources() | Revocations() | Waiver() | AlertChannels() | None),
        ):
            found = compare_others(before, after)
    for one in found:
        place = new.at(path, Fault(one.path, "")).location if path in new.located else Location(path)
        yield RuleDifference(
            place=place, rule=one.rule, before=one.before, after=one.after, weight=one.weight, against=against
        )


def _whole(rule: str, before: str, after: str) -> Difference:
    """A document with nothing to compare it with."""
    return Difference((), rule, before, after, Weight.CHANGED)


def _earlier(policy: Policy, base: Shelf) -> Policy | None:
    """The newest version of the same policy on the base branch that is older than this one."""
    named: PolicyName = policy.full_name
    older = [one for one in base.of(Policy).values() if one.full_name.name == named.name and one.full_name < named]
    return max(older, key=lambda one: one.full_name, default=None)
