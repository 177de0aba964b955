"""Read: bytes in, one frozen document out, or everything that is wrong with it, each with its line and column."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding
from model_ratchet.documents.complaint import complaints
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import KINDS, PLACES, check_place
from model_ratchet.documents.words import suggestion
from model_ratchet.documents.yaml import Tree, Value, load

D = TypeVar("D", bound=Model)

API_VERSION = "ratchet/v1"
MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Located(Generic[D]):
    """A document together with the place of each of its keys and values."""

    document: D
    tree: Tree

    def finding(self, fault: Fault) -> Finding:
        """A fault of this document as a finding."""
        return locate(self.tree, fault)


def read(kind: type[D], file: str, content: bytes) -> D | tuple[Finding, ...]:
    """The document of one kind that ``content`` holds, or all that is wrong with it, in the order of the text.

    ``file`` is its path from the repository's root; where the layout gives that path names, the document must agree.
    """
    found = read_located(kind, file, content)
    return found.document if isinstance(found, Located) else found


def read_located(kind: type[D], file: str, content: bytes) -> Located[D] | tuple[Finding, ...]:
    """As ``read``, with the places: what later steps find wrong can still be shown on its line."""
    tree = load(file, content)
    if isinstance(tree, tuple):
        return _first(tree)
    faults = tuple(_envelope(kind, tree.value))
    if faults:
        return _first((*tree.findings, *_trusted(tree, faults)))
    try:
        document = kind.model_validate_json(json.dumps(tree.value, allow_nan=False))
    except ValidationError as error:
        return _first((*tree.findings, *_trusted(tree, complaints(kind, error, tree.value))))
    placed = tuple(locate(tree, fault) for fault in check_place(document, file))
    if tree.findings or placed:
        return _first((*tree.findings, *placed))
    return Located(document, tree)


def locate(tree: Tree, fault: Fault) -> Finding:
    """A fault with its line and column: those of the key where the path ends at one, else of the value."""
    return Finding(tree.at_key(fault.path) if fault.at_key else tree.at(fault.path), fault.message)


def criterion_lines(tree: Tree) -> Mapping[str, int]:
    """Criterion id → line, in the tree of a policy."""
    lines: dict[str, int] = {}
    gates = tree.value.get("gates") if isinstance(tree.value, dict) else None
    for index, gate in enumerate(gates if isinstance(gates, list) else ()):
        criteria = gate.get("criteria") if isinstance(gate, dict) else None
        for place, criterion in enumerate(criteria if isinstance(criteria, list) else ()):
            if isinstance(criterion, dict):
                lines[str(criterion.get("id"))] = tree.at(("gates", index, "criteria", place)).line
    return lines


def _envelope(kind: type[Model], value: Value) -> Iterable[Fault]:
    """What makes reading on pointless: no mapping, another kind, another format."""
    expected = next(name for name, model in KINDS.items() if model is kind)
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        yield Fault((), f"this is {what}: a document is a mapping that starts with `apiVersion` and `kind`")
        return
    stated = str(value.get("kind", expected))[:60]
    if stated in KINDS and stated != expected:
        yield Fault(("kind",), f"a {expected} belongs here, and this is a {stated}: move it to {PLACES[stated]}")
    elif stated != expected:
        yield Fault(("kind",), f"the kind `{stated}` is unknown{suggestion(stated, KINDS)}")
    version = str(value.get("apiVersion", API_VERSION))[:60]
    if version != API_VERSION:
        yield Fault(
            ("apiVersion",),
            f"`{version}` is no format that this release reads: write {API_VERSION}, or upgrade model-ratchet",
        )


def _trusted(tree: Tree, faults: Iterable[Fault]) -> Iterable[Finding]:
    """The faults as findings, without those that only follow from a fault of the YAML."""
    for fault in faults:
        if not any(fault.path[:end] in tree.doubtful for end in range(len(fault.path) + 1)):
            yield locate(tree, fault)


def _first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    found = sorted(dict.fromkeys(findings))
    if len(found) <= MOST_FINDINGS:
        return tuple(found)
    last = found[MOST_FINDINGS - 1]
    more = len(found) - MOST_FINDINGS
    return (*found[:MOST_FINDINGS], Finding(last.location, f"{more} further findings are not shown: mend these first"))
