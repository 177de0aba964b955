"""Questions as PostgreSQL reads them."""

from collections.abc import Mapping

from sqlglot import exp

from model_ratchet.sources.engine import Column, Kind
from model_ratchet.sources.rewrite import micros_of, rewritten
from model_ratchet.sources.table_sql import (
    Tree,
    absent,
    call,
    cast,
    choose,
    column,
    every,
    named,
    number,
    text,
    within,
)

# texts that the server's casts are sure to take: there is none that gives null where a text is no number, or no time
_NUMBER = (
    r"^\s*[+-]?((\d{1,200}(\.\d{0,200})?|\.\d{1,200})(e[+-]?\d{1,2})?|[1-9](\.\d{0,200})?e[+-]?[12]\d\d"
    r"|nan|inf|infinity)\s*$"
)
_TIME = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?\s?(Z|z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)?)?$"
)
_BINARY = exp.column("C", quoted=True)


def spelled(question: exp.Query, source: str, relation: str, columns: Mapping[str, Column]) -> str:
    """The text of a question. ``relation`` is the quoted name that the database gives the table ``source``."""
    return _rewritten(question, source, relation, columns).sql(dialect="postgres")


def _rewritten(question: exp.Query, source: str, relation: str, columns: Mapping[str, Column]) -> exp.Query:
    reals = {name for name, known in columns.items() if known.type in ("float4", "float8")}

    def typed(tree: exp.Cast) -> Tree:
        """As text, compared by its bytes as everywhere else; a double that is whole ends in “.0”."""
        if not tree.to.is_type("text"):
            return tree
        stored = tree.this
        if not (isinstance(stored, exp.Column) and stored.name in reals):
            return _by_bytes(cast(stored, "TEXT"))
        bare = cast(stored, "TEXT")
        whole = exp.RegexpLike(this=bare, expression=text(r"^-?\d+$"))
        return _by_bytes(choose((whole, exp.DPipe(this=bare, expression=text(".0"))), otherwise=bare))

    def placed(tree: exp.Table) -> Tree:
        """The stored table, its texts of any type as plain text."""
        if tree.name != source:
            return tree
        every_column = [named(_plain(known), name) for name, known in columns.items()]
        return within(exp.select(*every_column).from_(exp.to_table(relation, dialect="postgres")), source)

    return rewritten(
        question,
        {
            exp.Anonymous: _function,
            exp.ApproxDistinct: lambda tree: exp.Count(this=exp.Distinct(expressions=[tree.this])),
            exp.Cast: typed,
            exp.DataType: lambda tree: exp.DataType.build("DECIMAL") if tree.is_type("int128") else tree,
            exp.IntDiv: lambda tree: exp.Div(this=tree.this, expression=tree.expression, typed=True, safe=False),
            exp.IsInf: lambda tree: call("ABS", tree.this).eq(cast(text("Infinity"), "DOUBLE")),
            exp.IsNan: lambda tree: tree.this.eq(cast(text("NaN"), "DOUBLE")),
            exp.NullSafeEQ: _alike,
            exp.Round: _half_away,
            exp.Table: placed,
            exp.TryCast: _read,
        },
    )


def _plain(known: Column) -> Tree:
    stored = column(known.name)
    return _by_bytes(cast(stored, "TEXT")) if known.kind is Kind.TEXT else stored


def _by_bytes(tree: Tree) -> Tree:
    return exp.Collate(this=tree, expression=_BINARY)


def _function(tree: exp.Anonymous) -> Tree:
    of = micros_of(tree)
    if of is None:
        return tree
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=of)
    return cast(exp.Mul(this=seconds, expression=number(1_000_000)), "BIGINT")


def _alike(tree: exp.NullSafeEQ) -> Tree:
    """Equal, or both null, in a form by which a join can hash."""
    one, other = (call("COALESCE", cast(side, "TEXT"), text("")) for side in (tree.this, tree.expression))
    return every(
        one.eq(other), exp.EQ(this=exp.paren(absent(tree.this)), expression=exp.paren(absent(tree.expression)))
    )


def _half_away(tree: exp.Round) -> Tree:
    """A double to the nearest whole number, halves away from zero: the server's own rounds them to even."""
    real = tree.this
    whole = call("TRUNC", real)
    rest = exp.paren(exp.Sub(this=exp.paren(real), expression=whole))
    return choose(
        (rest >= number(0.5), whole + number(1)),
        (rest <= number(-0.5), whole - number(1)),
        otherwise=whole,
    )


def _read(tree: exp.TryCast) -> Tree:
    """A text as a number or a time; null where it is none."""
    stored, to = tree.this, tree.args["to"]
    if to.is_type("double"):
        return choose((exp.RegexpILike(this=stored, expression=text(_NUMBER)), cast(stored, to)))
    month = cast(exp.DPipe(this=call("LEFT", stored, number(7)), expression=text("-01")), "DATE")
    days = exp.Extract(this=exp.var("DAY"), expression=month + exp.Interval(this=text("1 month -1 day")))
    day = cast(exp.Substring(this=stored, start=number(9), length=number(2)), "INT")
    # (fractions of a microsecond are cut off, never rounded)
    cut = exp.Anonymous(this="REGEXP_REPLACE", expressions=[stored, text(r"(\.\d{6})\d+"), text(r"\1")])
    there_is = choose((day <= days, cast(cut, to)))
    return choose((exp.RegexpLike(this=stored, expression=text(_TIME)), there_is))
