"""Validity: what a published verdict is still worth, and when it must be looked at again. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.files import WAIVERS
from model_ratchet.documents.revocations import Revocation
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record


def pinned(plan: Plan) -> tuple[str, ...]:
    """The documents of the base branch whose content a verdict is bound to, by their names in the plan's digests.

    They are ``policy``, ``model``, and each waiver that is in force, by its path.
    """
    return ("policy", "model", *(name for name in plan.digests if name.startswith(f"{WAIVERS}/")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one commit of the base branch says of a promotion: its active version, and the rules that are in force there."""

    active: str | None
    """The active version of the model, None before the first."""
    digests: Mapping[str, str | None]
    """What is ``pinned`` → the git blob id, None where the file is gone."""
    revocation: Revocation | None = None
    trouble: str | None = None
    """Why the active version is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """What a verdict is worth at an instant."""

    outcome: Outcome
    """As what it is published again, where ``reasons`` holds any; the verdict's own outcome otherwise."""
    reasons: tuple[Reason, ...]
    """Why it is not worth any more what it was, the gravest first; empty where it holds."""
    until: datetime | None
    """The next instant at which time alone changes something, None where it never does."""

    @property
    def holds(self) -> bool:
        """Whether the published verdict still stands."""
        return not self.reasons


def still_valid(record: Record, standing: Standing, now: datetime) -> Validity:
    """What a record's verdict is worth at ``now``, beside what the base branch says.

    A moved baseline and a revoked policy fail it; rules that changed and a merge window that closed make it pending, because
    it has to be judged again; a waiver that expired gives the criterion its own outcome back. Nothing makes it better.
    """
    found = troubles(record, {"on the base branch": standing}, now)
    outcome = worst([record.verdict.outcome, *(one for one, _ in found)])
    return Validity(outcome=outcome, reasons=tuple(reason for _, reason in found), until=_next(record, standing, now))


def troubles(record: Record, standings: Mapping[str, Standing], now: datetime) -> tuple[tuple[Outcome, Reason], ...]:
    """What speaks against a verdict at ``now``, each once, the gravest first.

    ``standings`` maps where something stands, as a reason words it, to what stands there.
    """
    found = [one for where, standing in standings.items() for one in _against(record.plan, standing, now, where)]
    told: dict[tuple[Why, object], tuple[Outcome, Reason]] = {}
    for outcome, reason in (*found, *_expired(record, now)):
        told.setdefault((reason.why, reason.parameters.get("path", reason.parameters.get("waiver"))), (outcome, reason))
    return tuple(sorted(told.values(), key=lambda one: -one[0].rank))


def _against(plan: Plan, standing: Standing, now: datetime, where: str) -> Iterator[tuple[Outcome, Reason]]:
    """What a commit of the base branch has against the verdict of a plan; ``where`` names the commit in reasons."""
    if standing.trouble is not None:
        yield Outcome.ERRORED, because(Why.CHAIN_UNCLEAR, trouble=standing.trouble)
    elif standing.active != plan.facts.baseline:
        yield (
            Outcome.FAILED,
            because(Why.BASELINE_MOVED, baseline=plan.facts.baseline or "none", active=standing.active or "none"),
        )
    if standing.revocation is not None and now >= standing.revocation.since:
        yield Outcome.FAILED, because(Why.POLICY_REVOKED, **standing.revocation.facts)
    for name in pinned(plan):
        if standing.digests.get(name) is None or standing.digests[name] != plan.digests.get(name):
            yield Outcome.PENDING, because(Why.RULES_CHANGED, path=plan.paths.get(name, name), where=where)


def _expired(record: Record, now: datetime) -> Iterator[tuple[Outcome, Reason]]:
    """What has run out by ``now``: waivers, and the merge window, or the time that the policy had left."""
    for leaf in record.verdict.waived_leaves:
        if leaf.waived is not None and now >= leaf.waived.expires_at:
            facts = {"waiver": leaf.waived.waiver, "criterion": leaf.id, "since": leaf.waived.expires_at.isoformat()}
            yield replace(leaf, waived=None).outcome, because(Why.WAIVER_EXPIRED, **facts)
    plan = record.plan
    if plan.valid_until is None or now < plan.valid_until or plan.expired:
        return
    since = plan.valid_until.isoformat()
    revoked = next((one for one in plan.reasons if one.why is Why.TO_BE_REVOKED), None)
    if plan.undoes and now > plan.valid_until:
        yield Outcome.FAILED, because(Why.UNDO_ENDED, since=since)
    elif revoked is not None and revoked.parameters["since"] == since:
        yield Outcome.FAILED, Reason(Why.POLICY_REVOKED, revoked.parameters)
    elif now > plan.valid_until:
        yield Outcome.PENDING, because(Why.REPEAT_LAST_STAGE, stage=plan.stages[-1].name, since=since)


def _next(record: Record, standing: Standing, now: datetime) -> datetime | None:
    """The next expiry; of a verdict that waits also the next instant at which one of its stages can say more."""
    instants = [record.verdict.valid_until]
    if standing.revocation is not None:
        instants.append(standing.revocation.since)
    if record.verdict.outcome is Outcome.PENDING:
        instants += record.plan.changed_at
    return min((one for one in instants if one is not None and one > now), default=None)
