"""The rules of branches, and whether they let a merge or a push through.

A rule is what the API says it is: a ``type`` and ``parameters``. The makers below build those that the product meets;
rulesets and classic branch protection hold the same rules and are enforced by the same code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from forge.state import App, CheckRun, Pull, Repository, Review, Ruleset, Team, User
from forge.web import newest

Rule = Mapping[str, Any]
GREEN = frozenset({"success", "neutral", "skipped"})
"""The conclusions that satisfy a required check: GitHub counts these three."""
PLACES = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS")


def required_checks(*names: str, app: App | None = None, strict: bool = False) -> Rule:
    """These checks must be green; with ``app``, published by that app."""
    source = {} if app is None else {"integration_id": app.id}
    checks = [{"context": name, **source} for name in names]
    parameters = {"required_status_checks": checks, "strict_required_status_checks_policy": strict}
    return {"type": "required_status_checks", "parameters": parameters}


def required_reviews(
    count: int = 1,
    *,
    code_owners: bool = False,
    dismiss_stale: bool = False,
    last_push: bool = False,
    methods: tuple[str, ...] = ("merge", "squash", "rebase"),
) -> Rule:
    """Changes come by pull requests that so many have approved."""
    return {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": count,
            "require_code_owner_review": code_owners,
            "dismiss_stale_reviews_on_push": dismiss_stale,
            "require_last_push_approval": last_push,
            "required_review_thread_resolution": False,
            "allowed_merge_methods": list(methods),
        },
    }


def no_force_push() -> Rule:
    """The branch only ever moves forward."""
    return {"type": "non_fast_forward"}


def no_deletion() -> Rule:
    """The branch stays."""
    return {"type": "deletion"}


def merge_queue(method: str = "MERGE") -> Rule:
    """Changes come through the merge queue."""
    return {
        "type": "merge_queue",
        "parameters": {
            "check_response_timeout_minutes": 60,
            "grouping_strategy": "ALLGREEN",
            "max_entries_to_build": 5,
            "max_entries_to_merge": 5,
            "merge_method": method,
            "min_entries_to_merge": 1,
            "min_entries_to_merge_wait_minutes": 5,
        },
    }


def rules_of(repo: Repository, branch: str, actor: User | App | None = None) -> Iterator[Rule]:
    """The rules in force on a branch, without those that the actor may bypass."""
    for ruleset in repo.rulesets.values():
        if in_force(repo, ruleset, branch) and (actor is None or actor not in ruleset.bypass):
            yield from ruleset.rules
    if not (branch in repo.lenient and isinstance(actor, User) and repo.may(actor, "admin")):
        yield from repo.protections.get(branch, ())


def in_force(repo: Repository, ruleset: Ruleset, branch: str) -> bool:
    """Whether a ruleset is active and covers a branch."""
    return ruleset.enforcement == "active" and any(_covers(repo, pattern, branch) for pattern in ruleset.branches)


def of_kind(rules: Iterable[Rule], kind: str) -> list[Mapping[str, Any]]:
    """The parameters of every rule of a kind."""
    return [one.get("parameters", {}) for one in rules if one["type"] == kind]


def against_push(repo: Repository, branch: str, old: str | None, new: str | None, actor: User | App) -> list[str]:
    """Why the rules refuse a direct move of a branch; ``new`` is None for a deletion."""
    rules = list(rules_of(repo, branch, actor))
    kinds = {one["type"] for one in rules}
    said = []
    if new is None:
        return ["Cannot delete this branch"] if "deletion" in kinds else []
    if old is not None and "non_fast_forward" in kinds and not repo.git.descends(new, old):
        said.append("Cannot force-push to this branch")
    if old is not None and "pull_request" in kinds:
        said.append("Changes must be made through a pull request.")
    if old is not None and "merge_queue" in kinds:
        said.append("Changes must be made through the merge queue")
    return said + against_checks(repo, rules, new)


def against_merge(repo: Repository, pull: Pull, teams: Mapping[str, Team], actor: User | App) -> list[str]:
    """Why the rules refuse the merge of a pull request, without the merge queue's."""
    rules = list(rules_of(repo, pull.base_ref, actor))
    said = against_checks(repo, rules, pull.head_sha)
    for one in of_kind(rules, "required_status_checks"):
        tip = repo.git.resolve(pull.base_ref)
        if one.get("strict_required_status_checks_policy") and tip and not repo.git.descends(pull.head_sha, tip):
            said.append("The head branch is not up to date with the base branch.")
    for one in of_kind(rules, "pull_request"):
        said += _against_reviews(repo, pull, teams, one)
    return said


