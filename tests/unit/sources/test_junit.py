"""The JUnit source: which reports count for a candidate, from files or a server, and what is said where none does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.http import Asked, Told, answering
from builders.logs import a_window
from model_ratchet.core.evidence import Arm, Measurement, Missing, Need, Shape, Suite
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import JUnit, Sources
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.junit import JUnitSource
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.report_files import ReportFiles

NOW = datetime(2025, 9, 1, tzinfo=UTC)
CANDIDATE = "v2.1.0_20250818_142000"
OTHER = "v2.0.3_20250601_090000"
MODEL = """
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: log, request_id: id, arm: version}
metrics: {errors: {kind: proportion, column: error}}
suites: {edge_cases: {source: ci}, versioned: {source: ci, arm: model_version}}
"""
EDGE_CASES = Need(shape=Shape.SUITE, metric="edge_cases", arms=(Arm.CANDIDATE,))
VERSIONED = Need(shape=Shape.SUITE, metric="versioned", arms=(Arm.CANDIDATE,))
PLACE = "path: 'reports/{{ version }}/*.xml'"


def parsed(text: str) -> Sources:
    found = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(found, Sources), found
    return found


def a_source(root: Path, place: str, environ: Mapping[str, str] | None = None) -> JUnitSource:
    sources = parsed(f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n  ci: {{kind: junit, {place}}}\n")
    model = read(ModelFile, "policies/models/flight-delay.yaml", MODEL.encode())
    assert isinstance(model, ModelFile), model
    config = sources.sources["ci"]
    assert isinstance(config, JUnit)
    files = ReportFiles(
        source="ci",
        config=config,
        candidate=Version.parse(CANDIDATE),
        reach=Reach.of(sources),
        root=root,
        environ=environ or {},
    )
    return JUnitSource(files=files, model=model, now=NOW)


def answered(source: JUnitSource, need: Need = EDGE_CASES) -> Measurement | Missing:
    return source.answer([need]).answers[need]


def trouble(source: JUnitSource, need: Need = EDGE_CASES) -> tuple[Why, dict[str, object]]:
    found = answered(source, need)
    assert isinstance(found, Missing), found
    assert "ci" in sentence(found.reason)
    return found.reason.why, dict(found.reason.parameters)


def report(*cases: str, version: str = "") -> str:
    named = f"<properties><property name='model_version' value='{version}'/></properties>" if version else ""
    return f"<testsuite name='edge'>{named}{''.join(cases)}</testsuite>"


def case(name: str, inside: str = "") -> str:
    return f"<testcase classname='c' name='{name}'>{inside}</testcase>"


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


GOOD = report(case("a"), case("b", "<failure/>"), case("c", "<skipped/>"))


def test_the_reports_below_the_version_of_the_candidate_are_one_suite(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            f"reports/{CANDIDATE}/1.xml": GOOD,
            f"reports/{CANDIDATE}/2.xml": report(case("d")),
            f"reports/{OTHER}/1.xml": report(case("e", "<failure/>")),
        },
    )
    found = a_source(root, PLACE).answer([EDGE_CASES])
    assert found.answers == {EDGE_CASES: Suite(passed=2, failed=1, skipped=1, failures=("c.b",))}
    assert [query.partition(" sha256:")[0] for query in found.queries] == ["1.xml", "2.xml"]


def test_only_reports_of_another_version_are_none_of_the_candidate(tmp_path: Path) -> None:
    root = written(tmp_path, {f"reports/{OTHER}/1.xml": GOOD})
    assert trouble(a_source(root, PLACE))[0] is Why.SOURCE_ABSENT
    named = a_source(written(tmp_path, {"edge.xml": report(case("a"), version=OTHER)}), "path: edge.xml")
    assert trouble(named, VERSIONED) == (
        Why.REPORT_OTHER_VERSION,
        {"source": "ci", "file": "edge.xml", "version": OTHER},
    )


def test_suites_of_other_versions_beside_the_candidates_are_left_out(tmp_path: Path) -> None:
    both = f"<testsuites>{report(case('a'), version=CANDIDATE)}{report(case('a', '<failure/>'), version=OTHER)}</testsuites>"
    source = a_source(written(tmp_path, {"edge.xml": both}), "path: edge.xml")
    assert answered(source, VERSIONED) == Suite(passed=1, failed=0, skipped=0)


def test_a_report_that_names_no_version_is_not_taken_for_the_candidates(tmp_path: Path) -> None:
    source = a_source(written(tmp_path, {"edge.xml": GOOD}), "path: edge.xml")
    expected = {"source": "ci", "file": "edge.xml", "property": "model_version"}
    assert trouble(source, VERSIONED) == (Why.REPORT_VERSION_ABSENT, expected)


@pytest.mark.parametrize(("first", "second"), [("", "<failure/>"), ("<failure/>", ""), ("", ""), ("<skipped/>", "")])
def test_a_case_that_stands_there_twice_could_hide_a_failure(tmp_path: Path, first: str, second: str) -> None:
    texts = {"1.xml": report(case("a", first)), "2.xml": report(case("b"), case("a", second))}
    twice = (Why.REPORT_CASE_TWICE, {"source": "ci", "file": "2.xml", "case": "c.a"})
    assert trouble(a_source(written(tmp_path, texts), "path: '*.xml'")) == twice
    one = {"2.xml": report(case("a", first), case("a", second), case("b"))}
    (tmp_path / "1.xml").unlink()
    assert trouble(a_source(written(tmp_path, one), "path: '*.xml'")) == twice


def test_a_case_that_failed_and_failed_again_is_one_failed_case(tmp_path: Path) -> None:
    texts = {"1.xml": report(case("a", "<failure/>"), case("a", "<error/>"), case("b"))}
    found = answered(a_source(written(tmp_path, texts), "path: 1.xml"))
    assert found == Suite(passed=1, failed=1, skipped=0, failures=("c.a",))


def test_at_most_20_failures_are_named_and_all_are_counted(tmp_path: Path) -> None:
    cases = [case(f"{n:03}", "<failure/>") for n in range(30)]
    found = answered(a_source(written(tmp_path, {"1.xml": report(*cases)}), "path: 1.xml"))
    assert isinstance(found, Suite)
    assert (found.failed, len(found.failures), found.failures[0]) == (30, 20, "c.000")


def test_one_report_that_can_not_be_read_spoils_the_suite(tmp_path: Path) -> None:
    root = written(tmp_path, {"1.xml": GOOD, "2.xml": GOOD[:40]})
    assert trouble(a_source(root, "path: '*.xml'")) == (Why.FILE_TRUNCATED, {"source": "ci", "file": "2.xml"})


@pytest.mark.parametrize("place", ["path: 'none/*.xml'", "path: none.xml", "path: '*.xml'", PLACE])
def test_no_report_is_told_by_the_path_as_it_is_written(tmp_path: Path, place: str) -> None:
    why, told = trouble(a_source(tmp_path, place))
    assert why is Why.SOURCE_ABSENT
    assert place.partition(": ")[2].strip("'") == told["file"]


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "edge.xml").mkdir()
    assert trouble(a_source(tmp_path, "path: edge.xml"))[0] is Why.SOURCE_ABSENT


def test_a_link_out_of_the_leading_folder_is_not_followed(tmp_path: Path) -> None:
    root = written(tmp_path, {"reports/1.xml": GOOD, "secret.xml": report(case("z"))})
    (root / "reports/2.xml").symlink_to(root / "secret.xml")
    assert trouble(a_source(root, "path: 'reports/*.xml'")) == (Why.SOURCE_ABSENT, {"source": "ci", "file": "2.xml"})


def test_a_variable_is_filled_in_and_one_that_is_not_set_is_named(tmp_path: Path) -> None:
    root = written(tmp_path, {f"elsewhere/{CANDIDATE}.xml": GOOD})
    place = "path: '${REPORTS}/{{version}}.xml'"
    assert isinstance(answered(a_source(Path(), place, {"REPORTS": str(root / "elsewhere")})), Suite)
    assert trouble(a_source(Path(), place)) == (Why.VARIABLE_ABSENT, {"source": "ci", "variable": "REPORTS"})


def test_a_report_above_the_limit_is_not_read(tmp_path: Path) -> None:
    filled = report(case("a", f"<system-out>{'x' * 2**20}</system-out>"))
    root = written(tmp_path, {"edge.xml": filled})
    assert isinstance(answered(a_source(root, "path: edge.xml")), Suite)
    limited = a_source(root, "path: edge.xml, most: 1MiB")
    assert trouble(limited) == (Why.REPORT_TOO_LARGE, {"source": "ci", "file": "edge.xml", "most": "1 MiB"})
    (root / "edge.xml").write_bytes(b"<testsuite>" + b" " * 20 * 2**20)
    assert trouble(a_source(root, "path: edge.xml"))[1]["most"] == "20 MiB"


def test_what_is_no_suite_is_not_answered(tmp_path: Path) -> None:
    root = written(tmp_path, {"edge.xml": GOOD})
    source = a_source(root, "path: edge.xml")
    counts = Need(shape=Shape.COUNTS, window=a_window(), metric="errors", arms=(Arm.CANDIDATE,))
    unbound = Need(shape=Shape.SUITE, metric="errors", arms=(Arm.CANDIDATE,))
    answers = source.answer([EDGE_CASES, counts, unbound]).answers
    assert isinstance(answers[EDGE_CASES], Suite)
    for need in (counts, unbound):
        found = answers[need]
        assert isinstance(found, Missing)
        assert found.reason.why is Why.CANNOT_VERIFY


def at(url: str) -> str:
    return f"url: '{url}/models/{{{{ version }}}}/edge.xml', auth: {{bearer: '${{TOKEN}}'}}"


def test_a_report_is_fetched_for_the_version_of_the_candidate(tmp_path: Path) -> None:
    asked: list[Asked] = []

    def tell(one: Asked) -> Told:
        asked.append(one)
        return Told(body=GOOD.encode())

    with answering(tell) as server:
        found = a_source(tmp_path, at(server.url), {"TOKEN": "hunter2"}).answer([EDGE_CASES, VERSIONED])
    assert found.answers[EDGE_CASES] == Suite(passed=1, failed=1, skipped=1, failures=("c.b",))
    assert [one.path for one in asked] == [f"/models/{CANDIDATE}/edge.xml"]
    assert asked[0].headers["Authorization"] == "Bearer hunter2"
    assert found.queries[0].startswith("edge.xml sha256:")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told(status=404), (Why.SOURCE_UNREACHABLE, {"source": "ci", "status": "HTTP 404"})),
        (Told(status=403), (Why.SOURCE_UNAUTHORISED, {"source": "ci", "status": 403})),
        (
            Told(status=302, headers={"Location": "http://127.0.0.1:1/"}),
            (Why.SOURCE_UNREACHABLE, {"source": "ci", "status": "a redirect, which is not followed"}),
        ),
        (
            Told(body=b"<html/>"),
            (Why.REPORT_NOT_JUNIT, {"source": "ci", "file": "edge.xml", "what": "<html> at its root"}),
        ),
        (Told(body=GOOD.encode(), cut=40), (Why.SOURCE_UNREACHABLE, {"source": "ci", "status": "no connection"})),
    ],
)
def test_a_server_that_has_no_report_is_told_with_what_it_said(
    tmp_path: Path, told: Told, expected: tuple[Why, dict[str, object]]
) -> None:
    with answering(lambda asked: told) as server:
        assert trouble(a_source(tmp_path, at(server.url), {"TOKEN": "hunter2"})) == expected
