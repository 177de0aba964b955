"""validate: documents of a working tree, each by itself and against the others."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from builders import production
from builders.repositories import Repo
from builders.waiving import waiver_file, waiver_text, waiving_rules
from model_ratchet.actions.validate import validate
from model_ratchet.core.errors import UsageError


def written(root: Path, **changes: tuple[str, str]) -> Path:
    """The documents of a model with one replacement each, by the stem of the file."""
    files = {**production.base_files(), **production.proposal()}
    for name, content in files.items():
        text = content.decode() if isinstance(content, bytes) else content
        for old, new in (changes[key] for key in changes if key in name):
            assert old in text
            text = text.replace(old, new)
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def told(root: Path, *paths: str) -> list[str]:
    return [str(finding) for finding in validate(root, paths).findings]


def test_documents_that_fit_together_are_counted(tmp_path: Path) -> None:
    assert validate(written(tmp_path), ()).validated == 5


def test_a_source_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    root = written(tmp_path, models=("source: gateway", "source: gatewai"))
    (finding,) = told(root)
    assert finding.startswith("policies/models/fraud.yaml:")
    assert "policies/sources.yaml holds no source `gatewai`: did you mean `gateway`?" in finding


ALERTS = """apiVersion: ratchet/v1
kind: Alerts
channels: {tracker: {kind: github_issue}, board: {kind: github_issue}}
send: {warning: [tracker], critical: [tracker], page: [tracker]}
"""


def test_a_channel_is_named_by_a_severity_or_a_model_and_is_there_where_it_is_named(tmp_path: Path) -> None:
    root = written(tmp_path, models=("roles:", "notify: [board]\nroles:"))
    (finding,) = told(root)
    assert "policies/alerts.yaml holds no channel `board`" in finding
    alerts = root / "policies" / "alerts.yaml"
    alerts.write_text(ALERTS)
    assert told(root) == []
    alerts.write_text(ALERTS.replace("board:", "desk:"))
    unused, unknown = told(root)
    assert unused.startswith("policies/alerts.yaml:3:")
    assert "nothing is sent to `desk`: name it under `send`, or under `notify` of a model, or remove it" in unused
    assert unknown.startswith("policies/models/fraud.yaml:")
    assert "policies/alerts.yaml holds no channel `board`" in unknown
    alerts.write_text(ALERTS.replace("kind: Alerts", "kind: [Alerts"))
    assert [one.partition(":")[0] for one in told(root)] == ["policies/alerts.yaml"]


def test_checks_without_a_commit_are_told_in_the_request(tmp_path: Path) -> None:
    suite = "      - {id: edge-cases, kind: suite, suite: edge_cases, require: all}\n"
    checks = (suite, f"{suite}      - {{id: code, kind: required_checks, checks: [tests]}}\n")
    code = ("roles:", "code: {repositories: [acme/fraud]}\nroles:")
    (finding,) = told(written(tmp_path, standard=checks, models=code))
    assert finding.startswith("promotions/fraud/")
    assert finding.endswith("code of the policy rests on metadata.source, which is not stated: add it")


def test_what_two_models_claim_at_once_is_told_at_both(tmp_path: Path) -> None:
    routed = 'traffic: {target: haproxy, listen: 8080, backend: "a-{{ slug }}:80", key: {cookie: uid}}\nroles:'
    root = written(tmp_path, models=("roles:", routed))
    (path,) = (root / "policies" / "models").iterdir()
    path.with_stem("twin").write_text(path.read_text().replace("name: fraud", "name: twin"))
    found = [one for one in told(root) if "haproxy on *:8080 is claimed by" in one]
    assert [one.partition(":")[0] for one in found] == ["policies/models/fraud.yaml", "policies/models/twin.yaml"]


REGISTRY = ("roles:", "registry: {source: mlflow, name: fraud}\nroles:")


def test_a_registry_is_a_source_that_is_there_and_of_its_kind(tmp_path: Path) -> None:
    held = ("  requests:", '  mlflow: {kind: mlflow, url: "https://mlflow.example.com"}\n  requests:')
    assert told(written(tmp_path / "whole", models=REGISTRY, sources=held)) == []
    (finding,) = told(written(tmp_path / "absent", models=REGISTRY))
    assert "policies/sources.yaml holds no source `mlflow`" in finding
    other = ("roles:", "registry: {source: gateway, name: fraud}\nroles:")
    (finding,) = told(written(tmp_path / "table", models=other))
    assert "`registry` reads registered versions, and `gateway` is of the kind table" in finding


@pytest.mark.parametrize(
    "asked",
    [("  source: requests", "  source: mlflow"), ("source: usage, column: rss", "source: mlflow, column: rss")],
    ids=["rows", "metric"],
)
def test_a_registry_is_not_asked_for_measurements(tmp_path: Path, asked: tuple[str, str]) -> None:
    held = ("  requests:", '  mlflow: {kind: mlflow, url: "https://mlflow.example.com"}\n  requests:')
    (finding,) = told(written(tmp_path, models=asked, sources=held))
    assert finding.endswith("`mlflow` is of the kind mlflow, which holds registered versions")


def test_a_policy_that_is_not_there_is_told_where_it_is_named(tmp_path: Path) -> None:
    root = written(tmp_path)
    model = root / "policies/models/fraud.yaml"
    model.write_text(model.read_text().replace("[standard/1.0.0]", "[standard/1.0.0, standard/2.0.0]"))
    (finding,) = told(root)
    assert "there is no policies/standard/2.0.0.yaml: did you mean `standard/1.0.0`?" in finding


def test_a_metric_that_the_model_does_not_bind_is_told_at_its_criterion(tmp_path: Path) -> None:
    root = written(tmp_path)
    model = root / "policies/models/fraud.yaml"
    lines = [line for line in model.read_text().splitlines() if not line.strip().startswith("memory:")]
    model.write_text("\n".join(lines) + "\n")
    (finding,) = told(root)
    assert finding.startswith("policies/standard/1.0.0.yaml:")
    assert "memory: the model file of fraud binds no metrics.memory" in finding


def test_only_findings_of_named_documents_are_told(tmp_path: Path) -> None:
    root = written(tmp_path, models=("source: gateway", "source: gatewai"))
    assert told(root, "policies/sources.yaml") == []
    assert len(told(root, "policies/models/fraud.yaml")) == 1


@pytest.mark.parametrize("name", ["policies/standard.yml", "policies/standard/1.0.0.yml"])
def test_a_document_where_none_is_read_is_told(tmp_path: Path, name: str) -> None:
    root = written(tmp_path)
    (root / name).write_text("kind: Policy\n")
    (finding,) = told(root)
    assert finding.startswith(f"{name}:1:1 no document is read here: they stand in policies/<name>/<version>.yaml")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    root = written(tmp_path)
    (root / "policies/other").mkdir()
    (root / "policies/other/1.0.0.yaml").symlink_to(root / "policies/standard/1.0.0.yaml")
    assert told(root) == ["policies/other/1.0.0.yaml:1:1 a symbolic link is not followed: commit the file itself"]


def test_a_document_of_5_megabytes_is_not_read(tmp_path: Path) -> None:
    root = written(tmp_path)
    (root / "policies/standard/2.0.0.yaml").write_text("# x\n" * 1_310_720)
    (finding,) = told(root)
    assert finding.startswith("policies/standard/2.0.0.yaml:1:1 the file holds 5242880 bytes, and a document at most")


def test_a_file_that_is_not_utf_8_is_told_with_its_byte(tmp_path: Path) -> None:
    root = written(tmp_path)
    (root / "policies/standard/2.0.0.yaml").write_bytes(b"apiVersion: ratchet/v1\nname: caf\xe9\n")
    (finding,) = told(root)
    assert finding.startswith("policies/standard/2.0.0.yaml:2:")
    assert "UTF-8" in finding


def test_a_folder_without_documents_and_a_file_outside_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no document"):
        validate(tmp_path / "empty", ())
    root = written(tmp_path / "root")
    (tmp_path / "else.yaml").write_text("x")
    with pytest.raises(UsageError, match="lies outside of"):
        validate(root, (str(tmp_path / "else.yaml"),))
    with pytest.raises(UsageError, match="is not there"):
        validate(root, ("policies/none.yaml",))


# waivers


def waived(root: Path, files: Mapping[str, str | bytes] | None = None, **changes: object) -> list[str]:
    Repo(root).write({**waiving_rules("requests.csv"), **waiver_file(**changes), **(files or {})})
    return told(root)


def test_a_waiver_that_fits_is_valid(tmp_path: Path) -> None:
    assert waived(tmp_path) == []


def test_a_waiver_is_held_against_the_policy_and_the_model_file_that_it_names(tmp_path: Path) -> None:
    assert waived(tmp_path / "criterion", criterion="error-rat")[0].startswith(
        "policies/waivers/better.yaml:8:12 `error-rat` is no criterion of small/1.0.0: did you mean `error-rate`?"
    )
    assert waived(tmp_path / "absent", policy="small/2.0.0", model="other") == [
        "policies/waivers/better.yaml:4:8 there is no policies/models/other.yaml",
        "policies/waivers/better.yaml:6:9 there is no policies/small/2.0.0.yaml",
    ]


def test_no_two_waivers_have_one_id_or_let_the_same_go(tmp_path: Path) -> None:
    again = {"policies/waivers/again.yaml": waiver_text()}
    (finding,) = waived(tmp_path / "id", again)
    assert finding.startswith("policies/waivers/again.yaml:3:5 `id: better` stands in policies/waivers/again.yaml")
    again = {"policies/waivers/again.yaml": waiver_text(id="again")}
    (finding,) = waived(tmp_path / "same", again)
    assert finding.startswith("policies/waivers/better.yaml:8:12 again lets it go for the same artifact until ")
