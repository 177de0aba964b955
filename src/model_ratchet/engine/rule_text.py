"""Rule text: a rule of the watch in words, the same everywhere: in alerts, in rules that are rendered, on dashboards."""

from typing import assert_never

from model_ratchet.documents.watch import (
    AllocationRule,
    AnyWatchRule,
    DropRule,
    IncreaseRule,
    QuantileRule,
    RateRule,
)


def rule_text(rule: AnyWatchRule) -> str:
    """What a rule is about: “latency p95 above 750ms over 1h”.

    Rules that differ in what they measure, or in their limit, differ in it.
    """
    return f"{rule.metric} {_limit(rule)} over {rule.over}"


def percentile(quantile: float) -> str:
    """``percentile(0.95)`` is “p95”, ``percentile(0.999)`` “p99.9”."""
    return f"p{quantile * 100:.10g}"


def _limit(rule: AnyWatchRule) -> str:
    match rule:
        case DropRule():
            return f"drop above {rule.above}"
        case IncreaseRule():
            return f"{percentile(rule.quantile)} increase above {rule.above}"
        case QuantileRule():
            return f"{percentile(rule.quantile)} above {rule.above}"
        case RateRule():
            return f"rate above {rule.above}"
        case AllocationRule():
            return f"above {rule.above} of its allocation"
        case _:
            assert_never(rule)
