"""What changes state: pull requests opened, pushed to, reviewed, merged, queued; each under the rules in force."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forge import rules
from forge.git import Person
from forge.state import App, CheckRun, Comment, Issue, Pull, Push, Repository, Review, Status, Token, User
from forge.web import Refused, invalid

if TYPE_CHECKING:
    from forge.hub import Forge


@dataclass(frozen=True)
class Text:
    """A title and what stands below it."""

    title: str
    body: str | None = None


@dataclass(frozen=True)
class Group:
    """A group of the merge queue: a branch on which its pull requests are merged one after the other."""

    repository: Repository
    pulls: tuple[Pull, ...]
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str


def actor(token: Token) -> User | App:
    """Whom a rule's bypass list names."""
    return token.app or token.user


def issue(forge: "Forge", repo: Repository, text: Text, by: User) -> Issue:
    """A new issue with the next number, which issues and pull requests share."""
    number = next(repo.numbers)
    now = forge.clock.now
    made = Issue(forge.next("issue", 50001), number, by, text.title, text.body, now, now)
    repo.issues[number] = made
    return made


def open_pull(
    forge: "Forge", repo: Repository, source: Repository, head: str, base: str, text: Text, token: Token, *, draft: bool
) -> Pull:
    """A pull request; refused where a branch is missing, there is nothing to merge, or there is one already."""
    head_sha = source.git.refs(f"refs/heads/{head}").get(f"refs/heads/{head}")
    tip = repo.git.refs(f"refs/heads/{base}").get(f"refs/heads/{base}")
    for name, sha in (("head", head_sha), ("base", tip)):
        if sha is None:
            raise invalid("Validation Failed", resource="PullRequest", field=name, code="invalid")
    assert head_sha is not None and tip is not None  # noqa: PT018
    if any(_same(one, source, head, base) for one in repo.pulls.values()):
        said = f"A pull request already exists for {source.owner.login}:{head}."
        raise invalid("Validation Failed", resource="PullRequest", code="custom", message=said)
    made = issue(forge, repo, text, token.user)
    _bring(repo, source, made.number, head_sha)
    if repo.git.descends(tip, head_sha):
        del repo.issues[made.number]
        said = f"No commits between {base} and {head}"
        raise invalid("Validation Failed", resource="PullRequest", code="custom", message=said)
    pushed = Push(head_sha, token.user, forge.clock.now)
    pull = Pull(repo, made, source, head, head_sha, base, tip, draft=draft, pushes=[pushed])
    repo.pulls[pull.number] = pull
    happened(forge, pull, "opened", token)
    return pull


def _same(pull: Pull, source: Repository, head: str, base: str) -> bool:
    return (pull.issue.state, pull.head_repository, pull.head_ref, pull.base_ref) == ("open", source, head, base)


def _bring(repo: Repository, source: Repository, number: int, sha: str) -> None:
    """Keep a head under ``refs/pull/N/head``, wherever it comes from."""
    if source is repo:
        repo.git.move(f"refs/pull/{number}/head", sha)
    else:
        repo.git.fetch(source.git.path, sha, f"refs/pull/{number}/head")


def happened(forge: "Forge", pull: Pull, action: str, token: Token) -> None:
    """Remember an event of a pull request."""
    pull.issue.updated_at = forge.clock.now
    number, sha = pull.number, pull.head_sha
    forge.happened(pull.repository, "pull_request", action, token, number=number, sha=sha, ref=pull.base_ref)


def push(forge: "Forge", repo: Repository, ref: str, sha: str, token: Token, *, force: bool) -> None:
    """Move a ref, under the fast-forward rule and the rules of its branch."""
    old = repo.git.refs(ref).get(ref)
    branch = ref.removeprefix("refs/heads/")
    if old is not None and not force and not repo.git.descends(sha, old):
        raise invalid("Update is not a fast forward")
    _rules_allow_push(repo, branch, old, sha, token)
    repo.git.move(ref, sha)
    repo.pushes.append(Push(sha, token.user, forge.clock.now, ref, old or "0" * 40))
    forge.happened(repo, "push", None, token, sha=sha, ref=ref)
    follow(forge, repo, token)
    for fork in forge.repositories.values():
        if fork.fork_of is repo or repo.fork_of is fork:
            follow(forge, fork, token)


