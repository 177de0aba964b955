"""HTTP: one message to one channel, sent once; what goes wrong is told without a word of the address or the answer."""

import json
from collections.abc import Mapping
from pathlib import Path

from model_ratchet.core.errors import NotifyError
from model_ratchet.core.reason import Reason, Why
from model_ratchet.documents.files import ALERTS
from model_ratchet.documents.sources import Endpoint
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Reply, Server
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.variables import fill

SECONDS = 10.0
"""Without a byte are no answer."""
_REFUSES_THIS = frozenset({400, 413, 415, 422})
_LATER = frozenset({408, 425, 429})


class Post:
    """Sends JSON to the endpoint of one channel, at the address that its name was resolved to."""

    def __init__(self, channel: str, endpoint: Endpoint, reach: Reach, environ: Mapping[str, str], root: Path) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._reach = reach
        self._environ = environ
        self._root = root
        self._server: Server | None = None

    def send(self, payload: object, path: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Send a value as JSON; bytes are sent as they are.

        Raises:
            NotifyError: it was not taken, or nobody knows whether it was.
        """
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        try:
            if self._server is None:
                self._server = Server(
                    self._channel,
                    self._endpoint,
                    self._reach,
                    environ=self._environ,
                    root=self._root,
                    retries=0,
                    seconds=SECONDS,
                )
            reply = self._server.send(path, body, {"Content-Type": "application/json", **(headers or {})})
        except UnanswerableError as error:
            self.close()
            raise _unreached(error.reason) from None
        if not 200 <= reply.status < 300:
            raise _refused(reply)

    def close(self) -> None:
        """Let go of the connection; the next message opens another."""
        if self._server is not None:
            self._server.close()
            self._server = None


def secret(channel: str, variable: str, environ: Mapping[str, str]) -> str:
    """The value of ``${NAME}``.

    Raises:
        NotifyError: it is not set.
    """
    try:
        return fill(channel, variable, environ)
    except UnanswerableError as error:
        raise _unreached(error.reason) from None


def _refused(reply: Reply) -> NotifyError:
    status = reply.status
    if 300 <= status < 400:
        return NotifyError("a redirect, which is not followed")
    if status in (401, 403):
        return NotifyError(f"it does not let us in, HTTP {status}: check its secret")
    after = reply.headers.get("Retry-After", "")
    wait = float(after) if after.isdigit() and len(after) < 7 else 0.0
    later = status >= 500 or status in _LATER
    return NotifyError(f"HTTP {status}", again=later, only_this=status in _REFUSES_THIS, wait=wait)


def _unreached(reason: Reason) -> NotifyError:
    told = reason.parameters
    match reason.why:
        case Why.VARIABLE_ABSENT:
            return NotifyError(f"{told['variable']} is not set in the environment")
        case Why.ORIGIN_REFUSED:
            return NotifyError(f"it leads to {told['origin']}, which {ALERTS} does not allow")
        case _:
            status = str(told.get("status", "no answer"))
            return NotifyError(status, again="certificate" not in status)
