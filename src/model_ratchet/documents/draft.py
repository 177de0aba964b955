"""Draft: the text of a request and of the documents that its policy requires, with what is still to be filled in marked.

Metadata of a draft comes from elsewhere: what our own reader does not give back as it was is left out, and named.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import yaml
from pydantic import ValidationError

from model_ratchet.core.names import COMMIT
from model_ratchet.documents.blank import BLANK
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.request import Metadata
from model_ratchet.documents.yaml import Tree, load

MOST_BYTES = 400_000
"""What is kept of metadata at most: a document may hold twice as much."""

_LINE = 110
_MOST_NAMED = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request as far as it is known; ``uri``, ``digest`` and ``owner`` are None where they are not."""

    model: str
    candidate: str
    baseline: str | None
    policy: Policy
    uri: str | None = None
    digest: str | None = None
    owner: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    """The repositories of the model's code, by its model file."""

    def documents(self) -> Mapping[str, tuple[str, ...]]:
        """Document name → the sections that the policy asks for."""
        found: dict[str, tuple[str, ...]] = {}
        for criterion in self.policy.criteria():
            if criterion.kind == "documents":
                for name, sections in criterion.require.items():
                    found[name] = tuple(dict.fromkeys((*found.get(name, ()), *sections)))
        return found

    def unstated(self) -> tuple[str, ...]:
        """The metadata that the policy requires and the draft does not state."""
        asked = [name for one in self.policy.criteria() if one.kind == "metadata" for name in one.require]
        if self.asks_source():  # which states the commit as well
            asked = [*(name for name in asked if name != "source_commit"), "source.repository", "source.commit"]
        return tuple(name for name in dict.fromkeys(asked) if not _at(self.metadata, name.split(".")))

    def asks_source(self) -> bool:
        """Whether the policy asks for the checks or reviews of the source commit, and the model file binds its code."""
        return bool(self.code) and any(one.kind == "required_checks" for one in self.policy.criteria())

    def with_source_commit(self, commit: str | None) -> "Draft":
        """The draft with the source commit; without one, with that which its metadata hold already.

        Where the policy asks for its checks, a whole one stands beside its repository, as far as there is only one.
        """
        stated = self.metadata if commit is None else {**self.metadata, "source_commit": commit}
        if not self.asks_source():
            return replace(self, metadata=stated)
        known = {"repository": self.code[0]} if len(self.code) == 1 else {}
        if COMMIT.fullmatch(str(stated.get("source_commit"))):
            known["commit"] = str(stated["source_commit"])
            stated = {name: value for name, value in stated.items() if name != "source_commit"}
        return replace(self, metadata={**stated, **({"source": known} if known else {})})

    def asks_drill(self) -> bool:
        """Whether the policy asks for a rehearsed rollback."""
        return self.baseline is not None and any(one.kind == "rollback_drill" for one in self.policy.criteria())

    def left(self) -> tuple[str, ...]:
        """The keys of the request that are still to be filled in."""
        artifact = [f"artifact.{key}" for key, value in (("uri", self.uri), ("digest", self.digest)) if value is None]
        owner = ["owner"] if self.owner is None else []
        metadata = [f"metadata.{name}" for name in self.unstated()]
        return (*artifact, *owner, *metadata, *(("drill",) if self.asks_drill() else ()))


def request_text(draft: Draft) -> str:
    """The request as YAML. Where something is left to fill in, ``TODO`` stands, which no check lets through."""
    head = {
        "apiVersion": "ratchet/v1",
        "kind": "PromotionRequest",
        "model": draft.model,
        "candidate": draft.candidate,
        "baseline": draft.baseline if draft.baseline is not None else "none",
        "policy": str(draft.policy.full_name),
        "artifact": {"uri": draft.uri or BLANK, "digest": draft.digest or BLANK},
        "owner": draft.owner or BLANK,
    }
    parts = [_yaml(head)]
    metadata = _with_blanks(draft)
    if metadata:
        parts.append(_yaml({"metadata": metadata}))
    if draft.documents():
        parts.append(_yaml({"documents": {name: f"{name}.md" for name in draft.documents()}}))
    if draft.asks_drill():
        drill = f"{{performed_at: 2025-08-01T00:00:00Z, restored: {draft.baseline}, result: passed}}"
        parts.append(f"# the rollback that was rehearsed, as the policy asks:\n# drill: {drill}\n")
    return "".join(parts)


