"""Shelf: the documents of one tree, read one by one and then against each other."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from model_ratchet.core.fields import Model
from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.across import clashes, source_faults, unknown_channels, unknown_policies, unused_channels
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import ALERTS, PLACES, kind_of, model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import Located, read_located
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.yaml import MAX_BYTES
from model_ratchet.engine.waivable import overlaps, waiver_faults

D = TypeVar("D", bound=Model)

SYMLINK = "a symbolic link is not followed: commit the file itself"
SUBMODULE = "a submodule is not read: commit the files themselves"


def too_large(size: int) -> str:
    """Why a file of so many bytes is not read."""
    return f"the file holds {size} bytes, and a document at most {MAX_BYTES}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The documents that were read, and what is wrong with the others."""

    located: dict[str, Located[Model]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """Path → SHA-256 of every file that is there, also of one that holds no document."""

    def add(self, path: str, content: bytes | str) -> None:
        """Read one document; a text instead of bytes says why its content is not read."""
        if isinstance(content, bytes):
            self.digests[path] = f"sha256:{hashlib.sha256(content).hexdigest()}"
        kind = kind_of(path)
        if kind is None:
            where = ", ".join(PLACES.values())
            self.findings.append(Finding(Location(path), f"no document is read here: they stand in {where}"))
        elif isinstance(content, str):
            self.findings.append(Finding(Location(path), content))
        else:
            found = read_located(kind, path, content)
            if isinstance(found, tuple):
                self.findings.extend(found)
            else:
                document: Model = found.document
                self.located[path] = Located(document, found.tree)

    def of(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind by their path."""
        return {path: one.document for path, one in self.located.items() if isinstance(one.document, kind)}

    def at(self, path: str, fault: Fault) -> Finding:
        """A fault of a document that was read."""
        return self.located[path].finding(fault)


def across(shelf: Shelf) -> Iterator[Finding]:
    """What models and waivers say of documents that are not there, or hold something else, or of each other's ports."""
    models, sources = shelf.of(ModelFile), shelf.of(Sources)
    names = [str(policy.full_name) for policy in shelf.of(Policy).values()]
    for path, model in models.items():
        yield from (shelf.at(path, fault) for fault in unknown_policies(model, names) if names)
        for held in sources.values():
            yield from (shelf.at(path, fault) for fault in source_faults(model, held))
    yield from _channel_faults(shelf)
    paths = {model.name: path for path, model in models.items()}
    yield from (shelf.at(paths[name], fault) for name, fault in clashes(tuple(models.values())))
    waivers = shelf.of(Waiver)
    for path, waiver in waivers.items():
        yield from (shelf.at(path, fault) for fault in _waiver_faults(shelf, waiver))
    yield from (shelf.at(path, fault) for path, fault in overlaps(waivers))


def _channel_faults(shelf: Shelf) -> Iterator[Finding]:
    models, alerts = shelf.of(ModelFile), shelf.of(AlertChannels).get(ALERTS)
    if alerts is not None:
        yield from (shelf.at(ALERTS, fault) for fault in unused_channels(alerts, models.values()))
    if alerts is not None or ALERTS not in shelf.digests:  # one that can't be read may hold any channel
        known = alerts.channels.keys() if alerts is not None else ()
        for path, model in models.items():
            yield from (shelf.at(path, fault) for fault in unknown_channels(model, known))


def named_by(shelf: Shelf, waiver: Waiver) -> tuple[Policy, ModelFile] | None:
    """The policy and the model file that a waiver names, None where they were not both read."""
    policy = shelf.of(Policy).get(policy_path(waiver.policy))
    model = shelf.of(ModelFile).get(model_path(waiver.model))
    return (policy, model) if policy is not None and model is not None else None


def _waiver_faults(shelf: Shelf, waiver: Waiver) -> Iterator[Fault]:
    places = {"policy": policy_path(waiver.policy), "model": model_path(waiver.model)}
    for key, path in places.items():
        if path not in shelf.digests:
            yield Fault((key,), f"there is no {path}")
    named = named_by(shelf, waiver)
    if named is not None:
        yield from waiver_faults(waiver, *named, policy_digest=shelf.digests[places["policy"]])
