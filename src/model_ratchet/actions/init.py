"""init: the workflows, policies and templates of a repository that promotes models, and what to click in its settings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from model_ratchet import __version__
from model_ratchet.actions.precommit import FILE as PRE_COMMIT
from model_ratchet.actions.precommit import with_hook
from model_ratchet.actions.surroundings import Place, Surroundings, surroundings
from model_ratchet.actions.worktree import Placed, State, place, refuse_links
from model_ratchet.documents.codeowners import PLACES, owners_of
from model_ratchet.documents.schemas import NAMES, schema_text, schemas
from model_ratchet.shipped import shipped_policies, source_commit, template

ACTION = "model-ratchet/model-ratchet/.github/actions/ratchet"
NO_COMMIT = "0" * 40
EXAMPLE = "policies/models/example.yaml"
DEMO = ("policies/flight-delay/", "policies/models/", "policies/sources.yaml")
"""What is shipped for the demo alone: its policy takes stage starts from the request, which no other should."""


class Tier(StrEnum):
    """How far the repository trusts those who may push to it."""

    QUICKSTART = "quickstart"
    HARDENED = "hardened"


_BOTH = (
    "promotion-advance.yml",
    "promotion-check.yml",
    "promotion-recheck.yml",
    "promotion-record.yml",
    "promotion-rollback.yml",
    "promotion-watch.yml",
)
PAGES = "promotion-pages.yml"
WORKFLOWS: Mapping[Tier, tuple[str, ...]] = {
    Tier.QUICKSTART: _BOTH,
    Tier.HARDENED: (*_BOTH, "promotion-relay.yml"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InitInput:
    """Where to write what, and what it depends on."""

    repo: Path
    tier: Tier = Tier.QUICKSTART
    pages: bool = False
    """Whether the pages of all models are to be published: they may be seen by more people than the repository."""
    force: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What was written, what is to be added by hand (by file), what is still to be filled in, and what to click."""

    placed: tuple[Placed, ...]
    by_hand: Mapping[str, str]
    left: tuple[str, ...]
    settings: str
    strangers: tuple[str, ...]
    """Workflows of the other tier."""


def init(asked: InitInput) -> Initialised:
    """Write what a repository needs to promote models on GitHub; files that are there are kept, unless forced.

    Raises:
        RepositoryError: there is no repository, or it is on no branch.
        UsageError: it has no work tree, or a file would be written through a symbolic link. Nothing is written then.
    """
    around = surroundings(asked.repo, asked.environ)
    words = _words(around)
    files = dict(_files(around.root, asked.tier, words))
    if asked.pages:
        files[f".github/workflows/{PAGES}"] = template(PAGES, words)
    codeowners = around.codeowners or PLACES[0]
    refuse_links(around.root, (*files, codeowners, PRE_COMMIT))
    by_hand: dict[str, str] = {}
    placed = [*place(around.root, files, force=asked.force)]
    placed += _code_owners(around.root, codeowners, words, by_hand, force=asked.force)
    placed += _pre_commit(around.root, words, by_hand)
    return Initialised(
        placed=tuple(placed),
        by_hand=by_hand,
        left=tuple(_left(around.root, (one.path for one in placed))),
        settings=template(f"{asked.tier}/settings.md", words),
        strangers=tuple(path for path in _others(asked.tier) if (around.root / path).exists()),
    )


def told(done: Initialised) -> str:
    """What was written and kept, what is left to fill in, and what to click."""
    lines = [f"wrote {one.path}" for one in done.placed if one.state is State.WRITTEN]
    lines += [
        f"kept {one.path}, which differs: write over it with --force"
        for one in done.placed
        if one.state is State.KEPT and one.path not in done.by_hand
    ]
    same = sum(one.state is State.UNCHANGED for one in done.placed)
    lines += [f"{same} files are there already as they should be"] if same else []
    lines += [f"{path} belongs to the other tier: remove it" for path in done.strangers]
    for path, text in done.by_hand.items():
        lines += ["", f"to be added to {path}, which is kept as it is:", "", text.rstrip()]
    lines += ["", "left to fill in (TODO):", *(f"  {one}" for one in done.left)] if done.left else []
    lines += [
        "",
        "to be set on GitHub, once this is merged (`ratchet doctor` looks whether it is):",
        "",
        done.settings.rstrip(),
        "",
    ]
    lines.append("what each of it protects against, and what not: docs/github/setup.md of Ratchet")
    return "\n".join(lines)


