"""Laws of scans: whatever the bytes are, the reader answers with runs or with its own reason, and nothing grave passes."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders.code import ENDED, a_finding, a_result, a_run, a_scan, of_code, sarif
from builders.scopes import some_facts
from model_ratchet.core.code import Found, Level, Scan
from model_ratchet.core.evidence import Arm, Evidence, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.scan import CodeScan
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.report_files import Report
from model_ratchet.sources.sarif_report import read_sarif
from model_ratchet.sources.scans import as_scan

NEED = Need(shape=Shape.SCAN, metric="code", arms=(Arm.CANDIDATE,))
SCOPE = Scope(facts=of_code(some_facts()), stages=())
LOOSEST = {"at_most": "error", "score_below": 10.0, "suppressions": "accepted", "invocation": "not_available"}
CRITERIA = st.fixed_dictionaries(
    {"at_most": st.sampled_from([str(level) for level in Level])},
    optional={
        "score_below": st.sampled_from([0.1, 4.0, 7.0, 10.0]),
        "within": st.sampled_from(["1h", "7d"]),
        "suppressions": st.sampled_from(["counted", "accepted"]),
        "invocation": st.sampled_from(["required", "not_available"]),
    },
)


def outcome(scan: Scan, **asked: Any) -> Outcome:
    criterion = CodeScan.model_validate({"id": "security", "kind": "scan", "scan": "code", **asked})
    return criterion.judge(SCOPE, Evidence({NEED: scan})).outcome


def scan_of(content: bytes) -> Scan | None:
    try:
        runs = read_sarif("codeql", "code.sarif", content)
        return as_scan("codeql", [Report("code.sarif", content)], runs, now=ENDED)
    except UnanswerableError:
        return None


KEYS = st.sampled_from(
    [
        *(
            "version",
            "runs",
            "tool",
            "driver",
            "name",
            "extensions",
            "rules",
            "id",
            "results",
            "level",
            "kind",
            "ruleId",
        ),
        *("ruleIndex", "rule", "index", "toolComponent", "suppressions", "status", "properties", "security-severity"),
        *("invocations", "executionSuccessful", "endTimeUtc", "startTimeUtc", "toolExecutionNotifications", "guid"),
        *("ruleConfigurationOverrides", "descriptor", "configuration", "defaultConfiguration", "baselineState"),
        *(
            "locations",
            "physicalLocation",
            "artifactLocation",
            "uri",
            "region",
            "startLine",
            "versionControlProvenance",
        ),
        *("revisionId", "externalPropertyFileReferences", "inlineExternalProperties"),
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "2.1.0", "CodeQL", "r1", "error", "none", "pass", "absent", "2025-08-01T09:00:00Z", "9.8", "NaN", "é"]
    ),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
RESULTS = st.dictionaries(KEYS, VALUES, max_size=4)
RUNS = st.builds(
    lambda results, more: {**a_run(*results), **more},
    st.lists(RESULTS, max_size=3),
    st.dictionaries(KEYS, VALUES, max_size=3),
)
LOGS = st.one_of(
    VALUES,
    st.builds(lambda runs: {"version": "2.1.0", "runs": runs}, st.lists(RUNS, max_size=3)),
)


@given(st.one_of(st.binary(max_size=200), LOGS.map(lambda log: json.dumps(log).encode())))
@example(b"")
@example(sarif())
@example(sarif(a_run(results=None)))
@example(b"[" * 20_000)
@settings(max_examples=400)
def test_no_bytes_raise_anything_else_and_what_passes_holds_runs_with_results(content: bytes) -> None:
    scan = scan_of(content)
    if scan is None:
        return
    assert scan.tools
    for run in json.loads(content)["runs"]:
        assert isinstance(run["results"], list)
    if outcome(scan, **LOOSEST) is Outcome.PASSED:
        assert scan.completed is not False
        assert all(one.suppressed or (one.score or 0) < 10 for one in scan.tallies)


@given(st.data())
@settings(max_examples=100)
def test_a_report_cut_anywhere_is_never_read(data: st.DataObject) -> None:
    content = sarif(a_run(a_result("error"), rules=({"id": "r1"},)))
    end = data.draw(st.integers(0, len(content) - 1))
    assert scan_of(content[:end]) is None


FINDINGS = st.lists(
    st.builds(
        a_finding,
        st.sampled_from([str(level) for level in Level]),
        st.one_of(st.none(), st.integers(0, 100).map(lambda tenths: tenths / 10)),
        suppressed=st.booleans(),
    ),
    max_size=6,
)


@given(findings=FINDINGS, more=FINDINGS, asked=CRITERIA)
@settings(max_examples=200)
def test_one_more_finding_never_improves_a_scan(
    findings: list[Found], more: list[Found], asked: dict[str, Any]
) -> None:
    if asked["at_most"] == "error":
        asked.setdefault("score_below", 7.0)
    assert outcome(a_scan(*findings, *more), **asked).rank >= outcome(a_scan(*findings), **asked).rank


@given(findings=FINDINGS, asked=CRITERIA, undecided=st.integers(0, 2), completed=st.sampled_from([True, None, False]))
@settings(max_examples=200)
def test_a_scan_that_says_less_of_itself_never_passes_better(
    findings: list[Found], asked: dict[str, Any], undecided: int, completed: bool | None
) -> None:
    whole = outcome(a_scan(*findings), **asked)
    less = outcome(a_scan(*findings, undecided=undecided, completed=completed, ended_at=None), **asked)
    assert less.rank >= whole.rank
    if completed is False:
        assert less in (Outcome.ERRORED, Outcome.FAILED)
