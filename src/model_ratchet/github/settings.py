"""Settings of a repository: rulesets, protection, environments, Actions, secrets by name, and GitHub's clock. Only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from model_ratchet.core.errors import ForgeError
from model_ratchet.engine.settings import (
    App,
    Environment,
    Files,
    OwnerError,
    Protection,
    Settings,
    Unread,
)
from model_ratchet.github.answers import Json, every, one, told_at
from model_ratchet.github.protection import ADMINISTRATION, one_or_none, or_unread, protection

if TYPE_CHECKING:
    from github import Github

_NO_BRANCH = "Branch not found"
_METHODS = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
_HELD_UP = {"required_reviewers": "reviewers", "wait_timer": "a timer"}


def tip(github: Github, repository: str, branch: str) -> str:
    """The commit that a branch of ``owner/name`` is at.

    Raises:
        ForgeError: it can't be read.
    """
    what = f"the branch {branch}"
    told = one(github, f"/repos/{repository}/branches/{quote(branch, safe='')}", what)
    try:
        return str(told["commit"]["sha"])
    except (KeyError, TypeError):
        raise ForgeError(f"GitHub's answer on {what} can't be understood", what=what, status="not understood") from None


def read_settings(
    github: Github,
    repository: str,
    base: str,
    files: Files,
    *,
    app: str | None,
    environment: str | None,
    others: Sequence[str] = (),
    now: Callable[[], datetime],
) -> Settings:
    """How the repository is set up; ``app`` is the slug of the App that is to publish, ``environment`` holds its key.

    Raises:
        ForgeError: GitHub does not even tell what the repository is.
    """
    repo = f"/repos/{repository}"
    about = one(github, repo, f"the repository {repository}")
    default, approve = _token(github, repo)
    return Settings(
        repository=repository,
        url=str(about.get("html_url", "")),
        base=base,
        protection=protection(github, repo, base),
        others={name: _other(github, repo, name) for name in others},
        merge_methods=_merge_methods(about),
        actions_enabled=or_unread("whether Actions are on", ADMINISTRATION, lambda: _enabled_at_all(github, repo)),
        default_permissions=default,
        may_approve=approve,
        workflow_states=or_unread("the workflows", "actions: read", lambda: _workflow_states(github, repo)),
        environments=_environments(github, repo, environment) if environment is not None else {},
        secrets=or_unread("the secrets", "secrets: read", lambda: _secrets(github, repo, about))
        if environment is not None
        else frozenset(),
        app=or_unread(f"the App {app}", "a public App, or its owner's token", lambda: _app(github, app))
        if app
        else None,
        skew=told_at(github, "/meta", "the time") - now(),
        owner_errors=(
            or_unread("the errors of CODEOWNERS", "contents: read", lambda: _owner_errors(github, repo, base))
            if files.codeowners is not None
            else ()
        ),
        files=files,
    )


def _other(github: Github, repo: str, branch: str) -> Protection | Unread | None:
    path = f"{repo}/branches/{quote(branch, safe='')}"
    found = or_unread(
        f"the branch {branch}", "contents: read", lambda: one_or_none(github, path, f"the branch {branch}", _NO_BRANCH)
    )
    return found if found is None or isinstance(found, Unread) else protection(github, repo, branch)


def _enabled_at_all(github: Github, repo: str) -> bool:
    return bool(one(github, f"{repo}/actions/permissions", "Actions")["enabled"])


def _token(github: Github, repo: str) -> tuple[str | Unread, bool | Unread]:
    """What a workflow's token may by default, and whether it may approve."""
    path = f"{repo}/actions/permissions/workflow"
    told = or_unread("what a workflow's token may", ADMINISTRATION, lambda: one(github, path, "the token"))
    if isinstance(told, Unread):
        return told, told
    return str(told.get("default_workflow_permissions")), bool(told.get("can_approve_pull_request_reviews", True))


def _workflow_states(github: Github, repo: str) -> Mapping[str, str]:
    listed = every(github, f"{repo}/actions/workflows", "the workflows", key="workflows")
    return {str(told["path"]): str(told["state"]) for told in listed}


def _merge_methods(about: Json) -> frozenset[str] | Unread:
    if any(key not in about for key in _METHODS.values()):
        return Unread("which merge methods are offered", "not told", "the right to write")
    return frozenset(name for name, key in _METHODS.items() if about[key])


def _environments(github: Github, repo: str, name: str) -> Mapping[str, Environment] | Unread:
    """The environment of this name; none where there is no such one."""
    path, takes = f"{repo}/environments", "actions: read"
    listed = or_unread("the environments", takes, lambda: every(github, path, "environments", key="environments"))
    if isinstance(listed, Unread):
        return listed
    return {str(told["name"]): _environment(github, repo, told) for told in listed if told.get("name") == name}


def _environment(github: Github, repo: str, told: Json) -> Environment:
    name, takes = str(told["name"]), "environments: read"
    path = f"{repo}/environments/{quote(name, safe='')}"
    rules = [rule for rule in told.get("protection_rules") or () if rule["type"] != "branch_policy"]
    bypass = told.get("can_admins_bypass")
    return Environment(
        name=name,
        branches=or_unread(f"the branches of {name}", "actions: read", lambda: _branches(github, path, told)),
        admins_bypass=Unread(f"who may bypass {name}", "not told", takes) if bypass is None else bool(bypass),
        waits_for=tuple(_HELD_UP.get(str(rule["type"]), f"the rule {rule['type']}") for rule in rules),
        secrets=or_unread(f"the secrets of {name}", takes, lambda: _names(github, f"{path}/secrets", "secrets")),
        variables=or_unread(f"the variables of {name}", takes, lambda: _variables(github, path)),
    )


def _branches(github: Github, path: str, told: Json) -> tuple[str, ...] | None:
    policy = told.get("deployment_branch_policy")
    if policy is None:
        return None
    if policy["protected_branches"]:
        return ("every protected branch",)
    listed = every(github, f"{path}/deployment-branch-policies", "its branches", key="branch_policies")
    return tuple(f"tag {one['name']}" if one.get("type") == "tag" else str(one["name"]) for one in listed)


def _variables(github: Github, path: str) -> Mapping[str, str]:
    listed = every(github, f"{path}/variables", "its variables", key="variables")
    return {str(one["name"]): str(one["value"]) for one in listed}


def _secrets(github: Github, repo: str, about: Json) -> frozenset[str]:
    """Those of the repository, and those of its organization that it may use."""
    own = _names(github, f"{repo}/actions/secrets", "secrets")
    if about["owner"]["type"] != "Organization":
        return own
    return own | _names(github, f"{repo}/actions/organization-secrets", "secrets")


def _names(github: Github, path: str, key: str) -> frozenset[str]:
    return frozenset(str(one["name"]) for one in every(github, path, key, key=key))


def _app(github: Github, slug: str | None) -> App:
    told: Mapping[str, Any] = one(github, f"/apps/{quote(str(slug), safe='')}", f"the App {slug}")
    return App(
        id=int(told["id"]),
        slug=str(told["slug"]),
        client_id=str(told.get("client_id") or ""),
        permissions={str(name): str(level) for name, level in told["permissions"].items()},
    )


def _owner_errors(github: Github, repo: str, base: str) -> tuple[OwnerError, ...]:
    told = one(github, f"{repo}/codeowners/errors", "the errors of CODEOWNERS", ref=base)
    return tuple(OwnerError(int(one["line"]), str(one["kind"]), str(one["source"]).strip()) for one in told["errors"])
