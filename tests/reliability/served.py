"""A check whose evidence comes from real servers: rows from PostgreSQL, errors from Prometheus, each behind a relay."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from builders.databases import in_postgresql
from builders.logs import Row
from builders.openmetrics import Counter, Page
from builders.signed import ROLES, a_signed
from builders.small import MODEL, START, V1, V2
from components import postgresql, prometheus
from components.ports import free_port
from forge import events
from reliability.commands import Nursery
from reliability.faults import Place
from reliability.relays import Relay, relayed
from reliability.worlds import World

TOKEN = "prometheus-lets-everybody-in"  # noqa: S105
SCRAPE = timedelta(minutes=2)
OF_A_COLUMN = "errors: {kind: proportion, column: error}"
OF_PROMETHEUS = (
    "errors: {kind: proportion, promql: {events: 'errors_total{version={{ version }}}', "
    "total: 'calls_total{version={{ version }}}', no_series: zero}}"
)


@contextmanager
def check_of_servers(folder: Path, nursery: Nursery) -> Iterator[World]:
    """A pull request that is opened and approved, and judged by what both servers hold."""
    with a_signed(folder) as signed, _database(signed.log) as rows, _metrics(folder / "prometheus") as metrics:
        scene = signed.scene
        scene.work.git("checkout", "--quiet", "main")
        model = MODEL.format(name="demo", more=ROLES).replace(OF_A_COLUMN, OF_PROMETHEUS)
        scene.work.commit({"policies/models/demo.yaml": model, "policies/sources.yaml": _sources(rows, metrics)})
        scene.work.git("push", "--quiet", "origin", "main")
        scene.forge.review(signed.pull, by=scene.bob)
        payload = events.pull_request(scene.forge, signed.pull)
        environ = {"DB_PASSWORD": postgresql.READER_PASSWORD, "PROM_TOKEN": TOKEN}
        commands = [["check", "--publish"]]
        yield World(scene, folder, nursery, commands, "pull_request", payload, relays=(rows, metrics), environ=environ)


@contextmanager
def _database(log: Path) -> Iterator[Relay]:
    """The rows of a log in PostgreSQL."""
    with postgresql.serving() as server:
        in_postgresql(server, "requests", list(_rows(log)))
        with relayed(Relay(Place.POSTGRESQL, "requests", server.port, server.kill, server.start)) as relay:
            yield relay


def _rows(log: Path) -> Iterator[Row]:
    with log.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            numbers = {"p": float(row["p"]), "late": int(row["late"]), "error": int(row["error"])}
            yield {**row, "at": datetime.fromisoformat(row["at"]), **numbers}


@contextmanager
def _metrics(folder: Path) -> Iterator[Relay]:
    """Prometheus, which has scraped 10 calls an hour of each version and never an error."""
    page = Page()
    scrapes = [START + number * SCRAPE for number in range(int(timedelta(days=5) / SCRAPE))]
    for version in (V1, V2):
        climbs = [(at, int(at.minute % 6 == 0)) for at in scrapes]
        page.counter("calls_total", Counter({"version": version}, climbs))
    folder.mkdir()
    prometheus.fill(folder, page.text())
    port = free_port()
    with ExitStack() as running:
        servers = []

        def start() -> None:
            servers.append(running.enter_context(prometheus.started(folder, port))[1])

        def kill() -> None:
            servers[-1].kill()
            servers[-1].wait()

        start()
        yield running.enter_context(relayed(Relay(Place.PROMETHEUS, "prom", port, kill, start)))


def _sources(rows: Relay, metrics: Relay) -> str:
    reader = f"{{username: {postgresql.READER}, password: '${{DB_PASSWORD}}'}}"
    database = f"postgresql://127.0.0.1:{rows.port}/metrics"
    return (
        "apiVersion: ratchet/v1\nkind: Sources\nsources:\n"
        f"  {rows.source}: {{kind: table, url: '{database}', table: analytics.requests, auth: {reader}}}\n"
        f"  {metrics.source}: {{kind: prometheus, url: 'http://127.0.0.1:{metrics.port}', "
        "auth: {bearer: '${PROM_TOKEN}'}}\n"
    )
