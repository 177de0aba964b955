"""Users, organisations, teams, and apps with their installation tokens."""

from typing import Any

import jwt

from forge.state import App, Team, Token, User
from forge.web import REPO, Answer, Call, Refused, moment, not_found, route

TEAM = "/orgs/{org}/teams/{team_slug}"


@route("GET", "/user")
def myself(call: Call) -> Answer:
    if call.token.app is not None:
        raise Refused(403, "Resource not accessible by integration")
    return Answer(200, call.forge.shapes.user(call.user))


@route("GET", "/users/{username}")
def user(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.user(_user(call, call.params["username"])))


def _user(call: Call, login: str) -> User:
    if login.lower() not in call.forge.users:
        raise not_found()
    return call.forge.users[login.lower()]


@route("GET", "/orgs/{org}")
def organization(call: Call) -> Answer:
    org = _user(call, call.params["org"])
    if org.type != "Organization":
        raise not_found()
    url = f"{call.forge.api}/orgs/{org.login}"
    return Answer(200, {**call.forge.shapes.user(org), "url": url})


@route("GET", TEAM)
def team(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.team(_team(call)))


@route("GET", f"{TEAM}/members")
def members(call: Call) -> Answer:
    logins = list(_team(call).members)
    return call.page(logins, lambda one: call.forge.shapes.user(_user(call, one)))


@route("GET", f"{TEAM}/memberships/{{username}}")
def membership(call: Call) -> Answer:
    team, login = _team(call), call.params["username"]
    known = {name.lower(): (name, role) for name, role in team.members.items()}
    if login.lower() not in known:
        raise not_found()
    name, role = known[login.lower()]
    state = "pending" if role == "pending" else "active"
    url = f"{call.forge.api}/orgs/{team.org.login}/teams/{team.slug}/memberships/{name}"
    return Answer(200, {"url": url, "role": "member" if role == "pending" else role, "state": state})


def _team(call: Call) -> Team:
    """A team, for those who may see it: the rest are told what they are told of a team that is not there, or a 403."""
    key = f"{call.params['org']}/{call.params['team_slug']}".lower()
    permissions = call.token.permissions
    org = [one for one in call.forge.teams.values() if one.org.login.lower() == call.params["org"].lower()]
    inside = any(call.user.login in one.members for one in org) or call.user.login.lower() == call.params["org"].lower()
    sees = permissions.get("members", "none") != "none" if permissions is not None else inside
    if not sees:
        if call.forge.team_refusal == 404:
            raise not_found()
        raise Refused(call.forge.team_refusal, "Resource not accessible by integration")
    if key not in call.forge.teams:
        raise not_found()
    return call.forge.teams[key]


@route("GET", "/app", "jwt")
def app(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.app(_app(call)))


@route("GET", "/apps/{app_slug}")
def known_app(call: Call) -> Answer:
    for one in call.forge.apps.values():
        if one.slug == call.params["app_slug"]:
            return Answer(200, call.forge.shapes.app(one))
    raise not_found()


@route("GET", "/app/installations", "jwt")
def installations(call: Call) -> Answer:
    one = _app(call)
    return call.page([one], lambda which: _installation(call, which))


@route("GET", f"{REPO}/installation", "jwt")
def installation(call: Call) -> Answer:
    return Answer(200, _installation(call, _app(call)))


@route("POST", "/app/installations/{installation_id}/access_tokens", "jwt")
def access_token(call: Call) -> Answer:
    one, body = _app(call), call.body or {}
    if int(call.params["installation_id"]) != one.installation:
        raise not_found()
    asked = body.get("permissions", dict(one.permissions))
    order = ("none", "read", "write")
    if any(order.index(level) > order.index(one.permissions.get(name, "none")) for name, level in asked.items()):
        raise Refused(422, "The permissions requested are not granted to this installation.")
    token = Token(f"ghs_{one.slug}{call.forge.next('token')}", one.bot, one, asked)
    call.forge.tokens[token.value] = token
    expires = moment(call.now.replace(year=call.now.year + 1))
    return Answer(201, {"token": token.value, "expires_at": expires, "permissions": asked})


def _app(call: Call) -> App:
    """The app that signed the request; its time is not looked at, for the tests' clock is not the client's."""
    signed = call.headers.get("Authorization", "").split(" ")[-1]
    try:
        number = int(jwt.decode(signed, options={"verify_signature": False})["iss"])
        one = call.forge.apps[number]
        jwt.decode(
            signed,
            one.public,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_iss": False},
        )
    except (jwt.PyJWTError, KeyError, ValueError):
        raise Refused(401, "A JSON web token could not be decoded") from None
    return one


def _installation(call: Call, one: App) -> dict[str, Any]:
    url = f"{call.forge.api}/app/installations/{one.installation}"
    return {
        "id": one.installation,
        "account": call.forge.shapes.user(one.owner),
        "access_tokens_url": f"{url}/access_tokens",
        "app_id": one.id,
        "app_slug": one.slug,
        "target_id": one.owner.id,
        "target_type": "Organization",
        "permissions": dict(one.permissions),
        "events": [],
        "repository_selection": "all",
    }
