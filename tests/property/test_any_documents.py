"""Whatever stands in a document, it is read as one that its schema knows too, or told what is wrong with it and where."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.changed import changed
from model_ratchet.core.fields import Model
from model_ratchet.documents.files import KINDS
from model_ratchet.documents.read import read
from model_ratchet.documents.yaml import Tree, load

DOCUMENTS = Path(__file__).parents[1] / "documents"
SCHEMAS = Path(__file__).parents[2] / "schemas"
NAMES = {"PromotionRequest": "request"}
SOME = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@cache
def accepted(kind: str) -> list[Any]:
    folder = DOCUMENTS / "accepted" / NAMES.get(kind, kind.lower())
    trees = [load(path.name, path.read_bytes()) for path in sorted(folder.glob("*.yaml"))]
    return [tree.value for tree in trees if isinstance(tree, Tree)]


@cache
def schema(kind: str) -> Any:
    name = f"{NAMES.get(kind, kind.lower())}.json"
    return jsonschema_rs.validator_for(json.loads((SCHEMAS / name).read_text(encoding="utf-8")))


def written(value: Any) -> bytes:
    """JSON, which is YAML: what a document would be with these values."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode()


@pytest.mark.parametrize("kind", KINDS)
@SOME
@given(data=st.data())
def test_a_changed_document_is_read_or_told_what_is_wrong_and_where(kind: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(accepted(kind)).flatmap(changed))
    content = written(value)
    found = read(KINDS[kind], "document.yaml", content)
    if isinstance(found, tuple):
        lines = content.decode().splitlines()
        assert found
        for finding in found:
            assert finding.message
            assert 1 <= finding.location.line <= len(lines)
            assert 1 <= finding.location.column <= len(lines[finding.location.line - 1]) + 1
    else:
        assert isinstance(found, Model)
        assert isinstance(found, KINDS[kind])
        assert list(schema(kind).iter_errors(json.loads(content))) == []


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3)
@given(data=st.data())
def test_a_document_that_nobody_changed_is_read(kind: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(accepted(kind)))
    assert isinstance(read(KINDS[kind], "document.yaml", written(value)), KINDS[kind])
