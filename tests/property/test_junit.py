"""Laws of reports: whatever the bytes are, the reader answers with cases or with its own reason, and nothing passes unrun."""

from collections.abc import Mapping

from hypothesis import example, given
from hypothesis import strategies as st

from builders.scopes import a_scope, judged
from model_ratchet.core.evidence import Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.junit_report import Case, Result, read_report

CRITERION = SuiteOfCases.model_validate({"id": "edge-cases", "kind": "suite", "suite": "edge_cases"})
ELEMENTS = st.sampled_from(
    [
        *("testsuites", "testsuite", "testcase", "failure", "error", "skipped", "flakyFailure", "rerunError"),
        *("properties", "property", "system-out", "html", "x:y"),
    ]
)
NAMES = st.sampled_from(["name", "classname", "tests", "failures", "errors", "skipped", "status", "result", "value"])
VALUES = st.sampled_from(
    ["", "0", "1", "2", "-1", "1e3", "a", "b", "run", "notrun", "failed", "é", "&amp;", "&x;", "v1"]
)


def written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}='{value}'" for name, value in attributes.items())


PIECES = st.one_of(
    st.builds(
        lambda element, attributes, end: f"<{element}{written(attributes)}{end}>",
        ELEMENTS,
        st.dictionaries(NAMES, VALUES, max_size=3),
        st.sampled_from(["", "/"]),
    ),
    ELEMENTS.map(lambda element: f"</{element}>"),
    st.sampled_from(
        ["<!DOCTYPE a>", "<![CDATA[", "]]>", "<?xml version='1.0' encoding='utf-16'?>", "<!--", "-->", "text"]
    ),
)


@st.composite
def trees(draw: st.DrawFn, element: str = "testsuite", depth: int = 0) -> str:
    """A well-formed report with any attributes."""
    attributes = draw(st.dictionaries(NAMES, VALUES.filter(lambda value: value != "&x;"), max_size=3))
    inside = {"testsuites": ["testsuite"], "testsuite": ["testsuite", "testcase", "testcase"], "testcase": LEAVES}
    children = draw(st.lists(st.sampled_from(inside.get(element, ["b"])), max_size=3 if depth < 4 else 0))
    text = "".join(draw(trees(child, depth + 1)) for child in children)
    return f"<{element}{written(attributes)}>{text}</{element}>"


LEAVES = ["failure", "error", "skipped", "flakyFailure", "rerunError", "system-out"]
ROOTS = st.sampled_from(["testsuites", "testsuite"]).flatmap(trees)
BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()),
    ROOTS.map(str.encode),
    st.tuples(ROOTS, st.sampled_from(["utf-16", "utf-32", "cp1252", "utf-7"])).map(
        lambda one: one[0].encode(one[1], "replace")
    ),
)


def cases_of(content: bytes, version_property: str | None = None) -> tuple[Case, ...] | None:
    try:
        return read_report("ci", "edge.xml", content, version_property=version_property)
    except UnanswerableError:
        return None


@given(BYTES, st.sampled_from([None, "a"]))
@example(b"<testsuite tests='1'/>", None)
@example(b"<testsuite errors='1'/>", None)
@example(b"<testsuite><testcase name='a' status='notrun'/></testsuite>", None)
@example(b"<testsuite><testcase name='a'><flakyError/></testcase></testsuite>", None)
@example(b"<testsuite><properties><property name='a'/></properties><testcase name='a'/></testsuite>", "a")
def test_no_bytes_raise_anything_else_and_none_without_a_passed_case_pass(content: bytes, version: str | None) -> None:
    cases = cases_of(content, version)
    if cases is None:
        return
    results = [case.result for case in cases]
    suite = Suite(
        passed=results.count(Result.PASSED), failed=results.count(Result.FAILED), skipped=results.count(Result.SKIPPED)
    )
    outcome = judged(CRITERION, a_scope(), {Shape.SUITE: suite}).outcome
    assert (outcome is Outcome.PASSED) == (set(results) == {Result.PASSED})
    assert b"testcase" in content or b"t\x00e\x00s\x00t\x00c\x00a\x00s\x00e" in content


@given(ROOTS, st.data())
def test_a_report_cut_anywhere_is_never_read(report: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(report) - 1))
    assert cases_of(report.encode()[:end]) is None
