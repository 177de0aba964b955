"""ratchet doctor on a repository of ``ratchet init``: all is set, each setting taken away, and a token that may not look."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders.doctoring import Clinic, a_clinic, whole_reviews
from builders.hubs import a_scene
from builders.scaffolds import TIERS
from forge.rules import Rule, merge_queue, no_deletion, no_force_push, required_checks
from forge.state import Token
from model_ratchet.actions.init import Tier
from model_ratchet.cli import ExitCode, run
from model_ratchet.engine.doctor import RULES, decisive
from model_ratchet.engine.doctor.rule import State

CHECK = ".github/workflows/promotion-check.yml"
RECHECK = ".github/workflows/promotion-recheck.yml"
ROLLBACK = ".github/workflows/promotion-rollback.yml"
RELAY = ".github/workflows/promotion-relay.yml"
OWNERS = ".github/CODEOWNERS"
MODEL = "policies/models/example.yaml"
KEY = "RATCHET_APP_PRIVATE_KEY"
Break = Callable[[Clinic], object]


@contextmanager
def clinic(folder: Path, tier: Tier) -> Iterator[Clinic]:
    with a_scene(folder) as scene:
        yield a_clinic(scene, tier)


def states(clinic: Clinic, token: Token | None = None) -> dict[str, tuple[State, str]]:
    return {one.rule.id: (one.said.state, one.said.found) for one in clinic.examine(token).answers}


def rule(changed: Rule) -> Break:
    return lambda clinic: clinic.rules(changed)


def swap(file: str, old: str, new: str) -> Break:
    return lambda clinic: clinic.edit(file, lambda text: text.replace(old, new))


def checks(*names: str) -> Break:
    return lambda clinic: clinic.rules(required_checks(*names, app=clinic.scene.forge.actions))


def setting(**changed: object) -> Break:
    return lambda clinic: clinic.scene.repo.settings.update(changed)


def environment(**changed: object) -> Break:
    def change(clinic: Clinic) -> None:
        for name, value in changed.items():
            setattr(clinic.environment, name, value)

    return change


def queue_without_event(clinic: Clinic) -> None:
    clinic.rules(merge_queue())
    swap(RELAY, "  merge_group:\n    types: [checks_requested]\n", "")(clinic)


def switch_off(clinic: Clinic) -> None:
    known = clinic.scene.repo.workflows
    number = next(iter(known))
    known[number] = replace(known[number], state="disabled_inactivity")


def kept(branch: str) -> Break:
    def push(clinic: Clinic) -> None:
        clinic.scene.work.git("push", "--quiet", "origin", f"main:refs/heads/{branch}")
        clinic.scene.forge.ruleset(clinic.scene.repo, no_deletion(), branches=(f"refs/heads/{branch}",), name="kept")

    return push


Q, H = Tier.QUICKSTART, Tier.HARDENED
BROKEN: dict[str, tuple[str, Tier, Break, str]] = {
    "no ruleset": ("required-check", Q, lambda c: c.scene.repo.rulesets.clear(), "promotion/main is not required"),
    "only evaluated": ("required-check", Q, lambda c: setattr(c.ruleset, "enforcement", "evaluate"), "is not required"),
    "no check": ("required-check", Q, lambda c: c.rules(without="required_status_checks"), "is not required"),
    "any source": ("check-source", Q, rule(required_checks("promotion/main")), "from any source"),
    "actions": ("check-source", H, checks("promotion/main"), "from the App #15368"),
    "job": ("no-other-check", Q, checks("promotion/main", "Judge the promotion"), "Judge the promotion is required"),
    "other": ("no-other-check", Q, checks("promotion/main", "promotion/old"), "promotion/old is required"),
    "no pull request": ("pull-requests", Q, lambda c: c.rules(without="pull_request"), "need no approved"),
    "no approval": ("pull-requests", Q, rule(whole_reviews(0)), "need no approved pull request"),
    "no owners": ("code-owners", Q, rule(whole_reviews(code_owners=False)), "code owners are not asked"),
    "last push": ("last-push", Q, rule(whole_reviews(last_push=False)), "the last push needs no approval"),
    "stale": ("stale-approvals", Q, rule(whole_reviews(dismiss_stale=False)), "an approval outlives"),
    "rebase": ("merge-methods", Q, rule(whole_reviews(methods=("merge", "rebase"))), "rebase merges are allowed"),
    "queue rebases": ("merge-methods", Q, rule(merge_queue("REBASE")), "the merge queue rebases"),
    "force pushes": ("force-pushes", Q, lambda c: c.rules(without="non_fast_forward"), "force pushes are allowed"),
    "deletion": ("deletion", Q, lambda c: c.rules(without="deletion"), "the branch can be deleted"),
    "bypass": (
        "bypass",
        Q,
        lambda c: setattr(c.ruleset, "bypass", (c.app,)),
        "the required check may be bypassed by the App #700001 in the ruleset main",
    ),
    "queue": (
        "merge-queue",
        H,
        queue_without_event,
        "no workflow is started by merge_group",
    ),
    "no edits": ("triggers", Q, swap(CHECK, "edited, ", ""), "nothing is started by pull_request edited"),
    "no schedule": ("triggers", H, swap(RECHECK, '  schedule:\n    - cron: "17 * * * *"\n', ""), "started by schedule"),
    "other branch": ("triggers", Q, swap(CHECK, "branches: [main]", "branches: [trunk]"), "started by pull_request"),
    "paths": (
        "always-runs",
        Q,
        swap(CHECK, "    branches: [main]\n", "    branches: [main]\n    paths: [promotions/**]\n"),
        "promotion-check.yml is held back by `paths`",
    ),
    "if": ("always-runs", H, swap(CHECK, "    name: Judge", "    if: always()\n    name: Judge"), "has an `if:`"),
    "name": ("check-names", Q, swap(CHECK, "Judge the promotion\n", "promotion/main\n"), "is called promotion/main"),
    "tag": ("pins", Q, swap(CHECK, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7"), "actions/checkout@v7 in"),
    "granted": ("permissions", Q, swap(RECHECK, "permissions: {}\n", "permissions: read-all\n"), "grants at its top"),
    "lacking": ("permissions", Q, swap(CHECK, "      checks: write", "      checks: read"), "lacks checks: write"),
    "credentials": (
        "credentials",
        Q,
        swap(CHECK, "          persist-credentials: false\n", ""),
        "the job check of promotion-check.yml leaves the token behind",
    ),
    "head": (
        "checkouts",
        H,
        swap(CHECK, "github.event.pull_request.base.ref }}", "github.event.pull_request.head.sha }}"),
        "checks out ${{ github.event.pull_request.head.sha }}",
    ),
    "no rollback": ("rollback", Q, lambda c: _remove(c, ROLLBACK), "there is no promotion-rollback.yml"),
    "other rollback": (
        "rollback",
        H,
        swap(ROLLBACK, "mode: rollback", "mode: check"),
        "promotion-rollback.yml is not the one",
    ),
    "switched off": ("active", Q, switch_off, "promotion-advance.yml is disabled_inactivity"),
    "no actions": ("active", Q, setting(enabled=False), "Actions are switched off"),
    "no environment": (
        "environment",
        H,
        lambda c: c.scene.repo.environments.clear(),
        "there is no environment promotion-verdict",
    ),
    "every branch": ("environment", H, environment(branches=None), "promotion-verdict is reached by every branch"),
    "more branches": (
        "environment",
        H,
        environment(branches=("main", "dev")),
        "promotion-verdict is reached by main, dev",
    ),
    "admins": (
        "environment-admins",
        H,
        environment(admins_bypass=True),
        "administrators may bypass the branches of promotion-verdict",
    ),
    "timer": ("environment-waits", H, environment(wait_minutes=5), "each verdict waits for a timer"),
    "outside": (
        "environment-jobs",
        H,
        swap(CHECK, "    environment: promotion-verdict\n", ""),
        "the job check of promotion-check.yml signs in outside of promotion-verdict",
    ),
    "no key": ("app-key", H, environment(secrets=set()), f"promotion-verdict has no secret {KEY}"),
    "shared key": ("app-key", H, lambda c: c.scene.repo.shared_secrets.add(KEY), "a secret of the whole repository"),
    "no client": ("app-client", H, environment(variables={}), "no variable RATCHET_APP_CLIENT_ID"),
    "other client": (
        "app-client",
        H,
        environment(variables={"RATCHET_APP_CLIENT_ID": "Iv1"}),
        "RATCHET_APP_CLIENT_ID is not that of acme-ratchet",
    ),
    "app": (
        "app-permissions",
        H,
        lambda c: c.app.permissions.pop("members"),  # type: ignore[attr-defined]
        "acme-ratchet lacks members: read",
    ),
    "writing token": (
        "default-token",
        Q,
        setting(default_workflow_permissions="write"),
        "a workflow's token may write",
    ),
    "approving": (
        "actions-approve",
        Q,
        setting(can_approve_pull_request_reviews=True),
        "workflows may approve pull requests",
    ),
    "no CODEOWNERS": ("owners-cover", Q, lambda c: _remove(c, OWNERS), "there is no CODEOWNERS"),
    "taken away": (
        "owners-cover",
        Q,
        lambda c: c.edit(OWNERS, lambda text: f"{text}/policies/\n"),
        "nobody owns policies/sources.yaml",
    ),
    "nobody": ("owners-valid", Q, swap(OWNERS, "/policies/ @ada", "/policies/ @ada @nobody"), "line 3, Unknown owner"),
    "teams": ("teams", Q, swap(MODEL, 'risk: ["@ada"]', 'risk: ["@acme/risk"]'), "can't look up @acme/risk"),
    "ledger": ("ledger-kept", Q, kept("ratchet/ledger"), "force pushes are allowed"),
    "traffic": ("traffic-kept", Q, kept("ratchet/traffic"), "force pushes are allowed"),
    "clock": (
        "clock",
        Q,
        lambda c: setattr(c.scene.forge.clock, "skew", timedelta(minutes=-3)),
        "our clock is 180 s ahead of GitHub's",
    ),
}


def _remove(clinic: Clinic, file: str) -> None:
    (clinic.scene.work.path / file).unlink()
    clinic.push({})


@TIERS
def test_where_everything_is_set_nothing_is_missing(tmp_path: Path, tier: Tier) -> None:
    with clinic(tmp_path, tier) as one:
        found = states(one)
        assert decisive(one.examine().answers) is State.SET
    idle = {rule for rule, (state, _) in found.items() if state is State.IDLE}
    of_the_app = {rule.id for rule in RULES if rule.id.startswith(("environment", "app-"))}
    assert idle == {"merge-queue", "teams"} | (of_the_app if tier is Tier.QUICKSTART else set())
    assert {rule for rule, (state, _) in found.items() if state is State.LATER} == {"ledger-kept", "traffic-kept"}
    assert {state for state, _ in found.values()} <= {State.SET, State.IDLE, State.LATER}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_taken_away_is_missing(tmp_path: Path, name: str) -> None:
    rule, tier, taken, said = BROKEN[name]
    with clinic(tmp_path, tier) as one:
        taken(one)
        answers = one.examine().answers
    found = {answer.rule.id: answer.said for answer in answers}
    assert found[rule].state is State.MISSING
    assert said in found[rule].found
    assert decisive(answers) is State.MISSING


def test_every_rule_is_seen_missing_once() -> None:
    assert {rule for rule, _, _, _ in BROKEN.values()} == {rule.id for rule in RULES}


HIDDEN = {"no-other-check", "bypass", "active", "default-token", "actions-approve"}


@TIERS
@pytest.mark.parametrize("who", ["writer", "workflow"])
def test_what_a_token_may_not_see_is_neither_fine_nor_missing(tmp_path: Path, tier: Tier, who: str) -> None:
    with clinic(tmp_path, tier) as one:
        forge = one.scene.forge
        token = forge.person(one.scene.bob) if who == "writer" else forge.workflow_token()
        found = states(one, token)
        assert decisive(one.examine(token).answers) is State.UNVERIFIED
    unverified = {rule for rule, (state, _) in found.items() if state is State.UNVERIFIED}
    assert unverified == HIDDEN | ({"app-key", "app-client"} if tier is Tier.HARDENED else set())
    assert State.MISSING not in {state for state, _ in found.values()}
    status = "404" if who == "writer" else "403"
    assert found["default-token"][1] == (
        f"GitHub does not tell what a workflow's token may ({status}): it takes administration: read"
    )


def test_without_a_ruleset_a_token_that_may_not_see_the_classic_protection_says_so(tmp_path: Path) -> None:
    with clinic(tmp_path, Tier.QUICKSTART) as one:
        one.scene.repo.rulesets.clear()
        found = states(one, one.scene.forge.workflow_token())
    for rule in ("required-check", "pull-requests", "code-owners", "force-pushes", "deletion"):
        assert found[rule] == (
            State.UNVERIFIED,
            "GitHub does not tell the classic protection of main (403): it takes administration: read",
        )


def test_classic_protection_is_as_good_as_a_ruleset(tmp_path: Path) -> None:
    with clinic(tmp_path, Tier.QUICKSTART) as one:
        forge, repo = one.scene.forge, one.scene.repo
        rules = one.ruleset.rules
        repo.rulesets.clear()
        repo.merge_methods = ("merge", "squash")
        forge.protect(repo, "main", *rules)
        assert decisive(one.examine().answers) is State.SET
        forge.protect(repo, "main", *rules, admins=False)
        assert states(one)["bypass"] == (
            State.MISSING,
            "the required check may be bypassed by administrators in the branch protection",
        )
        forge.ruleset(repo, *rules)
        assert states(one)["bypass"][0] is State.SET


def test_the_branches_that_ratchet_writes_are_looked_at_once_they_are_there(tmp_path: Path) -> None:
    with clinic(tmp_path, Tier.QUICKSTART) as one:
        kept("ratchet/ledger")(one)
        one.scene.forge.ruleset(one.scene.repo, no_force_push(), branches=("refs/heads/ratchet/*",), name="all")
        found = states(one)
    assert found["ledger-kept"][0] is State.SET
    assert found["traffic-kept"] == (State.LATER, "there is no branch ratchet/traffic")


def test_the_files_are_those_of_the_protected_branch_and_not_of_the_work_tree(tmp_path: Path) -> None:
    with clinic(tmp_path, Tier.HARDENED) as one:
        one.scene.work.branch("mine", {CHECK: "name: mine\non: push\njobs: {}\n"})
        (one.scene.work.path / OWNERS).unlink()
        assert decisive(one.examine().answers) is State.SET


def test_an_app_that_nobody_has_named_can_not_be_verified(tmp_path: Path) -> None:
    with clinic(tmp_path, Tier.HARDENED) as one:
        object.__setattr__(one.app, "slug", "")
        found = states(one)
    assert found["check-source"][0] is State.UNVERIFIED
    assert "name yours with --app" in found["check-source"][1]
    assert found["app-permissions"] == (State.UNVERIFIED, "which App it is, nobody has said: name it with --app")


def told(
    clinic: Clinic, token: Token, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str]:
    monkeypatch.delenv("RATCHET_APP", raising=False)
    for name, value in clinic.environ(token).items():
        monkeypatch.setenv(name, value)
    code = run(["doctor", "--repo", str(clinic.scene.work.path), *more])
    shown = capsys.readouterr()
    assert shown.err == ""
    return code, shown.out


def test_the_command_ends_with_the_code_of_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with clinic(tmp_path, Tier.QUICKSTART) as one:
        code, text = told(one, one.admin, monkeypatch, capsys)
        assert (code, text.splitlines()[0]) == (
            ExitCode.PASSED,
            "https://github.com/acme/models, branch main, tier quickstart: 0 missing, 25 set",
        )
        code, text = told(one, one.scene.forge.workflow_token(), monkeypatch, capsys)
        assert code == ExitCode.ERRORED
        assert text.count("cannot verify") == len(HIDDEN)
        one.rules(without="non_fast_forward")
        code, text = told(one, one.scene.forge.workflow_token(), monkeypatch, capsys, "--format", "json")
        assert code == ExitCode.ERRORED
        code, text = told(one, one.admin, monkeypatch, capsys, "--format", "json")
        assert code == ExitCode.FAILED
        answers = {answer["id"]: answer for answer in json.loads(text)["answers"]}
        assert answers["force-pushes"]["where"] == "settings/rules: *Block force pushes*"
        assert {answer["id"] for answer in answers.values() if answer["state"] == "missing"} == {"force-pushes"}


def test_a_repository_that_github_does_not_show_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with clinic(tmp_path, Tier.QUICKSTART) as one:
        one.scene.repo.private = True
        for name, value in one.environ(one.scene.forge.person(one.scene.cleo)).items():
            monkeypatch.setenv(name, value)
        assert run(["doctor", "--repo", str(one.scene.work.path)]) == ExitCode.ERRORED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("ratchet: GitHub ")
    assert "the branch main" in shown.err
    assert shown.err.count("\n") == 1
