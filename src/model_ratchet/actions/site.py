"""site: the static pages of all models, of which only those are written anew whose model has moved. Effects in order."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from model_ratchet import __version__
from model_ratchet.actions.audit import sound
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.spread import spread
from model_ratchet.actions.status import StatusInput, standing_of, survey
from model_ratchet.actions.surroundings import Place
from model_ratchet.core.errors import UsageError
from model_ratchet.documents.files import REVOCATIONS, kind_of
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.revocations import Revocation, Revocations
from model_ratchet.engine.filed import filed
from model_ratchet.engine.model_track import together, track
from model_ratchet.engine.story import Story, stories
from model_ratchet.git import Git
from model_ratchet.ledger import GitLedger
from model_ratchet.report.chronicle import Row, chronicle
from model_ratchet.report.html import as_html
from model_ratchet.report.html.scorecard import Measure, scorecard
from model_ratchet.report.site import pages
from model_ratchet.report.site.seen import DECISIONS, InForce, Seen, SeenModel, report_path
from model_ratchet.report.standing import Standing

_KEPT = "pages.json"
"""In the site's folder: page → what it was made of, so that the next run knows which to write."""
_OURS = re.compile(r"(?:[a-z]+/)?[A-Za-z0-9_-][A-Za-z0-9._-]*\.html")
"""No page is outside of the folder, whatever that list says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInput:
    """Whose site: of all models of a base branch. ``environ`` says where the repository is on GitHub, else its remote."""

    repo: Path
    base: str | None = None
    fetch: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many pages of the site were written, of how many, and how many reports among them."""

    pages: int
    of: int
    reports: int


def site(asked: SiteInput, folder: Path, *, workers: int | None = None) -> Written:
    """Write the site into a folder: what is there and has not changed stays, and what is no page of it any more goes.

    Raises:
        UsageError: the folder holds something else.
        RepositoryError: git could not answer.
        RecordError: the ledger, a record of it, or what the watch remembers, does not hold.
    """
    kept = _kept(folder)
    ledger, seen = look(asked)
    made = {page.path: _key(page.made_of) for page in pages(seen, {})}
    made |= {report_path(digest): _key("report") for digest in seen.reports}
    stale = {path for path, key in made.items() if kept.get(path) != key or not (folder / path).exists()}
    asked_of = {one.record for one in seen.models if one.record and f"models/{one.name}.html" in stale}
    reported = {digest for digest in seen.reports if report_path(digest) in stale}
    cards: dict[str, tuple[Measure, ...]] = {}
    work = partial(_read, ledger, frozenset(reported))
    for digest, card, text in spread(work, sorted(asked_of | reported), workers):
        cards[digest] = card
        if text is not None:
            _write(folder / report_path(digest), text)
    for page in pages(seen, cards):
        if page.path in stale:
            _write(folder / page.path, page.write())
    for path in kept.keys() - made.keys():
        (folder / path).unlink(missing_ok=True)
    _write(folder / _KEPT, json.dumps(made, indent=0, sort_keys=True))
    return Written(pages=len(stale), of=len(made), reports=len(reported))


def look(asked: SiteInput) -> tuple[GitLedger, Seen]:
    """All that the pages are made of.

    Raises:
        RepositoryError: git could not answer.
        RecordError: the ledger, or what the watch remembers, does not hold.
    """
    there = survey(StatusInput(repo=asked.repo, base=asked.base, fetch=asked.fetch))
    events = sound(there.ledger).events
    told = stories(events)
    found = standing_of(there, told)
    rows = sorted(chronicle(events), key=lambda row: (row.at, row.line), reverse=True)
    bound = {name: tuple(map(str, one.document.policies)) for name, one in there.located.items()}
    standing = {one.model: one for one in found.models}
    of_model: dict[str, list[Row]] = {}
    for row in rows:
        of_model.setdefault(row.model, []).append(row)
    models = tuple(
        _model(name, standing.get(name), told.get(name), of_model.get(name, ()), bound.get(name, ()))
        for name in sorted(standing.keys() | told.keys())
    )
    known = read_at(Revocations, there.files, there.commit, REVOCATIONS)
    revoked = () if isinstance(known, Faulty) else known.document.revocations
    seen = Seen(
        models=models,
        track=together(one.track for one in models),
        rows=tuple(row for row in rows if row.what in DECISIONS),
        policies=tuple(_in_force(there.files.paths(there.commit, "policies"), bound, revoked)),
        watched_at=found.watched_at,
        findings=tuple(map(str, found.findings)),
        address=_address(asked.environ, there.repository),
        reports=frozenset(digest for story in told.values() for digest in _current(story)),
    )
    return there.ledger, seen


def _model(
    name: str, standing: Standing | None, story: Story | None, rows: Iterable[Row], policies: tuple[str, ...]
) -> SeenModel:
    return SeenModel(
        name=name,
        standing=standing,
        track=track(story if story is not None else Story(model=name)),
        rows=tuple(rows),
        policies=policies,
        record=_promoted(story) if story is not None else None,
    )


def _in_force(
    paths: Iterable[str], bound: Mapping[str, tuple[str, ...]], revocations: Iterable[Revocation]
) -> Iterator[InForce]:
    revoked = {str(one.policy): f"since {one.since:%Y-%m-%d}, {one.reason}" for one in revocations}
    for path in paths:
        if kind_of(path) is Policy:
            policy = path.removeprefix("policies/").removesuffix(".yaml").removesuffix(".yml")
            users = tuple(sorted(name for name, of in bound.items() if policy in of))
            yield InForce(name=policy, models=users, revoked=revoked.get(policy))


def _promoted(story: Story) -> str | None:
    """The record of the version that was promoted last and still stands."""
    newest = max(story.standing.values(), key=lambda one: one.at, default=None)
    return newest.record if newest is not None else None


def _current(story: Story) -> Iterator[str]:
    """The records of what is in production and on its way there; those of the past are in the ledger."""
    promoted = _promoted(story)
    if promoted is not None:
        yield promoted
    for attempt in story.open:
        yield from (closed.record for closed in attempt.closed.values())


def _address(environ: Mapping[str, str], repository: Git) -> str | None:
    server, named = environ.get("GITHUB_SERVER_URL") or "https://github.com", environ.get("GITHUB_REPOSITORY")
    if named:
        return f"{server}/{named}"
    url = repository.remote_url()
    place = Place.of(url) if url is not None else None
    return place.url if place is not None else None


def _read(
    ledger: GitLedger, reported: frozenset[str], digests: Sequence[str]
) -> Iterator[tuple[str, tuple[Measure, ...], str | None]]:
    """The scorecard of each record, and its report where that is to be written."""
    for digest, content in ledger.held(digests):
        record = filed(content, digest)
        yield digest, scorecard(record), as_html(record) if digest in reported else None


def _key(made_of: object) -> str:
    return hashlib.sha256(f"{__version__} {made_of!r}".encode()).hexdigest()


def _kept(folder: Path) -> Mapping[str, str]:
    file = folder / _KEPT
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(
                f"{folder} holds something else than a site: name an empty folder, or one that is not there"
            ) from None
        return {}
    except ValueError:
        return {}
    return {path: key for path, key in held.items() if _OURS.fullmatch(path)} if isinstance(held, dict) else {}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