def against_checks(repo: Repository, rules: list[Rule], sha: str) -> list[str]:
    """Which required checks a commit lacks."""
    required = [one for rule in of_kind(rules, "required_status_checks") for one in rule["required_status_checks"]]
    return [
        f'Required status check "{one["context"]}" is expected.'
        for one in required
        if not _green(repo, sha, one["context"], one.get("integration_id"))
    ]


def latest(runs: Iterable[CheckRun]) -> list[CheckRun]:
    """The newest run of each name and app."""
    kept = {(run.name, run.app.id): run for run in sorted(runs, key=lambda run: (run.started_at, run.id))}
    return list(kept.values())


def standing(pull: Pull) -> dict[str, Review]:
    """Each reviewer's last word: approved, changes requested or dismissed."""
    said = [one for one in pull.reviews if one.state != "COMMENTED"]
    return {one.user.login: one for one in said}


def owners(repo: Repository, tip: str, path: str) -> tuple[str, ...]:
    """The owners of a path by the CODEOWNERS file of a commit: the last pattern that fits."""
    found: tuple[str, ...] = ()
    for _, pattern, named in code_owners(repo, tip)[1]:
        if _owned(pattern, path):
            found = named
    return found


def code_owners(repo: Repository, tip: str) -> tuple[str, list[tuple[int, str, tuple[str, ...]]]]:
    """Where the CODEOWNERS file is, and its lines: number, pattern, owners."""
    for place in PLACES:
        done = repo.git.attempt("cat-file", "blob", f"{tip}:{place}")
        if done.returncode == 0:
            lines = [line.partition("#")[0].split() for line in done.stdout.decode().splitlines()]
            return place, [(at, words[0], tuple(words[1:])) for at, words in enumerate(lines, 1) if words]
    return PLACES[1], []


def _covers(repo: Repository, pattern: str, branch: str) -> bool:
    if pattern == "~ALL" or (pattern == "~DEFAULT_BRANCH" and branch == repo.default_branch):
        return True
    return fnmatchcase(f"refs/heads/{branch}", pattern)


def _green(repo: Repository, sha: str, name: str, app: int | None) -> bool:
    runs = latest(one for one in repo.checks.values() if one.head_sha == sha and one.name == name)
    runs = [one for one in runs if app in (None, one.app.id)]
    said = [one for one in repo.statuses if one.sha == sha and one.context == name]
    said = [one for one in said if app is None or (one.app and one.app.id == app)]
    status = newest(said, lambda one: one.id)
    verdicts = [run.conclusion in GREEN for run in runs] + ([status.state == "success"] if status else [])
    return bool(verdicts) and all(verdicts)


def _against_reviews(repo: Repository, pull: Pull, teams: Mapping[str, Team], rule: Mapping[str, Any]) -> Iterator[str]:
    counted = [one for one in standing(pull).values() if repo.may(one.user, "write") and one.user.type == "User"]
    approvals = [one for one in counted if one.state == "APPROVED"]
    if any(one.state == "CHANGES_REQUESTED" for one in counted):
        yield "Changes have been requested."
    missing = rule["required_approving_review_count"] - len(approvals)
    if missing > 0:
        yield f"At least {rule['required_approving_review_count']} approving review is required by reviewers with write access."
    last = pull.pushes[-1]
    if rule["require_last_push_approval"] and not any(_after(one, last.at, last.by) for one in approvals):
        yield "New changes require approval from someone other than the last pusher."
    if rule["require_code_owner_review"] and not _owners_agree(repo, pull, teams, approvals):
        yield "Waiting on code owner review."


def _after(review: Review, at: datetime, by: User | None) -> bool:
    return review.submitted_at >= at and (by is None or review.user.login != by.login)


def _owners_agree(repo: Repository, pull: Pull, teams: Mapping[str, Team], approvals: list[Review]) -> bool:
    tip = repo.git.resolve(pull.base_ref) or pull.base_sha
    start = repo.git.merge_base(tip, pull.head_sha) or tip
    said = {one.user.login for one in approvals}
    for file in repo.git.changes(start, pull.head_sha):
        named = owners(repo, tip, file.path)
        if named and not any(said & _people(one, teams) for one in named):
            return False
    return True


def _people(owner: str, teams: Mapping[str, Team]) -> set[str]:
    name = owner.removeprefix("@")
    return set(teams[name.lower()].members) if name.lower() in teams else {name}


def _owned(pattern: str, path: str) -> bool:
    anchored = "/" in pattern.rstrip("/")
    text = re.escape(pattern.strip("/")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    inside = "" if pattern.endswith("*") and anchored else "(/.*)?"
    return re.fullmatch(f"{'' if anchored else '(.*/)?'}{text}{inside}", path) is not None
