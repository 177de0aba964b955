"""The fake GitHub itself: who and what there is, and what people do outside the API that the product uses.

It answers the REST API from this state and from real git repositories, enforces the rules that stand in ``rules`` and
``moves``, and holds every exchange against GitHub's own description (``contract``); ``server.serving`` starts it.

What it does **not** prove, for it is our reading of GitHub and not GitHub:

* that GitHub's rules work as they do here: permissions are those of one table, a ruleset's order, inheritance and
  conditions, required workflows, signatures, conversations and reviewers by file are not there, CODEOWNERS patterns are the
  simple ones, and a check is required of the head alone;
* GraphQL beside its one mutation (``graphql``), webhooks' delivery, the web page, search, artefacts, job summaries, what
  Markdown looks like, and mails;
* that a workflow starts: ``Delivery.starts_workflows`` says what GitHub documents, nothing is started, and a workflow's
  own pull request that waits for a person's approval to run is told as one that starts none;
* fields that no state stands behind (``contract.complete``), the texts of errors, the order of lists beyond the documented one,
  numbers of requests allowed in a minute, and anything that depends on GitHub's speed or size.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from forge import moves
from forge.faults import Exchange, Faults
from forge.git import Bare
from forge.limits import Limits
from forge.rules import Rule
from forge.shapes import Shapes
from forge.state import (
    ACTIONS_APP,
    STALE_AFTER,
    App,
    CheckRun,
    CheckSuite,
    Clock,
    Comment,
    Delivery,
    Environment,
    Issue,
    Numbers,
    Pull,
    Repository,
    Review,
    Ruleset,
    Team,
    Token,
    User,
    Workflow,
)

FULL = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "pull_requests": "write",
    "statuses": "write",
}
"""What a workflow's token may have at the most: never members, never administration."""
READ = dict.fromkeys(FULL, "read")
BUDGET = {"workflow": 1000, "other": 5000}
"""Requests an hour."""


