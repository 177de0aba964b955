"""Server: one version in a process of its own: requests in, scores, latencies and what the process uses out.

``python -m model_ratchet.demo.server MODEL LOST…`` reads one JSON list of requests a line and answers with one line.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from types import TracebackType
from typing import IO, Self

from model_ratchet.demo.flights import Features, Flight
from model_ratchet.demo.predictor import Predictor


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a server says of one batch: a score for each request (None where it failed), milliseconds, bytes, seconds."""

    scores: tuple[float | None, ...]
    latency_ms: tuple[float, ...]
    duration_ms: float
    rss: int
    cpu_s: float


class Server:
    """A running server, as a context."""

    def __init__(self, model: Path, lost: Sequence[str]) -> None:
        command = [sys.executable, "-m", "model_ratchet.demo.server", str(model), *lost]
        self._process: Popen[str] = Popen(command, stdin=PIPE, stdout=PIPE, text=True)  # noqa: S603

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def score(self, flights: Sequence[Flight]) -> Batch:
        """The answers to a batch of requests, in their order."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the server has no pipes")
        self._process.stdin.write(json.dumps([dict(flight.features) for flight in flights]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Batch(
            scores=tuple(answer["scores"]),
            latency_ms=tuple(answer["latency_ms"]),
            duration_ms=answer["duration_ms"],
            rss=answer["rss"],
            cpu_s=answer["cpu_s"],
        )


def serve(model: Path, lost: Sequence[str], requests: IO[str], answers: IO[str]) -> None:
    """Answer until the requests end. The latency of a request is measured around its prediction alone."""
    import psutil

    predictor = Predictor.from_bytes(model.read_bytes())
    process = psutil.Process()
    for line in requests:
        started, cpu = time.perf_counter_ns(), time.process_time_ns()
        scored = list(_scored(predictor, json.loads(line), lost))
        answer = {
            "scores": [score for score, _ in scored],
            "latency_ms": [taken / 1e6 for _, taken in scored],
            "duration_ms": (time.perf_counter_ns() - started) / 1e6,
            "rss": process.memory_info().rss,
            "cpu_s": (time.process_time_ns() - cpu) / 1e9,
        }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _scored(predictor: Predictor, asked: Sequence[Features], lost: Sequence[str]) -> Iterator[tuple[float | None, int]]:
    for features in asked:
        started = time.perf_counter_ns()
        try:
            score: float | None = predictor.predict({name: features[name] for name in features if name not in lost})
        except (ArithmeticError, LookupError, TypeError, ValueError):
            score = None
        yield score, time.perf_counter_ns() - started


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2:], sys.stdin, sys.stdout)
