"""Reports in JUnit XML: what became of each case in every dialect, and a reason for all that can't be trusted."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from model_ratchet.core.reason import Why
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.junit_report import MOST_CHARACTERS, MOST_DEPTH, read_report

FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<testsuite><testcase name="&b;"/></testsuite>'
)
OUTSIDE = (
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite><testcase name="a">&e;</testcase></testsuite>'
)


def results(content: bytes | str, **more: str) -> dict[str, str]:
    """Each case as it is shown, with its result."""
    content = content.encode() if isinstance(content, str) else content
    return {case.shown: str(case.result) for case in read_report("ci", "edge.xml", content, **more)}


def trouble(content: bytes | str, **more: str) -> tuple[Why, dict[str, object]]:
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(UnanswerableError) as refused:
        read_report("ci", "edge.xml", content, **more)
    assert refused.value.lasting
    reason = refused.value.reason
    rest: dict[str, object] = dict(reason.parameters)
    assert (rest.pop("source"), rest.pop("file")) == ("ci", "edge.xml")
    return reason.why, rest


def suite(*cases: str, stated: str = "", name: str = "edge") -> str:
    return f'<testsuite name="{name}" {stated}>{"".join(cases)}</testsuite>'


def case(name: str, inside: str = "", more: str = "") -> str:
    return f'<testcase classname="c" name="{name}" {more}>{inside}</testcase>'


@pytest.mark.parametrize(
    ("inside", "result"),
    [
        ("", PASSED),
        ("<system-out>fine</system-out><system-err/><properties><property name='p' value='v'/></properties>", PASSED),
        ("<failure message='no'>trace</failure>", FAILED),
        ("<error type='Crash'/>", FAILED),
        ("<skipped/>", SKIPPED),
        ("<skipped type='pytest.xfail' message='known'/>", SKIPPED),
        ("<skipped/><failure/>", FAILED),
        ("<flakyFailure message='once'/>", FAILED),
        ("<flakyError message='once'><stackTrace>at</stackTrace></flakyError>", FAILED),
        ("<failure/><rerunFailure><system-out>again</system-out></rerunFailure>", FAILED),
        ("<error/><rerunError/>", FAILED),
    ],
)
def test_what_became_of_a_case_is_told_apart(inside: str, result: str) -> None:
    assert results(suite(case("a", inside))) == {"c.a": result}


@pytest.mark.parametrize(
    ("attributes", "result"),
    [
        ('status="run" result="completed"', PASSED),
        ('status="notrun" result="suppressed"', SKIPPED),
        ('status="run" result="skipped"', SKIPPED),
        ('status="disabled"', SKIPPED),
        ('status="Passed"', PASSED),
        ('status="failed"', FAILED),
        ('status="notrun" result="failed"', FAILED),
    ],
)
def test_a_case_that_says_so_in_an_attribute_was_not_run_or_failed(attributes: str, result: str) -> None:
    assert results(suite(case("a", more=attributes))) == {"c.a": result}


def test_both_roots_and_nested_suites_are_read() -> None:
    inner = suite(case("a"), suite(case("b", "<failure/>"), name="inner"), case("c"))
    expected = {"c.a": PASSED, "c.b": FAILED, "c.c": PASSED}
    assert results(inner) == expected
    assert results(f"<testsuites>{inner}</testsuites>") == expected
    assert results(f"<testsuites>{inner}{suite(case('d'))}</testsuites>") == {**expected, "c.d": PASSED}
    assert results(f"<testsuites>{case('a')}</testsuites>") == {"c.a": PASSED}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "us-ascii", "iso-8859-1", "windows-1252"])
def test_a_declared_encoding_is_read(encoding: str) -> None:
    name = "ca" if encoding == "us-ascii" else "café"
    text = f"<?xml version='1.0' encoding='{encoding.upper()}'?>{suite(case(name))}"
    assert results(text.encode(encoding)) == {f"c.{name}": PASSED}
    assert results(("\ufeff" + suite(case(name))).encode()) == {f"c.{name}": PASSED}


def test_free_text_holds_no_cases() -> None:
    hidden = f"<testsuites>{suite(case('b'))}</testsuites><testcase name='d'/>"
    for inside in (f"<failure>{hidden}</failure>", f"<system-out>{hidden}</system-out><skipped/><failure/>"):
        text = suite(case("a", inside), f"<system-err>{hidden}</system-err>", case("c"), stated='tests="2"')
        assert results(text) == {"c.a": FAILED, "c.c": PASSED}


def test_a_long_name_is_shortened_where_it_is_shown_and_a_line_break_is_none() -> None:
    (shown,) = results(suite(case("a&#10;&#9;b" + "c" * 300)))
    assert shown.startswith("c.a b")
    assert len(shown) == 200


@pytest.mark.parametrize(
    "stated",
    [
        'tests="3" failures="1" errors="0" skipped="1"',
        'tests="3" failures="1" disabled="1" skipped="0"',
        'tests="3" failures="1" skips="1"',
        'tests=" 3 "',
        "",
    ],
)
def test_counts_that_fit_the_cases_are_taken(stated: str) -> None:
    cases = (case("a"), case("b", "<failure/>"), case("c", "<skipped/>"))
    assert len(results(suite(*cases, stated=stated))) == 3
    assert len(results(f"<testsuites {stated}>{suite(*cases)}</testsuites>")) == 3


@pytest.mark.parametrize(
    ("attribute", "stated"),
    [
        ("tests", "4"),
        ("tests", "2"),
        ("tests", "-3"),
        ("tests", "3.0"),
        ("tests", "three"),
        ("tests", ""),
        ("tests", "٣"),
        ("failures", "2"),
        ("failures", "0"),
        ("errors", "1"),
        ("skipped", "0"),
        ("skipped", "2"),
    ],
)
def test_counts_that_contradict_the_cases_are_a_report_that_lost_some(attribute: str, stated: str) -> None:
    cases = (case("a"), case("b", "<failure/>"), case("c", "<skipped/>"))
    for text in (
        suite(*cases, stated=f'{attribute}="{stated}"'),
        f'<testsuites name="edge" {attribute}="{stated}">{suite(*cases, name="inner")}</testsuites>',
    ):
        why, told = trouble(text)
        assert why is Why.REPORT_COUNTS
        assert (told["suite"], told["attribute"], told["stated"]) == ("edge", attribute, stated)


def test_a_suite_around_others_counts_all_cases_or_its_own_and_a_root_all() -> None:
    def nested(stated: str) -> str:
        return suite(suite(case("b"), name="inner"), case("a"), stated=f'tests="{stated}"')

    assert len(results(nested("1"))) == len(results(nested("2"))) == 2
    assert trouble(nested("3"))[0] is Why.REPORT_COUNTS
    assert trouble(f'<testsuites tests="0">{suite(case("a"))}</testsuites>')[0] is Why.REPORT_COUNTS


@pytest.mark.parametrize(
    "text",
    [
        suite(stated='tests="1" errors="1" failures="0"'),
        suite(stated='failures="1"'),
        suite("<error message='collection'/>"),
        suite(case("a"), "<failure/>"),
        f"<testsuites name='edge'>{suite(case('a'), name='good')}<error/></testsuites>",
    ],
)
def test_a_suite_that_ended_in_an_error_of_its_own_has_not_passed(text: str) -> None:
    assert trouble(text) == (Why.REPORT_CRASHED, {"suite": "edge"})


@pytest.mark.parametrize(
    "text",
    ["<testsuites/>", "<testsuite/>", suite(stated='tests="0" errors="0"'), f"<testsuites>{suite()}</testsuites>"],
)
def test_a_report_without_a_case_is_an_empty_suite(text: str) -> None:
    assert trouble(text) == (Why.REPORT_EMPTY, {})


@pytest.mark.parametrize("content", [LAUGHS, OUTSIDE, b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'><testsuite/>"])
def test_a_document_type_is_refused_with_whatever_it_declares(content: bytes) -> None:
    assert trouble(content) == (Why.REPORT_DOCTYPE, {})


@pytest.mark.parametrize("encoding", ["unicode_escape", "utf-7", "cp037", "x" * 100, "idna"])
def test_an_encoding_that_hides_what_a_reader_sees_is_refused(encoding: str) -> None:
    why, told = trouble(f"<?xml version='1.0' encoding='{encoding}'?>{suite(case('a'))}")
    assert why is Why.REPORT_ENCODING
    assert str(told["encoding"]).startswith(encoding[:50])
    assert len(str(told["encoding"])) <= 80


@pytest.mark.parametrize("end", [0, 1, 30, -1, -12])
def test_a_report_that_is_cut_off_is_not_read(end: int) -> None:
    text = f"<testsuites>{suite(case('a'))}</testsuites>"
    assert trouble(text[:end])[0] is Why.FILE_TRUNCATED


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"12 passed", 1),
        (b"<testsuite>\n<testcase name=a/></testsuite>", 2),
        (b"<testsuite>\n\n</testsuites>", 3),
        (b"<testsuite/><testsuite/>", 1),
        (b"<testsuite>&undeclared;</testsuite>", 1),
        (b"<testsuite>\x00</testsuite>", 1),
        (b"<testsuite>\xff</testsuite>", 1),
        (b"<?xml version='1.0' encoding='windows-1252'?><testsuite>\x81</testsuite>", 1),
        (b"<?xml version='1.0' encoding='utf-16'?><testsuite/>", 1),
    ],
)
def test_what_is_not_xml_is_told_with_its_place(content: bytes, line: int) -> None:
    why, told = trouble(content)
    assert (why, told["line"]) == (Why.REPORT_NOT_XML, line)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<html><body>404</body></html>", "<html> at its root"),
        ("<testcase name='a'/>", "<testcase> at its root"),
        (suite("<group><testcase name='a'><failure/></testcase></group>"), "<group> in <testsuite>"),
        (suite(case("a", "<rerun/>")), "<rerun> in <testcase>"),
        (suite(case("a", case("b"))), "<testcase> in <testcase>"),
        (suite(suite(case("a")).replace("testsuite", "testsuites")), "<testsuites> in <testsuite>"),
        (suite('<testcase classname="c"/>'), "a case without a name"),
        (suite(case(" ")), "a case without a name"),
        (suite(case("a", more='status="unknown"')), "a case whose status is unknown"),
        ("<junit:testsuite xmlns:junit='x'/>", "<junit:testsuite> at its root"),
    ],
)
def test_what_is_no_part_of_junit_is_refused_by_its_name(text: str, what: str) -> None:
    assert trouble(text) == (Why.REPORT_NOT_JUNIT, {"what": what})


def test_depth_is_bounded_before_anything_is_built() -> None:
    def nested(depth: int) -> str:
        return "<testsuite>" * depth + case("a") + "</testsuite>" * depth

    assert results(nested(MOST_DEPTH - 1)) == {"c.a": PASSED}
    assert trouble(nested(MOST_DEPTH)) == (Why.REPORT_TOO_DEEP, {"most": MOST_DEPTH})
    assert trouble(suite(case("a", f"<failure>{'<b>' * 1_000_000}")))[0] is Why.REPORT_TOO_DEEP


def test_an_attribute_that_is_read_is_bounded_and_a_long_message_is_not() -> None:
    assert results(suite(case("a", f"<failure message='{'x' * 2**20}'/>"))) == {"c.a": FAILED}
    found = trouble(suite(case("x" * (MOST_CHARACTERS + 1))))
    assert found == (Why.REPORT_ATTRIBUTE, {"attribute": "name", "characters": MOST_CHARACTERS + 1})


def property_of(value: str, name: str = "model_version") -> str:
    return f"<properties><property name='{name}' value='{value}'/><property name='else' value='x'/></properties>"


def versions(text: str) -> dict[str, str]:
    return {
        one.shown: one.version for one in read_report("ci", "edge.xml", text.encode(), version_property="model_version")
    }


def test_a_case_has_the_version_of_the_nearest_suite_that_names_one() -> None:
    inner = suite(property_of("v2"), case("b"), name="inner")
    assert versions(suite(property_of("v1"), case("a"), inner)) == {"c.a": "v1", "c.b": "v2"}
    assert versions(suite(case("a"), inner, property_of("v1"))) == {"c.a": "v1", "c.b": "v2"}
    text = f"<testsuites>{property_of('v1')}{suite(case('a'))}{suite(property_of('v2'), case('b'))}</testsuites>"
    assert versions(text) == {"c.a": "v1", "c.b": "v2"}


def test_a_case_of_no_version_is_refused_where_one_is_asked() -> None:
    absent = (Why.REPORT_VERSION_ABSENT, {"property": "model_version"})
    more = {"version_property": "model_version"}
    assert trouble(suite(case("a")), **more) == absent
    assert trouble(suite(property_of("v1", "version"), case("a")), **more) == absent
    assert trouble(suite(property_of(""), case("a")), **more) == absent
    assert trouble(suite(case("a", property_of("v1"))), **more) == absent
    assert (
        trouble(f"<testsuites>{suite(property_of('v1'), case('a'))}{suite(case('b'))}</testsuites>", **more) == absent
    )


def test_two_versions_of_one_suite_are_refused() -> None:
    text = suite(property_of("v1"), property_of("v2"), case("a"))
    why, told = trouble(text, version_property="model_version")
    assert (why, told["what"]) == (Why.REPORT_NOT_JUNIT, "the property model_version with two values")
    assert versions(suite(property_of("v1"), property_of("v1"), case("a"))) == {"c.a": "v1"}


CASES = """
import pytest

