"""The tolerant reader of versions that are already promoted: five fields, kept for ever.

A newer release must never be unable to roll back an older promotion, so nothing else of an old request is looked at, and
neither unknown keys nor a newer format stand in the way.
"""

from dataclasses import dataclass
from typing import TypeAlias

from model_ratchet.core.names import Version
from model_ratchet.documents.yaml import Tree, load


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
    """The five fields of a promoted request at ``promotions/<model>/<version>/promotion.yaml``."""
    model = path.split("/")[1]
    tree = load(path, content)
    if not isinstance(tree, Tree) or not isinstance(tree.value, dict):
        return Unreadable(model=model, path=path, message="it is no YAML mapping")
    stated = tree.value
    try:
        candidate = Version.parse(str(stated.get("candidate")))
        baseline = stated.get("baseline")
        before = None if baseline in (None, "none") else Version.parse(str(baseline))
    except ValueError as error:
        return Unreadable(model=model, path=path, message=str(error))
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
