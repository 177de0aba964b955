"""origin: how GitHub says that a commit came onto the base branch, with what our own check had sealed of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from model_ratchet.actions.merge_group import number_in
from model_ratchet.actions.record import Told
from model_ratchet.actions.sign_off import weigh
from model_ratchet.core.errors import RecordError
from model_ratchet.documents.events import Actor, RootCause
from model_ratchet.engine.enclosed import enclosed
from model_ratchet.engine.record import Record
from model_ratchet.engine.recorded import Arrival
from model_ratchet.engine.reuse import with_sign_offs
from model_ratchet.engine.sign_off import teams
from model_ratchet.github.checks import newest_check
from model_ratchet.github.client import Hub
from model_ratchet.github.issues import ours
from model_ratchet.github.merges import Ended, closed_pull, merged_pull, other_publishers, pusher
from model_ratchet.ports import Forge, Repository
from model_ratchet.report.incident import LABEL
from model_ratchet.report.rollback import cause_marker

PUSHED = "it was pushed: no pull request was merged by it"


@dataclass(frozen=True)
class GithubOrigin:
    """The pull requests that go to a branch. What was told once is not asked again."""

    repository: Repository
    hub: Hub
    forge: Forge
    branch: str
    tip: str
    """The commit that the branch has now."""
    known: dict[str, Told] = field(default_factory=dict)

    def told(self, commit: str) -> Told:
        """The pull request of a commit, and what our newest check on its head had sealed.

        Raises:
            ForgeError: GitHub can't be asked.
            RepositoryError: git could not answer.
        """
        if commit not in self.known:
            self.known[commit] = self._told(commit)
        return self.known[commit]

    def closed(self, pull: int) -> Arrival | None:
        """When a pull request was closed without a merge, and by whom; None where it was not."""
        ended = closed_pull(self.hub, pull)
        return _arrival(ended) if ended is not None else None

    def causes(self, incidents: Sequence[tuple[str, str]]) -> Iterator[RootCause]:
        """What our own issues on the root causes of incidents say: opened, or closed."""
        there = ours(self.hub, LABEL)
        for model, incident in incidents:
            found = there.get(cause_marker(model, incident))
            if found is not None:
                at, closed = found.closed_at or found.opened_at, found.closed_at is not None
                yield RootCause(at=at, model=model, incident=incident, issue=found.number, closed=closed)

    def _told(self, commit: str) -> Told:
        parents = self.repository.parents(commit)
        number = number_in(self.repository.subject(commit))
        pull = merged_pull(self.hub, commit, self.branch, parents=parents, number=number)
        if pull is None:
            after = self.repository.first_parents(commit, self.tip)
            by = _actor(pusher(self.hub, self.branch, (commit, *after)))
            return Told(arrival=Arrival(at=self.repository.committed_at(commit), by=by), notes=(PUSHED,))
        said = newest_check(self.hub, pull.head, self.branch, pull.number)
        if said is None:
            others = other_publishers(self.hub, pull.head, self.branch)
            notes = tuple(f"the check on {pull.head[:12]} is of the app {one}, not of {self.hub.app}" for one in others)
            return Told(arrival=_arrival(pull), notes=notes)
        try:
            sealed = enclosed(said.summary)
        except RecordError as error:
            return Told(arrival=_arrival(pull), notes=(str(error),))
        return Told(
            arrival=_arrival(pull),
            sealed=sealed,
            signed=tuple(self._signed(one, pull, before=parents[0]) for one in sealed),
        )

    def _signed(self, record: Record, pull: Ended, *, before: str) -> Record:
        """The record with what reviewers had said by the time of the merge."""
        self.repository.reach(pull.head)
        told = self.forge.conversation(pull.number, teams(record.plan))
        then = replace(told, reviews=tuple(one for one in told.reviews if one.submitted_at <= pull.at))
        return with_sign_offs(record, weigh(record.plan, self.repository, then, base=before, head=pull.head))


def _arrival(ended: Ended) -> Arrival:
    return Arrival(at=ended.at, pull=ended.number, by=_actor(ended.by))


def _actor(account: tuple[str, int] | None) -> Actor | None:
    return Actor(login=account[0], id=account[1]) if account is not None else None
