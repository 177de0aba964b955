"""What a branch means, told from real git repositories: proposals, rollbacks, edits of history, and what git can't tell."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import (
    CANARY,
    DECIDABLE,
    END,
    HISTORY,
    MODEL,
    NOW,
    POLICY,
    V1,
    V2,
    V3,
    V4,
    folder,
    promotion,
    request,
    rules,
    write_log,
)
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.cli import ExitCode, run
from model_ratchet.cli.options import FORMATS
from model_ratchet.core.errors import RepositoryError
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.engine.record import Record, to_bytes
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.notes import RollbackNote


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    """``main`` holds the rules and V1."""
    return a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none"), "README.md": "models\n"})


@pytest.fixture
def chained(tmp_path: Path) -> Repo:
    """``main`` holds the rules, and V1, V2 and V3 in three commits; no source can be read."""
    made = a_repo(tmp_path / "repo", {**rules(tmp_path / "gone.csv"), **promotion(V1, "none")})
    made.commit(promotion(V2, V1), "promote V2")
    made.commit(promotion(V3, V2), "promote V3")
    return made


def checked(repo: Repo, *, base: str | None = "main", head: str = "HEAD", now: datetime = NOW) -> Check:
    """The check of a branch."""
    return check(CheckInput(repo=repo.path, base=base, head=head, now=now))


def shown(found: Check) -> bytes:
    """The check in every format."""
    return b"".join(render(found, form).encode() for form in FORMATS)


def the_record(found: Check) -> Record:
    assert found.findings == ()
    (record,) = found.records
    return record


def refusal(found: Check) -> str:
    """The only finding, as ``file:line:column message``."""
    (finding,) = found.findings
    assert found.outcome is None
    return str(finding)


def on_main(repo: Repo, files: Mapping[str, str | bytes]) -> None:
    """Main moves on while the branch that is checked out stays."""
    branch = repo.git("rev-parse", "--abbrev-ref", "HEAD")
    repo.git("checkout", "--quiet", "main")
    repo.commit(files, "meanwhile")
    repo.git("checkout", "--quiet", branch)


def remove(repo: Repo, *paths: str) -> str:
    """A commit without these paths."""
    repo.git("rm", "-r", "--quiet", *paths)
    return repo.commit()


def without(repo: Repo, *versions: str, start: str = "main") -> None:
    """A branch that removes these versions."""
    repo.git("checkout", "--quiet", "-b", "rollback", start)
    remove(repo, *(folder(version) for version in versions))


# proposals


def test_a_new_promotion_is_judged(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    found = checked(repo)
    assert found.outcome is Outcome.PASSED
    facts = the_record(found).plan.facts
    assert (facts.candidate, facts.baseline) == (V2, V1)


def test_a_branch_that_touches_no_promotion_is_untouched(repo: Repo) -> None:
    repo.branch("docs", {"README.md": "other\n"})
    assert checked(repo).untouched


def test_a_branch_at_the_base_itself_is_untouched(repo: Repo) -> None:
    assert checked(repo).untouched


def test_what_main_did_meanwhile_is_no_part_of_the_branch(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    alone = the_record(checked(repo))
    others = promotion(V1, "none", model="other")
    on_main(repo, {**others, "README.md": "moved on\n", "policies/small/1.1.0.yaml": POLICY.replace("1.0.0", "1.1.0")})
    assert to_bytes(the_record(checked(repo))) == to_bytes(alone)


def test_a_branch_behind_main_that_changes_nothing_rolls_nothing_back(chained: Repo) -> None:
    chained.branch("stale", {"README.md": "an old branch\n"}, start="main~2")
    assert checked(chained).untouched


def test_a_branch_that_took_main_in_is_judged_by_what_it_adds(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    on_main(repo, promotion(V1, "none", model="other"))
    repo.git("merge", "--quiet", "--no-edit", "main")
    assert the_record(checked(repo)).plan.facts.candidate == V2


def test_a_version_that_was_promoted_meanwhile_is_refused(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    on_main(repo, promotion(V2, V1, more="description: another one\n"))
    assert "was promoted on the base branch meanwhile" in refusal(checked(repo))


def test_a_baseline_that_moved_is_a_finding_on_its_line(repo: Repo) -> None:
    repo.branch("proposal", promotion(V3, V1))
    on_main(repo, promotion(V2, V1))
    said = refusal(checked(repo))
    assert said.startswith(f"{folder(V3)}/promotion.yaml:5:11 ")
    assert f"baseline moved: {V2} is active, and the request compares with {V1}" in said


def test_a_baseline_that_was_rolled_back_meanwhile_is_a_finding(chained: Repo) -> None:
    chained.branch("proposal", promotion(V4, V3))
    chained.git("checkout", "--quiet", "main")
    remove(chained, folder(V3))
    chained.git("checkout", "--quiet", "proposal")
    assert f"baseline moved: {V2} is active" in refusal(checked(chained))


def test_an_edit_of_a_version_that_was_rolled_back_meanwhile_is_refused(chained: Repo) -> None:
    chained.branch("edit", {f"{folder(V3)}/risk.md": "# Risk\nless\n"})
    chained.git("checkout", "--quiet", "main")
    remove(chained, folder(V3))
    chained.git("checkout", "--quiet", "edit")
    assert "was rolled back on the base branch meanwhile" in refusal(checked(chained))


def test_a_baseline_that_never_was_promoted_is_a_finding(repo: Repo) -> None:
    repo.branch("proposal", promotion(V3, V2))
    assert f"{V1} is active" in refusal(checked(repo))


def test_a_first_version_is_judged_by_the_absolute_limits_and_says_so(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", rules(write_log(tmp_path / "first.csv", (V1,))))
    repo.branch("proposal", promotion(V1, "none"))
    record = the_record(checked(repo))
    assert record.verdict.outcome is Outcome.PASSED
    better, errors = record.verdict.gates[0].leaves
    assert (better.counted, better.judgement.reason.why) == (False, Why.FIRST_VERSION)
    assert (errors.counted, errors.judgement.reason.why) == (True, Why.WITHIN_LIMIT)
    assert Why.FIRST_VERSION in {reason.why for reason in record.verdict.reasons}


def test_a_first_version_that_names_a_baseline_is_told_to_write_none(tmp_path: Path, log: Path) -> None:
    repo = a_repo(tmp_path / "repo", rules(log))
    repo.branch("proposal", promotion(V2, V1))
    assert "write `baseline: none`" in refusal(checked(repo))


def test_baseline_none_is_refused_where_a_version_is_active(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, "none"))
    assert f"demo has an active version: write `baseline: {V1}`" in refusal(checked(repo))


def test_two_promotions_at_once_are_refused_each(repo: Repo, log: Path) -> None:
    on_main(repo, {**rules(log, model="other"), **promotion(V1, "none", model="other")})
    repo.branch("proposal", {**promotion(V2, V1), **promotion(V2, V1, model="other")})
    found = checked(repo)
    assert [finding.location.file for finding in found.findings] == [
        f"{folder(V2, name)}/promotion.yaml" for name in ("demo", "other")
    ]
    assert all("allows no batch" in finding.message for finding in found.findings)


def test_a_batch_is_judged_where_every_model_file_allows_it(tmp_path: Path, log: Path) -> None:
    batch = "allow_batch: true\n"
    files = {**rules(log, more=batch), **rules(log, model="other", more=batch)}
    repo = a_repo(tmp_path / "repo", {**files, **promotion(V1, "none"), **promotion(V1, "none", model="other")})
    repo.branch("proposal", {**promotion(V2, V1), **promotion(V2, V1, model="other")})
    found = checked(repo)
    assert [record.plan.facts.model for record in found.records] == ["demo", "other"]
    assert found.outcome is Outcome.PASSED


def test_a_batch_with_two_versions_of_one_model_is_refused(tmp_path: Path, log: Path) -> None:
    repo = a_repo(tmp_path / "repo", {**rules(log, more="allow_batch: true\n"), **promotion(V1, "none")})
    repo.branch("proposal", {**promotion(V2, V1), **promotion(V3, V1)})
    found = checked(repo)
    assert found.outcome is None
    assert all("one version of demo at a time" in finding.message for finding in found.findings)


# rollbacks


def rolled_back(repo: Repo) -> RollbackNote:
    found = checked(repo)
    assert found.outcome is Outcome.PASSED
    assert found.rollback is not None
    return replace(found.rollback, digest=None)


def test_the_revert_of_a_squashed_merge_is_a_rollback_and_no_source_is_asked(chained: Repo) -> None:
    chained.git("checkout", "--quiet", "-b", "rollback")
    chained.git("revert", "--no-edit", "HEAD")
    assert rolled_back(chained) == RollbackNote(model="demo", removed=(V3,), returns_to=V2)


def test_the_revert_of_a_merge_commit_is_a_rollback(chained: Repo) -> None:
    chained.branch("proposal", promotion(V4, V3))
    chained.git("checkout", "--quiet", "main")
    chained.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    chained.git("checkout", "--quiet", "-b", "rollback")
    chained.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert rolled_back(chained) == RollbackNote(model="demo", removed=(V4,), returns_to=V3)


def test_removing_the_newest_folder_is_a_rollback(chained: Repo) -> None:
    without(chained, V3)
    assert rolled_back(chained) == RollbackNote(model="demo", removed=(V3,), returns_to=V2)


@pytest.mark.parametrize("how", ["removal", "reverts"])
def test_more_than_one_version_is_rolled_back_at_once(chained: Repo, how: str) -> None:
    if how == "removal":
        without(chained, V2, V3)
    else:
        chained.git("checkout", "--quiet", "-b", "rollback")
        chained.git("revert", "--no-edit", "HEAD", "HEAD~1")
    assert rolled_back(chained) == RollbackNote(model="demo", removed=(V3, V2), returns_to=V1)


def test_a_rollback_from_a_branch_behind_main_counts_from_the_tip_of_main(chained: Repo) -> None:
    without(chained, V3)
    on_main(chained, {"README.md": "moved on\n"})
    assert rolled_back(chained).returns_to == V2


def test_a_removal_that_is_no_suffix_names_the_suffix(chained: Repo) -> None:
    without(chained, V2)
    said = refusal(checked(chained))
    assert "only the newest versions of a chain can be removed" in said
    assert f"remove {V3}, {V2} together" in said


def test_a_removal_that_is_no_suffix_any_more_is_refused(chained: Repo) -> None:
    without(chained, V3)
    on_main(chained, promotion(V4, V3))
    assert f"remove {V4}, {V3} together" in refusal(checked(chained))


def test_removing_all_versions_is_refused(chained: Repo) -> None:
    without(chained, V1, V2, V3)
    said = refusal(checked(chained))
    assert said.endswith(f"nothing would be active: keep {V1}, or promote its successor first")


def test_removing_the_only_version_is_refused(repo: Repo) -> None:
    without(repo, V1)
    said = refusal(checked(repo))
    assert said.endswith(f"nothing would be active: keep {V1}, or promote its successor first")


def test_versions_of_two_models_are_not_rolled_back_at_once(chained: Repo) -> None:
    chained.commit(promotion(V1, "none", model="other"))
    chained.commit(promotion(V2, V1, model="other"))
    chained.git("checkout", "--quiet", "-b", "rollback")
    remove(chained, folder(V3), folder(V2, "other"))
    assert "roll back one model at a time" in refusal(checked(chained))


@pytest.mark.parametrize(
    "beside",
    ["README.md", "policies/small/2.0.0.yaml", f"{folder(V4)}/promotion.yaml", "promotions/other/v/promotion.yaml"],
)
def test_a_rollback_stands_alone(chained: Repo, beside: str) -> None:
    without(chained, V3)
    chained.commit({beside: request(V4, V2)})
    found = checked(chained)
    assert found.findings
    assert found.rollback is None


def test_a_rollback_may_bring_its_root_cause(chained: Repo) -> None:
    without(chained, V3)
    cause = f"promotions/demo/outcomes/{V3}.md"
    chained.commit({cause: "# Root cause\nThe join lost rows.\n"})
    found = rolled_back(chained)
    assert (found.removed, found.beside, found.fast) == ((V3,), (cause,), False)


def test_a_rollback_leaves_nothing_of_the_folder_behind(chained: Repo) -> None:
    chained.git("checkout", "--quiet", "-b", "rollback")
    remove(chained, f"{folder(V3)}/promotion.yaml")
    assert f"{folder(V3)}/risk.md is left behind" in refusal(checked(chained))


def test_what_main_has_rolled_back_meanwhile_is_nothing_left_to_do(chained: Repo) -> None:
    without(chained, V3)
    chained.git("checkout", "--quiet", "main")
    remove(chained, folder(V3))
    chained.git("checkout", "--quiet", "rollback")
    assert checked(chained).untouched


def test_the_rest_of_a_rollback_that_main_has_begun_meanwhile_is_a_rollback(chained: Repo) -> None:
    without(chained, V2, V3)
    chained.git("checkout", "--quiet", "main")
    remove(chained, folder(V3))
    chained.git("checkout", "--quiet", "rollback")
    assert rolled_back(chained) == RollbackNote(model="demo", removed=(V2,), returns_to=V1)


def test_a_version_that_was_rolled_back_can_be_proposed_again(repo: Repo) -> None:
    repo.commit(promotion(V2, V1))
    repo.git("revert", "--no-edit", "HEAD")
    repo.git("checkout", "--quiet", "-b", "again")
    repo.git("revert", "--no-edit", "HEAD")
    assert the_record(checked(repo)).plan.facts.candidate == V2


# history is not edited


def _touch(repo: Repo) -> None:
    repo.commit({f"{folder(V2)}/promotion.yaml": request(V2, V1, more="description: nicer\n")})


def _new_file(repo: Repo) -> None:
    repo.commit({f"{folder(V2)}/late.md": "too late\n"})


def _remove_document(repo: Repo) -> None:
    remove(repo, f"{folder(V2)}/risk.md")


def _make_executable(repo: Repo) -> None:
    (repo.path / folder(V2) / "promotion.yaml").chmod(0o755)
    repo.commit()


def _make_symlink(repo: Repo) -> None:
    file = repo.path / folder(V2) / "promotion.yaml"
    file.unlink()
    file.symlink_to(f"../{V1}/promotion.yaml")
    repo.commit()


@pytest.mark.parametrize("edit", [_touch, _new_file, _remove_document, _make_executable, _make_symlink])
def test_what_is_promoted_is_not_edited(chained: Repo, edit: Callable[[Repo], None]) -> None:
    chained.git("checkout", "--quiet", "-b", "edit")
    edit(chained)
    assert "what is promoted is not edited" in refusal(checked(chained))


def test_a_renamed_folder_is_refused_however_alike_it_is(chained: Repo) -> None:
    chained.git("checkout", "--quiet", "-b", "rename")
    chained.git("mv", folder(V3), folder(V4))
    chained.commit()
    found = checked(chained)
    assert found.findings
    assert found.rollback is None


def test_a_folder_that_becomes_a_link_is_refused(chained: Repo) -> None:
    chained.git("checkout", "--quiet", "-b", "link")
    chained.git("rm", "-r", "--quiet", folder(V3))
    (chained.path / folder(V3)).symlink_to(V2)
    chained.commit()
    assert "a folder belongs here: a file, a link or a submodule in its place is not read" in refusal(checked(chained))


def test_what_is_written_after_the_merge_is_allowed(chained: Repo) -> None:
    chained.branch("outcome", {f"promotions/demo/outcomes/{V3}.md": "# Outcome\nGood.\n"})
    assert checked(chained).untouched


@pytest.mark.parametrize("how", ["edit", "remove", "rename", "link"])
def test_a_policy_version_on_main_is_not_changed(chained: Repo, how: str) -> None:
    chained.git("checkout", "--quiet", "-b", "policy")
    path = chained.path / "policies/small/1.0.0.yaml"
    match how:
        case "edit":
            chained.write({"policies/small/1.0.0.yaml": POLICY.replace("2pp", "1pp")})
        case "remove":
            path.unlink()
        case "rename":
            path.rename(path.with_name("1.0.1.yaml"))
        case _:
            path.unlink()
            path.symlink_to("2.0.0.yaml")
    chained.commit()
    assert "a policy version that is on the base branch is not changed" in refusal(checked(chained))


# rules come from the base


def test_a_policy_that_is_changed_beside_the_promotion_is_a_finding(repo: Repo) -> None:
    repo.branch("proposal", {**promotion(V2, V1), "policies/small/1.0.0.yaml": POLICY.replace("2pp", "0.1pp")})
    found = checked(repo)
    assert found.outcome is None
    assert any("is not changed" in finding.message for finding in found.findings)


def test_a_policy_that_comes_with_the_promotion_is_not_used(repo: Repo) -> None:
    lax = POLICY.replace("1.0.0", "9.0.0").replace("2pp", "0.1pp")
    repo.branch("proposal", {**promotion(V2, V1, policy="small/9.0.0"), "policies/small/9.0.0.yaml": lax})
    said = refusal(checked(repo))
    assert "the base branch holds no policy small/9.0.0" in said
    assert said.startswith(f"{folder(V2)}/promotion.yaml:6:9 ")


def test_a_policy_that_the_model_may_not_use_is_a_finding(repo: Repo) -> None:
    repo.commit({"policies/small/2.0.0.yaml": POLICY.replace("1.0.0", "2.0.0")})
    repo.branch("proposal", promotion(V2, V1, policy="small/2.0.0"))
    assert "demo may not use small/2.0.0: its model file allows small/1.0.0" in refusal(checked(repo))


def test_the_model_file_and_the_sources_of_the_branch_are_not_used(repo: Repo, tmp_path: Path) -> None:
    repo.branch("proposal", promotion(V2, V1))
    honest = the_record(checked(repo))
    forged = rules(tmp_path / "forged.csv", more="allow_batch: true\n")
    del forged["policies/small/1.0.0.yaml"]
    repo.commit(forged)
    assert to_bytes(the_record(checked(repo))) == to_bytes(honest)


def test_rules_that_main_lacks_are_named(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", {"README.md": "empty\n"})
    repo.branch("proposal", {**promotion(V1, "none"), **rules(tmp_path / "log.csv")})
    messages = [finding.message for finding in checked(repo).findings]
    assert len(messages) == 3
    for missing in ("no policy small/1.0.0", "no policies/models/demo.yaml", "no policies/sources.yaml"):
        assert any(missing in message for message in messages)


def test_nothing_of_the_working_tree_or_the_index_is_read(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    clean = the_record(checked(repo, head="proposal"))
    repo.git("checkout", "--quiet", "main")
    repo.write(
        {
            "policies/small/1.0.0.yaml": "rubbish",
            "policies/models/demo.yaml": b"\xff\xfe",
            f"{folder(V3)}/promotion.yaml": request(V3, V1),
            f"{folder(V2)}/promotion.yaml": "rubbish",
        }
    )
    (repo.path / folder(V1) / "promotion.yaml").unlink()
    repo.git("add", "--all")
    repo.write({"policies/sources.yaml": "rubbish"})
    assert to_bytes(the_record(checked(repo, head="proposal"))) == to_bytes(clean)


def test_a_bare_repository_gives_the_same_record(repo: Repo, tmp_path: Path) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    bare = tmp_path / "bare.git"
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(bare))
    assert to_bytes(the_record(checked(Repo(bare), head="proposal"))) == to_bytes(the_record(checked(repo)))


# trouble on the base branch


def trouble(found: Check) -> str:
    assert found.outcome is Outcome.ERRORED
    assert found.trouble is not None
    return found.trouble


def test_two_heads_on_main_are_unclear_and_never_no_head(repo: Repo) -> None:
    on_main(repo, {**promotion(V2, V1), **promotion(V3, V1)})
    for baseline in (V1, V2, V3, "none"):
        repo.branch(f"from-{baseline}", promotion(V4, baseline))
        assert f"the chain of demo has 2 heads ({V2} and {V3})" in trouble(checked(repo))


def test_removing_one_of_two_heads_is_the_way_out(repo: Repo) -> None:
    on_main(repo, {**promotion(V2, V1), **promotion(V3, V1)})
    without(repo, V2)
    assert rolled_back(repo) == RollbackNote(model="demo", removed=(V2,), returns_to=V3)


def test_a_removal_that_leaves_two_heads_is_unclear(repo: Repo) -> None:
    on_main(repo, {**promotion(V2, V1), **promotion(V3, V1), **promotion(V4, V1)})
    without(repo, V2)
    assert "has 3 heads" in trouble(checked(repo))


def test_a_removal_that_leaves_no_root_is_unclear(repo: Repo) -> None:
    on_main(repo, {**promotion(V2, V1), **promotion(V3, V1)})
    without(repo, V1)
    assert "has 2 heads" in trouble(checked(repo))


def test_two_heads_of_another_model_are_no_matter(repo: Repo) -> None:
    others = {**promotion(V1, "none", model="other"), **promotion(V2, V1, model="other")}
    on_main(repo, {**others, **promotion(V3, V1, model="other")})
    repo.branch("proposal", promotion(V2, V1, more=""))
    assert checked(repo).outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        ("rubbish: [", "can't be read"),
        ("just words", "it is no YAML mapping"),
        (b"candidate: \xff\n", "can't be read"),
        (request(V2, "latest"), "'latest' is not a version"),
        (request(V2, V1).replace(f"baseline: {V1}\n", ""), "names no baseline"),
        (request(V3, V1), f"{V3} stands in the folder {V2}"),
        (request(V2, V1, model="other"), "names the model other"),
        pytest.param("#" * 5_000_000, "can't be read", id="5 MB"),
        pytest.param("#" * 7_000_000, "can't be read", id="7 MB"),
    ],
)
def test_a_promotion_on_main_that_cannot_be_read_is_unclear(repo: Repo, damaged: str | bytes, said: str) -> None:
    on_main(repo, {f"{folder(V2)}/promotion.yaml": damaged})
    repo.branch("proposal", promotion(V3, V1))
    found = trouble(checked(repo))
    assert f"{folder(V2)}/promotion.yaml" in found
    assert said in found


def test_a_promotion_on_main_that_is_a_link_is_unclear(repo: Repo) -> None:
    (repo.path / folder(V2)).mkdir()
    (repo.path / folder(V2) / "promotion.yaml").symlink_to(f"../{V1}/promotion.yaml")
    repo.commit()
    repo.branch("proposal", promotion(V3, V1))
    assert "a symbolic link is not followed" in trouble(checked(repo))


def test_a_promotion_on_main_that_is_a_submodule_is_unclear(repo: Repo) -> None:
    commit = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{folder(V2)}/promotion.yaml")
    repo.git("commit", "--quiet", "--message", "submodule")
    repo.git("checkout", "--quiet", "-b", "proposal")
    repo.write(promotion(V3, V1))
    repo.git("add", folder(V3))
    repo.git("commit", "--quiet", "--message", "propose")
    assert f"{folder(V2)}/promotion.yaml" in trouble(checked(repo))


def test_a_file_of_that_name_deeper_in_a_folder_is_no_promotion(repo: Repo) -> None:
    other = {f"{folder(V1)}/artifacts/promotion.yaml": "x: 1\n", "promotions/demo/outcomes/promotion.yaml": "x: 1\n"}
    on_main(repo, {**other, "promotions/demo/promotion.yaml": "x: 1\n"})
    repo.branch("proposal", promotion(V2, V1, more=""))
    assert checked(repo).outcome is Outcome.PENDING


# old promotions, read by newer releases


OLD = {
    "unknown keys": request(V2, V1, more="canary_of_the_future: {weights: [1, 2]}\nhistory: later\n"),
    "another format": request(V2, V1).replace("ratchet/v1", "ratchet/v9").replace("PromotionRequest", "Promotion"),
    "the five fields": f"model: demo\ncandidate: {V2}\nbaseline: {V1}\npolicy: gone/1.0.0\n",
    "no digest": request(V2, V1).replace("digest", "checksum"),
    "an anchor": request(V2, V1, more="metadata: &m {a: 1}\n"),
    "a duplicate key": request(V2, V1, more="x: 1\nx: 2\n"),
}


@pytest.mark.parametrize("content", OLD.values(), ids=OLD)
def test_an_old_promotion_can_be_built_on_and_rolled_back(repo: Repo, content: str) -> None:
    on_main(repo, {f"{folder(V2)}/promotion.yaml": content})
    repo.branch("proposal", promotion(V3, V2, more=""))
    assert the_record(checked(repo)).plan.facts.baseline == V2
    without(repo, V2)
    assert rolled_back(repo) == RollbackNote(model="demo", removed=(V2,), returns_to=V1)


def test_a_key_that_decides_the_chain_and_stands_twice_is_unclear(repo: Repo) -> None:
    on_main(repo, {f"{folder(V2)}/promotion.yaml": request(V2, V1, more="baseline: none\n")})
    repo.branch("proposal", promotion(V3, V2))
    assert "its baseline is in doubt" in trouble(checked(repo))


def test_the_digest_of_the_baseline_is_not_promoted_again(repo: Repo) -> None:
    again = request(V1, "none").split('digest: "')[1].split('"')[0]
    mine = request(V2, V1).split('digest: "')[1].split('"')[0]
    repo.branch("proposal", {f"{folder(V2)}/promotion.yaml": request(V2, V1).replace(mine, again)})
    assert "this is the digest of the baseline" in refusal(checked(repo))


# documents that are no documents


def test_a_request_that_is_a_link_is_refused(repo: Repo) -> None:
    repo.branch("proposal", {f"{folder(V2)}/risk.md": "# Risk\n", f"{folder(V2)}/real.yaml": request(V2, V1)})
    (repo.path / folder(V2) / "promotion.yaml").symlink_to("real.yaml")
    repo.commit()
    assert "a symbolic link is not followed" in refusal(checked(repo))


def test_a_link_anywhere_in_the_folder_is_refused(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    (repo.path / folder(V2) / "passwd.md").symlink_to("/etc/passwd")
    repo.commit()
    said = refusal(checked(repo))
    assert said == f"{folder(V2)}/passwd.md:1:1 a symbolic link is not followed: commit the file itself"


def test_a_submodule_in_the_folder_is_refused(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    commit = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{folder(V2)}/artifacts")
    repo.git("commit", "--quiet", "--message", "submodule")
    assert "a submodule" in refusal(checked(repo))


@pytest.mark.parametrize("size", [1_000_001, 5_000_000, 7_000_000])
def test_a_request_of_megabytes_is_refused_by_its_size(repo: Repo, size: int) -> None:
    text = request(V2, V1)
    repo.branch("proposal", {f"{folder(V2)}/promotion.yaml": text + "#" * (size - len(text))})
    assert f"the file holds {size} bytes" in refusal(checked(repo))


@pytest.mark.parametrize("size", [1_000_001, 7_000_000])
def test_a_document_of_megabytes_is_refused_by_its_size(repo: Repo, size: int) -> None:
    files = promotion(V2, V1, more=HISTORY + "documents: {risk: risk.md}\n")
    repo.branch("proposal", {**files, f"{folder(V2)}/risk.md": "w" * size})
    assert f"the document holds {size} bytes" in refusal(checked(repo))


def test_a_document_that_is_not_utf8_is_refused_on_its_line(repo: Repo) -> None:
    files = promotion(V2, V1, more=HISTORY + "documents: {risk: risk.md}\n")
    repo.branch("proposal", {**files, f"{folder(V2)}/risk.md": b"# Risk\nr\xe9gression\n"})
    assert refusal(checked(repo)).startswith(f"{folder(V2)}/risk.md:2:1 byte 0xe9 is not UTF-8")


def test_a_request_that_is_not_utf8_is_refused_on_its_line(repo: Repo) -> None:
    content = request(V2, V1).encode().replace(b"owner: ml", b"owner: m\xfc")
    repo.branch("proposal", {f"{folder(V2)}/promotion.yaml": content})
    assert refusal(checked(repo)).startswith(f"{folder(V2)}/promotion.yaml:7:9 byte 0xfc is not UTF-8")


def test_a_request_in_the_folder_of_another_version_is_refused(repo: Repo) -> None:
    repo.branch("proposal", {f"{folder(V2)}/promotion.yaml": request(V3, V1)})
    assert f"`candidate: {V3}` stands in" in refusal(checked(repo))


def test_a_folder_that_is_no_version_is_refused(repo: Repo) -> None:
    repo.branch("proposal", {"promotions/demo/latest/promotion.yaml": request(V2, V1)})
    assert "'latest' is not a version" in refusal(checked(repo))


def test_a_folder_without_a_request_is_refused(repo: Repo) -> None:
    repo.branch("proposal", {f"{folder(V2)}/risk.md": "# Risk\n"})
    assert "holds no promotion.yaml" in refusal(checked(repo))


def test_a_large_file_that_no_document_names_does_not_matter(repo: Repo) -> None:
    weights = {f"{folder(V2)}/artifacts/weights.bin": os.urandom(7_000_000)}
    repo.branch("proposal", {**promotion(V2, V1, more=""), **weights})
    assert checked(repo).outcome is Outcome.PENDING


def test_a_folder_of_very_many_files_is_judged(repo: Repo) -> None:
    many = {f"{folder(V2)}/artifacts/{'x' * 180}/{number:05}": "x" for number in range(12_000)}
    repo.branch("proposal", {**promotion(V2, V1, more=""), **many})
    assert checked(repo).outcome is Outcome.PENDING


@pytest.mark.parametrize("name", [b"caf\xe9.md", "café.md".encode(), b'quo"te\nline.md', b":(glob)star*.md", b"-p.md"])
def test_no_name_of_a_file_breaks_a_check(repo: Repo, name: bytes) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    repo.write({f"{folder(V2)}/{os.fsdecode(name)}": "text\n"})
    repo.commit()
    found = checked(repo)
    assert shown(found)
    assert found.findings or found.outcome is Outcome.PENDING


@pytest.mark.parametrize("name", [b"v\xe9", b"::error::x", b"a b", b"v1.0.0_20250101_000000\x1b[2J"])
def test_no_name_of_a_folder_breaks_a_check(repo: Repo, name: bytes) -> None:
    repo.branch("proposal", {f"promotions/demo/{os.fsdecode(name)}/promotion.yaml": request(V2, V1)})
    of_version = checked(repo)
    repo.branch("model", {f"promotions/{os.fsdecode(name)}/{V1}/promotion.yaml": request(V2, V1)})
    of_model = checked(repo)
    assert of_version.findings
    assert of_model.findings
    assert shown(of_version)
    assert shown(of_model)


# clones of any depth


def clone(origin: Repo, path: Path, *options: str) -> Repo:
    """A clone over the file protocol, which keeps to the depth that it is asked for."""
    origin.git("clone", "--quiet", *options, f"file://{origin.path}", str(path))
    return Repo(path)


def cut_off(repo: Repo) -> Repo:
    """The remote is gone."""
    repo.git("remote", "set-url", "origin", f"file://{repo.path}/nowhere")
    return repo


def is_shallow(repo: Repo) -> bool:
    return repo.git("rev-parse", "--is-shallow-repository") == "true"


@pytest.fixture(scope="session")
def long_story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``proposal`` adds V2 in three commits, and its stages have not started; ``main`` has moved on by 70."""
    folder_of = tmp_path_factory.mktemp("story")
    repo = a_repo(folder_of / "repo", {**rules(folder_of / "gone.csv"), **promotion(V1, "none")})
    repo.branch("proposal", promotion(V2, V1, more="description: first\n"))
    repo.commit({f"{folder(V2)}/risk.md": "# Risk\nmore\n"})
    repo.commit(promotion(V2, V1, more=""))
    repo.git("checkout", "--quiet", "main")
    for number in range(70):
        repo.git("commit", "--quiet", "--allow-empty", "--message", str(number))
    return repo.path


