"""Planned: a forecast as text or JSON."""

import json
from typing import TYPE_CHECKING, Any

from model_ratchet.core.reason import Why, because
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.engine.forecast import Forecast, Power, Traffic, needs_most
from model_ratchet.engine.plan import Plan
from model_ratchet.report.numbers import percent, points, whole
from model_ratchet.report.reasons import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_ratchet.core.evidence import Window
    from model_ratchet.core.finding import Finding


def as_value(
    plan: Plan, traffic: Traffic, window: "Window", forecasts: "tuple[Forecast, ...]", findings: "Sequence[Finding]"
) -> dict[str, Any]:
    """The forecast as plain values: rows, days, powers and differences as fractions."""
    most = needs_most(forecasts)
    return {
        "schema": "ratchet/plan/v1",
        "model": plan.facts.model,
        "candidate": plan.facts.candidate,
        "baseline": plan.facts.baseline,
        "policy": plan.policy,
        "traffic": {
            "requests_per_day": traffic.per_day,
            "from": window.start.isoformat().replace("+00:00", "Z"),
            "to": window.end.isoformat().replace("+00:00", "Z"),
        },
        "decidable": all(one.decidable for one in forecasts),
        "needs_most": most.bound.criterion.id if most is not None else None,
        "criteria": [_criterion(one) for one in forecasts],
        "findings": [
            {
                "file": one.location.file,
                "line": one.location.line,
                "column": one.location.column,
                "message": one.message,
            }
            for one in findings
        ],
    }


def as_json(value: dict[str, Any]) -> str:
    """The same as JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def as_text(plan: Plan, traffic: Traffic, window: "Window", forecasts: "tuple[Forecast, ...]") -> str:
    """The forecast as a table, with what needs most and what can't be decided below it."""
    head = (
        f"{plan.facts.model} {plan.facts.candidate} under {plan.policy}: {whole(round(traffic.per_day))} requests a day "
        f"({window.start:%Y-%m-%d} to {window.end:%Y-%m-%d})"
    )
    rows: list[tuple[str, ...]] = [
        ("criterion", "stage", "rows needed", "expected", "days", "power at the margin", "at twice", "")
    ]
    rows += [_row(one) for one in forecasts]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([head, "", *lines, "", *_closing(forecasts)])


def _closing(forecasts: "tuple[Forecast, ...]") -> list[str]:
    most = needs_most(forecasts)
    if most is None:
        return ["nothing of this policy rests on rows"]
    where = f" on {most.bound.stage}" if most.bound.stage else ""
    said = (
        f"{most.bound.criterion.id}{where} needs most: {whole(most.needed)} rows, {_days(most.days)} at present traffic"
    )
    said = "\n".join([said, *_coin_flips(forecasts)])
    short = [one for one in forecasts if not one.decidable]
    if not short:
        return [said, "present traffic can decide every criterion"]
    ways = "lengthen the stages, raise their shares, mirror them, or write a policy that fits this model"
    return [said, f"present traffic can't decide {len(short)} of {len(forecasts)}: {ways}"]


def _coin_flips(forecasts: "tuple[Forecast, ...]") -> list[str]:
    """What the literal rule does at its margin."""
    return [
        f"{one.bound.criterion.id}: {sentence(because(Why.COIN_FLIP, by=criterion.by.text))}, at any number of rows"
        for one in forecasts
        if isinstance(criterion := one.bound.criterion, Superiority) and criterion.rule == "point_and_significance"
    ]


def _row(one: Forecast) -> tuple[str, ...]:
    return (
        one.bound.criterion.id,
        one.bound.stage or "all",
        whole(one.needed),
        whole(one.expected),
        _days(one.days),
        _power(one.at_margin),
        _power(one.at_twice),
        "" if one.decidable else "can't decide",
    )


def _power(found: Power | None) -> str:
    if found is None:
        return ""
    sign = "+" if found.difference > 0 else ""
    return f"{percent(round(found.power, 3))} at {sign}{points(found.difference)}"


def _days(days: float) -> str:
    return "never" if days >= 100_000 else f"{days:.1f} d" if days < 100 else f"{whole(round(days))} d"


def _criterion(one: Forecast) -> dict[str, Any]:
    return {
        "id": one.bound.criterion.id,
        "kind": one.bound.criterion.kind,
        "gate": one.bound.gate,
        "stage": one.bound.stage,
        "rows_needed": one.needed,
        "rows_expected": one.expected,
        "days_needed": round(one.days, 2),
        "decidable": one.decidable,
        "power_at_margin": _value(one.at_margin),
        "power_at_twice_the_margin": _value(one.at_twice),
    }


def _value(found: Power | None) -> dict[str, float] | None:
    return None if found is None else {"difference": found.difference, "power": round(found.power, 6)}
