"""standing: what our own check has sealed of a pull request, and whether it still stands. No metric source is asked."""

from dataclasses import dataclass
from datetime import datetime

from model_ratchet.actions.check import Change, bind_remembered, proposal_of
from model_ratchet.actions.queue import read_standing
from model_ratchet.actions.reading import Faulty
from model_ratchet.actions.sign_off import PullRequest, read_sign_offs
from model_ratchet.actions.waivers import same_waivers
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.files import SOURCES
from model_ratchet.engine.enclosed import enclosed
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed
from model_ratchet.engine.reuse import settled, with_sign_offs
from model_ratchet.engine.validity import still_valid
from model_ratchet.github.checks import is_fresh, newest_check
from model_ratchet.github.client import Hub
from model_ratchet.ports import Ledger, Repository

_JUDGED = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE})


@dataclass(frozen=True, slots=True)
class Said:
    """What our newest check run on a head has sealed, and whether GitHub lets it stand until after the next refresh."""

    records: tuple[Record, ...] = ()
    fresh: bool = False


def said_of(hub: Hub, *, head: str, base: str, number: int, now: datetime) -> Said:
    """What our newest check has sealed of a pull request; nothing where others may publish in our name.

    Any workflow of a repository may write a check run as GitHub Actions: what is judged again is then judged from its sources,
    so that a forged check lasts no longer than until the next refresh.

    Raises:
        ForgeError: check runs can't be listed.
    """
    found = newest_check(hub, head, base, number) if hub.alone else None
    if found is None:
        return Said()
    try:
        return Said(enclosed(found.summary), is_fresh(found, now))
    except RecordError:
        return Said()


def same_stages(record: Record, repository: Repository, ledger: Ledger, change: Change, *, now: datetime) -> bool:
    """Whether the ledger says of a promotion what it said when its verdict was sealed: a stage that started, paused, was
    extended, closed or withdrawn since would be judged otherwise, and so would attempts and rollbacks.

    Raises:
        RepositoryError: git could not answer.
        RecordError: the ledger can't be read.
    """
    facts = record.plan.facts
    if facts.model not in change.chains:
        return False
    proposal = proposal_of(repository, change, Folder(facts.model, facts.candidate))
    if isinstance(proposal, Faulty):
        return False
    plan, sealed = bind_remembered(proposal, ledger.story(facts.model), ledger, now=now)
    if not isinstance(plan, Plan):
        return False
    form, _ = as_sealed(plan, Evidence())
    return (form.stages, form.facts, form.reasons) == (record.plan.stages, facts, record.plan.reasons) and all(
        record.evidence.answers.get(need) == answer for need, answer in sealed.items() if need in plan.needs()
    )


def stands(
    record: Record, repository: Repository, pull: PullRequest | None, *, base: str, head: str, now: datetime
) -> bool:
    """Whether judging again would say the same: the evidence is in, nothing has run out, nobody has reviewed, and policy,
    model file, sources, waivers and active version of the base branch are those that the verdict was made by.

    Raises:
        RepositoryError: git could not answer.
    """
    said = read_sign_offs(record.plan, repository, pull, base=base, head=head)
    evidence = with_sign_offs(record, said).evidence
    sources = repository.read(base, (SOURCES,)).get(SOURCES)
    return (
        settled(record)
        and record.verdict.evidence_outcome in _JUDGED
        and evidence == record.evidence
        and sources is not None
        and sources.oid == record.plan.digests.get("sources")
        and same_waivers(repository, base, record.plan, now)
        and still_valid(record, read_standing(repository, base, record), now).holds
    )
