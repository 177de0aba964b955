"""Comments of every outcome against golden files, what they hold always, and how they shrink."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.comments import (
    APPROVALS,
    CONTEXT,
    GOOD,
    HEAD,
    MEASURED,
    a_record,
    all_good,
    approved,
    awaiting_sign_off,
    facts,
    first_look,
    mixed,
    reviews,
    with_,
)
from builders.markup import AFTERWARDS, by_github, by_markdown_it
from builders.records import DECIDABLE, SEGMENTS, a_leaf, a_passed_record, an_errored_record, an_estimate, bound
from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Leaf, Part, Waived
from model_ratchet.engine.judge import valid_until
from model_ratchet.engine.record import Record
from model_ratchet.report.check import Check
from model_ratchet.report.comment import BUDGET, as_markdown, comment
from model_ratchet.report.detail import CommentContext, Detail
from model_ratchet.report.marker import read_marker
from model_ratchet.report.notes import RollbackNote
from model_ratchet.report.promotion import promotion
from model_ratchet.report.view import view

NASTY = (
    "@acme/all #1 <img src=//e> </details> ``` | [ok](http://evil.example) ::error::x\n# <!-- ratchet:v1 --> \u202e$x$"
)
TAGS = {
    "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "a", "strong", "code", "br", "sub", "span", "details",
    "summary", "ul", "ol", "li", "blockquote",
}  # fmt: skip


def objected() -> Record:
    """Someone asks for changes, and a team can't be looked up."""
    leaves = with_(
        all_good(),
        risk=(Outcome.FAILED, {"reason": because(Why.OBJECTED, by="risk-lead")}),
        stakeholders=(Outcome.ERRORED, {"reason": because(Why.CANNOT_VERIFY, what="the members of @acme/leads")}),
    )
    return a_record(leaves, approvals=reviews("business"))


def undecided() -> Record:
    """All windows are over, and the accuracy does not decide."""
    across = because(Why.INTERVAL_ACROSS, limit="2pp", more_rows=0)
    estimate = an_estimate(0.018, 0.004, 0.032, p_value=0.012, baseline=0.6, candidate=0.618)
    leaves = with_(all_good(), accuracy_improvement=(Outcome.INCONCLUSIVE, {"reason": across, "estimate": estimate}))
    return a_record(leaves, approvals=reviews("risk"))


def first_version() -> Record:
    """Nothing to compare with, author-supplied, and under a policy that does not ask for better."""
    notes = (
        because(Why.FIRST_VERSION),
        because(Why.AUTHOR_SUPPLIED, what="the stage history"),
        because(Why.NOT_SHOWN_BETTER, policy="hotfix/1.0.0"),
        because(Why.ATTEMPT, number=3),
    )
    return a_record(all_good(), about=facts(baseline=None), reasons=notes, approvals=reviews("business", "risk"))


def waived() -> Record:
    """Memory breaks its limit, and a waiver lets it go."""
    held = Waived(
        waiver="memory-2025-08",
        reason="the new tokenizer needs it; a fix is in review",
        owner="risk",
        expires_at=DECIDABLE + timedelta(days=30),
        up_to="30%",
    )
    broken = {
        "reason": because(Why.LIMIT_BROKEN, limit="+20% of the baseline"),
        "estimate": an_estimate(1.27, 1.24, 1.3, level=0.9, n=168, scale=GOOD["memory"]["estimate"].scale),
        "waived": held,
    }
    return a_record(with_(all_good(), memory=(Outcome.FAILED, broken)), approvals=reviews("business", "risk"))


def unwaived() -> Record:
    """Memory is worse than its waiver covers, and the waiver of the error rate comes with the change."""
    broken = {
        "reason": because(Why.LIMIT_BROKEN, limit="+20% of the baseline"),
        "estimate": an_estimate(1.27, 1.24, 1.3, level=0.9, n=168, scale=GOOD["memory"]["estimate"].scale),
        "warnings": (because(Why.WAIVER_EXCEEDED, waiver="memory-2025-08", up_to="25%"),),
    }
    brought = because(Why.WAIVER_OF_CHANGE, waiver="errors-2025-08", criterion="error-rate")
    good = GOOD["error-rate"]
    leaves = with_(
        all_good(), memory=(Outcome.FAILED, broken), error_rate=(Outcome.PASSED, {**good, "warnings": (brought,)})
    )
    return a_record(leaves, approvals=reviews("business", "risk"))


