"""Files: which path of a repository holds which kind of document."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from model_ratchet.core.fields import Model
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.inherited import Calibration, Confidence, Optimizer
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver

AnyDocument: TypeAlias = (
    Policy
    | ModelFile
    | Sources
    | PromotionRequest
    | Waiver
    | Revocations
    | AlertChannels
    | Calibration
    | Confidence
    | Optimizer
)
Kind: TypeAlias = (
    type[Policy]
    | type[ModelFile]
    | type[Sources]
    | type[PromotionRequest]
    | type[Waiver]
    | type[Revocations]
    | type[AlertChannels]
    | type[Calibration]
    | type[Confidence]
    | type[Optimizer]
)

KINDS: Mapping[str, Kind] = {
    "Policy": Policy,
    "Model": ModelFile,
    "Sources": Sources,
    "PromotionRequest": PromotionRequest,
    "Waiver": Waiver,
    "Revocations": Revocations,
    "Alerts": AlertChannels,
    "Calibration": Calibration,
    "Confidence": Confidence,
    "Optimizer": Optimizer,
}

PLACES: Mapping[str, str] = {
    "Policy": "policies/<name>/<version>.yaml",
    "Model": "policies/models/<model>.yaml",
    "Sources": "policies/sources.yaml",
    "PromotionRequest": "promotions/<model>/<version>/promotion.yaml",
    "Waiver": "policies/waivers/<id>.yaml",
    "Revocations": "policies/revocations.yaml",
    "Alerts": "policies/alerts.yaml",
    "Calibration": "promotions/<model>/<version>/artifacts/calibration.yaml",
    "Confidence": "promotions/<model>/<version>/artifacts/confidence.yaml",
    "Optimizer": "promotions/<model>/<version>/artifacts/optimizer.yaml",
}

_ARTIFACT = r"promotions/(?P<model>[^/]+)/(?P<version>[^/]+)/artifacts/{}\.yaml"

# the first that fits: models/ and waivers/ are no names of policies
_PATTERNS = (
    ("Model", re.compile(r"policies/models/(?P<name>[^/]+)\.yaml")),
    ("Waiver", re.compile(r"policies/waivers/(?P<id>[^/]+)\.yaml")),
    ("Sources", re.compile(r"policies/sources\.yaml")),
    ("Revocations", re.compile(r"policies/revocations\.yaml")),
    ("Alerts", re.compile(r"policies/alerts\.yaml")),
    ("Policy", re.compile(r"policies/(?P<name>[^/]+)/(?P<version>[^/]+)\.yaml")),
    ("PromotionRequest", re.compile(r"promotions/(?P<model>[^/]+)/(?P<candidate>[^/]+)/promotion\.yaml")),
    ("Calibration", re.compile(_ARTIFACT.format("calibration"))),
    ("Confidence", re.compile(_ARTIFACT.format("confidence"))),
    ("Optimizer", re.compile(_ARTIFACT.format("optimizer"))),
)
_DOCUMENT_LIKE = re.compile(r"policies/.+\.ya?ml|promotions/.*\bpromotion\.ya?ml", re.IGNORECASE)


def kind_of(path: str) -> Kind | None:
    """The kind of document that stands at ``path`` (from the repository's root, with /); None where none belongs."""
    return next((KINDS[kind] for kind, pattern in _PATTERNS if pattern.fullmatch(path)), None)


def misplaced(path: str) -> bool:
    """Whether a file looks like a document and stands where none is read: ``policies/standard.yml``."""
    return kind_of(path) is None and _DOCUMENT_LIKE.fullmatch(path) is not None


REVOCATIONS = PLACES["Revocations"]
SOURCES = PLACES["Sources"]
ALERTS = PLACES["Alerts"]
WAIVERS = "policies/waivers"


def policy_path(name: object) -> str:
    """Where the policy ``standard/1.0.0`` stands."""
    return f"policies/{name}.yaml"


def model_path(name: str) -> str:
    """Where the file of a model stands."""
    return f"policies/models/{name}.yaml"


def waiver_path(name: str) -> str:
    """Where a waiver stands."""
    return f"{WAIVERS}/{name}.yaml"


def request_path(model: str, candidate: object) -> str:
    """Where the request for a candidate stands."""
    return f"promotions/{model}/{candidate}/promotion.yaml"


def cause_path(model: str, version: object) -> str:
    """Where the document of the root cause stands that a rolled-back version waits for."""
    return f"promotions/{model}/outcomes/{version}-root-cause.md"


def check_place(document: Model, path: str) -> Iterator[Fault]:
    """Where the names inside a document differ from those of its path; nothing for a path outside the layout."""
    for kind, pattern in _PATTERNS:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if isinstance(document, KINDS[kind]):
            for key, expected in match.groupdict().items():
                stated = str(getattr(document, key))
                if stated != expected:
                    yield Fault(
                        (key,), f"`{key}: {stated}` stands in {path}, whose place says {expected}: make them agree"
                    )
        return
