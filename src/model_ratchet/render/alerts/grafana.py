"""Grafana: a dashboard of one model as JSON: percentiles, shares and resources of each version in traffic.

It is the classic dashboard model, which every Grafana since version 10 imports and provisions.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

from model_ratchet.core.names import Version
from model_ratchet.core.units import GAUGE_UNITS, TIME_UNITS
from model_ratchet.documents.facts import GAUGE_BASES, allocation
from model_ratchet.documents.model import DurationMetric, EventCounters, Gauge, Metric, ModelFile, Proportion
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.promql import bind
from model_ratchet.documents.watch import AllocationRule, QuantileRule, RateRule
from model_ratchet.engine.rule_text import percentile
from model_ratchet.render.alerts.rules import Watched
from model_ratchet.render.alerts.series import bound_to, scaled

QUANTILES = (0.5, 0.9, 0.95, 0.99)

_SCHEMA = 39
_WIDTH = 12
_HEIGHT = 9
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_UNITS = {"fraction": "percentunit", "B": "bytes", "cores": "none", "1": "none"}
_RANGE = "[$__rate_interval]"


def dashboard(model: ModelFile, watched: Sequence[Watched]) -> str:
    """The dashboard as JSON. What Prometheus does not have is told in a panel of its own."""
    named = dict.fromkeys(version for one in watched for version in (one.version, one.reference) if version is not None)
    panels = [*_panels(model, tuple(named), watched[0].policy if watched else None), *_absent(model)]
    for index, panel in enumerate(panels):
        place = {"x": index % 2 * _WIDTH, "y": index // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
        panel |= {"id": index + 1, "gridPos": place}
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}
    found = {
        "uid": f"ratchet-{hashlib.sha256(model.name.encode()).hexdigest()[:16]}",
        "title": f"Model {model.name}",
        "description": "Written by `ratchet render alerts`: change the policy or the model file, not this.",
        "tags": ["ratchet", model.name],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [source]},
        "panels": panels,
    }
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _panels(model: ModelFile, versions: Sequence[Version], policy: Policy | None) -> Iterator[dict[str, object]]:
    for name, metric in model.metrics.items():
        targets = [line for version in versions for line in _lines(model, metric, version)]
        if not targets:
            continue
        for index, target in enumerate(targets):
            target |= {"refId": _letters(index), "datasource": _SOURCE}
        unit = "s" if isinstance(metric, DurationMetric) else _UNITS[_base(metric)]
        yield {
            "type": "timeseries",
            "title": _title(name, metric),
            "datasource": _SOURCE,
            "targets": targets,
            "fieldConfig": {"defaults": {"unit": unit, **_limits(model, name, policy)}, "overrides": []},
            "options": {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}},
        }


def _lines(model: ModelFile, metric: Metric, version: Version) -> Iterator[dict[str, object]]:
    bound = bound_to(model, version)
    match metric:
        case DurationMetric(promql=str(buckets), unit=unit) if buckets:
            summed = f"sum by (le) (rate({bind(buckets, bound)}{_RANGE}))"
            for quantile in QUANTILES:
                found = scaled(f"histogram_quantile({quantile:g}, {summed})", TIME_UNITS[unit])
                yield {"expr": found, "legendFormat": f"{percentile(quantile)} {version}"}
        case Proportion(promql=EventCounters() as counters):
            events, total = (f"sum(rate({bind(one, bound)}{_RANGE}))" for one in (counters.events, counters.total))
            if counters.no_series == "zero":
                events = f"({events} or {total} * 0)"
            yield {"expr": f"{events} / {total}", "legendFormat": str(version)}
        case Gauge(promql=str(query), unit=unit) if query:
            yield {"expr": scaled(f"({bind(query, bound)})", GAUGE_UNITS[unit]), "legendFormat": str(version)}


def _limits(model: ModelFile, name: str, policy: Policy | None) -> dict[str, object]:
    """Lines where alerts begin, of limits that are a value of the metric itself."""
    if policy is None:
        return {}
    allocated = allocation(model).get(name)
    steps: list[dict[str, object]] = []
    for colour, rules in (("orange", policy.alerts.warning), ("red", policy.alerts.critical)):
        for rule in rules:
            if rule.metric != name:
                continue
            if isinstance(rule, QuantileRule | RateRule):
                steps.append({"color": colour, "value": rule.above.value})
            elif isinstance(rule, AllocationRule) and allocated is not None:
                steps.append({"color": colour, "value": rule.above.value * allocated})
    if not steps:
        return {}
    ordered = sorted(steps, key=lambda step: float(str(step["value"])))
    return {
        "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, *ordered]},
        "custom": {"thresholdsStyle": {"mode": "line"}},
    }


def _absent(model: ModelFile) -> Iterator[dict[str, object]]:
    names = [name for name, metric in model.metrics.items() if not getattr(metric, "promql", None)]
    if names:
        listed = "\n".join(f"* {name}" for name in names)
        said = f"Read from tables, so that Prometheus does not have them (see `ratchet status`):\n\n{listed}"
        yield {"type": "text", "title": "Not on this dashboard", "options": {"mode": "markdown", "content": said}}


def _title(name: str, metric: Metric) -> str:
    return f"{name}: percentiles" if isinstance(metric, DurationMetric) else name


def _base(metric: Metric) -> str:
    return GAUGE_BASES[metric.unit] if isinstance(metric, Gauge) else "fraction"


def _letters(index: int) -> str:
    """A, B, … Z, AA, AB, …"""
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else f"{_letters(index // 26 - 1)}{letter}"
