"""Lifecycle: what a change to the repository means. Pure: values in, values out.

The active version of a model is derived: the head of the chain of ``baseline`` links among the promoted versions of the base
branch. Existence is judged on the base tip, change against the merge base:

=========== ======== ==== =====================================================================
merge base  base tip head meaning of a touched promotion folder
=========== ======== ==== =====================================================================
absent      absent   there proposal
absent      there    there finding: promoted meanwhile
there       there    there finding: what is promoted is not edited
there       there    gone  rollback
there       absent   there finding: rolled back meanwhile
there       absent   gone  nothing: the base did it already
absent      any      gone  finding, where files without a request are added; else nothing
=========== ======== ==== =====================================================================
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import SLUG, Version
from model_ratchet.documents.files import misplaced
from model_ratchet.documents.promoted import Promoted, PromotedOrNot, Unreadable
from model_ratchet.engine.paths import listed, name_findings, policy_findings, shown

_FOLDER = re.compile(r"promotions/(?P<model>[^/]+)/(?P<version>[^/]+)/.+")
_OUTCOMES = "outcomes"
_IN_PLACE_OF_A_FOLDER = re.compile(rf"promotions(?:/{SLUG.pattern}(?:/(?:{_OUTCOMES}|v\d[^/]*))?)?")


@dataclass(frozen=True, slots=True, order=True)
class Folder:
    """A promotion folder: the model and the name of the folder."""

    model: str
    version: str

    @property
    def path(self) -> str:
        """Its path within the repository."""
        return f"promotions/{self.model}/{self.version}"

    @property
    def request(self) -> str:
        """The path of its request, whose presence defines a promotion."""
        return f"{self.path}/promotion.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The promoted versions of one model from the active one back to the first, or why they form no chain."""

    model: str
    versions: tuple[Promoted, ...] = ()
    trouble: str | None = None
    entries: tuple[PromotedOrNot, ...] = ()
    """Where there is trouble: all that is promoted, in no order."""

    @property
    def active(self) -> Promoted | None:
        """The head of the chain, None before the first promotion or where there is trouble."""
        return self.versions[0] if self.versions and self.trouble is None else None


@dataclass(frozen=True, slots=True)
class Untouched:
    """No promotion is touched."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One promotion folder is new, or several where the model file allows batches."""

    folders: tuple[Folder, ...]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The newest versions of one model's chain are removed; ``returns_to`` becomes active."""

    model: str
    removed: tuple[Version, ...]
    """Newest first."""
    returns_to: Version
    beside: tuple[str, ...] = ()
    """Outcome documents of the model that come with it, which take it off the fast lane."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The change breaks a rule of the repository."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The base branch itself is in trouble, so that nothing can be said of the change."""

    model: str
    trouble: str


Meaning: TypeAlias = Untouched | Proposed | RolledBack | Refused | Unclear


def touched_folders(paths: Collection[str]) -> tuple[Folder, ...]:
    """The promotion folders among changed paths, sorted; what is written after the merge is none of them."""
    found = set()
    for path in paths:
        match = _FOLDER.fullmatch(path)
        if match is not None and match["version"] != _OUTCOMES:
            found.add(Folder(match["model"], match["version"]))
    return tuple(sorted(found))


def chain(model: str, entries: Sequence[PromotedOrNot]) -> Chain:
    """The chain of one model's promoted versions, newest first."""
    trouble = partial(Chain, model=model, entries=tuple(entries))
    unreadable = next((entry for entry in entries if isinstance(entry, Unreadable)), None)
    if unreadable is not None:
        return trouble(trouble=f"{shown(unreadable.path)} on the base branch can't be read: {unreadable.message}")
    known = {entry.candidate: entry for entry in entries if isinstance(entry, Promoted)}
    followed = {entry.baseline for entry in known.values()}
    heads = sorted(version for version in known if version not in followed)
    if not known:
        return Chain(model=model)
    if len(heads) != 1:
        named = " and ".join(map(str, heads)) or "none"
        return trouble(trouble=f"the chain of {model} has {len(heads)} heads ({named}): remove one of them")
    walked = [known[heads[0]]]
    while (before := walked[-1].baseline) is not None and before in known and len(walked) <= len(known):
        walked.append(known[before])
    if len(walked) != len(known):
        return trouble(
            trouble=f"the baselines of {model} form no chain: {len(known)} versions are promoted, "
            f"{len(walked)} can be reached from {heads[0]}",
        )
    if walked[-1].baseline is not None:
        return trouble(
            trouble=f"{walked[-1].candidate} of {model} names the baseline {walked[-1].baseline}, "
            "which is not on the base branch",
        )
    return Chain(model=model, versions=tuple(walked))


