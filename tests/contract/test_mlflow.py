"""The MLflow source beside a real server: versions by their tag, aliases, runs; and what is proposed and judged by them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import registry
from builders.registry import BASELINE, CANDIDATE, DIGESTS
from builders.repositories import a_repo
from components.mlflow import Mlflow, serving
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.propose import ProposeInput, propose
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Measurement, Missing, Need, Registered, Shape, Tracked
from model_ratchet.core.reason import Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Mlflow as Config
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.judge import judge
from model_ratchet.engine.record import read as read_record
from model_ratchet.engine.record import to_bytes
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.mlflow import MlflowSource
from model_ratchet.sources.reach import Reach

pytestmark = pytest.mark.mlflow

NOW = datetime(2025, 9, 1, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PARAMETERS = {"max_depth": "8", "learning_rate": "1e-3", "scheme": "yes: no", "note": "#1 'quoted'\nand more"}
METRICS: list[tuple[str, float | str, int]] = [
    ("train_accuracy", 0.8, 1),
    ("train_accuracy", 0.912345678901, 2),
    ("val_accuracy", 0.9, 2),
    ("val_gap", "NaN", 2),
]
DATASET = {
    "tags": [{"key": "mlflow.data.context", "value": "training"}],
    "dataset": {
        "name": "flights",
        "digest": "5f1c",
        "source_type": "local",
        "source": "{}",
        "profile": '{"num_rows": 9}',
    },
}
NAMES = {
    "late": (BASELINE, CANDIDATE, "v0.9.0_20250101_000000"),
    "twice": (CANDIDATE, CANDIDATE),
    "untagged": (),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mlflow]:
    with serving(tmp_path_factory.mktemp("mlflow")) as running:
        run_id = running.run(PARAMETERS, METRICS, {"mlflow.source.git.commit": COMMIT}, [DATASET])
        for name, versions in NAMES.items():
            running.post("registered-models/create", name=name)
            for version in versions:
                tags = {"ratchet_version": version, "artifact_digest": DIGESTS.get(version, "sha256:" + "0" * 64)}
                running.register(name, f"s3://models/{name}", run_id, tags)
        running.register("untagged", "s3://models/untagged")
        running.post("registered-models/alias", name="late", alias="champion", version="1")
        yield running


def ask(server: Mlflow, need: Need, name: str = "late", **more: str) -> Measurement | Missing:
    text = registry.SOURCES.replace("URL", server.url).replace("MORE", "")
    sources = read(Sources, "policies/sources.yaml", text.encode())
    assert isinstance(sources, Sources), sources
    given = ", ".join(f"{key}: {value}" for key, value in {"source": "mlflow", "name": name, **more}.items())
    text = registry.MODEL.replace("REGISTRY", f"registry: {{{given}}}")
    model = read(ModelFile, "policies/models/late.yaml", text.encode())
    assert isinstance(model, ModelFile), model
    config = sources.sources["mlflow"]
    assert isinstance(config, Config)
    source = MlflowSource(
        name="mlflow",
        config=config,
        model=model,
        versions=Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset()),
        reach=Reach.of(sources),
        root=Path(),
    )
    return source.answer([need]).answers[need]


def of(arm: Arm) -> Need:
    return Need(shape=Shape.REGISTERED, arms=(arm,))


def alias(name: str = "champion") -> Need:
    return Need(shape=Shape.REGISTERED, arms=(), metric=name)


def why(found: Measurement | Missing) -> Why:
    assert isinstance(found, Missing), found
    return found.reason.why


def test_a_version_is_found_by_its_tag_whatever_its_number(server: Mlflow) -> None:
    assert ask(server, of(Arm.BASELINE)) == Registered(number="1", version=BASELINE, digest=DIGESTS[BASELINE])
    assert ask(server, of(Arm.CANDIDATE)) == Registered(number="2", version=CANDIDATE, digest=DIGESTS[CANDIDATE])


def test_tags_of_other_names_are_read_where_the_model_file_says_so(server: Mlflow) -> None:
    found = ask(server, of(Arm.BASELINE), digest_tag="another digest")
    assert found == Registered(number="1", version=BASELINE, digest=None)
    assert why(ask(server, of(Arm.BASELINE), version_tag="a/b.c d")) is Why.REGISTRY_ABSENT


def test_an_alias_leads_to_the_version_that_it_points_to(server: Mlflow) -> None:
    assert ask(server, alias()) == Registered(number="1", version=BASELINE, digest=DIGESTS[BASELINE])


@pytest.mark.parametrize(("name", "need"), [("late", alias("challenger")), ("nothing", alias())])
def test_an_alias_that_is_not_there_is_told_as_such(server: Mlflow, name: str, need: Need) -> None:
    assert why(ask(server, need, name)) is Why.ALIAS_ABSENT


@pytest.mark.parametrize("name", ["untagged", "nothing"])
def test_a_version_that_nobody_registered_is_absent(server: Mlflow, name: str) -> None:
    assert why(ask(server, of(Arm.CANDIDATE), name)) is Why.REGISTRY_ABSENT


def test_two_versions_with_one_tag_are_no_answer(server: Mlflow) -> None:
    found = ask(server, of(Arm.CANDIDATE), "twice")
    assert isinstance(found, Missing)
    assert (found.reason.why, found.reason.parameters["numbers"]) == (Why.REGISTRY_MANY, "1, 2")


def test_what_a_run_tracked_is_told_with_the_last_value_of_each_metric(server: Mlflow) -> None:
    found = ask(server, Need(shape=Shape.TRACKED, arms=(Arm.CANDIDATE,)))
    assert isinstance(found, Tracked)
    assert dict(found.values) == {f"hyperparameters.{name}": value for name, value in PARAMETERS.items()} | {
        "metrics.train_accuracy": "0.912345678901",
        "metrics.val_accuracy": "0.9",
        "metrics.val_gap": "nan",
        "dataset.version": "flights@5f1c",
    }


def test_a_request_is_filled_in_from_the_run_and_read_again_as_it_was(server: Mlflow, tmp_path: Path) -> None:
    repo = a_repo(tmp_path, registry.base_files(server.url))
    drafted = propose(ProposeInput(repo=tmp_path, model="late", version=CANDIDATE, from_mlflow=True))
    assert drafted.left_out == ("validation_results.val_gap",)
    text = (tmp_path / drafted.written[0]).read_text(encoding="utf-8")
    filled = text.replace("owner: TODO", "owner: ml").replace("benchmarks: TODO", "benchmarks: {latency_ms: 12}")
    found = read(PromotionRequest, drafted.written[0], filled.encode())
    assert isinstance(found, PromotionRequest), found
    assert (found.baseline, found.artifact.uri, found.artifact.digest) == (
        found.candidate.parse(BASELINE),
        "models:/late/2",
        DIGESTS[CANDIDATE],
    )
    assert found.metadata.hyperparameters == PARAMETERS
    assert found.metadata.training_metrics == {"train_accuracy": 0.912345678901}
    assert found.metadata.validation_results == {"val_accuracy": 0.9}
    assert (found.metadata.dataset.version, found.metadata.source_commit) == ("flights@5f1c", COMMIT)
    assert found.metadata.dataset.characteristics == {"flights@5f1c": {"context": "training", "num_rows": 9}}
    assert repo.git("status", "--porcelain") == f"?? promotions/late/{CANDIDATE}/"


TRACKED = "      - {id: tracked, kind: metadata, require: [hyperparameters], matches: registry}\n"
POLICY = registry.POLICY.partition("      - {id: metadata")[0] + TRACKED
CLAIMS = """\
metadata: {hyperparameters: {max_depth: 8}, training_metrics: {train_accuracy: ACCURACY}}
history:
  - {stage: shadow, started: 2025-08-01T00:00:00Z}
