"""The pages below ``reference/``, made from the code: documents from their schemas, commands from their parsers, outcomes."""

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Any

from model_ratchet.actions.explain import kind_of
from model_ratchet.cli import ExitCode, parser
from model_ratchet.core.docstrings import field_docstrings
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria import BUILT_IN
from model_ratchet.documents.files import PLACES
from model_ratchet.documents.schemas import schemas
from model_ratchet.report.view import MARKS

START, END = "<!-- generated: do not edit -->", "<!-- end -->"
DOCUMENTS = ("policy", "model", "sources", "request", "alerts", "revocations")
CRITERIA = {one.__name__: kind_of(one) for one in BUILT_IN}
ALL_HAVE = ("apiVersion", "kind")

Schema = Mapping[str, Any]


def marked(*lines: str) -> str:
    """A generated part."""
    return "\n".join([START, "", *lines, "", END])


def rows(head: tuple[str, ...], *cells: tuple[str, ...]) -> list[str]:
    """A table; bars in cells are escaped."""
    escaped = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in cells]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {row} |" for row in escaped)]


def document(name: str) -> str:
    """The page of one kind of document: its keys, and those of what stands in it, in the order in which they are met."""
    schema = schemas()[name]
    kind = schema["properties"]["kind"]["const"]
    lines = [f"# {kind}", "", f"Lives at `{PLACES[kind]}`. {_prose(schema.get('description', ''))}".rstrip(), ""]
    lines += [START, "", *_keys(schema, schema)]
    for part in _parts(schema):
        found = schema["$defs"][part]
        lines += ["", f"## {part}", "", _prose(found.get("description", ""))]
        if "properties" in found:
            lines += ["", *_keys(found, schema)]
    return "\n".join([*lines, "", END, ""])


def commands() -> str:
    """What each command does, and what it takes."""
    lines: list[str] = []
    for words, one in _commands(parser(), ("ratchet",)):
        takes = [f"`{_spelled(action)}`" for action in _positional(one)]
        lines += [f"## {' '.join(words)}", "", _prose(one.description or "").replace("<", "\\<"), ""]
        lines += [f"Takes {', '.join(takes)}.", ""] if takes else []
        told = [action for action in one._actions if action.help or action.choices]
        told = [action for action in told if action.help not in (argparse.SUPPRESS, _HELP)]
        cells = [(f"`{_spelled(action)}`", _help(one, action)) for action in told]
        lines += [*rows(("argument", "what it does"), *cells), ""] if cells else []
    return marked(*lines[:-1])


def outcomes() -> str:
    """Each outcome, the best first."""
    said = field_docstrings(Outcome)
    cells = [(f"{MARKS[one]}", str(one), said[one.name], str(int(ExitCode.of(one)))) for one in Outcome]
    return marked(*rows(("mark", "outcome", "which means", "exit code"), *cells))


def exit_codes() -> str:
    """Each exit code."""
    said = field_docstrings(ExitCode)
    return marked(*rows(("exit code", "which means"), *((str(int(one)), said[one.name]) for one in ExitCode)))


_HELP = "show this help message and exit"


def _commands(
    one: argparse.ArgumentParser, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    below = [action for action in one._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, one
    for action in below:
        for name, found in action.choices.items():
            yield from _commands(found, (*words, name))


def _positional(one: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in one._actions if not action.option_strings]


def _spelled(action: argparse.Action) -> str:
    names = [action.metavar] if isinstance(action.metavar, str) else list(action.metavar or ())
    choices = [str(choice) for choice in action.choices or ()]
    word = " ".join(names) or (choices[0] if len(choices) == 1 else action.dest.upper())
    if action.option_strings:
        taken = "" if action.nargs == 0 else f" {word}"
        return ", ".join(f"{option}{taken}" for option in action.option_strings)
    return {"?": f"[{word}]", "*": f"[{word} …]"}.get(str(action.nargs), word)


def _help(one: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = one._get_formatter()._expand_help(action) if action.help else ""
    choices = [f"`{choice}`" for choice in action.choices or ()]
    return "; ".join(
        part for part in (text.replace("<", "\\<"), f"one of {', '.join(choices)}" if len(choices) > 1 else "") if part
    )


def _parts(schema: Schema) -> Iterator[str]:
    """The definitions that a document refers to, each once; criteria have pages of their own."""
    met: dict[str, None] = {}
    waiting = [schema]
    while waiting:
        for name in _referred(waiting.pop(0)):
            if name not in met and name not in CRITERIA:
                met[name] = None
                waiting.append(schema["$defs"][name])
    return iter(met)


def _referred(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for key, one in value.items():
            if key not in ("$defs", "discriminator"):
                yield from _referred(one)
    elif isinstance(value, list):
        for one in value:
            yield from _referred(one)


def _keys(part: Schema, schema: Schema) -> list[str]:
    required = part.get("required", ())
    cells = [
        (
            f"`{key}`",
            _form(one),
            _default(key in required, one),
            _prose(one.get("description", "Says which kind it is.")),
        )
        for key, one in part["properties"].items()
        if part is not schema or key not in ALL_HAVE
    ]
    return rows(("key", "form", "default", "meaning"), *cells)


def _default(required: bool, one: Schema) -> str:
    if required:
        return "required"
    default = one.get("default")
    if not default and default is not False and default != 0:
        return "optional"
    if isinstance(default, dict):
        return "optional"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _form(one: Schema) -> str:
    if "$ref" in one:
        name = str(one["$ref"]).rpartition("/")[2]
        return (
            f"[{CRITERIA[name]}](../criteria/{CRITERIA[name]}.md)" if name in CRITERIA else f"[{name}](#{name.lower()})"
        )
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return " or ".join(f"`{word}`" for word in one["enum"])
    choices = one.get("oneOf") or one.get("anyOf")
    if choices:
        forms = dict.fromkeys(_form(choice) for choice in choices if choice != {"type": "null"})
        return "[a criterion](../criteria/README.md)" if len(forms) >= len(CRITERIA) else " or ".join(forms)
    if one.get("type") == "array":
        return f"list of {_form(one.get('items', {}))}"
    values = [*one.get("patternProperties", {}).values(), one.get("additionalProperties")]
    if one.get("type") == "object":
        return f"name → {_form(values[0])}" if values[0] else "mapping"
    examples = one.get("examples", ())
    return f"{one.get('type', 'value')} such as `{examples[0]}`" if examples else str(one.get("type", "value"))


def _prose(text: str) -> str:
    """A docstring in one line of Markdown."""
    return re.sub(r"\s+", " ", text.replace("``", "`")).strip()
