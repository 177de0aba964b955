"""Waivers of the small model, and a policy that its second version fails by a little."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from builders.small import MODEL, NOW, POLICY, V2, request, rules
from model_ratchet.documents.files import waiver_path
from model_ratchet.documents.read import read
from model_ratchet.documents.waiver import Waiver

GRANTED = NOW - timedelta(days=4)
EXPIRES = NOW + timedelta(days=10)
STRICT = POLICY.replace("by: 2pp", "by: 25pp") + "waivers: {max_age: 14d, never: [error-rate]}\n"
"""The second version is better by 20 pp, which is shown to be less than it asks."""


def sha256(text: str) -> str:
    """The digest of a file, as a waiver names it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def waiving_rules(log: object, *, policy: str = STRICT) -> dict[str, str | bytes]:
    """The documents of the base branch: somebody stands for risk, and the policy lets criteria be waived."""
    model = MODEL.format(name="demo", more='roles: {risk: ["@acme/risk"]}\n')
    return {
        **rules(log),  # type: ignore[arg-type]
        "policies/small/1.0.0.yaml": policy,
        "policies/models/demo.yaml": model,
    }


def waiver_text(**changes: object) -> str:
    """A waiver of ``better`` down to 20 pp; a change to None leaves a key out."""
    artifact = next(line for line in request(V2, "none").splitlines() if line.startswith("artifact:"))
    keys: Mapping[str, object] = {
        "apiVersion": "ratchet/v1",
        "kind": "Waiver",
        "id": "better",
        "model": "demo",
        "artifact": artifact.partition("digest: ")[2].strip('"}'),
        "policy": "small/1.0.0",
        "policy_digest": sha256(STRICT),
        "criterion": "better",
        "outcomes": "[failed]",
        "up_to": "20pp",
        "reason": "the old version is switched off in October",
        "owner": "risk",
        "granted_at": GRANTED,
        "expires_at": EXPIRES,
        **changes,
    }
    return "".join(f"{key}: {_spelled(value)}\n" for key, value in keys.items() if value is not None)


def waiver_file(**changes: object) -> dict[str, str | bytes]:
    """The same as a file in its place."""
    return {waiver_path(str(changes.get("id", "better"))): waiver_text(**changes)}


def a_waiver(**changes: object) -> Waiver:
    """The same as a document."""
    found = read(Waiver, "waiver.yaml", waiver_text(**changes).encode())
    assert isinstance(found, Waiver), found
    return found


def _spelled(value: object) -> object:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
