"""replay: every recorded decision judged under another policy. Effects in order, no decisions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model_ratchet.actions.audit import log
from model_ratchet.actions.spread import spread
from model_ratchet.core.errors import UsageError
from model_ratchet.core.finding import Finding
from model_ratchet.core.names import PolicyName
from model_ratchet.documents.files import policy_path
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.yaml import MAX_BYTES
from model_ratchet.engine.filed import filed
from model_ratchet.engine.replay import Replayed, replay
from model_ratchet.ledger import GitLedger
from model_ratchet.ports import Repository
from model_ratchet.report.chronicle import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One record, the events that name it, and what another policy makes of it."""

    rows: tuple[Row, ...]
    replayed: Replayed


def the_policy(repository: Repository, base: str | None, named: str) -> Policy | tuple[Finding, ...]:
    """The policy ``name/version`` of the base branch, or the draft in a file, or what is wrong with it.

    Raises:
        UsageError: there is none.
        RepositoryError: git could not answer.
    """
    if named.endswith((".yaml", ".yml")):
        file = Path(named)
        try:
            return read(Policy, _within(repository.root, file), file.read_bytes())
        except OSError as error:
            raise UsageError(f"{named} can't be read: {error.strerror}") from None
    try:
        path = policy_path(PolicyName.parse(named))
    except ValueError as error:
        raise UsageError(f"{error}, or the path of a draft that ends with .yaml") from None
    commit = repository.commit(base if base is not None else repository.default_base())
    blob = repository.read(commit, [path], MAX_BYTES).get(path)
    if blob is None:
        raise UsageError(f"there is no {path} on the base branch: name a draft by its path, such as ./{path}")
    return read(Policy, path, blob.content)


def replay_all(
    ledger: GitLedger, policy: Policy, *, model: str | None = None, workers: int | None = None
) -> tuple[Decision, ...]:
    """Every decision that the ledger recorded, of one model or of all, under a policy; in the order of the chain.

    Raises:
        RecordError: there is no ledger, or it, or a record of it, does not hold.
        RepositoryError: git could not answer.
    """
    rows: dict[str, tuple[Row, ...]] = {}
    for row in log(ledger):
        if row.record and model in (None, row.model):
            rows[row.record] = (*rows.get(row.record, ()), row)
    replayed = spread(partial(_replayed, ledger, policy), tuple(rows), workers)
    return tuple(Decision(rows=of, replayed=one) for of, one in zip(rows.values(), replayed, strict=True))


def _replayed(ledger: GitLedger, policy: Policy, digests: Sequence[str]) -> Iterator[Replayed]:
    for digest, content in ledger.held(digests):
        yield replay(policy, filed(content, digest, at_once=False))


def _within(root: Path, file: Path) -> str:
    """The path from the repository's root, where a place says what a document is called; else the path as it is."""
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file.name
