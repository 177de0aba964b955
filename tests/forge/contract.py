"""GitHub's own descriptions of its REST API and of its events, as checks of what is asked and what is answered.

``complete`` gives a value the fields that a description requires and that no state stands behind: each is the emptiest
one allowed (null, "", 0, false, []). Nothing can be concluded from a field that only ``complete`` has filled.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from components import absent

FOLDER = Path(__file__).parents[2] / ".venv" / "github"
NOWHERE = "https://github.com/unfilled"
LONG_AGO = "2011-01-26T19:01:12Z"
REFUSALS = frozenset({"401", "403", "404", "429"})
"""Answers that every endpoint may give, also where its description does not list them."""

ALLOWED: Sequence[tuple[str, str, str]] = (
    # PyGithub sends a bare array; the description's prose still takes it, its schema only {"labels": […]}.
    ("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", "request", "not valid under any"),
    # PyGithub asks every list for pages, also the two that have none.
    ("GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "request", "'per_page' is not described"),
    ("GET /repos/{owner}/{repo}/git/matching-refs/{ref}", "request", "'per_page' is not described"),
    # GitHub sets `stale` itself, says the description of the request; that of the answer has forgotten it.
    ("GET /repos/{owner}/{repo}/check-runs/{check_run_id}", "response", 'conclusion: "stale" is not one of'),
    ("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", "response", 'conclusion: "stale" is not one of'),
    # GitHub answers an unknown commit with 422 and says so in its message, its description only knows 200.
    ("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", "response", "status 422 is not described"),
    # GitHub answers an address that was never given with the empty text, its description with a `uri`.
    ("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "response", '_url: "" is not a "uri"'),
    ("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "response", '_url: "" is not a "uri"'),
)
"""Known contradictions between the description and its own prose or GitHub's behaviour: (operation, side, text)."""


@dataclass(frozen=True)
class Operation:
    """One method of one path of the description."""

    method: str
    template: str
    described: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@dataclass
class Description:
    """A description: its schemas, and how a value is checked against one of them."""

    document: Mapping[str, Any]
    root: str
    dialect: Any
    _validators: dict[int, tuple[Any, Any]] = field(default_factory=dict)

    def errors(self, value: object, schema: Mapping[str, Any]) -> list[str]:
        """What is wrong with a value, each with its place."""
        return [f"{_place(error)}: {error.message[:300]}" for error in self._validator(schema).iter_errors(value)]

    def complete(self, value: Any, schema: Mapping[str, Any], *, prune: bool = False) -> Any:
        """The value with what its schema requires; with ``prune``, without what the schema does not know."""
        schema = self._resolved(schema)
        for part in schema.get("allOf", ()):
            value = self.complete(value, part, prune=prune and "properties" not in schema)
        branches = schema.get("oneOf") or schema.get("anyOf")
        if branches:
            value = self._branch(value, branches, prune)
        if isinstance(value, Mapping):
            return self._object(value, schema, prune)
        if isinstance(value, list) and "items" in schema and not isinstance(schema["items"], list):
            return [self.complete(one, schema["items"], prune=prune) for one in value]
        return value

    def emptiest(self, schema: Mapping[str, Any]) -> Any:
        """The emptiest value that a schema allows."""
        schema = self._resolved(schema)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        branches = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
        if "null" in kinds or (branches and any(self._resolved(one).get("type") == "null" for one in branches)):
            return None
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        if "object" in kinds or "properties" in schema:
            return self._object({}, schema, prune=False)
        if branches:
            return self.complete(self.emptiest(branches[0]), schema)
        if "string" in kinds:
            return {"uri": NOWHERE, "date-time": LONG_AGO, "uri-template": NOWHERE}.get(schema.get("format", ""), "")
        return {"array": [], "boolean": False, "integer": 0, "number": 0}.get(kinds[0] if kinds else "")

    def _object(self, value: Mapping[str, Any], schema: Mapping[str, Any], prune: bool) -> dict[str, Any]:
        known = schema.get("properties", {})
        kept = {}
        for name, one in value.items():
            if name in known:
                kept[name] = self.complete(one, known[name], prune=prune)
            elif not (prune and schema.get("additionalProperties") is False):
                kept[name] = one
        for name in schema.get("required", ()):
            if name not in kept:
                kept[name] = self.emptiest(known.get(name, {}))
        return kept

    def _branch(self, value: Any, branches: Sequence[Mapping[str, Any]], prune: bool) -> Any:
        for branch in branches:
            whole = self.complete(value, branch, prune=prune)
            if self._validator(branch).is_valid(whole):
                return whole
        return value

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        if id(schema) not in self._validators:
            whole = {**schema, self.root: self.document[self.root]}
            self._validators[id(schema)] = (schema, self.dialect(whole, validate_formats=True))
        return self._validators[id(schema)][1]


