"""The documents and issues that follow a merge: filled with what is known, and harmless whatever it is."""

from datetime import timedelta
from typing import Any

from builders.records import DECIDABLE, a_passed_record
from builders.small import V1, V2
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import (
    Actor,
    Admitted,
    Confirmed,
    PromotedVersion,
    StageClosed,
    StageStarted,
    Unverified,
    WaivedCriterion,
)
from model_ratchet.engine.record import digest
from model_ratchet.engine.story import stories
from model_ratchet.report.incident import incident_body, incident_title
from model_ratchet.report.outcome import outcome, outcome_path

DIGEST = f"sha256:{'a' * 64}"
COMMIT = "c" * 40
HOUR = timedelta(hours=1)
OF: dict[str, Any] = {"model": "demo", "candidate": Version.parse(V2), "pull": 7}
PROMOTED = PromotedVersion(
    **OF,
    at=DECIDABLE + 5 * HOUR,
    by=Actor(login="bob", id=2),
    baseline=Version.parse(V1),
    commit=COMMIT,
    tree=COMMIT,
    record=digest(a_passed_record()),
)
EVENTS = (
    Admitted(
        **OF, at=DECIDABLE, baseline=Version.parse(V1), digest=DIGEST, policy=PolicyName.parse("small/1.0.0"), attempt=2
    ),
    StageStarted(**OF, at=DECIDABLE + HOUR, stage="canary", share=0.05, mirror=1.0),
    Confirmed(**OF, at=DECIDABLE + HOUR, stage="canary"),
    StageClosed(**OF, at=DECIDABLE + 3 * HOUR, stage="canary", outcome="passed", record=DIGEST),
    PROMOTED,
    WaivedCriterion(**OF, at=PROMOTED.at, waiver="memory", criterion="memory"),
)


def test_the_document_tells_the_story_and_asks_the_rest() -> None:
    text = outcome(stories(EVENTS)["demo"], PROMOTED, a_passed_record())
    rows = [line for line in text.splitlines() if line.startswith("| 20")]
    assert [row.split(" | ")[1].removesuffix(" |").partition(" <code>")[0] for row in rows] == [
        "admitted, attempt 2 against",
        "canary started: 5 % of users, 100 % of requests mirrored",
        "canary closed: passed, record",
        "merged as #7 by bob, commit",
    ]
    titles = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "Deployment timeline and results",
        "Performance against the previous version",
        "Lessons learned and recommendations",
        "Updated operational procedures",
    ]
    assert "Passed by the waiver <code>memory</code>" in text
    assert text.count("TODO") == 9
    assert "| accuracy-improvement | canary |" in text
    assert outcome_path("demo", V2) == f"promotions/demo/outcomes/{V2}.md"


def test_without_a_record_nothing_is_said_of_its_numbers() -> None:
    text = outcome(stories(EVENTS)["demo"], PROMOTED, None)
    assert "No verdict vouches for this version" in text
    assert "accuracy" not in text


def test_an_incident_shows_what_somebody_pushed_as_text() -> None:
    event = Unverified(
        at=DECIDABLE, model="a-->![x](http://evil)@team", commit=COMMIT, because="<b>#1</b>\n::error::x", version=None
    )
    body = incident_body(event, "https://github.com/acme/models/actions/runs/1")
    marker, *rest = body.split("\n")
    assert marker.count("-->") == 1
    assert not any(part in "\n".join(rest) for part in ("<b>", "](http://evil", "@team", "\n::error"))
    assert "\n" not in incident_title(event)
