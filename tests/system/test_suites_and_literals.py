"""Edge cases from JUnit XML and values that the request states, in a real repository, from the documents to the reports."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import production
from builders.production import BASELINE, CANDIDATE, DECIDABLE, STAGES, Truth
from builders.repositories import Repo, a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.rejudge import rejudge, write_records
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf
from model_ratchet.report import render
from model_ratchet.report.check import Check

FORMS = ("text", "markdown", "json", "junit", "sarif", "github")
POLICY_FILE, MODEL_FILE = "policies/standard/1.0.0.yaml", "policies/models/fraud.yaml"
REQUEST_FILE = f"promotions/fraud/{CANDIDATE}/promotion.yaml"
ALLOWED = ("trust: {at_least: fetched}", "trust: {at_least: author-supplied}")
BATCHES = ("column: duration_ms, unit: ms, source: batches}", "unit: ms, source: claims}")
CASES = ("edge_cases: {source: edge_cases}", "edge_cases: {source: ci}")
SOURCES = f"""{production.SOURCES}\
  ci: {{kind: junit, path: "${{LOGS}}/reports/{{{{ version }}}}/*.xml"}}
  claims: {{kind: literal}}
"""
LITERALS = "literals:\n  durations:\n    batch_duration:\n" + "".join(
    f"      {stage}: {{candidate: {{n: 400, at_or_below: {{2000ms: 400}}, largest: 480ms}}}}\n" for stage in STAGES
)
SMALL = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
retrospective: allowed
trust: {at_least: author-supplied}
stages:
  - {name: shadow, mirror: 100%, lasts: 72h}
  - {name: canary, traffic: 5%, mirror: 100%, lasts: 7d}
  - {name: blue_green, traffic: 50%, lasts: 24h}
settle: 10m
gates:
  - name: claimed
    criteria:
      - {id: better, kind: superiority, metric: accuracy, by: 2pp, stage: canary}
      - {id: not-worse, kind: non_inferiority, metric: accuracy, margin: 1pp, stage: blue_green}
      - {id: errors, kind: rate_limit, metric: errors, below: 1%, stage: canary}
      - {id: p95, kind: quantile_limit, metric: latency, quantile: 0.95, at_most: 500ms}
      - {id: largest, kind: maximum, metric: latency, at_most: 2s}
      - {id: memory, kind: ratio_limit, metric: memory, within: 20%, stage: canary}
      - {id: edge-cases, kind: suite, suite: edge_cases}
"""
SMALL_LITERALS = """\
literals:
  suites: {edge_cases: {passed: 41, failed: 0, skipped: 0}}
  proportions:
    accuracy:
      canary: {pairs: {both: 7000, only_baseline: 400, only_candidate: 800, neither: 1800}}
      blue_green: {baseline: {successes: 4000, n: 5000}, candidate: {successes: 4200, n: 5000}}
    errors: {canary: {candidate: {successes: 1, n: 3000}}}
  durations:
    latency:
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    production.write_logs(folder, Truth())
    return folder


@pytest.fixture
def report(logs: Path) -> Callable[[str], None]:
    """Writes the candidate's report of edge cases; that of the baseline holds a failure."""

    def write(cases: str) -> None:
        for version, text in ((CANDIDATE, cases), (BASELINE, "<testcase name='old'><failure/></testcase>")):
            folder = logs / "reports" / version
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "edge.xml").write_text(f"<testsuites><testsuite name='edge'>{text}</testsuite></testsuites>")

    return write


GOOD = "<testcase classname='edge' name='missing age'/><testcase classname='edge' name='empty request'/>"


def a_proposal(
    path: Path,
    *policy: tuple[str, str],
    literals: str = LITERALS,
    model: tuple[tuple[str, str], ...] = (BATCHES, CASES),
) -> Repo:
    """A repository whose proposal binds batches to the request and edge cases to reports, with these replacements."""
    files = {**production.base_files(), "policies/sources.yaml": SOURCES, "policies/small/1.0.0.yaml": SMALL}
    files[POLICY_FILE] = replaced(str(files[POLICY_FILE]), *policy)
    files[MODEL_FILE] = replaced(str(files[MODEL_FILE]), *model)
    repo = a_repo(path / "repository", files)
    proposal = production.proposal()
    repo.branch("proposal", {**proposal, REQUEST_FILE: str(proposal[REQUEST_FILE]) + literals})
    return repo


def replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def judged(repo: Repo, logs: Path) -> Check:
    return check(CheckInput(repo=repo.path, base="main", head="proposal", now=DECIDABLE, environ={"LOGS": str(logs)}))


def leaves(checked: Check) -> dict[str, Leaf]:
    (record,) = checked.records
    return {leaf.id: leaf for gate in record.verdict.gates for leaf in gate.leaves}


def test_a_policy_that_takes_author_supplied_values_passes_them_and_says_so_everywhere(
    tmp_path: Path, logs: Path, report: Callable[[str], None]
) -> None:
    report(GOOD)
    checked = judged(a_proposal(tmp_path, ALLOWED), logs)
    (record,) = checked.records
    found = leaves(checked)
    assert record.verdict.evidence_outcome is Outcome.PASSED
    assert found["edge-cases"].outcome is Outcome.PASSED
    assert found["edge-cases"].judgement.reason.parameters["value"] == "2 of 2 cases"
    warned = {
        name for name, leaf in found.items() if any(one.why is Why.AUTHOR_SUPPLIED for one in leaf.judgement.warnings)
    }
    assert warned == {"batch-time"}
    what = [dict(reason.parameters) for reason in record.verdict.reasons if reason.why is Why.AUTHOR_SUPPLIED]
    assert what == [{"what": "the stage history"}, {"what": "metrics.batch_duration", "source": "claims"}]
    for form in FORMS:
        text = render(checked, form, width=400).replace("\\", "")
        assert "metrics.batch_duration is author-supplied: stated in the request, measured by no source" in text, form
    assert CANDIDATE not in record.evidence.queries["ci"]
    assert record.evidence.queries["ci"].startswith("edge.xml sha256:")


def test_a_record_of_reports_and_literals_is_judged_again_from_itself_alone(
    tmp_path: Path, logs: Path, report: Callable[[str], None]
) -> None:
    report(GOOD)
    checked = judged(a_proposal(tmp_path, ALLOWED), logs)
    write_records(checked, tmp_path / "record.json")
    again = rejudge(tmp_path / "record.json")
    for form in FORMS:
        assert render(again, form, width=110) == render(checked, form, width=110)
    write_records(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "record.json").read_bytes()


def test_the_shipped_policy_takes_no_value_of_a_request(tmp_path: Path, logs: Path) -> None:
    checked = judged(a_proposal(tmp_path), logs)
    (finding,) = checked.findings
    text = (production.ROOT / POLICY_FILE).read_text(encoding="utf-8").splitlines()
    assert finding.location.file == POLICY_FILE
    assert "id: batch-time" in text[finding.location.line - 1]
    assert finding.message == (
        "batch-time: metrics.batch_duration comes from the source claims, whose values are author-supplied, and this policy "
        "takes none (`trust: {at_least: fetched}`): bind it to a source that measures it"
    )


def test_a_value_of_what_is_measured_is_refused_where_it_stands(tmp_path: Path, logs: Path) -> None:
    checked = judged(a_proposal(tmp_path, ALLOWED, model=(CASES,)), logs)
    (finding,) = checked.findings
    assert finding.location.file == REQUEST_FILE
    assert finding.message == (
        "metrics.batch_duration is measured, and a request's value never stands in for a measurement: take it out"
    )


def test_values_that_are_not_stated_are_errored(tmp_path: Path, logs: Path, report: Callable[[str], None]) -> None:
    report(GOOD)
    found = leaves(judged(a_proposal(tmp_path, ALLOWED, literals=""), logs))["batch-time"]
    assert (found.outcome, found.judgement.reason.why) == (Outcome.ERRORED, Why.LITERAL_ABSENT)


@pytest.mark.parametrize(
    ("cases", "outcome", "why"),
    [
        (f"{GOOD}<testcase name='null'><error/></testcase>", Outcome.FAILED, Why.SUITE_FAILED),
        (f"{GOOD}<testcase name='null'><skipped/></testcase>", Outcome.INCONCLUSIVE, Why.SUITE_SKIPPED),
        ("", Outcome.ERRORED, Why.REPORT_EMPTY),
        (f"{GOOD}{GOOD}", Outcome.ERRORED, Why.REPORT_CASE_TWICE),
        ("<error message='collection'/>", Outcome.ERRORED, Why.REPORT_CRASHED),
    ],
)
def test_edge_cases_that_have_not_all_passed_do_not_pass(
    tmp_path: Path, logs: Path, report: Callable[[str], None], cases: str, outcome: Outcome, why: Why
) -> None:
    report(cases)
    found = leaves(judged(a_proposal(tmp_path, ALLOWED), logs))["edge-cases"]
    assert (found.outcome, found.judgement.reason.why) == (outcome, why)