def meaning(
    changes: Mapping[str, str],
    *,
    at_merge_base: Collection[str],
    at_base: Collection[str],
    at_head: Collection[str],
    chains: Mapping[str, Chain],
) -> Meaning:
    """What a pull request does.

    ``changes`` maps each path that differs between merge base and head to its status (A, M, D, T); the three collections
    hold the paths below the touched promotion folders, and the policies, of the three commits.
    """
    unreadable = tuple(name_findings(changes, at_head))
    if unreadable:
        return Refused(unreadable)
    folders = touched_folders(changes)
    findings = [*policy_findings(changes, at_base), *_misplaced(changes, folders)]
    proposed: list[Folder] = []
    removed: list[Folder] = []
    gone: list[Folder] = []
    for folder in folders:
        there = tuple(folder.request in paths for paths in (at_merge_base, at_base, at_head))
        match there:
            case (False, False, True):
                proposed.append(folder)
                findings += _name_findings(folder)
            case (True, True, False):
                removed.append(folder)
                findings += _left_behind(folder, at_head)
            case (True, True, True):
                findings.append(
                    _finding(
                        folder,
                        f"{folder.path} is promoted: what is promoted is not edited; "
                        f"write what comes after the merge to promotions/{folder.model}/outcomes/",
                    )
                )
            case (False, True, True):
                findings.append(
                    _finding(
                        folder,
                        f"{folder.version} was promoted on the base branch meanwhile: "
                        "propose it under a version of its own",
                    )
                )
            case (True, False, True):
                findings.append(
                    _finding(
                        folder,
                        f"{folder.version} was rolled back on the base branch meanwhile: "
                        "propose it again from a fresh branch",
                    )
                )
            case (_, _, False) if any(path.startswith(f"{folder.path}/") for path in at_head):
                findings.append(
                    _finding(folder, f"{folder.path} holds no promotion.yaml: add it, or remove the folder")
                )
            case _:
                gone.append(folder)
    findings += _twice(proposed)
    if findings:
        return Refused(tuple(sorted(findings)))
    if removed:
        return _rollback(removed, gone, proposed, changes, chains)
    if proposed:
        troubled = next((one for one in (chains.get(folder.model) for folder in proposed) if one and one.trouble), None)
        return Unclear(troubled.model, troubled.trouble or "") if troubled is not None else Proposed(tuple(proposed))
    return Untouched()


def baseline_moved(stated: Version | None, known: Chain) -> str | None:
    """Why a request's baseline is not the active version, None when it is."""
    active = known.active.candidate if known.active is not None else None
    if stated == active:
        return None
    if active is None:
        return f"{stated} is not promoted: {known.model} has no active version yet, so write `baseline: none`"
    if stated is None:
        return f"{known.model} has an active version: write `baseline: {active}`"
    return f"baseline moved: {active} is active, and the request compares with {stated}"


