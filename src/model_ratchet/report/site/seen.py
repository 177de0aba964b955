"""Seen: what the pages of the site are made of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from model_ratchet.engine.model_track import Track
from model_ratchet.report.chronicle import Row
from model_ratchet.report.standing import Standing

DECISIONS = frozenset({"promoted", "rolled-back", "withdrawn", "waived", "hold", "unverified", "policy-changed"})
"""What stands on the timeline of all models; that of one model shows every line of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenModel:
    """One model: how it stands, what the ledger says of it, and what came of its promotions."""

    name: str
    standing: Standing | None
    """None where the base branch has no model file any more."""
    track: Track
    rows: tuple[Row, ...]
    """The newest first."""
    policies: tuple[str, ...] = ()
    """The policy versions that it may be promoted by."""
    record: str | None = None
    """The digest of the record that the version which was promoted last was decided on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A policy version of the base branch."""

    name: str
    models: tuple[str, ...]
    """Those that may be promoted by it."""
    revoked: str | None = None
    """Since when and why, where it never passes again."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All models of a repository."""

    models: tuple[SeenModel, ...]
    track: Track
    """All of them together."""
    rows: tuple[Row, ...]
    """The decisions on all models, the newest first."""
    policies: tuple[InForce, ...]
    watched_at: datetime | None
    """When the watch last looked."""
    findings: tuple[str, ...] = ()
    address: str | None = None
    """Of the repository on GitHub, where pull requests and the reports of the ledger are: ``https://github.com/acme/models``."""
    reports: frozenset[str] = frozenset()
    """The digests of the records whose reports are part of the site."""

    @cached_property
    def names(self) -> frozenset[str]:
        """The models that have a page."""
        return frozenset(one.name for one in self.models)


def months(seen: Seen) -> Mapping[str, Sequence[Row]]:
    """Month → its decisions, the newest first: ``2026-11``."""
    found: dict[str, list[Row]] = {}
    for row in seen.rows:
        found.setdefault(f"{row.at:%Y-%m}", []).append(row)
    return found


def report_path(digest: str) -> str:
    """Where the report of a record stands in the site."""
    return f"reports/{digest.removeprefix('sha256:')}.html"
