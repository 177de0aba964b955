"""A run as metadata: what was logged while a version was made, under the names that a request gives it."""

import re
from collections.abc import Iterator

from model_ratchet.core.evidence import Tracked
from model_ratchet.sources.mlflow_api import Dataset, Run

COMMIT = "mlflow.source.git.commit"

_LATER = re.compile(r"(val|valid|validation|eval|evaluation|test|holdout)(?![a-z])", re.IGNORECASE)
_TRAINING = frozenset({"train", "training"})


def metadata(run: Run) -> dict[str, object]:
    """What a request can state of a run: its dataset, hyperparameters, training metrics, validation results, commit.

    A metric whose name starts with ``val``, ``valid``, ``validation``, ``eval``, ``evaluation``, ``test`` or ``holdout`` is a
    validation result. Datasets are named ``name@digest``; those for training, or for nothing in particular, make the
    version. Nothing that is absent has a key.
    """
    later = {name: value for name, value in run.metrics.items() if _LATER.match(name)}
    characteristics = {_named(one): dict(_characteristics(one)) for one in run.datasets}
    dataset = {
        "version": _version(run),
        "characteristics": {name: held for name, held in characteristics.items() if held},
    }
    found: dict[str, object] = {
        "dataset": {key: value for key, value in dataset.items() if value},
        "hyperparameters": dict(run.parameters),
        "training_metrics": {name: value for name, value in run.metrics.items() if name not in later},
        "validation_results": later,
        "source_commit": run.tags.get(COMMIT, ""),
    }
    return {name: value for name, value in found.items() if value}


def tracked(run: Run) -> Tracked:
    """The same for the judge, as text: numbers in their shortest form."""
    values = {f"hyperparameters.{name}": value for name, value in run.parameters.items()}
    values |= {f"metrics.{name}": repr(value) for name, value in run.metrics.items()}
    if _version(run):
        values["dataset.version"] = _version(run)
    return Tracked(values=tuple(sorted(values.items())))


def _version(run: Run) -> str:
    return ", ".join(
        _named(one) for one in run.datasets if not one.contexts or _TRAINING & {word.lower() for word in one.contexts}
    )


def _named(dataset: Dataset) -> str:
    return f"{dataset.name}@{dataset.digest}"


def _characteristics(dataset: Dataset) -> Iterator[tuple[str, object]]:
    if dataset.contexts:
        yield "context", ", ".join(dataset.contexts)
    yield from dataset.profile.items()