@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("teardown")

@pytest.fixture
def broken_setup():
    raise RuntimeError("setup")

def test_good(): pass
def test_bad(): assert 1 == 2, "two\\x00\\x1b[31m <&>"
@pytest.mark.skip(reason="later")
def test_later(): pass
@pytest.mark.xfail(reason="known")
def test_known(): assert False
@pytest.mark.xfail(strict=True)
def test_unexpected(): pass
@pytest.mark.parametrize("x", ["a", "<b>", "é"])
def test_each(x): pass
def test_setup(broken_setup): pass
def test_teardown(broken_teardown): pass
def test_twice(broken_teardown): assert False
"""


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_a_report_that_pytest_writes_is_read_right(tmp_path: Path, family: str) -> None:
    (tmp_path / "test_edge.py").write_text(CASES)
    report = tmp_path / "edge.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
    ]
    subprocess.run(
        [*command, "-o", f"junit_family={family}", "test_edge.py"], cwd=tmp_path, capture_output=True, check=False
    )
    found = read_report("ci", "edge.xml", report.read_bytes())
    told = {one.name: str(one.result) for one in found}
    assert told == {
        "test_good": PASSED,
        "test_bad": FAILED,
        "test_later": SKIPPED,
        "test_known": SKIPPED,
        "test_unexpected": FAILED,
        "test_each[a]": PASSED,
        "test_each[<b>]": PASSED,
        "test_each[\\xe9]": PASSED,
        "test_setup": FAILED,
        "test_teardown": FAILED,
        "test_twice": FAILED,
    }
    assert [one.name for one in found].count("test_twice") == 2


def test_a_file_that_pytest_could_not_collect_is_a_failed_case(tmp_path: Path) -> None:
    (tmp_path / "test_edge.py").write_text("import nowhere_at_all\n")
    report = tmp_path / "edge.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "test_edge.py"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert results(report.read_bytes()) == {"test_edge": FAILED}


def test_no_test_that_pytest_found_is_an_empty_suite(tmp_path: Path) -> None:
    (tmp_path / "test_edge.py").write_text("")
    report = tmp_path / "edge.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "test_edge.py"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert trouble(report.read_bytes())[0] is Why.REPORT_EMPTY


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("passed", {PASSED: 5, SKIPPED: 1}),
        ("failed", {PASSED: 1, FAILED: 3}),
        ("findings", {FAILED: 1}),
        ("trouble", {FAILED: 1}),
        ("rollback", {PASSED: 1}),
    ],
)
def test_a_report_that_ratchet_writes_is_read_right(name: str, told: dict[str, int]) -> None:
    found = results((Path(__file__).parents[2] / f"cases/reports/{name}.xml").read_bytes())
    assert Counter(found.values()) == told


def test_a_report_of_ratchet_without_a_case_is_an_empty_suite() -> None:
    assert trouble((Path(__file__).parents[2] / "cases/reports/untouched.xml").read_bytes()) == (Why.REPORT_EMPTY, {})
