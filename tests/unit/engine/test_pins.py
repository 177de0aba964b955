"""Pins: what a start writes down, and what of it makes the attempt worthless once it is another."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builders.records import a_plan, performance
from model_ratchet.core.evidence import Need, Shape
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, StageClosed, StageStarted
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.pins import artifacts_digest, beside, covered, lost, pins
from model_ratchet.engine.story import Attempt

AT = datetime(2025, 8, 1, tzinfo=UTC)
CANDIDATE = Version.parse("v2.0.0_20250701_000000")
DIGEST = "sha256:" + "2" * 64
FOLDER = f"promotions/demo/{CANDIDATE}"
SMALL, OTHER = PolicyName.parse("small/1.0.0"), PolicyName.parse("small/1.0.1")
MODEL_BLOB, SCORES, MAP = "a" * 40, "b" * 40, "c" * 40
POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: small
version: 1.0.0
stages: [{name: canary, traffic: 5%, lasts: 48h}]
gates: [{name: g, criteria: [{id: errors, kind: rate_limit, metric: errors, below: 1%}]}]
"""
MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [small/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: requests, request_id: id, arm: version}
metrics: {errors: {kind: proportion, column: error}}
"""
REQUEST = f"""\
apiVersion: ratchet/v1
kind: PromotionRequest
model: demo
candidate: {CANDIDATE}
baseline: none
policy: small/1.0.0
owner: ml
artifact: {{uri: "s3://models/2", digest: "{DIGEST}"}}
"""
SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources: {requests: {kind: table, path: requests.parquet}, unused: {kind: table, path: other.parquet}}
"""


def documents(sources: str | None = SOURCES, *, request: str = REQUEST, **digests: str) -> Documents:
    """The demo; ``digests`` are of files in ``artifacts/``, with ``_`` for the dot."""
    policy = read(Policy, "policies/small/1.0.0.yaml", POLICY.encode())
    model = read(ModelFile, "policies/models/demo.yaml", MODEL.encode())
    asked = read(PromotionRequest, f"{FOLDER}/promotion.yaml", request.encode())
    held = None if sources is None else read(Sources, "policies/sources.yaml", sources.encode())
    assert isinstance(policy, Policy), policy
    assert isinstance(model, ModelFile), model
    assert isinstance(asked, PromotionRequest), asked
    assert held is None or isinstance(held, Sources), held
    files = {f"{FOLDER}/artifacts/{name.replace('_', '.')}": oid for name, oid in digests.items()}
    return Documents(
        policy=policy,
        model=model,
        request=asked,
        sources=held,
        digests={"model": MODEL_BLOB, "policy": "d" * 40, f"{FOLDER}/notes.md": "e" * 40, **files},
        paths={"request": f"{FOLDER}/promotion.yaml"},
    )


NOW = documents(scores_yaml=SCORES)


def attempt(*pinned: Mapping[str, str], policy: PolicyName = SMALL, digest: str = DIGEST) -> Attempt:
    """An attempt with a stage for each of what was pinned: shadow, then canary."""
    given = {"model": "demo", "candidate": CANDIDATE}
    return Attempt(
        admitted=Admitted(at=AT, digest=digest, policy=policy, attempt=1, **given),  # type: ignore[arg-type]
        starts=tuple(
            StageStarted(at=AT + timedelta(days=day), stage=stage, pinned=dict(one), **given)  # type: ignore[arg-type]
            for day, (stage, one) in enumerate(zip(("shadow", "canary"), pinned, strict=False))
        ),
    )


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


# what is written down


def test_a_start_pins_the_model_file_and_the_sources() -> None:
    assert pins(documents(None), served=False) == {"model": MODEL_BLOB}
    assert pins(NOW, served=False).keys() == {"model", "sources"}
    assert pins(replace(documents(None), digests={}), served=True) == {}


def test_the_sources_are_pinned_as_far_as_the_model_reads_them() -> None:
    pinned = pins(NOW, served=False)["sources"]
    assert pins(documents(SOURCES.replace("other.parquet", "new.parquet")), served=False)["sources"] == pinned
    assert pins(documents(SOURCES.replace("requests.parquet", "new.parquet")), served=False)["sources"] != pinned


def test_what_is_served_beside_the_model_is_pinned_once_the_candidate_has_traffic() -> None:
    served = pins(documents(None, scores_yaml=SCORES, map_yaml=MAP), served=True)
    spelled = b'{"map.yaml":"%b","scores.yaml":"%b"}' % (b"c" * 40, b"b" * 40)
    assert served == {"model": MODEL_BLOB, "artifacts": sha256(spelled)}
    assert pins(NOW, served=True).keys() == {"model", "sources", "artifacts"}
    assert pins(documents(None), served=True) == {"model": MODEL_BLOB}


