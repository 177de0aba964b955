"""Check runs, check suites and commit statuses."""

from typing import Any

from forge import moves, rules
from forge.state import CheckRun
from forge.web import REPO, Answer, Call, Refused, found, instant, invalid, route

RUN = f"{REPO}/check-runs/{{check_run_id}}"


@route("POST", f"{REPO}/check-runs", "checks:write")
def created(call: Call) -> Answer:
    if call.token.app is None:
        raise Refused(403, "You must authenticate via a GitHub App.")
    body, sha = call.body, call.body["head_sha"]
    if not call.repo.git.exists(sha, "commit"):
        raise invalid(f"No commit found for SHA: {sha}")
    run = moves.check(call.forge, call.repo, call.token.app, sha, body["name"])
    _write(call, run, body)
    call.forge.happened(call.repo, "check_run", "created", call.token, sha=sha)
    return Answer(201, call.forge.shapes.check(call.repo, run))


@route("GET", RUN, "checks:read")
def read(call: Call) -> Answer:
    return Answer(200, call.forge.shapes.check(call.repo, _run(call)))


@route("PATCH", RUN, "checks:write")
def updated(call: Call) -> Answer:
    run = _run(call)
    if run.app is not call.token.app:
        given = call.token.app.id if call.token.app else None
        raise Refused(
            403, f"Invalid app_id `{given}` - check run can only be modified by the GitHub App that created it."
        )
    _write(call, run, call.body or {})
    if run.status == "completed":
        call.forge.happened(call.repo, "check_run", "completed", call.token, sha=run.head_sha)
    return Answer(200, call.forge.shapes.check(call.repo, run))


def _write(call: Call, run: CheckRun, body: dict[str, Any]) -> None:
    if body.get("conclusion") == "stale":
        raise invalid("Validation Failed", resource="CheckRun", field="conclusion", code="invalid")
    if body.get("status") == "completed" and "conclusion" not in body:
        raise invalid("Validation Failed", resource="CheckRun", field="conclusion", code="missing_field")
    for name in ("name", "details_url", "external_id"):
        setattr(run, name, body.get(name, getattr(run, name)))
    if "started_at" in body:
        run.started_at = instant(body["started_at"])
    if "conclusion" in body:
        run.status, run.conclusion = "completed", body["conclusion"]
        run.completed_at = instant(body["completed_at"]) if "completed_at" in body else call.now
    elif "status" in body:
        run.status, run.conclusion, run.completed_at = body["status"], None, None
    output = dict(body.get("output", {}))
    run.annotations += output.pop("annotations", [])
    run.output |= output


@route("GET", f"{RUN}/annotations", "checks:read")
def annotations(call: Call) -> Answer:
    run = _run(call)
    where = f"https://github.com/{call.repo.full_name}/blob/{run.head_sha}/"
    empty = {"start_column": None, "end_column": None, "title": None, "raw_details": None}
    return call.page(run.annotations, lambda one: {**empty, **one, "blob_href": where + one["path"]})


def _run(call: Call) -> CheckRun:
    return found(call.repo.checks, int(call.params["check_run_id"]))


@route("GET", f"{REPO}/commits/{{ref}}/check-runs", "checks:read")
def of_a_commit(call: Call) -> Answer:
    sha = call.sha(call.params["ref"])
    return _listed(call, [one for one in call.repo.checks.values() if one.head_sha == sha])


@route("GET", f"{REPO}/check-suites/{{check_suite_id}}/check-runs", "checks:read")
def of_a_suite(call: Call) -> Answer:
    suite = found(call.repo.suites, int(call.params["check_suite_id"]))
    return _listed(call, [one for one in call.repo.checks.values() if one.suite == suite.id])


def _listed(call: Call, runs: list[CheckRun]) -> Answer:
    repo, query = call.repo, call.query
    fits = [
        one
        for one in runs
        if query.get("check_name", one.name) == one.name
        and query.get("status", one.status) == one.status
        and int(query.get("app_id", one.app.id)) == one.app.id
    ]
    if query.get("filter", "latest") == "latest":
        fits = rules.latest(fits)
    fits.sort(key=lambda one: one.id, reverse=True)
    return call.page(fits, lambda one: call.forge.shapes.check(repo, one), "check_runs")


@route("GET", f"{REPO}/check-suites/{{check_suite_id}}", "checks:read")
def suite(call: Call) -> Answer:
    made = found(call.repo.suites, int(call.params["check_suite_id"]))
    return Answer(200, call.forge.shapes.suite(call.repo, made))


@route("GET", f"{REPO}/commits/{{ref}}/check-suites", "checks:read")
def suites(call: Call) -> Answer:
    repo, sha = call.repo, call.sha(call.params["ref"])
    fits = [one for one in repo.suites.values() if one.head_sha == sha]
    fits = [one for one in fits if int(call.query.get("app_id", one.app.id)) == one.app.id]
    return call.page(fits, lambda one: call.forge.shapes.suite(repo, one), "check_suites")


@route("POST", f"{REPO}/statuses/{{sha}}", "statuses:write")
def status(call: Call) -> Answer:
    sha = call.sha(call.params["sha"])
    if len(call.body.get("description") or "") > 140:
        said = "description is too long (maximum is 140 characters)"
        raise invalid("Validation Failed", resource="Status", code="custom", field="description", message=said)
    made = moves.status(call.forge, call.repo, sha, call.body, call.token)
    call.forge.happened(call.repo, "status", None, call.token, sha=sha)
    return Answer(201, call.forge.shapes.status(call.repo, made))


@route("GET", f"{REPO}/commits/{{ref}}/statuses", "statuses:read")
def statuses(call: Call) -> Answer:
    repo, sha = call.repo, call.sha(call.params["ref"])
    made = [one for one in reversed(repo.statuses) if one.sha == sha]
    return call.page(made, lambda one: call.forge.shapes.status(repo, one))


@route("GET", f"{REPO}/commits/{{ref}}/status", "statuses:read")
def combined(call: Call) -> Answer:
    repo, sha = call.repo, call.sha(call.params["ref"])
    newest = {one.context: one for one in repo.statuses if one.sha == sha}
    states = {one.state for one in newest.values()}
    whole = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    url = f"{call.forge.api}/repos/{repo.full_name}/commits/{sha}"
    shown = [{**call.forge.shapes.status(repo, one), "avatar_url": None} for one in newest.values()]
    return Answer(
        200,
        {
            "state": whole,
            "statuses": shown,
            "sha": sha,
            "total_count": len(shown),
            "repository": call.forge.shapes.repository(repo),
            "commit_url": url,
            "url": f"{url}/status",
        },
    )
