"""undo: a mistaken rollback is taken back. Before the removal is merged by a release of the hold, later by a pull request."""

from collections.abc import Iterator
from functools import partial

from model_ratchet.actions.after_merge import Followed, tried
from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import hidden_at
from model_ratchet.actions.rollback import Where, base_tip_of, removal_branch, render_again
from model_ratchet.core.errors import UsageError
from model_ratchet.documents.events import Actor, Hold, Released, RolledBackVersion
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.undo import last_rollback, removed_tree
from model_ratchet.github.pulls import propose, pull_of
from model_ratchet.ledger import Entry, GitLedger, append, fetch_ledger
from model_ratchet.report.rollback import undo_body, undo_title

BRANCHES = "ratchet/undo"


def take_back(model: str, version: str, reason: str, where: Where, *, by: Actor | None = None) -> tuple[Followed, ...]:
    """Take the rollback of a version back; each step is looked for before it is made.

    Raises:
        UsageError: there is no such rollback, what it took out is not known, or the reason is empty.
        RepositoryError: git could not answer, or the ledger can't be written.
        RecordError: the ledger can't be read, or the reason holds a secret.
    """
    if not reason.strip():
        raise UsageError("say why: the reason of an undo is written down")
    ledger = fetch_ledger(where.repository)
    known = read_chain(where.repository, base_tip_of(where), model)
    if any(str(one.candidate) == version for one in known.versions):
        return tuple(_released(ledger, model, version, reason, where, by))
    story = ledger.story(model)
    event = last_rollback(story, version)
    if event is None:
        raise UsageError(f"{version} of {model} was not rolled back: run `ratchet record` where it was a moment ago")
    tree = removed_tree(story, event)
    if tree is None:
        raise UsageError(f"no verdict vouched for {version} of {model}: propose it again")
    return tuple(_proposed(event, tree, reason, where))


def _released(
    ledger: GitLedger, model: str, version: str, reason: str, where: Where, by: Actor | None
) -> Iterator[Followed]:
    """The version is still there: its hold ends, and traffic follows the base branch again."""
    held = ledger.story(model).hold
    if held is None or str(held.refuse) != version:
        raise UsageError(f"{version} of {model} is promoted, and no incident refuses it")

    def decide(now: GitLedger) -> Entry:
        there = now.story(model).hold
        released = Released(at=where.now, by=by, model=model, because=reason)
        return Entry((released,) if there is not None and there.incident == held.incident else ())

    hidden = hidden_at(where.repository, base_tip_of(where), where.environ)
    append(where.repository, decide, f"{model}: release", where.now, hidden=hidden)
    yield Followed(said=f"{model} is no longer held on {held.serve}")
    yield from tried("traffic", partial(render_again, where, model))
    yield from tried("removal", partial(_to_close, held, where))


def _to_close(held: Hold, where: Where) -> Followed | None:
    branch = removal_branch(held.model, held.incident or "")
    if where.run is None:
        return Followed(said=f"to do: close the pull request from {branch}")
    number = pull_of(where.run.hub, branch)
    return Followed(said=f"to do: close pull request #{number}") if number is not None else None


def _proposed(event: RolledBackVersion, tree: str, reason: str, where: Where) -> Iterator[Followed]:
    """A branch with one commit that puts the folder back, byte for byte, and its pull request."""
    branch = f"{BRANCHES}/{event.model}/{event.version}-{event.commit[:12]}"
    yield from tried("branch", partial(_branch, branch, event, tree, where))
    if where.run is None:
        yield Followed(
            said=f"to do: open a pull request from {branch} to {where.base}, for on-call and risk to approve"
        )
        return
    yield from tried("pull request", partial(_pull, branch, event, reason, where))


def _branch(branch: str, event: RolledBackVersion, tree: str, where: Where) -> Followed | None:
    if where.repository.branch(branch) is not None:
        return None
    folder, tip = Folder(event.model, str(event.version)), base_tip_of(where)
    where.repository.beginning(
        tip, folder.request
    )  # a clone may be cut short: as far back as the folder came, all is fetched
    where.repository.start_with(branch, tip, folder.path, tree, undo_title(event), where.now)
    return Followed(said=f"{branch} puts {folder.path} back")


def _pull(branch: str, event: RolledBackVersion, reason: str, where: Where) -> Followed | None:
    if where.run is None or pull_of(where.run.hub, branch) is not None:
        return None
    body = undo_body(event, reason, where.run.job.url)
    number = propose(where.run.hub, branch, where.base, title=undo_title(event), body=body)
    return Followed(said=f"pull request #{number} waits for on-call and risk")
