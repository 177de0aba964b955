"""Event payloads, built from state and checked against GitHub's schemas of them.

``schedule`` has no schema (it is no webhook): its payload is what GitHub documents. ``pull_request_target`` has the
payload of ``pull_request``. What the state does not hold is filled as ``contract.complete`` says.
"""

from typing import Any

from forge import contract
from forge.hub import Forge
from forge.moves import Group
from forge.state import CheckRun, Comment, Pull, Repository, Review, User

Json = dict[str, Any]


def pull_request(forge: Forge, pull: Pull, action: str = "opened", *, sender: User | None = None, **more: Any) -> Json:
    """Of ``pull_request`` and ``pull_request_target``; ``more`` is what an action adds, like ``changes`` or ``label``."""
    if action == "synchronize":
        befores = [one.sha for one in pull.pushes]
        more = {"before": befores[-2] if len(befores) > 1 else befores[-1], "after": pull.head_sha, **more}
    said = {"number": pull.number, "pull_request": _pull(forge, pull), **more}
    return _checked(forge, f"pull_request${action}", action, pull.repository, said, sender or pull.issue.user)


def pull_request_review(forge: Forge, pull: Pull, review: Review, action: str = "submitted") -> Json:
    """A review that was submitted or dismissed."""
    shown = forge.shapes.review(pull.repository, pull, review)
    said = {"review": {**shown, "state": review.state.lower()}, "pull_request": _pull(forge, pull, simple=True)}
    return _checked(forge, f"pull_request_review${action}", action, pull.repository, said, review.user)


def issue_comment(forge: Forge, repo: Repository, comment: Comment, action: str = "created", **more: Any) -> Json:
    """A comment on an issue or a pull request."""
    issue = forge.shapes.issue(repo, repo.issues[comment.issue])
    said = {"issue": issue, "comment": forge.shapes.comment(repo, comment), **more}
    return _checked(forge, f"issue_comment${action}", action, repo, said, comment.user)


def merge_group(forge: Forge, group: Group, action: str = "checks_requested") -> Json:
    """A group that the merge queue has built."""
    repo = group.repository
    commit = repo.git.commit(group.head_sha)
    shown = {
        "head_sha": group.head_sha,
        "head_ref": group.head_ref,
        "base_sha": group.base_sha,
        "base_ref": f"refs/heads/{group.base_ref}",
        "head_commit": _commit(forge, repo, group.head_sha, tree=commit.tree),
    }
    return _checked(forge, f"merge_group${action}", action, repo, {"merge_group": shown}, forge.web_flow)


def check_run(forge: Forge, repo: Repository, run: CheckRun, action: str = "completed") -> Json:
    """A check run."""
    shown = forge.shapes.check(repo, run)
    shown["check_suite"] = forge.shapes.suite(repo, repo.suites[run.suite])
    return _checked(forge, f"check_run${action}", action, repo, {"check_run": shown}, run.app.bot)


def push(forge: Forge, repo: Repository, branch: str, before: str, after: str, *, by: User) -> Json:
    """A push to a branch."""
    commits = [_commit(forge, repo, one.sha, tree=one.tree, files=True) for one in repo.git.range(before, after)]
    said = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "created": False,
        "deleted": False,
        "forced": not repo.git.descends(after, before),
        "base_ref": None,
        "compare": f"https://github.com/{repo.full_name}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "pusher": {"name": by.login, "email": by.email},
    }
    return _checked(forge, "push$event", None, repo, said, by)


def workflow_dispatch(
    forge: Forge, repo: Repository, workflow: str, *, by: User, ref: str = "main", **inputs: str
) -> Json:
    """A workflow that somebody started."""
    said = {"inputs": inputs or None, "ref": f"refs/heads/{ref}", "workflow": workflow}
    return _checked(forge, "workflow_dispatch$event", None, repo, said, by)


def workflow_run(forge: Forge, repo: Repository, sha: str, event: str, *, by: User, branch: str | None = None) -> Json:
    """The end of a run that an event of a commit had started; the run itself is not kept by the fake."""
    run: Json = {"head_sha": sha, "event": event, "status": "completed", "conclusion": "success", "pull_requests": []}
    if branch is not None:
        run["head_branch"] = branch.removeprefix("refs/heads/")
    said = {"workflow_run": run, "workflow": {}}
    return _checked(forge, "workflow_run$completed", "completed", repo, said, by)


def schedule(forge: Forge, repo: Repository, cron: str) -> Json:
    """A tick of a cron line."""
    shown = _repository(forge, repo)
    return {"schedule": cron, "repository": shown, "sender": forge.shapes.user(forge.web_flow), "workflow": ""}


def _pull(forge: Forge, pull: Pull, *, simple: bool = False) -> Json:
    shown = forge.shapes.pull(pull.repository, pull)
    for end in ("head", "base"):
        repo = shown[end].pop("repo")
        shown[end]["repo"] = {**repo, "created_at": contract.LONG_AGO, "pushed_at": contract.LONG_AGO}
    if not simple:
        shown |= {"merged": pull.merged_at is not None, "mergeable": None, "mergeable_state": "unknown"}
        shown["merged_by"] = forge.shapes.user(pull.merged_by) if pull.merged_by else None
    return shown


def _commit(forge: Forge, repo: Repository, sha: str, *, tree: str, files: bool = False) -> Json:
    commit = repo.git.commit(sha)
    shown: Json = {
        "id": sha,
        "tree_id": tree,
        "message": commit.message,
        "timestamp": commit.committer.at.isoformat(),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }
    if files:
        before = commit.parents[0] if commit.parents else repo.git.run("hash-object", "-t", "tree", "-w", "--stdin")
        kinds = {
            "added": "added",
            "removed": "removed",
            "modified": "modified",
            "renamed": "added",
            "changed": "modified",
        }
        named: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
        for one in repo.git.changes(before, sha):
            named[kinds[one.status]].append(one.path)
        shown |= {**named, "distinct": True, "url": f"https://github.com/{repo.full_name}/commit/{sha}"}
    return shown


def _repository(forge: Forge, repo: Repository) -> Json:
    at = contract.LONG_AGO
    return {**forge.shapes.repository(repo), "created_at": at, "updated_at": at, "pushed_at": at}


def _checked(forge: Forge, name: str, action: str | None, repo: Repository, said: Json, sender: User) -> Json:
    described = contract.events()
    schema = described.document["definitions"][name]
    whole = {**said, "repository": _repository(forge, repo), "sender": forge.shapes.user(sender)}
    if action is not None:
        whole["action"] = action
    payload: Json = described.complete(whole, schema, prune=True)
    wrong = described.errors(payload, schema)
    assert not wrong, f"{name} is not as GitHub describes it: {wrong}"
    return payload
