"""impact: what a change of the policies would mean for the promotions that are open. No metric source is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from model_ratchet.actions.check import Change, change_between, meaning_of
from model_ratchet.actions.policies import shelves
from model_ratchet.actions.proposal import Proposal, read_proposal
from model_ratchet.actions.reading import Faulty
from model_ratchet.actions.shelf import Shelf
from model_ratchet.core.errors import ForgeError, RatchetError, RecordError
from model_ratchet.core.evidence import Approvals
from model_ratchet.core.names import PolicyName
from model_ratchet.documents.files import REVOCATIONS, SOURCES, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.revocations import Revocation, Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.enclosed import enclosed
from model_ratchet.engine.impact import Effect, impact
from model_ratchet.engine.lifecycle import Folder, Proposed
from model_ratchet.engine.queue import sealed_for
from model_ratchet.engine.record import Record
from model_ratchet.github.checks import newest_check
from model_ratchet.github.client import Hub
from model_ratchet.github.pulls import PullState, open_pulls
from model_ratchet.ports import Repository
from model_ratchet.report.notes import OpenPromotion, OpenPromotions

MOST = 50
"""Pull requests that are looked at: each may have to be fetched, and each promotion takes a request to GitHub."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """The documents under ``policies/`` as they stand, and as they would after the change."""

    before: Shelf
    after: Shelf

    def revocation(self, policy: object) -> Revocation | None:
        """The revocation of a policy, once the change is merged."""
        found = self.after.of(Revocations).get(REVOCATIONS)
        return found.of(policy) if found is not None else None

    def policy(self, own: PolicyName, model: ModelFile) -> PolicyName:
        """What a promotion would be judged by: the successor of a revoked policy, a newer version that the change adds and
        its model file allows, else what it is judged by now."""
        revoked = self.revocation(own)
        if revoked is not None and revoked.replaced_by is not None:
            return revoked.replaced_by
        there = {policy.full_name for policy in self.before.of(Policy).values()}
        added = {policy.full_name for policy in self.after.of(Policy).values()} - there
        newer = [one for one in added if one.name == own.name and own < one and one in model.policies]
        return max(newer, default=own)


def open_promotions(
    repository: Repository, hub: Hub, change: Change, *, branch: str, number: int, now: datetime
) -> OpenPromotions:
    """What the change of pull request ``number`` would mean for the other open ones that go to the same branch.

    Trouble with one of them is told in its place.
    """
    try:
        others = [one for one in open_pulls(hub, branch) if one.number != number]
    except ForgeError as error:
        return OpenPromotions(trouble=str(error))
    rules = _Rules(*shelves(repository, base=change.base, head=change.head, changes=change.paths))
    found = [told for pull in others[:MOST] for told in _of_pull(repository, hub, change.base, pull, rules, now)]
    return OpenPromotions(found=tuple(sorted(found, key=_gravest)), left_out=max(0, len(others) - MOST))


def _gravest(one: OpenPromotion) -> tuple[int, int, str]:
    effects = list(Effect)
    return (-len(effects) if one.impact is None else -effects.index(one.impact.effect), one.pull_request, one.name)


def _of_pull(
    repository: Repository, hub: Hub, base: str, pull: PullState, rules: _Rules, now: datetime
) -> Iterator[OpenPromotion]:
    try:
        yield from tuple(_told(repository, hub, base, pull, rules, now))
    except RatchetError as error:
        yield OpenPromotion(pull_request=pull.number, name="", policy="", trouble=str(error))


def _told(
    repository: Repository, hub: Hub, base: str, pull: PullState, rules: _Rules, now: datetime
) -> Iterator[OpenPromotion]:
    if not repository.reach(pull.head):
        raise ForgeError(f"the commit {pull.head[:12]} can't be fetched")
    change = change_between(repository, base=base, head=pull.head, merge_base=repository.merge_base(base, pull.head))
    meant = meaning_of(repository, change)
    if not isinstance(meant, Proposed):
        return
    records = _records(hub, pull)
    for folder in meant.folders:
        proposal = read_proposal(repository, folder, base=base, head=pull.head, chain=change.chains[folder.model])
        yield _of_promotion(folder, proposal, pull, rules, sealed_for(folder, records), now)


def _of_promotion(
    folder: Folder, proposal: Proposal | Faulty, pull: PullState, rules: _Rules, record: Record | None, now: datetime
) -> OpenPromotion:
    told = OpenPromotion(pull_request=pull.number, name=f"{folder.model} {folder.version}", policy="")
    if isinstance(proposal, Faulty):
        return replace(told, trouble=f"its documents are wrong already: {proposal.findings[0].message}")
    new = _documents(proposal.documents, rules)
    if isinstance(new, str):
        return replace(told, policy=str(proposal.policy.document.full_name), trouble=new)
    found = impact(proposal.documents, new, record=record, history=None, now=now)
    return replace(told, policy=str(new.policy.full_name), impact=found)


def _documents(old: Documents, rules: _Rules) -> Documents | str:
    """The same request under the rules of the change, or which of them would not be there."""
    models, policies = rules.after.of(ModelFile), rules.after.of(Policy)
    model = models.get(model_path(old.model.name))
    if model is None:
        return f"the change takes {model_path(old.model.name)} away"
    name = rules.policy(old.policy.full_name, model)
    policy, sources = policies.get(policy_path(name)), rules.after.of(Sources).get(SOURCES)
    if policy is None or sources is None:
        return f"the change takes {policy_path(name) if policy is None else SOURCES} away"
    waivers = tuple(rules.after.of(Waiver).values())
    return replace(old, policy=policy, model=model, sources=sources, revocation=rules.revocation(name), waivers=waivers)


def _records(hub: Hub, pull: PullState) -> tuple[Record, ...]:
    """What the newest check of a pull request has sealed with its measurements."""
    said = newest_check(hub, pull.head, pull.base, pull.number)
    try:
        records = enclosed(said.summary) if said is not None else ()
    except RecordError:
        return ()
    return tuple(
        one for one in records if not all(isinstance(answer, Approvals) for answer in one.evidence.answers.values())
    )
