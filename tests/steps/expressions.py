"""The few forms of ``${{ … }}`` and of ``if:`` that the harness understands. Everything else is an error, never a guess."""

import re
from collections.abc import Mapping
from typing import Any

ROOTS = ("env", "github", "inputs", "secrets", "steps", "vars")
PATH = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_][\w-]*)+")
MARK = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
LITERAL = re.compile(r"'((?:[^']|'')*)'|(true|false|null)|(-?\d+)")
STATES = {"success()": (True, False), "always()": (True, True), "failure()": (False, True)}
"""Whether a step runs: (while all went well, after a failure)."""

Contexts = Mapping[str, Any]


class NotUnderstood(ValueError):  # noqa: N818
    """An expression that the harness does not evaluate."""


def resolve(text: str, contexts: Contexts) -> str:
    """The text with every ``${{ dotted.path }}`` replaced; what is not there is empty, as on GitHub."""
    if text.count("${{") != len(MARK.findall(text)):
        raise NotUnderstood(f"an expression does not end: {text!r}")
    return MARK.sub(lambda one: _text(value(one[1], contexts)), text)


def value(path: str, contexts: Contexts) -> Any:
    """What a dotted path names; None where nothing does."""
    path = path.strip()
    if not PATH.fullmatch(path):
        raise NotUnderstood(f"not a dotted path below {', '.join(ROOTS)}: {path!r}")
    found: Any = contexts
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def runs(condition: object, contexts: Contexts, *, failed: bool) -> bool:
    """Whether a step with this ``if:`` runs. Without ``always()`` or ``failure()`` a failure before it stops it."""
    if isinstance(condition, bool):
        condition = str(condition).lower()
    text = str(condition or "success()").strip()
    whole = MARK.fullmatch(text)
    text = (whole[1] if whole else text).strip()
    if "(" in re.sub(r"(success|always|failure)\(\)", "", text) or "${{" in text:
        raise NotUnderstood(f"a function or a bracket that the harness does not know: {text!r}")
    # every term is evaluated, so that none that is not understood hides behind another
    sides = [[_term(term.strip(), contexts, failed) for term in _split(side, "&&")] for side in _split(text, "||")]
    asks = any(state in text for state in STATES)
    return any(all(terms) for terms in sides) and (asks or not failed)


def _split(text: str, operator: str) -> list[str]:
    """Split outside of quotes."""
    parts = re.split(rf"((?:'(?:[^']|'')*')|{re.escape(operator)})", text)
    found = [""]
    for part in parts:
        if part == operator:
            found.append("")
        else:
            found[-1] += part
    return found


def _term(term: str, contexts: Contexts, failed: bool) -> bool:
    if term in STATES:
        return STATES[term][failed]
    if term in {"true", "false"}:
        return term == "true"
    comparison = re.fullmatch(r"([\w.-]+)\s*(==|!=)\s*(.+)", term)
    if comparison is None:
        return _truth(value(term, contexts))
    same = _same(value(comparison[1], contexts), _literal(comparison[3].strip()))
    return same is (comparison[2] == "==")


def _literal(text: str) -> Any:
    found = LITERAL.fullmatch(text)
    if found is None:
        raise NotUnderstood(f"not a literal: {text!r}")
    if found[1] is not None:
        return found[1].replace("''", "'")
    return int(found[3]) if found[3] else {"true": True, "false": False, "null": None}[found[2]]


def _same(one: object, other: object) -> bool:
    """Equality of the same kinds; GitHub's loose comparison across kinds is not imitated but refused."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if one is not None and other is not None and type(one) is not type(other):
        raise NotUnderstood(f"a comparison of {one!r} with {other!r}, which are of different kinds")
    if (one is None) is not (other is None):
        raise NotUnderstood(f"a comparison of {one!r} with {other!r}: GitHub takes null for 0 or the empty text")
    return one == other


def _truth(one: object) -> bool:
    if not isinstance(one, bool | str | int | None):
        raise NotUnderstood(f"the truth of {one!r}")
    return bool(one)


def _text(one: object) -> str:
    if isinstance(one, bool):
        return str(one).lower()
    if isinstance(one, Mapping | list):
        raise NotUnderstood("an object or a list can't stand in a text")
    return "" if one is None else str(one)
