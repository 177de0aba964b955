"""Mutants: the code of a function with one small change, made on its syntax tree.

What is changed: comparisons (boundary and negation), arithmetic, signs, each operand of ``and`` and ``or``, ``not``, ``min``
and ``max``, ``any`` and ``all``, numbers and truth values, ``break`` and ``continue``, statements that only have an effect (a
call, a ``yield``), the conditions of ``if`` (never true) and the filters of comprehensions (always true). What is not: words
and messages, what is raised, annotations, decorators, defaults of arguments, and ``strict=`` of ``zip``.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from types import CodeType
from typing import TypeAlias

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LEFT_ALONE = ("annotation", "returns", "decorator_list", "args", "type_params")
_TOKEN = re.compile(r"\d+\.\d+|\w+|\s+|[<>=!*/]+|[^\w\s]")
_AROUND = 40

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Place: TypeAlias = tuple[str, int]
"""The qualified name of a function and its first line, as its code object has them."""


@dataclass(frozen=True)
class Slot:
    """Where a node hangs: a field of its parent, and the index if that is a list."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        """Hangs another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """One change. Its name tells it from the others of its module, whatever its lines are.

    ``place`` is that of the function that stands in no other, and ``line`` that of the statement.
    """

    function: str
    change: str
    place: Place
    line: int
    slot: Slot
    before: ast.AST
    after: ast.AST

    @property
    def name(self) -> str:
        """The function and the change."""
        return f"{self.function}: {self.change}"


class Module:
    """The source of one module, and its mutants in the order of the source."""

    def __init__(self, source: str, filename: str) -> None:
        self._tree = ast.parse(source)
        self._filename = filename
        self._functions = _functions(self._tree, filename)
        self.mutants = tuple(_numbered(_in_body(self._tree.body, "")))

    def code(self, mutant: Mutant) -> CodeType | None:
        """The code of the function with the change; None where the compiler makes the same of it."""
        mutant.slot.put(mutant.after)
        try:
            code = _functions(self._tree, self._filename)[mutant.place]
        finally:
            mutant.slot.put(mutant.before)
        return None if code == self._functions[mutant.place] else code

    def traced(self, call: str) -> dict[Place, CodeType]:
        """The code of every function with a call of the global ``call``, with the line, before every statement."""
        return _functions(_Traced(call).visit(deepcopy(self._tree)), self._filename)


def _functions(tree: ast.Module, filename: str) -> dict[Place, CodeType]:
    ast.fix_missing_locations(tree)
    return dict(_outermost(compile(tree, filename, "exec")))


