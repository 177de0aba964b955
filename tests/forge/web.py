"""One call of the API as a handler sees it, the answers it may give, and the table of handlers."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlencode

from forge.state import Pull, Repository, Token, User

if TYPE_CHECKING:
    from forge.hub import Forge

REPO = "/repos/{owner}/{repo}"
MANY = frozenset({"path", "ref", "branch", "basehead"})
"""Parameters that may hold slashes."""
PUBLIC = frozenset({"metadata", "contents", "pull_requests", "issues", "checks", "statuses", "deployments", "actions"})
"""What anyone may read of a public repository."""
BY_ADMINS = frozenset({"administration", "environments", "secrets"})
"""What a person may see only with the role of an administrator."""
BY_READERS = frozenset({"issues", "pull_requests"})
"""What a person may write with no more than the right to read."""


@dataclass(frozen=True)
class Answer:
    """A status and what is said; ``body`` None sends nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818
    """An answer that ends a call."""

    def __init__(self, status: int, message: str, /, **more: object) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"message": message, "documentation_url": "https://docs.github.com/rest", **more})


def not_found() -> Refused:
    """What GitHub says of what is not there, or not to be seen."""
    return Refused(404, "Not Found", status="404")


def invalid(message: str, /, **error: str) -> Refused:
    """A request that is well formed and can't be carried out."""
    return Refused(422, message, errors=[error]) if error else Refused(422, message)


T = TypeVar("T")


@dataclass
class Call:
    """A request with what its path names already looked up."""

    forge: "Forge"
    method: str
    template: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    token: Token
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Repository:
        found = self.forge.repositories.get(f"{self.params['owner']}/{self.params['repo']}".lower())
        if found is None or (found.private and not self.sees(found)):
            raise not_found()
        return found

    def sees(self, repo: Repository) -> bool:
        """Whether a private repository is there for this token."""
        return self.token.permissions is not None or repo.role(self.token.user) != "none"

    @property
    def pull(self) -> Pull:
        return found(self.repo.pulls, int(self.params["pull_number"]))

    @property
    def user(self) -> User:
        return self.token.user

    @property
    def now(self) -> datetime:
        return self.forge.clock.now

    def sha(self, revision: str) -> str:
        """The commit that a revision names."""
        sha = self.repo.git.resolve(revision.removeprefix("refs/"))
        if sha is None:
            raise invalid(f"No commit found for SHA: {revision}")
        return sha

    def may(self, permission: str, level: str, repo: Repository | None = None) -> bool:
        """Whether the token may read or write this kind of thing."""
        repo = repo or self.repo
        if self.token.permissions is None:
            least = "read" if level == "read" or permission in BY_READERS else "write"
            return repo.may(self.token.user, "admin" if permission in BY_ADMINS else least)
        if level == "read" and not repo.private and permission in PUBLIC:
            return True
        has = self.token.permissions.get(permission, "read" if permission == "metadata" else "none")
        return ("none", "read", "write").index(has) >= ("none", "read", "write").index(level)

    def require(self, needs: str) -> None:
        """Refuse as GitHub does, where the token has none of ``issues|pull_requests:write``."""
        permissions, _, level = needs.partition(":")
        if any(self.may(one, level) for one in permissions.split("|")):
            return
        if self.token.permissions is not None:
            raise Refused(403, "Resource not accessible by integration", status="403")
        if permissions in BY_ADMINS:
            raise not_found()
        raise Refused(403, "Must have push access to the repository", status="403")

    def page(self, items: Sequence[T], show: Callable[[T], object], key: str | None = None) -> Answer:
        """One page of a list, with the links to the others."""
        size = min(int(self.query.get("per_page", 30)), 100)
        page = int(self.query.get("page", 1))
        last = max(1, -(-len(items) // size))
        shown = [show(one) for one in items[(page - 1) * size : page * size]]
        links = {"first": 1, "prev": page - 1} if page > 1 else {}
        links |= {"next": page + 1, "last": last} if page < last else {}
        said = ", ".join(f'<{self.link(number)}>; rel="{name}"' for name, number in links.items())
        body = shown if key is None else {"total_count": len(items), key: shown}
        return Answer(200, body, {"Link": said} if said else {})

    def link(self, page: int) -> str:
        """The address of another page of this list."""
        return f"{self.forge.api}{self.path}?{urlencode({**self.query, 'page': page})}"


LEGACY = re.compile(r"(/repos/[^/]+/[^/]+)/statuses/(.+)")
"""GitHub's older address of a commit's statuses, which PyGithub asks and the description leaves out."""

Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """A handler with its place in the description and the permission that it takes."""

    method: str
    template: str
    needs: str | None
    handler: Handler
    pattern: re.Pattern[str]


ROUTES: list[Route] = []


def route(method: str, template: str, needs: str | None = None) -> Callable[[Handler], Handler]:
    """Register a handler; ``needs`` is a permission and a level, like ``checks:write``."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, needs, handler, _pattern(template)))
        ROUTES.sort(key=lambda one: _literals(one.template), reverse=True)
        return handler

    return register


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a path, and what its parameters are."""
    path = LEGACY.sub(r"\1/commits/\2/statuses", path) if method == "GET" else path
    for one in ROUTES:
        fits = one.pattern.fullmatch(path) if one.method == method else None
        if fits:
            return one, {name: unquote(text) for name, text in fits.groupdict().items()}
    return None


def found(where: Mapping[int, T], key: int) -> T:
    """What has this number; a 404 where nothing has."""
    if key not in where:
        raise not_found()
    return where[key]


def moment(at: datetime | None) -> str | None:
    """An instant as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def instant(text: str) -> datetime:
    """An instant as a client writes it."""
    return datetime.fromisoformat(text)


def newest(items: Iterable[T], when: Callable[[T], Any]) -> T | None:
    """The last one; None of nothing."""
    return max(items, key=when, default=None)


def encoded(body: object) -> bytes:
    """JSON as it goes over the wire."""
    return json.dumps(body, ensure_ascii=False).encode()


def _pattern(template: str) -> re.Pattern[str]:
    def group(one: re.Match[str]) -> str:
        return f"(?P<{one[1]}>{'.+' if one[1] in MANY else '[^/]+'})"

    return re.compile(re.sub(r"\{(\w+)\}", group, template))


def _literals(template: str) -> int:
    return sum(not part.startswith("{") for part in template.split("/"))
