"""Policy, model file, request and stage history, bound into a plan or told why they don't fit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from model_ratchet.core.evidence import Arm, Interval, Need, Shape
from model_ratchet.core.fields import Model
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents, Misfit, bind, stated_history
from model_ratchet.engine.history import StageHistory, StageRun, Trust
from model_ratchet.engine.plan import Plan

START = datetime(2025, 8, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = datetime(2025, 9, 1, tzinfo=UTC)

MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [small/1.0.0]
artifact: {origins: ["s3://models/"]}
time: {column: at, timezone: UTC}
rows: {source: requests, request_id: id, arm: version, exposure: {column: mode}}
assignment: user
labels: {mature_after: 12h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, score: p, threshold: "> 0.5", label: late}
  errors: {kind: proportion, column: error}
roles: {risk: ["@acme/risk"]}
"""
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
retrospective: allowed
merge_within: 72h
stages:
  - {name: shadow, mirror: 100%, lasts: 24h}
  - {name: canary, traffic: 5%, mirror: 100%, lasts: 48h}
  - {name: blue_green, traffic: 50%, lasts: 24h}
"""
REQUEST = """\
apiVersion: ratchet/v1
kind: PromotionRequest
model: demo
candidate: v2.0.0_20250701_000000
baseline: v1.0.0_20250101_000000
policy: small/1.0.0
owner: ml
artifact: {uri: "s3://models/2", digest: "sha256:DIGEST"}
""".replace("DIGEST", "2" * 64)

SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources: {requests: {kind: table, path: "requests.parquet"}, claims: {kind: literal}}
"""

BETTER = "{id: better, kind: superiority, metric: accuracy, by: 2pp, stage: canary}"
ERRORS = "{id: error-rate, kind: rate_limit, metric: errors, below: 1%}"
RISK = "{id: risk, kind: approval, role: risk, after: canary}"
REVENUE = "{id: revenue, kind: non_inferiority, metric: revenue, margin: 1pp, when_bound: true}"


D = TypeVar("D", bound=Model)


def parsed(kind: type[D], path: str, text: str) -> D:
    found = read(kind, path, text.encode())
    assert isinstance(found, kind), found
    return found


def gate(name: str, *criteria: str, more: str = "") -> str:
    lines = "".join(f"      - {one}\n" for one in criteria)
    return f"  - name: {name}\n{more}    criteria:\n{lines}"


def documents(
    *gates: str,
    model: str = MODEL,
    policy: str = POLICY,
    request: str = REQUEST,
    sources: str = SOURCES,
    baseline_digest: str | None = None,
) -> Documents:
    """Documents that fit, with these gates."""
    written = policy + "gates:\n" + "".join(gates or (gate("performance", BETTER, ERRORS),))
    return Documents(
        policy=parsed(Policy, "policies/small/1.0.0.yaml", written),
        model=parsed(ModelFile, "policies/models/demo.yaml", model),
        request=parsed(PromotionRequest, "promotions/demo/v2.0.0_20250701_000000/promotion.yaml", request),
        sources=parsed(Sources, "policies/sources.yaml", sources),
        baseline_digest=baseline_digest,
    )


def a_history(*starts: float, trust: Trust = Trust.FETCHED, attempt: int = 1) -> StageHistory:
    """The stages in order, each started so many hours after the first; all three, one after the other, by default."""
    names = ("shadow", "canary", "blue_green")
    runs = (
        StageRun(stage=name, started_at=START + start * HOUR)
        for name, start in zip(names, starts or (0, 24, 72), strict=False)
    )
    return StageHistory(runs=tuple(runs), trust=trust, attempt=attempt)


def planned(bound_documents: Documents, history: StageHistory | None = None, *, now: datetime = NOW) -> Plan:
    found = bind(bound_documents, history, now=now)
    assert isinstance(found, Plan), found
    return found


def faults(
    bound_documents: Documents, history: StageHistory | None = None, *, now: datetime = NOW
) -> tuple[tuple[str, tuple[str | int, ...], str], ...]:
    found = bind(bound_documents, history, now=now)
    assert not isinstance(found, Plan)
    assert all(isinstance(one, Misfit) for one in found)
    return tuple((one.document, one.fault.path, one.fault.message) for one in found)