def _rollback(
    removed: Sequence[Folder],
    gone: Sequence[Folder],
    proposed: Sequence[Folder],
    changes: Mapping[str, str],
    chains: Mapping[str, Chain],
) -> Meaning:
    """What the removal of folders means; those in ``gone`` were taken back on the base branch already."""
    models = sorted({folder.model for folder in removed})
    folder = removed[0]
    if len(models) > 1:
        return _refused(
            folder, f"versions of {' and '.join(models)} are removed at once: roll back one model at a time"
        )
    known = chains.get(models[0], Chain(model=models[0]))
    inside = tuple(f"{one.path}/" for one in (*removed, *gone))
    beside = sorted(path for path in changes if not path.startswith(inside))
    foreign = [path for path in beside if not path.startswith(f"promotions/{models[0]}/{_OUTCOMES}/")]
    if any(one.model == folder.model for one in proposed):
        new = next(one for one in proposed if one.model == folder.model)
        return _refused(
            folder,
            f"{folder.path} is removed and {new.request} is new: what is promoted is not renamed or replaced; "
            f"propose {new.version} beside it, or roll {folder.version} back alone",
        )
    if proposed or foreign:
        return not_alone(folder, foreign)
    if known.trouble is not None:
        return _way_out(known, removed, tuple(beside))
    names = {one.version for one in removed}
    suffix = [entry for entry in known.versions[: len(names)] if str(entry.candidate) in names]
    if len(suffix) != len(names):
        oldest = max(index for index, entry in enumerate(known.versions) if str(entry.candidate) in names)
        needed = ", ".join(str(entry.candidate) for entry in known.versions[: oldest + 1])
        return _refused(
            folder, f"only the newest versions of a chain can be removed: remove {needed} together, or leave them"
        )
    if len(names) == len(known.versions):
        return _refused(
            folder,
            f"no version of {folder.model} would be left, and nothing would be active: "
            f"keep {known.versions[-1].candidate}, or promote its successor first",
        )
    returns_to = known.versions[len(names)].candidate
    return RolledBack(models[0], tuple(entry.candidate for entry in suffix), returns_to, tuple(beside))


def not_alone(folder: Folder, paths: Collection[str]) -> Refused:
    """The refusal of a rollback that comes with something else."""
    return _refused(
        folder,
        f"a rollback stands alone: {listed(paths)} takes it off the fast lane, and nothing is judged; "
        "move that to a pull request of its own",
    )


def _way_out(known: Chain, removed: Sequence[Folder], beside: tuple[str, ...]) -> Meaning:
    """A removal that leaves one sound chain is the way out of trouble; after any other it is as unclear as before."""
    paths = {folder.request for folder in removed}
    left = chain(known.model, [entry for entry in known.entries if entry.path not in paths])
    try:
        versions = sorted((Version.parse(folder.version) for folder in removed), reverse=True)
    except ValueError:
        return Unclear(known.model, known.trouble or "")
    if left.active is None:
        return Unclear(known.model, known.trouble or "")
    return RolledBack(known.model, tuple(versions), left.active.candidate, beside)


def _misplaced(changes: Mapping[str, str], folders: Collection[Folder]) -> Iterator[Finding]:
    """Requests that stand where none is read, and links to some: nothing of them would be judged."""
    places = {folder.request for folder in folders}
    for path, status in sorted(changes.items()):
        if status != "D" and path.startswith("promotions/") and path not in places and misplaced(path):
            message = "no request is read here: it stands at promotions/<model>/<version>/promotion.yaml"
            yield Finding(Location(path), message)
        if status != "D" and _IN_PLACE_OF_A_FOLDER.fullmatch(path):
            yield Finding(
                Location(path), "a folder belongs here: a file, a link or a submodule in its place is not read"
            )


def _name_findings(folder: Folder) -> Iterator[Finding]:
    try:
        Version.parse(folder.version)
    except ValueError as error:
        yield _finding(folder, str(error))


def _twice(proposed: Sequence[Folder]) -> Iterator[Finding]:
    """Of two merges with one baseline only one can hold: a batch brings no model twice."""
    for folder in proposed:
        if sum(one.model == folder.model for one in proposed) > 1:
            yield _finding(
                folder, f"one version of {folder.model} at a time: two with one baseline would leave no active version"
            )


def _left_behind(folder: Folder, at_head: Collection[str]) -> Iterator[Finding]:
    left = sorted(path for path in at_head if path.startswith(f"{folder.path}/"))
    if left:
        yield _finding(folder, f"{shown(left[0])} is left behind: a rollback removes the whole folder")


def _finding(folder: Folder, message: str) -> Finding:
    return Finding(Location(shown(folder.request)), message)


def _refused(folder: Folder, message: str) -> Refused:
    return Refused((_finding(folder, message),))
