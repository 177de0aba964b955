"""Questions in the words of databases that no engine reaches yet: they render, and were never run."""

from collections.abc import Callable

from sqlglot import exp

from model_ratchet.sources.rewrite import Rules, micros_of, rewritten
from model_ratchet.sources.table_sql import Tree, call, cast, number, text

_WIDE = {"trino": "DECIMAL(38, 0)", "bigquery": "BIGNUMERIC", "snowflake": "DECIMAL(38, 0)", "clickhouse": "INT128"}
_MICROS: dict[str, Callable[[Tree], Tree]] = {
    "trino": lambda at: cast(
        call("ROUND", exp.Anonymous(this="TO_UNIXTIME", expressions=[at]) * number(1e6)), "BIGINT"
    ),
    "bigquery": lambda at: exp.Anonymous(this="UNIX_MICROS", expressions=[at]),
    "snowflake": lambda at: exp.Anonymous(this="DATE_PART", expressions=[exp.var("EPOCH_MICROSECOND"), at]),
    "clickhouse": lambda at: exp.Anonymous(this="toUnixTimestamp64Micro", expressions=[at]),
}
_INFINITE: dict[str, Callable[[Tree], Tree]] = {
    "trino": lambda real: exp.Anonymous(this="IS_INFINITE", expressions=[real]),
    "bigquery": lambda real: exp.Anonymous(this="IS_INF", expressions=[real]),
    "snowflake": lambda real: call("ABS", real).eq(cast(text("inf"), "DOUBLE")),
    "clickhouse": lambda real: exp.Anonymous(this="isInfinite", expressions=[real]),
}
RENDERED = tuple(_WIDE)
"""The dialects in which every question can be written."""


def rendered(question: exp.Query, dialect: str) -> str:
    """The text of a question in one of these dialects."""

    def micros(tree: exp.Anonymous) -> Tree:
        of = micros_of(tree)
        return tree if of is None else _MICROS[dialect](of)

    rules: Rules = {
        exp.Anonymous: micros,
        exp.DataType: lambda tree: exp.DataType.build(_WIDE[dialect]) if tree.is_type("int128") else tree,
        exp.IsInf: lambda tree: _INFINITE[dialect](tree.this),
    }
    return rewritten(question, rules).sql(dialect=dialect)