def placed(plan: Plan) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(one.criterion.id, one.stages, one.pooled) for one in plan.bound()]


# what does not fit


@pytest.mark.parametrize(
    ("request_text", "path", "said"),
    [
        (
            REQUEST.replace("s3://models/2", "s3://elsewhere/2"),
            ("artifact", "uri"),
            "s3://elsewhere/2 is not below an allowed origin: s3://models/",
        ),
        (
            REQUEST + "drill: {performed_at: 2025-09-02T00:00:00Z, restored: v1.0.0_20250101_000000, result: passed}\n",
            ("drill", "performed_at"),
            "the drill lies in the future",
        ),
    ],
)
def test_a_claim_that_does_not_hold_is_told_at_its_key(request_text: str, path: tuple[str, ...], said: str) -> None:
    assert faults(documents(request=request_text)) == (("request", path, said),)


CHECKS = "{id: code-checks, kind: required_checks, checks: [tests], reviews: 1}"
CODE = MODEL + "code: {repositories: [acme/code, Acme/Old]}\n"
SOURCE = f"metadata: {{source: {{repository: acme/old, commit: {'0f' * 20}}}}}\n"


def test_checks_of_the_source_commit_need_the_repositories_and_a_commit_that_is_stated() -> None:
    code = gate("code", CHECKS, ERRORS)
    ((document, path, said),) = faults(documents(code))
    assert (document, path) == ("policy", ("gates", 0, "criteria", 0))
    assert said.startswith("code-checks: the model file of demo binds no code; bind it there")
    assert faults(documents(code, model=CODE)) == (
        (
            "request",
            ("metadata", "source"),
            "code-checks of the policy rests on metadata.source, which is not stated: add it",
        ),
    )
    plan = planned(documents(code, model=CODE, request=REQUEST + SOURCE))
    assert plan.facts.code == ("acme/code", "Acme/Old")
    assert plan.facts.stated == {
        "source.repository": "acme/old",
        "source.commit": "0f" * 20,
        "source_commit": "0f" * 20,
    }


def test_a_repository_that_the_model_file_does_not_list_is_refused_where_it_stands() -> None:
    request = REQUEST + SOURCE.replace("acme/old", "mallory/code")
    assert faults(documents(model=CODE, request=request)) == (
        (
            "request",
            ("metadata", "source", "repository"),
            "mallory/code is not where the code of demo is: its model file lists acme/code, Acme/Old",
        ),
    )
    assert planned(documents(request=request)).facts.stated["source.repository"] == "mallory/code"


def test_checks_that_may_be_unbound_need_no_commit_and_bound_ones_do() -> None:
    code = gate("code", CHECKS.replace("reviews: 1", "reviews: 1, when_bound: true"), ERRORS)
    assert planned(documents(code)).needs() == planned(documents(gate("code", ERRORS))).needs()
    assert [one[0] for one in faults(documents(code, model=CODE))] == ["request"]


def test_a_scan_that_the_model_file_does_not_bind_is_refused() -> None:
    scan = gate("code", "{id: security, kind: scan, scan: code, at_most: note}", ERRORS)
    ((document, path, said),) = faults(documents(scan))
    assert (document, path) == ("policy", ("gates", 0, "criteria", 0))
    assert said.startswith("security: the model file of demo binds no scans.code")
    assert planned(documents(scan, model=MODEL + "scans: {code: {source: sarif}}\n")).facts.scans == ("code",)


def test_a_policy_that_the_model_may_not_use_is_told_with_those_that_it_may() -> None:
    model = MODEL.replace("[small/1.0.0]", "[standard/1.0.0, small/2.0.0]")
    said = "demo may not use small/1.0.0: its model file allows standard/1.0.0, small/2.0.0"
    assert faults(documents(model=model)) == (("request", ("policy",), said),)


