"""What the fake GitHub remembers. Numbers are stable: each kind of thing counts on its own, from its own start."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from forge.git import Bare

EPOCH = datetime(2025, 9, 1, 12, tzinfo=UTC)
ROLES = ("none", "read", "triage", "write", "maintain", "admin")
STALE_AFTER = timedelta(days=14)
ACTIONS_APP = 15368
"""The id of the app that GitHub Actions is."""


@dataclass
class Numbers:
    """Numbers from a start on, one after the other."""

    to_come: int = 1

    def __next__(self) -> int:
        self.to_come += 1
        return self.to_come - 1


@dataclass
class Clock:
    """GitHub's time; ``skew`` is how far its ``Date`` header is off."""

    now: datetime = EPOCH
    skew: timedelta = timedelta()

    def advance(self, **duration: float) -> None:
        """Let time pass, in the words of ``timedelta``."""
        self.now += timedelta(**duration)


@dataclass(frozen=True)
class User:
    """A person, a bot or an organisation."""

    id: int
    login: str
    type: str = "User"
    emails: tuple[str, ...] = ()
    name: str | None = None

    @property
    def email(self) -> str:
        return self.emails[0] if self.emails else f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(frozen=True, eq=False)
class App:
    """A GitHub App with its one installation, and the bot that acts for it."""

    id: int
    slug: str
    owner: User
    bot: User
    permissions: Mapping[str, str]

    @cached_property
    def _private(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def key(self) -> str:
        """The private key, as GitHub gives it to the app's owner."""
        from cryptography.hazmat.primitives import serialization as s

        form = self._private.private_bytes(s.Encoding.PEM, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption())
        return str(form.decode())

    @property
    def public(self) -> Any:
        """The key that verifies the app's requests."""
        return self._private.public_key()

    @property
    def installation(self) -> int:
        return self.id * 100 + 1

    @property
    def client_id(self) -> str:
        """What a workflow that signs in as the app names it by."""
        return f"Iv23li{self.id}"


@dataclass(frozen=True, eq=False)
class Token:
    """A credential: a person's (``permissions`` is None: the role decides), an app's, or that of a workflow run."""

    value: str
    user: User
    app: App | None = None
    permissions: Mapping[str, str] | None = None
    workflow: bool = False


@dataclass(eq=False)
class Team:
    """A team of an organisation: logins and what each is in it."""

    id: int
    org: User
    slug: str
    members: dict[str, str] = field(default_factory=dict)


@dataclass
class Reaction:
    id: int
    user: User
    content: str
    at: datetime


@dataclass
class Comment:
    id: int
    issue: int
    user: User
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass
class Issue:
    """An issue, or the issue that every pull request is too."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    closed_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)


@dataclass
class Review:
    """A review; ``state`` is GitHub's: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: int
    user: User
    body: str
    state: str
    commit_id: str
    submitted_at: datetime


@dataclass(frozen=True)
class Push:
    """A move of a pull request's head, or of another branch; ``by`` is None where git alone knows."""

    sha: str
    by: User | None
    at: datetime
    ref: str = ""
    before: str = "0" * 40


@dataclass(eq=False)
class Pull:
    """A pull request."""

    repository: "Repository" = field(repr=False)
    issue: Issue
    head_repository: "Repository" = field(repr=False)
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: User | None = None
    merge_commit_sha: str | None = None
    reviews: list[Review] = field(default_factory=list)
    requested: list[User] = field(default_factory=list)
    requested_teams: list[Team] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    auto_merge: tuple[User, str] | None = None
    """Who lets it be merged once the rules are met, and by which method."""

    @property
    def number(self) -> int:
        return self.issue.number


@dataclass
class CheckRun:
    id: int
    suite: int
    app: App
    name: str
    head_sha: str
    status: str
    started_at: datetime
    created_at: datetime
    conclusion: str | None = None
    completed_at: datetime | None = None
    details_url: str | None = None
    external_id: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class CheckSuite:
    id: int
    app: App
    head_sha: str
    created_at: datetime


@dataclass(frozen=True)
class Status:
    id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: User
    app: App | None
    created_at: datetime


@dataclass
class DeploymentStatus:
    id: int
    state: str
    creator: User
    created_at: datetime
    said: dict[str, Any]


@dataclass
class Deployment:
    id: int
    sha: str
    ref: str
    creator: User
    created_at: datetime
    said: dict[str, Any]
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass
class Ruleset:
    """Rules in the words of the API (``type`` and ``parameters``) over branches; see ``forge.rules``."""

    id: int
    name: str
    branches: tuple[str, ...]
    rules: tuple[Mapping[str, Any], ...]
    enforcement: str = "active"
    bypass: tuple[User | App, ...] = ()


@dataclass
class Environment:
    """A deployment environment; ``branches`` are its branch patterns, None lets every branch deploy."""

    id: int
    name: str
    branches: tuple[str, ...] | None = None
    reviewers: tuple[User | Team, ...] = ()
    wait_minutes: int = 0
    admins_bypass: bool = True
    secrets: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workflow:
    """A workflow file of the default branch."""

    id: int
    name: str
    path: str
    state: str = "active"


@dataclass(eq=False)
class Repository:
    """A repository: the state around a real git repository."""

    id: int
    owner: User
    name: str
    git: Bare
    private: bool = False
    default_branch: str = "main"
    fork_of: "Repository | None" = None
    roles: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)
    """To branches, by whoever has a token."""
    comments: dict[int, Comment] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    protections: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    lenient: set[str] = field(default_factory=set)
    """Branches whose classic protection leaves administrators alone."""
    secrets: set[str] = field(default_factory=set)
    """Names of secrets that every workflow may use; those of the organisation are ``shared_secrets``."""
    shared_secrets: set[str] = field(default_factory=set)
    environments: dict[str, Environment] = field(default_factory=dict)
    workflows: dict[int, Workflow] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    merge_methods: tuple[str, ...] = ("merge", "squash", "rebase")
    allow_auto_merge: bool = False
    numbers: Numbers = field(default_factory=Numbers)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def role(self, user: User) -> str:
        """The user's role here."""
        if user.login == self.owner.login:
            return "admin"
        return self.roles.get(user.login, "none" if self.private else "read")

    def may(self, user: User, role: str) -> bool:
        """Whether the user's role is at least this one."""
        return ROLES.index(self.role(user)) >= ROLES.index(role)


@dataclass(frozen=True)
class Delivery:
    """An event that happened. ``starts_workflows`` is False where GitHub starts none: a workflow's own token made it."""

    repository: str
    event: str
    action: str | None
    sender: str
    starts_workflows: bool
    number: int | None = None
    sha: str | None = None
    ref: str | None = None
