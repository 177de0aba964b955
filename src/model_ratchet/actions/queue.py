"""queue: whether a merge group may be merged, from its commits and the sealed verdicts of its pull requests."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from model_ratchet.actions.check import Change, change_between, meaning_of, read_chain
from model_ratchet.actions.policies import policy_change
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.documents.files import REVOCATIONS
from model_ratchet.documents.revocations import Revocations
from model_ratchet.engine.lifecycle import Folder, Proposed
from model_ratchet.engine.queue import QueuedChange, QueuedPromotion, QueueVerdict, judge_queue, sealed_for
from model_ratchet.engine.record import Record
from model_ratchet.engine.validity import Standing, pinned
from model_ratchet.ports import Repository

Sealed = Callable[[str], Sequence[Record]]
"""The sealed verdicts of the pull request that a commit of a group merges."""


def check_group(
    repository: Repository, *, tip: str, base: str, head: str, sealed: Sealed, now: datetime
) -> QueueVerdict:
    """The verdict on the commits after ``base`` up to ``head``, which are to be merged into the branch at ``tip``.

    ``sealed`` is asked for commits that promote something, and for no others.

    Raises:
        RepositoryError: git could not answer, or the group is no line of first parents.
    """
    tip, base, head = (repository.commit(one) for one in (tip, base, head))
    changes = []
    before = base
    for commit in repository.first_parents(base, head):
        change = change_between(repository, base=before, head=commit, merge_base=before)
        places = {
            "on the protected branch": tip,
            "at the base of the group": base,
            "after the changes queued before it": before,
        }
        changes.append(_queued(repository, change, places, sealed, now))
        before = commit
    return judge_queue(changes, now)


def read_standing(repository: Repository, commit: str, record: Record) -> Standing:
    """What a commit of the base branch says of the promotion that a record is about.

    Raises:
        RepositoryError: git could not answer.
    """
    plan = record.plan
    known = read_chain(repository, commit, plan.facts.model)
    rules = {name: plan.paths.get(name, name) for name in pinned(plan)}
    blobs = repository.read(commit, (*rules.values(), REVOCATIONS))
    revocations = read_at(Revocations, repository, commit, REVOCATIONS) if REVOCATIONS in blobs else None
    trouble = known.trouble
    if isinstance(revocations, Faulty):
        trouble = trouble or f"{REVOCATIONS} can't be read: {revocations.findings[0].message}"
        revocations = None
    return Standing(
        active=str(known.active.candidate) if known.active is not None else None,
        digests={name: blobs[path].oid if path in blobs else None for name, path in rules.items()},
        revocation=revocations.document.of(plan.policy) if revocations is not None else None,
        trouble=trouble,
    )


def _queued(
    repository: Repository, change: Change, places: Mapping[str, str], sealed: Sealed, now: datetime
) -> QueuedChange:
    meant = meaning_of(repository, change)
    rules = policy_change(
        repository,
        merge_base=change.merge_base,
        base=change.base,
        head=change.head,
        changes=change.paths,
        now=now,
    )
    folders = meant.folders if isinstance(meant, Proposed) else ()
    records = sealed(change.head) if folders else ()
    return QueuedChange(
        commit=change.head,
        meaning=meant,
        promotions=tuple(_promotion(repository, change.head, folder, places, records) for folder in folders),
        findings=rules.findings if rules is not None else (),
    )


def _promotion(
    repository: Repository, commit: str, folder: Folder, places: Mapping[str, str], records: Sequence[Record]
) -> QueuedPromotion:
    blobs = repository.read(commit, repository.paths(commit, folder.path))
    record = sealed_for(folder, records)
    standings = {}
    if record is not None:
        read = {at: read_standing(repository, at, record) for at in dict.fromkeys(places.values())}
        standings = {where: read[at] for where, at in places.items()}
    files = {path: blob.oid for path, blob in blobs.items()}
    return QueuedPromotion(folder=folder, files=files, record=record, standings=standings)
