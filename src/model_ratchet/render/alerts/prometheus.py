"""Prometheus: a file with the recording and alerting rules of one model."""

from collections.abc import Iterator, Mapping

import yaml

from model_ratchet.render.alerts.rules import Rule, Rules
from model_ratchet.render.alerts.series import Series, length, number

NO_VALUE = "RatchetNoValue"


def rule_file(rules: Rules) -> str:
    """The file as YAML, with what it can't say in its comment."""
    written = [*(_recording(one) for one in rules.series), *map(_alerting, rules.rules), *map(_silence, rules.series)]
    groups = [{"name": f"ratchet:{rules.model}", "rules": written}] if written else []
    comment = "".join(f"# {line}".rstrip() + "\n" for line in _title(rules))
    return comment + yaml.safe_dump({"groups": groups}, sort_keys=False, default_flow_style=False, width=1000)


def annotations(rule: Rule, measured: str) -> dict[str, str]:
    """What an alert says besides its labels; ``measured`` is the number, or what Prometheus puts in its place."""
    limit = number(rule.limit.above)
    return {"summary": rule.summary, "description": f"Measured {measured}, and at most {limit} is allowed."}


def silence_labels(series: Series) -> dict[str, str]:
    """The labels of the alert that a series has no value."""
    return {"severity": "warning", "action": "tell", **series.labels}


def silence_summary(series: Series) -> str:
    """What that alert says."""
    return f"{series.model} {series.version}: {series.metric} has had no value for {length(series.over)}"


def _title(rules: Rules) -> Iterator[str]:
    yield "Written by `ratchet render alerts`: change the policy or the model file, not this."
    yield f"model    {rules.model}"
    yield from (f"version  {line}" for line in rules.versions)
    yield ""
    yield "These rules fire on what is measured, at once. What takes a test, enough rows or several looks is for"
    yield "`ratchet watch`, and so is every rollback: an alert with `action: rollback` says that one is due."
    if rules.unsaid:
        yield ""
        yield "Not said here, because Prometheus can't tell; `ratchet watch` looks at it:"
        yield from (f"* {line}" for line in rules.unsaid)


def _recording(series: Series) -> Mapping[str, object]:
    return {"record": series.record, "expr": series.expression, "labels": series.labels}


def _alerting(rule: Rule) -> Mapping[str, object]:
    return {
        "alert": rule.alert,
        "expr": f"{rule.limit.measured} > {number(rule.limit.above)}",
        **({"for": length(rule.sustained)} if rule.sustained.value else {}),
        "labels": dict(rule.labels),
        "annotations": annotations(rule, '{{ $value | printf "%.4g" }}'),
    }


def _silence(series: Series) -> Mapping[str, object]:
    """That there is no number is no good news: not even NaN, which no limit is below."""
    return {
        "alert": NO_VALUE,
        "expr": f"absent({series.selector} > -Inf)",
        "for": length(series.over),
        "labels": silence_labels(series),
        "annotations": {"summary": silence_summary(series)},
    }
