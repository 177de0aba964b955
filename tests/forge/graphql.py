"""The one mutation of GraphQL that the product uses: letting a pull request be merged once the rules are met."""

from typing import Any

from forge import rules
from forge.moves import actor, mergeable
from forge.state import Pull
from forge.web import Answer, Call

MUTATION = "enablePullRequestAutoMerge"


def answer(call: Call) -> Answer:
    """GitHub answers 200 whatever comes of it, and says in ``errors`` what went wrong."""
    assert MUTATION in call.body["query"], call.body["query"]
    asked: dict[str, Any] = call.body["variables"]["input"]
    pulls = (pull for repo in call.forge.repositories.values() for pull in repo.pulls.values())
    pull = next((one for one in pulls if f"PR_{one.issue.id}" == asked["pullRequestId"]), None)
    if pull is None:
        return _refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{asked['pullRequestId']}'")
    if not all(call.may(one, "write", pull.repository) for one in ("contents", "pull_requests")):
        return _refused("FORBIDDEN", "Resource not accessible by integration")
    said = _against(call, pull, asked)
    if said is not None:
        return _refused("UNPROCESSABLE", said)
    pull.auto_merge = call.user, asked["mergeMethod"].lower()
    return Answer(200, {"data": {MUTATION: {"actor": {"login": call.user.login}, "clientMutationId": None}}})


def _against(call: Call, pull: Pull, asked: dict[str, Any]) -> str | None:
    if not pull.repository.allow_auto_merge:
        return "Auto merge is not allowed for this repository"
    if pull.issue.state != "open":
        return "Pull request is closed"
    if asked.get("expectedHeadOid", pull.head_sha) != pull.head_sha:
        return "Head sha does not match"
    if mergeable(pull) and not rules.against_merge(pull.repository, pull, call.forge.teams, actor(call.token)):
        return "Pull request is in clean status"
    return None


def _refused(kind: str, message: str) -> Answer:
    return Answer(200, {"data": {MUTATION: None}, "errors": [{"type": kind, "path": [MUTATION], "message": message}]})