CHECKS: dict[str, Callable[[], Check]] = {
    "passed": lambda: Check(records=(approved(),)),
    "waived": lambda: Check(records=(waived(),)),
    "unwaived": lambda: Check(records=(unwaived(),)),
    "first-version": lambda: Check(records=(first_version(),)),
    "pending": lambda: Check(records=(first_look(),)),
    "awaiting-sign-off": lambda: Check(records=(awaiting_sign_off(),)),
    "objected": lambda: Check(records=(objected(),)),
    "inconclusive": lambda: Check(records=(undecided(),)),
    "errored": lambda: Check(records=(an_errored_record(),)),
    "failed": lambda: Check(records=(mixed(),)),
    "several": lambda: Check(records=(approved(), first_look(), mixed())),
    "findings": lambda: Check(
        findings=(
            Finding(
                Location("promotions/flight-delay/v2.1.0_20250818_142000/promotion.yaml", 3, 7),
                "no unit: write 2pp or 2%",
            ),
            Finding(Location("promotions/flight-delay/v2.1.0_20250818_142000/risk.md", 12, 1), NASTY),
            Finding(Location("../../<b>/@x.yaml", 1, 1), "not below promotions/"),
        )
    ),
    "rollback": lambda: Check(
        rollback=RollbackNote(
            model="flight-delay", removed=("v2.1.0_20250818_142000",), returns_to="v2.0.3_20250601_090000"
        )
    ),
    "trouble": lambda: Check(trouble=f"flight-delay: the chain has 2 heads {NASTY}"),
    "untouched": lambda: Check(untouched=True),
    "validated": lambda: Check(validated=6),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_comment_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"comments/{name}.md", comment(CHECKS[name](), CONTEXT))


@pytest.mark.parametrize("name", CHECKS)
def test_a_comment_starts_with_its_marker_and_says_the_rest_as_the_markdown_format(name: str) -> None:
    said = comment(CHECKS[name](), CONTEXT)
    assert read_marker(said) == CONTEXT.marker
    assert said.partition("\n")[2] == as_markdown(CHECKS[name](), CONTEXT)


def test_a_comment_without_a_marker_is_not_made() -> None:
    with pytest.raises(ValueError, match="needs a marker"):
        comment(CHECKS["passed"](), CommentContext())


def sound(markdown: str) -> None:
    """Well-formed, of our own tags only, linking to where we link, and silent to everything that GitHub and the runner read."""
    for parse in (by_github, by_markdown_it):
        found = parse(markdown)
        assert set(found.tags) <= TAGS, set(found.tags) - TAGS
        assert not found.unbalanced
        assert found.tags.count("h3") == 1
        for tag, attribute, value in found.attributes:
            assert (tag, attribute) in {("a", "href"), ("code", "aria-hidden")}
            assert attribute != "href" or str(value).startswith("https://github.com/acme/models")
        for name in ("mention", "reference", "emoji", "command", "link"):
            assert not AFTERWARDS[name].search(found.prose), name
        assert len(found.comments) == markdown.startswith("<!-- ")
    lines = markdown.splitlines()
    assert not any(line.startswith(("::", "##[", "```", "~~~")) for line in lines)
    assert markdown.count("<details>") == markdown.count("</details>") == markdown.count("<summary>")
    assert not {"\x1b", "\u202e", "\u200b", "\x00"} & set(markdown)


def tables(markdown: str) -> None:
    """Every line with bars is a row of a table that GitHub sees."""
    inside = [line for line in markdown.splitlines() if line.startswith("|")]
    delimiters = sum(set(line) <= set("|-") for line in inside)
    assert by_github(markdown).tags.count("tr") == len(inside) - delimiters


@pytest.mark.parametrize("name", CHECKS)
def test_a_comment_is_sound(name: str) -> None:
    said = comment(CHECKS[name](), CONTEXT)
    sound(said)
    tables(said)


@pytest.mark.parametrize("name", ["passed", "failed", "several"])
def test_everything_folded_is_closed(name: str) -> None:
    assert "<details open" not in comment(CHECKS[name](), CONTEXT)


def test_the_drawings_are_hidden_from_screen_readers_and_the_numbers_are_not() -> None:
    found = by_github(comment(CHECKS["failed"](), CONTEXT))
    drawn = [value for tag, name, value in found.attributes if (tag, name) == ("code", "aria-hidden")]
    assert drawn
    assert set(drawn) == {"true"}
    assert "548 ms, asked: p95 ≤ 500ms" in found.text
    assert "531 to 566 ms (90 %)" in found.text


