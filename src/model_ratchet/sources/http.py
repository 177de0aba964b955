"""HTTP: one pooled session with one server, for reads that may be repeated.

What goes wrong becomes a reason that names the source and a status, and never a URL, a header or the text of an error.
"""

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError, SSLError

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.origin import Origin
from model_ratchet.documents.sources import Endpoint, HttpServer
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.trust import authorities
from model_ratchet.sources.variables import fill

# it logs the paths of requests, in warnings of what is tried again too, and a path can hold a secret
logging.getLogger("urllib3").setLevel(logging.ERROR)

MOST_BYTES = 64 * 2**20

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_CHUNK = 2**16
_TRIES = 3
_CONNECTIONS = 8
_PARTIAL = 206
_HEADERS = {"User-Agent": "model-ratchet", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_PLAIN = {"Accept-Encoding": "identity"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Sign = Callable[[str, str, str], Mapping[str, str]]
"""The headers that sign a method, a URL and a host."""


class Server:
    """A server that a source names, asked at the address that its name was resolved to when it was opened.

    Redirects are refused, proxies of the environment ignored, certificates verified. Connection troubles and the statuses
    429, 502, 503 and 504 are tried again with growing, jittered pauses, unless ``retries`` is 0; a connection that is not
    accepted is tried once more.
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
        signed: Sign | None = None,
        connections: int = _CONNECTIONS,
    ) -> None:
        """Resolves the name and reads the secrets; ``signed`` signs each request in the place of ``config.auth``.

        ``seconds`` without a byte are no answer. Threads may ask side by side, on as many ``connections``.

        Raises:
            UnanswerableError: a variable is not set, the origin is refused, or none of several addresses answers.
        """
        self._source = source
        most = config.most if isinstance(config, HttpServer) else None
        self._most = int(most.value) if most is not None else MOST_BYTES
        self._seconds = seconds
        url, origin = reach.url(source, config.url, environ)
        parts = urlsplit(url)
        self._base = parts.path
        self._query = f"?{parts.query}" if parts.query else ""
        self._headers = {**_HEADERS, "Host": parts.netloc}
        self._sign = signed
        auth = config.auth if signed is None else None
        if auth is not None and auth.bearer is not None:
            self._headers["Authorization"] = f"Bearer {fill(source, auth.bearer, environ)}"
        elif auth is not None and auth.password is not None:
            self._headers["Authorization"] = _basic(f"{auth.username}:{fill(source, auth.password, environ)}")
        options: dict[str, Any] = {
            "maxsize": connections,
            "block": True,
            "timeout": urllib3.Timeout(connect=_CONNECT_SECONDS, read=seconds),
            "retries": _tries(retries),
        }
        if origin.scheme == "https":
            options |= {"cert_reqs": "CERT_REQUIRED", "ca_certs": authorities(config.ca, root)}
        if config.proxy is not None:
            self._at = f"{origin.scheme}://{parts.netloc}"
            self._pool = _behind(fill(source, config.proxy, environ), self._at, options)
            if origin.scheme == "http":  # the proxy is told the whole address
                self._base = f"{self._at}{self._base}"
        else:
            address = reach.address(source, origin.host, origin.port, tried=False)
            self._at = f"{origin.scheme}://{f'[{address}]' if ':' in address else address}:{origin.port}"
            self._pool = _pinned(origin, address, options)

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> "Reply":
        """The answer to a GET."""
        return self._ask("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def post(self, path: str, form: Mapping[str, str]) -> "Reply":
        """The answer to a POST of a form that only reads."""
        return self._ask("POST", path, body=urlencode(form).encode(), headers=_FORM)

    def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> "Reply":
        """The status and the headers that a POST of ``body`` is answered with, which changes something there.

        What stands behind a ``?`` in the server's own URL is sent with it: it can be what lets us in. The body of the
        answer is left unread.
        """
        return self._ask("POST", f"{path}{self._query}", unread=True, body=body, headers=headers)

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
        self._pool.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        part: int | None = None,
        unread: bool = False,
    ) -> "Reply":
        told = {**self._headers, **(headers or {})}
        target = f"{self._base}{path}" or "/"
        if self._sign is not None:
            told |= self._sign(method, f"{self._at}{target}", told["Host"])
        try:
            response = self._pool.urlopen(
                method, target, body, told, redirect=False, assert_same_host=False, preload_content=False
            )
        except (HTTPError, OSError, ValueError) as error:  # a header that can't be sent is a ValueError
            raise self._unreached(self._why(error)) from None
        try:
            content = b""
            if not unread and (part is None or response.status == _PARTIAL):
                content = self._body(response, self._most if part is None else part, decode=part is None)
            return Reply(self._source, response.status, response.headers, content)
        except (HTTPError, OSError) as error:
            if part is not None and not isinstance(error, ReadTimeoutError):
                raise BrokenOffError(because(Why.SOURCE_UNREACHABLE, source=self._source, status="cut")) from None
            raise self._unreached(self._why(error)) from None
        finally:
            response.close()
            response.release_conn()

    def _why(self, error: Exception) -> str:
        """What went wrong, without a word of the error's own."""
        cause = error.reason if isinstance(error, MaxRetryError) else error
        if isinstance(cause, SSLError):
            return "its certificate is not trusted"
        if isinstance(cause, ReadTimeoutError):
            return f"no answer within {self._seconds:g} s"
        return "no connection"

    def _unreached(self, status: str) -> UnanswerableError:
        return UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=self._source, status=status))

    def _body(self, response: urllib3.BaseHTTPResponse, most: int, *, decode: bool) -> bytes:
        body = bytearray()
        for chunk in response.stream(_CHUNK, decode_content=decode):
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


def _pinned(origin: Origin, address: str, options: Mapping[str, Any]) -> urllib3.HTTPConnectionPool:
    """Connections to an address in the place of a name, which the certificate must hold all the same."""
    if origin.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            address, origin.port, server_hostname=origin.host, assert_hostname=origin.host, **options
        )
    return urllib3.HTTPConnectionPool(address, origin.port, **options)


def _behind(proxy: str, at: str, options: Mapping[str, Any]) -> urllib3.HTTPConnectionPool:
    """Connections through a proxy, which may ask for a name and a password."""
    parts = urlsplit(proxy)
    let_in = {"Proxy-Authorization": _basic(unquote(f"{parts.username}:{parts.password}"))} if parts.password else {}
    return urllib3.ProxyManager(proxy, proxy_headers=let_in, **options).connection_from_url(at)


def _basic(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"


def _tries(total: int) -> urllib3.Retry:
    return urllib3.Retry(
        total=total,
        connect=min(total, 1),
        redirect=False,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=("GET", "HEAD", "POST"),
        backoff_factor=0.2,
        backoff_jitter=0.2,
        backoff_max=5,
        raise_on_status=False,
    )
