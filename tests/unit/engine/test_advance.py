"""The next step of an attempt: what lets it on, what ends it, and what only waits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builders.records import a_leaf
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Branch, Verdict
from model_ratchet.documents.events import Admitted, Confirmed, Event, Extended, Hold, StageClosed, StageStarted
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.advance import Close, End, Extend, Situation, Start, Step, Wait, next_steps
from model_ratchet.engine.bind import Documents, bind
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.sign_off import Entry
from model_ratchet.engine.story import Story, stories

AT = datetime(2025, 8, 1, tzinfo=UTC)
ONE, TWO, THREE = (Version.parse(f"v{major}.0.0_20250101_000000") for major in (1, 2, 3))
DIGEST = "sha256:" + "a" * 64
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
merge_within: 72h
extend: {by: 24h, at_most: 1}
stages:
  - {name: shadow, mirror: 100%, lasts: 24h, enter: [owner]}
  - {name: canary, traffic: 5%, lasts: 48h, enter: [owner, risk]}
gates:
  - name: performance
    criteria:
      - {id: better, kind: superiority, metric: accuracy, by: 2pp, stage: canary}
      - {id: shadow-errors, kind: rate_limit, metric: errors, below: 5%, stage: shadow}
      - {id: error-rate, kind: rate_limit, metric: errors, below: 5%}
  - name: papers
    before: merge
    criteria: [{id: risk-note, kind: documents, require: {risk: []}}]
  - name: sign-off
    criteria: [{id: risk, kind: approval, role: risk}]
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [small/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: requests, request_id: id, arm: version, exposure: {column: mode}}
assignment: user
metrics:
  accuracy: {kind: proportion, score: p, threshold: "> 0.5", label: late}
  errors: {kind: proportion, column: error}
roles: {risk: ["@acme/risk"], owner: ["@acme/ml"]}
"""
REQUEST = f"""\
apiVersion: ratchet/v1
kind: PromotionRequest
model: demo
candidate: {TWO}
baseline: {ONE}
policy: small/1.0.0
owner: ml
artifact: {{uri: "s3://models/2", digest: "{DIGEST}"}}
"""


def at(hours: float) -> datetime:
    return AT + timedelta(hours=hours)


def admitted(candidate: Version = TWO) -> Admitted:
    policy = PolicyName.parse("small/1.0.0")
    return Admitted(
        at=AT, model="demo", candidate=candidate, baseline=ONE, digest=DIGEST, policy=policy, attempt=1, pull=12
    )


def started(hours: float, stage: str, share: float = 0.0, candidate: Version = TWO) -> tuple[Event, Event]:
    return (
        StageStarted(at=at(hours), model="demo", candidate=candidate, stage=stage, share=share),
        Confirmed(at=at(hours), model="demo", candidate=candidate, stage=stage),
    )


def closed(hours: float, stage: str) -> StageClosed:
    return StageClosed(at=at(hours), model="demo", candidate=TWO, stage=stage, outcome="passed", record=DIGEST)


SHADOW = (admitted(), *started(0, "shadow"))
CANARY = (*SHADOW, closed(25, "shadow"), *started(25, "canary", 0.05))


def entry(role: str, hours: float) -> Entry:
    return Entry(role, f"{role}-person", at(hours))


BOTH = (entry("owner", 24.5), entry("risk", 24.5))


def situation(
    *events: Event, hours: float, outcomes: dict[str, Outcome] | None = None, entries: Sequence[Entry] = BOTH
) -> Situation:
    """The demo at an hour; every criterion passed but those whose outcome is given."""
    policy, model, request = (
        read(kind, path, text.encode())
        for kind, path, text in (
            (Policy, "policies/small/1.0.0.yaml", POLICY),
            (ModelFile, "policies/models/demo.yaml", MODEL),
            (PromotionRequest, f"promotions/demo/{TWO}/promotion.yaml", REQUEST),
        )
    )
    assert isinstance(policy, Policy), policy
    assert isinstance(model, ModelFile), model
    assert isinstance(request, PromotionRequest), request
    story = stories(events).get("demo", Story(model="demo"))
    attempt = story.attempt(str(TWO))
    documents = Documents(policy=policy, model=model, request=request, sources=None)
    plan = bind(documents, attempt.history if attempt is not None else None, now=at(hours))
    assert isinstance(plan, Plan), plan
    said = outcomes or {}
    gates = []
    for gate in plan.gates:
        leaves = tuple(
            a_leaf(one, outcome, because(Why.HOLDS if outcome is Outcome.PASSED else Why.TOO_FEW_ROWS, rows=1, least=2))
            for one in gate.criteria
            for outcome in [said.get(one.criterion.id, Outcome.PASSED)]
        )
        gates.append(Branch(name=gate.name, leaves=leaves, outcome=worst(leaf.outcome for leaf in leaves)))
    whole = worst(gate.outcome for gate in gates)
    verdict = Verdict(gates=tuple(gates), evidence_outcome=whole, sign_off_outcome=Outcome.PASSED)
    return Situation(policy=policy, plan=plan, verdict=verdict, story=story, entries=entries)