def _outermost(code: CodeType) -> Iterator[tuple[Place, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield (constant.co_qualname, constant.co_firstlineno), constant
            yield from _outermost(constant)


def _in_body(body: list[ast.stmt], within: str) -> Iterator[Mutant]:
    """The mutants of the functions and classes of a body."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _in_body(statement.body, f"{within}{statement.name}.")
        elif isinstance(statement, Function):
            place = (within + statement.name, min(one.lineno for one in (statement, *statement.decorator_list)))
            for inner, slot in _slots(statement):
                if slot.field == "body":
                    yield from _of_statement(inner, slot, place, place[1])


def _of_statement(statement: ast.AST, slot: Slot, place: Place, line: int) -> Iterator[Mutant]:
    """The mutants of a statement, those of the statements within it after its own.

    A case of a match, and what handles an exception, are reached with the statement that they belong to, in ``line``.
    """
    line = statement.lineno if isinstance(statement, ast.stmt) else line
    parts: list[tuple[ast.AST, Slot]] = [(statement, slot)]
    within: list[tuple[ast.AST, Slot]] = []
    while parts:
        node, hangs = parts.pop(0)
        for after in _replacements(node, hangs):
            ast.copy_location(after, node)
            change = _change(statement, node, hangs, after)
            yield Mutant(place[0], change, place, line, hangs, node, after)
        for child, below in _slots(node):
            (within if isinstance(child, ast.stmt | ast.match_case | ast.ExceptHandler) else parts).append(
                (child, below)
            )
    for child, below in within:
        yield from _of_statement(child, below, place, line)


def _slots(node: ast.AST) -> Iterator[tuple[ast.AST, Slot]]:
    """What hangs below a node and may be changed."""
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Constant) or _is_documentation(node):
        return
    for field, value in ast.iter_fields(node):
        if field in _LEFT_ALONE and not isinstance(node, ast.Call):
            continue
        if isinstance(value, ast.AST):
            yield value, Slot(node, field, None)
        elif isinstance(value, list):
            yield from ((one, Slot(node, field, index)) for index, one in enumerate(value) if isinstance(one, ast.AST))


def _is_documentation(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(node: ast.AST, slot: Slot) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 — one kind of node after the other
    parent = slot.parent
    if slot.field == "test" and isinstance(parent, ast.If | ast.IfExp) and not isinstance(node, ast.Constant):
        yield ast.Constant(value=False)
    if slot.field in ("ifs", "guard"):
        yield ast.Constant(value=True)
    match node:
        case ast.Compare(left=left, ops=ops, comparators=right):
            for index, op in enumerate(ops):
                for other in _COMPARED[type(op)]:
                    yield ast.Compare(left=left, ops=[*ops[:index], other(), *ops[index + 1 :]], comparators=right)
        case ast.BinOp(left=one, op=operator, right=two) if type(operator) in _CALCULATED:
            yield ast.BinOp(left=one, op=_CALCULATED[type(operator)](), right=two)
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in _CALCULATED:
            yield ast.AugAssign(target=target, op=_CALCULATED[type(operator)](), value=value)
        case ast.BoolOp(op=word, values=values):
            for index in range(len(values)):
                kept = values[:index] + values[index + 1 :]
                yield kept[0] if len(kept) == 1 else ast.BoolOp(op=word, values=kept)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Constant(value=bool() as truth):
            if not (isinstance(parent, ast.keyword) and parent.arg == "strict"):
                yield ast.Constant(value=not truth)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(value=number + 1)
        case ast.Name(id=name) if name in _CALLED and slot.field == "func":
            yield ast.Name(id=_CALLED[name], ctx=ast.Load())
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()


def _change(statement: ast.AST, node: ast.AST, slot: Slot, after: ast.AST) -> str:
    """The first line of a statement around what changes: ``low = 0.0 if n [== → !=] 0 else …``."""
    old = _first_line(statement)
    if node is statement:
        new = _first_line(after)
    else:
        slot.put(after)
        new = _first_line(statement)
        slot.put(node)
    one, two = (_TOKEN.findall(text) for text in (old, new))
    most = min(len(one), len(two))
    ahead = next((index for index in range(most) if one[index] != two[index]), most)
    behind = next((index for index in range(most - ahead) if one[-1 - index] != two[-1 - index]), most - ahead)
    lead, rest = "".join(one[:ahead]), "".join(one[len(one) - behind :])
    was, becomes = ("".join(text[ahead : len(text) - behind]) for text in (one, two))
    lead = lead if len(lead) <= _AROUND else "…" + lead[-_AROUND:]
    rest = rest if len(rest) <= _AROUND else rest[:_AROUND] + "…"
    return f"{lead}[{was} → {becomes}]{rest}"


def _first_line(statement: ast.AST) -> str:
    return ast.unparse(statement).strip().splitlines()[0]


def _numbered(mutants: Iterator[Mutant]) -> Iterator[Mutant]:
    """The same changes of one function are told apart by a number."""
    seen: Counter[tuple[str, str]] = Counter()
    for one in mutants:
        seen[one.function, one.change] += 1
        times = seen[one.function, one.change]
        yield one if times == 1 else replace(one, change=f"{one.change} ({times})")


class _Traced(ast.NodeTransformer):
    """Calls a global function before every statement of a function."""

    def __init__(self, call: str) -> None:
        self._call = call

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._in_bodies(node)
        return node

    def _in_bodies(self, node: ast.AST) -> None:
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, [made for one in body for made in self._with_call(one)])
        for more in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self._in_bodies(more)

    def _with_call(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        self._in_bodies(statement)
        if not _is_documentation(statement):
            call = ast.Call(ast.Name(self._call, ast.Load()), [ast.Constant(statement.lineno)], [])
            yield ast.copy_location(ast.Expr(call), statement)
        yield statement
