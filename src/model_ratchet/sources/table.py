"""The table source: one table in files or in a database, asked for everything that a promotion needs of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Measurement, Missing, Need, Shape
from model_ratchet.core.reason import Why, because
from model_ratchet.core.units import significant
from model_ratchet.documents.model import Gauge, ModelFile
from model_ratchet.documents.places import scheme_of
from model_ratchet.documents.sources import Table
from model_ratchet.ports import Answers
from model_ratchet.sources.database import Database, installed
from model_ratchet.sources.engine import Engine, UnanswerableError
from model_ratchet.sources.files import Files, find_files
from model_ratchet.sources.reach import Reach
from model_ratchet.sources.table_census import check_times
from model_ratchet.sources.table_gauge import read_gauges
from model_ratchet.sources.table_log import bind_log
from model_ratchet.sources.table_suite import read_suite
from model_ratchet.sources.table_window import read_window
from model_ratchet.sources.table_windows import bases


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """A table in files (read through DuckDB), in PostgreSQL or in Spark.

    What can't be answered is missing with its reason; nothing is raised.
    """

    name: str
    config: Table
    model: ModelFile
    versions: Versions
    root: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    changed: frozenset[Path] = frozenset()
    """The files that the change under judgement adds or edits: none of them is evidence."""
    reach: Reach = field(default_factory=lambda: Reach(frozenset()))

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need. The rows of one window are scanned once for all needs of it."""
        try:
            engine = self.open()
        except UnanswerableError as error:
            return Answers(dict.fromkeys(needs, Missing(reason=error.reason, lasting=error.lasting)))
        try:
            asked = self._ask(engine, needs)
            return Answers({need: self._placed(found) for need, found in asked.answers.items()}, asked.queries)
        finally:
            engine.close()

    def _placed(self, found: Measurement | Missing) -> Measurement | Missing:
        """What is wrong with a column, with the path of its table as the sources file spells it."""
        if not isinstance(found, Missing) or not found.reason.parameters.keys() >= {"source", "column"}:
            return found
        return replace(
            found,
            reason=because(
                found.reason.why, **found.reason.parameters, file=self.config.path or self.config.table or ""
            ),
        )

    def open(self) -> Engine:
        """The engine that holds the rows; whoever opens it closes it.

        Raises:
            UnanswerableError: it can not be opened.
        """
        if self.config.url is None:
            return self._open_files()
        url, origin = self.reach.url(self.name, self.config.url, self.environ)
        database = Database.of(self.name, self.config, url)
        if origin.scheme == "sc":
            installed(self.name, "pyspark", "spark")
            from model_ratchet.sources.spark_engine import SparkEngine

            return SparkEngine(database, self.reach, environ=self.environ, root=self.root)
        installed(self.name, "psycopg", "postgresql")
        from model_ratchet.sources.postgresql_engine import PostgreSQLEngine

        return PostgreSQLEngine(database, self.reach, environ=self.environ, root=self.root)

    def _open_files(self) -> Engine:
        from model_ratchet.sources.duckdb_engine import DuckDBEngine

        files = self._files()
        if self.config.memory_limit is None:
            return DuckDBEngine(self.name, files)
        limit = f"{significant(self.config.memory_limit.value / 2**20):g}MiB"
        return DuckDBEngine(self.name, files, memory_limit=limit)

    def _files(self) -> Files:
        if not scheme_of(self.config.path):
            return find_files(self.name, self.config, root=self.root, environ=self.environ, changed=self.changed)
        from model_ratchet.sources.remote import find_remote

        return find_remote(self.name, self.config, reach=self.reach, root=self.root, environ=self.environ)

    def _ask(self, engine: Engine, needs: Sequence[Need]) -> Answers:
        """The answers in parts, so that what one part can't answer leaves the others alone."""
        answers: dict[Need, Measurement | Missing] = {}
        trouble: UnanswerableError | None = None
        try:
            engine.columns()
            for found in self._parts(engine, needs):
                answers |= found
        except UnanswerableError as error:
            trouble = error
        if trouble is not None:
            missing = Missing(reason=trouble.reason, lasting=trouble.lasting)
            answers = {need: answers.get(need, missing) for need in needs}
        return Answers(answers, tuple(engine.queries))

    def _parts(self, engine: Engine, needs: Sequence[Need]) -> Iterator[Mapping[Need, Measurement | Missing]]:
        logged: list[Need] = []
        gauges: dict[Need, Gauge] = {}
        for need in needs:
            metric = self.model.metrics.get(need.bound)
            if need.shape is Shape.SUITE and need.metric in self.model.suites:
                yield {need: read_suite(engine, need, self.model.suites[need.metric], self.versions)}
            elif need.shape is Shape.SERIES and isinstance(metric, Gauge):
                gauges[need] = metric
            elif need.window is None:
                what = f"{need.shape} of {need.metric or 'the log'}: not from a table"
                yield {need: Missing(reason=because(Why.CANNOT_VERIFY, what=what))}
            else:
                logged.append(need)
        yield from read_gauges(engine, gauges, self.versions, self.model.time.timezone)
        if logged:
            yield from self._log_parts(engine, logged)

    def _log_parts(self, engine: Engine, needs: Sequence[Need]) -> Iterator[Mapping[Need, Measurement | Missing]]:
        segments = frozenset(need.segment for need in needs if need.segment)
        log = bind_log(self.name, engine.columns(), self.model, self.versions, segments)
        log = check_times(engine, log, engine.table)
        troubled = {need: trouble for need in needs if (trouble := log.trouble(need)) is not None}
        yield {need: Missing(reason=reason) for need, reason in troubled.items()}
        for base in bases(need for need in needs if need not in troubled):
            yield read_window(engine, log, engine.table, base)
