"""Pull requests that touch ``policies/``, told from real git repositories."""

import json
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import MODEL, NOW, POLICY, V1, V2, folder, promotion, request, rules, write_log
from builders.waiving import GRANTED, STRICT, sha256, waiver_file, waiver_text, waiving_rules
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.cli import ExitCode, run
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.record import to_bytes
from model_ratchet.report.check import Check

NEWER = "policies/small/1.0.1.yaml"


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log") / "requests.csv")


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    return a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none"), "README.md": "models\n"})


def newer(*changes: tuple[str, str], version: str = "1.0.1") -> str:
    text = POLICY.replace("1.0.0", version)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def the_model(*changes: tuple[str, str], more: str = "") -> str:
    text = MODEL.format(name="demo", more=more)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


ALLOWED = ("[small/1.0.0]", "[small/1.0.0, small/1.0.1]")


def revocations(digest: str, *, more: str = "", since: str = "2025-02-20T00:00:00Z") -> str:
    return (
        "apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n"
        f'  - {{policy: small/1.0.0, digest: "{digest}", from: {since}, reason: a limit was mistyped{more}}}\n'
    )


def checked(repo: Repo, base: str = "main") -> Check:
    return check(CheckInput(repo=repo.path, base=base, head="HEAD", now=NOW))


def moves(found: Check) -> list[str]:
    assert found.findings == (), found.findings
    assert found.policies is not None
    return [f"{one.weight} {one.rule}: {one.before} → {one.after}" for one in found.policies.differences]


def refused(found: Check) -> list[str]:
    assert found.outcome is None
    return [str(finding) for finding in found.findings]


# what passes, and is shown


def test_a_looser_version_passes_and_is_shown_as_looser(repo: Repo) -> None:
    repo.branch("policy", {NEWER: newer(("by: 2pp", "by: 1pp")), "policies/models/demo.yaml": the_model(ALLOWED)})
    found = checked(repo)
    assert (found.outcome, found.untouched) == (Outcome.PASSED, True)
    assert moves(found) == ["looser policies: – → small/1.0.1", "looser criterion better.by: 2pp → 1pp"]
    assert found.policies is not None
    (by,) = (one for one in found.policies.differences if one.rule == "criterion better.by")
    assert (str(by.place), by.against) == (f"{NEWER}:12:63", "policies/small/1.0.0.yaml")


def test_a_version_is_compared_with_the_newest_one_before_it(repo: Repo) -> None:
    repo.commit({"policies/small/1.0.5.yaml": newer(("by: 2pp", "by: 3pp"), version="1.0.5")})
    repo.commit({"policies/small/2.0.0.yaml": newer(("by: 2pp", "by: 9pp"), version="2.0.0")})
    repo.branch("policy", {"policies/small/1.1.0.yaml": newer(version="1.1.0")})
    found = checked(repo)
    assert moves(found) == ["looser criterion better.by: 3pp → 2pp"]


def test_a_policy_that_nobody_may_use_is_a_note(repo: Repo) -> None:
    repo.branch("policy", {NEWER: newer()})
    found = checked(repo)
    assert found.outcome is Outcome.PASSED
    assert found.policies is not None
    assert [str(one) for one in found.policies.notes] == [
        f"{NEWER}:3:7 no model file allows small/1.0.1: nobody may use it yet"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("min_coverage: 90%", "min_coverage: 80%"), "looser labels.min_coverage: 90% → 80%"),
        (("min_coverage: 90%", "min_coverage: 95%"), "stricter labels.min_coverage: 90% → 95%"),
        (("column: error}", "column: fault}"), "changed metrics.errors: "),
        (("name: demo\n", "name: demo\nallow_batch: true\n"), "looser allow_batch: false → true"),
    ],
)
def test_a_model_file_may_change_and_says_which_way(repo: Repo, change: tuple[str, str], said: str) -> None:
    repo.branch("policy", {"policies/models/demo.yaml": the_model(change)})
    (move,) = moves(checked(repo))
    assert move.startswith(said)


def test_line_ends_and_modes_change_no_rule(repo: Repo) -> None:
    repo.branch("policy", {"policies/models/demo.yaml": the_model().replace("\n", "\r\n")})
    (repo.path / "policies/sources.yaml").chmod(0o755)
    repo.commit()
    found = checked(repo)
    assert found.outcome is Outcome.PASSED
    assert moves(found) == []


