"""Reuse: evidence that was sealed before, where nothing that it rests on has changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from model_ratchet.core.evidence import OF_FORGE, Approvals, Evidence, Missing, Need
from model_ratchet.documents.files import WAIVERS
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, as_sealed


def reusable(plan: Plan, sealed: Iterable[Record]) -> Evidence | None:
    """The evidence of the first record that answers every need of a plan; None where metrics must be asked.

    The record must be of the same documents (by their digests), the same policy and the same stages: windows that have
    grown since, or a need that could not be answered then, are asked again. What the forge says is never taken from it, and
    waivers change nothing of what was measured.
    """
    form, _ = as_sealed(plan, Evidence())
    needs = [need for need in plan.needs() if need.shape not in OF_FORGE]
    for record in sealed:
        same = (
            record.plan.policy == form.policy
            and record.plan.facts.candidate == form.facts.candidate
            and _read(record.plan) == _read(form)
            and record.plan.stages == form.stages
        )
        if same and all(_answered(record.evidence.answers, need) for need in needs):
            kept = {need: answer for need, answer in record.evidence.answers.items() if need.shape not in OF_FORGE}
            return replace(record.evidence, answers=kept)
    return None


def _read(plan: Plan) -> Mapping[str, str]:
    """The digests of what evidence can rest on."""
    return {name: digest for name, digest in plan.digests.items() if not name.startswith(f"{WAIVERS}/")}


def _answered(answers: Mapping[Need, object], need: Need) -> bool:
    return need in answers and not isinstance(answers[need], Missing)


def with_sign_offs(record: Record, said: Mapping[Need, Approvals | Missing]) -> Record:
    """The record as it is with what reviewers say now: what was measured stays judged as it was sealed."""
    evidence = replace(record.evidence, answers={**record.evidence.answers, **said})
    again = judge(record.plan, evidence).sign_off_outcome
    return replace(record, evidence=evidence, verdict=replace(record.verdict, sign_off_outcome=again))


def settled(record: Record) -> bool:
    """Whether no stage is running, so that what is measured stays as it is until the next one starts."""
    return all(stage.decidable or stage.window is None for stage in record.plan.stages)
