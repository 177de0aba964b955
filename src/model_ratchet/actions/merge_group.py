"""merge_group: a group of the merge queue, judged by what the checks of its pull requests have sealed. No source is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from model_ratchet.actions.queue import check_group
from model_ratchet.actions.sign_off import PullRequest, read_sign_offs
from model_ratchet.engine.enclosed import enclosed
from model_ratchet.engine.queue import QueueVerdict
from model_ratchet.engine.record import Record
from model_ratchet.engine.reuse import with_sign_offs
from model_ratchet.github.checks import newest_check
from model_ratchet.github.client import Hub
from model_ratchet.github.pulls import PullState, open_pulls
from model_ratchet.ports import Forge, Repository

_NUMBER = re.compile(
    r".* \(#(?P<squashed>[1-9]\d{0,8})\)|Merge pull request #(?P<merged>[1-9]\d{0,8}) from \S+", re.ASCII
)
"""The first line that GitHub gives to a commit: of a squash, and of a merge. No branch has a space in its name."""


def number_in(subject: str) -> int | None:
    """The number of the pull request that the first line of a commit names; a claim, until its content shows it."""
    named = _NUMBER.fullmatch(subject)
    return int(named["squashed"] or named["merged"]) if named is not None else None


@dataclass(frozen=True)
class Queue:
    """Where the pull requests of a group are, and the branch that it is to be merged into."""

    repository: Repository
    hub: Hub
    branch: str
    tip: str
    """The commit that the protected branch has now."""
    forge: Forge | None = None
    """Where reviews are asked again; without it those that are sealed count."""

    def judge(self, *, base: str, head: str, now: datetime) -> QueueVerdict:
        """The verdict on the commits after ``base`` up to ``head``.

        Raises:
            RepositoryError: git could not answer, or the group is no line of first parents.
            ForgeError: pull requests or their checks can't be read.
            RecordError: what a check has sealed can't be read.
        """
        return check_group(self.repository, tip=self.tip, base=base, head=head, sealed=self.sealed, now=now)

    def sealed(self, commit: str) -> Sequence[Record]:
        """What the newest check of the pull request of a commit has sealed, with what its reviewers say now."""
        pull = self._pull(commit)
        if pull is None:
            return ()
        said = newest_check(self.hub, pull.head, pull.base, pull.number)
        if said is None:
            return ()
        return tuple(self._signed(record, pull) for record in enclosed(said.summary))

    @cached_property
    def _pulls(self) -> tuple[PullState, ...]:
        return open_pulls(self.hub, self.branch)

    def _pull(self, commit: str) -> PullState | None:
        """The pull request that a commit merges: its head is a parent of the merge; a squash has only its number."""
        merged = self.repository.parents(commit)[1:]
        number = number_in(self.repository.subject(commit))
        there = [pull for pull in self._pulls if pull.head in merged or not merged]
        found = [pull for pull in there if pull.number == number] or (there if merged else [])
        return found[0] if len(found) == 1 else None

    def _signed(self, record: Record, pull: PullState) -> Record:
        if self.forge is None:
            return record
        self.repository.reach(pull.head)
        asked = PullRequest(self.forge, pull.number)
        said = read_sign_offs(record.plan, self.repository, asked, base=self.tip, head=pull.head)
        return with_sign_offs(record, said)
