"""metadata: what must be tracked is stated."""

import pytest

from builders.scopes import a_scope
from model_ratchet.core.evidence import Evidence
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
