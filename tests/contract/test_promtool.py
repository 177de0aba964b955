"""The rendered rules beside the real promtool: they are rules, and the tests written beside them pass and can fail."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from builders.watched import ALERTS, MODEL_TEXT, a_model, a_policy, in_traffic
from components import absent
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.render.alerts import render
from model_ratchet.render.alerts.rules import Watched

POLICIES = Path(__file__).parents[2] / "policies"


def promtool(*arguments: str, folder: Path) -> tuple[int, str]:
    if shutil.which("promtool") is None:
        absent("promtool", "apt-get install prometheus")
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def placed(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def outcome(folder: Path) -> tuple[int, str]:
    code, said = promtool("check", "rules", "demo.rules.yaml", folder=folder)
    assert code == 0, said
    return promtool("test", "rules", "demo.rules.test.yaml", folder=folder)


def shipped(name: str) -> Policy:
    path = POLICIES / name / "1.0.0.yaml"
    found = read(Policy, str(path), path.read_bytes())
    assert isinstance(found, Policy)
    return found


@pytest.mark.parametrize("policy", ["every-kind", "standard", "latency-track", "hotfix"])
def test_rules_are_rules_and_their_tests_pass(tmp_path: Path, policy: str) -> None:
    watched = in_traffic() if policy == "every-kind" else in_traffic(shipped(policy))[:1]
    placed(render("prometheus", a_model(), watched), tmp_path)
    code, said = outcome(tmp_path)
    assert code == 0, said


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("> 0.75\n", "> 0.9\n", id="limit-of-a-quantile"),
        pytest.param("> 0.002\n", "> 0.001\n", id="limit-of-a-rate"),
        pytest.param(" / 536870912 >", " / 268435456 >", id="allocation"),
        pytest.param("[1h]))) * 0.001", "[1h])))", id="unit-of-a-duration"),
        pytest.param("severity: critical", "severity: warning", id="severity"),
        pytest.param(" > -Inf)", ")", id="silence"),
        pytest.param('code=~"5.."', 'code=~"4.."', id="what-is-counted"),
        pytest.param(" * 1048576", " * 1000000", id="unit-of-a-gauge"),
    ],
)
def test_a_rule_that_is_wrong_fails_its_test(tmp_path: Path, right: str, wrong: str) -> None:
    files = dict(render("prometheus", a_model(), in_traffic()[:1]))
    assert right in files["demo.rules.yaml"]
    files["demo.rules.yaml"] = files["demo.rules.yaml"].replace(right, wrong)
    placed(files, tmp_path)
    code, said = outcome(tmp_path)
    assert code != 0
    assert "FAILED" in said


def test_no_series_is_made_up_for_what_is_not_understood_and_the_file_says_so(tmp_path: Path) -> None:
    files = render("prometheus", a_model(), in_traffic())
    placed(files, tmp_path)
    untested = [line for line in files["demo.rules.test.yaml"].splitlines() if line.startswith("# ratchet:")]
    assert len(untested) == 2
    assert all('metric="cpu"' in line and "no series can be made up" in line for line in untested)


@pytest.mark.parametrize("over", ["5m", "7d"])
def test_short_and_long_windows_are_tested_too(tmp_path: Path, over: str) -> None:
    alerts = ALERTS.replace("over: 1h", f"over: {over}").replace("over: 24h", f"over: {over}")
    placed(render("prometheus", a_model(), in_traffic(a_policy(alerts))[:1]), tmp_path)
    code, said = outcome(tmp_path)
    assert code == 0, said


def test_a_name_that_prometheus_could_not_take_is_a_label(tmp_path: Path) -> None:
    text = MODEL_TEXT.replace("latency:", "late-ncy:")
    model = a_model(text)
    assert isinstance(model, ModelFile)
    watched: tuple[Watched, ...] = in_traffic(a_policy(ALERTS.replace("metric: latency", "metric: late-ncy")))[:1]
    placed(render("prometheus", model, watched), tmp_path)
    code, said = outcome(tmp_path)
    assert code == 0, said
