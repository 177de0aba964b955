"""What is known of the code of a model, with good defaults: reports on a commit, its pull requests, and scans in SARIF."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from builders.records import DECIDABLE, NOW, a_plan, bound
from builders.reviewing import a_conversation, a_review, person
from builders.scopes import some_facts
from model_ratchet.core.code import Checks, Found, Level, Reported, Scan, Tally
from model_ratchet.core.evidence import Arm, Evidence, Measurement, Missing, Need, Shape
from model_ratchet.core.reason import Reason
from model_ratchet.core.reviews import Account, Review, SourcePull
from model_ratchet.criteria.base import Facts
from model_ratchet.engine.code_review import code_reviews
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundGate
from model_ratchet.engine.record import Record, as_sealed, seal

COMMIT = "0f9a6c1d" * 5
REPOSITORY = "acme/flight-delay"
STATED = {"source.repository": REPOSITORY, "source.commit": COMMIT}
ENDED = datetime(2025, 8, 1, 9, tzinfo=UTC)


def of_code(facts: Facts, **stated: str) -> Facts:
    """The facts of a promotion whose request states its source commit, and whose model file binds a scan."""
    return replace(facts, code=(REPOSITORY,), scans=("code",), stated={**STATED, **stated}, decided_at=ENDED)


def a_report(state: str = "success", name: str = "tests", **more: Any) -> Reported:
    """A check run of GitHub Actions."""
    given: dict[str, Any] = {"app": 15368, "by": "github-actions", "at": ENDED}
    return Reported(name=name, state=state, **{**given, **more})


def a_pull(
    *reviews: Review, merged_as: str | None = None, writers: Mapping[str, bool | Reason] | None = None, **more: object
) -> SourcePull:
    """A pull request whose head is the commit; whoever reviews it may write, but for whom ``writers`` says otherwise."""
    told = a_conversation(*reviews, **{"head": COMMIT, **more})  # type: ignore[arg-type]
    may: dict[int, bool | Reason] = {review.by.id: True for review in reviews if review.by is not None}
    may |= {person(login).id: writes for login, writes in (writers or {}).items()}
    return SourcePull(told=told, merged_as=merged_as, writers=may)


def an_approval(by: str | Account | None = "bob", **more: Any) -> Review:
    """An approval of exactly the commit."""
    return a_review(by, **{"commit": COMMIT, **more})


def a_scan(*findings: Found, **more: Any) -> Scan:
    """A scan by CodeQL that ended well, with these findings."""
    kinds = dict.fromkeys((one.level, one.score, one.suppressed) for one in findings)
    given: dict[str, Any] = {
        "artefacts": (("code.sarif", "ab" * 32),),
        "tools": ("CodeQL",),
        "tallies": tuple(
            Tally(
                level=level,
                score=score,
                suppressed=suppressed,
                count=sum((one.level, one.score, one.suppressed) == (level, score, suppressed) for one in findings),
            )
            for level, score, suppressed in kinds
        ),
        "worst": findings[:20],
        "completed": True,
        "ended_at": ENDED,
    }
    return Scan(**{**given, **more})


def a_finding(level: str = "error", score: float | None = None, *, suppressed: bool = False) -> Found:
    """A finding in one place."""
    return Found(level=Level(level), score=score, suppressed=suppressed, rule="py/sql-injection", place="app.py:12")


def a_record_of_code() -> Record:
    """A check failed, one runs and one was skipped; a review is outdated; a scan found too much, and one is too old."""
    texts: tuple[dict[str, object], ...] = (
        {
            "id": "checks",
            "kind": "required_checks",
            "checks": ("tests", "lint", "performance", "licences"),
            "reviews": 1,
        },
        {
            "id": "security",
            "kind": "scan",
            "scan": "code",
            "at_most": "note",
            "score_below": 7.0,
            "suppressions": "accepted",
        },
        {"id": "compliance", "kind": "scan", "scan": "licences", "at_most": "none", "within": "7d"},
        {"id": "reviewed", "kind": "required_checks", "reviews": 1, "checks": ("tests",), "app": 7},
    )
    gate = BoundGate(name="code", criteria=tuple(bound(text, "code", pooled=True) for text in texts))
    plan = a_plan(gate, facts=replace(of_code(some_facts()), decided_at=DECIDABLE))
    states = {"tests": "failure", "lint": "in_progress", "performance": "skipped"}
    checks = {
        Need(shape=Shape.CHECKS, metric=name, arms=()): Checks(
            reported=(a_report(states[name], name),) if name in states else ()
        )
        for name in ("tests", "lint", "performance", "licences")
    }
    found = (a_finding("error", 9.1), a_finding("note"), a_finding("error", suppressed=True))
    scans = {
        Need(shape=Shape.SCAN, metric="code", arms=(Arm.CANDIDATE,)): a_scan(*found),
        Need(shape=Shape.SCAN, metric="licences", arms=(Arm.CANDIDATE,)): a_scan(
            tools=("ScanCode",), artefacts=(("licences.sarif", "cd" * 32),), ended_at=DECIDABLE - timedelta(days=9)
        ),
    }
    reviews = code_reviews(
        [a_pull(an_approval(commit="cd" * 20), an_approval("cleo"), writers={"cleo": False})], COMMIT
    )
    answers: dict[Need, Measurement | Missing] = {
        **checks,
        **scans,
        Need(shape=Shape.CODE_REVIEWS, arms=()): reviews,
    }
    plan, evidence = as_sealed(plan, Evidence(answers))
    return seal(plan, evidence, judge(plan, evidence), now=NOW)


def a_result(level: str | None = "warning", rule: str = "r1", **more: Any) -> dict[str, Any]:
    """A result of a SARIF run; ``level`` None leaves it out."""
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/app.py"}, "region": {"startLine": 12}}}
    said = {"ruleId": rule, "message": {"text": "found"}, "locations": [place]}
    return {**said, **({"level": level} if level is not None else {}), **more}


def a_run(*results: Mapping[str, Any], rules: tuple[Mapping[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    """A SARIF run by CodeQL that ended well; what is given as None is left out."""
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "CodeQL", "rules": list(rules)}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": ENDED.isoformat().replace("+00:00", "Z")}],
        "results": list(results),
    }
    return {key: value for key, value in (run | more).items() if value is not None}


def sarif(*runs: Mapping[str, Any], **more: Any) -> bytes:
    """A SARIF log."""
    return json.dumps({"version": "2.1.0", "runs": list(runs), **more}).encode()
