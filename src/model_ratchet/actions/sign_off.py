"""Sign-off: the reviews of a pull request, held against what is judged. Effects in order, no decisions."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from model_ratchet.core.errors import ForgeError, RepositoryError
from model_ratchet.core.evidence import Approvals, Missing, Need, Shape
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Conversation, Review, Said
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.sign_off import Entry, entering, sign_off, teams
from model_ratchet.engine.validity import pinned
from model_ratchet.ports import Forge, Repository

_OF_RUN = re.compile(r"refs/pull/([1-9][0-9]{0,9})/(?:merge|head)")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request and where it lives."""

    forge: Forge
    number: int


@contextmanager
def forge_of(number: int | None, environ: Mapping[str, str]) -> Iterator[tuple[int | None, Forge | None]]:
    """The pull request to read, the one that is named, else the one that a run of GitHub Actions is for; and where GitHub
    is, None without a token. Closes the connection at the end.

    Raises:
        ForgeError: one is named, and the environment does not say where it is, or gives no token.
    """
    if number is None and not environ.get("GITHUB_TOKEN"):
        yield None, None
        return
    from model_ratchet.github.client import Access
    from model_ratchet.github.forge import GithubForge

    of_run = _OF_RUN.fullmatch(environ.get("GITHUB_REF", "")) if environ.get("GITHUB_REPOSITORY") else None
    access = Access.of(environ, anywhere=number is None)
    with closing(GithubForge(access)) as forge:
        yield number if number is not None or of_run is None else int(of_run[1]), forge


def read_sign_offs(
    plan: Plan, repository: Repository, pull: PullRequest | None, *, base: str, head: str
) -> Mapping[Need, Approvals | Missing]:
    """The answer to every need of reviews: none were given where there is no pull request to read them from."""
    needs = [need for need in plan.needs() if need.shape is Shape.APPROVALS]
    if not needs or pull is None:
        return dict.fromkeys(needs, Approvals(approvals=()))
    try:
        told = pull.forge.conversation(pull.number, teams(plan))
    except ForgeError as error:
        reason = because(Why.FORGE_UNREADABLE, what=error.what or "the reviews", status=error.status)
        return dict.fromkeys(needs, Missing(reason=reason))
    return weigh(plan, repository, told, base=base, head=head)


def weigh(
    plan: Plan, repository: Repository, told: Conversation, *, base: str, head: str
) -> Mapping[Need, Approvals | Missing]:
    """The answer to every need of reviews, from what was said of a pull request; missing where its head is another."""
    if told.head != head:
        needs = [need for need in plan.needs() if need.shape is Shape.APPROVALS]
        return dict.fromkeys(needs, Missing(reason=because(Why.HEAD_MOVED, judged=head[:12], head=told.head[:12])))
    return dict(sign_off(plan, told, _content(plan, repository, told, base=base, head=head)))


def read_entries(
    plan: Plan, repository: Repository, pull: PullRequest | None, roles: Sequence[str], *, base: str, head: str
) -> tuple[Entry, ...]:
    """The approvals of these roles that let a candidate into a stage: none where there is no pull request to read.

    Raises:
        ForgeError: the reviews can't be read, or the pull request has another head meanwhile.
    """
    if pull is None or not roles:
        return ()
    told = pull.forge.conversation(pull.number, teams(plan))
    if told.head != head:
        raise ForgeError(f"{told.head[:12]} is the head of pull request #{pull.number} now, and no longer {head[:12]}")
    return entering(plan, told, _content(plan, repository, told, base=base, head=head), roles)


def _content(
    plan: Plan, repository: Repository, told: Conversation, *, base: str, head: str
) -> Mapping[int, Reason | None]:
    """What has changed since each approval, by the id of its review; None where nothing has."""
    return {
        review.id: _changed(plan, repository, review, base=base, head=head)
        for review in told.reviews
        if review.said is Said.APPROVED
    }


def _changed(plan: Plan, repository: Repository, review: Review, *, base: str, head: str) -> Reason | None:
    """The folder as it was at the reviewed commit, the rules as they were on the base branch at that time."""
    folder = posixpath.dirname(plan.paths["request"])
    if not repository.reach(review.commit):
        return because(Why.REVIEWED_COMMIT_GONE, commit=review.commit[:12])
    if repository.tree(review.commit, folder) != repository.tree(head, folder):
        return because(Why.CONTENT_CHANGED, what=folder)
    rules = _rules(plan)
    try:
        then = repository.as_of(base, review.submitted_at)
    except RepositoryError as error:
        return because(Why.CANNOT_VERIFY, what=f"{', '.join(rules)} as of {review.submitted_at.isoformat()}: {error}")
    blobs = repository.read(then, tuple(rules)) if then is not None else {}
    for path, digest in rules.items():
        if path not in blobs or blobs[path].oid != digest:
            return because(Why.CONTENT_CHANGED, what=path)
    return None


def _rules(plan: Plan) -> Mapping[str, str]:
    """The path of what a verdict is made by → its blob id: the policy, the model file, the waivers in force."""
    return {plan.paths.get(name, name): plan.digests[name] for name in pinned(plan)}
