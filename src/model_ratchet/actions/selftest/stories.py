"""Trials of what a model has behind it: its chain, its rollbacks, its first version, and what is judged twice."""

from dataclasses import replace
from datetime import timedelta

from model_ratchet.actions.reading import read_at
from model_ratchet.actions.selftest.boundary import refused
from model_ratchet.actions.selftest.ground import Control, OfProposal, told
from model_ratchet.core.errors import SourceError
from model_ratchet.core.evidence import Measurement, Missing, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.documents.events import RolledBackVersion, WaivedCriterion
from model_ratchet.documents.files import model_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import Located
from model_ratchet.engine.record import digest, spelled
from model_ratchet.engine.selftest.attack import Said, broken, defended, held, idle
from model_ratchet.engine.selftest.proposal import as_yaml

_COMMIT = "5e1f" * 10


def comeback(control: Control) -> Said:
    """A version whose artifact was rolled back."""
    subject = control.subject
    proposal = subject.proposal
    gone = _gone(control, "v0.0.9_20200109_000000", proposal.digest)
    check = subject.check(control.head, events=(gone, *proposal.events()))
    return refused(check, "an artifact that was rolled back")


def back_to_a_bad_one(control: Control) -> Said:
    """A rollback to a version that was itself rolled back."""
    subject = control.subject
    base, head = _rollback(control)
    events = (_gone(control, subject.baseline or "", None),)
    check = subject.check(head, base=base, events=events)
    return refused(check, "a rollback to a version that was rolled back")


def services_down(control: Control) -> Said:
    """A rollback while no source and no review can be read."""
    subject = control.subject

    def failing(need: Need) -> Measurement | Missing | None:
        raise SourceError(f"no answer about {need.metric}")

    base, head = _rollback(control)
    check = subject.check(head, base=base, events=(), unread=True, answer=failing)
    back = check.rollback.returns_to if check.rollback is not None else None
    return held(
        check.outcome is Outcome.PASSED and back == subject.baseline,
        f"the removal of a promoted version passes by git alone, back to {back}",
        f"the removal of a promoted version {told(check)}",
    )


def other_baseline(control: Control) -> Said:
    """Another version was promoted meanwhile."""
    subject = control.subject
    other = replace(subject.proposal, number=1)
    base = subject.head(other.files(), at=subject.now - timedelta(hours=2))
    return refused(subject.check(control.head, base=base), "a proposal over a version that is not active any more")


def same_artifact(control: Control) -> Said:
    """Candidate and baseline are one artifact."""
    if control.plan is None or control.plan.facts.baseline_digest is None:
        return idle("the digest of the baseline is not known")
    request = control.subject.proposal.request
    artifact = request["artifact"]
    assert isinstance(artifact, dict)  # noqa: S101  (made so)
    files = control.subject.proposal.files(artifact={**artifact, "digest": control.plan.facts.baseline_digest})
    return refused(
        control.subject.check(control.subject.head(files)), "the artifact of the baseline as its own candidate"
    )


def moving_name(control: Control) -> Said:
    """An address that means another artifact tomorrow."""
    for uri in ("models:/m/latest", "s3://models/m/latest/model.bin", "https://user:word@host/m"):
        files = control.subject.proposal.files(artifact={"uri": uri, "digest": control.subject.proposal.digest})
        check = control.subject.check(control.subject.head(files))
        if not check.findings:
            return broken(f"the address {uri} was taken")
    return defended("`latest`, and an address with a password, are refused")


