"""init: a repository that is ready, and nothing in it that was somebody else's work."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from builders.repositories import Repo, a_repo
from builders.scaffolds import REMOTE, TIERS, initialised
from model_ratchet.actions.init import ACTION, EXAMPLE, NO_COMMIT, WORKFLOWS, Initialised, InitInput, Tier, init, told
from model_ratchet.actions.propose import ProposeInput, propose
from model_ratchet.actions.validate import validate
from model_ratchet.actions.worktree import State
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import RepositoryError, UsageError
from model_ratchet.core.names import PolicyName
from model_ratchet.engine.undo import ROLES
from model_ratchet.shipped import shipped_policies, source_commit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    ".github/CODEOWNERS",
    ".github/ISSUE_TEMPLATE/root-cause.yml",
    ".github/pull_request_template.md",
    ".pre-commit-config.yaml",
    "policies/hotfix/1.0.0.yaml",
    "policies/latency-track/1.0.0.yaml",
    "policies/models/example.yaml",
    "policies/sources.yaml",
    "policies/standard/1.0.0.yaml",
    "policies/standard/1.1.0.yaml",
    "promotions/README.md",
    *(f"schemas/{name}.json" for name in ("alerts", "model", "policy", "request", "revocations", "sources", "waiver")),
    *(f"schemas/{name}.json" for name in ("calibration", "confidence", "optimizer")),
}


def files(path: Path) -> dict[str, str]:
    return {
        file.relative_to(path).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(path.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(path).parts
    }


def done(
    path: Path, tier: Tier = Tier.QUICKSTART, *, force: bool = False, environ: dict[str, str] | None = None
) -> Initialised:
    return init(InitInput(repo=path, tier=tier, force=force, environ=environ or {}))


def states(of: Initialised, state: State) -> set[str]:
    return {one.path for one in of.placed if one.state is state}


def a_remote(path: Path, branch: str = "main") -> Repo:
    repo = a_repo(path, {"README.md": "words\n"})
    if branch != "main":
        repo.git("branch", "--move", branch)
    for number in range(3):
        repo.commit({"README.md": f"{number}\n"})
    return repo


@TIERS
def test_everything_is_written_and_the_documents_are_valid(tmp_path: Path, tier: Tier) -> None:
    initialised(tmp_path, tier)
    assert set(files(tmp_path)) == FILES | {f".github/workflows/{name}" for name in WORKFLOWS[tier]}
    checked = validate(tmp_path, ())
    assert checked.findings == ()
    assert checked.validated == 6


def test_a_new_model_may_use_the_newest_version_of_each_policy(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    newest: dict[str, PolicyName] = {}
    for path in (tmp_path / "policies").glob("*/*.yaml"):
        if path.parent.name != "models":
            one = PolicyName.parse(f"{path.parent.name}/{path.stem}")
            newest[one.name] = max(one, newest.get(one.name, one))
    model = yaml.safe_load((tmp_path / EXAMPLE).read_text())
    assert sorted(model["policies"]) == sorted(map(str, newest.values()))
    assert model["policies"][0].startswith("standard/")


def test_every_role_that_signs_under_a_policy_or_undoes_a_rollback_is_bound(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    model = yaml.safe_load((tmp_path / EXAMPLE).read_text())
    policies = [yaml.safe_load((tmp_path / f"policies/{one}.yaml").read_text()) for one in model["policies"]]
    asked = {role for one in policies for stage in one["stages"] for role in stage.get("enter", [])}
    asked |= {rule["role"] for one in policies for gate in one["gates"] for rule in gate["criteria"] if "role" in rule}
    assert model["roles"].keys() == asked | set(ROLES)


def test_no_word_of_a_template_is_left_and_all_of_them_are_whole(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    found = done(tmp_path, Tier.HARDENED)
    text = "".join(files(tmp_path).values()) + told(found)
    assert "__" not in text
    assert not [path for path, content in files(tmp_path).items() if not content.endswith("\n")]


@pytest.mark.parametrize(
    "place",
    [
        lambda path: a_repo(path).path,
        lambda path: _empty(path).path,
        lambda path: _clone(path, "--depth=1"),
        lambda path: _below(path, "src/model"),
    ],
    ids=["local", "empty", "shallow clone", "subfolder"],
)
def test_a_version_can_be_proposed_wherever_it_was_initialised(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    folder = place(tmp_path)
    done(folder)
    root = tmp_path / "clone" if (tmp_path / "clone").exists() else tmp_path
    repo = Repo(root)
    assert (root / EXAMPLE).exists()
    repo.commit(message="ready")
    version = "v1.0.0_20260101_000000"
    drafted = propose(ProposeInput(repo=root, model="example", version=version, base="HEAD", source_commit="ab12cd3"))
    assert drafted.findings == ()
    request = root / drafted.written[0]
    filled = {
        "uri: TODO": "uri: s3://models/example/1.joblib",
        "digest: TODO": f"digest: sha256:{'a' * 64}",
        "owner: TODO": "owner: ml",
        "version: TODO": "version: '2025'",
        "infrastructure: TODO": "infrastructure: {memory: 1GiB}",
        "TODO": "{rows: 1}",
    }
    text = request.read_text()
    for blank, value in filled.items():
        text = text.replace(blank, value)
    request.write_text(text)
    assert validate(root, ()).findings == ()


def _empty(path: Path) -> Repo:
    path.mkdir(parents=True, exist_ok=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch=main")
    return repo


def _clone(path: Path, *options: str) -> Path:
    a_remote(path / "remote")
    Repo(path).git("clone", "--quiet", *options, f"file://{path / 'remote'}", str(path / "clone"))
    return path / "clone"


def _below(path: Path, folder: str) -> Path:
    a_repo(path, {f"{folder}/train.py": ""})
    return path / folder


def test_twice_changes_nothing(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    before = files(tmp_path)
    again = done(tmp_path, Tier.HARDENED)
    assert states(again, State.UNCHANGED) == set(before)
    assert files(tmp_path) == before
    assert "28 files are there already as they should be\n" in told(again)


def test_what_differs_is_kept_and_named_until_it_is_forced(tmp_path: Path) -> None:
    repo = initialised(tmp_path, Tier.QUICKSTART)
    before = files(tmp_path)
    repo.write({EXAMPLE: "mine\n", ".github/workflows/promotion-check.yml": "mine\n"})
    found = done(tmp_path)
    kept = {EXAMPLE, ".github/workflows/promotion-check.yml"}
    assert states(found, State.KEPT) == kept
    assert all(f"kept {path}, which differs: write over it with --force\n" in told(found) for path in kept)
    assert files(tmp_path)[EXAMPLE] == "mine\n"
    assert states(done(tmp_path, force=True), State.WRITTEN) == kept
    assert files(tmp_path) == before


def test_the_other_tier_takes_force_and_names_the_workflow_that_is_left(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED)
    assert done(tmp_path, Tier.QUICKSTART).strangers == (".github/workflows/promotion-relay.yml",)
    found = done(tmp_path, Tier.QUICKSTART, force=True)
    assert ".github/workflows/promotion-relay.yml belongs to the other tier: remove it\n" in told(found)
    assert "pull_request_target" not in files(tmp_path)[".github/workflows/promotion-check.yml"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("link", [".github", ".github/workflows", "policies/sources.yaml", ".pre-commit-config.yaml"])
def test_nothing_at_all_is_written_where_one_file_would_go_through_a_link(
    tmp_path: Path, link: str, force: bool
) -> None:
    repo = a_repo(tmp_path / "repo")
    outside = tmp_path / "outside"
    outside.mkdir()
    place = repo.path / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside if "." not in link[1:] else outside / "file")
    with pytest.raises(UsageError, match=f"^{link} is a symbolic link"):
        done(repo.path, force=force)
    assert list(outside.iterdir()) == []
    assert not [file for file in repo.path.rglob("*.yml") if ".git/" not in file.as_posix()]


@pytest.mark.parametrize(
    ("there", "said"), [("policies", "policies is a file, and policies/"), ("promotions/README.md/x", "and no file")]
)
def test_a_path_that_is_taken_by_something_else_is_refused(tmp_path: Path, there: str, said: str) -> None:
    a_repo(tmp_path, {there: "x"})
    with pytest.raises(UsageError, match=said):
        done(tmp_path)


def test_what_is_there_of_owners_and_hooks_is_kept_and_the_rest_said(tmp_path: Path) -> None:
    owners, hooks = "* @acme/all\n/policies/\n", "repos: []\n"
    a_repo(tmp_path, {"CODEOWNERS": owners, ".pre-commit-config.yaml": hooks})
    found = done(tmp_path)
    assert (tmp_path / "CODEOWNERS").read_text() == owners
    assert not (tmp_path / ".github" / "CODEOWNERS").exists()
    assert (tmp_path / ".pre-commit-config.yaml").read_text() == hooks
    assert set(found.by_hand) == {"CODEOWNERS", ".pre-commit-config.yaml"}
    assert "to be added to CODEOWNERS, which is kept as it is:\n\n# What decides" in told(found)
    assert "to be added to .pre-commit-config.yaml, which is kept as it is:\n\n  - repo: " in told(found)
    forced = done(tmp_path, force=True)
    assert set(forced.by_hand) == {".pre-commit-config.yaml"}
    assert (tmp_path / "CODEOWNERS").read_text().startswith(f"{owners}\n# What decides")
    assert states(done(tmp_path), State.KEPT) == {".pre-commit-config.yaml"}


def test_owners_that_cover_everything_already_are_left_alone(tmp_path: Path) -> None:
    a_repo(tmp_path, {"docs/CODEOWNERS": "* @acme/all\n"})
    found = done(tmp_path)
    assert found.by_hand == {}
    assert "docs/CODEOWNERS" in states(found, State.UNCHANGED)
    assert 'code-owner: ["@acme/all"]' in (tmp_path / EXAMPLE).read_text()


def test_the_hook_goes_into_a_configuration_that_is_there(tmp_path: Path) -> None:
    hooks = "# ours\nrepos:\n  - repo: local # why\n    hooks: [{id: one}]\n"
    a_repo(tmp_path, {".pre-commit-config.yaml": hooks})
    done(tmp_path)
    text = (tmp_path / ".pre-commit-config.yaml").read_text()
    assert text.startswith(hooks)
    assert [one["hooks"][0]["id"] for one in yaml.safe_load(text)["repos"]] == ["one", "ratchet-validate"]


def test_a_template_of_pull_requests_that_is_there_is_kept(tmp_path: Path) -> None:
    a_repo(tmp_path, {"docs/PULL_REQUEST_TEMPLATE.md": "mine\n"})
    assert states(done(tmp_path), State.KEPT) == {"docs/PULL_REQUEST_TEMPLATE.md"}
    assert not (tmp_path / ".github" / "pull_request_template.md").exists()


def test_the_example_model_does_not_come_back_once_there_is_another(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    example = tmp_path / EXAMPLE
    example.rename(example.with_name("late.yaml"))
    done(tmp_path)
    assert not example.exists()


@pytest.mark.parametrize(
    ("remote", "environ", "owners", "placeholder"),
    [
        (REMOTE, {}, "@acme/TODO-owners", "@acme/TODO-risk"),
        (None, {}, "@TODO/TODO-owners", "@TODO/TODO-risk"),
        (REMOTE, {"github.user": "someone"}, "@someone", "@acme/TODO-risk"),
        (None, {"user.email": "7+someone@users.noreply.github.com"}, "@someone", "@TODO/TODO-risk"),
        (REMOTE, {"user.email": "someone@example.invalid"}, "@acme/TODO-owners", "@acme/TODO-risk"),
    ],
)
def test_owners_are_found_out_or_marked(
    tmp_path: Path, remote: str | None, environ: dict[str, str], owners: str, placeholder: str
) -> None:
    repo = a_repo(tmp_path)
    if remote is not None:
        repo.git("remote", "add", "origin", remote)
    settings = {"HOME": os.devnull, "GIT_CONFIG_COUNT": str(len(environ))}
    for number, (name, text) in enumerate(environ.items()):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": text}
    found = done(tmp_path, environ=settings)
    rules = [line.split() for line in (tmp_path / ".github/CODEOWNERS").read_text().splitlines() if line[0] != "#"]
    assert rules == [[path, owners] for path in ("/policies/", "/promotions/", "/.github/workflows/", "CODEOWNERS")]
    assert f'code-owner: ["{owners}"]' in (tmp_path / EXAMPLE).read_text()
    assert f'risk: ["{placeholder}"]' in (tmp_path / EXAMPLE).read_text()
    assert (".github/CODEOWNERS: lines 3, 4, 5, 6" in found.left) is ("TODO" in owners)


@pytest.mark.parametrize("branch", ["main", "master", "trunk", "release/1.x"])
def test_the_default_branch_of_the_remote_is_the_one_that_is_protected(tmp_path: Path, branch: str) -> None:
    a_remote(tmp_path / "remote", branch)
    Repo(tmp_path).git("clone", "--quiet", str(tmp_path / "remote"), "clone")
    Repo(tmp_path / "clone").git("switch", "--quiet", "-c", "mine")
    found = done(tmp_path / "clone")
    check = yaml.safe_load((tmp_path / "clone/.github/workflows/promotion-check.yml").read_text())
    assert check[True]["pull_request"]["branches"] == [branch]
    assert f"`promotion/{branch}`, source *GitHub Actions*" in found.settings


def test_a_branch_that_would_be_something_else_in_yaml_is_refused(tmp_path: Path) -> None:
    a_remote(tmp_path / "remote", "ma{in]#x")
    Repo(tmp_path).git("clone", "--quiet", str(tmp_path / "remote"), "clone")
    with pytest.raises(UsageError, match="the default branch is called"):
        done(tmp_path / "clone")


def test_an_enterprise_server_has_its_own_addresses_and_runners(tmp_path: Path) -> None:
    found = init(InitInput(repo=initialised(tmp_path, Tier.HARDENED, "https://git.acme.example/ml/models").path))
    assert "https://git.acme.example/ml/models/settings/rules" in found.settings
    assert "github.com" not in found.settings
    text = files(tmp_path)[".github/workflows/promotion-check.yml"]
    assert "    runs-on: self-hosted # TODO: a label of your runners\n" in text
    assert any(one.startswith(".github/workflows/promotion-check.yml: line") for one in found.left)


def test_credentials_of_a_remote_are_never_told(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.HARDENED, "https://user:ghp_secret@github.com/acme/models.git")
    assert "secret" not in told(done(tmp_path, Tier.HARDENED)).replace("secrets", "").replace("secret `RATCHET", "")
    assert "ghp_" not in "".join(files(tmp_path).values())


def test_the_action_is_pinned_to_the_commit_that_this_copy_was_built_from(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    assert source_commit() is not None
    written = files(tmp_path)
    assert f"uses: {ACTION}@{source_commit()} # v" in written[".github/workflows/promotion-check.yml"]
    assert f"rev: {source_commit()} # frozen: v" in written[".pre-commit-config.yaml"]
    assert NO_COMMIT not in "".join(written.values())


def test_only_the_policy_of_the_demo_is_not_for_others(tmp_path: Path) -> None:
    initialised(tmp_path, Tier.QUICKSTART)
    shipped = {path for path in shipped_policies() if path.count("/") == 2 and "/models/" not in path}
    assert shipped - set(files(tmp_path)) == {"policies/flight-delay/1.0.0.yaml"}
    for path in shipped & set(files(tmp_path)):
        assert "retrospective: allowed" not in files(tmp_path)[path]


def test_a_bare_repository_and_no_repository_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is no git repository"):
        done(tmp_path)
    Repo(tmp_path).git("init", "--quiet", "--bare", "bare")
    with pytest.raises(UsageError, match="is a bare repository"):
        done(tmp_path / "bare")
    assert not (tmp_path / "bare" / ".github").exists()


@TIERS
def test_what_is_said_is_short_and_exact(tmp_path: Path, tier: Tier, golden: Callable[[str, str], None]) -> None:
    repo = a_repo(tmp_path)
    repo.git("remote", "add", "origin", REMOTE)
    golden(f"init/{tier}.txt", told(done(tmp_path, tier)) + "\n")


def test_the_command_ends_with_the_code_of_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_repo(tmp_path / "repo")
    assert run(["init", "--repo", str(tmp_path / "repo"), "--tier", "hardened"]) == ExitCode.PASSED
    assert "wrote .github/workflows/promotion-relay.yml\n" in capsys.readouterr().out
    assert run(["validate", "--repo", str(tmp_path / "repo")]) == ExitCode.PASSED
    assert run(["init", "--repo", str(tmp_path)]) == ExitCode.ERRORED
    assert capsys.readouterr().err.endswith("is no git repository: name one with --repo\n")
    assert run(["init", "--repo", str(tmp_path / "repo"), "--tier", "medium"]) == ExitCode.INVALID
