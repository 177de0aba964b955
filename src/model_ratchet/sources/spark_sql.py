"""Questions as Spark reads them, in its ANSI mode and with sessions in UTC."""

from sqlglot import exp

from model_ratchet.sources.rewrite import micros_of, rewritten
from model_ratchet.sources.table_sql import Tree, call, cast, choose, every, text

_NUMBER = r"^\s*[+-]?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)\s*$"
_TIME = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
_TYPES = {"INT128": "DECIMAL(38, 0)", "TIMESTAMP": "TIMESTAMPNTZ"}


def spelled(question: exp.Query, source: str, relation: str) -> str:
    """The text of a question. ``relation`` is the quoted name that the catalogue gives the table ``source``."""

    def placed(tree: exp.Table) -> Tree:
        if tree.name != source:
            return tree
        stored = exp.to_table(relation, dialect="spark")
        stored.set("alias", exp.TableAlias(this=exp.to_identifier(source, quoted=True)))
        return stored

    return rewritten(
        question,
        {
            exp.Anonymous: _function,
            exp.AtTimeZone: _in_zone,
            exp.DataType: lambda tree: (
                exp.DataType.build(_TYPES[tree.this.value]) if tree.this.value in _TYPES else tree
            ),
            exp.IsInf: lambda tree: call("ABS", tree.this).eq(cast(text("Infinity"), "DOUBLE")),
            exp.Sum: _total,
            exp.Table: placed,
            exp.TryCast: _read,
        },
    ).sql(dialect="spark")


def _function(tree: exp.Anonymous) -> Tree:
    of = micros_of(tree)
    return tree if of is None else exp.Anonymous(this="UNIX_MICROS", expressions=[cast(of, "TIMESTAMPTZ")])


def _total(tree: exp.Sum) -> Tree:
    """Exact beyond 64 bits. What counts rows stays as it is: it is faster, and the ANSI mode refuses to overflow."""
    summed = tree.this
    if isinstance(summed, exp.Case) and all(isinstance(value, exp.Literal) for value in _values(summed)):
        return tree
    return exp.Sum(this=cast(summed, "DECIMAL(38, 0)"))


def _values(case: exp.Case) -> list[Tree]:
    otherwise = case.args.get("default")
    return [branch.args["true"] for branch in case.args["ifs"]] + ([otherwise] if otherwise is not None else [])


def _in_zone(tree: exp.AtTimeZone) -> Tree:
    """The instant that a clock in a zone shows; the later of two where the zone's clocks repeat an hour.

    The server's own function gives the earlier one. Read by the offset that holds three hours later, a time is the later
    instant exactly where the zone's clock shows that time then.
    """
    shown, zone = cast(tree.this, "TIMESTAMPTZ"), tree.args["zone"]
    hours = exp.Interval(this=text("3"), unit=exp.var("HOURS"))
    read = exp.Anonymous(this="TO_UTC_TIMESTAMP", expressions=[shown + hours, zone]) - hours
    back = exp.Anonymous(this="FROM_UTC_TIMESTAMP", expressions=[read, zone])
    earlier = exp.Anonymous(this="TO_UTC_TIMESTAMP", expressions=[shown, zone])
    return choose((back.eq(shown), read), otherwise=earlier)


def _read(tree: exp.TryCast) -> Tree:
    """A text as a number or a time; null where it is none. The server alone would take more than that for one."""
    stored, to = tree.this, tree.args["to"]
    form = _NUMBER if to.is_type("double") else _TIME
    return choose(
        (every(exp.RegexpLike(this=stored, expression=text(form))), exp.TryCast(this=stored, to=to, safe=True))
    )
