"""What is odd about a policy beside the model files that may use it."""

from pathlib import Path
from typing import TypeVar

import pytest

from model_ratchet.core.fields import Model
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.revocations import Revocations
from model_ratchet.engine.lint import lint, revocation_faults

ROOT = Path(__file__).parents[3] / "policies"
POLICIES = sorted(path for path in ROOT.glob("*/*.yaml") if path.parent.name not in ("models", "waivers"))
SMALL = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
stages:
  - {{name: canary, traffic: 5%, lasts: 24h}}
gates:
  - name: performance
    criteria:
      - {{id: errors, kind: rate_limit, metric: errors, below: 1%}}
alerts:
  critical: [{critical}]
  warning: [{warning}]
rollback: {{triggers: [{trigger}]}}
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [small/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: requests, request_id: id, arm: version}
metrics:
  errors: {kind: proportion, column: error}
  latency: {kind: duration, column: ms, unit: ms}
"""
D = TypeVar("D", bound=Model)


def parsed(kind: type[D], path: Path | str, content: bytes) -> D:
    found = read(kind, str(path), content)
    assert isinstance(found, kind), found
    return found


def rate(above: str, over: str = "1h") -> str:
    return f"{{metric: errors, statistic: rate, above: {above}, over: {over}}}"


def told(warning: str, critical: str, trigger: str) -> list[str]:
    text = SMALL.format(warning=warning, critical=critical, trigger=trigger)
    policy = parsed(Policy, "policies/small/1.0.0.yaml", text.encode())
    model = parsed(ModelFile, "policies/models/demo.yaml", MODEL.encode())
    return [oddity.fault.message for oddity in lint(policy, (model,))]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_grave_is_odd_about_a_shipped_policy(path: Path) -> None:
    models = tuple(
        parsed(ModelFile, f"policies/models/{one.name}", one.read_bytes()) for one in ROOT.glob("models/*.yaml")
    )
    policy = parsed(Policy, path.relative_to(ROOT.parent), path.read_bytes())
    assert [oddity for oddity in lint(policy, models) if oddity.grave] == []


def test_what_applies_only_where_it_is_bound_is_a_note() -> None:
    path = ROOT / "standard/1.0.0.yaml"
    policy = parsed(Policy, path.relative_to(ROOT.parent), path.read_bytes())
    model = ROOT / "models/flight-delay.yaml"
    found = lint(policy, (parsed(ModelFile, "policies/models/flight-delay.yaml", model.read_bytes()),))
    assert any(one.fault.message.startswith("gpu never applies: ") for one in found if not one.grave)


@pytest.mark.parametrize(
    ("warning", "critical", "trigger", "said"),
    [
        ("1%", "2%", "3%", []),
        ("1%", "2%", "2%", []),
        ("2%", "2%", "3%", ["the warning on errors above 2% comes no earlier than the critical alert above 2%"]),
        ("3%", "2%", "4%", ["the warning on errors above 3% comes no earlier than the critical alert above 2%"]),
        (
            "1%",
            "4%",
            "3%",
            ["the critical alert on errors above 4% comes no earlier than the rollback trigger above 3%"],
        ),
        ("3%", "4%", "2%", ["the critical alert on errors above 4%", "the warning on errors above 3%"]),
    ],
)
def test_a_warning_comes_before_the_alert_and_the_alert_before_the_rollback(
    warning: str, critical: str, trigger: str, said: list[str]
) -> None:
    found = told(rate(warning), rate(critical), rate(trigger))
    assert len(found) == len(said)
    assert all(message.startswith(start) for message, start in zip(found, said, strict=True))


def test_rules_that_watch_something_else_are_not_compared() -> None:
    slow = "{metric: latency, statistic: quantile, quantile: 0.5, above: 2s}"
    slower = "{metric: latency, statistic: quantile, quantile: 0.99, above: 1s}"
    assert told(rate("3%", "24h"), rate("2%"), rate("4%")) == []
    assert told(slow, slower, rate("1%")) == []


def test_an_odd_rule_is_told_once_for_each_that_it_contradicts() -> None:
    found = told(rate("5%"), rate("4%"), rate("3%"))
    assert len(found) == len(set(found)) == 3


ROUTED = {
    "nginx": 'target: nginx, listen: 8080, backend: "a-{{ slug }}:80", key: {header: X-User}',
    "haproxy": 'target: haproxy, listen: 8080, backend: "a-{{ slug }}:80", key: {header: X-User}',
    "istio": 'target: istio, host: "a-{{ slug }}", port: 80, hosts: [a.example.com], mirror_port: 81',
}
USERS = "no user by `assignment: user` would stay with a version: route by nginx or haproxy, or leave `assignment` out"


@pytest.mark.parametrize(
    ("target", "stages", "told"),
    [
        pytest.param("nginx", ["traffic: 5%", "traffic: 50%"], [], id="nginx"),
        pytest.param(
            "nginx",
            ["mirror: 100%"],
            ["nginx mirrors through a port of its own: add `mirror_port`"],
            id="no-mirror-port",
        ),
        pytest.param(
            "haproxy",
            ["traffic: 5%", "mirror: 100%"],
            ["haproxy can't mirror requests: route by nginx, istio or gateway-api"],
            id="haproxy",
        ),
        pytest.param(
            "istio", ["mirror: 100%", "traffic: 5%"], [f"istio splits requests one by one, so that {USERS}"], id="istio"
        ),
    ],
)
def test_a_stage_that_the_router_of_a_model_can_not_do_is_told_before_anybody_waits(
    target: str, stages: list[str], told: list[str]
) -> None:
    listed = "\n".join(f"  - {{name: s{index}, {stage}, lasts: 24h}}" for index, stage in enumerate(stages))
    text = SMALL.format(warning=rate("1%"), critical=rate("2%"), trigger=rate("3%")).replace(
        "  - {name: canary, traffic: 5%, lasts: 24h}", listed
    )
    policy = parsed(Policy, "policies/small/1.0.0.yaml", text.encode())
    written = f"{MODEL}assignment: user\ntraffic: {{{ROUTED[target]}}}\n"
    model = parsed(ModelFile, "policies/models/demo.yaml", written.encode())
    found = [oddity for oddity in lint(policy, (model,)) if "routed" in oddity.fault.message]
    assert [oddity.fault.message.partition("for demo: ")[2] for oddity in found] == told
    assert all(oddity.grave and oddity.fault.path == ("stages", len(stages) - 1) for oddity in found)


def test_a_rule_of_the_watch_on_another_kind_of_metric_never_fires() -> None:
    drop = "{metric: latency, statistic: drop, above: 5pp}"
    assert told(drop, rate("2%"), rate("4%")) == [
        "this warning never fires for demo: `drop` reads a proportion, and latency is a duration"
    ]


def test_a_revocation_of_what_is_not_there_or_was_changed_is_a_fault() -> None:
    def revoked(policy: str, digest: str) -> Revocations:
        text = (
            "apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n"
            f"  - {{policy: {policy}, digest: 'sha256:{digest * 64}', from: 2025-08-01T00:00:00Z, reason: it was wrong}}\n"
        )
        return parsed(Revocations, "policies/revocations.yaml", text.encode())

    there = {"policies/small/1.0.0.yaml": "sha256:" + "a" * 64}
    assert list(revocation_faults(revoked("small/1.0.0", "a"), there)) == []
    (other,) = revocation_faults(revoked("small/1.0.0", "b"), there)
    assert other.path == ("revocations", 0, "digest")
    assert other.message.startswith("this is not the digest of policies/small/1.0.0.yaml, which is sha256:aaa")
    (absent,) = revocation_faults(revoked("small/2.0.0", "a"), there)
    assert (absent.path, absent.message) == (("revocations", 0, "policy"), "there is no policies/small/2.0.0.yaml")


def test_a_rule_on_what_no_model_binds_never_fires_and_is_told_once() -> None:
    absent = "{metric: absent, statistic: rate, above: 3%, over: 1h}"
    messages = told(rate("1%"), absent, rate("5%"))
    assert [message for message in messages if "absent" in message] == [
        message for message in messages if "never fires" in message
    ]
    assert len(messages) == 1
