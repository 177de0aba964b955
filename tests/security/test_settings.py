"""The attacks that settings stop, by their numbers: each goes through where ``ratchet doctor`` says that it would."""

from datetime import timedelta
from pathlib import Path

import pytest

from builders.doctoring import Clinic, a_clinic
from builders.hubs import a_scene, client
from forge.rules import required_checks
from forge.state import Pull
from forge.web import Refused
from model_ratchet.actions.init import Tier
from model_ratchet.engine.doctor import of_state
from model_ratchet.engine.doctor.rule import State


def missing(clinic: Clinic) -> set[str]:
    return {one.rule.id for one in of_state(clinic.examine().answers, State.MISSING)}


def merges(clinic: Clinic, pull: Pull) -> bool:
    try:
        clinic.scene.forge.merge(pull, by=clinic.scene.bob)
    except Refused:
        return False
    return True


def approved(clinic: Clinic) -> Pull:
    """A pull request of ada's that bob, who owns nothing here, and no verdict has approved."""
    clinic.push({".github/CODEOWNERS": "* @ada @bob\n"})
    pull = clinic.scene.propose()
    clinic.scene.forge.clock.advance(minutes=1)
    clinic.scene.forge.review(pull, by=clinic.scene.bob)
    return pull


@pytest.mark.parametrize("sourced", [True, False], ids=["one source", "any source"])
def test_t03_a_job_of_the_same_name_counts_only_where_the_source_is_not_set(tmp_path: Path, sourced: bool) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        if not sourced:
            clinic.rules(required_checks("promotion/main"))
        pull = approved(clinic)
        assert not merges(clinic, pull)
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", app=scene.forge.actions)
        assert missing(clinic) == (set() if sourced else {"check-source"})
        assert merges(clinic, pull) is not sourced


@pytest.mark.parametrize("sourced", [True, False], ids=["one source", "any source"])
def test_t24_a_forged_status_counts_only_where_the_source_is_not_set(tmp_path: Path, sourced: bool) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        if not sourced:
            clinic.rules(required_checks("promotion/main"))
        pull = approved(clinic)
        with client(scene.forge, scene.forge.person(scene.bob)) as github:
            github.get_repo("acme/models").get_commit(pull.head_sha).create_status("success", context="promotion/main")
        assert missing(clinic) == (set() if sourced else {"check-source"})
        assert merges(clinic, pull) is not sourced


@pytest.mark.parametrize("conclusion", ["skipped", "neutral"])
def test_t24_a_job_that_is_skipped_counts_as_passed_and_is_found_by_its_name(tmp_path: Path, conclusion: str) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        forged = "on: pull_request\npermissions: {}\njobs: {a: {name: promotion/main, if: false, steps: []}}\n"
        clinic.push({".github/workflows/build.yml": forged})
        pull = approved(clinic)
        scene.forge.check(scene.repo, pull.head_sha, "promotion/main", conclusion)
        assert missing(clinic) == {"check-names"}
        assert merges(clinic, pull)


def test_t09_a_clock_that_is_off_is_told(tmp_path: Path) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        for hours in (1, -1):
            scene.forge.clock.skew = timedelta(hours=hours)
            assert missing(clinic) == {"clock"}


@pytest.mark.parametrize("bound", [True, False], ids=["nobody", "ada"])
def test_t29_a_bypass_is_found_before_it_is_used(tmp_path: Path, bound: bool) -> None:
    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.QUICKSTART)
        clinic.ruleset.bypass = () if bound else (scene.ada,)
        scene.work.git("checkout", "--quiet", "main")
        sha = scene.work.commit({"promotions/m/v1/promotion.yaml": "x"})
        assert missing(clinic) == (set() if bound else {"bypass"})
        if bound:
            with pytest.raises(Refused):
                scene.forge.push(scene.repo, "main", sha, by=scene.ada, source=scene.work.path)
        else:
            scene.forge.push(scene.repo, "main", sha, by=scene.ada, source=scene.work.path)


def test_t17_the_token_is_nowhere_in_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from model_ratchet.cli import run

    with a_scene(tmp_path) as scene:
        clinic = a_clinic(scene, Tier.HARDENED)
        token = scene.forge.workflow_token()
        for name, value in clinic.environ(token).items():
            monkeypatch.setenv(name, value)
        run(["doctor", "--repo", str(scene.work.path), "--format", "json"])
        shown = capsys.readouterr()
        assert '"cannot verify"' in shown.out
        assert token.value not in shown.out + shown.err
