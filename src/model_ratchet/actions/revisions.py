"""revisions: the three commits of a check, and the paths that differ between them.

Git alone is asked, and little else is imported: this is as far as a check goes of a pull request that touches nothing of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from model_ratchet.engine.paths import touches_ours
from model_ratchet.ports import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The commits of a check by their ids, and what differs between merge base and head."""

    base: str
    head: str
    merge_base: str
    paths: Mapping[str, str]
    """Path → status: A, M, D or T."""

    @property
    def apart(self) -> bool:
        """Whether the change touches nothing that is judged, so that nothing has to be read to say so."""
        return not touches_ours(self.paths)


def read_revisions(repository: Repository, *, base: str | None, head: str) -> Revisions:
    """What ``head`` brings to ``base``, the repository's default base where none is named.

    Raises:
        RepositoryError: git could not answer.
    """
    onto = repository.commit(base if base is not None else repository.default_base())
    tip = repository.commit(head)
    return between(repository, base=onto, head=tip, merge_base=repository.merge_base(onto, tip))


def between(repository: Repository, *, base: str, head: str, merge_base: str) -> Revisions:
    """What differs between a merge base and a head that are known."""
    paths = {change.path: change.status for change in repository.changes(merge_base, head)}
    return Revisions(base=base, head=head, merge_base=merge_base, paths=paths)