@pytest.fixture
def origin(long_story: Path, tmp_path: Path) -> Repo:
    """A copy of the long story."""
    return Repo(Path(shutil.copytree(long_story, tmp_path / "origin")))


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 60])
def test_a_shallow_clone_is_deepened_as_far_as_needed(origin: Repo, tmp_path: Path, depth: int) -> None:
    expected = the_record(checked(origin, head="proposal"))
    shallow = clone(origin, tmp_path / "shallow", f"--depth={depth}", "--no-single-branch")
    assert is_shallow(shallow)
    found = checked(shallow, base="origin/main", head="origin/proposal")
    assert to_bytes(the_record(found)) == to_bytes(expected)


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 60])
def test_a_shallow_clone_that_cannot_be_deepened_is_trouble_and_never_untouched(
    origin: Repo, tmp_path: Path, depth: int
) -> None:
    shallow = cut_off(clone(origin, tmp_path / "shallow", f"--depth={depth}", "--no-single-branch"))
    with pytest.raises(RepositoryError, match="cut short and can't be deepened: check out with fetch-depth: 0"):
        checked(shallow, base="origin/main", head="origin/proposal")
    assert run(["check", f"--repo={shallow.path}", "--base=origin/main", "--head=origin/proposal"]) == ExitCode.ERRORED