"""


def judged(path: Path) -> list[str]:
    (record,) = check(CheckInput(repo=path, base="main", head="proposal", now=NOW)).records
    again = read_record(to_bytes(record))
    assert judge(again.plan, again.evidence) == record.verdict
    leaves = record.verdict.gates[0].leaves
    return [f"{leaf.outcome}: {sentence(leaf.judgement.reason)}" for leaf in leaves]


def a_proposal(server: Mlflow, path: Path, accuracy: str) -> None:
    repo = a_repo(path, registry.base_files(server.url, policy=POLICY, log=registry.a_log()))
    repo.branch("proposal", registry.proposal(CLAIMS.replace("ACCURACY", accuracy)))


def test_a_promotion_passes_while_the_registry_agrees_and_is_errored_once_the_alias_moves(
    server: Mlflow, tmp_path: Path
) -> None:
    a_proposal(server, tmp_path, "0.912345678901")
    claims = "passed: 1 stated (asked: 1 required)"
    assert judged(tmp_path) == ["passed: reported and registered digests agree (asked: the request's digest)", claims]
    try:
        server.post("registered-models/alias", name="late", alias="champion", version="2")
        moved = f"errored: the alias champion points to {CANDIDATE}, and the active version is {BASELINE}"
        assert judged(tmp_path) == [f"{moved}: it was moved without us", claims]
    finally:
        server.post("registered-models/alias", name="late", alias="champion", version="1")


def test_a_claim_that_the_run_did_not_log_fails(server: Mlflow, tmp_path: Path) -> None:
    a_proposal(server, tmp_path, "0.99")
    assert judged(tmp_path)[1] == (
        "failed: the request states metadata.training_metrics.train_accuracy 0.99, and the registry holds 0.912345678901"
    )
