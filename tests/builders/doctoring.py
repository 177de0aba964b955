"""Repositories that ``ratchet init`` has made and somebody has set up on the fake GitHub as it says, whole."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from builders.hubs import Scene
from builders.scaffolds import workflows
from forge.rules import Rule, no_deletion, no_force_push, required_checks, required_reviews
from forge.state import App, Environment, Ruleset, Token
from model_ratchet.actions.doctor import DoctorInput, Examined, doctor
from model_ratchet.actions.init import InitInput, Tier, init
from model_ratchet.engine.doctor.app import CLIENT, ENVIRONMENT, KEY
from model_ratchet.github.client import Pace

PERMISSIONS = {
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "read",
}
QUICK = Pace(between_requests=None, between_writes=None, sleep=lambda _: None)


@dataclass(frozen=True)
class Clinic:
    """A scene that is set up; ada administrates it."""

    scene: Scene
    tier: Tier
    app: App
    ruleset: Ruleset
    environment: Environment

    @property
    def admin(self) -> Token:
        """The token of who may see everything."""
        return self.scene.forge.person(self.scene.ada)

    def environ(self, token: Token) -> dict[str, str]:
        """The environment of the command."""
        repository = self.scene.repo.full_name
        told = {"GITHUB_TOKEN": token.value, "GITHUB_REPOSITORY": repository, "GITHUB_API_URL": self.scene.forge.api}
        return told | ({"RATCHET_APP": self.app.slug} if self.tier is Tier.HARDENED else {})

    def examine(self, token: Token | None = None) -> Examined:
        """What doctor says."""
        asked = DoctorInput(repo=self.scene.work.path, environ=self.environ(token or self.admin), pace=QUICK)
        return doctor(asked, clock=lambda: self.scene.forge.clock.now)

    def rules(self, *rules: Rule, without: str = "") -> None:
        """These rules in the ruleset, instead of those of their kinds; none of the kind ``without``."""
        kinds = {one["type"] for one in rules} | {without}
        kept = tuple(one for one in self.ruleset.rules if one["type"] not in kinds)
        self.ruleset.rules = (*kept, *rules)

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change one file of the base branch."""
        path = self.scene.work.path / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, file
        self.push({file: after})

    def push(self, files: dict[str, str]) -> None:
        """Write files of the base branch."""
        self.scene.work.commit(dict(files))
        self.scene.work.git("push", "--quiet", "origin", "main")


def whole_reviews(
    approvals: int = 1,
    *,
    code_owners: bool = True,
    dismiss_stale: bool = True,
    last_push: bool = True,
    methods: tuple[str, ...] = ("merge", "squash"),
) -> Rule:
    """All that is asked of reviews, but for what is changed."""
    return required_reviews(
        approvals, code_owners=code_owners, dismiss_stale=dismiss_stale, last_push=last_push, methods=methods
    )


def a_clinic(scene: Scene, tier: Tier) -> Clinic:
    """Everything as ``ratchet init`` says, the blanks filled in with ada."""
    forge, repo, root = scene.forge, scene.repo, scene.work.path
    forge.clock.now = datetime.now(UTC).replace(microsecond=0)
    forge.grant(repo, "admin", scene.ada)
    init(InitInput(repo=root, tier=tier))
    for file in (root / ".github/CODEOWNERS", root / "policies/models/example.yaml"):
        file.write_text(re.sub(r"@TODO/TODO-\w+", "@ada", file.read_text(encoding="utf-8")), encoding="utf-8")
    scene.work.commit()
    scene.work.git("push", "--quiet", "origin", "main")
    for path in workflows(root):
        forge.workflow(repo, path.relative_to(root).as_posix())
    app = forge.app("acme-ratchet", PERMISSIONS)
    source = app if tier is Tier.HARDENED else forge.actions
    checks = required_checks("promotion/main", app=source)
    ruleset = forge.ruleset(repo, no_deletion(), no_force_push(), whole_reviews(), checks)
    environment = Environment(0, ENVIRONMENT)
    if tier is Tier.HARDENED:
        environment = forge.environment(repo, ENVIRONMENT, branches=("main",), admins_bypass=False)
        environment.secrets.add(KEY)
        environment.variables[CLIENT] = app.client_id
    return Clinic(scene, tier, app, ruleset, environment)
