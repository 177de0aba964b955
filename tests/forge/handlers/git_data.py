"""The git data API: refs, commits, trees and blobs, written into the real repository."""

import base64
import binascii
from typing import Any

from forge import moves
from forge.git import Person
from forge.web import REPO, Answer, Call, Refused, instant, invalid, not_found, route

GIT = f"{REPO}/git"


@route("GET", f"{GIT}/ref/{{ref}}", "contents:read")
def ref(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    sha = call.repo.git.refs(name).get(name)
    if sha is None:
        raise not_found()
    return Answer(200, _ref(call, name, sha))


@route("GET", f"{GIT}/matching-refs/{{ref}}", "contents:read")
def matching(call: Call) -> Answer:
    prefix = f"refs/{call.params['ref']}"
    fits = [(name, sha) for name, sha in call.repo.git.refs().items() if name.startswith(prefix)]
    return Answer(200, [_ref(call, name, sha) for name, sha in fits])


@route("POST", f"{GIT}/refs", "contents:write")
def ref_created(call: Call) -> Answer:
    name, sha = call.body["ref"], call.body["sha"]
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    if call.repo.git.refs(name).get(name):
        raise Refused(422, "Reference already exists")
    _must_be(call, sha, "commit")
    moves.push(call.forge, call.repo, name, sha, call.token, force=False)
    return Answer(201, _ref(call, name, sha))


@route("PATCH", f"{GIT}/refs/{{ref}}", "contents:write")
def ref_moved(call: Call) -> Answer:
    name, sha = f"refs/{call.params['ref']}", call.body["sha"]
    if name not in call.repo.git.refs(name):
        raise Refused(422, "Reference does not exist")
    _must_be(call, sha, "commit")
    moves.push(call.forge, call.repo, name, sha, call.token, force=call.body.get("force", False))
    return Answer(200, _ref(call, name, sha))


@route("DELETE", f"{GIT}/refs/{{ref}}", "contents:write")
def ref_deleted(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    if name not in call.repo.git.refs(name):
        raise Refused(422, "Reference does not exist")
    moves.delete(call.forge, call.repo, name, call.token)
    return Answer(204)


def _ref(call: Call, name: str, sha: str) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{call.repo.full_name}/git"
    kind = call.repo.git.run("cat-file", "-t", sha)
    return {
        "ref": name,
        "node_id": f"REF_{name}",
        "url": f"{url}/{name}",
        "object": {"type": kind, "sha": sha, "url": f"{url}/{kind}s/{sha}"},
    }


def _must_be(call: Call, sha: str, kind: str) -> None:
    if not call.repo.git.exists(sha, kind):
        raise invalid(f"Object does not exist or is not a {kind}: {sha}")


@route("GET", f"{GIT}/commits/{{commit_sha}}", "contents:read")
def commit(call: Call) -> Answer:
    repo, sha = call.repo, call.params["commit_sha"]
    if not repo.git.exists(sha, "commit"):
        raise not_found()
    return Answer(200, call.forge.shapes.git_commit(repo, repo.git.commit(sha)))


@route("POST", f"{GIT}/commits", "contents:write")
def commit_created(call: Call) -> Answer:
    repo, body = call.repo, call.body
    _must_be(call, body["tree"], "tree")
    for parent in body.get("parents", []):
        _must_be(call, parent, "commit")
    author = _who(call, body.get("author"))
    committer = _who(call, body["committer"]) if "committer" in body else author
    made = repo.git.write_commit(body["tree"], tuple(body.get("parents", [])), body["message"], author, committer)
    return Answer(201, call.forge.shapes.git_commit(repo, repo.git.commit(made)))


def _who(call: Call, given: dict[str, str] | None) -> Person:
    if given is None:
        return Person(call.user.login, call.user.email, call.now)
    return Person(given["name"], given["email"], instant(given["date"]) if "date" in given else call.now)


@route("GET", f"{GIT}/trees/{{tree_sha}}", "contents:read")
def tree(call: Call) -> Answer:
    git = call.repo.git
    done = git.attempt("rev-parse", "--verify", "--quiet", f"{call.params['tree_sha']}^{{tree}}")
    if done.returncode:
        raise not_found()
    sha = done.stdout.decode().strip()
    deep = "recursive" in call.query
    return Answer(
        200,
        {"sha": sha, "url": _git_url(call, "trees", sha), "tree": _entries(call, sha, deep=deep), "truncated": False},
    )


@route("POST", f"{GIT}/trees", "contents:write")
def tree_created(call: Call) -> Answer:
    git, base = call.repo.git, call.body.get("base_tree")
    index = {"GIT_INDEX_FILE": str(git.path / f"index-{call.forge.next('index')}")}
    if base is not None:
        git.run("read-tree", base, environ=index)
    lines = []
    for one in call.body["tree"]:
        sha = one.get("sha")
        if "content" in one:
            sha = git.run("hash-object", "-w", "--stdin", given=one["content"].encode())
        if sha is None:
            lines.append(f"0 {'0' * 40}\t{one['path']}\0")
        else:
            _must_be(call, sha, "blob")
            lines.append(f"{one.get('mode', '100644')} {sha}\t{one['path']}\0")
    git.run("update-index", "-z", "--index-info", given="".join(lines).encode(), environ=index)
    made = git.run("write-tree", environ=index)
    body = {"sha": made, "url": _git_url(call, "trees", made), "tree": _entries(call, made), "truncated": False}
    return Answer(201, body)


def _entries(call: Call, tree: str, *, deep: bool = False) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for mode, kind, sha, size, path in call.repo.git.entries(tree, deep=deep):
        entry = {"path": path, "mode": mode, "type": kind, "sha": sha, "url": _git_url(call, f"{kind}s", sha)}
        shown.append(entry if size is None else {**entry, "size": size})
    return shown


@route("GET", f"{GIT}/blobs/{{file_sha}}", "contents:read")
def blob(call: Call) -> Answer:
    sha = call.params["file_sha"]
    if not call.repo.git.exists(sha, "blob"):
        raise not_found()
    content = call.repo.git.blob(sha)
    shown = {"content": base64.encodebytes(content).decode(), "encoding": "base64", "size": len(content)}
    return Answer(200, {**shown, "sha": sha, "node_id": f"B_{sha}", "url": _git_url(call, "blobs", sha)})


@route("POST", f"{GIT}/blobs", "contents:write")
def blob_created(call: Call) -> Answer:
    content = call.body["content"].encode()
    if call.body.get("encoding", "utf-8") == "base64":
        try:
            content = base64.b64decode(content, validate=False)
        except binascii.Error:
            raise invalid("content is not valid Base64") from None
    sha = call.repo.git.run("hash-object", "-w", "--stdin", given=content)
    return Answer(201, {"sha": sha, "url": _git_url(call, "blobs", sha)})


def _git_url(call: Call, kind: str, sha: str) -> str:
    return f"{call.forge.api}/repos/{call.repo.full_name}/git/{kind}/{sha}"
