"""Settings that ``doctor`` reads, and workflows: environments, Actions permissions, dispatches, limits."""

from typing import Any

from forge.state import Environment, Repository, Team, Workflow
from forge.web import REPO, Answer, Call, Refused, not_found, route

AT = {"created_at": "2025-09-01T12:00:00Z", "updated_at": "2025-09-01T12:00:00Z"}


@route("GET", f"{REPO}/environments", "actions:read")
def environments(call: Call) -> Answer:
    repo = call.repo
    return call.page(list(repo.environments.values()), lambda one: _environment(call, repo, one), "environments")


@route("GET", f"{REPO}/environments/{{environment_name}}", "actions:read")
def environment(call: Call) -> Answer:
    return Answer(200, _environment(call, call.repo, _named(call)))


@route("GET", f"{REPO}/environments/{{environment_name}}/deployment-branch-policies", "actions:read")
def branch_policies(call: Call) -> Answer:
    one = _named(call)
    policies = [{"id": at, "node_id": f"DBP_{at}", "name": name} for at, name in enumerate(one.branches or (), 1)]
    return call.page(policies, lambda policy: policy, "branch_policies")


@route("GET", f"{REPO}/environments/{{environment_name}}/secrets", "environments:read")
def environment_secrets(call: Call) -> Answer:
    return _secrets(call, _named(call).secrets)


@route("GET", f"{REPO}/environments/{{environment_name}}/variables", "environments:read")
def environment_variables(call: Call) -> Answer:
    kept = sorted(_named(call).variables.items())
    return call.page(kept, lambda one: {"name": one[0], "value": one[1], **AT}, "variables")


@route("GET", f"{REPO}/actions/secrets", "secrets:read")
def secrets(call: Call) -> Answer:
    return _secrets(call, call.repo.secrets)


@route("GET", f"{REPO}/actions/organization-secrets", "secrets:read")
def shared_secrets(call: Call) -> Answer:
    return _secrets(call, call.repo.shared_secrets)


def _secrets(call: Call, names: set[str]) -> Answer:
    """Names only: GitHub never tells what a secret holds."""
    return call.page(sorted(names), lambda name: {"name": name, **AT}, "secrets")


def _named(call: Call) -> Environment:
    name = call.params["environment_name"]
    if name not in call.repo.environments:
        raise not_found()
    return call.repo.environments[name]


def _environment(call: Call, repo: Repository, one: Environment) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    if one.wait_minutes:
        rules.append({"id": 1, "node_id": "GA_1", "type": "wait_timer", "wait_timer": one.wait_minutes})
    if one.reviewers:
        shapes = call.forge.shapes
        named = [
            {"type": "Team", "reviewer": shapes.team(who)}
            if isinstance(who, Team)
            else {"type": "User", "reviewer": shapes.user(who)}
            for who in one.reviewers
        ]
        rules.append({"id": 2, "node_id": "GA_2", "type": "required_reviewers", "reviewers": named})
    if one.branches is not None:
        rules.append({"id": 3, "node_id": "GA_3", "type": "branch_policy"})
    custom = {"protected_branches": False, "custom_branch_policies": True}
    return {
        "id": one.id,
        "node_id": f"EN_{one.id}",
        "name": one.name,
        "url": f"{call.forge.api}/repos/{repo.full_name}/environments/{one.name}",
        "html_url": f"https://github.com/{repo.full_name}/deployments/activity_log?environments_filter={one.name}",
        **AT,
        "protection_rules": rules,
        "deployment_branch_policy": None if one.branches is None else custom,
        "can_admins_bypass": one.admins_bypass,
    }


@route("GET", f"{REPO}/actions/permissions", "administration:read")
def permissions(call: Call) -> Answer:
    settings = call.repo.settings
    shown = {"enabled": settings.get("enabled", True), "allowed_actions": settings.get("allowed_actions", "all")}
    return Answer(200, {**shown, "sha_pinning_required": settings.get("sha_pinning_required", False)})


@route("GET", f"{REPO}/actions/permissions/workflow", "administration:read")
def workflow_permissions(call: Call) -> Answer:
    settings = call.repo.settings
    return Answer(
        200,
        {
            "default_workflow_permissions": settings.get("default_workflow_permissions", "read"),
            "can_approve_pull_request_reviews": settings.get("can_approve_pull_request_reviews", False),
        },
    )


@route("GET", f"{REPO}/actions/workflows", "actions:read")
def workflows(call: Call) -> Answer:
    repo = call.repo
    return call.page(list(repo.workflows.values()), lambda one: _workflow(call, repo, one), "workflows")


@route("GET", f"{REPO}/actions/workflows/{{workflow_id}}", "actions:read")
def workflow(call: Call) -> Answer:
    return Answer(200, _workflow(call, call.repo, _file(call)))


@route("POST", f"{REPO}/actions/workflows/{{workflow_id}}/dispatches", "actions:write")
def dispatched(call: Call) -> Answer:
    """Starts a workflow also when a workflow's own token asks."""
    one, name = _file(call), call.body["ref"].removeprefix("refs/heads/")
    sha = call.repo.git.resolve(name)
    if sha is None:
        raise Refused(422, f"No ref found for: {call.body['ref']}")
    ref = f"refs/heads/{name}"
    call.forge.happened(call.repo, "workflow_dispatch", None, call.token, number=one.id, sha=sha, ref=ref)
    return Answer(204)


def _file(call: Call) -> Workflow:
    """A workflow by its number or the name of its file."""
    name = call.params["workflow_id"]
    for one in call.repo.workflows.values():
        if name in (str(one.id), one.path.rsplit("/", 1)[-1]):
            return one
    raise not_found()


def _workflow(call: Call, repo: Repository, one: Workflow) -> dict[str, Any]:
    web = f"https://github.com/{repo.full_name}"
    return {
        "id": one.id,
        "node_id": f"W_{one.id}",
        "name": one.name,
        "path": one.path,
        "state": one.state,
        **AT,
        "url": f"{call.forge.api}/repos/{repo.full_name}/actions/workflows/{one.id}",
        "html_url": f"{web}/blob/{repo.default_branch}/{one.path}",
        "badge_url": f"{web}/workflows/{one.name}/badge.svg",
    }


@route("GET", "/rate_limit")
def rate_limit(call: Call) -> Answer:
    limit, used, reset = call.forge.budget(call.token)
    core = {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": reset}
    return Answer(200, {"resources": {"core": core, "search": core}, "rate": core})


@route("GET", "/meta")
def meta(call: Call) -> Answer:
    return Answer(200, {"verifiable_password_authentication": False})
