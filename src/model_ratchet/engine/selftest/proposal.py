"""Proposal: the folder that an honest owner would propose for a model under a policy, and what the ledger would say of it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from packaging.specifiers import SpecifierSet

from model_ratchet.core.names import Version
from model_ratchet.documents.draft import Draft
from model_ratchet.documents.events import Admitted, Confirmed, Event, StageStarted
from model_ratchet.documents.files import request_path
from model_ratchet.documents.model import Infrastructure, ModelFile
from model_ratchet.documents.policy import Policy

HOUR = timedelta(hours=1)
COMMIT = "5e1f" * 10
"""The commit of the model's code that a made-up request states."""
_PYTHONS = tuple(f"3.{minor}" for minor in range(20, 7, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A made-up candidate of a model, all of whose stages are over an hour before ``now``."""

    model: ModelFile
    policy: Policy
    baseline: str | None
    now: datetime
    number: int = 0
    """Tells candidates apart."""

    @property
    def candidate(self) -> str:
        """Its version, newer than any."""
        return str(Version(999_999, 0, self.number, self.now.replace(microsecond=0)))

    @property
    def digest(self) -> str:
        """The digest of its artifact."""
        return artifact_digest(f"{self.model.name}/{self.candidate}")

    @property
    def folder(self) -> str:
        """Where it is proposed."""
        return self.request_path.rpartition("/")[0]

    @property
    def request_path(self) -> str:
        """Where its request is."""
        return request_path(self.model.name, Version.parse(self.candidate))

    @property
    def request(self) -> dict[str, object]:
        """What the request states: all that the policy and the model file ask for."""
        origin = self.model.artifact.origins[0] if self.model.artifact is not None else "models://"
        stated: dict[str, object] = {
            "apiVersion": "ratchet/v1",
            "kind": "PromotionRequest",
            "model": self.model.name,
            "candidate": self.candidate,
            "baseline": self.baseline or "none",
            "policy": str(self.policy.full_name),
            "artifact": {"uri": f"{origin}{self.candidate}/model.bin", "digest": self.digest},
            "owner": "selftest",
            "metadata": self._metadata(),
            "documents": {name: f"{name}.md" for name in self._draft.documents()},
        }
        if self._draft.asks_drill():
            at = (self._ends_at - HOUR).isoformat()
            stated["drill"] = {"performed_at": at, "restored": self.baseline, "result": "passed"}
        return stated

    def files(self, **changes: object) -> dict[str, bytes]:
        """The folder, with other values of some keys of the request; None leaves a key out."""
        stated = {key: value for key, value in (self.request | changes).items() if value is not None}
        return {self.request_path: as_yaml(stated), **self._documents()}

    def events(self) -> tuple[Event, ...]:
        """What the ledger says of it: admitted, and each stage started and confirmed, one after the other."""
        return tuple(self._events())

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When each stage started."""
        return tuple(self._starts())

    def _events(self) -> Iterator[Event]:
        starts = self.starts
        of = {"model": self.model.name, "candidate": self.candidate}
        yield Admitted.model_validate(
            {
                **of,
                "at": starts[0],
                "baseline": self.baseline,
                "digest": self.digest,
                "policy": str(self.policy.full_name),
                "attempt": 1,
            }
        )
        for stage, start in zip(self.policy.stages, starts, strict=True):
            share, mirror = (one.value if one is not None else 0.0 for one in (stage.traffic, stage.mirror))
            yield StageStarted.model_validate(
                {**of, "at": start, "stage": stage.name, "share": share, "mirror": mirror}
            )
            yield Confirmed.model_validate({**of, "at": start, "stage": stage.name})

    @property
    def _ends_at(self) -> datetime:
        """When the last stage ends: its labels are mature two hours before now."""
        mature = self.model.labels.mature_after.delta if self.model.labels is not None else timedelta()
        return self.now.replace(minute=0, second=0, microsecond=0) - mature - 2 * HOUR

    def _starts(self) -> tuple[datetime, ...]:
        settle = self.policy.settle.delta if self.policy.settle is not None else timedelta()
        found: list[datetime] = []
        end = self._ends_at
        for stage in reversed(self.policy.stages):
            found.append(end - stage.lasts.delta - settle)
            end = found[-1] - HOUR
        return tuple(reversed(found))

    @property
    def _draft(self) -> Draft:
        return Draft(
            model=self.model.name,
            candidate=self.candidate,
            baseline=self.baseline,
            policy=self.policy,
            code=self.model.code.repositories if self.model.code is not None else (),
        )

    def _metadata(self) -> dict[str, object]:
        found: dict[str, object] = {"infrastructure": _requirements(self.model.infrastructure)}
        if self.model.code is not None:
            found["source"] = {"repository": self.model.code.repositories[0], "commit": COMMIT}
        for name in self._draft.unstated():
            group, _, key = name.partition(".")
            if group in found or (group == "source_commit" and "source" in found):
                continue
            if group == "dataset":
                found[group] = {"version": "made-up-1", "characteristics": {"rows": 1000}}
            elif group == "source_commit":
                found[group] = COMMIT
            elif group == "complexity":
                found[group] = {"size": "1MiB", "parameters": 1, "features": 1, "dependencies": 1}
            else:
                found.setdefault(group, {})
                inner = found[group]
                assert isinstance(inner, dict)  # noqa: S101  (made here)
                inner[key or "value"] = 1
        return found

    def _documents(self) -> dict[str, bytes]:
        words = "what a person would have written here " * 20
        return {
            f"{self.folder}/{name}.md": "\n\n".join(
                ["# Made up", *(f"## {section}\n\n{words}" for section in sections or ("All",))]
            ).encode()
            for name, sections in self._draft.documents().items()
        }


def as_yaml(value: Mapping[str, object]) -> bytes:
    """A document as YAML: JSON is a part of it."""
    return json.dumps(value, indent=1).encode()


def artifact_digest(name: str) -> str:
    """A digest for a made-up artifact."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def promoted(model: str, policy: str, version: str, baseline: str | None = None) -> dict[str, bytes]:
    """The folder of a version that is promoted already, as far as it is read of such."""
    stated = {
        "apiVersion": "ratchet/v1",
        "kind": "PromotionRequest",
        "model": model,
        "candidate": version,
        "baseline": baseline or "none",
        "policy": policy,
        "artifact": {"uri": f"models://{model}/{version}", "digest": artifact_digest(f"{model}/{version}")},
        "owner": "selftest",
    }
    return {request_path(model, Version.parse(version)): as_yaml(stated)}


def _requirements(offered: Infrastructure | None) -> dict[str, object]:
    """What fits into what production offers."""
    if offered is None:
        return {"python": _PYTHONS[0], "gpu": "none", "memory": "1MiB", "cpu": 0.1}
    python = offered.python or ""
    fitting = (one for one in _PYTHONS if SpecifierSet(python).contains(one))
    return {"python": next(fitting, "3.12"), "gpu": "none", "memory": "1MiB", "cpu": 0.01}