def test_a_failing_criterion_leads_to_its_line_in_the_policy_of_the_base() -> None:
    said = comment(CHECKS["failed"](), CONTEXT)
    assert f"(https://github.com/acme/models/blob/{CONTEXT.base_commit}/policies/standard/1.0.0.yaml#L23)" in said


def test_a_finding_leads_to_its_line_at_the_head_and_never_outside_the_repository() -> None:
    said = comment(CHECKS["findings"](), CONTEXT)
    folder = f"https://github.com/acme/models/blob/{HEAD}/promotions/flight-delay/v2.1.0_20250818_142000"
    assert f"({folder}/promotion.yaml#L3)" in said
    assert f"({folder}/risk.md?plain=1#L12)" in said
    assert not [value for _, name, value in by_github(said).attributes if name == "href" and ".." in str(value)]


def test_waivers_come_before_everything_else_that_is_listed() -> None:
    said = comment(CHECKS["waived"](), CONTEXT)
    assert said.index("**Waived: memory**") < said.index("| stage | when |")
    for word in ("the new tokenizer needs it", "**risk**", "up to 30%", "2025-09-08 00:00 UTC"):
        assert word in said


@pytest.mark.parametrize("detail", Detail)
def test_every_waiver_is_there_however_little_a_comment_says(detail: Detail) -> None:
    held, refused = ("\n".join(promotion(view(one), CONTEXT, detail)) for one in (waived(), unwaived()))
    assert "**Waived: memory**" in held
    assert "**memory**: the waiver memory" in refused
    assert "**error-rate**: the waiver errors" in refused
    assert refused.count("the waiver memory") == 1


@pytest.mark.parametrize(
    ("window", "revoked", "then"),
    [
        (timedelta(hours=72), None, "after that its last stage must be repeated"),
        (timedelta(days=40), None, "then the waiver memory-2025-08 expires"),
        (timedelta(hours=72), timedelta(hours=72), "then its policy is revoked"),
    ],
    ids=["window", "waiver", "revocation"],
)
def test_a_passed_comment_says_what_ends_the_verdict(window: timedelta, revoked: timedelta | None, then: str) -> None:
    record = waived()
    since = because(Why.TO_BE_REVOKED, policy="p", since=(DECIDABLE + (revoked or window * 2)).isoformat(), because="x")
    plan = replace(record.plan, valid_until=DECIDABLE + window, reasons=(since,))
    verdict = replace(record.verdict, valid_until=valid_until(plan, record.verdict.gates))
    said = comment(Check(records=(replace(record, plan=plan, verdict=verdict),)), CONTEXT)
    assert f"**; {then}" in said.replace("\u200b", "")


def test_what_is_true_of_the_pull_request_is_said_first() -> None:
    context = replace(CONTEXT, draft=True, superseded_by="ab" * 20, waiting_for="a slot, held by #7, and @acme/all")
    said = comment(CHECKS["pending"](), context)
    sound(said)
    assert said.index("**Superseded**") < said.index("**Waiting**") < said.index("**Draft**") < said.index("### ")
    assert "#7" not in said


def test_an_address_that_is_no_plain_web_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no address"):
        CommentContext(report="javascript:alert(1)")


def test_without_addresses_nothing_is_linked() -> None:
    assert "](" not in as_markdown(CHECKS["failed"]())


def test_several_promotions_stand_in_one_table_worst_first() -> None:
    said = comment(CHECKS["several"](), CONTEXT)
    rows = re.findall(r"^\| (?:❌|⏳|✅) (\w+) \|", said, re.MULTILINE)
    assert rows == ["failed", "pending", "passed"]
    assert said.count("### ") - said.count("#### ") == 1


def many(name: str, said: str, *, criteria: int = 30, segments: int = 500) -> Record:
    """So many criteria, each failed in so many segments, all named and described by somebody else."""
    bounds = [
        bound(SEGMENTS | {"id": f"s{index}", "advisory": False}, "stability", "canary", pooled=True)
        for index in range(criteria)
    ]
    harmed = an_estimate(-0.041, -0.06, -0.022, baseline=0.61, candidate=0.569)
    reason = because(Why.CRASHED, what=said)
    parts = tuple(
        Part(name=f"{name} {index}", outcome=Outcome.FAILED, estimate=harmed, reason=reason)
        for index in range(segments)
    )
    leaves: list[Leaf] = [
        replace(
            a_leaf(one, Outcome.FAILED, reason, estimate=harmed, parts=parts, warnings=(reason,) * 4),
            id=one.criterion.id,
        )
        for one in bounds
    ]
    return a_record(
        [*leaves, *all_good()[-len(APPROVALS) :]],
        bounds=[*bounds, *APPROVALS],
        reasons=(reason,) * 40,
        about=facts(model=name, candidate=name, baseline=said),
    )