def test_artefacts_are_the_files_in_the_folder_beside_the_request() -> None:
    digests = {
        f"{FOLDER}/artifacts/scores.yaml": SCORES,
        f"{FOLDER}/artifacts/more/map.yaml": MAP,
        f"{FOLDER}/artifacts.md": "d" * 40,
        "promotions/demo/v1.0.0_20250101_000000/artifacts/scores.yaml": "e" * 40,
    }
    assert beside(f"{FOLDER}/promotion.yaml", digests) == {"scores.yaml": SCORES, "more/map.yaml": MAP}
    assert artifacts_digest({"z": "1", "a": "2"}) == sha256(b'{"a":"2","z":"1"}')


# what is lost


def test_an_attempt_stands_as_long_as_what_it_was_started_by_does() -> None:
    assert lost(attempt(), NOW) is None
    assert lost(attempt(pins(NOW, served=False), pins(NOW, served=True)), NOW) is None


def test_another_artifact_makes_it_worthless() -> None:
    found = lost(attempt(digest="sha256:" + "3" * 64), NOW)
    assert found == "the artifact is another one than was admitted"


def test_a_policy_is_left_only_for_the_one_that_replaces_it() -> None:
    under_other = attempt(policy=OTHER)
    assert lost(under_other, NOW) == "it was admitted under small/1.0.1, and asks for small/1.0.0 now"
    assert lost(under_other, replace(NOW, replaces=frozenset({OTHER}))) is None
    assert lost(under_other, replace(NOW, replaces=frozenset({PolicyName.parse("small/1.0.2")}))) is not None
    assert lost(attempt(), replace(NOW, replaces=frozenset({OTHER}))) is None


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("model", "the model file"),
        ("sources", "a source that the model reads"),
        ("artifacts", "an artefact that is served beside the model"),
    ],
)
def test_what_has_changed_since_a_start_is_named(name: str, what: str) -> None:
    before = {**pins(NOW, served=True), name: "0" * 40}
    assert lost(attempt(before), NOW) == f"{what} has changed since shadow was started"
    assert lost(attempt(before, pins(NOW, served=True)), NOW) == f"{what} has changed since canary was started"
    assert lost(attempt(pins(NOW, served=True), before), NOW) is None


def test_artefacts_that_are_gone_have_changed_and_those_that_came_before_they_are_served_have_not() -> None:
    changed = "an artefact that is served beside the model has changed since shadow was started"
    assert lost(attempt(pins(NOW, served=True)), documents()) == changed
    assert lost(attempt(pins(documents(), served=True)), NOW) is None


def test_what_is_not_pinned_today_does_not_count() -> None:
    older = {**pins(NOW, served=True), "request": "0" * 40}
    assert lost(attempt(older), NOW) is None
    assert lost(attempt(pins(NOW, served=True)), replace(NOW, sources=None)) is None


# what is covered


def closing(one: Attempt, *stages: str) -> Attempt:
    closed = {
        stage: StageClosed(
            at=AT, model="demo", candidate=CANDIDATE, stage=stage, outcome="passed", record="sha256:" + "f" * 64
        )
        for stage in stages
    }
    return replace(one, closed=closed)


PLAN = a_plan(performance())
"""Of ``standard/1.0.0``, and asks of the canary alone."""


def test_closed_stages_must_have_been_asked_all_that_another_policy_needs_of_them() -> None:
    needs = PLAN.needs()
    ran = closing(attempt(), "canary")
    assert len(needs) > 2
    assert covered(ran, PLAN, needs)
    assert not covered(ran, PLAN, needs[1:])
    assert not covered(ran, PLAN, needs[:1])
    assert not covered(ran, PLAN, ())
    assert not covered(ran, PLAN, (Need(shape=Shape.SUITE, metric="other", arms=()),))


def test_what_is_needed_of_a_stage_that_has_not_closed_is_asked_in_time() -> None:
    assert covered(attempt(), PLAN, ())
    assert covered(closing(attempt(), "shadow"), PLAN, ())


def test_under_the_policy_of_its_admission_all_is_covered() -> None:
    ran = closing(attempt(policy=PolicyName.parse("standard/1.0.0")), "canary")
    assert covered(ran, PLAN, ())
