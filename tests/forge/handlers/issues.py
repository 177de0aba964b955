"""Issues, their comments, reactions and labels."""

from forge import moves
from forge.state import Comment, Issue, Reaction, Repository
from forge.web import REPO, Answer, Call, Refused, found, instant, invalid, not_found, route

ISSUE = f"{REPO}/issues/{{issue_number}}"
COMMENT = f"{REPO}/issues/comments/{{comment_id}}"
EITHER = "issues|pull_requests"
"""Of a pull request's conversation either permission is enough."""


@route("GET", f"{REPO}/issues", "issues:read")
def listed(call: Call) -> Answer:
    repo, state = call.repo, call.query.get("state", "open")
    labels = {one for one in call.query.get("labels", "").split(",") if one}
    creator = call.query.get("creator")
    fits = [
        one
        for one in repo.issues.values()
        if state in ("all", one.state) and labels <= set(one.labels) and creator in (None, one.user.login)
    ]
    if "since" in call.query:
        fits = [one for one in fits if one.updated_at >= instant(call.query["since"])]
    fits.sort(key=lambda one: one.number, reverse=call.query.get("direction", "desc") == "desc")
    return call.page(fits, lambda one: call.forge.shapes.issue(repo, one))


@route("POST", f"{REPO}/issues", "issues:write")
def opened(call: Call) -> Answer:
    repo = call.repo
    text = moves.Text(str(call.body["title"]), call.body.get("body"))
    made = moves.issue(call.forge, repo, text, call.user)
    _label(call, made, [one if isinstance(one, str) else one["name"] for one in call.body.get("labels", [])])
    made.assignees = [call.forge.users[login.lower()] for login in call.body.get("assignees", [])]
    call.forge.happened(repo, "issues", "opened", call.token, number=made.number)
    return Answer(201, call.forge.shapes.issue(repo, made))


@route("GET", ISSUE, f"{EITHER}:read")
def read(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.issue(call.repo, _issue(call)))


@route("PATCH", ISSUE, "issues:write")
def edited(call: Call) -> Answer:
    issue, body = _issue(call), call.body or {}
    if call.token.permissions is None and issue.user != call.user and not call.repo.may(call.user, "triage"):
        raise Refused(403, "Must have push access to the repository")
    issue.title = str(body.get("title", issue.title))
    issue.body = body.get("body", issue.body)
    if body.get("state", issue.state) != issue.state:
        issue.state = body["state"]
        issue.closed_at = call.now if issue.state == "closed" else None
    if "labels" in body:
        issue.labels = []
        _label(call, issue, [one if isinstance(one, str) else one["name"] for one in body["labels"]])
    issue.updated_at = call.now
    return Answer(200, call.forge.shapes.issue(call.repo, issue))


def _issue(call: Call) -> Issue:
    return found(call.repo.issues, int(call.params["issue_number"]))


@route("GET", f"{ISSUE}/comments", f"{EITHER}:read")
def comments(call: Call) -> Answer:
    repo, number = call.repo, _issue(call).number
    fits = [one for one in repo.comments.values() if one.issue == number]
    if "since" in call.query:
        fits = [one for one in fits if one.updated_at >= instant(call.query["since"])]
    return call.page(fits, lambda one: call.forge.shapes.comment(repo, one))


@route("POST", f"{ISSUE}/comments", f"{EITHER}:write")
def commented(call: Call) -> Answer:
    made = moves.comment(call.forge, call.repo, _issue(call).number, call.body["body"], call.token)
    return Answer(201, call.forge.shapes.comment(call.repo, made))


@route("GET", COMMENT, f"{EITHER}:read")
def comment(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.comment(call.repo, _comment(call)))


@route("PATCH", COMMENT, f"{EITHER}:write")
def comment_edited(call: Call) -> Answer:
    made = _own_comment(call)
    moves.check_length(call.body["body"])
    made.body, made.updated_at = call.body["body"], call.now
    call.forge.happened(call.repo, "issue_comment", "edited", call.token, number=made.issue)
    return Answer(200, call.forge.shapes.comment(call.repo, made))