def delete(forge: "Forge", repo: Repository, ref: str, token: Token) -> None:
    """Delete a ref, where the rules let it go."""
    _rules_allow_push(repo, ref.removeprefix("refs/heads/"), repo.git.refs(ref)[ref], None, token)
    repo.git.remove(ref)
    follow(forge, repo, token)


def _rules_allow_push(repo: Repository, branch: str, old: str | None, new: str | None, token: Token) -> None:
    said = rules.against_push(repo, branch, old, new, actor(token))
    if said:
        raise Refused(422, "Repository rule violations found\n\n" + "\n".join(said))


def follow(forge: "Forge", repo: Repository, token: Token | None = None) -> None:
    """Bring open pull requests up to where git is: new heads, merges that somebody pushed, branches that are gone."""
    opened = [one for one in repo.pulls.values() if one.issue.state == "open"]
    if not opened:
        return
    tips = repo.git.refs("refs/heads/")
    for pull in opened:
        heads = tips if pull.head_repository is repo else pull.head_repository.git.refs("refs/heads/")
        sha, tip = heads.get(f"refs/heads/{pull.head_ref}"), tips.get(f"refs/heads/{pull.base_ref}")
        if sha is not None and sha != pull.head_sha:
            _synchronize(forge, pull, sha, tip or pull.base_sha, token)
        if tip is not None and repo.git.descends(tip, pull.head_sha):
            _merged(forge, pull, tip, token or Token("", forge.web_flow))
        elif sha is None or tip is None:
            close(forge, pull, token or Token("", forge.web_flow))
        elif pull.auto_merge is not None:
            by, method = pull.auto_merge
            with suppress(Refused):  # (the rules are not met yet)
                merge(forge, pull, Token("", by), method)


def _synchronize(forge: "Forge", pull: Pull, sha: str, tip: str, token: Token | None) -> None:
    _bring(pull.repository, pull.head_repository, pull.number, sha)
    pull.head_sha, pull.base_sha = sha, tip
    pull.pushes.append(Push(sha, token.user if token else None, forge.clock.now))
    in_force = rules.of_kind(rules.rules_of(pull.repository, pull.base_ref), "pull_request")
    if any(one["dismiss_stale_reviews_on_push"] for one in in_force):
        for one in pull.reviews:
            if one.state == "APPROVED":
                one.state = "DISMISSED"
    happened(forge, pull, "synchronize", token or Token("", pull.issue.user))


def retarget(forge: "Forge", pull: Pull, base: str, token: Token) -> None:
    """Another base branch."""
    tip = pull.repository.git.refs(f"refs/heads/{base}").get(f"refs/heads/{base}")
    if tip is None:
        raise invalid("Validation Failed", resource="PullRequest", field="base", code="invalid")
    pull.base_ref, pull.base_sha = base, tip
    happened(forge, pull, "edited", token)


def close(forge: "Forge", pull: Pull, token: Token) -> None:
    """Close without merging."""
    pull.issue.state, pull.issue.closed_at = "closed", forge.clock.now
    happened(forge, pull, "closed", token)


def mergeable(pull: Pull) -> bool | None:
    """Whether git can merge it; None once it is closed. Keeps ``refs/pull/N/merge``."""
    git = pull.repository.git
    tip = git.resolve(pull.base_ref)
    if pull.issue.state != "open" or tip is None:
        return None
    tree, ref = git.merged_tree(tip, pull.head_sha), f"refs/pull/{pull.number}/merge"
    kept = git.refs(ref).get(ref)
    if kept is not None and kept == pull.merge_commit_sha and git.commit(kept).parents == (tip, pull.head_sha):
        return True
    if tree is not None:
        who = Person("GitHub", "noreply@github.com", git.commit(pull.head_sha).committer.at)
        made = git.write_commit(tree, (tip, pull.head_sha), f"Merge {pull.head_sha} into {tip}", who, who)
        git.move(ref, made)
        pull.merge_commit_sha = made
    return tree is not None