def test_waivers_sources_and_revocations_are_shown(repo: Repo, log: Path) -> None:
    repo.commit(waiving_rules(log))
    source = (repo.path / "policies/sources.yaml").read_text() + "  more: {kind: table, path: more.csv}\n"
    repo.branch(
        "policy",
        {
            "policies/sources.yaml": source,
            **waiver_file(),
            "policies/revocations.yaml": revocations(sha256(STRICT)),
        },
    )
    told = moves(checked(repo))
    assert "stricter revocation of small/1.0.0: – → added" in told
    assert "looser waiver of better for demo: – → up to 20pp until 2025-03-11T00:00:00+00:00" in told
    assert any(one.startswith("changed more: – → ") for one in told)


def test_what_main_did_meanwhile_is_no_part_of_the_change(repo: Repo) -> None:
    repo.branch("policy", {"policies/models/demo.yaml": the_model(ALLOWED)})
    repo.git("checkout", "--quiet", "main")
    repo.commit({NEWER: newer(), "policies/odd.yaml": "odd\n"})
    repo.git("checkout", "--quiet", "policy")
    assert moves(checked(repo)) == ["looser policies: – → small/1.0.1"]


def test_documents_that_come_and_go_are_shown_where_there_is_nothing_to_compare(repo: Repo) -> None:
    lax = newer(("below: 5%", "below: 50%"), version="1.0.0").replace("name: small", "name: lax")
    repo.branch(
        "policy",
        {"policies/lax/1.0.0.yaml": lax, "policies/models/other.yaml": the_model(("name: demo", "name: other"))},
    )
    (repo.path / "policies/models/demo.yaml").unlink()
    repo.commit()
    assert moves(checked(repo)) == [
        "changed policy lax/1.0.0: – → added",
        "changed model demo: there → –",
        "changed model other: – → added",
    ]


# what does not


@pytest.mark.parametrize("how", ["edit", "mode", "remove", "rename", "link", "submodule", "case"])
def test_a_version_on_main_is_refused_with_the_next_one_to_use(repo: Repo, how: str) -> None:
    repo.commit({"policies/small/1.0.4.yaml": newer(version="1.0.4")})
    repo.git("checkout", "--quiet", "-b", "policy")
    path = repo.path / "policies/small/1.0.0.yaml"
    match how:
        case "edit":
            repo.write({"policies/small/1.0.0.yaml": POLICY.replace("2pp", "1pp")})
        case "mode":
            path.chmod(0o755)
        case "remove":
            path.unlink()
        case "rename":
            path.rename(path.with_name("1.0.5.yaml"))
        case "case":
            path.rename(path.with_name("1.0.0.YAML"))
        case "link":
            path.unlink()
            path.symlink_to("1.0.4.yaml")
        case _:
            path.unlink()
            head = repo.git("rev-parse", "HEAD")
            repo.git("rm", "--quiet", "--cached", "policies/small/1.0.0.yaml")
            repo.git("update-index", "--add", "--cacheinfo", f"160000,{head},policies/small/1.0.0.yaml")
    if how != "submodule":
        repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", how)
    (said,) = refused(checked(repo))
    assert said == (
        "policies/small/1.0.0.yaml:1:1 a policy version that is on the base branch is not changed: "
        "put it back as it was, and copy it to policies/small/1.0.5.yaml for what is new"
    )


def test_names_that_other_systems_take_for_one_are_refused(repo: Repo) -> None:
    repo.branch("policy", {"Policies/small/2.0.0.yaml": newer(version="2.0.0"), "policies/Models/demo.yaml": "x\n"})
    first, second = refused(checked(repo))
    assert first == (
        "Policies/small/2.0.0.yaml:1:1 Policies/ is policies/ to systems that ignore case, and is not read here: "
        "write policies/"
    )
    assert second.startswith("policies/Models/demo.yaml:1:1 this is policies/models")


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (NEWER, newer(("below: 5%", "below: 100%")), "never fails"),
        (NEWER, newer(("by: 2pp", "bye: 2pp")), "did you mean `by`"),
        (NEWER, newer(version="9.0.0"), "make them agree"),
        ("policies/small.yml", newer(), "no document is read here"),
        (
            "policies/models/demo.yaml",
            the_model(("[small/1.0.0]", "[small/1.0.9]")),
            "there is no policies/small/1.0.9.yaml",
        ),
        ("policies/models/demo.yaml", the_model(("source: requests", "source: reqests")), "holds no source `reqests`"),
        (
            "policies/revocations.yaml",
            revocations("sha256:" + "0" * 64),
            "this is not the digest of policies/small/1.0.0",
        ),
        (
            "policies/revocations.yaml",
            revocations(sha256(POLICY), more=", replaced_by: small/7.0.0"),
            "there is no policies/small/7.0.0.yaml",
        ),
    ],
)
def test_documents_are_validated_as_they_would_stand(repo: Repo, path: str, content: str, said: str) -> None:
    repo.branch("policy", {path: content})
    (finding,) = refused(checked(repo))
    assert finding.startswith(f"{path}:")
    assert said in finding