@route("DELETE", COMMENT, f"{EITHER}:write")
def comment_deleted(call: Call) -> Answer:
    made = _own_comment(call)
    del call.repo.comments[made.id]
    call.forge.happened(call.repo, "issue_comment", "deleted", call.token, number=made.issue)
    return Answer(204)


def _comment(call: Call) -> Comment:
    return found(call.repo.comments, int(call.params["comment_id"]))


def _own_comment(call: Call) -> Comment:
    """A comment that the caller may change: their own, or any where they may push."""
    made = _comment(call)
    if call.token.permissions is None and made.user != call.user and not call.repo.may(call.user, "write"):
        raise Refused(403, "Must have admin rights to Repository.")
    return made


@route("GET", f"{COMMENT}/reactions", f"{EITHER}:read")
def reactions(call: Call) -> Answer:
    content = call.query.get("content")
    fits = [one for one in _comment(call).reactions if content in (None, one.content)]
    return call.page(fits, lambda one: _reaction(call, one))


@route("POST", f"{COMMENT}/reactions", f"{EITHER}:write")
def reacted(call: Call) -> Answer:
    made, content = _comment(call), call.body["content"]
    for one in made.reactions:
        if (one.user, one.content) == (call.user, content):
            return Answer(200, _reaction(call, one))
    made.reactions.append(Reaction(call.forge.next("reaction", 1), call.user, content, call.now))
    return Answer(201, _reaction(call, made.reactions[-1]))


def _reaction(call: Call, one: Reaction) -> dict[str, object]:
    at = one.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": one.id, "user": call.forge.shapes.user(one.user), "content": one.content, "created_at": at}


@route("GET", f"{ISSUE}/labels", f"{EITHER}:read")
def labels(call: Call) -> Answer:
    repo = call.repo
    return call.page(_issue(call).labels, lambda one: call.forge.shapes.label(repo, one))


@route("POST", f"{ISSUE}/labels", f"{EITHER}:write")
def labelled(call: Call) -> Answer:
    given = call.body if isinstance(call.body, list) else call.body["labels"]
    if call.token.permissions is None and not call.repo.may(call.user, "triage"):
        raise Refused(403, "Must have triage access to the repository")
    issue = _issue(call)
    _label(call, issue, [one if isinstance(one, str) else one["name"] for one in given])
    if issue.number in call.repo.pulls:
        moves.happened(call.forge, call.repo.pulls[issue.number], "labeled", call.token)
    return Answer(200, [call.forge.shapes.label(call.repo, one) for one in issue.labels])


@route("DELETE", f"{ISSUE}/labels/{{name}}", f"{EITHER}:write")
def unlabelled(call: Call) -> Answer:
    issue, name = _issue(call), call.params["name"]
    if name not in issue.labels:
        raise not_found()
    issue.labels.remove(name)
    return Answer(200, [call.forge.shapes.label(call.repo, one) for one in issue.labels])


@route("GET", f"{REPO}/labels", "issues:read")
def known(call: Call) -> Answer:
    repo = call.repo
    return call.page(list(repo.labels), lambda one: call.forge.shapes.label(repo, one))


@route("POST", f"{REPO}/labels", "issues:write")
def made_known(call: Call) -> Answer:
    repo, name = call.repo, call.body["name"]
    if name in repo.labels:
        raise invalid("Validation Failed", resource="Label", code="already_exists", field="name")
    _know(call, repo, name, call.body.get("color", "ededed"), call.body.get("description"))
    return Answer(201, call.forge.shapes.label(repo, name))


def _label(call: Call, issue: Issue, names: list[str]) -> None:
    for name in names:
        if name not in call.repo.labels:
            _know(call, call.repo, name, "ededed", None)
        if name not in issue.labels:
            issue.labels.append(name)


def _know(call: Call, repo: Repository, name: str, color: str, description: str | None) -> None:
    repo.labels[name] = {"id": call.forge.next("label", 101), "color": color, "description": description}
