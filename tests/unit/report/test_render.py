"""Whole reports against golden files, and what untrusted text may never do in them."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from builders.code import a_record_of_code
from builders.records import (
    ACCURACY_IMPROVEMENT,
    NOW,
    a_failed_record,
    a_leaf,
    a_passed_record,
    a_pending_record,
    a_plan,
    an_errored_record,
    an_estimate,
    performance,
)
from builders.reviewing import a_record_of_reviews
from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Branch, Verdict
from model_ratchet.documents.compare import Difference, Weight
from model_ratchet.engine.impact import Effect, Impact
from model_ratchet.engine.queue import QueuedVerdict, QueueVerdict
from model_ratchet.engine.record import Record, seal
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.log import safe
from model_ratchet.report.notes import OpenPromotion, OpenPromotions, PolicyNote, RollbackNote, RuleDifference
from model_ratchet.report.view import MARKS, UNCOUNTED, view

NASTY_ONES = ("errored", "findings", "trouble", "policies", "queue")
SUFFIXES = {
    "text": "txt",
    "markdown": "md",
    "json": "json",
    "junit": "xml",
    "sarif": "sarif",
    "github": "annotations",
}
NASTY = "<b>@acme/all</b> | `x` [y](https://evil.example)\n::error::z\u202e\x1b[2J"


def a_policy_note() -> PolicyNote:
    """A new version that is looser, stricter and odd, and a model file that lets it be used."""
    place = Location("policies/m/1.1.0.yaml", 14, 60)
    against = "policies/m/1.0.0.yaml"
    model = Location("policies/models/m.yaml", 4, 11)
    return PolicyNote(
        paths=("policies/m/1.1.0.yaml", "policies/models/m.yaml"),
        differences=(
            RuleDifference(
                place=place,
                rule="criterion fast.at_most",
                before="500ms",
                after="400ms",
                weight=Weight.STRICTER,
                against=against,
            ),
            RuleDifference(
                place=place, rule=f"criterion {NASTY}", before="2pp", after="1pp", weight=Weight.LOOSER, against=against
            ),
            RuleDifference(
                place=model, rule="metrics.errors", before="a", after="b", weight=Weight.CHANGED, against=model.file
            ),
        ),
        notes=(
            Finding(Location("policies/m/1.1.0.yaml", 3, 7), "no model file allows m/1.1.0: nobody may use it yet"),
        ),
        promotions=some_open_promotions(),
    )


def some_open_promotions() -> OpenPromotions:
    """Each effect once, one that can't be told, and two that are not touched."""
    differences = tuple(Difference((), f"rule {at}", "1pp", "2pp", Weight.STRICTER) for at in range(5))
    more: dict[Effect, dict[str, Any]] = {
        Effect.FLIPS: {"before": Outcome.PASSED, "after": Outcome.FAILED, "differences": differences},
        Effect.STRICTER: {"before": Outcome.PASSED, "after": Outcome.PASSED, "differences": differences[:1]},
        Effect.LOOSER: {"differences": differences[:2]},
        Effect.NOT_ASSESSABLE: {"needs": ("paired_counts of accuracy on canary", "a", "b", "c")},
        Effect.STARTS_AGAIN: {"pinned": ("model file", "source requests")},
        Effect.NO_LONGER_FITS: {"messages": (NASTY,)},
    }
    impacts = [Impact(model="m", candidate="v2", effect=effect, **more.get(effect, {})) for effect in reversed(Effect)]
    told = [
        OpenPromotion(pull_request=at, name="m v2", policy="m/1.1.0", impact=one) for at, one in enumerate(impacts, 2)
    ]
    trouble = OpenPromotion(pull_request=1, name="", policy="", trouble=NASTY)
    return OpenPromotions(found=(trouble, *told, replace(told[-1], pull_request=99)), left_out=3)


def a_queue() -> QueueVerdict:
    """A group of three: one may be merged, one has no verdict that holds, one is wrong."""
    reasons = (because(Why.NOT_PASSED, outcome="pending"), because(Why.SEALED_OTHERWISE, path=NASTY))
    wrong = (Finding(Location("policies/m/1.1.0.yaml", 3, 7), NASTY),)
    return QueueVerdict(
        (
            QueuedVerdict(commit="a" * 40, what="rollback of m to v1", outcome=Outcome.PASSED),
            QueuedVerdict(commit="b" * 40, what="promotion of m v2", outcome=Outcome.FAILED, reasons=reasons),
            QueuedVerdict(commit="c" * 40, what="no promotion", outcome=Outcome.FAILED, findings=wrong),
        )
    )


