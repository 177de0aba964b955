"""Schemas: the JSON Schema of each kind of document, for the editors that complete and check them."""

from typing import Any

from model_ratchet.documents.files import KINDS

NAMES = {
    "Policy": "policy",
    "Model": "model",
    "Sources": "sources",
    "PromotionRequest": "request",
    "Waiver": "waiver",
    "Revocations": "revocations",
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every kind by its short name: ``policy``, ``model``, ``sources``, ``request``, ``waiver``, ``revocations``.

    They are what ``schemas/<name>.json`` holds.
    """
    return {
        NAMES[kind]: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(by_alias=True),
        }
        for kind, model in KINDS.items()
    }


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    import json

    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
