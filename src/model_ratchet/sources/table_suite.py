"""Suites in a table: one row per case, and whether it passed."""

from typing import Any

from sqlglot import exp

from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Measurement, Missing, Need, Suite
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.documents.model import SuiteBinding
from model_ratchet.sources.engine import Engine, Kind
from model_ratchet.sources.table_metrics import truth
from model_ratchet.sources.table_sql import as_text, column, named, table, text

_MOST_NAMED = 20


def read_suite(engine: Engine, need: Need, suite: SuiteBinding, versions: Versions) -> Measurement | Missing:
    """The result of the suite that was run against the candidate; a null result is a case that was skipped.

    Rows of other versions are left out where a column names the version. A case that stands there twice is an error: it
    could hide a failure.
    """
    reason = _columns_trouble(engine, suite)
    if reason is not None:
        return Missing(reason=reason)
    passed = engine.columns()[suite.passed]
    question = exp.select(
        named(as_text(column(suite.case)), "case"),
        named(truth(passed), "passed"),
        named(as_text(column(suite.passed)), "shown"),
    ).from_(table(engine.table), copy=False)
    if suite.arm is not None:
        question = question.where(as_text(column(suite.arm)).eq(text(versions.candidate)), copy=False)
    question = question.order_by(column("case"), column("shown"), copy=False)
    return _suite(engine.table, need, suite, engine.run(question))


def _columns_trouble(engine: Engine, suite: SuiteBinding) -> Reason | None:
    columns = engine.columns()
    for name in (suite.case, suite.passed, suite.arm):
        if name is not None and name not in columns:
            return because(Why.COLUMN_ABSENT, source=engine.table, column=name)
    passed = columns[suite.passed]
    if passed.kind not in (Kind.BOOLEAN, Kind.NUMBER, Kind.TEXT):
        return because(Why.COLUMN_MISTYPED, source=engine.table, column=suite.passed, type=passed.type)
    return None


def _suite(source: str, need: Need, suite: SuiteBinding, rows: list[tuple[Any, ...]]) -> Measurement | Missing:
    if not rows:
        return Missing(reason=because(Why.NO_ROWS, metric=need.metric, arm="candidate"), lasting=False)
    cases = ["(none)" if case is None else str(case) for case, _, _ in rows]
    repeats = len(cases) - len(set(cases))
    if repeats:
        share = repeats / len(cases)
        return Missing(reason=because(Why.DUPLICATES, source=source, column=suite.case, share=share))
    for _, passed, shown in rows:
        if passed is None and shown is not None:
            return Missing(reason=because(Why.LABEL_UNKNOWN, source=source, column=suite.passed))
    results = [passed for _, passed, _ in rows]
    failures = sorted(case for case, passed in zip(cases, results, strict=True) if passed == 0)
    return Suite(
        passed=sum(1 for passed in results if passed == 1),
        failed=len(failures),
        skipped=sum(1 for passed in results if passed is None),
        failures=tuple(failures[:_MOST_NAMED]),
    )