def _words(around: Surroundings) -> dict[str, str]:
    owner = around.place.owner if around.place is not None else "TODO"
    owners = around.owners or (f"@{owner}/TODO-owners",)
    # CODEOWNERS knows addresses too, a model file only @login and @organisation/team
    people = [one for one in owners if one.startswith("@")] or [f"@{owner}/TODO-owners"]
    commit = source_commit()
    mark = f"v{__version__}" if commit is not None else f"TODO: the commit of v{__version__}"
    settings = f"{around.place.url}/settings" if around.place is not None else "Settings"
    runners = around.place is not None and not around.place.is_github
    return {
        "BASE": around.base,
        "ACTION": f"{ACTION}@{commit or NO_COMMIT} # {mark}",
        "REVISION": f"{commit or NO_COMMIT} # {'frozen: ' if commit else ''}{mark}",
        "OWNER": owner,
        "OWNERS": " ".join(owners),
        "PEOPLE": ", ".join(f'"{one}"' for one in people),
        "RUNNER": "self-hosted # TODO: a label of your runners" if runners else "ubuntu-24.04",
        "RULES": f"{settings}/rules",
        "ACTIONS": f"{settings}/actions",
        "SECRETS": f"{settings}/secrets/actions",
        "ENVIRONMENTS": f"{settings}/environments",
        "APPS": _apps(around.place),
    }


def _apps(place: Place | None) -> str:
    if place is None:
        return "Developer settings of the owner, GitHub Apps"
    return f"https://{place.host}/organizations/{place.owner}/settings/apps (of a person: https://{place.host}/settings/apps)"


def _others(tier: Tier) -> tuple[str, ...]:
    every = {name for names in WORKFLOWS.values() for name in names}
    return tuple(f".github/workflows/{name}" for name in sorted(every - set(WORKFLOWS[tier])))


def _files(root: Path, tier: Tier, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in WORKFLOWS[tier]:
        yield f".github/workflows/{name}", template(f"{tier}/{name}", words)
    yield ".github/ISSUE_TEMPLATE/root-cause.yml", template("root-cause.yml", words)
    yield _pull_request_template(root), template("pull_request_template.md", words)
    yield "promotions/README.md", template("promotions.md", words)
    for path, content in shipped_policies().items():
        if not path.startswith(DEMO):
            yield path, content.decode()
    yield "policies/sources.yaml", template("sources.yaml", words)
    known = schemas()
    for name in NAMES.values():
        yield f"schemas/{name}.json", schema_text(known[name])
    if (root / EXAMPLE).exists() or not any((root / EXAMPLE).parent.glob("*.yaml")):
        yield EXAMPLE, template("model.yaml", words)


def _pull_request_template(root: Path) -> str:
    """Where the template of pull requests stands: GitHub takes it from three folders, in any case of letters."""
    for folder in (".github", "", "docs"):
        if (root / folder).is_dir():
            for file in sorted((root / folder).iterdir()):
                if file.name.lower() in {"pull_request_template.md", "pull_request_template.txt"}:
                    return file.relative_to(root).as_posix()
    return ".github/pull_request_template.md"


def _code_owners(
    root: Path, path: str, words: Mapping[str, str], by_hand: dict[str, str], *, force: bool
) -> tuple[Placed, ...]:
    """Lines are added to a file that is there only by force: they would take paths away from their present owners."""
    rules = template("CODEOWNERS", words)
    file = root / path
    if not file.exists():
        return place(root, {path: rules}, force=force)
    text = file.read_text("utf-8", "replace")
    decisive = ("policies/sources.yaml", "promotions/README.md", ".github/workflows/promotion-check.yml", path)
    if all(owners_of(text, one) for one in decisive):
        return (Placed(path, State.UNCHANGED),)
    if force:
        return place(root, {path: f"{text.rstrip()}\n\n{rules}"}, force=True)
    by_hand[path] = rules
    return (Placed(path, State.KEPT),)


def _pre_commit(root: Path, words: Mapping[str, str], by_hand: dict[str, str]) -> tuple[Placed, ...]:
    """The hook is added to what is there: that changes nothing of it."""
    entry = template("pre-commit.yaml", words)
    file = root / PRE_COMMIT
    merged = with_hook(file.read_text("utf-8", "replace") if file.exists() else None, entry)
    if merged is None:
        by_hand[PRE_COMMIT] = entry
        return (Placed(PRE_COMMIT, State.KEPT),)
    return place(root, {PRE_COMMIT: merged}, force=True)


def _left(root: Path, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        lines = (root / path).read_text("utf-8", "replace").splitlines()
        marked = [str(number) for number, line in enumerate(lines, 1) if "TODO" in line]
        if marked:
            yield f"{path}: line{'s' * (len(marked) > 1)} {', '.join(marked)}"