def document_text(draft: Draft, name: str) -> str:
    """A document with its sections, each a placeholder that does not count as filled."""
    title = f"# {draft.candidate} of {draft.model}: {name}\n"
    sections = draft.documents()[name]
    return "\n".join(
        [title, *(f"## {section}\n\n{BLANK}\n" for section in sections)] if sections else [title, BLANK, ""]
    )


def fitting(metadata: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The metadata that a request can hold, and the dotted names of what it can't.

    Each value is written as YAML and read again: what comes back otherwise (an invisible character, a number that is
    infinite, a text that is too long) is left out, and so is what goes beyond ``MOST_BYTES`` together.
    """
    kept: dict[str, object] = {}
    left_out: list[str] = []
    size = 0
    for path, value in _leaves(metadata, ()):
        size += _size(path, value)
        if size <= MOST_BYTES and _comes_back(path, value):
            _put(kept, path, value)
        else:
            left_out.append(_named(path))
    return kept, tuple(left_out)


def _with_blanks(draft: Draft) -> dict[str, object]:
    """The metadata of the draft, with a blank for each part that the policy requires and the draft does not state."""
    found: dict[str, object] = {}
    for path, value in _leaves(draft.metadata, ()):
        _put(found, path, value)
    # the longest first: what is required of a group makes the group itself stated
    for name in sorted(draft.unstated(), key=lambda one: -one.count(".")):
        path = tuple(name.split("."))
        if not _at(found, list(path)) and not _in_the_way(found, path):
            _put(found, path, BLANK)
    return {name: found[name] for name in (*Metadata.model_fields, *found) if name in found}


def _in_the_way(values: Mapping[str, object], path: tuple[str, ...]) -> bool:
    """Whether a group of the path is a single value in the draft: what the registry says is not written over."""
    groups = (_at(values, list(path[:depth])) for depth in range(1, len(path)))
    return any(one is not None and not isinstance(one, Mapping) for one in groups)


def _leaves(values: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _comes_back(path: tuple[str, ...], value: object) -> bool:
    written: dict[str, object] = {}
    _put(written, path, value)
    tree = load("draft", _yaml(written).encode())
    if not isinstance(tree, Tree) or tree.findings or tree.value != written:
        return False
    try:
        Metadata.model_validate_json(json.dumps(written))
    except ValidationError:
        return False
    return True


def _put(into: dict[str, object], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        inner = into.setdefault(name, {})
        assert isinstance(inner, dict)  # noqa: S101  (made here)
        into = inner
    into[path[-1]] = value


def _size(path: tuple[str, ...], value: object) -> int:
    return sum(len(name.encode()) + 4 for name in path) + len(str(value).encode())


def _named(path: tuple[str, ...]) -> str:
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in ".".join(path))
    return text if len(text) <= _MOST_NAMED else text[: _MOST_NAMED - 1] + "…"


def _at(values: object, path: list[str]) -> object:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


class _Dumper(yaml.SafeDumper):
    """Writes text that any reader of YAML takes for text."""

    def ignore_aliases(self, data: object) -> bool:
        """Values that are the same object are written out each time."""
        del data
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # what looks like a number to YAML 1.2 alone, such as 1e5, is not quoted by itself
    style = "'" if text[:1] in "0123456789+-." else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def _yaml(value: Mapping[str, object]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_LINE, default_flow_style=False)
