"""Deployments and their statuses."""

from typing import Any

from forge import rules
from forge.state import Deployment, DeploymentStatus, Repository
from forge.web import REPO, Answer, Call, Refused, found, moment, route

DEPLOYMENTS = f"{REPO}/deployments"


@route("GET", DEPLOYMENTS, "deployments:read")
def listed(call: Call) -> Answer:
    repo, query = call.repo, call.query
    fits = [
        one
        for one in reversed(repo.deployments.values())
        if all(query.get(key, value) == value for key, value in _filters(one).items())
    ]
    return call.page(fits, lambda one: _deployment(call, repo, one))


def _filters(one: Deployment) -> dict[str, str]:
    return {"sha": one.sha, "ref": one.ref, "environment": one.said["environment"], "task": one.said["task"]}


@route("POST", DEPLOYMENTS, "deployments:write")
def created(call: Call) -> Answer:
    repo, body = call.repo, call.body
    sha = call.sha(body["ref"])
    newest = rules.latest(one for one in repo.checks.values() if one.head_sha == sha)
    required = body.get("required_contexts")
    waiting = [one for one in newest if required is None or one.name in required]
    if [one for one in waiting if one.conclusion not in rules.GREEN]:
        raise Refused(409, f"Conflict: Commit status checks failed for {body['ref']}.")
    said = {"environment": "production", "task": "deploy", "payload": {}, "description": None, **body}
    made = Deployment(call.forge.next("deployment", 90001), sha, body["ref"], call.user, call.now, said)
    repo.deployments[made.id] = made
    call.forge.happened(repo, "deployment", "created", call.token, sha=sha, ref=body["ref"])
    return Answer(201, _deployment(call, repo, made))


@route("GET", f"{DEPLOYMENTS}/{{deployment_id}}", "deployments:read")
def read(call: Call) -> Answer:
    return Answer(200, _deployment(call, call.repo, _named(call)))


@route("GET", f"{DEPLOYMENTS}/{{deployment_id}}/statuses", "deployments:read")
def statuses(call: Call) -> Answer:
    repo, one = call.repo, _named(call)
    return call.page(one.statuses[::-1], lambda status: _status(call, repo, one, status))


@route("POST", f"{DEPLOYMENTS}/{{deployment_id}}/statuses", "deployments:write")
def status_created(call: Call) -> Answer:
    repo, one, body = call.repo, _named(call), call.body
    if len(body.get("description") or "") > 140:
        raise Refused(422, "description is too long (maximum is 140 characters)")
    made = DeploymentStatus(call.forge.next("deployment status", 95001), body["state"], call.user, call.now, body)
    one.statuses.append(made)
    if body["state"] == "success" and body.get("auto_inactive", True):
        _retire(call, repo, one)
    call.forge.happened(repo, "deployment_status", "created", call.token, sha=one.sha)
    return Answer(201, _status(call, repo, one, made))


def _retire(call: Call, repo: Repository, one: Deployment) -> None:
    """What was there before in a lasting environment is inactive now."""
    for other in repo.deployments.values():
        same = other.said["environment"] == one.said["environment"] and other is not one
        if same and other.statuses and other.statuses[-1].state == "success":
            number = call.forge.next("deployment status", 95001)
            other.statuses.append(DeploymentStatus(number, "inactive", call.user, call.now, {}))


def _named(call: Call) -> Deployment:
    return found(call.repo.deployments, int(call.params["deployment_id"]))


def _deployment(call: Call, repo: Repository, one: Deployment) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{repo.full_name}/deployments/{one.id}"
    said = one.said
    return {
        "id": one.id,
        "node_id": f"DE_{one.id}",
        "url": url,
        "statuses_url": f"{url}/statuses",
        "repository_url": f"{call.forge.api}/repos/{repo.full_name}",
        "sha": one.sha,
        "ref": one.ref,
        "task": said["task"],
        "payload": said["payload"],
        "environment": said["environment"],
        "original_environment": said["environment"],
        "description": said["description"],
        "creator": call.forge.shapes.user(one.creator),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.created_at),
        "production_environment": said.get("production_environment", said["environment"] == "production"),
        "transient_environment": said.get("transient_environment", False),
    }


def _status(call: Call, repo: Repository, one: Deployment, status: DeploymentStatus) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{repo.full_name}/deployments/{one.id}"
    said = status.said
    return {
        "id": status.id,
        "node_id": f"DES_{status.id}",
        "url": f"{url}/statuses/{status.id}",
        "deployment_url": url,
        "repository_url": f"{call.forge.api}/repos/{repo.full_name}",
        "state": status.state,
        "description": said.get("description", ""),
        "environment": said.get("environment", one.said["environment"]),
        "environment_url": said.get("environment_url", ""),
        "log_url": said.get("log_url", ""),
        "target_url": said.get("target_url", ""),
        "creator": call.forge.shapes.user(status.creator),
        "created_at": moment(status.created_at),
        "updated_at": moment(status.created_at),
    }
