"""The client: PyGithub, set up so that nothing is sent twice and nobody waits without end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model_ratchet.core.errors import ForgeError

if TYPE_CHECKING:
    from github import Github

_DEFAULT_API = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient a client is, in seconds; GitHub asks for a second between writes."""

    timeout: int = 20
    tries: int = 5
    between_requests: float | None = 0.05
    between_writes: float | None = 1.0
    secondary_wait: float = 30.0
    most_wait: float = 90.0
    """A rate limit that lasts longer than this is not waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where GitHub is and how it knows us. The token is in no text that this holds."""

    repository: str
    """``owner/name``."""
    api: str = _DEFAULT_API
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Access:
        """What the runner's environment says: ``GITHUB_REPOSITORY``, ``GITHUB_API_URL`` (Enterprise) and ``GITHUB_TOKEN``.

        Raises:
            ForgeError: the repository or the token is not there.
        """
        for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            if not environ.get(name):
                raise ForgeError(f"{name} is not set: run inside GitHub Actions, or set it")
        return cls(
            repository=environ["GITHUB_REPOSITORY"],
            api=environ.get("GITHUB_API_URL") or _DEFAULT_API,
            token=environ["GITHUB_TOKEN"],
        )


def connect(access: Access, pace: Pace | None = None) -> Github:
    """A client that asks for whole pages, repeats only what may be repeated, and caps every wait.

    A POST is never sent again by the client: who makes something looks first whether it is there.
    """
    from github import Auth, Github, GithubRetry

    pace = pace if pace is not None else Pace()
    retry = GithubRetry(
        total=pace.tries,
        allowed_methods={"GET", "HEAD", "PATCH", "PUT", "DELETE"},
        secondary_rate_wait=pace.secondary_wait,
        max_rate_limit_wait=pace.most_wait,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        backoff_max=20,
    )
    return Github(
        auth=Auth.Token(access.token),
        base_url=access.api,
        per_page=100,
        lazy=True,
        timeout=pace.timeout,
        retry=retry,
        seconds_between_requests=pace.between_requests,
        seconds_between_writes=pace.between_writes,
    )
