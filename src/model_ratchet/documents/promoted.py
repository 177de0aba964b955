"""The tolerant reader of versions that are already promoted: five fields, kept for ever.

A newer release must never be unable to roll back an older promotion, so nothing else of an old request is looked at, and
neither unknown keys nor a newer format stand in the way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from model_ratchet.core.names import Version
from model_ratchet.documents.yaml import Tree, Value, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A promoted version, as its chain and its rollback need it. ``baseline`` None is the first of its chain."""

    model: str
    candidate: Version
    baseline: Version | None
    digest: str | None
    policy: str | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A promotion whose request can't be read, so that its model's chain is not known."""

    model: str
    path: str
    message: str


PromotedOrNot: TypeAlias = Promoted | Unreadable


def read_promoted(path: str, content: bytes) -> PromotedOrNot:
    """The five fields of a promoted request at ``promotions/<model>/<version>/promotion.yaml``.

    The fields that make the chain must be there, once, and agree with the path; all others may be absent.
    """
    _, model, folder, _ = path.split("/")
    tree = load(path, content)
    if not isinstance(tree, Tree):
        return Unreadable(model=model, path=path, message=tree[0].message)
    if not isinstance(tree.value, dict):
        return Unreadable(model=model, path=path, message="it is no YAML mapping")
    stated = tree.value
    wrong = _doubt(tree, stated)
    if wrong is not None:
        return Unreadable(model=model, path=path, message=wrong)
    try:
        candidate = Version.parse(str(stated["candidate"]))
        before = None if stated["baseline"] == "none" else Version.parse(str(stated["baseline"]))
    except ValueError as error:
        return Unreadable(model=model, path=path, message=str(error))
    if str(candidate) != folder:
        return Unreadable(model=model, path=path, message=f"{candidate} stands in the folder {folder}")
    if stated.get("model", model) != model:
        return Unreadable(model=model, path=path, message=f"it names the model {stated['model']}")
    artifact = stated.get("artifact")
    digest = artifact.get("digest") if isinstance(artifact, dict) else None
    policy = stated.get("policy")
    return Promoted(
        model=model,
        candidate=candidate,
        baseline=before,
        digest=digest if isinstance(digest, str) else None,
        policy=policy if isinstance(policy, str) else None,
        path=path,
    )


def _doubt(tree: Tree, stated: Mapping[str, Value]) -> str | None:
    """Why a field that makes the chain is not there, or can't be trusted as it was read."""
    for key in ("candidate", "baseline", "model"):
        if (key,) in tree.doubtful:
            return (
                f"its {key} is in doubt, as it stands twice or is an alias or has a tag (line {tree.at((key,)).line})"
            )
    return next((f"it names no {key}" for key in ("candidate", "baseline") if key not in stated), None)
