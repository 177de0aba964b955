"""What the manifests for Kubernetes have in common: the comment at the top, the metadata, and how they are written."""

from collections.abc import Mapping

import yaml

from model_ratchet.documents.traffic import object_name
from model_ratchet.render.traffic.routes import Routes

WHOLE = 100
"""Weights that are whole percent."""


def manifest(known: Routes, *, api: str, kind: str, namespace: str | None, spec: Mapping[str, object]) -> str:
    """One object as YAML, its keys in the order of the alphabet."""
    metadata: dict[str, object] = {
        "name": object_name(known.model),
        "labels": {"app.kubernetes.io/managed-by": "ratchet"},
    }
    if namespace is not None:
        metadata["namespace"] = namespace
    written = {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}
    comment = "".join(f"# {line}\n" for line in known.title)
    return comment + yaml.safe_dump(written, sort_keys=True, default_flow_style=False, width=1000)


def per_cent(parts: int) -> int:
    """A share in whole percent."""
    return parts // WHOLE
