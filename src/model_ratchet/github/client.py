"""The client: PyGithub, set up so that nothing is sent twice and nobody waits without end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from model_ratchet.core.errors import AbsentError, ForbiddenError, ForgeError, LimitedError, LostError

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

_DEFAULT_API = "https://api.github.com"
_ACTIONS = "github-actions"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient a client is, in seconds; GitHub asks for a second between writes."""

    timeout: int = 20
    tries: int = 5
    between_requests: float | None = 0.05
    between_writes: float | None = 1.0
    secondary_wait: float = 30.0
    most_wait: float = 90.0
    """All waits of a client together; a limit that lasts longer is not waited for."""
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Budget:
    """The seconds that a client may still wait."""

    left: float

    def take(self, seconds: float) -> bool:
        """Whether so many seconds are left; they are taken where they are."""
        if seconds > self.left:
            return False
        self.left -= seconds
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where GitHub is and how it knows us. The token is in no text that this holds."""

    repository: str
    """``owner/name``."""
    api: str = _DEFAULT_API
    token: str = field(default="", repr=False)
    app: str = _ACTIONS
    """The slug of the GitHub App that the token belongs to."""

    @classmethod
    def of(cls, environ: Mapping[str, str], *, anywhere: bool = False) -> "Access":
        """What the runner's environment says: ``GITHUB_REPOSITORY``, ``GITHUB_API_URL`` (Enterprise), ``GITHUB_TOKEN``,
        and in ``RATCHET_APP`` the slug of the App whose token it is, where it is not a workflow's own.

        ``anywhere``: the repository may be left out, because what is asked names its own.

        Raises:
            ForgeError: the repository or the token is not there.
        """
        for name in ("GITHUB_TOKEN",) if anywhere else ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
            if not environ.get(name):
                raise ForgeError(f"{name} is not set: run inside GitHub Actions, or set it")
        return cls(
            repository=environ.get("GITHUB_REPOSITORY", ""),
            api=environ.get("GITHUB_API_URL") or _DEFAULT_API,
            token=environ["GITHUB_TOKEN"],
            app=environ.get("RATCHET_APP") or _ACTIONS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One repository on GitHub, as one token sees it."""

    api: "Github"
    repository: "Repository"
    pace: Pace
    app: str

    def close(self) -> None:
        """Close its connections; it may be asked again, and opens anew."""
        self.api.close()

    @property
    def alone(self) -> bool:
        """Whether nobody else publishes as this app: every workflow of a repository is GitHub Actions."""
        return self.app != _ACTIONS

    def read(self, what: str, ask: Callable[[], T], *, there: bool = False) -> T:
        """What was asked; asked again where the answer ends early or, for what is known to be ``there``, says 404.

        Raises:
            ForgeError: it can't be had; the text says what was wanted and what to do.
        """
        for wait in (0.5, 1.0, 2.0, 4.0):
            try:
                with asking(what):
                    return ask()
            except CutShortError:
                pass
            except AbsentError:
                if not there:
                    raise
            self.pace.sleep(wait)
        with asking(what):
            return ask()


def open_hub(access: Access, pace: Pace | None = None) -> Hub:
    """The repository that an access names; nothing is asked yet."""
    pace = pace if pace is not None else Pace()
    api = connect(access, pace)
    return Hub(api=api, repository=api.get_repo(access.repository), pace=pace, app=access.app)


def connect(access: Access, pace: Pace | None = None) -> "Github":
    """A client that asks for whole pages, repeats only what may be repeated, and caps the sum of its waits.

    A POST that may have been carried out is never sent again by the client: who makes something looks first whether it
    is there.
    """
    from github import Auth, Github

    from model_ratchet.github.patience import Patience

    pace = pace if pace is not None else Pace()
    return Github(
        auth=Auth.Token(access.token),
        base_url=access.api,
        per_page=100,
        lazy=True,
        timeout=pace.timeout,
        retry=Patience(pace=pace, budget=Budget(pace.most_wait)),
        seconds_between_requests=pace.between_requests,
        seconds_between_writes=pace.between_writes,
    )


class CutShortError(LostError):
    """The answer ended early: what was read may be read again."""


@contextmanager
def asking(what: str, *, needs: str = "", of: str = "") -> Iterator[None]:
    """Turn whatever goes wrong while GitHub is asked to ``what`` into a ``ForgeError`` that repeats no word of an answer.

    ``needs`` is the permission that it takes; ``of`` what the answer would have told, for readers who are shown no more
    than that and the status.
    """
    from github import GithubException

    try:
        yield
    except LimitedError as error:
        raise LimitedError(str(error), what=of, status="asks us to wait") from None
    except GithubException as error:
        kind, said = _refused(error.status, what, needs)
        raise kind(said, what=of, status=str(error.status)) from None
    except OSError as error:
        said = f"GitHub gave no answer ({type(error).__name__}) when asked to {what}: run it again"
        raise LostError(said, what=of) from None
    except ValueError:
        said = f"GitHub's answer ended early when asked to {what}: run it again"
        raise CutShortError(said, what=of, status="cut off") from None


def _refused(status: int, what: str, needs: str) -> tuple[type[ForgeError], str]:
    match status:
        case 401:
            return ForbiddenError, f"GitHub does not know the token that should {what}: check GITHUB_TOKEN"
        case 403:
            return (
                ForbiddenError,
                f"the token may not {what}: grant {needs or 'it'} under `permissions:` of the workflow",
            )
        case 404 | 410:
            return AbsentError, f"GitHub found nothing to {what}: it is not there, or the token may not see it"
        case 422:
            return ForgeError, f"GitHub refused to {what} (422): please report it"
        case _ if status >= 500:
            return LostError, f"GitHub answered {status} when asked to {what}: run it again"
        case _:
            return ForgeError, f"GitHub answered {status} when asked to {what}"
