"""``ratchet sources test``: each source is asked, and told of, by itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders import production
from builders.code import a_run, sarif
from builders.http import Told, answering
from builders.openmetrics import Page
from builders.production import BASELINE, START, Truth
from builders.repositories import a_repo
from components.prometheus import serving
from model_ratchet.cli import run

METRICS = """\
  memory: {kind: gauge, source: prom, promql: 'max(rss{version={{ version }}})', unit: MiB}
  heap: {kind: gauge, source: prom, promql: 'max(heap{version={{ version }}})', unit: MiB}
"""


def told(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    code = run(["sources", "test", "--repo", str(root), "--format", "json"])
    return code, {one["source"]: one for one in json.loads(capsys.readouterr().out)["sources"]}


def test_each_source_says_what_it_holds_or_why_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    production.write_logs(tmp_path / "logs", Truth(per_day=100))
    (tmp_path / "logs" / "batches.jsonl").unlink()
    monkeypatch.setenv("LOGS", str(tmp_path / "logs"))
    monkeypatch.setenv("TOKEN", "hunter2")
    now = datetime.now(UTC)
    page = Page()
    page.gauge("rss", {"version": BASELINE}, [(now - timedelta(minutes=minute), 200.0) for minute in range(90, 0, -1)])
    (tmp_path / "prometheus").mkdir()
    with (
        serving(tmp_path / "prometheus", page.text(), retention="30d") as url,
        answering(lambda asked: Told(403)) as closed,
    ):
        sources = production.SOURCES + (
            f"  prom: {{kind: prometheus, url: '{url}'}}\n"
            f"  shut: {{kind: prometheus, url: '{closed.url}', auth: {{bearer: '${{TOKEN}}'}}}}\n"
            "  away: {kind: prometheus, url: 'http://127.0.0.1:9'}\n"
            "  claims: {kind: literal}\n"
            "  codeql: {kind: sarif, path: 'scans/{{ version }}.sarif'}\n"
            "  unscanned: {kind: sarif, path: 'none/{{ version }}.sarif'}\n"
        )
        model = production.MODEL.replace(
            "  memory: {kind: gauge, source: usage, column: rss_mib, unit: MiB}\n", METRICS
        ).replace("score: score", "score: probability")
        shut = "  closed: {kind: gauge, source: shut, promql: 'max(x{version={{ version }}})', unit: B}\nsegments:"
        files = production.base_files() | {
            "policies/sources.yaml": sources,
            "policies/models/fraud.yaml": model.replace("segments:", shut)
            + "scans: {code: {source: codeql}, other: {source: unscanned}}\n",
            f"scans/{BASELINE}.sarif": sarif(a_run()),
        }
        code, found = told(a_repo(tmp_path / "repo", files).path, capsys)
    assert code == 3
    requests = found["requests"]
    assert (requests["reachable"], requests["authorised"], requests["absent"]) == (True, True, ["probability"])
    assert {"requested_at", "label", "latency_ms", "user", "digest", "version"} <= set(requests["found"])  # type: ignore[call-overload]
    newest = datetime.fromisoformat(str(requests["newest"]))
    assert START + timedelta(days=12) < newest < START + timedelta(days=14)
    assert found["gateway"]["trouble"] is None
    assert found["batches"]["trouble"] == {"why": "source_absent", "source": "batches", "file": "${LOGS}/batches.jsonl"}
    prom = found["prom"]
    assert (prom["found"], prom["absent"]) == (["fraud.memory"], ["fraud.heap"])
    assert prom["keeps_seconds"] == timedelta(days=30).total_seconds()
    assert abs(float(str(prom["clock_skew_seconds"]))) < 10
    assert datetime.fromisoformat(str(prom["newest"])) > now - timedelta(minutes=10)
    assert (found["shut"]["reachable"], found["shut"]["authorised"]) == (True, False)
    assert (found["away"]["reachable"], found["away"]["authorised"]) == (False, None)
    assert found["claims"]["trouble"] is None
    assert (found["codeql"]["found"], found["codeql"]["trouble"]) == (["fraud.code"], None)
    unscanned = {"why": "source_absent", "source": "unscanned", "file": "none/{{ version }}.sarif"}
    assert found["unscanned"]["trouble"] == unscanned
    assert "hunter2" not in json.dumps(found)


def test_the_table_names_what_is_to_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    production.write_logs(tmp_path / "logs", Truth(per_day=50))
    monkeypatch.setenv("LOGS", str(tmp_path / "logs"))
    root = a_repo(tmp_path / "repo", production.base_files()).path
    assert run(["sources", "test", "--repo", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["source", "kind", "reachable", "authorised", "found", "newest", "row", "keeps", "clock"]
    assert [line.split()[0] for line in lines[1:]] == ["requests", "gateway", "usage", "batches", "edge_cases"]
    (tmp_path / "logs" / "usage.csv").unlink()
    assert run(["sources", "test", "--repo", str(root)]) == 3
    assert "usage: the source usage finds nothing at ${LOGS}/usage.csv" in capsys.readouterr().out


def test_documents_that_are_wrong_are_told_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = a_repo(tmp_path, {"policies/sources.yaml": "apiVersion: ratchet/v1\nkind: Sources\nsources: {}\n"}).path
    assert run(["sources", "test", "--repo", str(root)]) == 2
    assert "policies/sources.yaml:3" in capsys.readouterr().out
    assert run(["sources", "test", "--repo", str(tmp_path / "policies")]) == 2
