"""A mistaken rollback is undone to the same tree, within the policy's time, by two roles, and by nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from builders import production
from model_ratchet.core.fields import Model
from model_ratchet.core.names import Version
from model_ratchet.core.reason import Why
from model_ratchet.documents.events import PromotedVersion, RolledBackVersion
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.story import Story
from model_ratchet.engine.undo import bind_undo, last_rollback, removed_tree, undo_of

D = TypeVar("D", bound=Model)
AT = datetime(2025, 8, 20, tzinfo=UTC)
DAY = timedelta(hours=24)
BEFORE, VERSION = (Version.parse(name) for name in ("v1.0.0_20250601_090000", "v1.1.0_20250801_090000"))
TREE, OTHER, COMMIT = "a" * 40, "b" * 40, "c" * 40
RECORD = "sha256:" + "d" * 64
PROMOTED = PromotedVersion(at=AT - 9 * DAY, model="fraud", candidate=VERSION, commit=COMMIT, tree=TREE, record=RECORD)
REMOVED = RolledBackVersion(
    at=AT, model="fraud", version=VERSION, returns_to=BEFORE, commit=COMMIT, cause="culprit", tree=TREE
)
STORY = Story(model="fraud", promoted=(PROMOTED,), rolled_back=(REMOVED,))


FILES = {
    path: content if isinstance(content, bytes) else content.encode()
    for path, content in {**production.base_files(), **production.proposal()}.items()
}


def parsed(kind: type[D], path: str) -> D:
    found = read(kind, path, FILES[path])
    assert isinstance(found, kind), found
    return found


DOCUMENTS = Documents(
    policy=parsed(Policy, "policies/standard/1.0.0.yaml"),
    model=parsed(ModelFile, "policies/models/fraud.yaml"),
    request=parsed(PromotionRequest, f"promotions/fraud/{VERSION}/promotion.yaml"),
    sources=parsed(Sources, "policies/sources.yaml"),
)


def test_the_same_tree_is_an_undo_until_the_time_for_it_is_over() -> None:
    for now in (AT, AT + DAY):
        found = undo_of(DOCUMENTS, STORY, TREE, now=now)
        assert found is not None
        assert (found.event, found.until) == (REMOVED, AT + DAY)
    assert undo_of(DOCUMENTS, STORY, TREE, now=AT + DAY + timedelta(seconds=1)) is None


@pytest.mark.parametrize("tree", [OTHER, None], ids=["another", "unknown"])
def test_another_tree_is_no_undo(tree: str | None) -> None:
    assert undo_of(DOCUMENTS, STORY, tree, now=AT) is None


def test_a_rollback_whose_tree_nobody_knows_is_not_undone_by_one_that_nobody_knows() -> None:
    story = replace(STORY, promoted=(), rolled_back=(REMOVED.model_copy(update={"tree": None}),))
    assert undo_of(DOCUMENTS, story, None, now=AT) is None


def test_a_policy_without_rollbacks_lets_none_be_undone() -> None:
    policy = DOCUMENTS.policy.model_copy(update={"rollback": None})
    assert undo_of(replace(DOCUMENTS, policy=policy), STORY, TREE, now=AT) is None


def test_a_version_that_was_never_rolled_back_has_nothing_to_undo() -> None:
    assert undo_of(DOCUMENTS, replace(STORY, rolled_back=()), TREE, now=AT) is None


def test_the_last_rollback_of_the_version_counts_and_none_of_one_that_stands_again() -> None:
    earlier = REMOVED.model_copy(update={"at": AT - 3 * DAY})
    another = REMOVED.model_copy(update={"at": AT + DAY, "version": BEFORE})
    story = replace(STORY, rolled_back=(earlier, REMOVED, another))
    assert last_rollback(story, str(VERSION)) == REMOVED
    assert last_rollback(replace(story, standing={str(VERSION): PROMOTED}), str(VERSION)) is None


def test_the_tree_is_that_of_the_versions_own_last_promotion_which_a_verdict_vouched_for() -> None:
    assert removed_tree(STORY, REMOVED) == TREE
    other = PROMOTED.model_copy(update={"candidate": BEFORE, "tree": OTHER})
    assert removed_tree(replace(STORY, promoted=(PROMOTED, other)), REMOVED) == TREE
    again = PROMOTED.model_copy(update={"at": AT - DAY, "tree": OTHER})
    untold = REMOVED.model_copy(update={"tree": None})
    assert removed_tree(replace(STORY, promoted=(PROMOTED, again)), untold) == OTHER


def test_what_no_verdict_vouched_for_has_no_tree_to_come_back_to() -> None:
    unverified = PROMOTED.model_copy(update={"record": None})
    assert removed_tree(replace(STORY, promoted=(unverified,)), REMOVED) is None
    changed = REMOVED.model_copy(update={"tree": OTHER})
    assert removed_tree(STORY, changed) is None


def test_a_rollback_from_before_the_ledger_goes_by_what_it_took_out() -> None:
    assert removed_tree(replace(STORY, promoted=()), REMOVED) == TREE


def test_an_undo_asks_on_call_and_risk_and_holds_until_the_time_for_it_is_over() -> None:
    undo = undo_of(DOCUMENTS, STORY, TREE, now=AT)
    assert undo is not None
    roles = {"on-call": ("@bob",), "risk": ("@bob",)}
    model = DOCUMENTS.model.model_copy(update={"roles": roles})
    plan = bind_undo(replace(DOCUMENTS, model=model), undo, now=AT)
    assert isinstance(plan, Plan), plan
    assert [one.criterion.id for gate in plan.gates for one in gate.criteria] == ["on-call", "risk"]
    assert plan.valid_until == AT + DAY
    assert {AT, AT + DAY} <= set(plan.changed_at)
    assert list(plan.changed_at) == sorted(plan.changed_at)
    assert Why.UNDOES in [reason.why for reason in plan.reasons]
