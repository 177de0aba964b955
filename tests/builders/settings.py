"""Settings of a repository that lacks nothing, without a GitHub to read them from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from model_ratchet.actions.init import ACTION, WORKFLOWS, Tier
from model_ratchet.documents.workflow import FOLDER, Unreadable, Workflow, read_workflow
from model_ratchet.engine.doctor import RULES
from model_ratchet.engine.doctor.app import CLIENT, ENVIRONMENT, KEY
from model_ratchet.engine.doctor.rule import Said
from model_ratchet.engine.settings import (
    App,
    CodeOwners,
    Environment,
    Files,
    Guard,
    Protection,
    RequiredCheck,
    Reviews,
    Settings,
    Unread,
)
from model_ratchet.shipped import template

OWNERS = "/policies/ @ada\n/promotions/ @ada\n/.github/workflows/ @ada\nCODEOWNERS @ada\n"
WORDS = {"BASE": "main", "RUNNER": "ubuntu-24.04", "ACTION": f"{ACTION}@{'a' * 40}"}
HIDDEN = Unread("it", "403", "administration: read")
THE_APP = App(
    id=7,
    slug="acme-ratchet",
    client_id="Iv7",
    permissions={
        "checks": "write",
        "pull_requests": "write",
        "contents": "write",
        "deployments": "write",
        "issues": "write",
        "statuses": "read",
        "members": "read",
    },
)
GUARD = Guard(
    name="the ruleset main",
    keeps_branch=True,
    keeps_history=True,
    reviews=Reviews(
        approvals=1, code_owners=True, last_push=True, dismiss_stale=True, methods=frozenset({"merge", "squash"})
    ),
    checks=(RequiredCheck("promotion/main", 7),),
)


def texts(tier: Tier) -> dict[str, str]:
    """The workflows of a tier by their file names, as ``init`` writes them."""
    return {name: template(f"{tier}/{name}", WORDS) for name in WORKFLOWS[tier]}


@cache
def shipped(tier: Tier) -> tuple[Workflow | Unreadable, ...]:
    """The same, read."""
    return tuple(read_workflow(f"{FOLDER}/{name}", text.encode()) for name, text in texts(tier).items())


def good(tier: Tier = Tier.HARDENED, **changed: Any) -> Settings:
    """Settings with nothing missing, but for what is changed."""
    files = Files(workflows=shipped(tier), codeowners=CodeOwners("CODEOWNERS", OWNERS), rollback="shipped")
    environment = Environment(
        name=ENVIRONMENT,
        branches=("main",),
        admins_bypass=False,
        secrets=frozenset({KEY}),
        variables={CLIENT: THE_APP.client_id},
    )
    settings = Settings(
        repository="acme/models",
        url="https://github.com/acme/models",
        base="main",
        protection=Protection((GUARD,)),
        others={},
        merge_methods=frozenset({"merge", "squash", "rebase"}),
        actions_enabled=True,
        default_permissions="read",
        may_approve=False,
        workflow_states={},
        environments={ENVIRONMENT: environment} if tier is Tier.HARDENED else {},
        secrets=frozenset(),
        app=THE_APP,
        skew=timedelta(),
        owner_errors=(),
        files=files,
    )
    return replace(settings, **changed)


def guarded(*guards: Guard, hidden: bool = False, tier: Tier = Tier.HARDENED, **changed: Any) -> Settings:
    """Settings whose base branch these guards protect; ``hidden``: and others may."""
    return good(tier, protection=Protection(guards, (HIDDEN,) if hidden else ()), **changed)


def written(name: str, old: str, new: str, tier: Tier = Tier.QUICKSTART) -> Settings:
    """Settings with one text of one workflow changed."""
    before = texts(tier)
    assert old in before[name]
    after: Mapping[str, str] = before | {name: before[name].replace(old, new)}
    return of_files(after, tier)


def of_files(files: Mapping[str, str], tier: Tier = Tier.QUICKSTART) -> Settings:
    """Settings whose base branch holds these workflows, by their file names."""
    workflows = tuple(read_workflow(f"{FOLDER}/{name}", text.encode()) for name, text in files.items())
    return good(tier, files=Files(workflows=workflows, codeowners=CodeOwners("CODEOWNERS", OWNERS)))


def asked(rule: str, settings: Settings) -> Said:
    """What one rule says."""
    (one,) = (one for one in RULES if one.id == rule)
    return one.ask(settings)