@cache
def rest() -> Description:
    """The description of the REST API; skips the test where it has not been installed."""
    return Description(_read("rest.json"), "components", jsonschema_rs.Draft202012Validator)


@cache
def events() -> Description:
    """The description of the event payloads."""
    return Description(_read("events.json"), "definitions", jsonschema_rs.Draft7Validator)


@cache
def operations() -> Mapping[tuple[str, str], Operation]:
    """Every described operation by method and template."""
    return {
        (method.upper(), template): Operation(method.upper(), template, described)
        for template, methods in rest().document["paths"].items()
        for method, described in methods.items()
    }


def request_violations(
    operation: Operation, params: Mapping[str, str], query: Mapping[str, str], body: object
) -> Iterator[str]:
    """What the description holds against a request."""
    known = {(one["in"], one["name"]): one for one in operation.described["parameters"]}
    for name, text in params.items():
        yield from _parameter("path", name, text, known)
    for name, text in query.items():
        yield from _parameter("query", name, text, known)
    schema = operation.described["body"]
    if body is None:
        if operation.described["body_required"]:
            yield "a body is required"
    elif schema is None:
        if body != {}:
            yield "the description knows no body"
    else:
        yield from rest().errors(body, schema)
        known_keys = _keys(schema)
        if isinstance(body, Mapping) and known_keys is not None:
            yield from (f"body: {key!r} is not described" for key in body if key not in known_keys)


def response_violations(operation: Operation, status: int, body: object) -> Iterator[str]:
    """What the description holds against an answer."""
    responses = operation.described["responses"]
    if str(status) not in responses:
        if not (str(status) in REFUSALS or status >= 500):
            yield f"status {status} is not described"
        return
    schema = responses[str(status)]
    if schema is None:
        if body is not None and status < 400:
            yield f"a {status} has no body"
    else:
        yield from rest().errors(body, schema)


def allowed(operation: Operation, side: str, text: str) -> bool:
    """Whether a violation is a known contradiction."""
    return any(one == operation.name and where == side and part in text for one, where, part in ALLOWED)


def _parameter(where: str, name: str, text: str, known: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[str]:
    if (where, name) not in known:
        yield f"{where} parameter {name!r} is not described"
        return
    schema = known[where, name]["schema"]
    if not any(not rest().errors(value, schema) for value in _readings(text)):
        yield f"{where} parameter {name}={text!r} is not what is described"


def _readings(text: str) -> Iterator[object]:
    yield text
    if re.fullmatch(r"-?\d+", text):
        yield int(text)
    if text in ("true", "false"):
        yield text == "true"


def _keys(schema: Mapping[str, Any]) -> set[str] | None:
    """Every property that a body may have; None where it may have others."""
    schema = rest()._resolved(schema)
    if schema.get("additionalProperties"):
        return None
    keys = set(schema.get("properties", {}))
    for part in [*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())]:
        below = _keys(part)
        if below is None:
            return None
        keys |= below
    return keys


def _place(error: Any) -> str:
    return "/".join(map(str, error.instance_path)) or "body"


def _read(name: str) -> Mapping[str, Any]:
    if not (FOLDER / name).exists():
        absent("GitHub's description of its API", "make components (it takes npm)")
    read: Mapping[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return read
