"""How state looks in JSON: the fields that the state stands behind. ``contract.complete`` adds what else is required."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from forge.git import ChangedFile, Commit, Person
from forge.state import App, CheckRun, CheckSuite, Comment, Issue, Pull, Repository, Review, Status, Team, User
from forge.web import moment

Json = dict[str, Any]
WEB = "https://github.com"


@dataclass(frozen=True)
class Shapes:
    """The shapes, with the addresses of the API they lead back to."""

    api: Callable[[], str]
    user_of: Callable[[str], User | None]

    def user(self, user: User) -> Json:
        name = quote(user.login)
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "type": user.type,
            "site_admin": False,
            "url": f"{self.api()}/users/{name}",
            "html_url": f"{WEB}/{name}",
            "avatar_url": f"{WEB}/{name}.png",
        }

    def users(self, users: Iterable[User]) -> list[Json]:
        return [self.user(one) for one in users]

    def app(self, app: App) -> Json:
        return {
            "id": app.id,
            "slug": app.slug,
            "client_id": app.client_id,
            "node_id": f"A_{app.id}",
            "name": app.slug,
            "owner": self.user(app.owner),
            "permissions": dict(app.permissions),
            "events": [],
            "html_url": f"{WEB}/apps/{app.slug}",
        }

    def team(self, team: Team) -> Json:
        return {
            "id": team.id,
            "node_id": f"T_{team.id}",
            "slug": team.slug,
            "name": team.slug,
            "url": f"{self.api()}/orgs/{team.org.login}/teams/{team.slug}",
            "html_url": f"{WEB}/orgs/{team.org.login}/teams/{team.slug}",
            "privacy": "closed",
            "permission": "push",
            "members_count": len(team.members),
        }

    def repository(self, repo: Repository) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}"
        return {
            "id": repo.id,
            "node_id": f"R_{repo.id}",
            "name": repo.name,
            "full_name": repo.full_name,
            "owner": self.user(repo.owner),
            "private": repo.private,
            "visibility": "private" if repo.private else "public",
            "fork": repo.fork_of is not None,
            "default_branch": repo.default_branch,
            "url": url,
            "html_url": f"{WEB}/{repo.full_name}",
            "clone_url": f"{WEB}/{repo.full_name}.git",
            "allow_merge_commit": "merge" in repo.merge_methods,
            "allow_squash_merge": "squash" in repo.merge_methods,
            "allow_rebase_merge": "rebase" in repo.merge_methods,
            "delete_branch_on_merge": False,
            "has_issues": True,
            "has_projects": True,
            "has_wiki": True,
            "custom_properties": {},
            "topics": [],
        }

    def issue(self, repo: Repository, issue: Issue) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}/issues/{issue.number}"
        shown: Json = {
            **self._issue(issue),
            "node_id": f"I_{issue.id}",
            "url": url,
            "repository_url": f"{self.api()}/repos/{repo.full_name}",
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "html_url": f"{WEB}/{repo.full_name}/issues/{issue.number}",
            "comments": sum(one.issue == issue.number for one in repo.comments.values()),
            "labels": [self.label(repo, name) for name in issue.labels],
            "author_association": self.association(repo, issue.user),
        }
        if issue.number in repo.pulls:
            pull = f"{self.api()}/repos/{repo.full_name}/pulls/{issue.number}"
            web = f"{WEB}/{repo.full_name}/pull/{issue.number}"
            shown["pull_request"] = {
                "url": pull,
                "html_url": web,
                "diff_url": f"{web}.diff",
                "patch_url": f"{web}.patch",
            }
        return shown

    def _issue(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.user),
            "state": issue.state,
            "locked": False,
            "assignee": self.user(issue.assignees[0]) if issue.assignees else None,
            "assignees": self.users(issue.assignees),
            "created_at": moment(issue.created_at),
            "updated_at": moment(issue.updated_at),
            "closed_at": moment(issue.closed_at),
        }

    def label(self, repo: Repository, name: str) -> Json:
        known = repo.labels.get(name, {"id": 0, "color": "ededed", "description": None})
        return {
            **known,
            "node_id": f"L_{known['id']}",
            "name": name,
            "default": False,
            "url": f"{self.api()}/repos/{repo.full_name}/labels/{quote(name)}",
        }

    def association(self, repo: Repository, user: User) -> str:
        if user.login == repo.owner.login:
            return "OWNER"
        return "COLLABORATOR" if repo.may(user, "triage") else "NONE"

    def pull(self, repo: Repository, pull: Pull) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}/pulls/{pull.number}"
        issue = f"{self.api()}/repos/{repo.full_name}/issues/{pull.number}"
        web = f"{WEB}/{repo.full_name}/pull/{pull.number}"
        statuses = f"{self.api()}/repos/{repo.full_name}/statuses/{pull.head_sha}"
        return {
            **self._issue(pull.issue),
            "node_id": f"PR_{pull.issue.id}",
            "url": url,
            "issue_url": issue,
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "commits_url": f"{url}/commits",
            "comments_url": f"{issue}/comments",
            "statuses_url": statuses,
            "review_comments_url": f"{url}/comments",
            "review_comment_url": f"{url}/comments{{/number}}",
            "draft": pull.draft,
            "labels": [self.label(repo, name) for name in pull.issue.labels],
            "head": self._end(pull.head_repository, pull.head_ref, pull.head_sha),
            "base": self._end(repo, pull.base_ref, pull.base_sha),
            "merged_at": moment(pull.merged_at),
            "merge_commit_sha": pull.merge_commit_sha,
            "requested_reviewers": self.users(pull.requested),
            "requested_teams": [self.team(one) for one in pull.requested_teams],
            "author_association": self.association(repo, pull.issue.user),
            "auto_merge": {
                "enabled_by": self.user(pull.auto_merge[0]),
                "merge_method": pull.auto_merge[1],
                "commit_title": "",
                "commit_message": "",
            }
            if pull.auto_merge is not None
            else None,
            "_links": {
                "self": {"href": url},
                "html": {"href": web},
                "issue": {"href": issue},
                "comments": {"href": f"{issue}/comments"},
                "review_comments": {"href": f"{url}/comments"},
                "review_comment": {"href": f"{url}/comments{{/number}}"},
                "commits": {"href": f"{url}/commits"},
                "statuses": {"href": statuses},
            },
        }

    def _end(self, repo: Repository, ref: str, sha: str) -> Json:
        return {
            "label": f"{repo.owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(repo.owner),
            "repo": self.repository(repo),
        }

    def file(self, repo: Repository, sha: str, file: ChangedFile) -> Json:
        blob = f"{WEB}/{repo.full_name}/blob/{sha}/{quote(file.path)}"
        shown: Json = {
            "sha": file.sha,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": blob,
            "raw_url": blob.replace("/blob/", "/raw/"),
            "contents_url": f"{self.api()}/repos/{repo.full_name}/contents/{quote(file.path)}?ref={sha}",
        }
        return shown if file.before is None else {**shown, "previous_filename": file.before}

    def commit(self, repo: Repository, commit: Commit) -> Json:
        """A commit as the repository's API shows it, its people matched to users by their addresses."""
        author, committer = self.user_of(commit.author.email), self.user_of(commit.committer.email)
        url = f"{self.api()}/repos/{repo.full_name}"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{WEB}/{repo.full_name}/commit/{commit.sha}",
            "comments_url": f"{url}/commits/{commit.sha}/comments",
            "commit": {
                "url": f"{url}/git/commits/{commit.sha}",
                "author": _person(commit.author),
                "committer": _person(commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
                "comment_count": 0,
                "verification": UNVERIFIED,
            },
            "author": self.user(author) if author else None,
            "committer": self.user(committer) if committer else None,
            "parents": [
                {"sha": one, "url": f"{url}/commits/{one}", "html_url": f"{WEB}/{one}"} for one in commit.parents
            ],
        }

    def git_commit(self, repo: Repository, commit: Commit) -> Json:
        """A commit as the git data API shows it."""
        url = f"{self.api()}/repos/{repo.full_name}/git"
        web = f"{WEB}/{repo.full_name}/commit"
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{web}/{commit.sha}",
            "author": _person(commit.author),
            "committer": _person(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{url}/trees/{commit.tree}"},
            "parents": [{"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{web}/{p}"} for p in commit.parents],
            "verification": UNVERIFIED,
        }

    def review(self, repo: Repository, pull: Pull, review: Review) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}/pulls/{pull.number}"
        web = f"{WEB}/{repo.full_name}/pull/{pull.number}#pullrequestreview-{review.id}"
        return {
            "id": review.id,
            "node_id": f"PRR_{review.id}",
            "user": self.user(review.user),
            "body": review.body,
            "state": review.state,
            "commit_id": review.commit_id,
            "submitted_at": moment(review.submitted_at),
            "html_url": web,
            "pull_request_url": url,
            "author_association": self.association(repo, review.user),
            "_links": {"html": {"href": web}, "pull_request": {"href": url}},
        }

    def comment(self, repo: Repository, comment: Comment) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}/issues"
        contents = [one.content for one in comment.reactions]
        kinds = ("+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket")
        return {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "url": f"{url}/comments/{comment.id}",
            "issue_url": f"{url}/{comment.issue}",
            "html_url": f"{WEB}/{repo.full_name}/pull/{comment.issue}#issuecomment-{comment.id}",
            "body": comment.body,
            "user": self.user(comment.user),
            "created_at": moment(comment.created_at),
            "updated_at": moment(comment.updated_at),
            "author_association": self.association(repo, comment.user),
            "performed_via_github_app": self.app(comment.app) if comment.app else None,
            "reactions": {
                "url": f"{url}/comments/{comment.id}/reactions",
                "total_count": len(contents),
                **{kind: contents.count(kind) for kind in kinds},
            },
        }

    def check(self, repo: Repository, run: CheckRun) -> Json:
        url = f"{self.api()}/repos/{repo.full_name}/check-runs/{run.id}"
        web = f"{WEB}/{repo.full_name}/runs/{run.id}"
        return {
            "id": run.id,
            "node_id": f"CR_{run.id}",
            "name": run.name,
            "head_sha": run.head_sha,
            "external_id": run.external_id or "",
            "url": url,
            "html_url": web,
            "details_url": run.details_url or web,
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": moment(run.started_at),
            "completed_at": moment(run.completed_at),
            "output": {
                "title": run.output.get("title"),
                "summary": run.output.get("summary"),
                "text": run.output.get("text"),
                "annotations_count": len(run.annotations),
                "annotations_url": f"{url}/annotations",
            },
            "check_suite": {"id": run.suite},
            "app": self.app(run.app),
            "pull_requests": [],
        }

    def suite(self, repo: Repository, suite: CheckSuite) -> Json:
        runs = [run for run in repo.checks.values() if run.suite == suite.id]
        done = all(run.status == "completed" for run in runs)
        bad = next((run.conclusion for run in runs if run.conclusion != "success"), "success")
        return {
            "id": suite.id,
            "node_id": f"CS_{suite.id}",
            "head_sha": suite.head_sha,
            "status": "completed" if done else "in_progress",
            "conclusion": bad if done else None,
            "url": f"{self.api()}/repos/{repo.full_name}/check-suites/{suite.id}",
            "app": self.app(suite.app),
            "repository": self.repository(repo),
            "created_at": moment(suite.created_at),
            "updated_at": moment(suite.created_at),
            "latest_check_runs_count": len(runs),
            "pull_requests": [],
        }

    def status(self, repo: Repository, status: Status) -> Json:
        return {
            "id": status.id,
            "node_id": f"S_{status.id}",
            "url": f"{self.api()}/repos/{repo.full_name}/statuses/{status.sha}",
            "state": status.state,
            "context": status.context,
            "description": status.description,
            "target_url": status.target_url,
            "creator": self.user(status.creator),
            "created_at": moment(status.created_at),
            "updated_at": moment(status.created_at),
        }


UNVERIFIED: Json = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _person(person: Person) -> Json:
    return {"name": person.name, "email": person.email, "date": moment(person.at)}