def test_the_digest_of_the_baseline_promotes_nothing_new() -> None:
    same = "sha256:" + "2" * 64
    ((document, path, said),) = faults(documents(baseline_digest=same))
    assert (document, path) == ("request", ("artifact", "digest"))
    assert "nothing new would be promoted" in said
    assert planned(documents(baseline_digest="sha256:" + "1" * 64)).facts.baseline_digest == "sha256:" + "1" * 64


def test_all_that_does_not_fit_is_told_at_once() -> None:
    request = REQUEST.replace("s3://models/2", "s3://elsewhere/2") + (
        "history: [{stage: canary, started: 2025-08-01T00:00:00Z}]\n"
    )
    found = faults(
        documents(request=request, policy=POLICY.replace("allowed", "refused")), None, now=START + timedelta(days=9)
    )
    assert [path for _, path, _ in found] == [("artifact", "uri"), ("history",), ("history", 0, "stage")]


@pytest.mark.parametrize(
    ("runs", "path", "said"),
    [
        ([("preview", 0)], ("history", 0, "stage"), "'preview' is no stage of the policy: it has shadow, canary, blue"),
        ([("canary", 0)], ("history", 0, "stage"), "'canary' is out of order"),
        ([("shadow", 0), ("blue_green", 24)], ("history", 1, "stage"), "'blue_green' is out of order"),
        ([("shadow", 0), ("shadow", 24)], ("history", 1, "stage"), "'shadow' is out of order"),
        ([("shadow", 0), ("canary", 23.9)], ("history", 1, "started"), "canary starts before shadow has ended"),
    ],
)
def test_stages_follow_one_another_in_the_order_of_the_policy(
    runs: list[tuple[str, float]], path: tuple[str | int, ...], said: str
) -> None:
    history = StageHistory(runs=tuple(StageRun(stage=name, started_at=START + at * HOUR) for name, at in runs))
    ((document, where, message),) = faults(documents(), history)
    assert (document, where) == ("request", path)
    assert said in message


def test_a_stage_may_start_while_the_one_before_still_waits_for_labels() -> None:
    assert planned(documents(), a_history(0, 24, 72)).stages[1].decidable


def test_a_stage_that_starts_into_a_pause_of_the_one_before_is_told() -> None:
    paused = replace(a_history().runs[0], pauses=(Interval(START + HOUR, START + 2 * HOUR),))
    history = replace(a_history(), runs=(paused, *a_history().runs[1:]))
    assert [path for _, path, _ in faults(documents(), history)] == [("history", 1, "started")]


@pytest.mark.parametrize(("hours", "fits"), [(24, True), (24.5, False)])
def test_a_stage_that_was_paused_for_longer_than_the_policy_allows_starts_again(hours: float, fits: bool) -> None:
    paused = replace(a_history().runs[0], pauses=(Interval(START + HOUR, START + HOUR + hours * HOUR),))
    found = bind(documents(), StageHistory(runs=(paused,)), now=NOW)
    if fits:
        assert isinstance(found, Plan)
    else:
        ((_, path, said),) = faults(documents(), StageHistory(runs=(paused,)))
        assert path == ("history", 0, "pauses")
        assert "shadow was paused for 24.5h, and the policy allows 24h: it starts again" in said


def test_what_is_paused_after_the_end_of_a_stage_does_not_count() -> None:
    late = replace(a_history().runs[0], pauses=(Interval(START + 24 * HOUR, START + 99 * HOUR),))
    assert planned(documents(), StageHistory(runs=(late,))).stages[0].decidable


def test_more_extensions_than_the_policy_allows_are_told() -> None:
    policy = POLICY + "extend: {by: 24h, at_most: 1}\n"
    for times, fits in ((1, True), (2, False)):
        run = replace(a_history().runs[0], extensions=times)
        found = bind(documents(policy=policy), StageHistory(runs=(run,)), now=NOW)
        assert isinstance(found, Plan) is fits


def test_a_metric_that_is_not_bound_is_told_with_the_place_of_the_criterion() -> None:
    unbound = REVENUE.replace(", when_bound: true", "")
    ((document, path, said),) = faults(
        documents(gate("performance", ERRORS), gate("business", ERRORS[:5] + unbound[5:]))
    )
    assert (document, path) == ("policy", ("gates", 1, "criteria", 0))
    assert "the model file of demo binds no metrics.revenue" in said
    assert "when_bound: true" in said