@dataclass
class Forge:
    """All of it. Everything made here is remembered at once; nothing but ``api`` needs the server to run."""

    api: str = "http://127.0.0.1"
    clock: Clock = field(default_factory=Clock)
    repositories: dict[str, Repository] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    requests: list[Exchange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    limits: Limits | None = None
    team_refusal: int = 404
    """What a token that may not read teams is told: GitHub says 404 to some and 403 to others."""
    spent: dict[str, int] = field(default_factory=dict)
    counters: dict[str, Numbers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        github = self.organization("github")
        bot = self._user("github-actions[bot]", "Bot", 41898282)
        self.actions = App(ACTIONS_APP, "github-actions", github, bot, FULL)
        self.apps[ACTIONS_APP] = self.actions
        self.web_flow = self._user("web-flow", "User", 19864447, emails=("noreply@github.com",))

    @property
    def shapes(self) -> Shapes:
        return Shapes(lambda: self.api, self.by_email)

    def next(self, kind: str, start: int = 1) -> int:
        """The next number of a kind of thing."""
        return next(self.counters.setdefault(kind, Numbers(start)))

    # people

    def user(self, login: str, *emails: str, name: str | None = None) -> User:
        """A person; the same one for the same login."""
        return self.users.get(login.lower()) or self._user(login, "User", emails=emails, name=name)

    def bot(self, login: str) -> User:
        """A bot's account."""
        return self.users.get(login.lower()) or self._user(login, "Bot")

    def organization(self, login: str) -> User:
        """An organisation."""
        return self.users.get(login.lower()) or self._user(login, "Organization")

    def _user(
        self, login: str, kind: str, number: int | None = None, emails: tuple[str, ...] = (), name: str | None = None
    ) -> User:
        made = User(number or self.next("user", 1001), login, kind, emails, name)
        self.users[login.lower()] = made
        return made

    def by_email(self, email: str) -> User | None:
        """Whose address this is."""
        return next((one for one in self.users.values() if email in {one.email, *one.emails}), None)

    def team(self, name: str, *members: User) -> Team:
        """The team ``org/slug`` with these members."""
        org, _, slug = name.partition("/")
        key = name.lower()
        team = self.teams.setdefault(key, Team(self.next("team", 501), self.organization(org), slug))
        team.members |= {one.login: "member" for one in members}
        return team

    def app(self, slug: str, permissions: Mapping[str, str], owner: User | None = None) -> App:
        """A GitHub App, installed everywhere."""
        bot = self.bot(f"{slug}[bot]")
        made = App(self.next("app", 700001), slug, owner or self.organization("github"), bot, dict(permissions))
        self.apps[made.id] = made
        return made

    # tokens: each call gives another one, so that two clients can be told apart

    def person(self, user: User) -> Token:
        """A personal token: its rights are the user's role."""
        return self._token(Token(f"ghp_{user.login}{self.next('token')}", user))

    def workflow_token(self, permissions: Mapping[str, str] = FULL, *, fork: bool = False) -> Token:
        """The token of a workflow run; of a run for a fork's pull request it only reads. What it makes starts no workflow."""
        unknown = set(permissions) - set(FULL)
        assert not unknown, f"a workflow's token can't have {sorted(unknown)}"
        granted = dict.fromkeys(permissions, "read") if fork else dict(permissions)
        value = f"ghs_workflow{self.next('token')}"
        return self._token(Token(value, self.actions.bot, self.actions, granted, workflow=True))

    def app_token(self, app: App) -> Token:
        """An installation token of an app, with all of its permissions."""
        return self._token(Token(f"ghs_{app.slug}{self.next('token')}", app.bot, app, app.permissions))

    def _token(self, token: Token) -> Token:
        self.tokens[token.value] = token
        return token

    # repositories

    def repository(
        self, full_name: str, git: Path, *, private: bool = False, fork_of: Repository | None = None
    ) -> Repository:
        """A repository over a bare git repository; an empty folder becomes one."""
        owner, _, name = full_name.partition("/")
        by = self.users.get(owner.lower()) or self.organization(owner)
        made = Repository(self.next("repository", 9001), by, name, Bare.of(git), private=private, fork_of=fork_of)
        self.repositories[full_name.lower()] = made
        return made

    def grant(self, repo: Repository, role: str, *users: User) -> None:
        """Give users a role: read, triage, write, maintain or admin."""
        repo.roles |= {one.login: role for one in users}

    def ruleset(
        self,
        repo: Repository,
        *rules: Rule,
        branches: tuple[str, ...] = ("~DEFAULT_BRANCH",),
        bypass: tuple[User | App, ...] = (),
        enforcement: str = "active",
        name: str = "main",
    ) -> Ruleset:
        """Rules over branches: ``~DEFAULT_BRANCH``, ``~ALL`` or patterns like ``refs/heads/release/*``."""
        made = Ruleset(self.next("ruleset", 301), name, branches, rules, enforcement, bypass)
        repo.rulesets[made.id] = made
        return made

    def protect(self, repo: Repository, branch: str, *rules: Rule, admins: bool = True) -> None:
        """The same rules as classic branch protection; ``admins``: for administrators too."""
        repo.protections[branch] = rules
        (repo.lenient.discard if admins else repo.lenient.add)(branch)

    def environment(
        self,
        repo: Repository,
        name: str,
        *,
        branches: tuple[str, ...] | None = None,
        reviewers: tuple[User | Team, ...] = (),
        admins_bypass: bool = True,
    ) -> Environment:
        """A deployment environment."""
        made = Environment(self.next("environment", 601), name, branches, reviewers, admins_bypass=admins_bypass)
        repo.environments[name] = made
        return made

    def workflow(self, repo: Repository, path: str, name: str | None = None) -> Workflow:
        """A workflow that GitHub knows of."""
        made = Workflow(self.next("workflow", 801), name or Path(path).stem, path)
        repo.workflows[made.id] = made
        return made

    # what people do

    def open(
        self,
        repo: Repository,
        head: str,
        *,
        by: User,
        base: str = "main",
        title: str = "Promote",
        body: str | None = None,
        draft: bool = False,
        fork: Repository | None = None,
    ) -> Pull:
        """A pull request of a branch here or in a fork."""
        return moves.open_pull(
            self, repo, fork or repo, head, base, moves.Text(title, body), self._hand(by), draft=draft
        )

    def push(
        self, repo: Repository, branch: str, sha: str, *, by: User, source: Path | None = None, force: bool = False
    ) -> None:
        """A push to a branch as one user does it, the rules in force; raises ``Refused``.

        Git pushed straight into the bare repository is the push of nobody in particular whom no rule stops.
        """
        if source is not None:
            repo.git.fetch(source, sha, f"refs/incoming/{sha}")
        moves.push(self, repo, f"refs/heads/{branch}", sha, self._hand(by), force=force)

    def review(
        self, pull: Pull, *, by: User, state: str = "APPROVED", body: str = "", commit: str | None = None
    ) -> Review:
        """A submitted review of the head, or of an older commit."""
        self.sync()
        return moves.review(self, pull, self._hand(by), state, body, commit or pull.head_sha)

    def dismiss(self, pull: Pull, review: Review, *, by: User) -> None:
        """Dismiss a review."""
        moves.dismiss(self, pull, review, self._hand(by))

    def comment(self, repo: Repository, number: int, body: str, *, by: User) -> Comment:
        """A comment on an issue or a pull request."""
        return moves.comment(self, repo, number, body, self._hand(by))

    def check(
        self, repo: Repository, sha: str, name: str, conclusion: str | None = "success", *, app: App | None = None
    ) -> CheckRun:
        """A check run, as an app publishes it; with ``conclusion`` None it is in progress."""
        status = "completed" if conclusion else "in_progress"
        return moves.check(self, repo, app or self.actions, sha, name, status=status, conclusion=conclusion)

    def issue(self, repo: Repository, title: str, *, by: User, body: str | None = None) -> Issue:
        """An issue."""
        return moves.issue(self, repo, moves.Text(title, body), by)

    def merge(self, pull: Pull, *, by: User, method: str = "merge") -> str:
        """Merge as a user does it, the rules in force; raises ``Refused``. The commit on the base."""
        self.sync()
        return moves.merge(self, pull, self._hand(by), method)

    def queue(self, *pulls: Pull) -> "moves.Group":
        """The merge queue builds a group of these pull requests, in this order, on a branch of its own."""
        self.sync()
        return moves.build_group(self, pulls)

    def dequeue(self, group: "moves.Group") -> bool:
        """The queue ends a group: it lands where its checks are green (True), and is thrown out where they are not."""
        return moves.end_group(self, group)

    def close(self, pull: Pull, *, by: User) -> None:
        """Close a pull request without merging it."""
        moves.close(self, pull, self._hand(by))

    def _hand(self, by: User) -> Token:
        return Token("", by)

    # what happens by itself

    def sync(self) -> None:
        """See what git alone has changed, and let old incomplete checks go stale."""
        for repo in self.repositories.values():
            moves.follow(self, repo)
            for run in repo.checks.values():
                if run.status != "completed" and self.clock.now - run.created_at > STALE_AFTER:
                    run.status, run.conclusion, run.completed_at = "completed", "stale", self.clock.now

    def happened(
        self,
        repo: Repository,
        event: str,
        action: str | None,
        token: Token,
        *,
        number: int | None = None,
        sha: str | None = None,
        ref: str | None = None,
    ) -> None:
        """Remember an event."""
        starts = not token.workflow or event == "workflow_dispatch"
        sender = token.user.login
        self.deliveries.append(Delivery(repo.full_name, event, action, sender, starts, number, sha, ref))

    def suite(self, repo: Repository, app: App, sha: str) -> CheckSuite:
        """The one suite of an app and a commit."""
        for one in repo.suites.values():
            if one.app is app and one.head_sha == sha:
                return one
        made = CheckSuite(self.next("suite", 400001), app, sha, self.clock.now)
        repo.suites[made.id] = made
        return made

    def budget(self, token: Token) -> tuple[int, int, int]:
        """(limit, used, when it starts anew as seconds since the epoch) of a token's requests."""
        limit = BUDGET["workflow" if token.workflow else "other"]
        reset = self.clock.now.replace(minute=0, second=0) + timedelta(hours=1)
        return limit, self.spent.get(token.value, 0), int(reset.timestamp())

    def asked(self, method: str, path: str = "") -> list[Exchange]:
        """The requests so far by this method whose path ends so (without the query)."""
        return [one for one in self.requests if one.method == method and one.path.endswith(path)]