CHECKS: dict[str, Callable[[], Check]] = {
    "passed": lambda: Check(records=(a_passed_record(),)),
    "failed": lambda: Check(records=(a_failed_record(),)),
    "pending": lambda: Check(records=(a_pending_record(),)),
    "errored": lambda: Check(records=(an_errored_record(),)),
    "reviews": lambda: Check(records=(a_record_of_reviews(),)),
    "queue": lambda: Check(queue=a_queue()),
    "queue-passed": lambda: Check(queue=QueueVerdict(a_queue().commits[:1])),
    "queue-empty": lambda: Check(queue=QueueVerdict(())),
    "policies-alone": lambda: Check(
        untouched=True, policies=PolicyNote(paths=("policies/m/1.1.0.yaml",), promotions=OpenPromotions())
    ),
    "policies-unread": lambda: Check(
        untouched=True, policies=PolicyNote(paths=("policies/m/1.1.0.yaml",), promotions=OpenPromotions(trouble=NASTY))
    ),
    "code": lambda: Check(records=(a_record_of_code(),)),
    "findings": lambda: Check(findings=(Finding(Location("policies/a%b/1.0.0.yaml", 3, 7), NASTY),)),
    "rollback": lambda: Check(rollback=RollbackNote(model="m", removed=("v2", "v1"), returns_to="v0")),
    "rollback-beside": lambda: Check(
        rollback=RollbackNote(
            model="m",
            removed=("v2",),
            returns_to="v1",
            digest="sha256:" + "ab" * 32,
            beside=("promotions/m/outcomes/v2.md",),
        )
    ),
    "policies": lambda: Check(untouched=True, policies=a_policy_note()),
    "policies-beside": lambda: Check(records=(a_passed_record(),), policies=a_policy_note()),
    "policies-refused": lambda: Check(
        findings=(Finding(Location("policies/m/1.1.0.yaml", 9, 3), "an alert comes too late"),),
        policies=a_policy_note(),
    ),
    "trouble": lambda: Check(trouble=f"m: two heads {NASTY}"),
    "untouched": lambda: Check(untouched=True),
    "validated": lambda: Check(validated=6),
}


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", CHECKS)
def test_a_report_is_the_golden_one(name: str, form: str, golden: Callable[[str, str], None]) -> None:
    golden(f"reports/{name}.{SUFFIXES[form]}", render(CHECKS[name](), form, width=110))


@pytest.mark.parametrize("form", ["text", "markdown", "junit", "github"])
@pytest.mark.parametrize("name", NASTY_ONES)
def test_no_control_character_of_a_document_reaches_a_reader(name: str, form: str) -> None:
    shown = render(CHECKS[name](), form, width=110)
    assert not {"\x1b", "\u202e", "\x00"} & set(shown)


@pytest.mark.parametrize("name", NASTY_ONES)
def test_markdown_holds_no_markup_mention_or_link_of_a_document(name: str) -> None:
    shown = render(CHECKS[name](), "markdown")
    assert "<b>@" not in shown
    assert "@acme" not in shown
    assert "](https" not in shown
    assert "https:" not in shown


@pytest.mark.parametrize("name", NASTY_ONES)
def test_no_text_of_a_document_starts_a_workflow_command(name: str) -> None:
    shown = render(CHECKS[name](), "github")
    assert all(line.startswith("::") for line in shown.splitlines())
    assert "\n::error::z" not in shown


def test_colours_are_there_only_where_they_are_asked_for() -> None:
    check = CHECKS["failed"]()
    assert "\x1b[" in render(check, "text", width=110, colour=True)
    assert "\x1b[" not in render(check, "text", width=110, colour=False)


@pytest.mark.parametrize("name", ["failed", "pending", "reviews"])
def test_a_narrow_terminal_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"reports/{name}.60.txt", render(CHECKS[name](), "text", width=60))


def seen(check: Check, width: int) -> str:
    """The check as text, without the breaks that no eye sees, which stand where a line begins."""
    return render(check, "text", width=width).replace("\u200b", "")


@pytest.mark.parametrize("width", [90, 110, 132, 200])
@pytest.mark.parametrize("name", CHECKS)
def test_no_letter_is_lost_in_a_column(name: str, width: int) -> None:
    widest = Counter("".join(seen(CHECKS[name](), 400).split()))
    assert Counter("".join(seen(CHECKS[name](), width).split())) == widest


@pytest.mark.parametrize("width", [30, 60, 89])
@pytest.mark.parametrize("name", CHECKS)
def test_a_narrow_terminal_says_all_of_it_within_its_columns(name: str, width: int) -> None:
    check = CHECKS[name]()
    lines = seen(check, width).splitlines()
    told = "".join("".join(lines).split())
    for row in (row for record in check.records for row in view(record).rows):
        for part in (row.name, row.stage, row.estimate, row.interval, row.said, *row.notes):
            assert "".join(safe(part).split()) in told
    if not check.findings and not check.policies:  # those are one line each, for other tools
        assert [line for line in lines if len(line) > width and not line.startswith("record sha256:")] == []