def test_a_misspelt_metric_is_the_only_fault_and_its_name_is_suggested() -> None:
    ((_, _, said),) = faults(documents(gate("performance", ERRORS.replace("metric: errors", "metric: erors"))))
    assert "binds no metrics.erors (did you mean `errors`?)" in said


def test_a_gate_of_which_nothing_applies_needs_an_approval_that_decides() -> None:
    ((_, path, said),) = faults(documents(gate("performance", ERRORS), gate("business", REVENUE)))
    assert path == ("gates", 1, "name")
    assert "no criterion of the gate business applies (revenue): name the approval that decides" in said
    more = "    otherwise: risk\n"
    plan = planned(documents(gate("performance", ERRORS), gate("business", REVENUE, more=more), gate("sign-off", RISK)))
    assert plan.gates[1].otherwise == "risk"


def test_an_approval_that_does_not_apply_decides_nothing() -> None:
    business = gate("business", REVENUE, more="    otherwise: owners\n")
    owners = "{id: owners, kind: approval, role: owners, when_bound: true}"
    found = faults(documents(gate("performance", ERRORS), business, gate("sign-off", owners, RISK)))
    assert [(path, "neither does owners" in said) for _, path, said in found] == [(("gates", 1, "otherwise"), True)]


def test_a_promotion_of_which_nothing_would_be_judged_is_told() -> None:
    first = REQUEST.replace("baseline: v1.0.0_20250101_000000", "baseline: none")
    only = gate("performance", BETTER, more="    otherwise: risk\n")
    ((_, path, said),) = faults(documents(only, gate("sign-off", RISK), request=first))
    assert path == ("gates",)
    assert "nothing would be judged" in said


def test_a_criterion_that_needs_traffic_is_told_where_there_is_none() -> None:
    ratio = "{id: share, kind: sample_ratio}"
    mirrored = POLICY.partition("  - {name: canary")[0]
    ((_, path, said),) = faults(documents(gate("performance", ERRORS, ratio), policy=mirrored))
    assert path == ("gates", 0, "criteria", 1)
    assert said == "share: needs a traffic share, and shadow has none"


# what is bound


def test_stages_that_are_named_are_judged_one_by_one_and_others_together() -> None:
    listed = ERRORS.replace("error-rate", "listed").replace("}", ", stage: [shadow, canary]}")
    plan = planned(documents(gate("performance", BETTER, ERRORS, listed)))
    assert placed(plan) == [
        ("better", ("canary",), False),
        ("error-rate", ("shadow", "canary", "blue_green"), True),
        ("listed", ("shadow",), False),
        ("listed", ("canary",), False),
    ]


def test_some_criteria_are_judged_stage_by_stage_and_only_where_there_is_traffic() -> None:
    criteria = (ERRORS, "{id: share, kind: sample_ratio}", "{id: rows, kind: coverage, max_gap: 1h}", RISK)
    plan = planned(documents(gate("performance", *criteria)))
    assert placed(plan)[1:] == [
        ("share", ("canary",), False),
        ("share", ("blue_green",), False),
        ("rows", ("shadow",), False),
        ("rows", ("canary",), False),
        ("rows", ("blue_green",), False),
        ("risk", ("canary",), True),
    ]


def test_a_first_version_has_nothing_to_be_compared_with_and_says_so() -> None:
    plan = planned(documents(request=REQUEST.replace("baseline: v1.0.0_20250101_000000", "baseline: none")))
    better, errors = plan.bound()
    assert plan.facts.baseline is None
    assert better.not_applicable is not None
    assert better.not_applicable.why is Why.FIRST_VERSION
    assert errors.not_applicable is None
    assert [reason.why for reason in plan.reasons] == [Why.FIRST_VERSION]


def test_what_is_not_bound_and_may_be_absent_is_not_applicable() -> None:
    plan = planned(documents(gate("performance", ERRORS, REVENUE)))
    _, revenue = plan.bound()
    assert revenue.not_applicable is not None
    assert revenue.not_applicable.parameters == {"because": "metrics.revenue is not bound"}
    assert all(need.metric != "revenue" for need in plan.needs())


