"""Across: what the model file binds must fit the kind of its source."""

import pytest

from model_ratchet.documents.across import source_faults
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources

SOURCES = """
apiVersion: ratchet/v1
kind: Sources
sources:
  log: {kind: table, path: log.parquet}
  prom: {kind: prometheus, url: "http://127.0.0.1:9090"}
  ci: {kind: junit, path: "reports/{{ version }}/*.xml"}
  fetched: {kind: junit, url: "http://127.0.0.1:9091/{{version}}/edge.xml"}
  stale: {kind: junit, path: reports/edge.xml}
  claims: {kind: literal}
"""
ERRORS = "errors: {kind: proportion, column: error}"


def told(metrics: str = ERRORS, suites: str = "", rows: str = "log") -> list[tuple[str, str]]:
    text = f"""
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {{column: at, timezone: UTC}}
rows: {{source: {rows}, request_id: id, arm: version}}
metrics: {{{metrics}}}
suites: {{{suites}}}
"""
    model = read(ModelFile, "policies/models/flight-delay.yaml", text.encode())
    sources = read(Sources, "policies/sources.yaml", SOURCES.encode())
    assert isinstance(model, ModelFile), model
    assert isinstance(sources, Sources), sources
    return [(".".join(map(str, fault.path)), fault.message) for fault in source_faults(model, sources)]


@pytest.mark.parametrize(
    "suite",
    [
        "{source: log}",
        "{source: log, case: name, passed: ok, arm: version}",
        "{source: ci}",
        "{source: ci, arm: model_version}",
        "{source: fetched}",
        "{source: stale, arm: model_version}",
        "{source: claims}",
    ],
)
def test_a_suite_that_fits_its_source_is_taken(suite: str) -> None:
    assert told(suites=f"edge_cases: {suite}") == []


@pytest.mark.parametrize(
    ("suite", "path", "message"),
    [
        (
            "{source: stale}",
            "source",
            "a report of any version would count: write {{ version }} into the place of `stale`",
        ),
        ("{source: ci, case: name}", "case", "`case` names a column of a table, and the source is of the kind junit"),
        (
            "{source: claims, passed: ok}",
            "passed",
            "`passed` names a column of a table, and the source is of the kind literal",
        ),
        ("{source: claims, arm: version}", "arm", "a request is of one version: leave `arm` out"),
        ("{source: prom}", "source", "a suite has no place in the source, which is of the kind prometheus"),
        ("{source: claim}", "source", "policies/sources.yaml holds no source `claim`: did you mean `claims`?"),
    ],
)
def test_a_suite_that_does_not_fit_its_source_is_told_where_it_stands(suite: str, path: str, message: str) -> None:
    ((place, said),) = told(suites=f"edge_cases: {suite}")
    assert place == f"suites.edge_cases.{path}"
    assert said.startswith(message)


@pytest.mark.parametrize(
    "metric",
    [
        "accuracy: {kind: proportion, source: claims}",
        "latency: {kind: duration, source: claims, unit: ms}",
        "memory: {kind: gauge, source: claims, unit: MiB}",
        "memory: {kind: gauge, source: log, column: rss, unit: MiB}",
    ],
)
def test_a_metric_that_fits_its_source_is_taken(metric: str) -> None:
    assert told(metric) == []


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("a: {kind: proportion, source: claims, column: error}", "`a` is a literal: the request states its values"),
        ("a: {kind: proportion, source: claims, prediction: p, label: y}", "`a` is a literal"),
        ("a: {kind: proportion, source: claims, correct: right}", "`a` is a literal"),
        ("a: {kind: duration, source: claims, column: ms, unit: ms}", "`a` is a literal"),
        ("a: {kind: mean, source: claims, column: revenue}", "`a` is a literal"),
        ("a: {kind: gauge, source: claims, unit: B, promql: 'up{version={{ version }}}'}", "`a` is a literal"),
        (
            "a: {kind: proportion, source: log}",
            "`a` does not say what is read of its source, which is of the kind table",
        ),
        ("a: {kind: duration, source: prom, unit: s}", "`a` does not say what is read of its source"),
        ("a: {kind: gauge, source: log, unit: B}", "`a` does not say what is read of its source"),
        (
            "a: {kind: proportion, source: ci, column: error}",
            "reports in JUnit XML hold suites only: `a` needs another source",
        ),
        ("a: {kind: proportion, source: ci}", "reports in JUnit XML hold suites only"),
        (
            "a: {kind: proportion, source: prom, column: error}",
            "`a` is bound by a column, and its source is of the kind prom",
        ),
    ],
)
def test_a_metric_that_does_not_fit_its_source_is_told_where_it_stands(metric: str, message: str) -> None:
    ((place, said),) = told(metric)
    assert place == "metrics.a.source"
    assert said.startswith(message)


@pytest.mark.parametrize("rows", ["ci", "claims"])
def test_the_prediction_log_is_a_table(rows: str) -> None:
    found = told("errors: {kind: proportion, column: error, source: log}", rows=rows)
    kind = "junit" if rows == "ci" else "literal"
    assert found == [("rows.source", f"the prediction log is a table, and this source is of the kind {kind}")]