@pytest.mark.parametrize(
    ("name", "said", "segments"), [("origin=EWR", "a word", 500), (NASTY, NASTY * 4, 500), ("@" * 9000, "$" * 9000, 20)]
)
def test_500_segments_in_30_criteria_fit_and_keep_what_matters(name: str, said: str, segments: int) -> None:
    shown = comment(Check(records=(many(name, said, segments=segments),)), CONTEXT)
    assert len(shown) <= BUDGET
    sound(shown)
    tables(shown)
    found = by_github(shown)
    assert "Failed" in found.text
    assert CONTEXT.report is not None
    assert CONTEXT.report in shown
    assert all(re.search(rf"\bs{index}\b", found.text) for index in range(30))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.text(min_size=1, max_size=2000),
    said=st.text(alphabet="@#<>[]()!`|\\*_~$&:;.-+=/ \n0a", max_size=2000),
    budget=st.integers(45_000, 70_000),
)
def test_whatever_is_said_the_comment_fits_and_is_sound(name: str, said: str, budget: int) -> None:
    record = many("x", said, criteria=12, segments=20)
    record = replace(record, plan=replace(record.plan, facts=replace(record.plan.facts, model=name, candidate=said)))
    shown = as_markdown(Check(records=(record,)), CONTEXT, budget=budget)
    assert len(shown) <= budget
    sound(shown)
    tables(shown)


@pytest.mark.parametrize("said", ["a word", "$" * 900])
def test_hundreds_of_promotions_and_findings_fit(said: str) -> None:
    record = many(said, said, criteria=1, segments=1)
    findings = tuple(Finding(Location(said.replace(" ", "/"), index + 1), said) for index in range(1000))
    for check in (Check(records=(record,) * 200), Check(findings=findings)):
        shown = comment(check, CONTEXT)
        assert len(shown) <= BUDGET
        sound(shown)
        assert CONTEXT.report is not None
        assert CONTEXT.report in shown


def at(detail: Detail) -> str:
    """The comment of a mixed promotion on one step of the ladder."""
    from model_ratchet.report import comment as module

    return module._text(module._body(CHECKS["failed"](), CONTEXT)(detail))


STEPS = {
    Detail.NO_EVIDENCE: "Evidence and digests",
    Detail.NO_PASSED: "<details><summary>✅",
    Detail.FEW_WARNINGS: "the rows look clustered",
    Detail.NO_DETAILS: "<code aria-hidden",
    Detail.ONE_LINE: "| stage | when |",
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_leaves_out_what_its_name_says_and_no_step_before_does(step: Detail) -> None:
    assert STEPS[step] in at(Detail(step - 1))
    assert STEPS[step] not in at(step)


def test_parts_go_before_the_details_of_a_criterion() -> None:
    check = Check(records=(many("origin=EWR", "a word", criteria=2, segments=3),))
    from model_ratchet.report import comment as module

    body = module._body(check, CONTEXT)
    assert "↳" in module._text(body(Detail.FEW_WARNINGS))
    assert "↳" not in module._text(body(Detail.NO_PARTS))
    assert "<code aria-hidden" in module._text(body(Detail.NO_PARTS))


@pytest.mark.parametrize("detail", Detail)
def test_every_step_is_sound_and_keeps_the_verdict_and_what_fails(detail: Detail) -> None:
    said = at(detail)
    sound(said)
    for word in ("### ❌ Failed", "latency-p95", "segments", "documents", "accuracy-improvement"):
        assert word in said


def test_the_steps_only_ever_shorten() -> None:
    lengths = [len(at(detail)) for detail in Detail]
    assert lengths == sorted(lengths, reverse=True)


def test_a_waived_criterion_is_not_among_those_that_hold_it_up() -> None:
    said = as_markdown(Check(records=(a_passed_record(),)))
    assert "What holds it up" not in said
    assert "**segments** is failed" in said


def test_every_criterion_of_the_sample_is_judged_somewhere() -> None:
    said = comment(CHECKS["failed"](), CONTEXT)
    assert all(one.criterion.id in said for one in (*MEASURED, *APPROVALS))