def merge(
    forge: "Forge",
    pull: Pull,
    token: Token,
    method: str,
    *,
    sha: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge into the base branch where state, git and rules let it; the new tip."""
    repo = pull.repository
    if sha is not None and sha != pull.head_sha:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    if pull.issue.state != "open" or pull.draft or not mergeable(pull):
        raise Refused(405, "Pull Request is not mergeable")
    in_force = list(rules.rules_of(repo, pull.base_ref, actor(token)))
    methods = [set(one["allowed_merge_methods"]) for one in rules.of_kind(in_force, "pull_request")]
    if method not in set(repo.merge_methods).intersection(*methods):
        raise Refused(405, f"{method.capitalize()} merges are not allowed on this repository.")
    said = rules.against_merge(repo, pull, forge.teams, actor(token))
    if rules.of_kind(in_force, "merge_queue"):
        said.append("Changes must be made through the merge queue")
    if said:
        raise Refused(405, "Repository rule violations found\n\n" + "\n".join(said))
    tip = repo.git.resolve(pull.base_ref)
    assert tip is not None
    text = Text(title or f"Merge pull request #{pull.number} from {pull.head_ref}", message or pull.issue.title)
    made = _landed(forge, pull, tip, token.user, method, text)
    repo.git.move(f"refs/heads/{pull.base_ref}", made)
    forge.happened(repo, "push", None, token, sha=made, ref=f"refs/heads/{pull.base_ref}")
    _merged(forge, pull, made, token)
    follow(forge, repo, token)
    return made


def _landed(forge: "Forge", pull: Pull, tip: str, by: User, method: str, text: Text) -> str:
    git, now = pull.repository.git, forge.clock.now
    author = Person(by.name or by.login, by.email, now)
    flow = Person("GitHub", "noreply@github.com", now)
    if method == "rebase":
        return git.rebase(tip, pull.head_sha, flow)
    tree = git.merged_tree(tip, pull.head_sha)
    assert tree is not None
    if method == "squash":
        title = f"{pull.issue.title} (#{pull.number})"
        return git.write_commit(tree, (tip,), title, author, flow)
    return git.write_commit(tree, (tip, pull.head_sha), f"{text.title}\n\n{text.body}", author, flow)


def _merged(forge: "Forge", pull: Pull, sha: str, token: Token) -> None:
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = forge.clock.now, token.user, sha
    close(forge, pull, token)


def review(forge: "Forge", pull: Pull, token: Token, state: str, body: str, commit: str) -> Review:
    """A submitted review. Nobody approves their own pull request."""
    assert state in {"APPROVED", "CHANGES_REQUESTED", "COMMENTED"}, state
    if state != "COMMENTED" and token.user == pull.issue.user:
        what = "approve" if state == "APPROVED" else "request changes on"
        raise Refused(422, "Unprocessable Entity", errors=[f"Can not {what} your own pull request"])
    made = Review(forge.next("review", 800001), token.user, body, state, commit, forge.clock.now)
    pull.reviews.append(made)
    pull.requested = [one for one in pull.requested if one != token.user]
    forge.happened(
        pull.repository, "pull_request_review", "submitted", token, number=pull.number, sha=commit, ref=pull.base_ref
    )
    return made


def dismiss(forge: "Forge", pull: Pull, made: Review, token: Token) -> None:
    """Dismiss an approval or a request for changes."""
    if made.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise invalid(f"Can not dismiss a {made.state.lower()} pull request review")
    made.state = "DISMISSED"
    forge.happened(pull.repository, "pull_request_review", "dismissed", token, number=pull.number, ref=pull.base_ref)


def comment(forge: "Forge", repo: Repository, number: int, body: str, token: Token) -> Comment:
    """A comment of at most 65,536 characters."""
    check_length(body)
    now = forge.clock.now
    made = Comment(forge.next("comment", 2000001), number, token.user, body, now, now, token.app)
    repo.comments[made.id] = made
    forge.happened(repo, "issue_comment", "created", token, number=number)
    return made


def check_length(body: str) -> None:
    """Refuse what is too long for a comment."""
    if len(body) > 65_536:
        said = "body is too long (maximum is 65536 characters)"
        raise invalid("Validation Failed", resource="IssueComment", code="unprocessable", field="data", message=said)


def check(
    forge: "Forge",
    repo: Repository,
    app: App,
    sha: str,
    name: str,
    *,
    status: str = "queued",
    conclusion: str | None = None,
) -> CheckRun:
    """A new check run in the suite of its app and commit."""
    now = forge.clock.now
    made = CheckRun(forge.next("check", 30001), forge.suite(repo, app, sha).id, app, name, sha, status, now, now)
    if conclusion is not None:
        made.status, made.conclusion, made.completed_at = "completed", conclusion, now
    repo.checks[made.id] = made
    return made


def status(forge: "Forge", repo: Repository, sha: str, said: Mapping[str, Any], token: Token) -> Status:
    """A commit status."""
    made = Status(
        forge.next("status", 70001),
        sha,
        said.get("context", "default"),
        said["state"],
        said.get("description"),
        said.get("target_url"),
        token.user,
        token.app,
        forge.clock.now,
    )
    repo.statuses.append(made)
    return made


def build_group(forge: "Forge", pulls: Sequence[Pull]) -> Group:
    """Merge pull requests one after the other on a branch of the queue, each by one commit."""
    repo, base = pulls[0].repository, pulls[0].base_ref
    required = rules.of_kind(rules.rules_of(repo, base), "merge_queue")
    assert required, f"no merge queue is required on {base}"
    squash = required[0]["merge_method"] == "SQUASH"
    start = head = repo.git.resolve(base) or ""
    for pull in pulls:
        tree = repo.git.merged_tree(head, pull.head_sha)
        assert tree is not None, f"#{pull.number} is in conflict"
        flow = Person("GitHub", "noreply@github.com", forge.clock.now)
        title = f"Merge pull request #{pull.number} from {repo.owner.login}/{pull.head_ref}\n\n{pull.issue.title}"
        if squash:
            title = f"{pull.issue.title} (#{pull.number})"
        head = repo.git.write_commit(tree, (head,) if squash else (head, pull.head_sha), title, flow, flow)
    ref = f"refs/heads/gh-readonly-queue/{base}/pr-{pulls[-1].number}-{start}"
    repo.git.move(ref, head)
    group = Group(repo, tuple(pulls), base, start, ref, head)
    forge.happened(repo, "merge_group", "checks_requested", Token("", forge.web_flow), sha=head, ref=ref)
    return group


def end_group(forge: "Forge", group: Group) -> bool:
    """Land a group whose required checks are green on its own head, and on nothing else; the branch goes either way."""
    repo = group.repository
    said = rules.against_checks(repo, list(rules.rules_of(repo, group.base_ref)), group.head_sha)
    lands = not said and repo.git.resolve(group.base_ref) == group.base_sha
    if lands:
        repo.git.move(f"refs/heads/{group.base_ref}", group.head_sha)
        token = Token("", forge.web_flow)
        forge.happened(repo, "push", None, token, sha=group.head_sha, ref=f"refs/heads/{group.base_ref}")
        follow(forge, repo, token)
        for pull in group.pulls:
            if pull.issue.state == "open":  # squashed: nothing of its head is in the branch
                _merged(forge, pull, group.head_sha, token)
    repo.git.remove(group.head_ref)
    return lands
