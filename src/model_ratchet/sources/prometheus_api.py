"""The HTTP API of Prometheus: queries as POSTed forms, long ranges in chunks, answers with numbers in the place of texts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import floor
from typing import Any, TypeAlias

from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Reply, Server

MOST_POINTS = 11_000
"""The server refuses ranges with more points than this for each series."""

Labels: TypeAlias = tuple[tuple[str, str], ...]

_ERRORS = frozenset(
    {"timeout", "canceled", "execution", "bad_data", "internal", "unavailable", "not_found", "not_acceptable"}
)
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_DURATION = re.compile(r"(\d{1,12})(ms|[smhdwy])", re.ASCII)
_FOREVER = 1000 * _UNITS["y"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels, sorted and without the name, and its samples as (seconds since 1970, value), by time."""

    labels: Labels
    samples: tuple[tuple[float, float], ...]


class PrometheusApi:
    """The queries of one source. Every text that was asked is kept for the record."""

    def __init__(self, source: str, server: Server) -> None:
        self._source = source
        self._server = server
        self.queries: list[str] = []
        self.now: datetime | None = None
        """The clock of the server at its last answer."""

    def at(self, metric: str, query: str, instant: datetime) -> list[Series]:
        """A query at one instant; a range selector (``x[1h]``) gives raw samples.

        Raises:
            UnanswerableError: refused, partial, a native histogram, or no answer.
        """
        self.queries.append(f"{query} @ {instant.isoformat()}")
        return self._series(metric, self._ask(metric, "query", {"query": query, "time": _seconds(instant)}))

    def over(self, metric: str, query: str, start: datetime, end: datetime, step: timedelta) -> list[Series]:
        """A query at start, start + step, … up to end, in as many requests as the server's limit asks for."""
        self.queries.append(f"{query} @ {start.isoformat()} to {end.isoformat()} step {step.total_seconds():g}s")
        samples: dict[Labels, list[tuple[float, float]]] = {}
        for first, last in chunks(start, end, step):
            form = {
                "query": query,
                "start": _seconds(first),
                "end": _seconds(last),
                "step": f"{step.total_seconds():.3f}",
            }
            for one in self._series(metric, self._ask(metric, "query_range", form)):
                samples.setdefault(one.labels, []).extend(one.samples)
        return [Series(labels, tuple(found)) for labels, found in samples.items()]

    def keeps(self) -> tuple[timedelta, datetime] | None:
        """How long the server keeps samples, and its clock; None where it does not say (other servers of the same API)."""
        reply = self._server.get("/api/v1/status/runtimeinfo")
        if reply.status != 200:
            return None
        data = reply.json()
        told = data.get("data") if isinstance(data, dict) else None
        text = str(told.get("storageRetention", "")) if isinstance(told, dict) else ""
        now = clock(reply)
        length = sum(int(number) * _UNITS[unit] for number, unit in _DURATION.findall(text.split(" or ")[0]))
        return (timedelta(seconds=min(length, _FOREVER)), now) if length and now is not None else None

    def _ask(self, metric: str, path: str, form: dict[str, str]) -> Any:
        reply = self._server.post(f"/api/v1/{path}", form).checked(400, 422)
        self.now = clock(reply) or self.now
        data = reply.json()
        if not isinstance(data, dict) or data.get("status") != "success":
            stated = str(data.get("errorType")) if isinstance(data, dict) else ""
            error = stated if stated in _ERRORS else "no known error"  # a server could say anything, a secret too
            raise UnanswerableError(because(Why.QUERY_REFUSED, source=self._source, metric=metric, error=error))
        warnings = data.get("warnings")
        if warnings:
            number = len(warnings) if isinstance(warnings, list) else 1
            raise UnanswerableError(because(Why.ANSWER_PARTIAL, source=self._source, warnings=number))
        return data.get("data")

    def _series(self, metric: str, data: Any) -> list[Series]:
        try:
            return [self._one(metric, one) for one in data["result"]]
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise unlike(self._source) from None

    def _one(self, metric: str, one: Any) -> Series:
        if "histogram" in one or "histograms" in one:
            raise UnanswerableError(because(Why.HISTOGRAM_NATIVE, source=self._source, metric=metric))
        labels = tuple(sorted((str(k), str(v)) for k, v in one["metric"].items() if k != "__name__"))
        values = one["values"] if "values" in one else [one["value"]]
        samples = tuple((float(at), float(value)) for at, value in values)
        if not samples:
            raise ValueError("a series without a sample")
        return Series(labels, samples)


def chunks(start: datetime, end: datetime, step: timedelta) -> Iterable[tuple[datetime, datetime]]:
    """The ranges into which a long one is cut, so that none has more points than the server answers."""
    points = floor((end - start) / step) + 1
    for first in range(0, points, MOST_POINTS):
        last = min(first + MOST_POINTS, points) - 1
        yield start + first * step, start + last * step


def unlike(source: str) -> UnanswerableError:
    """What was answered is not what was asked for."""
    status = "an answer of another form"
    return UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=source, status=status))


def clock(reply: Reply) -> datetime | None:
    """When the server made the answer, by its own clock."""
    try:
        stated = parsedate_to_datetime(reply.headers.get("Date", ""))
    except (OverflowError, TypeError, ValueError):
        return None
    return stated if stated.tzinfo is not None else stated.replace(tzinfo=UTC)


def _seconds(instant: datetime) -> str:
    return f"{instant.timestamp():.3f}"
