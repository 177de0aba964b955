"""Ports: what the actions ask of the world, as protocols. The clock is an argument, never a port.

What the signatures name is imported by type checkers only: git alone decides most checks, and needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path as FilePath

    from model_ratchet.core.alert import Alert
    from model_ratchet.core.code import Reported
    from model_ratchet.core.evidence import Measurement, Missing, Need
    from model_ratchet.core.reviews import Conversation, SourcePull
    from model_ratchet.engine.record import Record
    from model_ratchet.engine.story import Attempt, Story


@dataclass(frozen=True, slots=True)
class Answers:
    """What one source says: an answer to each need that it was asked, and the text of the queries that it ran."""

    answers: Mapping[Need, Measurement | Missing]
    queries: Sequence[str] = ()


class MetricSource(Protocol):
    """Somewhere that holds metrics. Answers many needs at once, because one scan can serve them all."""

    @property
    def name(self) -> str:
        """The name in ``policies/sources.yaml``."""

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need.

        Raises:
            SourceError: nothing could be asked at all; ``gather`` makes every need of this source missing.
        """


LARGEST_BLOB = 6_000_000
"""Bytes: no document is larger."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a commit."""

    path: str
    oid: str
    content: bytes
    symlink: bool = False
    size: int = 0
    """In bytes; a blob that is too large to be a document comes without its content."""


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs between two commits, without rename detection."""

    path: str
    status: str
    """``A`` added, ``M`` modified, ``D`` deleted, ``T`` type changed."""


class Files(Protocol):
    """The files of commits."""

    def paths(self, commit: str, under: str = "") -> tuple[str, ...]:
        """All file paths of a commit below a folder, sorted."""

    def read(self, commit: str, paths: Sequence[str], largest: int = LARGEST_BLOB) -> Mapping[str, Blob]:
        """The blobs at these paths; absent paths are absent from the answer, and one of more than ``largest`` bytes comes
        without its content. One ``cat-file --batch`` for all."""


class Repository(Files, Protocol):
    """A git repository, read as objects and never as working-tree files."""

    @property
    def root(self) -> FilePath:
        """The folder that relative paths of sources start from."""

    def default_base(self) -> str:
        """The branch that promotions are merged into. Raises ``RepositoryError`` where it can't be guessed."""

    def commit(self, revision: str) -> str:
        """The commit id that a revision names. Raises ``RepositoryError`` where there is none."""

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; a shallow clone is deepened as needed. Raises ``RepositoryError``."""

    def changes(self, before: str, after: str) -> tuple[Change, ...]:
        """The paths that differ between two commits."""

    def tree(self, commit: str, folder: str) -> str | None:
        """The tree id of a folder, None where it does not exist."""

    def entries(self, commit: str, folder: str = "") -> Mapping[str, str]:
        """The direct entries of a folder, name → mode and object id; none where the folder does not exist."""

    def find(self, ref: str) -> str | None:
        """The commit at a full ref name such as ``refs/heads/main``, None where there is none."""

    def first_parents(self, base: str, head: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
        """The commits after ``base`` up to ``head`` along first parents, oldest first; those that change one of the paths
        where any are named.

        Raises ``RepositoryError`` where following first parents from ``head`` does not lead to ``base``.
        """

    def beginning(self, head: str, path: str = "") -> str | None:
        """The oldest commit along first parents from ``head`` that changed a path: of all, where none is named.

        None where no commit did. Raises ``RepositoryError`` where the history is cut short and can't be deepened.
        """

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, in their order."""

    def subject(self, commit: str) -> str:
        """The first line of a commit's message."""

    def committed_at(self, commit: str) -> datetime:
        """When the commit was made."""

    def reach(self, commit: str) -> bool:
        """Whether a commit, named by its whole id, is there; one that is not is fetched where that is possible."""

    def as_of(self, tip: str, instant: datetime) -> str | None:
        """The commit that a branch was at, by its first parents and their commit times; None where it was not there yet.

        Raises ``RepositoryError`` where the history is cut short before that and can't be deepened.
        """


class Forge(Protocol):
    """Where pull requests live."""

    def conversation(self, pull: int, teams: Sequence[str]) -> Conversation:
        """What was said of a pull request, by whom, and who had a hand in it, with the members of these teams.

        Raises ``ForgeError`` where it can't be told, whole and at once.
        """

    def reported_on(self, repository: str, commit: str) -> tuple[Reported, ...]:
        """Everything that reports on a commit of a repository, here or another one, named by its whole id.

        Raises ``ForgeError`` where it can't be told, whole and at once.
        """

    def pulls_of(self, repository: str, commit: str) -> tuple[SourcePull, ...]:
        """The pull requests that a commit came from, with what was said of each. Raises ``ForgeError`` likewise."""


class Notifier(Protocol):
    """A channel by which people are told of alerts."""

    @property
    def name(self) -> str:
        """The name in ``policies/alerts.yaml``."""

    @property
    def repeats(self) -> bool:
        """Whether it forgets what is not repeated, so that every run tells it what still fires."""

    def tell(self, alert: Alert, now: datetime, delivery: str) -> None:
        """Tell it once. What it is told twice, it knows by its fingerprint or by the id of its ``delivery``, or shows twice.

        Raises ``NotifyError``.
        """

    def close(self) -> None:
        """Let go of connections."""


class Ledger(Protocol):
    """The append-only story of what happened to models and their candidates."""

    def story(self, model: str) -> Story:
        """What was recorded of a model. Raises ``RecordError`` where it can't be read."""

    def records(self, digests: Sequence[str]) -> Mapping[str, Record]:
        """The sealed records of these digests. Raises ``RecordError`` where one is not there, or is another."""

    def closed(self, attempt: Attempt) -> Mapping[Need, Measurement | Missing]:
        """What was sealed of the closed stages of an attempt: nobody asks a source about them again.

        Raises ``RecordError`` where a record that an event names is not there, or is not what its digest says.
        """
