"""Whether the policy and the model file that a waiver names let it be, and whether any promotion could use it."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.limits import asked
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.words import suggestion
from model_ratchet.engine.bind import Misfit, model_facts, placed
from model_ratchet.engine.lint import unstarted


def waiver_faults(waiver: Waiver, policy: Policy, model: ModelFile, *, policy_digest: str) -> Iterator[Fault]:
    """What the policy (with the SHA-256 of its file) and the model file have against a waiver of theirs."""
    if waiver.policy_digest != policy_digest:
        message = f"this is not the digest of {policy_path(policy.full_name)}, which is {policy_digest}"
        yield Fault(("policy_digest",), message)
    if waiver.owner not in model.roles:
        message = f"{model_path(model.name)} names nobody for the role `{waiver.owner}`"
        yield Fault(("owner",), f"{message}{suggestion(waiver.owner, model.roles)}")
    criterion = policy.criterion(waiver.criterion)
    if criterion is None:
        known = [one.id for one in policy.criteria()]
        message = f"`{waiver.criterion}` is no criterion of {policy.full_name}{suggestion(waiver.criterion, known)}"
        yield Fault(("criterion",), message)
    yield from _terms_faults(waiver, policy, criterion)
    if criterion is not None:
        yield from _stage_faults(waiver, policy, criterion)
        yield from _worst_faults(waiver, criterion)


def overlaps(waivers: Mapping[str, Waiver]) -> Iterator[tuple[str, Fault]]:
    """The path of each waiver that lets go what one before it, by their paths, lets go at the same time; and the fault."""
    seen: list[Waiver] = []
    for path, waiver in sorted(waivers.items()):
        twice = next((one for one in seen if _overlap(one, waiver)), None)
        if twice is not None:
            until = twice.expires_at.isoformat().replace("+00:00", "Z")
            message = f"{twice.id} lets it go for the same artifact until {until}: keep one of them"
            yield path, Fault(("criterion",), message)
        seen.append(waiver)


def useless(
    waiver: Waiver, policy: Policy, model: ModelFile, *, revoked: Collection[str], now: datetime
) -> Fault | None:
    """Why no promotion can use a waiver that breaks no rule, None where one could."""
    criterion = policy.criterion(waiver.criterion)
    if now >= waiver.expires_at:
        return Fault(("expires_at",), "it has expired: no promotion can use it, remove it")
    if policy.full_name not in model.policies:
        message = f"no promotion can use it: {model_path(model.name)} does not allow {policy.full_name}"
        return Fault(("policy",), message)
    if str(policy.full_name) in revoked:
        return Fault(("policy",), f"no promotion can use it: {policy.full_name} is revoked")
    if criterion is not None and criterion.advisory:
        return Fault(("criterion",), f"no promotion needs it: {criterion.id} is advisory, and never counted")
    missing = criterion.unbound(model_facts(model)) if criterion is not None else None
    if missing is not None:
        message = f"{model_path(model.name)} binds no {missing}, so that {waiver.criterion} never applies"
        return Fault(("criterion",), f"no promotion needs it: {message}")
    return None


def _terms_faults(waiver: Waiver, policy: Policy, criterion: AnyCriterion | None) -> Iterator[Fault]:
    terms = policy.waivers
    if terms is None:
        yield Fault(("policy",), f"{policy.full_name} lets nothing be waived: it has no `waivers`")
        return
    latest = waiver.granted_at + terms.max_age.delta
    if waiver.expires_at > latest:
        message = (
            f"{policy.full_name} lets a criterion be waived for at most {terms.max_age}: expire no later than "
            f"{latest.isoformat().replace('+00:00', 'Z')}"
        )
        yield Fault(("expires_at",), message)
    if criterion is None:
        return
    if not criterion.waivable:
        yield Fault(("criterion",), f"{criterion.id} is of the kind {criterion.kind}, which is never waived")
    elif {criterion.id, criterion.kind} & set(terms.never):
        yield Fault(("criterion",), f"{policy.full_name} never lets {criterion.id} be waived")


def _stage_faults(waiver: Waiver, policy: Policy, criterion: AnyCriterion) -> Iterator[Fault]:
    if waiver.stage is None:
        return
    misfits: list[Misfit] = []
    judged = [names[0] for names, pooled in placed(criterion, unstarted(policy), (), misfits) if not pooled]
    if not judged:
        yield Fault(("stage",), f"{criterion.id} is judged over all stages together: leave `stage` out")
    elif waiver.stage not in judged:
        message = f"{criterion.id} is not judged on a stage `{waiver.stage}`{suggestion(waiver.stage, judged)}"
        yield Fault(("stage",), message)


def _worst_faults(waiver: Waiver, criterion: AnyCriterion) -> Iterator[Fault]:
    """``up_to`` stands where a value is measured, and is spelled like what the policy asks."""
    at = asked(criterion)
    if at is None:
        if waiver.up_to is not None:
            yield Fault(("up_to",), f"{criterion.id} ({criterion.kind}) measures no value: leave `up_to` out")
    elif waiver.up_to is None:
        if set(waiver.outcomes) != {"errored"}:
            message = f"`up_to` is missing: add the worst value that it covers, spelled like the {at} that {criterion.id} asks"
            yield Fault((), message)
    elif waiver.up_to.dimension is not at.dimension:
        message = f"`up_to: {waiver.up_to}` can't be held against {at}, which {criterion.id} asks: spell it like that"
        yield Fault(("up_to",), message)


def _overlap(one: Waiver, other: Waiver) -> bool:
    return (
        (one.model, one.artifact, one.policy, one.criterion)
        == (other.model, other.artifact, other.policy, other.criterion)
        and (one.stage == other.stage or None in (one.stage, other.stage))
        and one.granted_at < other.expires_at
        and other.granted_at < one.expires_at
    )
