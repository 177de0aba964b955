"""Outline: a document's JSON Schema, walked along the path of an error to know what may stand there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from model_ratchet.core.fields import Model


@dataclass(frozen=True, slots=True)
class Outline:
    """One node of a JSON Schema."""

    root: Mapping[str, Any]
    node: Mapping[str, Any]

    @classmethod
    def of(cls, kind: type[Model]) -> "Outline":
        """The outline of a whole document."""
        schema = _schema(kind)
        return cls(schema, schema)._plain()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that a mapping may have here."""
        return tuple(self.node.get("properties", ()))

    @property
    def tags(self) -> tuple[str, ...]:
        """The words that choose among several forms here."""
        return tuple(self.node.get("discriminator", {}).get("mapping", ()))

    @property
    def discriminator(self) -> str:
        """The key whose word chooses among several forms here; empty where there is one form."""
        return str(self.node.get("discriminator", {}).get("propertyName", ""))

    @property
    def example(self) -> str | None:
        """A value that could stand here, as it is written."""
        for key in ("const", "default"):
            if isinstance(self.node.get(key), str):
                return str(self.node[key])
        for key in ("examples", "enum"):
            if self.node.get(key) and isinstance(self.node[key][0], str):
                return str(self.node[key][0])
        return None

    def form(self, tag: str) -> "Outline":
        """The form that a word chooses."""
        reference = self.node.get("discriminator", {}).get("mapping", {}).get(tag)
        return Outline(self.root, {"$ref": reference})._plain() if reference else self

    def inside(self, part: str | int) -> "Outline":
        """What may stand at a key, or at a place of a list."""
        node: object = None
        for branch in (self.node, *self.node.get("anyOf", ())):
            plain = Outline(self.root, branch)._plain().node
            node = plain.get("items") if isinstance(part, int) else plain.get("properties", {}).get(part)
            if node is None and not isinstance(part, int):
                node = next(iter(plain.get("patternProperties", {}).values()), plain.get("additionalProperties"))
            if isinstance(node, dict):
                break
        return Outline(self.root, node if isinstance(node, dict) else {})._plain()

    def _plain(self) -> "Outline":
        """Without references, and without the branch that only says that nothing may stand here."""
        node = self.node
        while True:
            if "$ref" in node:
                node = self.root["$defs"][str(node["$ref"]).rpartition("/")[2]]
                continue
            branches = [branch for branch in node.get("anyOf", ()) if branch.get("type") != "null"]
            if len(branches) != 1:
                return Outline(self.root, node)
            node = {**{key: node[key] for key in ("examples", "description") if key in node}, **branches[0]}


@cache
def _schema(kind: type[Model]) -> Mapping[str, Any]:
    """The schema of a document; made once, because it takes longer than reading one."""
    return kind.model_json_schema(by_alias=True)
