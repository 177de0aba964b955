"""Names: versions, slugs, digests, repositories and commits, parsed once and trusted afterwards."""

import re
from dataclasses import dataclass
from datetime import datetime

from model_ratchet.core.units import within_reach

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
COMMIT = re.compile(r"[0-9a-f]{40}")
_VERSION = re.compile(r"v(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})_((\d{8})_(\d{6}))", re.ASCII)
_SEMVER = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A model version ``v{major}.{minor}.{patch}_{YYYYMMDD}_{HHMMSS}``, ordered by its numbers, then by its time (UTC)."""

    major: int
    minor: int
    patch: int
    built_at: datetime

    @classmethod
    def parse(cls, text: str) -> "Version":
        """The version that ``text`` spells.

        Raises:
            ValueError: the text is not of the form, or its time stamp is no instant of the calendar.
        """
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a version: write v{{major}}.{{minor}}.{{patch}}_{{YYYYMMDD}}_{{HHMMSS}}, "
                "such as v2.1.0_20250818_142000"
            )
        try:
            built_at = within_reach(datetime.fromisoformat(f"{match[5]}T{match[6]}Z"))
        except ValueError:
            raise ValueError(
                f"{text!r} is not a version: {match[4]} is no date and time from 1970 to 2199 (YYYYMMDD_HHMMSS)"
            ) from None
        return cls(int(match[1]), int(match[2]), int(match[3]), built_at)

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}_{self.built_at:%Y%m%d_%H%M%S}"

    @property
    def slug(self) -> str:
        """The version as a label of a DNS name: ``v2-1-0-20250818-142000``, at most 37 characters, another for each version."""
        return str(self).replace(".", "-").replace("_", "-")


def told_version(text: str | None) -> str:
    """A word of a row that should be a version, as it may be told: no other value of a row is repeated anywhere."""
    try:
        return str(Version.parse(text or ""))
    except ValueError:
        return "(no version)"


def told_digest(text: str | None) -> str:
    """A word of a row that should be a digest, as it may be told; empty where there is none."""
    if not text:
        return ""
    return text if DIGEST.fullmatch(text) is not None else "(no digest)"


@dataclass(frozen=True, slots=True, order=True)
class PolicyName:
    """A policy and its version: ``standard/1.0.0``."""

    name: str
    version: tuple[int, int, int]

    @classmethod
    def parse(cls, text: str) -> "PolicyName":
        """The policy that ``text`` names.

        Raises:
            ValueError: the text is not ``name/major.minor.patch``.
        """
        name, _, version = text.partition("/")
        match = _SEMVER.fullmatch(version)
        if SLUG.fullmatch(name) is None or match is None:
            raise ValueError(f"{text!r} names no policy: write name/version, such as standard/1.0.0")
        return cls(name, (int(match[1]), int(match[2]), int(match[3])))

    def __str__(self) -> str:
        return f"{self.name}/{self.version[0]}.{self.version[1]}.{self.version[2]}"


def check_name(base: str) -> str:
    """The name of the required check. It carries the base branch, because a check run hangs on the head alone."""
    return f"promotion/{base}"