def test_a_document_that_can_not_be_read_is_not_called_gone(repo: Repo) -> None:
    repo.branch("policy", {"policies/models/demo.yaml": "[\n"})
    found = checked(repo)
    assert found.outcome is None
    assert found.policies is not None
    assert found.policies.differences == ()


def test_links_and_submodules_are_not_followed(repo: Repo) -> None:
    repo.git("checkout", "--quiet", "-b", "policy")
    (repo.path / "policies/models/other.yaml").symlink_to("/etc/passwd")
    repo.git("add", "--all")
    repo.git(
        "update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},policies/vendor/1.0.0.yaml"
    )
    repo.git("commit", "--quiet", "--message", "odd")
    told = refused(checked(repo))
    assert "policies/models/other.yaml:1:1 a symbolic link is not followed: commit the file itself" in told
    assert "policies/vendor/1.0.0.yaml:1:1 a submodule is not read: commit the files themselves" in told


ALERTS = """
alerts:
  critical:
    - {{metric: {0}, statistic: rate, above: 1%}}
  warning:
    - {{metric: errors, statistic: rate, above: {1}}}
"""
NOBODY = "no model that may use small/1.0.1 (demo) binds"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            ALERTS.format("errors", "2%"),
            "the warning on errors above 2% comes no earlier than the critical alert above 1%",
        ),
        (
            ALERTS.format("error", "0.5%"),
            "this critical alert never fires: " + NOBODY + " metrics.error",
        ),
        ("\n      - {id: cpu, kind: ratio_limit, metric: cpu, of_allocation: 80%}\n", "cpu can't be judged: no model"),
        (
            "\n      - {id: risk, kind: approval, role: risk}\n",
            "risk can't be judged: " + NOBODY + " roles.risk",
        ),
    ],
)
def test_what_is_odd_keeps_a_new_version_out(repo: Repo, more: str, said: str) -> None:
    repo.branch("policy", {NEWER: newer().rstrip() + more, "policies/models/demo.yaml": the_model(ALLOWED)})
    (finding,) = refused(checked(repo))
    assert finding.startswith(f"{NEWER}:")
    assert said in finding


def test_stages_that_can_not_hold_their_clusters_are_told(repo: Repo) -> None:
    clustered = the_model(ALLOWED, more="cluster: {column: day, within_window: hour}\n")
    text = newer(("stage: canary}", "stage: canary, min_clusters: 50}"))
    repo.branch("policy", {NEWER: text, "policies/models/demo.yaml": clustered})
    (finding,) = refused(checked(repo))
    assert "the stage 'canary' holds 48 hourly clusters and min_clusters is 50 (for demo)" in finding


def test_a_metric_that_dies_with_its_binding_is_told_in_the_policy_that_names_it(repo: Repo) -> None:
    errors = ("  errors: {kind: proportion, column: error}\n", "")
    repo.branch("policy", {"policies/models/demo.yaml": the_model(errors)})
    (finding,) = refused(checked(repo))
    assert finding.startswith("policies/small/1.0.0.yaml:13:")
    assert "error-rate can't be judged: no model that may use small/1.0.0 (demo) binds metrics.errors" in finding


def test_what_was_odd_before_is_not_laid_at_the_change(repo: Repo) -> None:
    odd = newer().rstrip() + ALERTS.format("error", "2%")
    repo.commit({NEWER: odd, "policies/models/demo.yaml": the_model(ALLOWED)})
    repo.branch("policy", {"policies/models/demo.yaml": the_model(ALLOWED, ("min_coverage: 90%", "min_coverage: 95%"))})
    assert checked(repo).outcome is Outcome.PASSED


# beside a promotion


def test_a_promotion_beside_a_policy_is_judged_by_the_old_one_and_says_so(repo: Repo) -> None:
    repo.branch("proposal", promotion(V2, V1))
    alone = checked(repo).records
    looser = {NEWER: newer(("by: 2pp", "by: 1pp")), "policies/models/demo.yaml": the_model(ALLOWED)}
    repo.commit(looser)
    found = checked(repo)
    assert [to_bytes(record) for record in found.records] == [to_bytes(record) for record in alone]
    assert "looser criterion better.by: 2pp → 1pp" in moves(found)


def test_a_promotion_beside_a_policy_that_is_wrong_is_not_judged(repo: Repo) -> None:
    repo.branch("proposal", {**promotion(V2, V1), NEWER: "[\n"})
    found = checked(repo)
    assert (found.records, found.outcome) == ((), None)


def test_a_model_file_that_binds_other_people_is_not_in_force(repo: Repo) -> None:
    forged = the_model(("min_coverage: 90%", "min_coverage: 1%"))
    repo.branch("proposal", {**promotion(V2, V1), "policies/models/demo.yaml": forged})
    (record,) = checked(repo).records
    assert record.plan.facts.min_label_coverage == 0.9


