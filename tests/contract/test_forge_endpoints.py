"""PyGithub drives the fake GitHub and reads back what it wrote; each exchange is as GitHub describes it."""

import base64
from pathlib import Path

import pytest
from github import Auth, Github, GithubException, GithubIntegration, InputGitTreeElement

from builders.hubs import a_scene, client
from forge import contract
from forge.rules import no_force_push, required_checks, required_reviews
from forge.web import ROUTES


def test_every_path_that_the_description_was_cut_to_is_served() -> None:
    described = {template for _, template in contract.operations()}
    assert {one.template for one in ROUTES} == described
    assert [
        (one.method, one.template) for one in ROUTES if (one.method, one.template) not in contract.operations()
    ] == []


def test_a_pull_request_is_opened_edited_listed_and_read_from_git(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge, scene.forge.person(scene.ada)) as github:
        scene.work.branch("feature", {"a.txt": "one\ntwo\n", "README.md": "other\n"})
        scene.work.git("push", "--quiet", "origin", "feature")
        repo = github.get_repo("acme/models")
        made = repo.create_pull(base="main", head="feature", title="Promote", body="why", draft=True)
        made.edit(title="Promote it", body="because")
        read = repo.get_pull(made.number)
        assert (read.title, read.body, read.draft) == ("Promote it", "because", True)
        assert (read.mergeable, read.changed_files) == (True, 2)
        assert [(one.filename, one.status, one.additions) for one in read.get_files()] == [
            ("README.md", "modified", 1),
            ("a.txt", "added", 2),
        ]
        assert [one.sha for one in read.get_commits()] == [scene.work.git("rev-parse", "feature")]
        assert [one.number for one in repo.get_pulls(state="open", head="acme:feature", base="main")] == [1]
        assert [one.number for one in repo.get_pulls(base="other")] == []
        assert [one.number for one in repo.get_commit(read.head.sha).get_pulls()] == [1]
        read.edit(state="closed")
        assert repo.get_pull(1).state == "closed"
        assert [one.action for one in scene.forge.deliveries] == ["opened", "edited", "closed"]


