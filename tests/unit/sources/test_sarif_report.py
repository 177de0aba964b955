"""Reports in SARIF: what each part means, and everything that keeps one from being trusted."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from builders.code import COMMIT, ENDED, a_result, a_run, sarif
from model_ratchet.core.code import Found
from model_ratchet.core.reason import Why
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.sarif_report import read_sarif
from model_ratchet.sources.scans import Run

RULES = (
    {"id": "r0", "properties": {"security-severity": "9.8"}, "defaultConfiguration": {"level": "error"}},
    {"id": "r1", "defaultConfiguration": {"level": "note"}},
    {"id": "r2"},
)


def read(content: bytes) -> tuple[Run, ...]:
    return read_sarif("codeql", "code.sarif", content)


def run(*results: Mapping[str, Any], **more: Any) -> Run:
    (one,) = read(sarif(a_run(*results, **more)))
    return one


def found(result: Mapping[str, Any], **more: Any) -> Found:
    (one,) = run(result, **{"rules": RULES, **more}).found
    return one


def refused(content: bytes) -> tuple[Why, str]:
    with pytest.raises(UnanswerableError) as raised:
        read(content)
    reason = raised.value.reason
    assert (reason.parameters["source"], reason.parameters["file"]) == ("codeql", "code.sarif")
    assert "code.sarif" in sentence(reason)
    return reason.why, str(reason.parameters.get("what", ""))


def test_a_run_without_a_finding_is_read_whole() -> None:
    assert run() == Run(
        file="code.sarif", tool="CodeQL", found=(), undecided=0, completed=True, ended_at=ENDED, commits=()
    )


def test_a_finding_has_its_level_rule_and_place() -> None:
    one = found(a_result("error"))
    assert (one.level, one.score, one.suppressed, one.rule, one.place) == ("error", None, False, "r1", "src/app.py:12")


@pytest.mark.parametrize(
    ("result", "level"),
    [
        (a_result(None, "r0"), "error"),
        (a_result(None, "r1"), "note"),
        (a_result(None, "r2"), "warning"),
        (a_result(None, "unknown"), "warning"),
        (a_result("note", "r0"), "note"),
        (a_result(None, "r0/part/of/it"), "error"),
        ({"ruleIndex": 1}, "note"),
        ({"rule": {"index": 1}}, "note"),
        ({"rule": {"id": "r0"}}, "error"),
        ({"ruleId": "r0", "ruleIndex": -1}, "error"),
        ({"ruleId": "r0/part", "ruleIndex": 0}, "error"),
        ({"ruleIndex": 1, "rule": {"toolComponent": {"name": "CodeQL"}}}, "note"),
        ({}, "warning"),
    ],
)
def test_a_result_without_a_level_has_that_of_its_rule_and_else_warns(result: Mapping[str, Any], level: str) -> None:
    assert found(result).level == level


def test_a_rule_of_an_extension_is_found_by_its_component() -> None:
    tool = {
        "driver": {"name": "CodeQL", "rules": [{"id": "r0"}]},
        "extensions": [{"name": "pack", "rules": [{"id": "r9", "defaultConfiguration": {"level": "error"}}]}],
    }
    assert found({"rule": {"id": "r9", "index": 0, "toolComponent": {"index": 0}}}, tool=tool).level == "error"
    assert found({"ruleId": "r9"}, tool=tool).level == "error"


def test_of_two_rules_of_one_id_the_graver_counts() -> None:
    rules = ({"id": "r0", "properties": {"security-severity": 2}}, *RULES)
    one = found(a_result(None, "r0"), rules=rules)
    assert (one.level, one.score) == ("error", 9.8)


@pytest.mark.parametrize(
    ("descriptor", "level"), [({"id": "r0"}, "note"), ({"index": 0}, "note"), ({"id": "r1"}, "error")]
)
def test_an_invocation_may_set_the_level_of_a_rule(descriptor: Mapping[str, Any], level: str) -> None:
    override = {"descriptor": descriptor, "configuration": {"level": "note"}}
    invocation = {"executionSuccessful": True, "ruleConfigurationOverrides": [override]}
    assert found(a_result(None, "r0"), invocations=[invocation]).level == level


@pytest.mark.parametrize(
    ("score", "kept"), [("7.0", 7.0), (7, 7.0), (6.95, 7.0), ("4.1", 4.1), (1.1, 1.1), ("0.0", 0.0), ("1e-300", 0.1)]
)
def test_a_score_is_rounded_up_to_a_tenth(score: object, kept: float) -> None:
    assert found(a_result(rule="r", properties={"security-severity": score})).score == kept


def test_the_higher_score_of_rule_and_result_counts() -> None:
    assert found(a_result(rule="r0", properties={"security-severity": "2.0"})).score == 9.8
    assert found(a_result(rule="r0", properties={"security-severity": "9.9"})).score == 9.9


@pytest.mark.parametrize(
    ("suppressions", "suppressed"),
    [
        ([], False),
        (None, False),
        ([{"kind": "inSource"}], True),
        ([{"kind": "external", "status": "accepted"}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], False),
    ],
    ids=["none", "null", "in-source", "accepted", "under-review", "rejected"],
)
def test_a_suppression_counts_once_it_is_accepted(suppressions: object, suppressed: bool) -> None:
    assert found(a_result(suppressions=suppressions)).suppressed is suppressed


@pytest.mark.parametrize("kind", ["pass", "notApplicable", "informational"])
def test_what_is_no_finding_is_none(kind: str) -> None:
    assert run(a_result(None, kind=kind), a_result("none", kind=kind)).found == ()


def test_a_level_makes_a_finding_of_any_kind() -> None:
    assert found(a_result("error", kind="pass")).level == "error"
    assert found(a_result("error", kind="review")).level == "error"


@pytest.mark.parametrize("kind", ["open", "review"])
def test_what_asks_a_person_is_counted_apart(kind: str) -> None:
    one = run(a_result(None, kind=kind), a_result())
    assert (one.undecided, len(one.found)) == (1, 1)


def test_a_finding_that_is_gone_is_none() -> None:
    assert run(a_result(baselineState="absent")).found == ()
    assert len(run(*(a_result(baselineState=state) for state in ("new", "unchanged", "updated"))).found) == 3


def ended(*invocations: Mapping[str, Any]) -> tuple[bool | None, datetime | None]:
    one = run(invocations=list(invocations))
    return one.completed, one.ended_at


def test_every_invocation_must_have_ended_well_and_the_earliest_end_counts() -> None:
    good = {"executionSuccessful": True, "endTimeUtc": "2025-08-01T09:00:00Z"}
    later = {"executionSuccessful": True, "endTimeUtc": "2025-08-01T12:00:00+02:00"}
    early = {"executionSuccessful": True, "startTimeUtc": "2025-08-01T08:00:00Z"}
    assert ended(good, later, early) == (True, datetime(2025, 8, 1, 8, tzinfo=UTC))
    assert ended(good, {**later, "executionSuccessful": False}) == (False, ENDED)
    assert ended(good, {"executionSuccessful": True}) == (True, None)
    assert ended() == (None, None)


@pytest.mark.parametrize("key", ["toolExecutionNotifications", "toolConfigurationNotifications"])
@pytest.mark.parametrize(("level", "completed"), [("error", False), ("warning", True), (None, True)])
def test_a_notification_of_an_error_means_that_it_did_not_end_well(
    key: str, level: str | None, completed: bool
) -> None:
    invocation = {"executionSuccessful": True, key: [{"level": level}]}
    assert run(invocations=[invocation]).completed is completed


def test_it_may_say_of_which_commits_it_is() -> None:
    provenance = [{"repositoryUri": "https://x", "revisionId": COMMIT.upper()}, {"repositoryUri": "https://y"}]
    assert run(versionControlProvenance=provenance).commits == (COMMIT,)


def test_every_run_of_a_log_is_read() -> None:
    runs = read(sarif(a_run(), a_run(tool={"driver": {"name": "Semgrep"}})))
    assert [one.tool for one in runs] == ["CodeQL", "Semgrep"]


def test_a_byte_order_mark_is_read_over() -> None:
    assert len(read(b"\xef\xbb\xbf" + sarif(a_run()))) == 1


def test_texts_that_could_break_a_line_or_fill_a_page_are_cut() -> None:
    one = found(a_result(rule="a\n::error::b\x1b[31m" + "c" * 500))
    assert one.rule.startswith("a ::error::b [31m")
    assert len(one.rule) == 120


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", Why.FILE_TRUNCATED),
        (b"{", Why.FILE_TRUNCATED),
        (sarif(a_run())[:-1], Why.FILE_TRUNCATED),
        (sarif(a_run())[:30], Why.FILE_TRUNCATED),
        (b"<testsuites/>", Why.REPORT_NOT_JSON),
        (sarif(a_run()) + b"x", Why.REPORT_NOT_JSON),
        (sarif(), Why.REPORT_NO_RUN),
        (b'{"version": "2.1.0"}', Why.REPORT_NO_RUN),
        (b'{"version": "2.1.0", "runs": null}', Why.REPORT_NO_RUN),
    ],
    ids=["empty", "brace", "cut", "cut-early", "xml", "more", "no-runs", "no-key", "null-runs"],
)
def test_what_is_no_whole_report_has_its_own_reason(content: bytes, why: Why) -> None:
    assert refused(content)[0] is why


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[]", "no object"),
        (sarif(a_run(), version="2.0.0"), "the version 2.0.0"),
        (b'{"runs": []}', "the version None"),
        (b"\xff\xfe{}", "bytes that are not UTF-8"),
        (b'{"version": "2.1.0", "version": "2.1.0"}', "a key that stands there twice"),
        (b'{"version": NaN}', "NaN"),
        (b'{"version": -Infinity}', "-Infinity"),
        (b'{"a": ' + b"1" * 5000 + b"}", "a number with too many digits"),
        (b"[" * 100_000, "more levels than are read"),
        (b'{"version":' * 100_000, "more levels than are read"),
        (sarif(inlineExternalProperties=[{"results": []}]), "properties outside of its runs"),
        (sarif(a_run(), runs={}), "`runs` that is no list"),
        (sarif(a_run(), runs=[1]), "a run that is no object"),
        (sarif(a_run(tool={})), "a run whose tool has no name"),
        (sarif(a_run(tool={"driver": {"name": " \n"}})), "a run whose tool has no name"),
        (sarif(a_run(tool=None)), "a run whose tool has no name"),
        (sarif(a_run(results=None)), "a run without a list of results: the scan may not have taken place"),
        (sarif(a_run(results={})), "`results` that is no list"),
        (sarif(a_run("x")), "`results` with something else than objects"),  # type: ignore[arg-type]
        (sarif(a_run(externalPropertyFileReferences={"results": [{}]})), "a run that keeps parts in other files"),
        (sarif(a_run(a_result("fatal"))), "the level fatal"),
        (sarif(a_run(a_result(3))), "`level` that is no text"),  # type: ignore[arg-type]
        (sarif(a_run(a_result(kind="maybe"))), "a result of the kind maybe"),
        (sarif(a_run(a_result(baselineState="old"))), "a result of the state old"),
        (sarif(a_run(a_result(suppressions=[{"status": "lost"}]))), "a suppression of the status lost"),
        (sarif(a_run(a_result(suppressions=[True]))), "`suppressions` with something else than objects"),
        (sarif(a_run({"ruleIndex": 3}, rules=RULES)), "a result whose rule is not the one of its index"),
        (sarif(a_run({"ruleIndex": True}, rules=RULES)), "`index` that is no index"),
        (sarif(a_run({"ruleIndex": -2}, rules=RULES)), "`index` that is no index"),
        (
            sarif(a_run({"ruleIndex": 0, "ruleId": "r1"}, rules=RULES)),
            "a result whose rule is not the one of its index",
        ),
        (
            sarif(a_run({"rule": {"index": 0, "toolComponent": {"index": 0}}})),
            "a rule of a component that is not there, or has no index",
        ),
        (
            sarif(a_run({"rule": {"index": 0, "toolComponent": {"name": "pack"}}})),
            "a rule of a component that is not there, or has no index",
        ),
        (sarif(a_run(a_result(rule="r" * 1001))), "the id of a rule of 1001 characters"),
        (
            sarif(a_run(invocations=[{}])),
            "an invocation that does not say whether it was successful",
        ),
        (
            sarif(a_run(invocations=[{"executionSuccessful": "true"}])),
            "an invocation that does not say whether it was successful",
        ),
        (
            sarif(a_run(invocations=[{"executionSuccessful": True, "endTimeUtc": "2025-08-01T09:00:00"}])),
            "2025-08-01T09:00:00, which is no instant with a zone",
        ),
        (
            sarif(a_run(invocations=[{"executionSuccessful": True, "endTimeUtc": "0001-01-01T00:00:00+23:00"}])),
            "0001-01-01T00:00:00+23:00, which is no instant with a zone",
        ),
    ],
    ids=lambda one: one[:40].replace(" ", "-") if isinstance(one, str) else "",
)
def test_what_can_not_be_judged_is_refused_and_says_what(content: bytes, what: str) -> None:
    assert refused(content) == (Why.REPORT_NOT_SARIF, what)


@pytest.mark.parametrize("score", ["high", "-1", "10.1", "NaN", "sNaN", "Infinity", True, [], {}, "", "1e400"])
def test_a_score_that_is_none_is_refused(score: object) -> None:
    why, what = refused(sarif(a_run(a_result(properties={"security-severity": score}))))
    assert why is Why.REPORT_NOT_SARIF
    assert what.startswith("the security-severity ")


def test_many_results_and_rules_are_read_one_by_one() -> None:
    """A rule is looked up, and never searched for: 20,000 of each are a matter of a second, not of minutes."""
    rules = tuple({"id": f"r{number}"} for number in range(20_000))
    results = [{"ruleId": f"r{number}/part", "level": "note"} for number in range(20_000)]
    content = json.dumps({"version": "2.1.0", "runs": [a_run(*results, rules=rules)]}).encode()
    (one,) = read(content)
    assert len(one.found) == 20_000