# waivers


def test_a_waiver_that_its_policy_does_not_let_be_keeps_the_change_from_being_merged(repo: Repo, log: Path) -> None:
    repo.commit(waiving_rules(log))
    repo.branch("policy", waiver_file(criterion="error-rate", up_to="6%"))
    assert refused(checked(repo)) == ["policies/waivers/better.yaml:8:12 small/1.0.0 never lets error-rate be waived"]


def test_a_change_that_takes_the_role_of_a_waiver_is_told_at_the_waiver(repo: Repo, log: Path) -> None:
    repo.commit({**waiving_rules(log), **waiver_file()})
    repo.branch("policy", {"policies/models/demo.yaml": the_model()})
    assert refused(checked(repo)) == [
        "policies/waivers/better.yaml:12:8 policies/models/demo.yaml names nobody for the role `risk`: there is none here"
    ]


def test_a_waiver_that_no_promotion_can_use_is_a_note(repo: Repo, log: Path) -> None:
    repo.commit({**waiving_rules(log), **waiver_file(id="old", expires_at=NOW)})
    repo.branch("policy", {"policies/waivers/past.yaml": waiver_text(id="past", stage="canary", granted_at=NOW)})
    found = checked(repo)
    assert found.policies is not None
    assert found.policies.notes == ()
    repo.branch(
        "late", {"policies/waivers/past.yaml": waiver_text(id="past", granted_at=GRANTED, expires_at=NOW)}, "main"
    )
    repo.git("rm", "--quiet", "policies/waivers/old.yaml")
    repo.commit()
    found = checked(repo)
    assert found.findings == ()
    assert found.policies is not None
    assert [str(one) for one in found.policies.notes] == [
        "policies/waivers/past.yaml:14:13 it has expired: no promotion can use it, remove it"
    ]


# revoked policies


def test_a_revoked_policy_never_passes(repo: Repo) -> None:
    repo.commit(
        {NEWER: newer(), "policies/revocations.yaml": revocations(sha256(POLICY), more=", replaced_by: small/1.0.1")}
    )
    repo.branch("proposal", promotion(V2, V1))
    (said,) = refused(checked(repo))
    assert said == (
        f"{folder(V2)}/promotion.yaml:6:9 small/1.0.0 is revoked since 2025-02-20T00:00:00Z (a limit was mistyped), "
        "and a revoked policy never passes: move to small/1.0.1"
    )


def test_a_revocation_to_come_ends_the_verdict_and_is_told(repo: Repo) -> None:
    repo.commit({"policies/revocations.yaml": revocations(sha256(POLICY), since="2025-04-01T00:00:00Z")})
    repo.branch("proposal", promotion(V2, V1))
    found = checked(repo)
    assert found.outcome is Outcome.PASSED
    (record,) = found.records
    assert record.verdict.valid_until is not None
    assert record.verdict.valid_until.isoformat() == "2025-04-01T00:00:00+00:00"
    assert "to_be_revoked" in {str(reason.why) for reason in record.verdict.reasons}


def test_revocations_that_can_not_be_read_are_a_finding(repo: Repo) -> None:
    repo.commit({"policies/revocations.yaml": "kind: Revocations\n"})
    repo.branch("proposal", promotion(V2, V1))
    assert all(said.startswith("policies/revocations.yaml:") for said in refused(checked(repo)))


# the command line


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({NEWER: newer(("by: 2pp", "by: 1pp"))}, ExitCode.PASSED),
        ({NEWER: newer(("below: 5%", "below: 100%"))}, ExitCode.INVALID),
        ({"policies/small/1.0.0.yaml": newer(version="1.0.0") + "# a comment\n"}, ExitCode.INVALID),
    ],
)
def test_the_command_ends_as_designed_in_every_format(
    repo: Repo, files: dict[str, str | bytes], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.branch("policy", files)
    for form in ("text", "markdown", "json", "junit", "sarif", "github"):
        assert run(["check", "--repo", str(repo.path), "--base", "main", "--format", form]) == code
        shown = capsys.readouterr().out
        if form == "json":
            assert json.loads(shown)["outcome"] == ("passed" if code is ExitCode.PASSED else None)
        if code is ExitCode.PASSED:
            assert "looser" in shown, form


def test_requests_and_policies_of_another_model_are_left_alone(repo: Repo) -> None:
    repo.branch(
        "policy", {"policies/models/other.yaml": the_model(("name: demo", "name: other")), "x.yaml": request(V2, V1)}
    )
    assert checked(repo).outcome is Outcome.PASSED