def test_a_report_of_the_baseline_is_none_of_the_candidate(
    tmp_path: Path, logs: Path, report: Callable[[str], None]
) -> None:
    report(GOOD)
    (logs / "reports" / CANDIDATE / "edge.xml").unlink()
    found = leaves(judged(a_proposal(tmp_path, ALLOWED), logs))["edge-cases"]
    assert (found.outcome, found.judgement.reason.why) == (Outcome.ERRORED, Why.SOURCE_ABSENT)


def claimed(*, largest: str = "1.5s", memory: float = 205.0, won: int = 800) -> str:
    """The request's literals; ``won`` pairs are those in which only the candidate was right."""
    within = 1000 if largest == "1.5s" else 999
    durations = "".join(
        f"      {stage}: {{candidate: {{n: 1000, at_or_below: {{500ms: 980, 2s: {within}}}, largest: {largest}}}}}\n"
        for stage in STAGES
    )
    arms = (
        f"{arm}: {json.dumps([[hour, mib + hour % 3] for hour in range(24 * 7)])}"
        for arm, mib in (("baseline", 200.0), ("candidate", memory))
    )
    gauges = f"  gauges: {{memory: {{canary: {{unit: MiB, {', '.join(arms)}}}}}}}\n"
    return SMALL_LITERALS.replace("only_candidate: 800", f"only_candidate: {won}") + durations + gauges


CLAIMED = (
    ("policies: [standard/1.0.0]", "policies: [standard/1.0.0, small/1.0.0]"),
    (
        'accuracy: {kind: proportion, score: score, threshold: "> 0.5", label: label}',
        "accuracy: {kind: proportion, source: claims}",
    ),
    ("latency: {kind: duration, column: latency_ms, unit: ms}", "latency: {kind: duration, source: claims, unit: ms}"),
    ("column: error, source: gateway", "source: claims"),
    (
        "memory: {kind: gauge, source: usage, column: rss_mib, unit: MiB}",
        "memory: {kind: gauge, source: claims, unit: MiB}",
    ),
    ("edge_cases: {source: edge_cases}", "edge_cases: {source: claims}"),
)


@pytest.mark.parametrize(
    ("literals", "failing"),
    [
        (claimed(), set()),
        (claimed(largest="2.5s"), {"largest"}),
        (claimed(memory=260.0), {"memory"}),
        (claimed(won=300), {"better"}),
        (claimed().replace("failed: 0", "failed: 1"), {"edge-cases"}),
        (claimed().replace("successes: 1, n: 3000", "successes: 300, n: 3000"), {"errors"}),
        (claimed().replace("{successes: 4200, n: 5000}", "{successes: 3700, n: 5000}"), {"not-worse"}),
    ],
    ids=["good", "slow", "large", "worse", "fragile", "faulty", "worse-later"],
)
def test_every_form_of_a_literal_is_judged_by_its_criterion(
    tmp_path: Path, logs: Path, literals: str, failing: set[str]
) -> None:
    repo = a_proposal(tmp_path, literals=literals, model=CLAIMED)
    text = (repo.path / REQUEST_FILE).read_text()
    repo.commit({REQUEST_FILE: text.replace("policy: standard/1.0.0", "policy: small/1.0.0")})
    checked = judged(repo, logs)
    found = leaves(checked)
    assert {name for name, leaf in found.items() if leaf.outcome is Outcome.FAILED} == failing
    assert {name for name, leaf in found.items() if leaf.outcome is Outcome.PASSED} == found.keys() - failing
    assert all(any(one.why is Why.AUTHOR_SUPPLIED for one in leaf.judgement.warnings) for leaf in found.values())
    write_records(checked, tmp_path / "record.json")
    assert render(rejudge(tmp_path / "record.json"), "json") == render(checked, "json")
