"""Protection: what rulesets, and the classic protection, hold a branch to. Either may be hidden from the token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from model_ratchet.core.errors import ForgeError
from model_ratchet.engine.settings import Guard, Protection, RequiredCheck, Reviews, Unread
from model_ratchet.github.answers import Json, every, one
from model_ratchet.github.client import asking

if TYPE_CHECKING:
    from github import Github

ADMINISTRATION = "administration: read"
_ROLES = {2: "maintainers", 4: "who may write", 5: "administrators"}
T = TypeVar("T")


def protection(github: Github, repo: str, branch: str) -> Protection:
    """What holds a branch: rulesets and the classic protection, of which either may be hidden from us."""
    guards: list[Guard] = []
    unread: list[Unread] = []
    name = quote(branch, safe="")
    for what, takes, ask in (
        (f"the rules of {branch}", "metadata: read", lambda: _rulesets(github, repo, name)),
        (f"the classic protection of {branch}", ADMINISTRATION, lambda: _classic(github, repo, name)),
    ):
        found = or_unread(what, takes, ask)
        if isinstance(found, Unread):
            unread.append(found)
        else:
            guards += found
    return Protection(tuple(guards), tuple(unread))


def or_unread(what: str, takes: str, ask: Callable[[], T]) -> T | Unread:
    """What is asked for; what was not told, where there is no answer or none that can be understood."""
    try:
        return ask()
    except ForgeError as error:
        return Unread(what, error.status, takes)
    except (KeyError, TypeError, ValueError):
        return Unread(what, "not understood", takes)


def one_or_none(github: Github, path: str, what: str, absent: str) -> Json | None:
    """One object; None where GitHub says in these words that there is none, as it does only to who may see it.

    Raises:
        ForgeError: there is no answer, it is no object, or it is a 404 of other words.
    """
    try:
        return one(github, path, what)
    except ForgeError as error:
        if error.status == "404" and _says(github, path, what) == absent:
            return None
        raise


def _says(github: Github, path: str, what: str) -> object:
    """What GitHub gives as the reason of a refusal, which is compared and never repeated."""
    with asking(f"tell {what}"):
        _, _, text = github.requester.requestJson("GET", path)
        told = json.loads(text)
    return told.get("message") if isinstance(told, dict) else None


def _rulesets(github: Github, repo: str, branch: str) -> list[Guard]:
    rules: dict[int, dict[str, Json]] = {}
    for told in every(github, f"{repo}/rules/branches/{branch}", "the rules"):
        rules.setdefault(int(told["ruleset_id"]), {})[str(told["type"])] = told.get("parameters") or {}
    return [_ruleset(github, repo, number, kinds) for number, kinds in rules.items()]


def _ruleset(github: Github, repo: str, number: int, kinds: Mapping[str, Json]) -> Guard:
    path, takes = f"{repo}/rulesets/{number}", "administration: write"
    about = or_unread(f"the ruleset #{number}", takes, lambda: one(github, path, "the ruleset"))
    name = f"the ruleset #{number}" if isinstance(about, Unread) else f"the ruleset {about['name']}"
    bypass: tuple[str, ...] | Unread
    if isinstance(about, Unread):
        bypass = about
    elif "bypass_actors" not in about:
        bypass = Unread(f"who may bypass {name}", "not told", takes)
    else:
        bypass = tuple(_actor(one) for one in about["bypass_actors"])
    queue = kinds.get("merge_queue")
    return Guard(
        name=name,
        keeps_branch="deletion" in kinds,
        keeps_history="non_fast_forward" in kinds,
        reviews=_ruleset_reviews(kinds["pull_request"]) if "pull_request" in kinds else None,
        checks=tuple(
            RequiredCheck(str(one["context"]), one.get("integration_id"))
            for one in kinds.get("required_status_checks", {}).get("required_status_checks", ())
        ),
        queue=None if queue is None else str(queue.get("merge_method", "merge")).lower(),
        bypass=bypass,
    )


def _ruleset_reviews(told: Json) -> Reviews:
    methods = told.get("allowed_merge_methods")
    return Reviews(
        approvals=int(told["required_approving_review_count"]),
        code_owners=bool(told["require_code_owner_review"]),
        last_push=bool(told["require_last_push_approval"]),
        dismiss_stale=bool(told["dismiss_stale_reviews_on_push"]),
        methods=None if methods is None else frozenset(methods),
    )


def _classic(github: Github, repo: str, branch: str) -> list[Guard]:
    path = f"{repo}/branches/{branch}/protection"
    told = one_or_none(github, path, "the protection", "Branch not protected")
    if told is None:
        return []
    return [
        Guard(
            name="the branch protection",
            keeps_branch=not _enabled(told, "allow_deletions"),
            keeps_history=not _enabled(told, "allow_force_pushes"),
            reviews=_classic_reviews(told.get("required_pull_request_reviews")),
            checks=tuple(RequiredCheck(str(one["context"]), _source(one)) for one in _checks(told)),
            bypass=tuple(_classic_bypass(told)),
        )
    ]


def _checks(told: Json) -> Sequence[Json]:
    required = told.get("required_status_checks") or {}
    older = [{"context": name} for name in required.get("contexts") or ()]  # an Enterprise server knows no sources
    return required.get("checks") or older


def _classic_reviews(told: Json | None) -> Reviews | None:
    if told is None:
        return None
    return Reviews(
        approvals=int(told.get("required_approving_review_count") or 0),
        code_owners=bool(told.get("require_code_owner_reviews")),
        last_push=bool(told.get("require_last_push_approval")),
        dismiss_stale=bool(told.get("dismiss_stale_reviews")),
    )


def _classic_bypass(told: Json) -> Iterator[str]:
    if not _enabled(told, "enforce_admins"):
        yield "administrators"
    allowed = (told.get("required_pull_request_reviews") or {}).get("bypass_pull_request_allowances") or {}
    yield from (str(one["login"]) for one in allowed.get("users", ()))
    yield from (str(one["slug"]) for kind in ("teams", "apps") for one in allowed.get(kind, ()))


def _enabled(told: Json, name: str) -> bool:
    return bool((told.get(name) or {}).get("enabled"))


def _source(check: Json) -> int | None:
    """The number of the App; GitHub writes −1 for any source."""
    app = check.get("app_id")
    return int(app) if app is not None and int(app) > 0 else None


def _actor(told: Json) -> str:
    kind, number = str(told["actor_type"]), told.get("actor_id")
    match kind:
        case "RepositoryRole":
            who = _ROLES.get(int(number or 0), f"the role #{number}")
        case "OrganizationAdmin":
            who = "owners of the organization"
        case "DeployKey":
            who = "deploy keys"
        case "Integration":
            who = f"the App #{number}"
        case _:
            who = f"the {kind.lower()} #{number}"
    return who + (" by pull request" if told.get("bypass_mode") == "pull_request" else "")
