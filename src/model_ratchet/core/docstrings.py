"""The docstrings under the fields of a class: read from its source, and only where somebody asks for words."""

import ast
import inspect
import sys
from functools import cache
from types import ModuleType


def field_docstrings(document: type) -> dict[str, str]:
    """The text under each annotated field of a class and of its bases, by the name of the field: empty where there is none."""
    return {
        name: text
        for base in reversed(document.__mro__)
        for name, text in _of_module(sys.modules[base.__module__]).get(base.__qualname__, {}).items()
    }


@cache
def _of_module(module: ModuleType) -> dict[str, dict[str, str]]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):  # a module without a source has no words either
        return {}
    return {node.name: _under_fields(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _under_fields(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(_words(after))
        for field, after in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def _words(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""
