"""anchoring: the head of the ledger kept on GitHub, and read back from there. Effects in order, no decisions."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from model_ratchet.actions.doctor import access_of, headers_of
from model_ratchet.actions.on_event import Run
from model_ratchet.actions.surroundings import Place
from model_ratchet.core.errors import RatchetError, RecordError
from model_ratchet.engine.lines import Head, against_anchor, read_lines
from model_ratchet.git_write import Writer
from model_ratchet.github.anchors import Anchors, anchor, anchors_in_deployments, anchors_on
from model_ratchet.github.client import Hub, Pace, open_hub
from model_ratchet.ledger import fetch_ledger

REACH = 100
"""On so many commits of the protected branch, from its tip, anchors are looked for."""


def keep_anchor(run: Run, base: str) -> tuple[str, ...]:
    """Keep the head of the ledger in a check run on the tip of the protected branch, unless it is there already; why not.

    A ledger that does not hold the anchors that were kept last is not anchored: that would vouch for what was done to it.
    """
    try:
        _keep(Writer(run.repo, run.headers), run.hub, base, run.job.url)
    except RatchetError as error:
        return (f"anchor of the ledger: {error}",)
    return ()


def kept_anchors(
    repo: Path, base: str | None, environ: Mapping[str, str], pace: Pace | None = None
) -> tuple[Writer, tuple[Head, ...]]:
    """Every anchor of the ledger that GitHub keeps, and the repository to compare with them; the ledger is to be fetched after
    that, because it goes on growing. ``base`` is the protected branch, by default the remote's default branch.

    Raises:
        RecordError: GitHub keeps none that our app has published.
        RepositoryError: git could not answer.
        ForgeError: GitHub could not be asked.
    """
    url = Writer(repo).remote_url()
    place = Place.of(url) if url is not None else None
    access = access_of(environ, place)
    repository = Writer(repo, headers_of(access, environ, place))
    branch = base if base is not None else repository.default_branch()
    with closing(open_hub(access, pace)) as hub:
        found = anchors_in_deployments(hub)
        for commit in repository.recent(repository.fetch_branch(branch), REACH):
            found |= anchors_on(hub, commit)
        if not found.heads:
            raise RecordError(_none(hub, branch, found))
    return repository, tuple(sorted(found.heads))


def _keep(repository: Writer, hub: Hub, base: str, url: str) -> None:
    tip = repository.fetch_branch(base)
    here = anchors_on(hub, tip).heads
    known = here or _newest(repository, hub, tip)
    ledger = fetch_ledger(repository)  # after the anchors, because it goes on growing
    read = read_lines(ledger.lines())
    if read.broken:
        raise RecordError(f"{read.broken[0].place}: {read.broken[0].what}")
    for held in sorted(known):
        why = against_anchor(read, held)
        if why is not None:
            raise RecordError(f"{why}. `ratchet audit verify --anchor github` says all that is wrong")
    if read.head.n and read.head not in here:
        anchor(hub, tip, read.head, url)


def _newest(repository: Writer, hub: Hub, tip: str) -> frozenset[Head]:
    """The anchors on the newest commit that has any."""
    found = (anchors_on(hub, commit).heads for commit in repository.recent(tip, REACH))
    return next(filter(None, found), frozenset())


def _none(hub: Hub, branch: str, found: Anchors) -> str:
    others = f"; those of {', '.join(sorted(found.strangers))} are not believed" if found.strangers else ""
    return (
        f"GitHub keeps no anchor of the app {hub.app} in deployments or on the last {REACH} commits of {branch}{others}. "
        "`ratchet record --publish` keeps one; RATCHET_APP names the App of the hardened tier"
    )
