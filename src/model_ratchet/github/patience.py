"""Patience: which requests are sent again, after how long, and when to give up."""

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

from github.Requester import Requester
from urllib3 import BaseHTTPResponse, Retry

from model_ratchet.core.errors import LimitedError
from model_ratchet.github.client import Budget, Pace

_LIMITS = frozenset({403, 429})
_REPEATABLE = frozenset({"GET", "HEAD", "PATCH", "PUT", "DELETE"})


class Patience(Retry):
    """What GitHub refused because of a limit was not done, so any request is sent again; else only what may be repeated.

    All waits of a client together last at most ``Pace.most_wait``; what would take longer raises ``LimitedError`` at once.
    """

    def __init__(self, *, pace: Pace, budget: Budget, **more: Any) -> None:
        self._pace = pace
        self._budget = budget
        self._wait = 0.0
        more = {"total": pace.tries, "backoff_factor": 0.5, "backoff_jitter": 0.5, "backoff_max": 20} | more
        more |= {"allowed_methods": _REPEATABLE, "status_forcelist": range(500, 600)}
        super().__init__(**more)

    def new(self, **more: Any) -> "Patience":
        """The same with less of what is left."""
        return super().new(pace=self._pace, budget=self._budget, **more)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: ARG002
        """Whether an answer is looked at again; ``increment`` has the last word on a 403."""
        if status_code in _LIMITS:
            return True
        return method.upper() in _REPEATABLE and status_code >= 500

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> "Patience":
        """One try less, and the next wait.

        Raises:
            GithubException: a 403 that speaks of no limit.
            LimitedError: the limit lasts longer than may be waited.
        """
        limited = self._limited(response) if response is not None and response.status in _LIMITS else None
        left = super().increment(method, url, response, error, _pool, _stacktrace)
        left._wait = left.get_backoff_time() if limited is None else limited
        if not self._budget.take(left._wait):
            raise LimitedError(
                f"GitHub wants us to wait {left._wait:.0f} s, and a run waits {self._pace.most_wait:.0f} s in all: "
                "run it again later"
            )
        return left

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:  # noqa: ARG002
        """Wait as long as ``increment`` has said."""
        if self._wait > 0:
            self._pace.sleep(self._wait)

    def _limited(self, response: BaseHTTPResponse) -> float:
        """Seconds until a limit ends."""
        said = response.headers
        after = said.get("Retry-After", "")
        if after.isdigit():
            return float(after)
        reset = said.get("x-ratelimit-reset", "")
        if said.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(0.0, float(reset) - _clock(said.get("Date", ""))) + 1
        told = _told(response)
        if response.status == 403 and "rate limit" not in str(told.get("message", "")).lower():
            raise Requester.createException(response.status, dict(said), told)
        met = sum(one.status in _LIMITS for one in self.history)
        return float(self._pace.secondary_wait * 2**met)


def _clock(date: str) -> float:
    """GitHub's clock, because a runner's may be off."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return time.time()


def _told(response: BaseHTTPResponse) -> dict[str, Any]:
    try:
        found = json.loads(response.data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
