"""Scans from reports in files: which count for a candidate, what several runs say together, and JUnit XML as a scan."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from builders.code import COMMIT, ENDED, a_result, a_run, sarif
from model_ratchet.core.code import Level, Scan, Tally
from model_ratchet.core.evidence import Arm, Missing, Need, Shape
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Reports, Sources
from model_ratchet.ports import Answers
from model_ratchet.sources.open import report_source, route
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.report_files import ReportFiles

CANDIDATE = "v2.1.0_20250818_142000"
NOW = ENDED + timedelta(hours=1)
NEED = Need(shape=Shape.SCAN, metric="code", arms=(Arm.CANDIDATE,))
MODEL = """
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: log, request_id: id, arm: version}
metrics: {errors: {kind: proportion, column: error}}
scans: {code: {source: ci}}
"""


def asked(root: Path, *needs: Need, kind: str = "sarif", place: str = "'{{ version }}/*'", more: str = "") -> Answers:
    text = f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  ci: {{kind: {kind}, path: {place}{more}}}\n"
    sources = read(Sources, "policies/sources.yaml", text.encode())
    model = read(ModelFile, "policies/models/flight-delay.yaml", MODEL.encode())
    assert isinstance(sources, Sources), sources
    assert isinstance(model, ModelFile), model
    config = sources.sources["ci"]
    assert isinstance(config, Reports)
    files = ReportFiles(
        source="ci",
        config=config,
        candidate=Version.parse(CANDIDATE),
        reach=Reach.of(sources),
        root=root,
        changed=frozenset({root / CANDIDATE / "mine.sarif"}),
    )
    assert route(NEED, model, sources) == "ci"
    return report_source(files, model, now=NOW).answer(needs or (NEED,))


def answered(root: Path, **more: str) -> Scan | Missing:
    found = asked(root, **more).answers[NEED]
    assert isinstance(found, Scan | Missing)
    return found


def trouble(root: Path, **more: str) -> Why:
    found = answered(root, **more)
    assert isinstance(found, Missing), found
    return found.reason.why


def written(root: Path, files: Mapping[str, bytes | str]) -> Path:
    for name, content in files.items():
        (root / CANDIDATE / name).parent.mkdir(parents=True, exist_ok=True)
        (root / CANDIDATE / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def test_all_reports_of_the_candidate_are_one_scan_with_their_digests(tmp_path: Path) -> None:
    one = sarif(a_run(a_result("error"), a_result("note", suppressions=[{"kind": "inSource"}])))
    other = sarif(a_run(a_result("error"), tool={"driver": {"name": "Semgrep"}}))
    found = asked(written(tmp_path, {"a.sarif": one, "b.sarif": other}))
    scan = found.answers[NEED]
    assert isinstance(scan, Scan)
    assert scan.artefacts == (("a.sarif", sha256(one).hexdigest()), ("b.sarif", sha256(other).hexdigest()))
    assert scan.tools == ("CodeQL", "Semgrep")
    assert scan.tallies == (
        Tally(level=Level.ERROR, score=None, suppressed=False, count=2),
        Tally(level=Level.NOTE, score=None, suppressed=True, count=1),
    )
    assert [one.level for one in scan.worst] == ["error", "error", "note"]
    assert (scan.completed, scan.ended_at) == (True, ENDED)
    assert found.queries == tuple(f"{file} sha256:{digest}" for file, digest in scan.artefacts)


def test_the_gravest_findings_are_named_and_the_suppressed_come_last(tmp_path: Path) -> None:
    results = [
        *(a_result("note", f"n{number}") for number in range(30)),
        a_result("error", "s", suppressions=[{"kind": "inSource"}]),
        a_result("error", "low", properties={"security-severity": 2}),
        a_result("error", "high", properties={"security-severity": 9}),
    ]
    scan = answered(written(tmp_path, {"a.sarif": sarif(a_run(*results))}))
    assert isinstance(scan, Scan)
    assert [one.rule for one in scan.worst[:2]] == ["high", "low"]
    assert len(scan.worst) == 20
    assert sum(one.count for one in scan.tallies) == 33


def an_invocation(successful: bool, end: datetime | None) -> dict[str, object]:
    ended = {"endTimeUtc": end.isoformat()} if end is not None else {}
    return {"executionSuccessful": successful, **ended}


@pytest.mark.parametrize(
    ("ends", "completed", "ended_at"),
    [
        ([(True, ENDED), (True, ENDED - timedelta(days=3))], True, ENDED - timedelta(days=3)),
        ([(True, ENDED), (False, ENDED)], False, ENDED),
        ([(True, ENDED), (True, None)], True, None),
        ([(True, ENDED), None], None, None),
        ([(False, ENDED), None], False, None),
    ],
    ids=["oldest", "broken", "undated", "silent", "broken-and-silent"],
)
def test_no_run_stands_in_for_another(
    tmp_path: Path, ends: list[tuple[bool, datetime | None] | None], completed: bool | None, ended_at: datetime | None
) -> None:
    runs = [a_run(invocations=[an_invocation(*end)] if end is not None else None) for end in ends]
    scan = answered(written(tmp_path, {"a.sarif": sarif(*runs)}))
    assert isinstance(scan, Scan)
    assert (scan.completed, scan.ended_at) == (completed, ended_at)


def test_each_run_that_says_so_tells_its_commits(tmp_path: Path) -> None:
    provenance = [{"repositoryUri": "https://x", "revisionId": COMMIT}]
    scan = answered(written(tmp_path, {"a.sarif": sarif(a_run(versionControlProvenance=provenance), a_run())}))
    assert isinstance(scan, Scan)
    assert scan.commits == ((COMMIT,),)


@pytest.mark.parametrize("minutes", [4, 6])
def test_a_scan_that_is_still_to_come_is_none(tmp_path: Path, minutes: int) -> None:
    end = (NOW + timedelta(minutes=minutes)).isoformat()
    run = a_run(invocations=[{"executionSuccessful": True, "endTimeUtc": end}])
    written(tmp_path, {"a.sarif": sarif(a_run(), run)})
    if minutes > 5:
        assert trouble(tmp_path) is Why.REPORT_IN_FUTURE
    else:
        assert isinstance(answered(tmp_path), Scan)


def test_one_report_that_can_not_be_read_spoils_the_scan(tmp_path: Path) -> None:
    written(tmp_path, {"a.sarif": sarif(a_run()), "b.sarif": sarif(a_run())[:-2]})
    assert trouble(tmp_path) is Why.FILE_TRUNCATED


def test_a_report_above_the_limit_is_not_read(tmp_path: Path) -> None:
    padded = sarif(a_run(), properties={"padding": "x" * 2**20})
    written(tmp_path, {"a.sarif": padded})
    assert isinstance(answered(tmp_path), Scan)
    assert trouble(tmp_path, more=", most: 1MiB") is Why.REPORT_TOO_LARGE


def test_no_report_of_the_candidate_is_none(tmp_path: Path) -> None:
    assert trouble(tmp_path) is Why.SOURCE_ABSENT


def test_a_report_that_the_change_brings_itself_is_no_evidence(tmp_path: Path) -> None:
    assert trouble(written(tmp_path, {"mine.sarif": sarif(a_run())})) is Why.FILE_OF_CHANGE


@pytest.mark.parametrize("kind", ["sarif", "junit"])
def test_what_is_no_scan_is_not_answered(tmp_path: Path, kind: str) -> None:
    content = sarif(a_run()).decode() if kind == "sarif" else "<testsuite><testcase name='a'/></testsuite>"
    written(tmp_path, {"a": content})
    suite = Need(shape=Shape.SUITE, metric="code", arms=(Arm.CANDIDATE,))
    other = Need(shape=Shape.SCAN, metric="other", arms=(Arm.CANDIDATE,))
    answers = asked(tmp_path, NEED, suite, other, kind=kind).answers
    assert isinstance(answers[NEED], Scan)
    for need in (suite, other):
        found = answers[need]
        assert isinstance(found, Missing)
        assert found.reason.why is Why.CANNOT_VERIFY


# JUnit XML


def of_junit(root: Path, text: str) -> Scan:
    found = answered(written(root, {"a.xml": text}), kind="junit")
    assert isinstance(found, Scan), found
    return found


AT = "timestamp='2025-08-01T09:00:00Z'"


def test_a_case_that_failed_is_a_finding_and_a_skipped_one_decides_nothing(tmp_path: Path) -> None:
    scan = of_junit(
        tmp_path,
        f"<testsuite name='perf' {AT}><testcase classname='c' name='a'/><testcase classname='c' name='b'><failure/></testcase>"
        "<testcase name='c'><error/></testcase><testcase name='d'><skipped/></testcase></testsuite>",
    )
    assert scan.tallies == (Tally(level=Level.ERROR, score=None, suppressed=False, count=2),)
    assert [one.shown for one in scan.worst] == ["c", "c.b"]
    assert (scan.tools, scan.undecided, scan.completed, scan.ended_at) == (("perf",), 1, True, ENDED)


def test_each_outermost_suite_is_a_run(tmp_path: Path) -> None:
    inner = f"<testsuite name='inner' {AT}><testcase name='b'><failure/></testcase></testsuite>"
    scan = of_junit(
        tmp_path,
        f"<testsuites name='all'><testsuite name='one' {AT}><testcase name='a'/></testsuite>"
        f"<testsuite name='two'>{inner}<testcase name='c'/></testsuite></testsuites>",
    )
    assert (scan.tools, scan.ended_at) == (("one", "two"), ENDED)
    assert sum(one.count for one in scan.tallies) == 1
    nested = of_junit(tmp_path, f"<testsuite name='outer'>{inner}</testsuite>")
    assert (nested.tools, [one.count for one in nested.tallies]) == (("outer",), [1])


def test_cases_outside_of_any_suite_belong_to_the_report(tmp_path: Path) -> None:
    scan = of_junit(tmp_path, "<testsuites name='all'><testcase name='a'><failure/></testcase></testsuites>")
    assert (scan.tools, scan.ended_at, [one.count for one in scan.tallies]) == (("all",), None, [1])


@pytest.mark.parametrize("stamp", ["", "timestamp='2025-08-01T09:00:00'", "timestamp='yesterday'", "timestamp=''"])
def test_an_age_is_not_known_without_an_instant_with_a_zone(tmp_path: Path, stamp: str) -> None:
    dated = f"<testsuite name='one' {AT}><testcase name='a'/></testsuite>"
    text = f"<testsuites>{dated}<testsuite name='two' {stamp}><testcase name='b'/></testsuite></testsuites>"
    assert of_junit(tmp_path, text).ended_at is None


def test_a_suite_that_says_when_it_started_speaks_for_those_in_it_and_else_they_speak_for_it(tmp_path: Path) -> None:
    old = "<testsuite name='old' timestamp='2025-07-01T09:00:00Z'><testcase name='b'/></testsuite>"
    undated = "<testsuite name='undated'><testcase name='c'/></testsuite>"
    assert of_junit(tmp_path, f"<testsuite name='outer' {AT}>{old}{undated}</testsuite>").ended_at == ENDED
    assert of_junit(tmp_path, f"<testsuite name='outer'>{old}</testsuite>").ended_at == datetime(
        2025, 7, 1, 9, tzinfo=UTC
    )
    assert of_junit(tmp_path, f"<testsuite name='outer'>{old}{undated}</testsuite>").ended_at is None


def test_the_earliest_start_counts(tmp_path: Path) -> None:
    early = "<testsuite name='two' timestamp='2025-07-01T09:00:00+02:00'><testcase name='b'/></testsuite>"
    text = f"<testsuites><testsuite name='one' {AT}><testcase name='a'/></testsuite>{early}</testsuites>"
    assert of_junit(tmp_path, text).ended_at == datetime(2025, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<testsuite name='perf'/>", Why.REPORT_EMPTY),
        ("<testsuite><testcase name='a'/>", Why.FILE_TRUNCATED),
        ("<testsuite tests='2'><testcase name='a'/></testsuite>", Why.REPORT_COUNTS),
        ("<testsuite><error/><testcase name='a'/></testsuite>", Why.REPORT_CRASHED),
    ],
)
def test_a_report_that_is_no_suite_is_no_scan(tmp_path: Path, text: str, why: Why) -> None:
    assert trouble(written(tmp_path, {"a.xml": text}), kind="junit") is why
