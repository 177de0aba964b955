"""JSON: a check for programs. Fractions for proportions and their differences, seconds, bytes, plain ratios."""

import json
from dataclasses import fields
from typing import Any

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.finding import Finding
from model_ratchet.core.reason import Reason
from model_ratchet.core.verdict import Leaf, Part, Waived
from model_ratchet.engine.impact import Impact
from model_ratchet.engine.queue import QueuedVerdict
from model_ratchet.engine.record import Record, digest
from model_ratchet.report.change import by_weight, rollback_lines
from model_ratchet.report.check import Check
from model_ratchet.report.notes import OpenPromotions, PolicyNote
from model_ratchet.report.numbers import has_interval
from model_ratchet.report.reasons import sentence

SCHEMA = "ratchet/check/v1"


def as_json(check: Check) -> str:
    """The check as one JSON object, keys in a fixed order, indented."""
    return json.dumps(as_value(check), ensure_ascii=False, indent=2)


def as_value(check: Check) -> dict[str, Any]:
    """The same as plain values."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "outcome": check.outcome,
        "promotions": [promotion(record) for record in check.records],
        "findings": [finding(one) for one in check.findings],
        "rollback": None,
    }
    if check.rollback is not None:
        note = check.rollback
        value["rollback"] = {
            "model": note.model,
            "removed": list(note.removed),
            "returns_to": note.returns_to,
            "digest": note.digest,
            "fast_lane": note.fast,
            "beside": list(note.beside),
            "follows": list(rollback_lines(note)),
        }
    if check.queue is not None:
        value["queue"] = [queued(one) for one in check.queue.commits]
    if check.policies is not None:
        value["policies"] = policies(check.policies)
    if check.trouble is not None:
        value["trouble"] = check.trouble
    if check.validated is not None:
        value["validated"] = check.validated
    return value


def finding(one: Finding) -> dict[str, Any]:
    """One finding with its place, line and column counted from 1."""
    return {
        "file": one.location.file,
        "line": one.location.line,
        "column": one.location.column,
        "message": one.message,
    }


def queued(one: QueuedVerdict) -> dict[str, Any]:
    """One commit of a merge group, and what speaks against it."""
    return {
        "commit": one.commit,
        "what": one.what,
        "outcome": one.outcome,
        "reasons": [reason(why) for why in one.reasons],
        "findings": [finding(found) for found in one.findings],
    }


def policies(note: PolicyNote) -> dict[str, Any]:
    """What a change of the policies asks otherwise, what is looser first; none of it is in force before the merge."""
    return {
        "paths": list(note.paths),
        "differences": [
            {
                "file": one.place.file,
                "line": one.place.line,
                "column": one.place.column,
                "rule": one.rule,
                "before": one.before,
                "after": one.after,
                "weight": str(one.weight),
                "against": one.against,
            }
            for one in by_weight(note)
        ],
        "notes": [finding(one) for one in note.notes],
        "promotions": None if note.promotions is None else open_promotions(note.promotions),
    }


def open_promotions(told: OpenPromotions) -> dict[str, Any]:
    """What a change of the policies would mean for each open promotion, the gravest first."""
    return {
        "found": [
            {
                "pull_request": one.pull_request,
                "name": one.name,
                "policy": one.policy,
                "trouble": one.trouble,
                "impact": None if one.impact is None else _impact(one.impact),
            }
            for one in told.found
        ],
        "left_out": told.left_out,
        "trouble": told.trouble,
    }


def _impact(meant: Impact) -> dict[str, Any]:
    return {
        "effect": meant.effect,
        "before": meant.before,
        "after": meant.after,
        "needs": list(meant.needs),
        "pinned": list(meant.pinned),
        "messages": list(meant.messages),
        "differences": [
            {"rule": one.rule, "before": one.before, "after": one.after, "weight": str(one.weight)}
            for one in meant.differences
        ],
    }


def promotion(record: Record) -> dict[str, Any]:
    """One promotion with all its criteria."""
    facts, verdict = record.plan.facts, record.verdict
    return {
        "model": facts.model,
        "candidate": facts.candidate,
        "baseline": facts.baseline,
        "policy": record.plan.policy,
        "outcome": verdict.outcome,
        "evidence_outcome": verdict.evidence_outcome,
        "sign_off_outcome": verdict.sign_off_outcome,
        "waived": len(verdict.waived_leaves),
        "decided_at": _instant(record.decided_at),
        "valid_until": _instant(verdict.valid_until),
        "reasons": [reason(one) for one in verdict.reasons],
        "stages": [
            {
                "name": stage.name,
                "decidable": stage.decidable,
                "starts_at": _instant(stage.window.start if stage.window and stage.window.intervals else None),
                "ends_at": _instant(stage.ends_at),
                "decidable_at": _instant(stage.decidable_at),
            }
            for stage in record.plan.stages
        ],
        "gates": [{"name": gate.name, "outcome": gate.outcome, "otherwise": gate.otherwise} for gate in verdict.gates],
        "criteria": [criterion(leaf) for gate in verdict.gates for leaf in gate.leaves],
        "digest": digest(record),
        "judge_version": record.judge_version,
    }


def criterion(leaf: Leaf) -> dict[str, Any]:
    """One criterion on one stage; ``stage`` is null where it pools them."""
    judgement = leaf.judgement
    return {
        "id": leaf.id,
        "kind": leaf.kind,
        "gate": leaf.gate,
        "stage": leaf.stage,
        "outcome": judgement.outcome,
        "counted": leaf.counted,
        "advisory": leaf.advisory,
        "reason": str(judgement.reason.why),
        "parameters": dict(judgement.reason.parameters),
        "message": sentence(judgement.reason),
        "estimate": estimate(judgement.estimate),
        "decidable_at": _instant(leaf.decidable_at),
        "warnings": [reason(one) for one in judgement.warnings],
        "parts": [_part(part) for part in judgement.parts],
        "waived": None if leaf.waived is None else _waived(leaf.waived),
    }


def reason(one: Reason) -> dict[str, Any]:
    """A reason as code, parameters and sentence."""
    return {"reason": str(one.why), "parameters": dict(one.parameters), "message": sentence(one)}


def estimate(found: Estimate | None) -> dict[str, Any] | None:
    """An estimate with all its numbers; null where there is none, and no level where there is no interval."""
    if found is None:
        return None
    value = {entry.name: getattr(found, entry.name) for entry in fields(found)}
    return value if has_interval(found) else value | {"level": None}


def _waived(by: Waived) -> dict[str, Any]:
    return {
        "waiver": by.waiver,
        "owner": by.owner,
        "reason": by.reason,
        "up_to": by.up_to,
        "expires_at": _instant(by.expires_at),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "outcome": part.outcome,
        "estimate": estimate(part.estimate),
        "reason": None if part.reason is None else str(part.reason.why),
    }


def _instant(value: Any) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")
