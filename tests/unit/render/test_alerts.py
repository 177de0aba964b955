"""Rendered rules and dashboards: whole files beside golden ones, and what they say of what they can't say."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from builders import small
from builders.watched import ACTIVE, CANDIDATE, PREVIOUS, a_model, a_policy, in_traffic
from model_ratchet.core.names import Version
from model_ratchet.core.units import Dimension, Duration
from model_ratchet.documents.watch import AnyWatchRule
from model_ratchet.engine.rule_text import percentile, rule_text
from model_ratchet.render.alerts import render
from model_ratchet.render.alerts.grafana import QUANTILES
from model_ratchet.render.alerts.rules import Watched, rules_of
from model_ratchet.render.alerts.samples import Selector, written
from model_ratchet.render.alerts.series import length

ALONE = (Watched(version=Version.parse(ACTIVE), policy=a_policy()),)


@pytest.mark.parametrize("target", ["prometheus", "grafana"])
def test_the_files_are_as_they_are_written_down(target: str, golden: Callable[[str, str], None]) -> None:
    for name, text in render(target, a_model(), in_traffic()).items():
        golden(f"alerts/{name}", text)


def test_another_target_is_refused() -> None:
    with pytest.raises(ValueError, match="nagios"):
        render("nagios", a_model(), in_traffic())


def rules(text: str) -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(text)["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_every_rule_of_the_policy_is_rendered_or_said_to_be_missing() -> None:
    policy = a_policy()
    assert policy.rollback is not None
    asked = [*policy.alerts.warning, *policy.alerts.critical, *policy.rollback.triggers]
    found = rules_of(a_model(), in_traffic(policy))
    for version in (ACTIVE, CANDIDATE):
        rendered = [rule.labels["rule"] for rule in found.rules if rule.labels["version"] == version]
        unsaid = [line for line in found.unsaid if line.startswith(version)]
        assert len(rendered) + len(unsaid) == len(asked)
        for rule in asked:
            assert rule_text(rule) in rendered or any(rule_text(rule) in line for line in unsaid)


def test_what_can_not_be_said_stands_in_the_comment_with_its_reason() -> None:
    text = render("prometheus", a_model(), in_traffic())["demo.rules.yaml"]
    comment = [line for line in text.splitlines() if line.startswith("# *")]
    assert f"# * {ACTIVE}, tell: accuracy drop above 1pp over 24h: accuracy is read from a table, and Prometheus does not have its rows" in comment  # fmt: skip # noqa: E501
    assert f"# * {CANDIDATE}, tell: gpu above 90% of its allocation over 1h: the model file binds no gpu" in comment


def test_without_a_reference_nothing_is_compared() -> None:
    found = rules_of(a_model(), ALONE)
    assert {rule.alert for rule in found.rules} == {"RatchetQuantile", "RatchetRate", "RatchetAllocation"}
    assert f"{ACTIVE}, rollback: latency p95 increase above 100% over 1h: there is no version to hold it against" in found.unsaid  # fmt: skip # noqa: E501


def test_a_model_of_which_prometheus_has_nothing_gets_a_file_that_says_so() -> None:
    model = a_model(small.MODEL.format(name="demo", more=""))
    files = render("prometheus", model, in_traffic())
    assert yaml.safe_load(files["demo.rules.yaml"]) == {"groups": []}
    assert yaml.safe_load(files["demo.rules.test.yaml"])["tests"] == []
    assert "Not said here" in files["demo.rules.yaml"]


def test_severity_and_action_are_labels_and_every_series_has_its_silence() -> None:
    found = rules(render("prometheus", a_model(), in_traffic())["demo.rules.yaml"])
    alerts = [one for one in found if "alert" in one]
    kinds = {(one["labels"]["severity"], one["labels"]["action"]) for one in alerts}
    assert kinds == {("warning", "tell"), ("critical", "tell"), ("critical", "rollback")}
    recorded = [one for one in found if "record" in one]
    silences = [one for one in alerts if one["alert"] == "RatchetNoValue"]
    assert len(silences) == len(recorded) > 0
    assert [one["for"] for one in silences] == [one["labels"]["over"] for one in recorded]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render("grafana", a_model(), in_traffic())["demo.dashboard.json"])
    return found


def panels() -> Mapping[str, dict[str, Any]]:
    return {one["title"]: one for one in dashboard()["panels"]}


def test_a_dashboard_shows_the_four_percentiles_of_each_version() -> None:
    shown = [target["legendFormat"] for target in panels()["latency: percentiles"]["targets"]]
    assert shown == [
        f"{percentile(quantile)} {version}" for version in (ACTIVE, PREVIOUS, CANDIDATE) for quantile in QUANTILES
    ]
    assert [percentile(one) for one in QUANTILES] == ["p50", "p90", "p95", "p99"]


def test_a_dashboard_shows_shares_and_resources_in_their_units_with_the_limits_of_the_policy() -> None:
    shown = {title: panel["fieldConfig"]["defaults"] for title, panel in panels().items() if panel["type"] != "text"}
    assert {title: one["unit"] for title, one in shown.items()} == {
        "hits": "percentunit",
        "errors": "percentunit",
        "latency: percentiles": "s",
        "memory": "bytes",
        "cpu": "none",
        "queue": "none",
    }
    assert [step["value"] for step in shown["latency: percentiles"]["thresholds"]["steps"]] == [None, 0.75, 1.0, 2.0]
    assert [step["value"] for step in shown["cpu"]["thresholds"]["steps"]] == [None, 1.8]
    assert panels()["Not on this dashboard"]["options"]["content"].endswith("\n\n* accuracy")


def test_no_two_panels_overlap_and_no_two_lines_share_a_letter() -> None:
    found = dashboard()
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in found["panels"]]
    assert len(set(places)) == len(places)
    assert len({one["id"] for one in found["panels"]}) == len(places)
    for panel in found["panels"]:
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(letters)) == len(letters)
        assert all(target["datasource"] == panel["datasource"] for target in panel.get("targets", []))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(3600.0, "1h"), (86400.0, "1d"), (90.0, "90s"), (5400.0, "90m"), (0.5, "500ms"), (604800.0, "7d")],
    ids=str,
)
def test_a_duration_is_written_as_prometheus_reads_it(seconds: float, shown: str) -> None:
    assert length(Duration(seconds, Dimension.TIME, "x")) == shown


def test_rules_that_differ_in_their_limit_differ_in_their_text() -> None:
    policy = a_policy()
    assert policy.rollback is not None
    asked: list[AnyWatchRule] = [*policy.alerts.warning, *policy.alerts.critical, *policy.rollback.triggers]
    assert len({rule_text(one) for one in asked}) == len(asked)
    assert [rule_text(one) for one in policy.rollback.triggers] == [
        "errors drop above 1pp over 1h",
        "latency p95 increase above 100% over 1h",
        "memory above 150% of its allocation over 1h",
    ]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("up{}", {}),
        ('up{a="1",b!="2"}', {"a": "1"}),
        ('up{a=~"5..",}', {"a": "500"}),
        ("up{a=~'x|y', a!='x'}", {"a": "y"}),
        ("up{a!=''}", {"a": "x"}),
        ("up{a=~`[0-9]+`}", None),
        ("up{a=~`(5..|timeout)`}", {"a": "500"}),
        ('up{a="q\\"\\\\"}', {"a": 'q"\\'}),
        ('up{a=~"z{3}q"}', None),
        ('up{a=~"("}', None),
    ],
    ids=range(10),
)
def test_a_series_is_made_up_that_the_selector_finds(text: str, labels: dict[str, str] | None) -> None:
    selector = Selector.parse(text)
    assert selector is not None
    assert selector.example() == labels
    if labels is not None:
        assert selector.finds("up", labels)
        assert not selector.finds("down", labels)


@pytest.mark.parametrize("text", ["up", "sum(up{})", "up{a}", "up{a=1}", "rate(up{}[5m])"], ids=range(5))
def test_what_is_no_selector_is_not_read_as_one(text: str) -> None:
    assert Selector.parse(text) is None


def test_a_series_is_written_as_promtool_reads_it() -> None:
    assert written("up", {"a": 'q"\\'}) == 'up{a="q\\"\\\\"}'
