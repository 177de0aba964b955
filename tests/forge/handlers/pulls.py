"""Pull requests: read, listed, opened, edited, merged; their files and commits with GitHub's caps."""

from typing import Any

from forge import moves, rules
from forge.state import EPOCH, Pull, Push
from forge.web import REPO, Answer, Call, Refused, invalid, moment, not_found, route

PULL = f"{REPO}/pulls/{{pull_number}}"
FILES_AT_MOST, COMMITS_AT_MOST = 3000, 250


@route("GET", f"{REPO}/pulls", "pull_requests:read")
def listed(call: Call) -> Answer:
    repo, state = call.repo, call.query.get("state", "open")
    owner, _, head = call.query.get("head", "").rpartition(":")

    def fits(one: Pull) -> bool:
        return (
            state in ("all", one.issue.state)
            and call.query.get("base", one.base_ref) == one.base_ref
            and head in ("", one.head_ref)
            and owner in ("", one.head_repository.owner.login)
        )

    found = [one for one in repo.pulls.values() if fits(one)]
    upwards = call.query.get("direction", "desc") == "asc"
    by_update = call.query.get("sort") == "updated"
    found.sort(key=lambda one: (one.issue.updated_at if by_update else EPOCH, one.number), reverse=not upwards)
    return call.page(found, lambda one: call.forge.shapes.pull(repo, one))


@route("POST", f"{REPO}/pulls", "pull_requests:write")
def opened(call: Call) -> Answer:
    owner, _, head = call.body["head"].rpartition(":")
    source = call.repo
    if owner and owner != source.owner.login:
        name = call.body.get("head_repo", source.name)
        if f"{owner}/{name}".lower() not in call.forge.repositories:
            raise invalid("Validation Failed", resource="PullRequest", field="head", code="invalid")
        source = call.forge.repositories[f"{owner}/{name}".lower()]
    text = moves.Text(call.body.get("title", ""), call.body.get("body"))
    draft = call.body.get("draft", False)
    made = moves.open_pull(call.forge, call.repo, source, head, call.body["base"], text, call.token, draft=draft)
    return Answer(201, whole(call, made))


@route("GET", PULL, "pull_requests:read")
def read(call: Call) -> Answer:
    return Answer(200, whole(call, call.pull))


@route("PATCH", PULL, "pull_requests:write")
def edited(call: Call) -> Answer:
    pull, body = call.pull, call.body or {}
    if "title" in body or "body" in body:
        pull.issue.title = body.get("title", pull.issue.title)
        pull.issue.body = body.get("body", pull.issue.body)
        moves.happened(call.forge, pull, "edited", call.token)
    if body.get("base", pull.base_ref) != pull.base_ref:
        moves.retarget(call.forge, pull, body["base"], call.token)
    if body.get("state", pull.issue.state) != pull.issue.state:
        if pull.merged_at is not None:
            raise invalid("Validation Failed", resource="PullRequest", field="state", code="invalid")
        _reopened(call, pull) if body["state"] == "open" else moves.close(call.forge, pull, call.token)
    return Answer(200, whole(call, pull))


def _reopened(call: Call, pull: Pull) -> None:
    pull.issue.state, pull.issue.closed_at = "open", None
    sha = pull.head_repository.git.resolve(pull.head_ref)
    if sha is not None and sha != pull.head_sha:
        pull.head_sha = sha
        pull.pushes.append(Push(sha, call.user, call.now))
    moves.happened(call.forge, pull, "reopened", call.token)


def whole(call: Call, pull: Pull) -> dict[str, Any]:
    """A pull request with what takes a look at git."""
    fits = moves.mergeable(pull)
    files, git = _files(pull), pull.repository.git
    comments = sum(one.issue == pull.number for one in pull.repository.comments.values())
    return {
        **call.forge.shapes.pull(pull.repository, pull),
        "mergeable": fits,
        "mergeable_state": _mergeable_state(call, pull, fits),
        "merged": pull.merged_at is not None,
        "merged_by": call.forge.shapes.user(pull.merged_by) if pull.merged_by else None,
        "comments": comments,
        "review_comments": 0,
        "commits": len(git.range(_start(pull), pull.head_sha)),
        "changed_files": len(files),
        "additions": sum(one.additions for one in files),
        "deletions": sum(one.deletions for one in files),
        "maintainer_can_modify": pull.head_repository is not pull.repository,
    }


