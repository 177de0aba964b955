"""A model whose metrics are in Prometheus, as far as they can be, and a policy with a rule of every kind."""

from builders import small
from model_ratchet.core.names import Version
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.render.alerts.rules import Watched

PREVIOUS, ACTIVE, CANDIDATE = small.V1, small.V2, small.V3
_V = "version={{ version }}"

METRICS = f"""\
  accuracy: {{kind: proportion, score: p, threshold: "> 0.5", label: late}}
  hits: {{kind: proportion, promql: {{events: 'hits_total{{{_V}}}', total: 'scored_total{{{_V},model={{{{ model }}}}}}'}}}}
  errors:
    kind: proportion
    better: lower
    promql:
      events: 'http_requests_total{{{_V},code=~"5..",path!="/health"}}'
      total: 'http_requests_total{{{_V},path!="/health"}}'
      no_series: zero
  latency: {{kind: duration, unit: ms, promql: 'latency_ms_bucket{{{_V}}}'}}
  memory: {{kind: gauge, unit: MiB, promql: 'max(memory_mebibytes{{{_V}}})'}}
  cpu: {{kind: gauge, unit: cores, hourly: mean, promql: 'sum(rate(cpu_seconds_total{{{_V}}}[5m]))'}}
  queue: {{kind: gauge, unit: "1", promql: 'queue_length{{{_V},kind=~"a|b"}}'}}
"""
ALERTS = """\
alerts:
  warning:
    - {metric: accuracy, statistic: drop, above: 1pp, over: 24h}
    - {metric: hits, statistic: drop, above: 1pp, over: 24h}
    - {metric: latency, statistic: quantile, quantile: 0.95, above: 750ms, over: 1h}
    - {metric: errors, statistic: rate, above: 0.2%, over: 1h}
    - {metric: queue, statistic: drop, above: 50%, over: 30m}
  critical:
    - {metric: hits, statistic: drop, above: 5%, over: 24h}
    - {metric: latency, statistic: quantile, quantile: 0.95, above: 1000ms, over: 1h}
    - {metric: latency, statistic: quantile, quantile: 0.99, above: 2s, over: 90s}
    - {metric: errors, statistic: rate, above: 0.5%, over: 1h}
    - {metric: gpu, statistic: of_allocation, above: 90%}
    - {metric: cpu, statistic: of_allocation, above: 90%, over: 10m}
rollback:
  triggers:
    - {metric: errors, statistic: drop, above: 1pp, over: 1h}
    - {metric: latency, statistic: increase, quantile: 0.95, above: 100%, over: 1h}
    - {metric: memory, statistic: of_allocation, above: 150%, over: 1h}
"""

POLICY_TEXT = small.POLICY + ALERTS
MODEL_TEXT = f"""{small.MODEL.partition("metrics:")[0].format(name="demo")}metrics:
{METRICS}allocation: {{memory: 512MiB, cpu: 2}}
"""


def a_model(text: str = MODEL_TEXT) -> ModelFile:
    found = read(ModelFile, "policies/models/demo.yaml", text.encode())
    assert isinstance(found, ModelFile), [str(one) for one in found]
    return found


def a_policy(alerts: str = ALERTS) -> Policy:
    found = read(Policy, "policies/small/1.0.0.yaml", (small.POLICY + alerts).encode())
    assert isinstance(found, Policy), [str(one) for one in found]
    return found


def in_traffic(policy: Policy | None = None) -> tuple[Watched, ...]:
    """An active version beside its predecessor, and a candidate beside the active version."""
    policy = policy or a_policy()
    previous, active, candidate = map(Version.parse, (PREVIOUS, ACTIVE, CANDIDATE))
    return (
        Watched(version=active, policy=policy, reference=previous),
        Watched(version=candidate, policy=policy, reference=active),
    )
