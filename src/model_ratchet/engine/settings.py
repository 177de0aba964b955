"""Settings: how a repository on GitHub is set up, as far as it could be read. What could not be read says so in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from model_ratchet.documents.workflow import Unreadable, Workflow


@dataclass(frozen=True, slots=True)
class Unread:
    """What GitHub did not tell: neither that it is so, nor that it is not."""

    what: str
    status: str
    """403, 404, ``no answer``, …"""
    takes: str
    """The permission that a token needs to be told."""


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A check that must have passed; ``app`` is the number of the App that must have published it, None for anybody."""

    name: str
    app: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """What a guard asks of the reviews of a pull request, and how it may be merged."""

    approvals: int = 0
    code_owners: bool = False
    last_push: bool = False
    dismiss_stale: bool = False
    methods: frozenset[str] | None = None
    """``merge``, ``squash``, ``rebase``; None where it restricts none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What one ruleset, or the classic protection, holds a branch to."""

    name: str
    keeps_branch: bool = False
    """Deletions are blocked."""
    keeps_history: bool = False
    """Force pushes are blocked."""
    reviews: Reviews | None = None
    """None where changes need no pull request."""
    checks: tuple[RequiredCheck, ...] = ()
    queue: str | None = None
    """How its merge queue merges: ``merge``, ``squash`` or ``rebase``; None without one."""
    bypass: tuple[str, ...] | Unread = ()
    """Who may go around it."""


@dataclass(frozen=True, slots=True)
class Protection:
    """The guards of a branch that are known, and where others may be that could not be read."""

    guards: tuple[Guard, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A deployment environment: which branches reach it, what holds its jobs up, and what they find there."""

    name: str
    branches: tuple[str, ...] | Unread | None = None
    """Patterns of the branches; None lets every branch in."""
    admins_bypass: bool | Unread = True
    waits_for: tuple[str, ...] = ()
    """``reviewers``, ``a timer``: what a job waits for before it starts."""
    secrets: frozenset[str] | Unread = frozenset()
    variables: Mapping[str, str] | Unread = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A GitHub App: its number, what a workflow names it by, and what it may."""

    id: int
    slug: str
    client_id: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnerError:
    """A line of CODEOWNERS that GitHub can't follow."""

    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """The CODEOWNERS file of the base branch."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the base branch holds of it."""

    workflows: tuple[Workflow | Unreadable, ...] = ()
    codeowners: CodeOwners | None = None
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Model file → the teams that its roles name."""
    rollback: Literal["absent", "other", "shipped"] = "absent"
    """How ``promotion-rollback.yml`` compares with the one that this release writes."""

    @property
    def ours(self) -> tuple[Workflow, ...]:
        """The workflows of Ratchet that can be read."""
        return tuple(one for one in self.workflows if isinstance(one, Workflow) and one.ours)

    @property
    def hardened(self) -> bool:
        """Whether they are those of the tier that trusts nobody who may push a branch."""
        return any("pull_request_target" in one.triggers and not one.only_follows for one in self.ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a repository is set up."""

    repository: str
    """``owner/name``."""
    url: str
    base: str
    """The protected branch."""
    protection: Protection
    others: Mapping[str, Protection | Unread | None]
    """The branches that Ratchet writes; None for one that is not there."""
    merge_methods: frozenset[str] | Unread
    """What the repository offers: ``merge``, ``squash``, ``rebase``."""
    actions_enabled: bool | Unread
    default_permissions: str | Unread
    """What a workflow's token may where the workflow does not say: ``read`` or ``write``."""
    may_approve: bool | Unread
    """Whether workflows may approve pull requests."""
    workflow_states: Mapping[str, str] | Unread
    """Path → ``active``, ``disabled_manually``, ``disabled_inactivity``, …"""
    environments: Mapping[str, Environment] | Unread
    secrets: frozenset[str] | Unread
    """Names of the secrets that every workflow of the repository may use."""
    app: App | Unread | None
    """The App that is to publish the verdict; None where nobody has said which one that is."""
    skew: timedelta
    """GitHub's clock less ours."""
    owner_errors: tuple[OwnerError, ...] | Unread
    files: Files
