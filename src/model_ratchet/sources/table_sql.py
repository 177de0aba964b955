"""The words of the questions: columns, literals and the few functions that they use, as syntax trees.

A tree can stand in many places, and neither these functions nor the chains that make questions of them (``copy=False``) copy
it: the text is made from one copy of the whole. sqlglot would copy all of a question at each of its clauses.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlglot import exp

Tree: TypeAlias = exp.Expr


def column(name: str, table: str = "") -> exp.Column:
    """A column, always quoted: a name is never read as SQL."""
    return exp.column(name, table=table or None, quoted=True)


def number(value: int | float) -> Tree:
    """A number as a literal, spelled so that it reads back as the same number."""
    return exp.Neg(this=exp.Literal.number(repr(-value))) if value < 0 else exp.Literal.number(repr(value))


def text(value: str) -> exp.Literal:
    """A text as a literal."""
    return exp.Literal.string(value)


def named(tree: Tree, name: str) -> exp.Alias:
    """A tree with a quoted name."""
    return exp.Alias(this=tree, alias=exp.to_identifier(name, quoted=True))


def table(name: str, alias: str = "") -> exp.Table:
    """A table, quoted."""
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)) if alias else None,
    )


def within(query: exp.Query, alias: str) -> exp.Subquery:
    """A question in the place of a table."""
    return query.subquery(exp.to_identifier(alias, quoted=True), copy=False)


def values(rows: Iterable[tuple[object, ...]], alias: str, names: Iterable[str]) -> exp.Values:
    """Rows written out in the place of a table; there must be at least one."""
    tuples = [exp.Tuple(expressions=[exp.convert(value) for value in row]) for row in rows]
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    return exp.Values(
        expressions=tuples, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=columns)
    )


def call(function: str, *trees: Tree) -> exp.Func:
    """A function of these."""
    return exp.func(function, *trees, copy=False)


def as_text(tree: Tree) -> Tree:
    """The value as text."""
    return cast(tree, "TEXT")


def as_whole(tree: Tree) -> Tree:
    """A number that fits, as a 64-bit integer."""
    return cast(tree, "BIGINT")


def as_wide(tree: Tree) -> Tree:
    """An integer as a 128-bit one, for products and sums of products."""
    return cast(tree, "INT128")


def as_real(tree: Tree) -> Tree:
    """A number as a double."""
    return cast(tree, "DOUBLE")


def try_cast(tree: Tree, kind: str) -> Tree:
    """A text as another type; null where it can't be. Only texts are tried: other dialects know how to try nothing else."""
    return exp.TryCast(this=tree, to=_type(kind))


def cast(tree: Tree, kind: str | exp.DataType) -> Tree:
    """The value as another type; an error where it can't be."""
    return exp.Cast(this=tree, to=_type(kind) if isinstance(kind, str) else kind)


@functools.cache
def _type(kind: str) -> exp.DataType:
    """A type by its name, which sqlglot would read anew for each cast."""
    return exp.DataType.build(kind)


def every(*conditions: Tree) -> Tree:
    """Whether all of the conditions hold."""
    return exp.and_(*conditions, copy=False)


def some(*conditions: Tree) -> Tree:
    """Whether any of the conditions holds."""
    return exp.or_(*conditions, copy=False)


def negate(condition: Tree) -> Tree:
    """Whether the condition does not hold; null where it is null."""
    return exp.not_(condition, copy=False)


def finite(real: Tree) -> Tree:
    """Whether a double is there and is neither NaN nor infinite. Never null."""
    return every(there(real), negate(call("ISNAN", real)), negate(call("ISINF", real)))


def there(tree: Tree) -> Tree:
    """Whether the value is not null."""
    return negate(absent(tree))


def absent(tree: Tree) -> Tree:
    """Whether the value is null."""
    return exp.Is(this=tree, expression=exp.null())


def choose(*branches: tuple[Tree, Tree], otherwise: Tree | None = None) -> exp.Case:
    """The value of the first branch whose condition holds."""
    case = exp.Case()
    for condition, value in branches:
        case = case.when(condition, value, copy=False)
    return case.else_(otherwise, copy=False) if otherwise is not None else case


def flag(condition: Tree) -> exp.Case:
    """1 where the condition holds, else 0 (where it is null too)."""
    return choose((condition, number(1)), otherwise=number(0))


def surely(condition: Tree) -> Tree:
    """The condition, false where it is null."""
    return call("COALESCE", condition, exp.false())


def total(tree: Tree) -> Tree:
    """The exact sum, 0 over nothing."""
    return call("COALESCE", exp.Sum(this=tree), number(0))


def grouped_by(question: exp.Select, *sets: Sequence[Tree]) -> exp.Select:
    """The question over several groupings at once; what a grouping leaves out is null in its rows."""
    tuples = [exp.Tuple(expressions=list(keys)) for keys in sets]
    question.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=tuples)]))
    return question


def how_many(condition: Tree | None = None) -> Tree:
    """How many rows there are, or how many of them meet the condition."""
    return exp.Count(this=exp.Star() if condition is None else choose((condition, number(1))))


def only_where(aggregate: Tree, condition: Tree) -> exp.Filter:
    """The aggregate over the rows that meet the condition."""
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))