def test_without_a_history_no_stage_has_started() -> None:
    plan = planned(documents())
    assert [(stage.window, stage.decidable, stage.ends_at) for stage in plan.stages] == [(None, False, None)] * 3
    assert plan.changed_at == ()
    assert plan.valid_until is None


def test_stages_stand_where_the_clock_says() -> None:
    plan = planned(documents(), a_history(0, 24), now=START + 30.5 * HOUR)
    shadow, canary, blue_green = plan.stages
    assert (shadow.decidable, shadow.ends_at, shadow.decidable_at) == (False, START + 24 * HOUR, START + 36 * HOUR)
    assert shadow.window is not None
    assert shadow.window.labels_until == START + 30 * HOUR
    assert canary.window is not None
    assert canary.window.end == START + 30 * HOUR
    assert blue_green.window is None


def test_a_history_that_is_stated_by_hand_is_taken_and_told() -> None:
    request = REQUEST + (
        "history:\n  - {stage: shadow, started: 2025-08-01T00:00:00Z, extensions: 0, "
        "pauses: [{from: 2025-08-01T01:00:00Z, to: 2025-08-01T02:00:00Z}]}\n"
    )
    history = stated_history(documents(request=request).request)
    assert history == StageHistory(
        runs=(StageRun(stage="shadow", started_at=START, pauses=(Interval(START + HOUR, START + 2 * HOUR),)),),
        trust=Trust.AUTHOR_SUPPLIED,
    )
    plan = planned(documents(request=request))
    assert plan.stages[0].ends_at == START + 25 * HOUR
    assert [reason.why for reason in plan.reasons] == [Why.AUTHOR_SUPPLIED]
    assert plan.changed_at == (START, START + HOUR, START + 2 * HOUR, START + 25 * HOUR, START + 37 * HOUR)


def test_a_recorded_history_goes_before_one_that_is_stated() -> None:
    request = REQUEST + "history: [{stage: shadow, started: 2025-07-01T00:00:00Z}]\n"
    assert planned(documents(request=request), a_history(0)).stages[0].ends_at == START + 24 * HOUR


def test_attempts_and_extensions_divide_the_level() -> None:
    policy = POLICY + "extend: {by: 24h, at_most: 2}\n"
    history = a_history(0, attempt=3)
    extended = replace(history, runs=(replace(history.runs[0], extensions=2),))
    plan = planned(documents(policy=policy), extended)
    assert plan.facts.alpha_divisor == 9
    assert (plan.stages[0].lasts, plan.stages[0].ends_at) == (72 * HOUR, START + 72 * HOUR)
    assert {(reason.why, *reason.parameters.values()) for reason in plan.reasons} == {
        (Why.ATTEMPT, 3),
        (Why.EXTENDED, 2),
    }


def test_a_policy_that_shows_nothing_better_is_told() -> None:
    plan = planned(documents(gate("performance", ERRORS)))
    (reason,) = plan.reasons
    assert (reason.why, reason.parameters) == (Why.NOT_SHOWN_BETTER, {"policy": "small"})


def test_a_policy_that_asks_for_a_full_evaluation_later_says_so_from_the_start() -> None:
    policy = POLICY + "full_evaluation: {policy: standard/1.0.0, within: 14d}\n"
    plan = planned(documents(gate("performance", ERRORS), policy=policy))
    assert (Why.OWES_EVALUATION, {"policy": "standard/1.0.0", "within": "14d"}) in [
        (reason.why, dict(reason.parameters)) for reason in plan.reasons
    ]


def test_the_merge_window_closes_and_the_last_stage_is_repeated() -> None:
    closes = START + (96 + 12 + 72) * HOUR
    for now, expired in ((closes, False), (closes + timedelta(seconds=1), True)):
        plan = planned(documents(), a_history(), now=now)
        assert (plan.valid_until, plan.expired) == (closes, expired)
        assert (Why.REPEAT_LAST_STAGE in {reason.why for reason in plan.reasons}) is expired
        assert closes in plan.changed_at


