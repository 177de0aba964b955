"""The YAML guard: what it lets through is what a second reader makes of the same text, and what it refuses it can point at."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from model_ratchet.core.finding import Finding
from model_ratchet.documents.files import KINDS
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.yaml import Tree, Value, load

SEEDS = (Path(__file__).parents[1] / "documents",)
TOKENS = (
    *(
        b": ",
        b"- ",
        b"? ",
        b"|\n",
        b">-\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b", ",
        b"&a",
        b"*a",
        b"<<: ",
        b"!!",
        b"!!str",
        b"'",
        b'"',
    ),
    *(
        b"# ",
        b"---\n",
        b"...\n",
        b"%YAML 1.1\n",
        b"\n  ",
        b"\t",
        b"\r\n",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"\\u202e",
        b"\\0",
    ),
    *(
        b"yes",
        b"null",
        b"~",
        b"0o7",
        b"010",
        b"0x1",
        b"1e999",
        b".nan",
        b".inf",
        b"12:30",
        b"1_0",
        b"2pp",
        b"500ms",
        b"72h",
    ),
    *(
        b"apiVersion: ratchet/v1\n",
        b"kind: ",
        b"Policy\n",
        b"Model\n",
        b"PromotionRequest\n",
        b"Sources\n",
        b"Waiver\n",
    ),
)
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_NOTHING = ("", "~", "null", "Null", "NULL")


def one_input(data: bytes) -> None:
    tree = load("file.yaml", data)
    lines = data.decode("utf-8", "replace").splitlines()
    if isinstance(tree, Tree):
        if not tree.findings:
            _agrees(tree.value, yaml.load(data.decode("utf-8-sig"), _LOADER))  # noqa: S506  (it makes texts only)
        stated = tree.value.get("kind") if isinstance(tree.value, dict) else None
        found = read(KINDS.get(stated, Policy) if isinstance(stated, str) else Policy, "file.yaml", data)
        if tree.findings:
            assert isinstance(found, tuple), "a document was read that is not plain YAML"
    else:
        found = tree
    if isinstance(found, tuple):
        assert found, "refused, and nobody knows why"
        for one in found:
            _placed(one, len(lines))


def _agrees(value: Value, text: Any) -> None:
    """Lists and mappings are the same, and each scalar is what its text says."""
    match value:
        case dict():
            assert isinstance(text, dict)
            assert list(value) == list(text), "the keys are others"
            for key, inner in value.items():
                _seen(key)
                _agrees(inner, text[key])
        case list():
            assert isinstance(text, list)
            assert len(value) == len(text)
            for one, other in zip(value, text, strict=True):
                _agrees(one, other)
        case None:
            assert text in _NOTHING
        case bool():
            assert text.lower() == str(value).lower()
        case int() | float():
            assert text.isascii()
            assert type(value)(text) == value
            assert abs(value) < float("inf")
        case str():
            _seen(value)
            assert value == text


def _seen(text: str) -> None:
    hidden = set(_hidden(text))
    assert not hidden, f"{hidden} came through"


def _hidden(text: str) -> Iterator[str]:
    for one in text:
        if (unicodedata.category(one) == "Cc" and one not in "\t\n") or unicodedata.bidirectional(one) in _TURNS:
            yield one


def _placed(finding: Finding, lines: int) -> None:
    place = finding.location
    assert 1 <= place.line <= lines + 1, f"line {place.line} of {lines}"
    assert place.column >= 1
    assert finding.message
