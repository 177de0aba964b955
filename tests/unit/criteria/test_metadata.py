"""metadata: what must be tracked is stated."""

import pytest

from builders.scopes import a_scope, some_facts
from model_ratchet.core.evidence import Arm, Evidence, Labels, Measurement, Missing, Need, Shape, Tracked
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.metadata import MetadataComplete

STATED = {
    "dataset.version": "2025-07",
    "dataset.characteristics.rows": "120000",
    "hyperparameters.max_depth": "6",
    "source_commit": "ab12cd34",
}


def judged(stated: dict[str, str], *require: str) -> Judgement:
    criterion = MetadataComplete.model_validate({"id": "metadata", "kind": "metadata", "require": require})
    return criterion.judge(a_scope(stated=stated), Evidence())


def test_what_is_required_and_stated_passes() -> None:
    judgement = judged(STATED, "dataset.version", "source_commit")
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="2 stated", limit="2 required"),
    )


def test_a_group_is_stated_by_any_value_in_it() -> None:
    assert judged(STATED, "hyperparameters", "dataset.characteristics", "dataset").outcome is Outcome.PASSED


def test_a_name_that_only_starts_alike_states_nothing() -> None:
    assert judged({"hyperparameters_old.depth": "6"}, "hyperparameters").outcome is Outcome.FAILED
    assert judged({"source_commit_id": "ab12cd34"}, "source_commit").outcome is Outcome.FAILED


def test_all_that_is_absent_is_named_at_once() -> None:
    judgement = judged(STATED, "dataset.version", "benchmarks", "training_metrics")
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.NOT_STATED, what="metadata.benchmarks, metadata.training_metrics"),
    )


@pytest.mark.parametrize("value", ["", "  ", "\t\n"])
def test_an_empty_value_states_nothing(value: str) -> None:
    assert judged({"dataset.version": value}, "dataset.version").outcome is Outcome.FAILED
    assert judged({"hyperparameters.max_depth": value}, "hyperparameters").outcome is Outcome.FAILED


def test_no_metadata_at_all_fails() -> None:
    assert judged({}, "dataset.version").outcome is Outcome.FAILED


def test_a_list_that_requires_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="require"):
        judged(STATED)


TRACKED = {
    "dataset.version": "2025-07",
    "hyperparameters.max_depth": "6",
    "hyperparameters.rate": "1e-3",
    "metrics.accuracy": "0.9",
}


def matched(stated: dict[str, str], found: Measurement | Missing | None = None) -> Judgement:
    criterion = MetadataComplete.model_validate(
        {"id": "metadata", "kind": "metadata", "require": ("hyperparameters",), "matches": "registry"}
    )
    scope = a_scope(stated={"hyperparameters.max_depth": "6", **stated}, registry="late")
    assert criterion.needs(scope) == (Need(shape=Shape.TRACKED, arms=(Arm.CANDIDATE,)),)
    answer = found or Tracked(values=tuple(sorted(TRACKED.items())))
    return criterion.judge(scope, Evidence(dict.fromkeys(criterion.needs(scope), answer)))


def test_what_is_stated_as_the_registry_holds_it_passes_and_numbers_are_compared_by_their_value() -> None:
    stated = {
        "dataset.version": "2025-07",
        "dataset.characteristics.rows": "1",
        "hyperparameters.rate": "0.001",
        "training_metrics.accuracy": "0.90",
        "validation_results.other": "0.1",
    }
    assert matched(stated).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("name", "stated", "tracked"),
    [
        ("training_metrics.accuracy", "0.91", "0.9"),
        ("hyperparameters.max_depth", "7", "6"),
        ("dataset.version", "2025-08", "2025-07"),
        ("hyperparameters.other", "1", ""),
        ("training_metrics.accuracy", "nan", "0.9"),
        ("training_metrics.accuracy", "0.9 or so", "0.9"),
    ],
)
def test_a_claim_that_the_registry_does_not_hold_fails(name: str, stated: str, tracked: str) -> None:
    judgement = matched({name: stated})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.STATED_OTHERWISE, what=f"metadata.{name}", stated=stated, tracked=tracked, others=0),
    )


def test_further_claims_that_differ_are_counted_and_long_ones_cut() -> None:
    judgement = matched({"hyperparameters.a": "x" * 500, "hyperparameters.b": "y"})
    assert judgement.reason.parameters["others"] == 1
    assert judgement.reason.parameters["stated"] == "x" * 79 + "…"


def test_a_registry_that_can_not_be_read_is_errored() -> None:
    reason = because(Why.RUN_ABSENT, source="mlflow", name="late", number="7")
    judgement = matched({}, Missing(reason=reason))
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)
    assert matched({}, Labels(labelled=1, rows=1)).reason.why is Why.CRASHED
    criterion = MetadataComplete.model_validate(
        {"id": "metadata", "kind": "metadata", "require": ("hyperparameters",), "matches": "registry"}
    )
    scope = a_scope(stated={"hyperparameters.max_depth": "6"})
    assert criterion.judge(scope, Evidence()).outcome is Outcome.ERRORED


def test_a_comparison_needs_a_registry_to_compare_with() -> None:
    criterion = MetadataComplete.model_validate(
        {"id": "metadata", "kind": "metadata", "require": ("hyperparameters",), "matches": "registry"}
    )
    assert criterion.unbound(some_facts()) == "registry"
    assert criterion.unbound(some_facts(registry="late")) is None
    plain = MetadataComplete.model_validate({"id": "metadata", "kind": "metadata", "require": ("hyperparameters",)})
    assert (plain.unbound(some_facts()), plain.needs(a_scope())) == (None, ())
