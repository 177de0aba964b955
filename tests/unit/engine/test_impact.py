"""What a change of the policies would mean for an open promotion: which of several effects is told, and what beside it."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from builders.scopes import a_table, good_rows
from builders.small import CANARY, HISTORY, MODEL, POLICY, START, V1, V2, request
from model_ratchet.core.evidence import Counts, Evidence, Grouping, Groups, Labels, Measurement, Need, Shape
from model_ratchet.core.fields import Model
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents, bind, stated_history
from model_ratchet.engine.history import StageHistory
from model_ratchet.engine.impact import Effect, Impact, impact
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.record import Record, seal

NOW = START + timedelta(days=30)
ALLOWED = "policies: [small/1.0.0]"
REQUESTS = "requests: {kind: table, path: requests.csv}"
MORE = "more: {kind: table, path: more.csv}"
SIGN_OFF = "\n  - name: sign-off\n    criteria:\n      - {id: risk, kind: approval, role: risk}"
D = TypeVar("D", bound=Model)


def parsed(kind: type[D], path: str, text: str) -> D:
    found = read(kind, path, text.encode())
    assert isinstance(found, kind), found
    return found


def policy(*changes: tuple[str, str], version: str = "1.0.0") -> Policy:
    return parsed(Policy, f"policies/small/{version}.yaml", changed(POLICY.replace("1.0.0", version), *changes))


def model(*changes: tuple[str, str]) -> ModelFile:
    return parsed(ModelFile, "policies/models/demo.yaml", changed(MODEL.format(name="demo", more=""), *changes))


def sources(*entries: str) -> Sources:
    lines = "".join(f"  {one}\n" for one in entries)
    return parsed(Sources, "policies/sources.yaml", f"apiVersion: ratchet/v1\nkind: Sources\nsources:\n{lines}")


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def documents(stated: str = HISTORY) -> Documents:
    """The open promotion, whose stages have run by hand."""
    asked = parsed(PromotionRequest, f"promotions/demo/{V2}/promotion.yaml", request(V2, V1, more=stated))
    return Documents(policy=policy(), model=model(), request=asked, sources=sources(REQUESTS))


OLD = documents()


def answer(need: Need) -> Measurement:
    """20,000 pairs in which the candidate is 3 points better, and no error."""
    if need.shape is Shape.ROWS:
        return good_rows()
    if need.shape is Shape.LABELS:
        return Labels(labelled=20_000, rows=20_000)
    found = a_table() if need.shape is Shape.PAIRED_COUNTS else Counts(successes=0, n=20_000)
    return Groups(groups=(("0", found),)) if need.grouping is Grouping.HOUR else found


def sealed(asked: Documents = OLD) -> Record:
    """The verdict of a promotion on all that its plan asks."""
    plan = bind(asked, None, now=NOW)
    assert isinstance(plan, Plan)
    evidence = Evidence({need: answer(need) for need in plan.needs()})
    return seal(plan, evidence, judge(plan, evidence), now=NOW)


RECORD = sealed()


def meant(new: Documents, record: Record | None = RECORD, history: StageHistory | None = None) -> Impact:
    return impact(OLD, new, record=record, history=history, now=NOW)


def under(*changes: tuple[str, str], record: Record | None = RECORD) -> Impact:
    """Under the policy with these changes."""
    return meant(replace(OLD, policy=policy(*changes)), record)


def test_rules_that_stay_change_nothing_and_give_the_verdict_that_was_sealed() -> None:
    found = meant(OLD)
    assert found == Impact(
        model="demo", candidate=V2, effect=Effect.UNCHANGED, before=Outcome.PASSED, after=Outcome.PASSED
    )


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ((("by: 2pp", "by: 1pp"),), Effect.LOOSER),
        ((("by: 2pp", "by: 2.5pp"),), Effect.STRICTER),
        ((("below: 5%", "below: 6%"), ("by: 2pp", "by: 1pp")), Effect.LOOSER),
        ((("below: 5%", "below: 6%"), ("by: 2pp", "by: 2.5pp")), Effect.CHANGED),
    ],
    ids=["looser", "stricter", "two-looser", "both-ways"],
)
def test_where_the_outcome_stays_the_way_that_the_rules_move_is_told(
    changes: tuple[tuple[str, str], ...], effect: Effect
) -> None:
    found = under(*changes)
    assert (found.effect, found.before, found.after) == (effect, Outcome.PASSED, Outcome.PASSED)
    assert len(found.differences) == len(changes)


def test_without_a_sealed_verdict_only_the_rules_are_compared() -> None:
    found = under(("by: 2pp", "by: 60pp"), record=None)
    assert (found.effect, found.before, found.after, found.needs) == (Effect.STRICTER, None, None, ())


def test_an_outcome_that_turns_is_graver_than_the_rule_that_turned_it() -> None:
    found = under(("by: 2pp", "by: 60pp"))
    assert (found.effect, found.before, found.after) == (Effect.FLIPS, Outcome.PASSED, Outcome.FAILED)
    assert len(found.differences) == 1


def test_what_the_new_rules_need_and_was_not_recorded_is_named_once_and_nothing_is_judged() -> None:
    daily = "below: 5%}\n      - {id: days, kind: sustained, metric: accuracy, days: 2, max_daily_drop: 1pp}"
    found = under(("below: 5%}", daily))
    assert (found.effect, found.before, found.after) == (Effect.NOT_ASSESSABLE, Outcome.PASSED, None)
    assert len(set(found.needs)) == len(found.needs)
    assert "paired_counts of accuracy on canary" in found.needs


def test_a_signature_that_is_not_there_yet_is_no_missing_evidence() -> None:
    new = replace(
        OLD,
        policy=policy(("below: 5%}", "below: 5%}" + SIGN_OFF)),
        model=OLD.model.model_copy(update={"roles": {"risk": ("@acme/risk",)}}),
    )
    found = meant(new)
    assert (found.needs, found.after) == ((), Outcome.PASSED)


def test_documents_that_would_not_fit_together_say_why_before_anything_is_judged() -> None:
    new = replace(OLD, model=model(("  errors: {kind: proportion, column: error}\n", "")))
    found = meant(new)
    assert (found.effect, found.before, found.after) == (Effect.NO_LONGER_FITS, None, None)
    assert len(found.messages) == 1
    assert found.messages[0].startswith("error-rate: the model file of demo binds no metrics.errors")


def test_a_promotion_moves_to_the_version_of_the_policy_that_the_change_brings() -> None:
    new = replace(OLD, policy=policy(version="1.1.0"), model=model((ALLOWED, "policies: [small/1.1.0]")))
    found = impact(OLD, new, record=None, history=None, now=NOW)
    assert found.effect is not Effect.NO_LONGER_FITS
    assert found.messages == ()
    (message,) = meant(replace(new, model=OLD.model)).messages
    assert message == "demo may not use small/1.1.0: its model file allows small/1.0.0"


def test_another_model_file_starts_the_stages_again_whatever_it_changes_of_the_outcome() -> None:
    new = replace(OLD, model=model(("min_coverage: 90%", "min_coverage: 95%")), policy=policy(("by: 2pp", "by: 60pp")))
    found = meant(new)
    assert (found.effect, found.pinned) == (Effect.STARTS_AGAIN, ("model file",))
    assert found.after is Outcome.FAILED, "what the evidence would say is told beside it"


@pytest.mark.parametrize(
    ("held", "pinned"),
    [
        (sources(REQUESTS), ()),
        (sources(REQUESTS, MORE), ()),
        (sources(REQUESTS.replace("requests.csv", "other.csv")), ("source requests",)),
        (sources(MORE), ("source requests",)),
        (None, ("source requests",)),
    ],
    ids=["the-same", "one-more", "another-file", "gone", "no-sources"],
)
def test_a_source_is_pinned_where_the_model_reads_it(held: Sources | None, pinned: tuple[str, ...]) -> None:
    found = impact(OLD, replace(OLD, sources=held), record=None, history=None, now=NOW)
    assert found.pinned == pinned
    assert found.effect is (Effect.STARTS_AGAIN if pinned else Effect.UNCHANGED)


def test_a_source_that_the_model_does_not_read_may_change() -> None:
    old = replace(OLD, sources=sources(REQUESTS, MORE))
    new = replace(OLD, sources=sources(REQUESTS, MORE.replace("more.csv", "less.csv")))
    assert impact(old, new, record=None, history=None, now=NOW).pinned == ()


def test_sources_that_were_not_there_have_pinned_nothing() -> None:
    assert impact(replace(OLD, sources=None), OLD, record=None, history=None, now=NOW).pinned == ()


def started(*, stated: bool, record: Record | None, history: StageHistory | None) -> bool:
    """Whether a change of the model file would start the stages again."""
    old = documents(HISTORY if stated else "")
    new = replace(old, model=model(("min_coverage: 90%", "min_coverage: 95%")))
    return impact(old, new, record=record, history=history, now=NOW).effect is Effect.STARTS_AGAIN


def unstarted() -> Record:
    """The verdict of a promotion of which no stage has started."""
    return sealed(documents(""))


def test_what_no_stage_has_seen_is_pinned_by_none() -> None:
    ran = stated_history(OLD.request)
    assert started(stated=True, record=None, history=None), "the request states its stages"
    assert started(stated=False, record=None, history=ran), "the ledger holds them"
    assert started(stated=False, record=RECORD, history=None), "the sealed verdict saw a window"
    assert not started(stated=False, record=None, history=None)
    assert not started(stated=False, record=unstarted(), history=None)
    assert not started(stated=True, record=RECORD, history=StageHistory(runs=())), "the ledger knows best"


def test_one_stage_that_has_run_pins_though_the_next_has_not() -> None:
    asked = documents()
    plan = bind(asked, None, now=CANARY)
    assert isinstance(plan, Plan)
    assert [stage.window is None for stage in plan.stages] == [False, True]
    evidence = Evidence({need: answer(need) for need in plan.needs()})
    record = seal(plan, evidence, judge(plan, evidence), now=CANARY)
    assert started(stated=False, record=record, history=None)