def the_wait(steps: tuple[Step, ...]) -> Wait:
    step = steps[-1]
    assert isinstance(step, Wait)
    return step


def test_an_attempt_begins_where_whoever_enters_it_has_approved() -> None:
    assert next_steps(situation(hours=0, entries=[entry("owner", -5)])) == (Start("shadow", 0.0, 1.0, admits=True),)
    refused = the_wait(next_steps(situation(hours=0, entries=[entry("risk", -5)])))
    assert (refused.refused, refused.because) == (True, "shadow needs the approval of owner")


def test_an_approval_from_before_the_evidence_does_not_let_into_the_next_stage() -> None:
    early = situation(*SHADOW, hours=25, entries=[entry("owner", 24.5), entry("risk", 23)])
    close, wait = next_steps(early)
    assert close == Close("shadow", Outcome.PASSED)
    assert the_wait((wait,)).because == "canary needs the approval of risk, given after 2025-08-02T00:00Z"
    assert next_steps(situation(*SHADOW, hours=25))[1] == Start("canary", 0.05, 0.0)


def test_who_approves_later_lets_a_closed_stage_go_on_without_closing_it_again() -> None:
    events = (*SHADOW, closed(25, "shadow"))
    late = [entry("owner", 30), entry("risk", 30)]
    assert next_steps(situation(*events, hours=31, entries=late)) == (Start("canary", 0.05, 0.0),)


def test_the_slot_in_traffic_holds_one_candidate() -> None:
    other = (admitted(THREE), *started(1, "canary", 0.05, THREE))
    refused = the_wait(next_steps(situation(*SHADOW, *other, hours=25)))
    assert refused.because == f"the slot in traffic is held by {THREE} (#12)"
    assert next_steps(situation(*other, hours=2)) == (Start("shadow", 0.0, 1.0, admits=True),)


def test_what_is_only_needed_for_the_merge_holds_up_no_stage() -> None:
    papers = {"risk-note": Outcome.FAILED, "risk": Outcome.PENDING}
    assert next_steps(situation(*SHADOW, hours=25, outcomes=papers))[0] == Close("shadow", Outcome.PASSED)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.FAILED, (Close("canary", Outcome.FAILED), End("canary failed: better"))),
        (Outcome.INCONCLUSIVE, (Extend("canary"),)),
        (Outcome.ERRORED, (Wait("canary could not be looked at (better), so that nothing is sealed: try again"),)),
        (Outcome.PENDING, (Wait("canary waits for better"),)),
    ],
    ids=["failed", "inconclusive", "errored", "pending"],
)
def test_a_stage_that_did_not_pass(outcome: Outcome, expected: tuple[Step, ...]) -> None:
    assert next_steps(situation(*CANARY, hours=74, outcomes={"better": outcome})) == expected


def test_after_its_last_extension_an_undecided_stage_ends_the_attempt() -> None:
    extended = Extended(at=at(74), model="demo", candidate=TWO, stage="canary")
    undecided = {"better": Outcome.INCONCLUSIVE}
    waits = the_wait(next_steps(situation(*CANARY, extended, hours=75, outcomes=undecided)))
    assert waits.until == at(25 + 72)
    ended = next_steps(situation(*CANARY, extended, hours=98, outcomes=undecided))
    assert ended == (Close("canary", Outcome.INCONCLUSIVE), End("canary ended inconclusive: better"))


def test_harm_ends_a_stage_before_its_end_and_harm_of_another_stage_does_not() -> None:
    harmed = next_steps(situation(*CANARY, hours=40, outcomes={"error-rate": Outcome.FAILED}))
    assert harmed == (Close("canary", Outcome.FAILED), End("canary failed: error-rate"))
    assert isinstance(next_steps(situation(*CANARY, hours=40, outcomes={"shadow-errors": Outcome.FAILED}))[0], Wait)


def test_a_criterion_of_all_stages_that_can_not_be_looked_at_lets_nothing_start() -> None:
    steps = next_steps(situation(*SHADOW, hours=25, outcomes={"error-rate": Outcome.ERRORED}))
    assert isinstance(steps[-1], Wait)
    assert not any(isinstance(step, Start) for step in steps)


def test_past_the_merge_window_the_last_stage_is_repeated() -> None:
    done = (*CANARY, closed(73, "canary"))
    assert the_wait(next_steps(situation(*done, hours=100))).until == at(73 + 72)
    late = [entry("owner", 150), entry("risk", 150)]
    assert next_steps(situation(*done, hours=151, entries=late)) == (Start("canary", 0.05, 0.0),)


def test_a_hold_stops_everything_but_an_end() -> None:
    hold = Hold(at=at(1), model="demo", because="incident")
    assert the_wait(next_steps(situation(*SHADOW, hold, hours=25))).because == "demo is held: incident"
    moved = situation(*SHADOW, hold, hours=25)
    facts = replace(moved.plan.facts, baseline=str(THREE))
    (end,) = next_steps(replace(moved, plan=replace(moved.plan, facts=facts)))
    assert end == End(f"the baseline moved from {ONE} to {THREE}: fresh windows are needed")