def test_no_outcome_is_told_by_a_colour_alone() -> None:
    assert len({*MARKS.values(), UNCOUNTED}) == len(Outcome) + 1
    for name, check in CHECKS.items():
        for width in (60, 110):
            plain, coloured = (render(check(), "text", width=width, colour=one) for one in (False, True))
            assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split(), name


@pytest.mark.parametrize("form", ["findings", "notes", "differences"])
def test_a_finding_is_one_line_whatever_its_path_holds(form: str) -> None:
    path = "promotions/m/v1\n::set-output name=a::b\r\x1b[2J\u2028\u202e\u061c\x85/promotion.yaml"
    place, found = Location(path, 3, 1), Finding(Location(path, 3, 1), path)
    looser = RuleDifference(place=place, rule="r", before="a", after="b", weight=Weight.LOOSER, against=path)
    check = {
        "findings": Check(findings=(found,)),
        "notes": Check(untouched=True, policies=PolicyNote(paths=(), notes=(found,))),
        "differences": Check(untouched=True, policies=PolicyNote(paths=(), differences=(looser,))),
    }[form]
    shown = render(check, "text", width=60)
    (line,) = (line for line in shown.splitlines() if "promotion.yaml:3:1" in line)
    assert line.strip().split("promotions/m/")[1].startswith("v1 ::set-output name=a::b��[2J����/promotion.yaml:3:1 ")
    assert sum("set-output" in line for line in shown.splitlines()) == 1


@pytest.mark.parametrize("name", CHECKS)
def test_machine_formats_are_well_formed(name: str) -> None:
    check = CHECKS[name]()
    value = json.loads(render(check, "json"))
    assert value["outcome"] == (None if check.outcome is None else str(check.outcome))
    assert json.loads(render(check, "sarif"))["version"] == "2.1.0"
    assert ElementTree.fromstring(render(check, "junit")).tag == "testsuites"  # noqa: S314  (our own output)


def test_json_tells_findings_with_their_places() -> None:
    value = json.loads(render(CHECKS["findings"](), "json"))
    assert value["outcome"] is None
    assert value["findings"] == [{"file": "policies/a%b/1.0.0.yaml", "line": 3, "column": 7, "message": NASTY}]


def test_junit_counts_what_waits_as_a_failure() -> None:
    root = ElementTree.fromstring(render(CHECKS["pending"](), "junit"))  # noqa: S314
    suites = {suite.get("name", "").rpartition("/")[2]: suite for suite in root}
    assert suites["performance"].get("failures") == "2"
    assert suites["performance"].get("skipped") == "1"


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        ((a_passed_record,), Outcome.PASSED),
        ((a_passed_record, a_pending_record), Outcome.PENDING),
        ((a_pending_record, a_failed_record, an_errored_record), Outcome.FAILED),
    ],
)
def test_a_check_is_as_good_as_its_worst_promotion(records: tuple[Callable[[], Record], ...], outcome: Outcome) -> None:
    assert Check(records=tuple(make() for make in records)).outcome is outcome


def test_a_check_that_holds_nothing_can_not_be_made() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Check()
    with pytest.raises(ValueError, match="exactly one"):
        Check(untouched=True, trouble="x")


def of_one(text: dict[str, str], reason: Reason, estimate: Estimate) -> Record:
    gate = performance(text)
    leaf = a_leaf(gate.criteria[0], Outcome.PASSED, reason, estimate=estimate)
    branch = Branch(name=gate.name, leaves=(leaf,), outcome=Outcome.PASSED)
    verdict = Verdict(gates=(branch,), evidence_outcome=Outcome.PASSED, sign_off_outcome=Outcome.PASSED)
    return seal(a_plan(gate), Evidence(), verdict, now=NOW)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_no_p_value_of_no_difference_stands_beside_a_margin(form: str) -> None:
    margin = {"id": "a", "kind": "non_inferiority", "metric": "accuracy", "margin": "1pp", "stage": "canary"}
    estimate = an_estimate(-0.003, -0.009, 0.003, level=0.9, p_value=0.41)
    beside_margin = of_one(margin, because(Why.NOT_WORSE, margin="1pp"), estimate)
    assert "0.41" not in render(Check(records=(beside_margin,)), form, width=110)
    tested = of_one(ACCURACY_IMPROVEMENT, because(Why.BETTER, by="2pp"), estimate)
    assert "p = 0.41" in render(Check(records=(tested,)), form, width=110).replace("\\", "")


@pytest.mark.parametrize(("low", "high", "level"), [(None, None, None), (0.0254, None, None), (0.02, None, 0.95)])
def test_json_tells_the_level_of_an_interval_only(low: float | None, high: float | None, level: float | None) -> None:
    record = of_one(ACCURACY_IMPROVEMENT, because(Why.BETTER, by="2pp"), an_estimate(low=low, high=high))
    estimate = json.loads(render(Check(records=(record,)), "json"))["promotions"][0]["criteria"][0]["estimate"]
    assert estimate["level"] == level
