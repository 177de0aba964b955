"""Settings as GitHub tells them, and each thing that it does not tell as what was not told."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from builders.doctoring import QUICK, Clinic, a_clinic, whole_reviews
from builders.hubs import a_scene
from builders.publishing import a_hub
from forge import faults
from forge.rules import merge_queue, no_force_push, required_checks
from forge.state import Token
from model_ratchet.actions.init import Tier
from model_ratchet.core.errors import ForgeError
from model_ratchet.engine.doctor.app import CLIENT, ENVIRONMENT, KEY
from model_ratchet.engine.settings import (
    App,
    CodeOwners,
    Environment,
    Files,
    Guard,
    OwnerError,
    Protection,
    RequiredCheck,
    Reviews,
    Settings,
    Unread,
)
from model_ratchet.github.settings import read_settings, tip

OWNERS = Files(codeowners=CodeOwners(".github/CODEOWNERS", ""))
LEDGER = "ratchet/ledger"


def settings_of(clinic: Clinic, token: Token | None = None) -> Settings:
    forge = clinic.scene.forge
    return read_settings(
        a_hub(clinic.scene, token or clinic.admin, QUICK).api,
        "acme/models",
        "main",
        OWNERS,
        app="acme-ratchet",
        environment=ENVIRONMENT,
        others=(LEDGER,),
        now=lambda: forge.clock.now,
    )


def test_everything_is_read(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        forge, repo = scene.forge, scene.repo
        forge.clock.skew = timedelta(seconds=7)
        clinic.rules(merge_queue("SQUASH"))
        clinic.ruleset.bypass = (clinic.app, scene.bob)
        repo.secrets.add("ONE")
        repo.shared_secrets.add("OTHER")
        scene.work.git("push", "--quiet", "origin", f"main:refs/heads/{LEDGER}")
        forge.ruleset(repo, no_force_push(), branches=(f"refs/heads/{LEDGER}",), name="ledger")
        read = settings_of(clinic)
    reviews = Reviews(
        approvals=1, code_owners=True, last_push=True, dismiss_stale=True, methods=frozenset({"merge", "squash"})
    )
    assert read.protection == Protection(
        (
            Guard(
                name="the ruleset main",
                keeps_branch=True,
                keeps_history=True,
                reviews=reviews,
                checks=(RequiredCheck("promotion/main", clinic.app.id),),
                queue="squash",
                bypass=(f"the App #{clinic.app.id}", f"the user #{scene.bob.id}"),
            ),
        )
    )
    assert read.others == {LEDGER: Protection((Guard(name="the ruleset ledger", keeps_history=True),))}
    assert read.environments == {
        ENVIRONMENT: Environment(
            name=ENVIRONMENT,
            branches=("main",),
            admins_bypass=False,
            secrets=frozenset({KEY}),
            variables={CLIENT: clinic.app.client_id},
        )
    }
    assert read.app == App(
        id=clinic.app.id, slug="acme-ratchet", client_id=clinic.app.client_id, permissions=clinic.app.permissions
    )
    assert (read.actions_enabled, read.default_permissions, read.may_approve) == (True, "read", False)
    assert read.workflow_states == {
        f".github/workflows/promotion-{name}.yml": "active"
        for name in ("advance", "check", "recheck", "record", "relay", "rollback", "watch")
    }
    assert read.merge_methods == frozenset({"merge", "squash", "rebase"})
    assert read.secrets == frozenset({"ONE", "OTHER"})
    assert read.owner_errors == ()
    assert read.skew == timedelta(seconds=7)
    assert (read.repository, read.url) == ("acme/models", "https://github.com/acme/models")


def test_the_classic_protection_is_a_guard_like_a_ruleset(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        scene.repo.rulesets.clear()
        check = required_checks("promotion/main", app=scene.forge.actions)
        scene.forge.protect(scene.repo, "main", whole_reviews(2), check, no_force_push(), admins=False)
        read = settings_of(clinic)
    assert read.protection == Protection(
        (
            Guard(
                name="the branch protection",
                keeps_history=True,
                reviews=Reviews(approvals=2, code_owners=True, last_push=True, dismiss_stale=True),
                checks=(RequiredCheck("promotion/main", scene.forge.actions.id),),
                bypass=("administrators",),
            ),
        )
    )


@pytest.mark.parametrize(
    ("branches", "admins", "reviewers", "minutes"),
    [(None, True, False, 0), ((), False, True, 5)],
    ids=["open", "held up"],
)
def test_an_environment_says_who_reaches_it_and_what_holds_it_up(
    tmp_path: Path, branches: tuple[str, ...] | None, admins: bool, reviewers: bool, minutes: int
) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        one = clinic.environment
        one.branches, one.admins_bypass, one.wait_minutes = branches, admins, minutes
        one.reviewers = (scene.bob,) if reviewers else ()
        read = settings_of(clinic).environments
    assert isinstance(read, dict)
    found = read[ENVIRONMENT]
    assert (found.branches, found.admins_bypass) == (branches, admins)
    assert found.waits_for == (("a timer", "reviewers") if reviewers else ())


def test_owners_that_own_nothing_are_read_with_their_line(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        clinic.push({".github/CODEOWNERS": "# ours\n* @ada @nobody\n"})
        assert settings_of(clinic).owner_errors == (OwnerError(2, "Unknown owner", "* @nobody"),)


HIDDEN: dict[str, Callable[[Settings], object]] = {
    "/rules/branches/main": lambda read: read.protection.unread[0],
    "/branches/main/protection": lambda read: read.protection.unread[0],
    f"/branches/{LEDGER}": lambda read: read.others[LEDGER],
    "/actions/permissions": lambda read: read.actions_enabled,
    "/actions/permissions/workflow": lambda read: read.may_approve,
    "/actions/workflows": lambda read: read.workflow_states,
    "/environments": lambda read: read.environments,
    "/deployment-branch-policies": lambda read: _environment(read).branches,
    "/variables": lambda read: _environment(read).variables,
    "/environments/promotion-verdict/secrets": lambda read: _environment(read).secrets,
    "/actions/secrets": lambda read: read.secrets,
    "/actions/organization-secrets": lambda read: read.secrets,
    "/apps/acme-ratchet": lambda read: read.app,
    "/codeowners/errors": lambda read: read.owner_errors,
}


TWICE = ("/branches/main/protection", f"/branches/{LEDGER}")
"""What is asked again after a 404, for its words."""


def _environment(read: Settings) -> Environment:
    assert isinstance(read.environments, dict)
    found: Environment = read.environments[ENVIRONMENT]
    return found


@pytest.mark.parametrize(
    ("fault", "times", "status"),
    [(faults.bare(403), 1, "403"), (faults.not_yet(), 1, "404"), (faults.failing(503), 6, "no answer")],
    ids=["403", "404", "503"],
)
@pytest.mark.parametrize("path", HIDDEN)
def test_what_can_not_be_asked_is_unread_and_the_rest_is_read(
    tmp_path: Path, path: str, fault: faults.Fault, times: int, status: str
) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        times += fault.status == 404 and path in TWICE
        scene.forge.faults.plan(fault, "GET", path, times=times)
        read = settings_of(clinic)
    found = HIDDEN[path](read)
    assert isinstance(found, Unread)
    assert found.status == status
    assert [name for name, other in HIDDEN.items() if _safely(other, read)] == [
        name for name in HIDDEN if name == path or _of_the_same(name, path)
    ]


def _safely(ask: Callable[[Settings], object], read: Settings) -> bool:
    try:
        return isinstance(ask(read), Unread)
    except (IndexError, AssertionError):
        return False


def _of_the_same(one: str, other: str) -> bool:
    """Two answers that make one part of the settings."""
    parts = (
        {"/rules/branches/main", "/branches/main/protection"},
        {"/actions/secrets", "/actions/organization-secrets"},
    )
    return any({one, other} <= part for part in parts)


def test_who_may_bypass_a_ruleset_is_told_to_administrators(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        (guard,) = settings_of(clinic, scene.forge.person(scene.bob)).protection.guards
        assert guard.bypass == Unread("who may bypass the ruleset main", "not told", "administration: write")
        path = f"/rulesets/{clinic.ruleset.id}"
        scene.forge.faults.plan(faults.bare(403), "GET", path)
        (guard,) = settings_of(clinic).protection.guards
        assert guard.bypass == Unread(f"the ruleset #{clinic.ruleset.id}", "403", "administration: write")


def test_a_list_that_is_cut_short_is_no_list(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        scene.forge.faults.plan(faults.shortened(0), "GET", "/environments")
        assert settings_of(clinic).environments == Unread("the environments", "0 of 1", "actions: read")


def test_an_environment_that_is_not_wanted_is_not_asked_for(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        hub = a_hub(scene, clinic.admin)
        read = read_settings(
            hub.api, "acme/models", "main", Files(), app=None, environment=None, now=lambda: scene.forge.clock.now
        )
        assert (read.environments, read.secrets, read.app, read.owner_errors) == ({}, frozenset(), None, ())
        assert not scene.forge.asked("GET", "/environments")
        assert not scene.forge.asked("GET", "/codeowners/errors")


def test_where_nothing_is_told_at_all_there_are_no_settings(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        scene.repo.private = True
        hub = a_hub(scene, scene.forge.person(scene.cleo))
        with pytest.raises(ForgeError, match="the repository acme/models"):
            read_settings(
                hub.api, "acme/models", "main", Files(), app=None, environment=None, now=lambda: scene.forge.clock.now
            )
        with pytest.raises(ForgeError, match="the branch main"):
            tip(hub.api, "acme/models", "main")
