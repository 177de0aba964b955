"""The Prometheus source: whatever a server answers becomes numbers that can be sealed, or a reason; never an exception.

The first line of an input names what is asked, the second is the server's clock; each other line is the body of one answer,
in their order and from the first again, behind a status of three digits where it is not 200.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import (
    HOUR,
    Arm,
    BucketHistogram,
    Clustering,
    Counts,
    Grouping,
    Groups,
    Interval,
    Measurement,
    Missing,
    Need,
    QuantileCounts,
    Shape,
    Window,
)
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Prometheus
from model_ratchet.engine.canonical import canonical
from model_ratchet.sources.prometheus import PrometheusSource
from model_ratchet.sources.reach import Reach

START = datetime(2026, 8, 1, tzinfo=UTC)
WINDOW = Window(
    (Interval(START, START + 3 * HOUR), Interval(START + 4 * HOUR, START + timedelta(hours=4.5))), START + 5 * HOUR
)
MODEL = b"""\
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at, timezone: UTC}
rows: {source: log, request_id: request_id, arm: version}
metrics:
  errors:
    kind: proportion
    promql:
      events: 'errors_total{version={{ version }}}'
      total: 'requests_total{version={{ version }}}'
      no_series: zero
  latency: {kind: duration, unit: s, promql: 'seconds_bucket{version={{ version }}}'}
  memory: {kind: gauge, unit: MiB, promql: 'max(memory{version={{ version }}})', hourly: mean}
"""


def _need(shape: Shape, metric: str, *arms: Arm, **more: Any) -> Need:
    return Need(shape=shape, metric=metric, arms=arms or (Arm.CANDIDATE,), window=WINDOW, **more)


NEEDS = {
    b"counts": _need(Shape.COUNTS, "errors"),
    b"hours": _need(Shape.COUNTS, "errors", grouping=Grouping.HOUR),
    b"moments": _need(Shape.MOMENTS, "errors", *Arm, clustering=Clustering.WITHIN_WINDOW),
    b"quantile": _need(Shape.QUANTILE_COUNTS, "latency", limit=0.5),
    b"histogram": _need(Shape.LOG_HISTOGRAM, "latency"),
    b"gauge": _need(Shape.SERIES, "memory"),
}
_SECOND = START.timestamp()
SEEDS = ()
TOKENS = (
    *NEEDS,
    *(b'{"status":"success","data":{"resultType":"matrix","result":[', b'{"metric":{', b'"le":"0.5"', b'"le":"+Inf"'),
    *(
        b'"values":[',
        b'"value":[',
        b'"histogram":',
        b'"warnings":["x"]',
        b'"status":"error","errorType":"timeout"',
        b"]}}",
    ),
    *(
        b'"NaN"',
        b'"+Inf"',
        b'"-1"',
        b'"1e308"',
        b'"0.5"',
        b"1e999",
        b"null",
        b"[[[[",
        b"503 ",
        b"302 ",
        b"\n",
        b" -0000",
    ),
    *(str(int(_SECOND + 3600 * hour)).encode() for hour in range(6)),
    b'"storageRetention":"15d"',
)
_STATUS = re.compile(rb"(\d{3}) ")


class _Wire:
    """What stands in the place of the network: the answers of one input, and which of them were taken."""

    def __init__(self) -> None:
        self.clock = ""
        self.bodies: Iterator[bytes] = iter(())
        self.taken: list[tuple[str, int, bytes]] = []

    def urlopen(self, method: str, target: str, *_: object, **__: object) -> HTTPResponse:
        body = next(self.bodies)
        stated = _STATUS.match(body)
        status = int(stated[1]) if stated is not None else 200
        body = body[4:] if stated is not None else body
        self.taken.append((target, status, body))
        return HTTPResponse(io.BytesIO(body), {"Date": self.clock}, status, preload_content=False)


WIRE = _Wire()


class _Near(Reach):
    """Connects to nothing: the wire answers."""

    def address(self, source: str, host: str, port: int, *, tried: bool = True) -> str:
        return "127.0.0.1"


def _source() -> PrometheusSource:
    model = read(ModelFile, "model.yaml", MODEL)
    assert isinstance(model, ModelFile), model
    url = "http://127.0.0.1:9090"
    return PrometheusSource(
        name="prom",
        config=Prometheus(kind="prometheus", url=url),
        model=model,
        versions=Versions(
            candidate="v2.1.0_20250818_142000",
            baseline="v2.0.3_20250601_090000",
            others=frozenset(),
        ),
        reach=_Near(Reach.listed((), [url]).origins),
        root=Path(),
    )


SOURCE = _source()


def one_input(data: bytes) -> None:
    named, _, rest = data.partition(b"\n")
    clock, _, rest = rest.partition(b"\n")
    need = NEEDS.get(named, NEEDS[b"counts"])
    WIRE.clock, WIRE.bodies, WIRE.taken = clock.decode("latin-1"), cycle(rest.split(b"\n")), []
    real = HTTPConnectionPool.urlopen
    HTTPConnectionPool.urlopen = lambda _, *given, **more: WIRE.urlopen(*given, **more)  # type: ignore[method-assign]
    try:
        answer = SOURCE.answer([need]).answers[need]
    finally:
        HTTPConnectionPool.urlopen = real  # type: ignore[method-assign]
    if isinstance(answer, Missing):
        assert answer.reason.why
        return
    canonical(asdict(answer), digits=9)
    _sound(answer)
    for path, status, body in WIRE.taken:
        if "/query" in path:
            assert status in (200, 400, 422) or 200 < status < 300, f"a number came of HTTP {status}"
            _whole(body)


def _whole(body: bytes) -> None:
    """An answer of which numbers were made says that it is one, and that it is all of it."""
    told = json.loads(body)
    assert told["status"] == "success"
    assert not told.get("warnings")
    assert "histogram" not in json.dumps([one.keys() for one in told["data"]["result"]], default=list)


def _sound(answer: Measurement) -> None:
    match answer:
        case Groups(groups=groups):
            for _, one in groups:
                _sound(one)
        case Counts(successes=successes, n=n):
            assert 0 <= successes <= n
        case QuantileCounts(at_or_below=below, n=n, unclear=unclear):
            assert min(below, unclear) >= 0
            assert below + unclear <= n
        case BucketHistogram(buckets=buckets):
            assert all(count >= 0 for _, count in buckets)
