"""Files at a commit, commits, and comparisons."""

import base64
from typing import Any

from forge.rules import code_owners
from forge.state import User
from forge.web import REPO, Answer, Call, not_found, route

LARGEST = 1_000_000
"""Bytes of a file whose content is told; of a larger one only its size."""


@route("GET", f"{REPO}/contents/{{path}}", "contents:read")
def content(call: Call) -> Answer:
    git, path = call.repo.git, call.params["path"].strip("/")
    sha = git.resolve(call.query.get("ref", call.repo.default_branch))
    if sha is None:
        raise not_found()
    for mode, kind, oid, size, name in git.entries(sha, path):
        if name == path and kind == "tree":
            below = [_entry(call, *one) for one in git.entries(f"{sha}:{path}")]
            return Answer(200, [{**one, "path": f"{path}/{one['name']}"} for one in below])
        if name == path:
            return Answer(200, _file(call, mode, oid, size or 0, path))
    raise not_found()


def _entry(call: Call, mode: str, kind: str, sha: str, size: int | None, name: str) -> dict[str, Any]:
    shown = {"tree": "dir", "commit": "submodule"}.get(kind, "symlink" if mode == "120000" else "file")
    return {"type": shown, "name": name, "path": name, "sha": sha, "size": size or 0, **_links(call, name)}


def _file(call: Call, mode: str, sha: str, size: int, path: str) -> dict[str, Any]:
    data = call.repo.git.blob(sha)
    shown = {"name": path.rsplit("/", 1)[-1], "path": path, "sha": sha, "size": size, **_links(call, path)}
    if mode == "120000":
        return {**shown, "type": "symlink", "target": data.decode()}
    if size > LARGEST:
        return {**shown, "type": "file", "encoding": "none", "content": ""}
    return {**shown, "type": "file", "encoding": "base64", "content": base64.encodebytes(data).decode()}


def _links(call: Call, path: str) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{call.repo.full_name}/contents/{path}"
    return {"url": url, "_links": {"self": url, "git": None, "html": None}}


@route("GET", f"{REPO}/commits", "contents:read")
def commits(call: Call) -> Answer:
    repo = call.repo
    start = call.sha(call.query.get("sha", repo.default_branch))
    within = ["--", call.query["path"]] if "path" in call.query else []
    listed = repo.git.run("rev-list", start, *within).split()
    return call.page(listed, lambda one: call.forge.shapes.commit(repo, repo.git.commit(one)))


@route("GET", f"{REPO}/commits/{{ref}}", "contents:read")
def commit(call: Call) -> Answer:
    repo = call.repo
    made = repo.git.commit(call.sha(call.params["ref"]))
    before = made.parents[0] if made.parents else repo.git.run("hash-object", "-t", "tree", "-w", "--stdin")
    files = repo.git.changes(before, made.sha)
    added, removed = sum(one.additions for one in files), sum(one.deletions for one in files)
    shown = call.forge.shapes.commit(repo, made)
    shown["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
    shown["files"] = [call.forge.shapes.file(repo, made.sha, one) for one in files]
    return Answer(200, shown)


@route("GET", f"{REPO}/compare/{{basehead}}", "contents:read")
def compared(call: Call) -> Answer:
    repo, git = call.repo, call.repo.git
    base_name, _, head_name = call.params["basehead"].partition("...")
    base, head = git.resolve(base_name), git.resolve(head_name)
    if base is None or head is None:
        raise not_found()
    start = git.merge_base(base, head)
    if start is None:
        raise not_found()
    ahead, behind = git.range(base, head), git.range(head, base)
    state = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    shapes = call.forge.shapes
    return Answer(
        200,
        {
            "url": f"{call.forge.api}{call.path}",
            "base_commit": shapes.commit(repo, git.commit(base)),
            "merge_base_commit": shapes.commit(repo, git.commit(start)),
            "status": state,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [shapes.commit(repo, one) for one in ahead[:250]],
            "files": [shapes.file(repo, head, one) for one in git.changes(start, head)[:300]],
        },
    )


@route("GET", f"{REPO}/codeowners/errors", "contents:read")
def owner_errors(call: Call) -> Answer:
    """The owners of the CODEOWNERS file that own nothing: unknown, or without the right to write."""
    repo = call.repo
    tip = call.sha(call.query.get("ref", repo.default_branch))
    place, lines = code_owners(repo, tip)
    if not lines:
        raise not_found()
    errors = []
    for number, pattern, named in lines:
        for owner in named:
            if not _may_own(call, owner):
                said = f"make sure {owner} exists and has write access to the repository"
                wrong = {"line": number, "column": 1, "kind": "Unknown owner", "path": place}
                errors.append({**wrong, "source": f"{pattern} {owner}", "suggestion": said, "message": said})
    return Answer(200, {"errors": errors})


def _may_own(call: Call, owner: str) -> bool:
    name = owner.removeprefix("@").lower()
    if "/" in name:
        return name in call.forge.teams
    user: User | None = call.forge.users.get(name)
    return user is not None and call.repo.may(user, "write")