def first_version(control: Control) -> Said:
    """A model without any version: nothing to compare with."""
    subject = control.subject
    folder = f"promotions/{subject.model.name}"
    gone = {path: None for path in subject.sandbox.paths(subject.base, folder) if path.endswith("/promotion.yaml")}
    base = subject.head(gone, at=subject.now - timedelta(days=300))
    alone = subject.on(base, baseline=None)
    check = alone.check(alone.head(alone.proposal.files()))
    if check.findings:
        return defended(f"a first version {told(check)}")
    (record,) = check.records
    compared = [
        leaf.id
        for gate, branch in zip(record.plan.gates, record.verdict.gates, strict=True)
        for bound, leaf in zip(gate.criteria, branch.leaves, strict=True)
        if bound.criterion.compares and leaf.counted
    ]
    says = any(one.why is Why.FIRST_VERSION for one in record.verdict.reasons)
    return held(
        not compared and says,
        "a first version is compared with nothing, and its verdict says so",
        f"a first version is compared by {compared}, or its verdict does not say what it is",
    )


def waived_golden(control: Control) -> Said:
    """The golden baseline passed by a waiver."""
    subject = control.subject
    path = model_path(subject.model.name)
    found = read_at(ModelFile, subject.sandbox, subject.base, path)
    assert isinstance(found, Located)  # noqa: S101  (the ground was read from there)
    tree = found.tree.value
    keys = dict(tree) if isinstance(tree, dict) else {}
    files = {path: as_yaml({**keys, "golden": subject.baseline})}
    base = subject.head(files, at=subject.now - timedelta(days=300))
    pinned = subject.on(base)
    waived = WaivedCriterion.model_validate(
        {
            "at": subject.now - timedelta(days=200),
            "model": subject.model.name,
            "candidate": subject.baseline,
            "waiver": "selftest",
            "criterion": "any",
        }
    )
    check = pinned.check(pinned.head(pinned.proposal.files()), events=(waived, *subject.proposal.events()))
    return refused(check, "a golden baseline that passed by a waiver")


def small_steps(control: Control) -> Said:
    """Many promotions, each a little worse than the one before."""
    drifting = [one for one in control.subject.policy.criteria() if one.kind == "drift"]
    if not drifting:
        return idle(f"{control.subject.policy.full_name} has no criterion of the kind `drift`, which sums the steps up")
    (record,) = control.check.records
    outcomes = []
    for gate in record.plan.gates:
        for bound in gate.criteria:
            if bound.criterion.kind == "drift" and bound.not_applicable is None:
                far = replace(record.plan.facts, drift=dict.fromkeys(record.plan.facts.metrics, -1.0))
                scope = replace(record.plan.scope(bound), facts=far)
                outcomes.append(bound.criterion.judge(scope, record.evidence).outcome)
    if not outcomes:
        return idle("the criterion of the kind `drift` does not apply: the model file pins no golden baseline")
    return held(Outcome.PASSED not in outcomes, "the sum of the steps does not pass", "the sum of many steps passed")


def twice(control: Control) -> Said:
    """The same check, again."""
    again = control.subject.check(control.head)
    (one,), (other,) = control.check.records, again.records
    same = digest(one) == digest(other) and spelled(one.verdict) == spelled(other.verdict)
    return held(
        same, "the same check twice gives a record with the same digest", "the same check twice gives two records"
    )


def _rollback(control: Control) -> tuple[str, str]:
    """A base on which the honest proposal is promoted, and a head that takes it back."""
    subject = control.subject
    files = subject.proposal.files()
    base = subject.head(files, at=subject.now - timedelta(hours=2))
    return base, subject.head(dict.fromkeys(files), on=base, at=subject.now - timedelta(hours=1))


def _gone(control: Control, version: str, digest_: str | None) -> RolledBackVersion:
    subject = control.subject
    return RolledBackVersion.model_validate(
        {
            "at": subject.proposal.starts[0] - timedelta(hours=1),
            "model": subject.model.name,
            "version": version,
            "returns_to": "v0.0.0_20190101_000000",
            "commit": _COMMIT,
            "cause": "culprit",
            "digest": digest_,
        }
    )


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("E04",), first_version),
    (("E19",), same_artifact),
    (("E22",), twice),
    (("E46",), other_baseline),
    (("E55",), back_to_a_bad_one),
    (("E57",), comeback),
    (("E58",), services_down),
    (("E59",), waived_golden),
    (("E60",), small_steps),
    (("E61",), moving_name),
)