def test_a_back_test_has_no_merge_window() -> None:
    plan = planned(documents(), a_history(trust=Trust.AUTHOR_SUPPLIED))
    assert (plan.valid_until, plan.expired) == (None, False)


def test_ages_are_taken_where_the_last_stage_is_decidable() -> None:
    decided = START + 108 * HOUR
    assert planned(documents(), a_history(), now=NOW).facts.decided_at == decided
    for minutes in (0, 59):
        now = START + 90 * HOUR + timedelta(minutes=minutes)
        assert planned(documents(), a_history(), now=now).facts.decided_at == START + 90 * HOUR


DRILL = "{id: drill, kind: rollback_drill, within: 30d}"
DRILLED = REQUEST + "drill: {performed_at: 2025-07-20T00:00:00Z, restored: v1.0.0_20250101_000000, result: passed}\n"
PERFORMED = datetime(2025, 7, 20, tzinfo=UTC)


def test_before_anything_has_started_the_age_of_a_drill_moves_only_when_it_is_too_old() -> None:
    asked = documents(gate("performance", BETTER), gate("drill", DRILL), request=DRILLED)
    old = PERFORMED + timedelta(days=30)
    plans = [planned(asked, now=now) for now in (START, old, old + timedelta(seconds=1), old + timedelta(days=9))]
    assert plans[0] == plans[1]
    assert plans[2] == plans[3]
    assert [plan.facts.decided_at for plan in plans[1:3]] == [PERFORMED, old + timedelta.resolution]
    assert planned(documents(), now=START).facts.decided_at is None


def test_a_drill_that_grows_too_old_after_the_decision_is_left_alone() -> None:
    asked = documents(gate("performance", BETTER), gate("drill", DRILL), request=DRILLED)
    plan = planned(asked, a_history(), now=NOW)
    assert plan.facts.decided_at == START + 108 * HOUR
    assert PERFORMED + timedelta(days=30) + timedelta.resolution not in plan.changed_at


def test_all_that_may_fail_early_shares_one_level() -> None:
    assert planned(documents()).facts.early_sharers == 2
    assert planned(documents(gate("performance", "{id: rows, kind: coverage, max_gap: 1h}"))).facts.early_sharers == 1


def test_a_need_is_asked_once_however_often_it_is_had() -> None:
    one = planned(documents(gate("performance", BETTER)), a_history()).needs()
    twice = planned(documents(gate("performance", BETTER, BETTER.replace("better", "again"))), a_history()).needs()
    assert len(set(one)) == len(one) > 0
    assert twice == one


def test_a_registry_is_known_to_the_criteria_and_one_that_is_not_bound_is_refused_where_it_is_compared_with() -> None:
    tracked = "{id: tracked, kind: metadata, require: [dataset], matches: registry}"
    gates = gate("performance", BETTER, tracked)
    assert faults(documents(gates)) == (
        (
            "policy",
            ("gates", 0, "criteria", 1),
            "tracked: the model file of demo binds no registry; bind it there, or mark the criterion `when_bound: true`",
        ),
    )
    bound = MODEL + "registry: {source: mlflow, name: Demo Model, alias: champion}\n"
    plan = planned(documents(gates, model=bound))
    assert (plan.facts.registry, plan.facts.registry_alias) == ("Demo Model", "champion")
    assert Need(shape=Shape.TRACKED, arms=(Arm.CANDIDATE,)) in plan.needs()


def test_a_stage_that_has_not_started_lasts_as_the_policy_says() -> None:
    policy = POLICY + "extend: {by: 24h, at_most: 2}\n"
    assert planned(documents(policy=policy)).stages[0].lasts == 24 * HOUR


def test_a_criterion_is_held_against_its_own_stages() -> None:
    mix = "{id: mix, kind: distribution, max_distance: 10%, stage: STAGE}"
    model = MODEL + "segments: [origin]\n"

    def faults(stage: str) -> list[str]:
        found = bind(documents(gate("inputs", mix.replace("STAGE", stage)), model=model), None, now=START)
        return [one.fault.message for one in found] if isinstance(found, tuple) else []

    assert faults("canary") == []
    (message,) = faults("shadow")
    assert "shadow has no traffic share" in message
