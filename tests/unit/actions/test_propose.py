"""propose: a folder that is whole as far as anything is known, and says what is left."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import registry
from builders.http import Asked, Told, answering
from builders.registry import BASELINE, CANDIDATE, DIGESTS, a_dataset, a_run, a_version, telling
from builders.repositories import Repo, a_repo
from model_ratchet.actions.propose import Drafted, ProposeInput, propose, told
from model_ratchet.actions.validate import validate
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.errors import RepositoryError, SourceError, UsageError
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest

FOLDER = f"promotions/late/{CANDIDATE}"
REQUEST = f"{FOLDER}/promotion.yaml"
ME = {"HOME": os.devnull, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "github.user", "GIT_CONFIG_VALUE_0": "someone"}
NOWHERE = "http://127.0.0.1:1"
RUN = a_run(
    {"max_depth": "8", "hidden": "a\u202eb"},
    {"train_auc": 0.9, "val_auc": 0.8},
    {"mlflow.source.git.commit": "ab12cd34"},
    [a_dataset("flights", "5f1c", profile='{"num_rows": 9}')],
)


def proposed(repo: Path, **more: object) -> Drafted:
    given: dict[str, object] = {"repo": repo, "model": "late", "version": CANDIDATE}
    return propose(ProposeInput(**(given | more)))  # type: ignore[arg-type]


def from_mlflow(path: Path, tell: Callable[[Asked], Told], **documents: str) -> Drafted:
    with answering(tell) as server:
        a_repo(path, registry.base_files(server.url, **documents))
        return proposed(path, from_mlflow=True)


def text(repo: Path, name: str = "promotion.yaml") -> str:
    return (repo / FOLDER / name).read_text(encoding="utf-8")


def test_a_folder_is_written_with_the_active_version_as_baseline_and_blanks_that_validate_refuses(
    tmp_path: Path,
) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    drafted = proposed(tmp_path)
    assert drafted.written == (REQUEST, f"{FOLDER}/risk.md", f"{FOLDER}/notes.md")
    assert f"baseline: {BASELINE}\npolicy: small/1.0.0\n" in text(tmp_path)
    findings = validate(tmp_path, ()).findings
    assert [(str(one.location), one.message[:35]) for one in findings] == [
        (f"{REQUEST}:{line}", "this is still to be filled in: writ")
        for line in ("8:8", "9:11", "10:8", "12:20", "13:15", "14:18")
    ]


def test_what_is_left_is_told_with_the_next_command(tmp_path: Path) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    blanks = "artifact.uri, artifact.digest, owner"
    asked = "metadata.hyperparameters, metadata.benchmarks, metadata.source_commit, drill"
    assert told(proposed(tmp_path), Path()) == (
        f"wrote {REQUEST}\nwrote {FOLDER}/risk.md\nwrote {FOLDER}/notes.md\n"
        f"left to fill in (TODO):\n  promotion.yaml: {blanks}, {asked}\n  risk.md: Risks, Mitigation\n  notes.md: all of it\n"
        f"next:\n  ratchet validate {REQUEST}\n  git switch -c promote/late/{CANDIDATE}\n  git add {FOLDER}\n"
        f'  git commit -m "Propose late {CANDIDATE}"\n  git push -u origin promote/late/{CANDIDATE}\n  open the pull request'
    )


def test_the_commands_open_the_pull_request_where_the_repository_is(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "a b", registry.base_files(NOWHERE))
    repo.git("remote", "add", "origin", "https://user:secret@git.acme.example:8443/ml/models.git")
    said = told(proposed(repo.path), repo.path)
    assert f"  git -C '{repo.path}' switch -c promote/late/{CANDIDATE}\n" in said
    branch = f"promote/late/{CANDIDATE}"
    assert said.endswith(f"request: https://git.acme.example:8443/ml/models/compare/main...{branch}?expand=1")
    assert "secret" not in said


def test_the_commands_lead_to_a_branch_that_is_valid_once_it_is_filled_in(tmp_path: Path) -> None:
    repo = a_repo(tmp_path, registry.base_files(NOWHERE))
    said = told(proposed(tmp_path, source_commit="ab12cd34", environ=ME), Path()).partition("\nnext:\n")[2]
    commands = [shlex.split(line) for line in said.splitlines()]
    words = {"uri: TODO": "uri: s3://m/1", "digest: TODO": f"digest: {DIGESTS[CANDIDATE]}"}
    words |= {"hyperparameters: TODO": "hyperparameters: {depth: 6}", "benchmarks: TODO": "benchmarks: {p95_ms: 9}"}
    filled = text(tmp_path)
    for blank, value in words.items():
        assert blank in filled
        filled = filled.replace(blank, value)
    (tmp_path / REQUEST).write_text(filled)
    assert validate(tmp_path, ()).findings == ()
    assert run([*commands[0][1:2], "--repo", str(tmp_path), *commands[0][2:]]) == ExitCode.PASSED
    for command in commands[1:4]:
        repo.git(*command[1:])
    assert repo.git("show", "--name-only", "--format=%s", "HEAD").splitlines()[0] == f"Propose late {CANDIDATE}"
    assert repo.git("status", "--porcelain") == ""
    assert [command[:2] for command in commands[4:]] == [["git", "push"], ["open", "the"]]


@pytest.mark.parametrize(
    ("codeowners", "settings", "owner"),
    [
        ("* @acme/all\n/promotions/ @acme/ml @acme/ops\n", "[user]\nname = Someone\n", "'@acme/ml, @acme/ops'"),
        ("/policies/ @acme/ml\n", "[github]\nuser = someone\n[user]\nname = Someone\n", "'@someone'"),
        ("", "[user]\nname = Someone\nemail = 7+someone@users.noreply.github.com\n", "'@someone'"),
        ("", "[user]\nname = Someone Else\nemail = someone@example.invalid\n", "Someone Else"),
        ("", "[user]\nname = TODO\n", "TODO"),
        ("", "", "TODO"),
    ],
)
def test_the_owner_is_found_out(tmp_path: Path, codeowners: str, settings: str, owner: str) -> None:
    a_repo(tmp_path / "repo", {**registry.base_files(NOWHERE), ".github/CODEOWNERS": codeowners})
    (tmp_path / ".gitconfig").write_text(settings)
    drafted = proposed(tmp_path / "repo", environ={"HOME": str(tmp_path)})
    assert f"\nowner: {owner}\n" in text(tmp_path / "repo")
    assert ("owner" in drafted.left[REQUEST]) is (owner == "TODO")


def test_the_owners_are_those_of_the_base_branch(tmp_path: Path) -> None:
    repo = a_repo(tmp_path, registry.base_files(NOWHERE))
    repo.write({"CODEOWNERS": "* @mallory\n"})
    proposed(tmp_path)
    assert "\nowner: TODO\n" in text(tmp_path)


def test_a_source_commit_that_is_told_stands_in_the_request(tmp_path: Path) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    assert "metadata.source_commit" not in proposed(tmp_path, source_commit="ab12cd34").left[REQUEST]
    assert "\n  source_commit: ab12cd34\n" in text(tmp_path)
    with pytest.raises(UsageError, match="--source-commit: 'HEAD' is no commit"):
        proposed(tmp_path, source_commit="HEAD", force=True)


def test_the_registry_fills_in_artifact_and_metadata(tmp_path: Path) -> None:
    drafted = from_mlflow(tmp_path, telling([a_version(7, CANDIDATE)], runs={"run7": RUN}))
    assert drafted.left[REQUEST] == ("owner", "metadata.benchmarks", "drill")
    assert drafted.left_out == ("hyperparameters.hidden",)
    assert "left out, because a request can't hold it as it is: hyperparameters.hidden\n" in told(drafted, Path())
    found = read(
        PromotionRequest,
        REQUEST,
        text(tmp_path).replace("owner: TODO", "owner: ml").replace("  benchmarks: TODO\n", "").encode(),
    )
    assert isinstance(found, PromotionRequest), found
    assert (found.artifact.uri, found.artifact.digest) == ("models:/late/7", DIGESTS[CANDIDATE])
    metadata = found.metadata
    assert (metadata.hyperparameters, metadata.source_commit) == ({"max_depth": "8"}, "ab12cd34")
    assert (metadata.training_metrics, metadata.validation_results) == ({"train_auc": 0.9}, {"val_auc": 0.8})
    assert metadata.dataset.version == "flights@5f1c"
    assert metadata.dataset.characteristics == {"flights@5f1c": {"context": "training", "num_rows": 9}}
    assert found.documents == {"risk": "risk.md", "notes": "notes.md"}


@pytest.mark.parametrize(
    ("origins", "uri"),
    [
        ('["models:/late/"]', "models:/late/7"),
        ('["s3://models/late/"]', "s3://models/late/7"),
        ('["s3://elsewhere/"]', "TODO"),
    ],
)
def test_the_address_is_one_that_the_model_file_allows_or_left_to_fill_in(
    tmp_path: Path, origins: str, uri: str
) -> None:
    binding = f"{registry.REGISTRY}\nartifact: {{origins: {origins}}}"
    from_mlflow(tmp_path, telling([a_version(7, CANDIDATE)], runs={"run7": RUN}), registry=binding)
    assert f"artifact:\n  uri: {uri}\n" in text(tmp_path)


@pytest.mark.parametrize("digest", ["sha256:short", "md5:" + "a" * 64, "sha256:" + "a" * 64 + "\n- x"])
def test_a_digest_that_is_none_is_left_to_fill_in(tmp_path: Path, digest: str) -> None:
    drafted = from_mlflow(tmp_path, telling([a_version(7, CANDIDATE, digest)], runs={"run7": RUN}))
    assert "artifact.digest" in drafted.left[REQUEST]
    assert "\n  digest: TODO\n" in text(tmp_path)


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (telling(), f"no version of late in mlflow has the tag ratchet_version {CANDIDATE}: tag the one that it is"),
        (
            telling([a_version(1, CANDIDATE), a_version(2, CANDIDATE)]),
            "the versions 1, 2 of late in mlflow all have the",
        ),
        (telling([a_version(1, CANDIDATE)]), "version 1 of late in mlflow names no run that is there"),
        (lambda _: Told(401), "the source mlflow does not let us in"),
    ],
)
def test_a_registry_that_does_not_tell_leaves_nothing_written(
    tmp_path: Path, tell: Callable[[Asked], Told], said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        from_mlflow(tmp_path, tell)
    assert not (tmp_path / FOLDER).exists()


def test_a_model_without_a_registry_can_not_be_filled_in_from_one(tmp_path: Path) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE, registry=""))
    with pytest.raises(UsageError, match=r"late\.yaml binds no MLflow source: add `registry"):
        proposed(tmp_path, from_mlflow=True)


def test_the_first_version_of_a_model_has_no_baseline_and_no_drill(tmp_path: Path) -> None:
    files = {path: held for path, held in registry.base_files(NOWHERE).items() if not path.startswith("promotions/")}
    a_repo(tmp_path, files)
    assert "drill" not in proposed(tmp_path).left[REQUEST]
    assert "baseline: none\n" in text(tmp_path)


def other(repo: Repo) -> None:
    repo.commit({"policies/small/1.1.0.yaml": registry.POLICY.replace("version: 1.0.0", "version: 1.1.0")})
    model = repo.path / "policies/models/late.yaml"
    repo.commit({"policies/models/late.yaml": model.read_text().replace("[small/1.0.0]", "[small/1.0.0, small/1.1.0]")})


def test_another_policy_that_the_model_file_allows_can_be_named(tmp_path: Path) -> None:
    other(a_repo(tmp_path, registry.base_files(NOWHERE)))
    proposed(tmp_path, policy="small/1.1.0")
    assert "policy: small/1.1.0\n" in text(tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"version": "v2"}, "'v2' is not a version: write v"),
        ({"version": "latest"}, "'latest' is not a version"),
        ({"version": BASELINE}, f"{BASELINE} of late is promoted on the base branch already"),
        ({"model": "lat"}, "holds no policies/models/lat.yaml: did you mean `late`"),
        ({"model": "../late"}, "holds no policies/models/../late.yaml"),
        ({"policy": "small/2.0.0"}, "late may not use the policy small/2.0.0: did you mean `small/1.0.0`"),
    ],
)
def test_what_can_not_be_proposed_is_refused(tmp_path: Path, more: dict[str, str], said: str) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    with pytest.raises(UsageError) as refused:
        proposed(tmp_path, **more)
    assert said in str(refused.value)


def test_files_that_are_there_are_kept_unless_forced(tmp_path: Path) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    notes = tmp_path / FOLDER / "notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    with pytest.raises(UsageError, match=r"notes\.md is there already: write over it with --force"):
        proposed(tmp_path)
    assert [file.name for file in notes.parent.iterdir()] == ["notes.md"]
    assert notes.read_text() == "mine"
    proposed(tmp_path, force=True)
    assert notes.read_text() != "mine"


@pytest.mark.parametrize("link", [FOLDER, f"{FOLDER}/promotion.yaml"])
def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path, link: str) -> None:
    a_repo(tmp_path / "repo", registry.base_files(NOWHERE))
    outside = tmp_path / "outside"
    outside.mkdir()
    place = tmp_path / "repo" / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(outside)
    with pytest.raises(UsageError, match=r"symbolic link|is there already"):
        proposed(tmp_path / "repo", force=True)
    assert list(outside.iterdir()) == []


def test_a_chain_with_two_heads_is_not_proposed_to(tmp_path: Path) -> None:
    files = registry.base_files(NOWHERE)
    first = str(files[f"promotions/late/{BASELINE}/promotion.yaml"])
    twin = "v1.0.1_20250601_090000"
    a_repo(tmp_path, files | {f"promotions/late/{twin}/promotion.yaml": first.replace(BASELINE, twin)})
    with pytest.raises(RepositoryError, match="2 heads"):
        proposed(tmp_path)


def test_documents_of_the_base_branch_that_are_wrong_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE, policy=registry.POLICY.replace("lasts", "last")))
    drafted = proposed(tmp_path)
    assert [one.location.file for one in drafted.findings] == ["policies/small/1.0.0.yaml"]
    assert not (tmp_path / FOLDER).exists()


def test_the_command_ends_with_the_code_of_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_repo(tmp_path, registry.base_files(NOWHERE))
    arguments = ["propose", "late", CANDIDATE, "--repo", str(tmp_path)]
    assert run([*arguments, "--from-mlflow"]) == ExitCode.ERRORED
    assert capsys.readouterr().err == "ratchet: the source mlflow could not be reached (no connection)\n"
    assert run(arguments) == ExitCode.PASSED
    assert f"next:\n  ratchet validate --repo {tmp_path} {REQUEST}\n" in capsys.readouterr().out
    assert run(arguments) == ExitCode.INVALID
    assert "is there already" in capsys.readouterr().err
    assert run([*arguments, "--force", "--base", "nothing"]) == ExitCode.ERRORED
    (tmp_path / "policies/models/late.yaml").write_text("kind: Model\n")
    a_repo(tmp_path)
    assert run([*arguments, "--force"]) == ExitCode.INVALID
    assert "policies/models/late.yaml:1:1" in capsys.readouterr().out
