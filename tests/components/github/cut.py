"""Cuts GitHub's description of its REST API and of its events to the part that the tests use: 13 MB to less than 1.

Run as ``python3 cut.py NODE_MODULES TARGET``, by the standard library alone. What comes out is JSON Schema: OpenAPI's
``nullable`` becomes a type, and every reference leads to ``#/components``.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = "/repos/{owner}/{repo}"
OF_A_REPOSITORY = [
    "/actions/organization-secrets",
    "/actions/permissions",
    "/actions/permissions/workflow",
    "/actions/secrets",
    "/actions/workflows",
    "/actions/workflows/{workflow_id}",
    "/actions/workflows/{workflow_id}/dispatches",
    "/activity",
    "/branches",
    "/branches/{branch}",
    "/branches/{branch}/protection",
    "/check-runs",
    "/check-runs/{check_run_id}",
    "/check-runs/{check_run_id}/annotations",
    "/check-suites/{check_suite_id}",
    "/check-suites/{check_suite_id}/check-runs",
    "/codeowners/errors",
    "/collaborators/{username}/permission",
    "/commits",
    "/commits/{commit_sha}/pulls",
    "/commits/{ref}",
    "/commits/{ref}/check-runs",
    "/commits/{ref}/check-suites",
    "/commits/{ref}/status",
    "/commits/{ref}/statuses",
    "/compare/{basehead}",
    "/contents/{path}",
    "/deployments",
    "/deployments/{deployment_id}",
    "/deployments/{deployment_id}/statuses",
    "/environments",
    "/environments/{environment_name}",
    "/environments/{environment_name}/deployment-branch-policies",
    "/environments/{environment_name}/secrets",
    "/environments/{environment_name}/variables",
    "/git/blobs",
    "/git/blobs/{file_sha}",
    "/git/commits",
    "/git/commits/{commit_sha}",
    "/git/matching-refs/{ref}",
    "/git/ref/{ref}",
    "/git/refs",
    "/git/refs/{ref}",
    "/git/trees",
    "/git/trees/{tree_sha}",
    "/installation",
    "/issues",
    "/issues/comments/{comment_id}",
    "/issues/comments/{comment_id}/reactions",
    "/issues/{issue_number}",
    "/issues/{issue_number}/comments",
    "/issues/{issue_number}/labels",
    "/issues/{issue_number}/labels/{name}",
    "/labels",
    "/pulls",
    "/pulls/{pull_number}",
    "/pulls/{pull_number}/commits",
    "/pulls/{pull_number}/files",
    "/pulls/{pull_number}/merge",
    "/pulls/{pull_number}/requested_reviewers",
    "/pulls/{pull_number}/reviews",
    "/pulls/{pull_number}/reviews/{review_id}",
    "/pulls/{pull_number}/reviews/{review_id}/dismissals",
    "/rules/branches/{branch}",
    "/rulesets",
    "/rulesets/{ruleset_id}",
    "/statuses/{sha}",
]
PATHS = (
    REPOSITORY,
    *(REPOSITORY + path for path in OF_A_REPOSITORY),
    "/app",
    "/app/installations",
    "/app/installations/{installation_id}/access_tokens",
    "/apps/{app_slug}",
    "/meta",
    "/orgs/{org}",
    "/orgs/{org}/teams/{team_slug}",
    "/orgs/{org}/teams/{team_slug}/members",
    "/orgs/{org}/teams/{team_slug}/memberships/{username}",
    "/rate_limit",
    "/user",
    "/users/{username}",
)
EVENTS = (
    "check_run",
    "issue_comment",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "push",
    "workflow_dispatch",
    "workflow_run",
)
PROSE = frozenset({"description", "example", "examples", "externalDocs", "summary"})
METHODS = ("get", "put", "post", "delete", "patch")
NAMES = frozenset({"properties", "patternProperties", "definitions", "$defs"})


def main() -> None:
    """Write ``rest.json`` and ``events.json``."""
    modules, target = Path(sys.argv[1]) / "@octokit", Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    described = json.loads((modules / "openapi/generated/api.github.com.json").read_text(encoding="utf-8"))
    _write(target / "rest.json", _rest(described))
    _write(target / "events.json", _events(json.loads((modules / "webhooks-schemas/schema.json").read_text("utf-8"))))


def _write(path: Path, cut: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(cut, separators=(",", ":"), sort_keys=True), encoding="utf-8")


def _rest(described: Mapping[str, Any]) -> Mapping[str, Any]:
    components = described["components"]
    paths = {path: {m: _operation(described["paths"][path], m, components) for m in METHODS} for path in PATHS}
    kept = {path: {method: one for method, one in item.items() if one} for path, item in paths.items()}
    return {"paths": kept, "components": {"schemas": _closure(kept, components["schemas"])}}


def _operation(item: Mapping[str, Any], method: str, components: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if method not in item:
        return None
    written = item[method]
    parameters = [_resolve(one, components) for one in [*item.get("parameters", []), *written.get("parameters", [])]]
    body = written.get("requestBody", {})
    return {
        "parameters": [
            {
                "name": one["name"],
                "in": one["in"],
                "required": one.get("required", False),
                "schema": _plain(one["schema"]),
            }
            for one in parameters
        ],
        "body": _schema(body),
        "body_required": body.get("required", False),
        "responses": {code: _schema(_resolve(one, components)) for code, one in written["responses"].items()},
    }


def _resolve(one: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in one:
        return one
    _, _, kind, name = one["$ref"].split("/")
    found: Mapping[str, Any] = components[kind][name]
    return found


def _schema(one: Mapping[str, Any]) -> Any:
    for media, content in one.get("content", {}).items():
        if "json" in media and "schema" in content:
            return _plain(content["schema"])
    return None


def _closure(start: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    kept: dict[str, Any] = {}
    waiting = list(_references(start))
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = _plain(schemas[name])
            waiting += _references(kept[name])
    return kept


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rsplit("/", 1)[1]
        for below in node.values():
            yield from _references(below)
    elif isinstance(node, list):
        for below in node:
            yield from _references(below)


def _plain(node: Any, *, names: bool = False) -> Any:
    """A schema without prose, as JSON Schema. Below ``properties`` the keys are names, and none of them is prose."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _plain(below, names=key in NAMES and not names)
        for key, below in node.items()
        if names or (key not in PROSE and not key.startswith("x-"))
    }
    if names or kept.pop("nullable", False) is not True:
        return kept
    if "enum" in kept:
        kept["enum"] = [*kept["enum"], None]
    if "type" in kept:
        return kept | {"type": [kept["type"], "null"]}
    return {"anyOf": [kept, {"type": "null"}]}


def _events(described: Mapping[str, Any]) -> Mapping[str, Any]:
    definitions = described["definitions"]
    kept = {name: _plain(definitions[name]) for name in definitions if name.split("$")[0] in EVENTS and "$" in name}
    waiting = list(_references(kept))
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = _plain(definitions[name])
            waiting += _references(kept[name])
    return {"definitions": kept}


if __name__ == "__main__":
    main()