def test_a_clone_of_one_commit_of_no_branch_is_deepened(origin: Repo, tmp_path: Path) -> None:
    expected = the_record(checked(origin, head="proposal"))
    head = origin.git("rev-parse", "proposal")
    origin.git("update-ref", "refs/pull/1/head", head)
    origin.git("branch", "--quiet", "-D", "proposal")
    runner = a_repo(tmp_path / "runner")
    runner.git("remote", "add", "origin", f"file://{origin.path}")
    runner.git(
        "fetch", "--quiet", "--depth=1", "origin", "refs/pull/1/head", "+refs/heads/main:refs/remotes/origin/main"
    )
    found = checked(runner, base="origin/main", head=head)
    assert to_bytes(the_record(found)) == to_bytes(expected)


def test_a_commit_that_only_the_clone_has_is_checked_too(origin: Repo, tmp_path: Path) -> None:
    shallow = clone(origin, tmp_path / "shallow", "--depth=1", "--no-single-branch")
    shallow.git("checkout", "--quiet", "proposal")
    shallow.commit({f"{folder(V2)}/notes.md": "local\n"})
    record = the_record(checked(shallow, base="origin/main"))
    assert record.plan.facts.candidate == V2
    assert f"{folder(V2)}/notes.md" in record.plan.digests


