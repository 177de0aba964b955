"""Waivers of one promotion: those that the base branch holds, and those that the change itself brings."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.actions.reading import Faulty, read_blob
from model_ratchet.documents.files import WAIVERS, kind_of, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.waiver import Waiver
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.waivable import waiver_faults
from model_ratchet.engine.waivers import holds_for, is_about
from model_ratchet.ports import Blob, Repository


@dataclass(frozen=True, slots=True)
class Held:
    """The waivers that the base branch holds for a promotion, and the blob id of each by its path."""

    waivers: tuple[Waiver, ...]
    digests: Mapping[str, str]


def held_waivers(
    at_base: Mapping[str, Blob], request: PromotionRequest, policy: Policy, model: ModelFile
) -> Held | Faulty:
    """The waivers for a promotion among the blobs of the base branch, or what is wrong with those that name its artifact.

    Others are not even parsed: what is wrong with a waiver concerns the artifact that it was granted to.
    """
    found = dict(_naming(at_base, request.artifact.digest))
    faulty = [finding for one in found.values() if isinstance(one, Faulty) for finding in one.findings]
    judged = request.model_copy(update={"policy": policy.full_name})
    digest = f"sha256:{hashlib.sha256(at_base[policy_path(policy.full_name)].content).hexdigest()}"
    read = {path: one for path, one in found.items() if isinstance(one, Located) and is_about(one.document, judged)}
    for one in read.values():
        faulty += [one.finding(fault) for fault in waiver_faults(one.document, policy, model, policy_digest=digest)]
    if faulty:
        return Faulty(tuple(faulty))
    return Held(
        waivers=tuple(one.document for one in read.values()), digests={path: at_base[path].oid for path in read}
    )


def brought_waivers(
    repository: Repository, head: str, changed: Collection[str], request: PromotionRequest
) -> tuple[Waiver, ...]:
    """The waivers for a promotion among the paths that the change touches, as it leaves them.

    What is wrong with one is told where the change of the policies is.
    """
    written = [path for path in changed if kind_of(path) is Waiver]
    found = _naming(repository.read(head, written), request.artifact.digest) if written else ()
    return tuple(one.document for _, one in found if isinstance(one, Located) and is_about(one.document, request))


def same_waivers(repository: Repository, base: str, plan: Plan, now: datetime) -> bool:
    """Whether the waivers that are in force for a promotion at ``now`` are those that it was judged by.

    One that can't be read is another one.
    """
    blobs = repository.read(base, repository.paths(base, WAIVERS))
    there = {
        path: blobs[path].oid
        for path, one in _naming(blobs, plan.facts.candidate_digest or "")
        if isinstance(one, Faulty) or holds_for(one.document, plan, now)
    }
    return there == {path: digest for path, digest in plan.digests.items() if kind_of(path) is Waiver}


def _naming(blobs: Mapping[str, Blob], artifact: str) -> Iterator[tuple[str, Located[Waiver] | Faulty]]:
    """What names an artifact among the waivers of a commit."""
    for path, blob in blobs.items():
        if kind_of(path) is Waiver and artifact.encode() in blob.content:
            yield path, read_blob(Waiver, blobs, path)
