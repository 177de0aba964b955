"""Traffic: July and August replayed: each flight is routed, scored by one version or two, and logged with what was measured."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from model_ratchet.demo.flights import Flight
from model_ratchet.demo.releases import BASELINE, END, RELEASES, Release
from model_ratchet.demo.server import Server

Row = dict[str, Any]


@dataclass(slots=True)
class Log:
    """The tables that the replay leaves behind, row by row."""

    requests: list[Row] = field(default_factory=list)
    """One row for each flight and version that scored it."""
    gateway: list[Row] = field(default_factory=list)
    """One row for each call, with whether it failed: what the prediction log can't know."""
    batches: list[Row] = field(default_factory=list)
    """How long each hour's batch took."""
    usage: list[Row] = field(default_factory=list)
    """What each server used, by the hour."""


def replay(
    flights: Sequence[Flight],
    models: Mapping[str, Path],
    digests: Mapping[str, str],
    progress: Callable[[str], None],
) -> Log:
    """The log of July and August. ``models`` and ``digests`` name each version's file and digest."""
    log = Log()
    with ExitStack() as stack:
        servers = {
            release.version: stack.enter_context(Server(models[release.version], release.lost))
            for release in (BASELINE, *RELEASES)
        }
        for hour, asked in _by_hour(flights):
            progress(f"replaying {hour:%d %B %Y}")
            _serve_hour(log, servers, digests, hour, asked)
    return log


def unit_share(release: Release, stage: str, unit: str) -> float:
    """Where an airframe falls between 0 and 1 in a stage: the same for each of its flights."""
    hashed = hashlib.sha256(f"{release.version}/{stage}/{unit}".encode()).digest()
    return int.from_bytes(hashed[:8], "big") / 2**64


def route(flight: Flight) -> tuple[str, str | None]:
    """The version that serves a flight, and the one that is mirrored."""
    for release in RELEASES:
        found = release.stage_at(flight.requested_at)
        if found is not None:
            stage, share = found
            if unit_share(release, stage, flight.unit) < share:
                return release.version, BASELINE.version
            return BASELINE.version, release.version
    return BASELINE.version, None


def _by_hour(flights: Sequence[Flight]) -> Iterator[tuple[datetime, list[Flight]]]:
    start = min(stage for release in RELEASES for stage in release.stages.values())
    hours: dict[datetime, list[Flight]] = defaultdict(list)
    for flight in flights:
        if start <= flight.requested_at < END:
            hours[flight.requested_at.replace(minute=0, second=0)].append(flight)
    yield from sorted(hours.items())


def _serve_hour(
    log: Log, servers: Mapping[str, Server], digests: Mapping[str, str], hour: datetime, asked: Sequence[Flight]
) -> None:
    calls: dict[str, list[tuple[Flight, str]]] = defaultdict(list)
    for flight in asked:
        served, mirrored = route(flight)
        calls[served].append((flight, "served"))
        if mirrored is not None:
            calls[mirrored].append((flight, "shadow"))
    for version, scored in sorted(calls.items()):
        batch = servers[version].score([flight for flight, _ in scored])
        at = {"requested_at": hour, "version": version}
        log.batches.append(at | {"duration_ms": batch.duration_ms})
        log.usage.append({"time": hour, "version": version, "rss_bytes": batch.rss, "cpu_cores": batch.cpu_s / 3600})
        for (flight, mode), score, latency in zip(scored, batch.scores, batch.latency_ms, strict=True):
            call = {"request_id": flight.request_id, "requested_at": flight.requested_at, "version": version}
            log.gateway.append(call | {"error": score is None})
            if score is not None:
                log.requests.append(call | _row(flight, mode, score, latency, digests[version]))


def _row(flight: Flight, mode: str, score: float, latency_ms: float, digest: str) -> Row:
    return {
        "mode": mode,
        "digest": digest,
        "airframe": flight.unit,
        "service_date": flight.service_date,
        "origin": flight.features["origin"],
        "carrier": flight.features["carrier"],
        "p_late": score,
        "latency_ms": latency_ms,
        "late": flight.late,
        "label_time": flight.arrived_at,
    }
