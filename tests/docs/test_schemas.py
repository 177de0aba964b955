"""The schemas that editors use are those of the code, and accept what the code accepts."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from model_ratchet.documents.files import kind_of
from model_ratchet.documents.schemas import MESSAGES, NAMES, schema_text, schemas

ROOT = Path(__file__).parents[2]
ACCEPTED = sorted((ROOT / "tests/documents/accepted").rglob("*.yaml"))
ALL = sorted([*NAMES.values(), *MESSAGES])
WRITTEN_BY_RATCHET = ("calibration", "confidence", "optimizer")
SHIPPED = sorted(path for path in (ROOT / "policies").rglob("*.yaml") if kind_of(str(path.relative_to(ROOT))))


@pytest.mark.parametrize("name", ALL)
def test_a_committed_schema_is_the_generated_one(name: str) -> None:
    assert (ROOT / f"schemas/{name}.json").read_text() == schema_text(schemas()[name]), "run `make schemas`"


def test_every_schema_is_committed_and_no_other() -> None:
    assert sorted(path.stem for path in (ROOT / "schemas").glob("*.json")) == ALL


@pytest.mark.parametrize("name", ALL)
def test_a_schema_is_valid_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("path", [*ACCEPTED, *SHIPPED], ids=lambda path: str(path.relative_to(ROOT)))
def test_an_editor_accepts_what_the_code_accepts(path: Path) -> None:
    document = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  (only for its kind)
    schema = json.loads((ROOT / f"schemas/{NAMES[document['kind']]}.json").read_text())
    from model_ratchet.documents.yaml import Tree, load

    tree = load(str(path), path.read_bytes())
    assert isinstance(tree, Tree)
    jsonschema.Draft202012Validator(schema).validate(tree.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_document_names_the_schema_of_its_kind(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    document = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  (only for its kind)
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == ROOT / f"schemas/{NAMES[document['kind']]}.json"


@pytest.mark.parametrize("name", ALL)
def test_every_key_of_a_document_is_closed(name: str) -> None:
    schema = schemas()[name]
    open_ones = [
        title
        for title, part in {**schema.get("$defs", {}), name: schema}.items()
        if "properties" in part and part.get("additionalProperties") is not False
    ]
    assert open_ones == []


@pytest.mark.parametrize("name", [name for name in ALL if name not in WRITTEN_BY_RATCHET])
def test_every_key_that_people_write_says_what_it_means(name: str) -> None:
    schema = schemas()[name]
    silent = [
        f"{title}.{key}"
        for title, part in {**schema.get("$defs", {}), name: schema}.items()
        for key, one in part.get("properties", {}).items()
        if not one.get("description") and key not in ("apiVersion", "kind", "target")
    ]
    assert silent == []


@pytest.mark.parametrize("name", ALL)
def test_a_default_is_spelled_as_a_document_spells_it(name: str) -> None:
    schema = schemas()[name]
    for part in (schema, *schema.get("$defs", {}).values()):
        for key, one in part.get("properties", {}).items():
            if one.get("type") == "string" and one.get("default") is not None:
                assert isinstance(one["default"], str), key


def test_what_is_said_to_be_read_by_nothing_is_read_nowhere() -> None:
    keys = schemas()["model"]["properties"]
    unread = [name for name, key in keys.items() if "nothing reads it" in key.get("description", "")]
    read = [
        (name, path.name)
        for name in unread
        for path in (ROOT / "src").rglob("*.py")
        if re.search(rf"\bmodel\.{name}\b", path.read_text(encoding="utf-8"))
    ]
    assert read == []
