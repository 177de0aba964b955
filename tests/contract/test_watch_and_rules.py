"""The watch and the rules of Prometheus on the same data: what the one says of a rate, the other says too."""

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from builders import small
from builders.live import POLICY, SINCE, V1, V2, Hour, repository, write
from builders.watched import a_model
from components import absent
from model_ratchet.cli import run
from model_ratchet.core.names import Version
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.render.alerts import render
from model_ratchet.render.alerts.rules import Watched

BEGAN, ENDED = 30, 48
"""Hours after the promotion: from when on there are errors, and when it is looked."""
METRICS = """\
  errors:
    kind: proportion
    better: lower
    promql: {events: 'errors_total{version={{ version }}}', total: 'requests_total{version={{ version }}}'}
"""
TIERS = {"warning": ("warning", "tell"), "critical": ("critical", "tell"), "rollback": ("critical", "rollback")}


def watched(folder: Path, errors: float, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The tiers whose rule on errors fires in the watch."""
    log = write(folder / "log.csv", lambda hour: Hour(errors=errors if hour >= BEGAN else 0.0), ENDED)
    repo, shown = repository(folder / "r", log), ""
    for hours in (BEGAN, ENDED):
        now = (SINCE + timedelta(hours=hours, minutes=6)).isoformat()
        run(["watch", "--repo", str(repo.path), "--now", now, "--format", "json", "--state", str(folder / "state")])
        shown = capsys.readouterr().out
    (version,) = json.loads(shown)["versions"]
    return {one["tier"] for one in version["rules"] if one["says"] == "firing" and one["rule"].startswith("errors")}


def unit_test(errors: float, fires: set[str]) -> str:
    """A test for promtool that these tiers fire, and no other, over counters of the same requests."""
    minutes, before = 60 * ENDED, 60 * BEGAN
    events = f"0x{before} {4 * errors:g}+{4 * errors:g}x{minutes - before}" if errors else f"0x{minutes}"
    series = [
        {"series": f'requests_total{{version="{V2}"}}', "values": f"0+4x{minutes}"},
        {"series": f'errors_total{{version="{V2}"}}', "values": events},
    ]
    labels = (TIERS[tier] for tier in sorted(fires))
    samples = [{"labels": f'{{severity="{one}", action="{action}"}}', "value": 1} for one, action in labels]
    asked = {
        "expr": 'count by (severity, action) (ALERTS{alertstate="firing", alertname="RatchetRate"})',
        "eval_time": f"{minutes}m",
        "exp_samples": samples,
    }
    tests = [{"interval": "1m", "input_series": series, "promql_expr_test": [asked]}]
    return yaml.safe_dump({"rule_files": ["demo.rules.yaml"], "evaluation_interval": "1m", "tests": tests})


@pytest.mark.parametrize(
    ("errors", "fires"),
    [
        (0.0, set()),
        (0.008, set()),
        (0.029, {"warning"}),
        (0.058, {"warning", "critical"}),
        (0.1, {"warning", "critical", "rollback"}),
        (0.5, {"warning", "critical", "rollback"}),
    ],
    ids=["none", "within", "warning", "critical", "trigger", "half"],
)
def test_both_fire_or_neither(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], errors: float, fires: set[str]
) -> None:
    if shutil.which("promtool") is None:
        absent("promtool", "apt-get install prometheus")
    policy = read(Policy, "policies/small/1.0.0.yaml", POLICY.encode())
    assert isinstance(policy, Policy)
    model = a_model(f"{small.MODEL.partition('metrics:')[0].format(name='demo')}metrics:\n{METRICS}")
    versions = (Watched(version=Version.parse(V2), policy=policy, reference=Version.parse(V1)),)
    for name, text in render("prometheus", model, versions).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert watched(tmp_path, errors, capsys) == fires
    (tmp_path / "agree.yaml").write_text(unit_test(errors, fires), encoding="utf-8")
    asked = ["promtool", "test", "rules", "agree.yaml"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
