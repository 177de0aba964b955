"""The JUnit reader: a report passes only where a second reader finds every case of it, whole, counted and unharmed."""

from xml.dom import expatbuilder, minidom

from builders.scopes import a_scope, judged
from model_ratchet.core.evidence import Shape, Suite
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria.suite import SuiteOfCases
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.junit_report import Case, Result, read_report, read_scan

SEEDS = ()
TOKENS = (
    *(
        b"<testsuites",
        b"<testsuite",
        b"<testcase",
        b"<failure",
        b"<error",
        b"<skipped",
        b"<flakyFailure",
        b"<rerunError",
    ),
    *(b"<properties>", b"<property", b"<system-out>", b"</testsuite>", b"</testsuites>", b"</testcase>", b"/>", b">"),
    *(b" name='a'", b" classname='b'", b" tests='1'", b" failures='0'", b" errors='1'", b" skipped='1'", b" value='v'"),
    *(b" status='run'", b" status='notrun'", b" result='failed'", b" timestamp='2026-08-01T12:00:00Z'", b" xmlns='x'"),
    *(
        b"<?xml version='1.0' encoding='",
        b"utf-16'?>",
        b"<!DOCTYPE a>",
        b"<!ENTITY",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"&#1;",
    ),
)
CRITERION = SuiteOfCases.model_validate({"id": "edge-cases", "kind": "suite", "suite": "edge_cases"})
HARM = frozenset({"failure", "error", "skipped", "flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_FREE = frozenset({"system-out", "system-err", "property", *HARM})


def one_input(data: bytes) -> None:
    for version in (None, "version"):
        cases = _cases(data, version)
        if cases is not None:
            assert cases, "a report without cases was read"
            if _passes(cases):
                _whole(data, len(cases))
    try:
        runs = read_scan("ci", "report.xml", data)
    except UnanswerableError:
        runs = None
    assert (runs is None) == (_cases(data, None) is None), "one reader takes what the other refuses"


def _cases(data: bytes, version: str | None) -> tuple[Case, ...] | None:
    try:
        return read_report("ci", "report.xml", data, version_property=version)
    except UnanswerableError:
        return None


def _passes(cases: tuple[Case, ...]) -> bool:
    results = [case.result for case in cases]
    suite = Suite(
        passed=results.count(Result.PASSED), failed=results.count(Result.FAILED), skipped=results.count(Result.SKIPPED)
    )
    return judged(CRITERION, a_scope(), {Shape.SUITE: suite}).outcome is Outcome.PASSED


def _whole(data: bytes, count: int) -> None:
    """What a tree of the same bytes says: so many cases, each without harm, and no suite that counts any."""
    read = expatbuilder.parseString(data, namespaces=False)  # noqa: S316  (the reader refused what has a type)
    found = 0
    waiting = [child for child in read.childNodes if isinstance(child, minidom.Element)]
    while waiting:
        one = waiting.pop()
        assert one.tagName not in HARM, f"passed beside <{one.tagName}>"
        if one.tagName == "testcase":
            found += 1
        elif one.tagName in ("testsuite", "testsuites"):
            for attribute in ("failures", "errors", "skipped"):
                stated = one.getAttribute(attribute)
                assert stated.strip().strip("0") == "", f"passed with {attribute}={stated}"
        if one.tagName not in _FREE:
            waiting += [child for child in one.childNodes if isinstance(child, minidom.Element)]
    assert found == count, f"{count} cases were read, and {found} are there"
