"""Promtool: unit tests of the rules that are rendered, for ``promtool test rules``.

Every alert is shown to fire beyond its limit, to be silent within it, and to say so where there is no number. That the
recorded numbers are right is shown for every selector of which a series can be made up.
"""

import math
import re
from collections.abc import Iterator, Mapping

import yaml

from model_ratchet.render.alerts.prometheus import NO_VALUE, annotations, silence_labels, silence_summary
from model_ratchet.render.alerts.rules import Limit, Rule, Rules
from model_ratchet.render.alerts.samples import Selector, written
from model_ratchet.render.alerts.series import Series

_MINUTE = 60
_REFERENCE = 0.5
_LOOKS = 24
_AGGREGATED = re.compile(r"\s*(?:max|min|sum|avg)\s*\((.*)\)\s*", re.DOTALL)


def test_file(rules: Rules, named: str) -> str:
    """The tests as YAML; ``named`` is the file with the rules, which lies beside it."""
    step = _step(rules)
    untested: list[str] = []
    tests: list[Mapping[str, object]] = [*_silences(rules, step), *_alerts(rules, step)]
    for series in rules.series:
        found = _recorded(series, step)
        if found is None:
            untested.append(f"{series.selector}: no series can be made up that {series.expression} finds")
        else:
            tests.append(found)
    head = ["Written by `ratchet render alerts`, for `promtool test rules`.", *untested]
    written_tests = {"rule_files": [named], "evaluation_interval": _length(step), "tests": tests}
    comment = "".join(f"# {line}\n" for line in head)
    return comment + yaml.safe_dump(written_tests, sort_keys=False, default_flow_style=False, width=1000)


def _step(rules: Rules) -> int:
    """Seconds between two evaluations: a long window is looked at less often, and promtool loads 10,000 samples at most."""
    longest = max((one.over.value for one in rules.series), default=0.0)
    return _MINUTE * max(1, math.ceil(longest / _LOOKS / _MINUTE))


def _silences(rules: Rules, step: int) -> Iterator[Mapping[str, object]]:
    if not rules.series:
        return
    at = _up(max(one.over.value for one in rules.series) + step, step)
    expected = [
        {"exp_labels": silence_labels(one), "exp_annotations": {"summary": silence_summary(one)}}
        for one in rules.series
    ]
    quiet = [
        {"eval_time": _length(at), "alertname": name, "exp_alerts": []}
        for name in dict.fromkeys(rule.alert for rule in rules.rules)
    ]
    checked = [{"eval_time": _length(at), "alertname": NO_VALUE, "exp_alerts": expected}, *quiet]
    yield {"name": "nothing is measured", "interval": "1m", "input_series": [], "alert_rule_test": checked}
    nan = [{"series": one.selector, "values": f"NaN+0x{at // _MINUTE}"} for one in rules.series]
    yield {"name": "nothing was asked", "interval": "1m", "input_series": nan, "alert_rule_test": checked}


def _alerts(rules: Rules, step: int) -> Iterator[Mapping[str, object]]:
    at = step + _up(max((one.sustained.value for one in rules.rules), default=0.0) + 1, step)
    for rule in rules.rules:
        for word, factor in (("beyond", 1.1), ("within", 0.9)):
            values = _values(rule.limit, rule.limit.above * factor)
            firing = [one for one in rules.rules if one.alert == rule.alert and _fires(one, values)]
            checked = {
                "eval_time": _length(at),
                "alertname": rule.alert,
                "exp_alerts": [_expected(one, values) for one in firing],
            }
            many = at // _MINUTE + 1
            yield {
                "name": f"{word} the limit: {rule.summary}",
                "interval": "1m",
                "input_series": [
                    {"series": selector, "values": f"{value!r}x{many}"} for selector, value in values.items()
                ],
                "alert_rule_test": [checked],
            }


def _values(limit: Limit, measured: float) -> dict[str, float]:
    """Recorded values of which the limit's number is ``measured``."""
    if limit.reference is None:
        return {limit.value.selector: measured * (limit.share_of or 1.0)}
    worse = measured * _REFERENCE if limit.relative else measured
    value = _REFERENCE - worse if limit.higher else _REFERENCE + worse
    return {limit.value.selector: value, limit.reference.selector: _REFERENCE}


def _fires(rule: Rule, values: Mapping[str, float]) -> bool:
    found = rule.limit.of(values)
    return found is not None and found > rule.limit.above


def _expected(rule: Rule, values: Mapping[str, float]) -> Mapping[str, object]:
    found = rule.limit.of(values)
    kept = rule.limit.value.labels if rule.limit.reference is None else {}
    return {"exp_labels": {**kept, **rule.labels}, "exp_annotations": annotations(rule, f"{found:.4g}")}


def _recorded(series: Series, step: int) -> Mapping[str, object] | None:
    """A test of one recording rule on counters or a gauge; None where no series can be made up."""
    interval = max(1, int(series.over.value) // _LOOKS)
    at = _up(series.over.value + 2 * interval, step)
    many = at // interval + 1
    made = _MAKERS[series.record](series, many)
    if made is None:
        return None
    inputs, value = made
    checked = {
        "expr": f"abs(sum({series.selector}) - {value!r}) < bool {max(abs(value), 1e-3) * 1e-6:.3g}",
        "eval_time": _length(at),
        "exp_samples": [{"labels": "{}", "value": 1}],
    }
    return {
        "name": f"recorded: {series.selector}",
        "interval": _length(interval),
        "input_series": [{"series": name, "values": values} for name, values in inputs.items()],
        "promql_expr_test": [checked],
    }


def _share(series: Series, many: int) -> tuple[dict[str, str], float] | None:
    """One event in every tenth of what else is counted, as far as the two selectors tell them apart."""
    events, total = map(Selector.parse, series.bound)
    if events is None or total is None:
        return None
    rates: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for selector, rate in ((total, 9), (events, 1)):
        labels = selector.example()
        if labels is None:
            return None
        rates[(selector.name, tuple(labels.items()))] = rate
    counted, of = (
        sum(rate for (name, labels), rate in rates.items() if selector.finds(name, dict(labels)))
        for selector in (events, total)
    )
    return {written(name, dict(labels)): f"0+{rate}x{many}" for (name, labels), rate in rates.items()}, counted / of


def _quantile(series: Series, many: int) -> tuple[dict[str, str], float] | None:
    """All rows in a bucket from 0 to 1, within which a quantile is interpolated."""
    selector = Selector.parse(series.bound[0])
    labels = selector.example() if selector is not None else None
    if selector is None or labels is None or series.quantile is None or "le" in labels:
        return None
    inputs = {written(selector.name, {**labels, "le": edge}): f"0+100x{many}" for edge in ("1", "+Inf")}
    return inputs, series.quantile * series.factor


def _gauge(series: Series, many: int) -> tuple[dict[str, str], float] | None:
    """A gauge that stands at 7; of an expression no more than one selector within one aggregation is understood."""
    inside = _AGGREGATED.fullmatch(series.bound[0])
    selector = Selector.parse(inside[1] if inside is not None else series.bound[0])
    labels = selector.example() if selector is not None else None
    if selector is None or labels is None:
        return None
    return {written(selector.name, labels): f"7x{many}"}, 7 * series.factor


_MAKERS = {"ratchet:share": _share, "ratchet:seconds": _quantile, "ratchet:gauge": _gauge}


def _up(seconds: float, step: int) -> int:
    """The first evaluation at or after that time."""
    return math.ceil(seconds / step) * step


def _length(seconds: int) -> str:
    return f"{seconds // _MINUTE}m" if seconds % _MINUTE == 0 else f"{seconds}s"
