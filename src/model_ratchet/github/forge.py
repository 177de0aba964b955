"""GitHub as the forge of the actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from model_ratchet.core.code import Reported
from model_ratchet.core.reviews import Conversation, SourcePull
from model_ratchet.github.client import Access, Pace, connect
from model_ratchet.github.reviews import conversation
from model_ratchet.github.source import pulls_of, reported_on

if TYPE_CHECKING:
    from github import Github


@dataclass(frozen=True)
class GithubForge:
    """One repository on GitHub; nothing is asked, and no client made, before it has to be."""

    access: Access
    pace: Pace | None = None
    client: Github | None = None
    """A client that is there already, whose patience is shared and which stays open; without it one is made."""

    @cached_property
    def _github(self) -> Github:
        return self.client if self.client is not None else connect(self.access, self.pace)

    def conversation(self, pull: int, teams: Sequence[str]) -> Conversation:
        """What was said of a pull request, by whom, and who had a hand in it. Raises ``ForgeError``."""
        return conversation(self._github, self.access.repository, pull, teams)

    def reported_on(self, repository: str, commit: str) -> tuple[Reported, ...]:
        """Every check run and commit status on a commit of any repository. Raises ``ForgeError``."""
        return reported_on(self._github, repository, commit)

    def pulls_of(self, repository: str, commit: str) -> tuple[SourcePull, ...]:
        """The pull requests that a commit of any repository came from. Raises ``ForgeError``."""
        return pulls_of(self._github, repository, commit)

    def close(self) -> None:
        """Close what was opened; it may be asked again, and opens anew."""
        opened = self.__dict__.pop("_github", None)
        if opened is not None and opened is not self.client:
            opened.close()