def test_a_full_clone_needs_no_remote(origin: Repo, tmp_path: Path) -> None:
    expected = the_record(checked(origin, head="proposal"))
    full = cut_off(clone(origin, tmp_path / "full"))
    assert to_bytes(the_record(checked(full, base="origin/main", head="origin/proposal"))) == to_bytes(expected)


def test_a_shallow_clone_that_shows_the_fork_needs_no_remote(origin: Repo, tmp_path: Path) -> None:
    expected = the_record(checked(origin, head="proposal"))
    for _ in range(3):
        origin.commit()
    origin.branch("fork", promotion(V2, V1, more=""))
    shallow = cut_off(clone(origin, tmp_path / "shallow", "--depth=2", "--no-single-branch"))
    assert is_shallow(shallow)
    assert to_bytes(the_record(checked(shallow, base="origin/main", head="origin/fork"))) == to_bytes(expected)


def test_a_blobless_clone_fetches_what_it_reads(origin: Repo, tmp_path: Path) -> None:
    origin.git("config", "uploadpack.allowFilter", "true")
    expected = the_record(checked(origin, head="proposal"))
    partial = clone(origin, tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    found = checked(partial, base="origin/main", head="origin/proposal")
    assert to_bytes(the_record(found)) == to_bytes(expected)


def test_a_blobless_clone_that_is_cut_off_is_trouble(origin: Repo, tmp_path: Path) -> None:
    origin.git("config", "uploadpack.allowFilter", "true")
    partial = cut_off(clone(origin, tmp_path / "partial", "--filter=blob:none", "--no-checkout"))
    with pytest.raises(RepositoryError):
        checked(partial, base="origin/main", head="origin/proposal")


def crossed(repo: Repo) -> Repo:
    """The fork point lies deep on one side of a merge, and an older common ancestor near on the other.

    main: root - A - B (promotes V2) - C (merges A's side branch); proposal: X (from A) merged with B's descendants.
    """
    repo.commit({"a": "a\n"})
    repo.git("branch", "side")
    repo.commit(promotion(V2, V1), "B")
    repo.git("branch", "deep")
    repo.git("checkout", "--quiet", "deep")
    for number in range(3):
        repo.commit({"deep": f"{number}\n"})
    repo.branch("proposal", {"x": "x\n"}, start="side")
    repo.git("merge", "--quiet", "--no-edit", "deep")
    repo.git("checkout", "--quiet", "main")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    merged = repo.git("commit-tree", tree, "-p", "HEAD", "-p", "side", "-m", "C")
    repo.git("reset", "--quiet", "--hard", merged)
    repo.git("branch", "--quiet", "-D", "side", "deep")
    return repo


def test_an_older_common_ancestor_is_not_taken_for_the_fork(repo: Repo, tmp_path: Path) -> None:
    assert checked(crossed(repo), head="proposal").untouched
    shallow = clone(repo, tmp_path / "shallow", "--depth=3", "--no-single-branch")
    assert is_shallow(shallow)
    assert checked(shallow, base="origin/main", head="origin/proposal").untouched


def test_an_older_common_ancestor_is_trouble_where_nothing_can_be_fetched(repo: Repo, tmp_path: Path) -> None:
    shallow = cut_off(clone(crossed(repo), tmp_path / "shallow", "--depth=3", "--no-single-branch"))
    with pytest.raises(RepositoryError, match="can't be deepened"):
        checked(shallow, base="origin/main", head="origin/proposal")


def test_histories_without_a_common_commit_are_trouble(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit(promotion(V2, V1))
    with pytest.raises(RepositoryError, match="have no common history"):
        checked(repo)


@pytest.mark.parametrize("revision", ["nowhere", "", " ", "--all", "-h", "main:policies", "0" * 40])
def test_a_revision_that_names_no_commit_is_trouble(repo: Repo, revision: str) -> None:
    with pytest.raises(RepositoryError):
        checked(repo, head=revision)
    with pytest.raises(RepositoryError):
        checked(repo, base=revision)


def test_a_folder_without_a_repository_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is no git repository"):
        checked(Repo(tmp_path))
    with pytest.raises(RepositoryError, match="is no folder"):
        checked(Repo(tmp_path / "nowhere"))


def test_a_missing_object_is_trouble(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    oid = repo.git("rev-parse", f"HEAD:{folder(V2)}/promotion.yaml")
    (repo.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(RepositoryError, match=f"the object {oid} is missing"):
        checked(repo)


# the base branch


def test_the_base_is_the_default_branch_of_the_remote(origin: Repo, tmp_path: Path) -> None:
    expected = the_record(checked(origin, head="proposal"))
    cloned = clone(origin, tmp_path / "clone")
    cloned.git("checkout", "--quiet", "proposal")
    assert to_bytes(the_record(checked(cloned, base=None))) == to_bytes(expected)


def test_a_tag_that_is_called_like_the_base_branch_is_not_taken_for_it(chained: Repo) -> None:
    chained.git("tag", "main", "main~2")
    chained.git("checkout", "--quiet", "-b", "proposal", "heads/main")
    chained.commit(promotion(V4, V3))
    with pytest.raises(RepositoryError, match="both a branch and a tag"):
        checked(chained)
    chained.git("config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(RepositoryError, match="both a branch and a tag"):
        checked(chained)


# when a stage can be decided


def told(found: Check) -> list[tuple[str, str, object, str | None]]:
    """(criterion, reason, until, instant at which it can be decided) of each criterion."""
    return [
        (
            leaf.id,
            str(leaf.judgement.reason.why),
            leaf.judgement.reason.parameters.get("until"),
            leaf.decidable_at.isoformat() if leaf.decidable_at is not None else None,
        )
        for gate in the_record(found).verdict.gates
        for leaf in gate.leaves
    ]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (CANARY, "stage_running"),
        (CANARY + timedelta(hours=47, minutes=59), "stage_running"),
        (END, "labels_maturing"),
        (DECIDABLE - timedelta(seconds=1), "labels_maturing"),
    ],
)
def test_a_stage_that_is_not_decidable_is_pending_and_says_when(repo: Repo, now: datetime, why: str) -> None:
    repo.branch("proposal", promotion(V2, V1))
    found = checked(repo, now=now)
    assert found.outcome is Outcome.PENDING
    when = DECIDABLE.isoformat()
    assert told(found) == [("better", why, when, when), ("error-rate", why, when, when)]
    assert "2025-02-04 12:00 UTC" in render(found, "text", width=200)


def test_a_stage_is_decided_exactly_when_its_labels_are_mature(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    assert checked(repo, now=DECIDABLE).outcome is Outcome.PASSED


def test_a_stage_that_has_not_started_is_pending(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1, more=""))
    found = checked(repo)
    assert found.outcome is Outcome.PENDING
    assert told(found) == [
        ("better", "stage_not_started", None, None),
        ("error-rate", "stage_not_started", None, None),
    ]


def test_a_pause_moves_the_instant_at_which_a_stage_can_be_decided(repo: Repo) -> None:
    pause = f"{{from: {(CANARY + timedelta(hours=5)).isoformat()}, to: {(CANARY + timedelta(hours=8)).isoformat()}}}"
    history = HISTORY.replace(f"started: {CANARY.isoformat()}}}", f"started: {CANARY.isoformat()}, pauses: [{pause}]}}")
    repo.branch("proposal", promotion(V2, V1, more=history))
    later = DECIDABLE + timedelta(hours=3)
    assert {row[3] for row in told(checked(repo, now=DECIDABLE))} == {later.isoformat()}
    assert checked(repo, now=DECIDABLE).outcome is Outcome.PENDING
    record = the_record(checked(repo, now=later))
    assert record.verdict.outcome is Outcome.PASSED
    window = record.plan.stages[1].window
    assert window is not None
    assert [interval.length / timedelta(hours=1) for interval in window.intervals] == [5, 43]


def test_a_stage_that_was_paused_for_too_long_starts_again(repo: Repo) -> None:
    pauses = ", ".join(
        f"{{from: {(CANARY + timedelta(hours=at)).isoformat()}, to: {(CANARY + timedelta(hours=at + 13)).isoformat()}}}"
        for at in (1, 20)
    )
    history = HISTORY.replace(
        f"started: {CANARY.isoformat()}}}", f"started: {CANARY.isoformat()}, pauses: [{pauses}]}}"
    )
    repo.branch("proposal", promotion(V2, V1, more=history))
    said = refusal(checked(repo))
    assert "canary was paused for 26h" in said
    assert "it starts again" in said


def test_an_extension_adds_to_the_stage_and_divides_the_level(repo: Repo) -> None:
    extended = POLICY.replace("1.0.0", "1.1.0").replace("gates:", "extend: {by: 24h, at_most: 1}\ngates:")
    model = MODEL.format(name="demo", more="").replace("[small/1.0.0]", "[small/1.1.0]")
    repo.commit({"policies/small/1.1.0.yaml": extended, "policies/models/demo.yaml": model})
    history = HISTORY.replace(f"started: {CANARY.isoformat()}}}", f"started: {CANARY.isoformat()}, extensions: 1}}")
    repo.branch("proposal", promotion(V2, V1, policy="small/1.1.0", more=history))
    later = DECIDABLE + timedelta(hours=24)
    assert {row[3] for row in told(checked(repo, now=DECIDABLE))} == {later.isoformat()}
    record = the_record(checked(repo, now=later))
    assert record.plan.facts.alpha_divisor == 2
    assert record.verdict.outcome is Outcome.PASSED
    estimate = record.verdict.gates[0].leaves[0].judgement.estimate
    assert estimate is not None
    assert (estimate.level, estimate.n) == (0.975, 720)


def test_more_extensions_than_the_policy_allows_are_a_finding(repo: Repo) -> None:
    history = HISTORY.replace(f"started: {CANARY.isoformat()}}}", f"started: {CANARY.isoformat()}, extensions: 1}}")
    repo.branch("proposal", promotion(V2, V1, more=history))
    assert "1 extensions, and the policy allows 0" in refusal(checked(repo))


def test_a_stage_that_starts_before_the_one_before_has_ended_is_a_finding(repo: Repo) -> None:
    early = HISTORY.replace(CANARY.isoformat(), (CANARY - timedelta(hours=1)).isoformat())
    repo.branch("proposal", promotion(V2, V1, more=early))
    said = refusal(checked(repo))
    assert "canary starts before shadow has ended" in said


def test_a_history_by_hand_is_refused_by_a_policy_that_does_not_take_it(repo: Repo) -> None:
    strict = POLICY.replace("1.0.0", "1.1.0").replace("retrospective: allowed\n", "")
    model = MODEL.format(name="demo", more="").replace("[small/1.0.0]", "[small/1.1.0]")
    repo.commit({"policies/small/1.1.0.yaml": strict, "policies/models/demo.yaml": model})
    repo.branch("proposal", promotion(V2, V1, policy="small/1.1.0"))
    assert "takes no stage history from a request" in refusal(checked(repo))


def test_looking_later_changes_nothing(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    first, later = checked(repo, now=DECIDABLE), checked(repo, now=datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert to_bytes(the_record(first)) == to_bytes(the_record(later))