def _mergeable_state(call: Call, pull: Pull, fits: bool | None) -> str:
    if fits is None:
        return "unknown"
    if not fits:
        return "dirty"
    if pull.draft:
        return "draft"
    blocked = rules.against_merge(pull.repository, pull, call.forge.teams, moves.actor(call.token))
    return "blocked" if blocked else "clean"


def _start(pull: Pull) -> str:
    """Where the pull request's own commits begin: the base when it was merged or last pushed to, met with its head."""
    git = pull.repository.git
    tip = pull.base_sha if pull.merged_at else git.resolve(pull.base_ref) or pull.base_sha
    return git.merge_base(tip, pull.head_sha) or tip


def _files(pull: Pull) -> list[Any]:
    return pull.repository.git.changes(_start(pull), pull.head_sha)


@route("GET", f"{PULL}/files", "pull_requests:read")
def files(call: Call) -> Answer:
    repo, pull = call.repo, call.pull
    return call.page(_files(pull)[:FILES_AT_MOST], lambda one: call.forge.shapes.file(repo, pull.head_sha, one))


@route("GET", f"{PULL}/commits", "pull_requests:read")
def commits(call: Call) -> Answer:
    repo, pull = call.repo, call.pull
    own = repo.git.range(_start(pull), pull.head_sha)[:COMMITS_AT_MOST]
    return call.page(own, lambda one: call.forge.shapes.commit(repo, one))


@route("GET", f"{PULL}/merge", "pull_requests:read")
def merged(call: Call) -> Answer:
    if call.pull.merged_at is None:
        raise not_found()
    return Answer(204)


@route("PUT", f"{PULL}/merge", "contents:write")
def merge(call: Call) -> Answer:
    body = call.body or {}
    if not call.may("pull_requests", "write"):
        raise Refused(403, "Resource not accessible by integration")
    made = moves.merge(
        call.forge,
        call.pull,
        call.token,
        body.get("merge_method", "merge"),
        sha=body.get("sha"),
        title=body.get("commit_title"),
        message=body.get("commit_message"),
    )
    return Answer(200, {"sha": made, "merged": True, "message": "Pull Request successfully merged"})


@route("GET", f"{REPO}/commits/{{commit_sha}}/pulls", "pull_requests:read")
def of_a_commit(call: Call) -> Answer:
    repo, sha = call.repo, call.params["commit_sha"]
    holding = [one for one in repo.pulls.values() if _holds(one, sha)]
    return call.page(holding, lambda one: call.forge.shapes.pull(repo, one))


def _holds(pull: Pull, sha: str) -> bool:
    own = [one.sha for one in pull.repository.git.range(_start(pull), pull.head_sha)]
    return sha in own or (pull.merged_at is not None and pull.merge_commit_sha == sha)


_NOTHING = "0" * 40
"""The commit of a branch that is not there."""


@route("GET", f"{REPO}/activity", "contents:read")
def activity(call: Call) -> Answer:
    """The moves of a branch that a pull request has seen, newest first, or else those that were pushed with a token."""
    repo, ref = call.repo, call.query.get("ref", "")
    known = [pull for one in call.forge.repositories.values() for pull in one.pulls.values()]
    seen = [
        (pull, push)
        for pull in known
        if pull.head_repository is repo and ref in ("", f"refs/heads/{pull.head_ref}")
        for push in pull.pushes
    ]
    others = [push for push in repo.pushes if push.ref == ref] if not seen else []
    moves = [_move(call, *one) for one in seen] + [_pushed(call, at, one) for at, one in enumerate(others)]
    return call.page(moves[::-1], lambda one: one)


def _pushed(call: Call, at: int, push: Push) -> dict[str, Any]:
    return {
        "id": at,
        "node_id": f"PSH_{at}",
        "before": push.before,
        "after": push.sha,
        "ref": push.ref,
        "timestamp": moment(push.at),
        "activity_type": "push",
        "actor": call.forge.shapes.user(push.by) if push.by else None,
    }


def _move(call: Call, pull: Pull, push: Push) -> dict[str, Any]:
    at = pull.pushes.index(push)
    return {
        "id": pull.number * 1000 + at,
        "node_id": f"PSH_{pull.number}_{at}",
        "before": pull.pushes[at - 1].sha if at else _NOTHING,
        "after": push.sha,
        "ref": f"refs/heads/{pull.head_ref}",
        "timestamp": moment(push.at),
        "activity_type": "branch_deletion" if push.sha == _NOTHING else "push" if at else "branch_creation",
        "actor": call.forge.shapes.user(push.by) if push.by else None,
    }
