"""HTTP: one pooled session with one server, for reads that may be repeated.

What goes wrong becomes a reason that names the source and a status, and never a URL, a header or the text of an error.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.sources import Endpoint, HttpServer
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.variables import fill

# (it logs the paths of requests, and a path can hold a secret)
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)

MOST_BYTES = 64 * 2**20

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_CHUNK = 2**16
_TRIES = 3
_CONNECTIONS = 8
_PARTIAL = 206
_PLAIN = {"Accept-Encoding": "identity"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HEADERS = requests.utils.default_headers()


class Server:
    """A server that a source names, asked at the address that its name was resolved to when it was opened.

    Redirects are refused, proxies of the environment ignored, certificates verified. Connection troubles and the statuses
    429, 502, 503 and 504 are tried again with growing, jittered pauses, unless ``retries`` is 0.
    """

    def __init__(
        self,
        source: str,
        config: Endpoint,
        reach: Reach,
        *,
        environ: Mapping[str, str],
        root: Path,
        retries: int = _TRIES,
        seconds: float = _READ_SECONDS,
        signed: AuthBase | None = None,
        connections: int = _CONNECTIONS,
    ) -> None:
        """Resolves the name and reads the secrets; ``signed`` signs each request in the place of ``config.auth``.

        ``seconds`` without a byte are no answer. Threads may ask side by side, on as many ``connections``.

        Raises:
            UnanswerableError: a variable is not set, the origin is refused, or nothing answers there.
        """
        self._source = source
        most = config.most if isinstance(config, HttpServer) else None
        self._most = int(most.value) if most is not None else MOST_BYTES
        self._seconds = seconds
        url, origin = reach.url(source, config.url, environ)
        parts = urlsplit(url)
        pool: dict[str, Any] = {}
        self._verify = str(root / config.ca) if config.ca is not None else True
        self._proxies: dict[str, str] = {}
        self._headers = dict(_HEADERS)
        self._auth: AuthBase | tuple[str, str] | None = signed
        if config.proxy is not None:
            self._proxies = {origin.scheme: fill(source, config.proxy, environ)}
            self._base = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        else:
            address = reach.address(source, origin.host, origin.port)
            at = f"[{address}]" if ":" in address else address
            self._base = urlunsplit((parts.scheme, f"{at}:{origin.port}", parts.path, "", ""))
            self._headers["Host"] = parts.netloc
            if origin.scheme == "https":
                pool = {"server_hostname": origin.host, "assert_hostname": origin.host}
        self._query = f"?{parts.query}" if parts.query else ""
        if config.auth is not None and config.auth.bearer is not None:
            self._headers["Authorization"] = f"Bearer {fill(source, config.auth.bearer, environ)}"
        elif config.auth is not None and config.auth.password is not None:
            basic = (str(config.auth.username), fill(source, config.auth.password, environ))
            self._auth = signed or basic
        # what a session of requests would merge into each of them anew is the same for all
        self._adapter = _Adapter(pool, retries, connections)

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> "Reply":
        """The answer to a GET."""
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, form: Mapping[str, str]) -> "Reply":
        """The answer to a POST of a form that only reads."""
        return self._ask("POST", path, data=urlencode(form), headers=_FORM)

    def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> "Reply":
        """The status and the headers that a POST of ``body`` is answered with, which changes something there.

        What stands behind a ``?`` in the server's own URL is sent with it: it can be what lets us in. The body of the
        answer is left unread.
        """
        return self._ask("POST", f"{path}{self._query}", unread=True, data=body, headers=headers)

    def head(self, path: str) -> "Reply":
        """The status and the headers that a GET would have, uncompressed."""
        return self._ask("HEAD", path, headers=_PLAIN)

    def part(self, path: str, start: int, length: int, conditions: Mapping[str, str]) -> "Reply":
        """The answer to a GET of ``length`` bytes from ``start`` on, as they are stored.

        Its body is read where it is these bytes (206) and left alone otherwise.

        Raises:
            BrokenOffError: it ended before its own length.
            UnanswerableError: it is larger than what was asked for, or there is no answer.
        """
        wanted = {"Range": f"bytes={start}-{start + length - 1}"}
        return self._ask("GET", path, part=length, headers={**_PLAIN, **wanted, **conditions})

    def close(self) -> None:
        """Let go of the connections."""
        self._adapter.close()

    def _ask(self, method: str, path: str, *, part: int | None = None, unread: bool = False, **given: Any) -> "Reply":
        timeout = (_CONNECT_SECONDS, self._seconds)
        try:
            request = requests.PreparedRequest()
            headers = {**self._headers, **given.pop("headers", {})}
            request.prepare(method, f"{self._base}{path}", headers=headers, auth=self._auth, **given)
            with self._adapter.send(
                request, stream=True, timeout=timeout, verify=self._verify, proxies=self._proxies
            ) as response:
                body = b""
                if not unread and (part is None or response.status_code == _PARTIAL):
                    body = self._body(response, self._most if part is None else part, decode=part is None)
                return Reply(self._source, response.status_code, response.headers, body)
        except requests.exceptions.SSLError:
            status = "its certificate is not trusted"
        except (requests.exceptions.Timeout, ReadTimeoutError):
            status = f"no answer within {self._seconds:g} s"
        except HTTPError:
            if part is not None:
                raise BrokenOffError(because(Why.SOURCE_UNREACHABLE, source=self._source, status="cut")) from None
            status = "no connection"
        except requests.exceptions.RequestException:
            status = "no connection"
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=self._source, status=status))

    def _body(self, response: requests.Response, most: int, *, decode: bool) -> bytes:
        body = bytearray()
        for chunk in response.raw.stream(_CHUNK, decode_content=decode):
            body += chunk
            if len(body) > most:
                shown = f"{most / 2**20:g} MiB"
                raise UnanswerableError(because(Why.ANSWER_TOO_LARGE, source=self._source, most=shown))
        return bytes(body)


class BrokenOffError(UnanswerableError):
    """A body that ended before its own length."""


class Reply:
    """A status, headers and a body that was read to its end."""

    def __init__(self, source: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._source = source
        self.status = status
        self.headers = headers
        self.body = body

    def checked(self, *also: int) -> "Reply":
        """The same, where the status is 2xx or one of ``also``.

        Raises:
            UnanswerableError: any other status; 401 and 403 are told apart, and so are redirects.
        """
        if 200 <= self.status < 300 or self.status in also:
            return self
        if self.status in (401, 403):
            raise UnanswerableError(because(Why.SOURCE_UNAUTHORISED, source=self._source, status=self.status))
        what = "a redirect, which is not followed" if 300 <= self.status < 400 else f"HTTP {self.status}"
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=self._source, status=what))

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            UnanswerableError: it is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            status = "an answer that is no JSON"
            raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=self._source, status=status)) from None


class _Adapter(HTTPAdapter):
    """Retries and, for an address in the place of a name, the name that the certificate must hold."""

    def __init__(self, pool: Mapping[str, Any], retries: int, connections: int) -> None:
        self._pool = dict(pool)
        tries = Retry(
            total=retries,
            redirect=False,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=("GET", "HEAD", "POST"),
            backoff_factor=0.2,
            backoff_jitter=0.2,
            backoff_max=5,
            raise_on_status=False,
        )
        super().__init__(max_retries=tries, pool_maxsize=connections, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The pool, with what it must know of TLS."""
        super().init_poolmanager(*args, **(kwargs | self._pool))
