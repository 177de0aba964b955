"""Reviews, dismissals and requested reviewers."""

from forge import moves
from forge.state import Review
from forge.web import REPO, Answer, Call, Refused, invalid, not_found, route

PULL = f"{REPO}/pulls/{{pull_number}}"
STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@route("GET", f"{PULL}/reviews", "pull_requests:read")
def listed(call: Call) -> Answer:
    repo, pull = call.repo, call.pull
    return call.page(pull.reviews, lambda one: call.forge.shapes.review(repo, pull, one))


@route("POST", f"{PULL}/reviews", "pull_requests:write")
def submitted(call: Call) -> Answer:
    repo, pull, body = call.repo, call.pull, call.body or {}
    if "event" not in body:
        raise Refused(422, "The fake keeps no pending reviews: submit with an event")
    commit = body.get("commit_id", pull.head_sha)
    if not repo.git.exists(commit, "commit"):
        raise invalid("Validation Failed", resource="PullRequestReview", field="commit_id", code="invalid")
    made = moves.review(call.forge, pull, call.token, STATES[body["event"]], body.get("body", ""), commit)
    return Answer(200, call.forge.shapes.review(repo, pull, made))


@route("GET", f"{PULL}/reviews/{{review_id}}", "pull_requests:read")
def read(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.review(call.repo, call.pull, _named(call)))


@route("PUT", f"{PULL}/reviews/{{review_id}}/dismissals", "pull_requests:write")
def dismissed(call: Call) -> Answer:
    made = _named(call)
    if not call.repo.may(call.user, "write") and call.token.app is None:
        raise Refused(403, "Must have push access to the repository")
    moves.dismiss(call.forge, call.pull, made, call.token)
    return Answer(200, call.forge.shapes.review(call.repo, call.pull, made))


def _named(call: Call) -> Review:
    for one in call.pull.reviews:
        if one.id == int(call.params["review_id"]):
            return one
    raise not_found()


@route("GET", f"{PULL}/requested_reviewers", "pull_requests:read")
def asked(call: Call) -> Answer:
    teams = [call.forge.shapes.team(one) for one in call.pull.requested_teams]
    return Answer(200, {"users": call.forge.shapes.users(call.pull.requested), "teams": teams})


@route("POST", f"{PULL}/requested_reviewers", "pull_requests:write")
def ask(call: Call) -> Answer:
    pull, forge = call.pull, call.forge
    for login in call.body.get("reviewers", []):
        user = forge.users.get(login.lower())
        if user is None or user == pull.issue.user or not call.repo.may(user, "read"):
            raise invalid("Reviews may only be requested from collaborators.")
        pull.requested.append(user)
    for slug in call.body.get("team_reviewers", []):
        team = forge.teams.get(f"{call.repo.owner.login}/{slug}".lower())
        if team is None:
            raise invalid("Reviews may only be requested from collaborators.")
        pull.requested_teams.append(team)
    moves.happened(forge, pull, "review_requested", call.token)
    return Answer(201, forge.shapes.pull(call.repo, pull))
