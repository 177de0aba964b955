"""Rewrite: a question with the words of one dialect in the place of those that the dialect says otherwise."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from sqlglot import exp

from model_ratchet.sources.table_sql import Tree

Q = TypeVar("Q", bound=exp.Query)
Rules: TypeAlias = Mapping[type[Tree], Callable[[Any], Tree]]

MICROS = "EPOCH_US"
"""The function by which questions ask for microseconds since 1970."""


def rewritten(question: Q, rules: Rules) -> Q:
    """A copy of the question in which each tree of a type that has a rule is replaced by what the rule makes of it.

    A rule sees a tree whose parts are rewritten already, and what it makes is not rewritten again.
    """
    whole = question.copy()
    for tree in reversed(list(whole.dfs())):
        rule = rules.get(type(tree))
        if rule is not None:
            made = rule(tree)
            if made is not tree:
                tree.replace(made)
    return whole


def micros_of(function: exp.Anonymous) -> Tree | None:
    """What microseconds are asked of; None for any other function."""
    if function.name != MICROS:
        return None
    argument: Tree = function.expressions[0]
    return argument
