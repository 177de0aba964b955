"""Schemas: the JSON Schema of each kind of document, for the editors that complete and check them."""

from collections.abc import Mapping
from typing import Any

from model_ratchet.core.alert import Message
from model_ratchet.core.fields import Model
from model_ratchet.documents.files import KINDS

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

NAMES = {
    "Policy": "policy",
    "Model": "model",
    "Sources": "sources",
    "PromotionRequest": "request",
    "Waiver": "waiver",
    "Revocations": "revocations",
    "Alerts": "alerts",
    "Calibration": "calibration",
    "Confidence": "confidence",
    "Optimizer": "optimizer",
}
MESSAGES: Mapping[str, type[Model]] = {"alert": Message}
"""What Ratchet sends to others, by the short name of its schema."""


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every kind of document, and of every message, by its short name: ``policy``, ``alerts``, ``alert``, …

    They are what ``schemas/<name>.json`` holds.
    """
    read = {NAMES[kind]: model.model_json_schema(by_alias=True) for kind, model in KINDS.items()}
    sent = {name: model.model_json_schema(mode="serialization") for name, model in MESSAGES.items()}
    return {name: {"$schema": _DRAFT, **schema} for name, schema in (read | sent).items()}


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    import json

    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
