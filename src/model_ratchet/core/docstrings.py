"""The docstrings under the fields, or members, of a class: read from its source, and only where somebody asks for words."""

import ast
import inspect
import sys
from functools import cache
from types import ModuleType


def field_docstrings(document: type) -> dict[str, str]:
    """The text under each annotated field, or member, of a class and of its bases, by its name: empty where there is none."""
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
        name.id: inspect.cleandoc(_words(after))
        for field, after in zip(node.body, [*node.body[1:], None], strict=True)
        for name in _named(field)
    }


def _named(node: ast.stmt) -> list[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def _words(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""
