"""A run as metadata: under which name each part of it goes into a request."""

import pytest

from model_ratchet.sources.mlflow_api import Dataset, Run
from model_ratchet.sources.mlflow_run import metadata, tracked

TRAIN = Dataset(name="flights", digest="5f1c", contexts=("training",), profile={"num_rows": 9, "from": "2013"})
HELD = Dataset(name="flights", digest="77aa", contexts=("validation",))
PLAIN = Dataset(name="weather", digest="01")


@pytest.mark.parametrize(
    "name", ["val_accuracy", "validation-auc", "valid_0-auc", "Eval/loss", "test.f1", "holdout_accuracy", "val"]
)
def test_a_metric_that_starts_with_a_word_for_held_back_data_is_a_validation_result(name: str) -> None:
    assert metadata(Run(metrics={name: 0.5})) == {"validation_results": {name: 0.5}}


@pytest.mark.parametrize("name", ["accuracy", "train_accuracy", "loss", "values", "testimonials", "evaluator_cost"])
def test_any_other_metric_is_one_of_training(name: str) -> None:
    assert metadata(Run(metrics={name: 0.5})) == {"training_metrics": {name: 0.5}}


def test_the_datasets_for_training_make_the_version_and_all_of_them_the_characteristics() -> None:
    assert metadata(Run(datasets=(TRAIN, HELD, PLAIN))) == {
        "dataset": {
            "version": "flights@5f1c, weather@01",
            "characteristics": {
                "flights@5f1c": {"context": "training", "num_rows": 9, "from": "2013"},
                "flights@77aa": {"context": "validation"},
            },
        }
    }


def test_parameters_keep_their_text_and_the_commit_is_that_of_the_source() -> None:
    run = Run(parameters={"max_depth": "08"}, tags={"mlflow.source.git.commit": "ab12cd3", "mlflow.user": "x"})
    assert metadata(run) == {"hyperparameters": {"max_depth": "08"}, "source_commit": "ab12cd3"}


def test_what_was_not_logged_has_no_key() -> None:
    assert metadata(Run()) == {}
    assert tracked(Run()).values == ()


def test_what_is_tracked_is_sorted_text_with_numbers_in_full() -> None:
    run = Run(parameters={"b": "1e-3"}, metrics={"val_a": 1 / 3, "a": 1.0}, datasets=(TRAIN,))
    assert tracked(run).values == (
        ("dataset.version", "flights@5f1c"),
        ("hyperparameters.b", "1e-3"),
        ("metrics.a", "1.0"),
        ("metrics.val_a", "0.3333333333333333"),
    )
