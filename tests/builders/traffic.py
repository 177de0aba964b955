"""Desired states of a small model in each of its stages, and traffic sections as a model file has them."""

import json
from collections.abc import Mapping
from dataclasses import replace

import yaml
from pydantic import TypeAdapter

from model_ratchet.core.names import Version
from model_ratchet.documents.traffic import Traffic
from model_ratchet.engine.desired import Desired

MODEL = "flight-delay"
OLDER, ACTIVE, CANDIDATE = (
    Version.parse(text) for text in ("v1.9.0_20250301_080000", "v2.0.3_20250601_090000", "v2.1.0_20250818_142000")
)

KEY = "key: {header: X-User-Id}"
SECTIONS: Mapping[str, str] = {
    "nginx": 'listen: 8080, backend: "late-{{ slug }}.models.svc:8000", key: {header: X-User-Id}, mirror_port: 8081',
    "haproxy": 'listen: 8080, backend: "late-{{ slug }}.models.svc:8000", key: {header: X-User-Id}',
    "gateway-api": (
        'service: "late-{{ slug }}", port: 8000, mirror_port: 8001, gateway: {name: public, namespace: infra}, '
        "hostnames: [late.example.com], namespace: models"
    ),
    "istio": (
        'host: "late-{{ slug }}.models.svc.cluster.local", port: 8000, mirror_port: 8001, hosts: [late.example.com], '
        "gateways: [infra/public], namespace: models"
    ),
    "kserve": 'storage: "s3://models/flight-delay/{{ version }}/", format: sklearn, namespace: models',
    "argo-rollouts": (
        'workload: "late-{{ slug }}", replicas: 4, services: {stable: late, canary: late-canary}, '
        "router: {virtual_service: late}, namespace: models"
    ),
}

AT_REST = Desired(model=MODEL, active=ACTIVE, previous=OLDER, assignment="user_id")
UNDER_WAY = replace(AT_REST, candidate=CANDIDATE, salt="sha256:0f1e")

STAGES: Mapping[str, Desired] = {
    "first": replace(AT_REST, previous=None),
    "at-rest": AT_REST,
    "shadow": replace(UNDER_WAY, stage="shadow", mirror=1.0),
    "canary": replace(UNDER_WAY, stage="canary", share=0.05),
    "mirrored-canary": replace(UNDER_WAY, stage="canary", share=0.05, mirror=1.0),
    "blue-green": replace(UNDER_WAY, stage="blue_green", share=0.5),
    "paused": replace(UNDER_WAY, stage="canary"),
    "half-mirrored": replace(UNDER_WAY, stage="shadow", mirror=0.5),
    "promoted": Desired(model=MODEL, active=CANDIDATE, previous=ACTIVE, assignment="user_id"),
    "watched": Desired(model=MODEL, active=CANDIDATE, previous=ACTIVE, assignment="user_id", mirror=1.0),
    "held": replace(UNDER_WAY, stage="canary", hold=True),
}
_TRAFFIC: TypeAdapter[Traffic] = TypeAdapter(Traffic)


def section(target: str, text: str | None = None) -> Traffic:
    """A traffic section; ``text`` is the inside of its mapping, without the target."""
    written = yaml.safe_load(f"{{target: {target}, {SECTIONS[target] if text is None else text}}}")
    return _TRAFFIC.validate_json(json.dumps(written))