@pytest.mark.parametrize("count", [101, 250])
def test_reviews_are_read_to_the_last_page(tmp_path: Path, count: int) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        pull = scene.propose()
        for number in range(count):
            scene.forge.clock.advance(minutes=1)
            scene.forge.review(pull, by=scene.forge.user(f"user{number}"), state="COMMENTED")
        reviews = list(github.get_repo("acme/models").get_pull(1).get_reviews())
        assert [one.user.login for one in reviews] == [f"user{number}" for number in range(count)]
        assert reviews[1].submitted_at > reviews[0].submitted_at
        assert reviews[0].commit_id == pull.head_sha
        assert len(scene.forge.asked("GET", "/reviews")) == -(-count // 100)


def test_a_list_of_files_ends_at_three_thousand(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.propose(files={f"many/{number}.txt": "x\n" for number in range(3001)})
        pull = github.get_repo("acme/models").get_pull(1)
        assert pull.changed_files == 3001
        assert len(list(pull.get_files())) == 3000


def test_a_list_of_commits_ends_at_two_hundred_and_fifty(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.work.branch("feature")
        tree, tip = scene.work.git("rev-parse", "HEAD^{tree}"), scene.work.git("rev-parse", "HEAD")
        for number in range(251):
            tip = scene.work.git("commit-tree", tree, "-p", tip, "-m", str(number))
        scene.work.git("push", "--quiet", "origin", f"{tip}:refs/heads/feature")
        scene.forge.open(scene.repo, "feature", by=scene.ada)
        pull = github.get_repo("acme/models").get_pull(1)
        assert pull.commits == 252
        assert len(list(pull.get_commits())) == 250


def test_reviews_are_submitted_dismissed_and_asked_for(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge, scene.forge.person(scene.bob)) as github:
        scene.propose()
        pull = github.get_repo("acme/models").get_pull(1)
        pull.create_review_request(reviewers=["bob"])
        assert [one.login for one in pull.get_review_requests()[0]] == ["bob"]
        review = pull.create_review(body="fine", event="APPROVE")
        assert pull.get_review_requests()[0].totalCount == 0
        assert pull.get_review(review.id).state == "APPROVED"
        review.dismiss("no longer")
        assert [one.state for one in pull.get_reviews()] == ["DISMISSED"]


def test_nobody_approves_their_own_pull_request(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge, scene.forge.person(scene.ada)) as github:
        scene.propose()
        with pytest.raises(GithubException, match="422"):
            github.get_repo("acme/models").get_pull(1).create_review(body="fine", event="APPROVE")


def test_comments_reactions_labels_and_issues_are_written_and_read_back(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.propose()
        repo = github.get_repo("acme/models")
        pull = repo.get_pull(1)
        first, second = pull.create_issue_comment("one"), pull.create_issue_comment("two")
        first.edit("uno")
        first.create_reaction("eyes")
        second.delete()
        assert [(one.body, one.user.type) for one in pull.get_issue_comments()] == [("uno", "Bot")]
        assert [one.content for one in pull.get_issue_comment(first.id).get_reactions()] == ["eyes"]
        repo.create_label("promotion", "0e8a16")
        pull.add_to_labels("promotion", "canary")
        pull.remove_from_labels("canary")
        assert [one.name for one in repo.get_issue(1).labels] == ["promotion"]
        issue = repo.create_issue("Alert", body="bad", labels=["alert"])
        issue.edit(state="closed")
        assert [one.number for one in repo.get_issues(state="closed", labels=["alert"])] == [issue.number]
        assert issue.number == 2


def test_a_comment_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.propose()
        pull = github.get_repo("acme/models").get_pull(1)
        pull.create_issue_comment("x" * 65_536)
        with pytest.raises(GithubException, match="too long"):
            pull.create_issue_comment("x" * 65_537)


def test_check_runs_and_statuses_are_written_and_read_back(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        repo = github.get_repo("acme/models")
        sha = scene.propose().head_sha
        note: dict[str, str | int] = {
            "path": "a",
            "start_line": 1,
            "end_line": 1,
            "annotation_level": "failure",
            "message": "bad",
        }
        output: dict[str, str | list[dict[str, str | int]]]
        output = {"title": "t", "summary": "s", "annotations": [note] * 50}
        run = repo.create_check_run("promotion/main", sha, status="in_progress", external_id="7", output=output)
        run.edit(status="completed", conclusion="failure", output=output)
        read = repo.get_check_run(run.id)
        assert (read.status, read.conclusion, read.external_id, read.app.id) == ("completed", "failure", "7", 15368)
        assert read.get_annotations().totalCount == 100
        repo.create_check_run("promotion/main", sha, status="completed", conclusion="success")
        commit = repo.get_commit(sha)
        assert [one.conclusion for one in commit.get_check_runs(check_name="promotion/main")] == ["success"]
        assert commit.get_check_runs(check_name="promotion/main", filter="all").totalCount == 2
        assert [one.head_sha for one in commit.get_check_suites()] == [sha]
        commit.create_status("success", description="d", context="ci")
        assert (commit.get_combined_status().state, [one.context for one in commit.get_statuses()]) == (
            "success",
            ["ci"],
        )


def test_the_git_data_api_writes_into_the_real_repository(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        repo = github.get_repo("acme/models")
        main = repo.get_branch("main").commit.sha
        blob = repo.create_git_blob(base64.b64encode(b"\0\1").decode(), "base64")
        base = repo.get_git_commit(main).tree
        elements = [
            InputGitTreeElement("promotions/a.yaml", "100644", "blob", content="a: 1\n"),
            InputGitTreeElement("b.bin", "100644", "blob", sha=blob.sha),
            InputGitTreeElement("README.md", "100644", "blob", sha=None),
        ]
        tree = repo.create_git_tree(elements, base)
        commit = repo.create_git_commit("add", tree, [repo.get_git_commit(main)])
        ref = repo.create_git_ref("refs/heads/ledger", commit.sha)
        assert scene.repo.git.run("show", "ledger:promotions/a.yaml") == "a: 1"
        assert scene.repo.git.run("ls-tree", "-r", "--name-only", "ledger").split() == ["b.bin", "promotions/a.yaml"]
        assert base64.b64decode(repo.get_git_blob(blob.sha).content) == b"\0\1"
        assert {one.path for one in repo.get_git_tree("ledger", recursive=True).tree} >= {"promotions/a.yaml"}
        with pytest.raises(GithubException, match="not a fast forward"):
            ref.edit(main)
        ref.edit(main, force=True)
        assert repo.get_git_ref("heads/ledger").object.sha == main
        ref.delete()
        assert [one.ref for one in repo.get_git_matching_refs("heads/")] == ["refs/heads/main"]


def test_contents_commits_and_comparisons_are_read_from_git(tmp_path: Path) -> None:
    with a_scene(tmp_path, {"policies/a.yaml": "a: 1\n"}) as scene, client(scene.forge) as github:
        scene.propose(files={"policies/a.yaml": "a: 2\n"})
        repo = github.get_repo("acme/models")
        main = scene.work.git("rev-parse", "main")
        file = repo.get_contents("policies/a.yaml", ref=main)
        assert not isinstance(file, list)
        assert file.decoded_content == b"a: 1\n"
        folder = repo.get_contents("policies", ref="feature")
        assert isinstance(folder, list)
        assert [one.path for one in folder] == ["policies/a.yaml"]
        compared = repo.compare("main", "feature")
        assert (compared.ahead_by, compared.behind_by, [one.filename for one in compared.files]) == (
            1,
            0,
            ["policies/a.yaml"],
        )
        assert [one.sha for one in repo.get_commits(sha="main")] == [main]
        with pytest.raises(GithubException, match="404"):
            repo.get_contents("absent.yaml")


def test_settings_are_read_by_who_may(tmp_path: Path) -> None:
    owners = "* @ada\n/policies/ @acme/risk @nobody\n"
    with a_scene(tmp_path, {".github/CODEOWNERS": owners}) as scene:
        forge, repo = scene.forge, scene.repo
        forge.team("acme/risk", scene.bob)
        forge.grant(repo, "admin", scene.ada)
        forge.ruleset(repo, required_checks("promotion/main", app=forge.actions), no_force_push())
        forge.protect(repo, "main", required_reviews(2, code_owners=True), required_checks("ci"))
        forge.environment(repo, "verdict", branches=("main",), reviewers=(scene.bob,))
        forge.workflow(repo, ".github/workflows/promotion-check.yml")
        with client(forge, forge.person(scene.ada)) as github:
            read = github.get_repo("acme/models")
            protection = read.get_branch("main").get_protection()
            assert protection.required_pull_request_reviews.required_approving_review_count == 2
            assert protection.required_status_checks.contexts == ["ci"]
            assert [one.name for one in read.get_environments()] == ["verdict"]
            assert read.get_environment("verdict").deployment_branch_policy.custom_branch_policies
            assert [one.path for one in read.get_workflows()] == [".github/workflows/promotion-check.yml"]
            for path, expected in {
                "/rules/branches/main": "integration_id",
                "/rulesets": "active",
                f"/rulesets/{next(iter(repo.rulesets))}": "bypass_actors",
                "/actions/permissions": "sha_pinning_required",
                "/actions/permissions/workflow": "default_workflow_permissions",
                "/codeowners/errors": "@nobody",
                "/environments/verdict/deployment-branch-policies": "main",
            }.items():
                _, answer = github.requester.requestJsonAndCheck("GET", f"/repos/acme/models{path}")
                assert expected in str(answer)
        with client(forge) as github, pytest.raises(GithubException, match="not accessible by integration"):
            github.get_repo("acme/models").get_branch("main").get_protection()


def test_names_of_secrets_are_told_to_who_may_see_them_and_never_what_they_hold(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        forge, repo = scene.forge, scene.repo
        forge.grant(repo, "admin", scene.ada)
        verdict = forge.environment(repo, "verdict", branches=("main",), admins_bypass=False)
        verdict.secrets.add("KEY")
        verdict.variables["CLIENT"] = "Iv23"
        repo.secrets.add("PROMETHEUS")
        repo.shared_secrets.add("SHARED")
        expected = {
            "/environments/verdict/secrets": ("secrets", [("KEY", None)]),
            "/environments/verdict/variables": ("variables", [("CLIENT", "Iv23")]),
            "/actions/secrets": ("secrets", [("PROMETHEUS", None)]),
            "/actions/organization-secrets": ("secrets", [("SHARED", None)]),
        }
        with client(forge, forge.person(scene.ada)) as github:
            for path, (key, told) in expected.items():
                _, answer = github.requester.requestJsonAndCheck("GET", f"/repos/acme/models{path}")
                assert [(one["name"], one.get("value")) for one in answer[key]] == told
        for token, refusal in ((forge.person(scene.bob), "404"), (forge.workflow_token(), "403")):
            with client(forge, token) as github:
                for path in expected:
                    with pytest.raises(GithubException, match=refusal):
                        github.requester.requestJsonAndCheck("GET", f"/repos/acme/models{path}")


def test_anybody_may_look_an_app_up_by_its_slug(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        made = scene.forge.app("ratchet", {"checks": "write"})
        read = github.get_app("ratchet")
        assert (read.id, read.client_id, read.permissions) == (made.id, made.client_id, {"checks": "write"})
        with pytest.raises(GithubException, match="404"):
            _ = github.get_app("nobody").id


def test_people_teams_and_permissions(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        forge = scene.forge
        forge.team("acme/risk", scene.bob)
        app = forge.app("ratchet", {"checks": "write", "members": "read"})
        with client(forge, forge.app_token(app)) as github:
            repo = github.get_repo("acme/models")
            assert [repo.get_collaborator_permission(one) for one in ("acme", "bob", "cleo")] == [
                "admin",
                "write",
                "read",
            ]
            team = github.get_organization("acme").get_team_by_slug("risk")
            assert team.get_team_membership("bob").state == "active"
            assert [one.login for one in team.get_members()] == ["bob"]
            assert github.get_user("ratchet[bot]").type == "Bot"
            with pytest.raises(GithubException, match="404"):
                team.get_team_membership("ada")
        with client(forge, forge.person(scene.ada)) as github:
            assert github.get_user().login == "ada"
        for refusal in (404, 403):
            forge.team_refusal = refusal
            with client(forge) as github, pytest.raises(GithubException, match=str(refusal)):
                github.get_organization("acme").get_team_by_slug("risk")


def test_an_app_signs_in_and_publishes_under_its_own_id(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        app = scene.forge.app("ratchet", {"checks": "write", "metadata": "read"})
        sha = scene.propose().head_sha
        signed = Auth.AppAuth(app.id, app.key)
        with GithubIntegration(auth=signed, base_url=scene.forge.api) as integration:
            assert integration.get_app().slug == "ratchet"
            assert integration.get_repo_installation("acme", "models").id == app.installation
            assert [one.id for one in integration.get_installations()] == [app.installation]
        auth = Auth.AppInstallationAuth(signed, app.installation, {"checks": "write"})
        with Github(auth=auth, base_url=scene.forge.api, seconds_between_writes=None) as github:
            run = github.get_repo("acme/models").create_check_run("promotion/main", sha, conclusion="success")
            assert run.app.id == app.id
        with client(scene.forge) as github, pytest.raises(GithubException, match="can only be modified by"):
            github.get_repo("acme/models").get_check_run(run.id).edit(conclusion="failure")


def test_deployments_and_dispatches(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene, client(scene.forge) as github:
        scene.forge.workflow(scene.repo, ".github/workflows/rollback.yml")
        repo = github.get_repo("acme/models")
        for traffic in ("5", "50"):
            made = repo.create_deployment(
                "main", environment="production", required_contexts=[], payload={"traffic": traffic}
            )
            made.create_status("success", description="live", environment_url="https://example.invalid/")
        first, second = sorted(repo.get_deployments(environment="production"), key=lambda one: one.id)
        assert [one.state for one in first.get_statuses()] == ["inactive", "success"]
        assert [one.state for one in second.get_statuses()] == ["success"]
        assert repo.get_workflow("rollback.yml").create_dispatch("main", {"version": "v1"})
        assert [(one.event, one.starts_workflows) for one in scene.forge.deliveries][-1] == ("workflow_dispatch", True)


def test_time_limits_and_enterprise_addresses(tmp_path: Path) -> None:
    with a_scene(tmp_path, prefix="/api/v3") as scene, client(scene.forge) as github:
        assert scene.forge.api.endswith("/api/v3")
        scene.forge.clock.advance(days=3)
        github.get_repo("acme/models")
        assert github.get_rate_limit().rate.remaining == 999
        headers, _ = github.requester.requestJsonAndCheck("GET", "/meta")
        assert headers["date"] == "Thu, 04 Sep 2025 12:00:00 GMT"
