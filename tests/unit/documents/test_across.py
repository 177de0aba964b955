"""Across: what the model file binds must fit the kind of its source."""

import pytest

from model_ratchet.documents.across import clashes, source_faults
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
  codeql: {kind: sarif, path: "scans/{{ version }}/*.sarif"}
  any: {kind: sarif, path: code.sarif}
"""
ERRORS = "errors: {kind: proportion, column: error}"


def told(metrics: str = ERRORS, suites: str = "", rows: str = "log", scans: str = "") -> list[tuple[str, str]]:
    text = f"""
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {{column: at, timezone: UTC}}
rows: {{source: {rows}, request_id: id, arm: version}}
metrics: {{{metrics}}}
suites: {{{suites}}}
scans: {{{scans}}}
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
        (
            "{source: prom}",
            "source",
            "`edge_cases` reads the cases of suites, and `prom` is of the kind prometheus, which holds queries",
        ),
        ("{source: claim}", "source", "policies/sources.yaml holds no source `claim`: did you mean `claims`?"),
    ],
)
def test_a_suite_that_does_not_fit_its_source_is_told_where_it_stands(suite: str, path: str, message: str) -> None:
    ((place, said),) = told(suites=f"edge_cases: {suite}")
    assert place == f"suites.edge_cases.{path}"
    assert said.startswith(message)


@pytest.mark.parametrize("source", ["codeql", "ci", "fetched"])
def test_a_scan_that_fits_its_source_is_taken(source: str) -> None:
    assert told(scans=f"code: {{source: {source}}}") == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("any", "a scan of any version would count: write {{ version }} into the place of `any`"),
        ("stale", "a scan of any version would count: write {{ version }} into the place of `stale`"),
        ("log", "`code` reads the findings of scans, and `log` is of the kind table, which holds the rows of a log"),
        ("claims", "`code` reads the findings of scans, and `claims` is of the kind literal, which holds values"),
        ("codeq", "policies/sources.yaml holds no source `codeq`: did you mean `codeql`?"),
    ],
)
def test_a_scan_that_does_not_fit_its_source_is_told_where_it_stands(source: str, message: str) -> None:
    ((place, said),) = told(scans=f"code: {{source: {source}}}")
    assert place == "scans.code.source"
    assert said.startswith(message)


def test_a_suite_is_not_read_from_a_scan() -> None:
    ((_, said),) = told(suites="edge_cases: {source: codeql}")
    assert (
        said
        == "`edge_cases` reads the cases of suites, and `codeql` is of the kind sarif, which holds the findings of scans"
    )


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
        (
            "a: {kind: proportion, source: claims, column: error}",
            "`a` reads columns, and `claims` is of the kind literal",
        ),
        ("a: {kind: proportion, source: claims, prediction: p, label: y}", "`a` reads columns"),
        ("a: {kind: proportion, source: claims, correct: right}", "`a` reads columns"),
        ("a: {kind: duration, source: claims, column: ms, unit: ms}", "`a` reads columns"),
        ("a: {kind: mean, source: claims, column: revenue}", "`a` reads columns"),
        ("a: {kind: gauge, source: claims, unit: B, promql: 'up{version={{ version }}}'}", "`a` reads queries"),
        (
            "a: {kind: proportion, source: log}",
            "`a` reads values that the request states, and `log` is of the kind table",
        ),
        ("a: {kind: duration, source: prom, unit: s}", "`a` reads values that the request states"),
        ("a: {kind: gauge, source: log, unit: B}", "`a` reads values that the request states"),
        (
            "a: {kind: proportion, source: ci, column: error}",
            "`a` reads columns, and `ci` is of the kind junit, which holds the cases of suites",
        ),
        ("a: {kind: proportion, source: ci}", "`a` reads values that the request states, and `ci` is"),
        (
            "a: {kind: proportion, source: prom, column: error}",
            "`a` reads columns, and `prom` is of the kind prometheus",
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
    ((place, said),) = found
    assert place == "rows.source"
    assert said.startswith(f"`rows` reads the rows of a log, and `{rows}` is of the kind {kind}")


ROUTED = {
    "nginx": 'target: nginx, listen: {port}, backend: "a-{{{{ slug }}}}:80", mirror_port: 8081',
    "haproxy": 'target: haproxy, listen: {port}, backend: "a-{{{{ slug }}}}:80"',
    "gateway-api": 'target: gateway-api, service: "a-{{{{ slug }}}}", port: {port}, gateway: {{name: public}}',
}


OTHERWISE = "as well: one of them has to choose another"


def routed(name: str, target: str, port: object = 8080) -> ModelFile:
    text = f"""
apiVersion: ratchet/v1
kind: Model
name: {name}
policies: [standard/1.0.0]
time: {{column: at, timezone: UTC}}
rows: {{source: log, request_id: id, arm: version}}
metrics: {{{ERRORS}}}
traffic: {{{ROUTED[target].format(port=port)}}}
"""
    model = read(ModelFile, f"policies/models/{name}.yaml", text.encode())
    assert isinstance(model, ModelFile), model
    return model


@pytest.mark.parametrize(
    ("models", "told"),
    [
        pytest.param(
            [routed("a", "nginx"), routed("b", "nginx")],
            [
                ("a", "traffic.listen", f"nginx on *:8080 is claimed by b {OTHERWISE}"),
                ("a", "traffic.mirror_port", f"nginx on 127.0.0.1:8081 is claimed by b {OTHERWISE}"),
                ("b", "traffic.listen", f"nginx on *:8080 is claimed by a {OTHERWISE}"),
                ("b", "traffic.mirror_port", f"nginx on 127.0.0.1:8081 is claimed by a {OTHERWISE}"),
            ],
            id="ports",
        ),
        pytest.param(
            [routed("a", "nginx"), routed("b", "haproxy")],
            [],
            id="two-routers",
        ),
        pytest.param(
            [routed("a", "haproxy", "127.0.0.1:80"), routed("b", "haproxy", "127.0.0.2:80")], [], id="two-addresses"
        ),
        pytest.param(
            [routed("a-b", "gateway-api"), routed("a_b", "gateway-api")],
            [
                ("a-b", "name", f"the gateway-api object a-b is claimed by a_b {OTHERWISE}"),
                ("a_b", "name", f"the gateway-api object a-b is claimed by a-b {OTHERWISE}"),
            ],
            id="one-object",
        ),
    ],
)
def test_two_models_claim_nothing_that_only_one_can_have(
    models: list[ModelFile], told: list[tuple[str, str, str]]
) -> None:
    assert [(name, ".".join(map(str, fault.path)), fault.message) for name, fault in clashes(models)] == told
