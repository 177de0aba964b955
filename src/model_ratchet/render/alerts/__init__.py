"""Alerts: what Prometheus watches in real time, and what Grafana shows, from the same policy and model file."""

from collections.abc import Mapping, Sequence

from model_ratchet.documents.model import ModelFile
from model_ratchet.render.alerts.grafana import dashboard
from model_ratchet.render.alerts.prometheus import rule_file
from model_ratchet.render.alerts.promtool import test_file
from model_ratchet.render.alerts.rules import Watched, rules_of

RULES = "rules.yaml"
TESTS = "rules.test.yaml"
DASHBOARD = "dashboard.json"


def render(target: str, model: ModelFile, watched: Sequence[Watched]) -> Mapping[str, str]:
    """File name → text for ``prometheus`` or ``grafana``; the same bytes each time.

    Raises:
        ValueError: another target.
    """
    match target:
        case "prometheus":
            rules = rules_of(model, watched)
            named = f"{model.name}.{RULES}"
            return {named: rule_file(rules), f"{model.name}.{TESTS}": test_file(rules, named)}
        case "grafana":
            return {f"{model.name}.{DASHBOARD}": dashboard(model, watched)}
        case _:
            raise ValueError(f"nothing is known of {target!r}")
