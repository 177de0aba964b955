"""A draft: what a registry says survives YAML and our own reader, or is left out by name."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import registry
from model_ratchet.documents.beside import read_beside
from model_ratchet.documents.draft import MOST_BYTES, Draft, document_text, fitting, request_text
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest

PLACE = f"promotions/late/{registry.CANDIDATE}/promotion.yaml"


def policy(text: str = registry.POLICY) -> Policy:
    found = read(Policy, "policies/small/1.0.0.yaml", text.encode())
    assert isinstance(found, Policy), found
    return found


UNASKED = registry.POLICY.replace("      - {id: metadata, kind: metadata", "      # - {id: metadata, kind: metadata")
"""A policy that requires no metadata, so that a draft under it holds no blank there."""


def a_draft(metadata: Mapping[str, object] | None = None, **more: Any) -> Draft:
    given: dict[str, Any] = {"baseline": registry.BASELINE, "uri": "s3://models/late/2", "digest": "sha256:" + "c" * 64}
    draft: dict[str, Any] = {
        "model": "late",
        "candidate": registry.CANDIDATE,
        "policy": policy(),
        "metadata": metadata or {},
    }
    return Draft(**(draft | given | more))


def filled_in(draft: Draft) -> PromotionRequest:
    found = read(PromotionRequest, PLACE, request_text(draft).replace("owner: TODO", "owner: ml").encode())
    assert isinstance(found, PromotionRequest), found
    return found


WORDS = """
null ~ yes on 1e5 1:30 0o17 0x1f .5 .inf << = *a &a !t %TAG @a `a` --- ... {a} [a] ' " \\ | > ? , +1 -.5 007 TODO
2025-08-01 2025-08-01T00:00:00Z 999999999999999999999
"""
LINES = ("", "- a", "a: b", "a #b", "a\nb\n", " a ", "\t", "a\u202eb", "\x85", "é😀", "x" * 2001)
NASTY = st.one_of(st.text(max_size=40), st.sampled_from((*WORDS.split(), *LINES)))
NUMBERS = st.one_of(st.floats(), st.integers(-(10**20), 10**20), st.booleans())


@settings(max_examples=150)
@given(
    st.dictionaries(NASTY, NASTY, max_size=5),
    st.dictionaries(NASTY, st.one_of(NASTY, NUMBERS), max_size=5),
    st.dictionaries(NASTY, st.dictionaries(NASTY, st.one_of(NASTY, NUMBERS), max_size=3), max_size=3),
    NASTY,
)
def test_whatever_a_registry_holds_comes_back_from_the_request_or_is_left_out_by_name(
    parameters: dict[str, str], metrics: dict[str, object], characteristics: dict[str, dict[str, object]], version: str
) -> None:
    asked = {
        "dataset": {"version": version, "characteristics": characteristics},
        "hyperparameters": parameters,
        "training_metrics": metrics,
        "source_commit": version,
    }
    kept, left_out = fitting(asked)
    read_back = filled_in(a_draft(kept, policy=policy(UNASKED))).metadata
    dataset = kept.get("dataset", {})
    assert isinstance(dataset, dict)
    assert read_back.hyperparameters == kept.get("hyperparameters", {})
    assert read_back.training_metrics == kept.get("training_metrics", {})
    assert read_back.dataset.characteristics == dataset.get("characteristics", {})
    assert read_back.dataset.version == dataset.get("version")
    assert read_back.source_commit == kept.get("source_commit")
    leaves = len(parameters) + len(metrics) + sum(map(len, characteristics.values())) + 2
    assert leaves == len(left_out) + _leaves(kept)
    assert all(name.isprintable() for name in left_out)


def _leaves(values: Mapping[str, object]) -> int:
    return sum(_leaves(one) if isinstance(one, Mapping) else 1 for one in values.values())


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1e-3", True),
        ("08", True),
        ("a\nb", True),
        ("x" * 2000, True),
        ("x" * 2001, False),
        ("", False),
        ("\u200e", False),
    ],
)
def test_ordinary_values_are_kept_and_what_no_request_can_hold_is_not(value: str, kept: bool) -> None:
    held, left_out = fitting({"hyperparameters": {"name": value}})
    assert (held, left_out) == (({"hyperparameters": {"name": value}}, ()) if kept else ({}, ("hyperparameters.name",)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_metric_that_is_not_finite_is_left_out(value: float) -> None:
    assert fitting({"training_metrics": {"loss": value, "auc": 0.5}}) == (
        {"training_metrics": {"auc": 0.5}},
        ("training_metrics.loss",),
    )


def test_more_metadata_than_a_document_holds_is_left_out() -> None:
    kept, left_out = fitting({"hyperparameters": {f"p{number}": "é" * 1000 for number in range(300)}})
    assert len(left_out) > 90
    draft = a_draft(kept, policy=policy(UNASKED))
    assert len(request_text(draft).encode()) < 2 * MOST_BYTES
    filled_in(draft)


def test_what_is_not_known_is_refused_with_what_to_write() -> None:
    text = request_text(a_draft(uri=None, digest=None))
    found = read(PromotionRequest, PLACE, text.encode())
    assert isinstance(found, tuple)
    uri = "this is still to be filled in: write the artifact's address, such as s3://models/flight-delay/v2.1.0/model.joblib"
    digest = "this is still to be filled in: write sha256: and the 64 digits that sha256sum prints for the artifact"
    owner = "this is still to be filled in: write the team that answers questions"
    names = "this is still to be filled in: write names and values, such as {rows: 120000}"
    commit = "this is still to be filled in: write the commit of the model's code"
    assert [finding.message for finding in found] == [uri, digest, owner, names, names, commit]


def test_a_blank_stands_beside_what_is_known_and_never_in_its_place() -> None:
    required = "[hyperparameters.depth, hyperparameters.tree.leaves, hyperparameters.tree, training_metrics.auc]"
    text = registry.POLICY.replace("[hyperparameters, benchmarks, source_commit]", required)
    asked = policy(text)
    draft = a_draft({"hyperparameters": {"seed": "7"}}, policy=asked)
    expected = "metadata:\n  hyperparameters:\n    seed: '7'\n    tree:\n      leaves: TODO\n    depth: TODO\n"
    assert f"{expected}  training_metrics:\n    auc: TODO\n" in request_text(draft)
    taken = a_draft({"hyperparameters": {"tree": "oak", "depth": "6"}}, policy=asked)
    assert "  hyperparameters:\n    tree: oak\n    depth: '6'\n" in request_text(taken)
    assert "metadata.hyperparameters.tree.leaves" in taken.left()


def test_what_is_left_to_fill_in_is_what_the_policy_asks_for() -> None:
    metadata = {"hyperparameters": {"max_depth": "8"}}
    assert a_draft(metadata).left() == ("owner", "metadata.benchmarks", "metadata.source_commit", "drill")
    known = a_draft(metadata, baseline=None, uri=None, digest=None)
    assert known.left()[:3] == ("artifact.uri", "artifact.digest", "owner")
    assert "drill" not in known.left()


def test_a_document_has_its_sections_and_none_of_them_counts_as_filled() -> None:
    found = read_beside("risk.md", document_text(a_draft(), "risk").encode())
    title = f"{registry.CANDIDATE} of late: risk"
    assert getattr(found, "sections", None) == ((title, 0), ("risks", 0), ("mitigation", 0))
    assert document_text(a_draft(), "notes") == f"# {registry.CANDIDATE} of late: notes\n\nTODO\n"


def test_a_section_with_the_name_of_its_document_is_not_filled_by_the_others() -> None:
    asked = policy(registry.POLICY.replace("risk: [Risks, Mitigation]", "risk: [Risk, Mitigation]"))
    text = document_text(a_draft(policy=asked), "risk").replace(
        "## Mitigation\n\nTODO", "## Mitigation\n\nmany words here"
    )
    found = read_beside("risk.md", text.encode())
    assert dict(getattr(found, "sections", ()))["risk"] == 0


CHECKED = registry.POLICY.replace(
    "      - {id: metadata, kind: metadata",
    "      - {id: code, kind: required_checks, checks: [tests]}\n      - {id: metadata, kind: metadata",
)
WHOLE = "0f9a6c1d" * 5


def sourced(commit: str | None, *code: str, metadata: Mapping[str, object] | None = None) -> Draft:
    return a_draft(metadata, policy=policy(CHECKED), code=code).with_source_commit(commit)


def test_a_draft_under_a_policy_that_asks_for_checks_states_where_the_code_is() -> None:
    draft = sourced(WHOLE, "acme/late")
    assert draft.metadata == {"source": {"repository": "acme/late", "commit": WHOLE}}
    assert draft.left() == ("owner", "metadata.hyperparameters", "metadata.benchmarks", "drill")
    assert sourced(None, "acme/late", metadata={"source_commit": WHOLE}).metadata == draft.metadata


@pytest.mark.parametrize(
    ("commit", "code", "left"),
    [
        (None, ("acme/late",), ("metadata.source.commit",)),
        ("0f9a6c1d", ("acme/late",), ("metadata.source.commit",)),
        (WHOLE, ("acme/late", "acme/old"), ("metadata.source.repository",)),
        (None, ("acme/late", "acme/old"), ("metadata.source.repository", "metadata.source.commit")),
    ],
    ids=["unknown", "short", "several", "nothing"],
)
def test_what_is_not_known_of_the_code_is_left_to_fill_in(
    commit: str | None, code: tuple[str, ...], left: tuple[str, ...]
) -> None:
    draft = sourced(commit, *code)
    assert tuple(name for name in draft.left() if "source" in name) == left
    assert request_text(draft).count("TODO") == 3 + len(left)


def test_where_nobody_asks_or_nothing_is_bound_the_commit_alone_is_stated() -> None:
    assert sourced(WHOLE).metadata == {"source_commit": WHOLE}
    assert a_draft(code=("acme/late",)).with_source_commit("0f9a6c1d").metadata == {"source_commit": "0f9a6c1d"}
    assert "metadata.source_commit" in sourced(None).left()
