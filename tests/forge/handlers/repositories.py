"""The repository itself, its branches, and the rules they stand under."""

from collections.abc import Mapping
from typing import Any

from forge import rules
from forge.state import App, Repository, Ruleset, User
from forge.web import REPO, Answer, Call, Refused, found, not_found, route


@route("GET", REPO, "metadata:read")
def repository(call: Call) -> Answer:
    shown = call.forge.shapes.repository(call.repo)
    parent = call.repo.fork_of
    if parent is not None:
        shown["parent"] = shown["source"] = call.forge.shapes.repository(parent)
    return Answer(200, shown)


@route("GET", f"{REPO}/branches", "contents:read")
def branches(call: Call) -> Answer:
    repo = call.repo
    tips = sorted(repo.git.refs("refs/heads/").items())
    return call.page(tips, lambda one: _branch(call, repo, one[0].removeprefix("refs/heads/"), one[1]))


@route("GET", f"{REPO}/branches/{{branch}}", "contents:read")
def branch(call: Call) -> Answer:
    repo, name = call.repo, call.params["branch"]
    sha = repo.git.refs(f"refs/heads/{name}").get(f"refs/heads/{name}")
    if sha is None:
        raise Refused(404, "Branch not found")
    shown = _branch(call, repo, name, sha)
    shown["commit"] = call.forge.shapes.commit(repo, repo.git.commit(sha))
    url = f"{call.forge.api}/repos/{repo.full_name}/branches/{name}"
    links = {"self": url, "html": f"https://github.com/{repo.full_name}/tree/{name}"}
    return Answer(200, {**shown, "_links": links})


def _branch(call: Call, repo: Repository, name: str, sha: str) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{repo.full_name}"
    in_force = list(rules.rules_of(repo, name))
    required = rules.of_kind(in_force, "required_status_checks")
    contexts = [check["context"] for one in required for check in one["required_status_checks"]]
    level = "non_admins" if required else "off"
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
        "protected": bool(in_force),
        "protection": {
            "enabled": name in repo.protections,
            "required_status_checks": {"enforcement_level": level, "contexts": contexts, "checks": []},
        },
        "protection_url": f"{url}/branches/{name}/protection",
    }


@route("GET", f"{REPO}/branches/{{branch}}/protection", "administration:read")
def protection(call: Call) -> Answer:
    repo, name = call.repo, call.params["branch"]
    if name not in repo.protections:
        raise Refused(404, "Branch not protected")
    url = f"{call.forge.api}/repos/{repo.full_name}/branches/{name}/protection"
    in_force = repo.protections[name]
    kinds = {one["type"] for one in in_force}
    shown: dict[str, Any] = {
        "url": url,
        "allow_force_pushes": {"enabled": "non_fast_forward" not in kinds},
        "allow_deletions": {"enabled": "deletion" not in kinds},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": name not in repo.lenient},
    }
    for one in rules.of_kind(in_force, "required_status_checks"):
        checks = [
            {"context": check["context"], "app_id": check.get("integration_id")}
            for check in one["required_status_checks"]
        ]
        shown["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "contexts_url": f"{url}/required_status_checks/contexts",
            "strict": one["strict_required_status_checks_policy"],
            "contexts": [check["context"] for check in checks],
            "checks": checks,
        }
    for one in rules.of_kind(in_force, "pull_request"):
        shown["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": one["dismiss_stale_reviews_on_push"],
            "require_code_owner_reviews": one["require_code_owner_review"],
            "required_approving_review_count": one["required_approving_review_count"],
            "require_last_push_approval": one["require_last_push_approval"],
        }
    return Answer(200, shown)


@route("GET", f"{REPO}/rules/branches/{{branch}}", "metadata:read")
def rules_of_branch(call: Call) -> Answer:
    repo, name = call.repo, call.params["branch"]
    shown = []
    for ruleset in repo.rulesets.values():
        about = {"ruleset_source_type": "Repository", "ruleset_source": repo.full_name, "ruleset_id": ruleset.id}
        if rules.in_force(repo, ruleset, name):
            shown += [{**one, **about} for one in ruleset.rules]
    return call.page(shown, lambda one: one)


@route("GET", f"{REPO}/rulesets", "metadata:read")
def rulesets(call: Call) -> Answer:
    repo = call.repo
    return call.page(list(repo.rulesets.values()), lambda one: _ruleset(call, repo, one))


@route("GET", f"{REPO}/rulesets/{{ruleset_id}}", "metadata:read")
def ruleset(call: Call) -> Answer:
    one = found(call.repo.rulesets, int(call.params["ruleset_id"]))
    shown: dict[str, Any] = _ruleset(call, call.repo, one)
    shown["conditions"] = {"ref_name": {"include": list(one.branches), "exclude": []}}
    shown["rules"] = [dict(rule) for rule in one.rules]
    if call.may("administration", "read"):
        shown["bypass_actors"] = [_bypass(actor) for actor in one.bypass]
    return Answer(200, shown)


def _ruleset(call: Call, repo: Repository, one: Ruleset) -> dict[str, Any]:
    url = f"{call.forge.api}/repos/{repo.full_name}/rulesets/{one.id}"
    return {
        "id": one.id,
        "name": one.name,
        "target": "branch",
        "source_type": "Repository",
        "source": repo.full_name,
        "enforcement": one.enforcement,
        "node_id": f"RRS_{one.id}",
        "_links": {"self": {"href": url}},
    }


def _bypass(actor: User | App) -> Mapping[str, object]:
    kind = "Integration" if isinstance(actor, App) else "User"
    return {"actor_id": actor.id, "actor_type": kind, "bypass_mode": "always"}


@route("GET", f"{REPO}/collaborators/{{username}}/permission", "metadata:read")
def permission(call: Call) -> Answer:
    user = call.forge.users.get(call.params["username"].lower())
    if user is None:
        raise not_found()
    role = call.repo.role(user)
    plain = {"triage": "read", "maintain": "write"}.get(role, role)
    return Answer(200, {"permission": plain, "role_name": role, "user": call.forge.shapes.user(user)})
