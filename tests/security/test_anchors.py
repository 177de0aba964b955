"""T30 where the head of the ledger is kept on GitHub: what was done to the branch is found against every anchor of our own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from builders.advancing import a_staged
from builders.recordings import ledger_of, recorded
from builders.signed import Signed, a_signed
from builders.small import START, V1, V2, V3, promotion
from forge import faults
from forge.hub import FULL
from forge.moves import check
from forge.state import App, CheckRun
from model_ratchet.cli import run
from model_ratchet.documents.events import Hold
from model_ratchet.engine.lines import Head
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH, Entry, append

Verify = Callable[..., tuple[int, str]]
LEDGER = f"refs/heads/{BRANCH}"


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """A ledger of two runs of the record workflow, with an anchor of each."""
    with a_signed(tmp_path) as made:
        recorded(made.runs)
        grown(made, V2)
        yield made


@pytest.fixture
def verify(signed: Signed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    return verifying(signed.scene, monkeypatch, capsys)


def verifying(scene: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """``ratchet audit verify`` as an auditor runs it in a clone: its exit code and what it says."""
    forge, repo, work = scene.forge, scene.repo, scene.work  # type: ignore[attr-defined]
    monkeypatch.setenv("GITHUB_API_URL", forge.api)
    monkeypatch.setenv("GITHUB_REPOSITORY", repo.full_name)
    monkeypatch.setenv("GITHUB_TOKEN", forge.workflow_token(FULL).value)

    def asked(*more: str) -> tuple[int, str]:
        code = run(["audit", "verify", "--anchor", "github", "--repo", str(work.path), *more])
        out, err = capsys.readouterr()
        return code, out + err

    return asked


def grown(signed: Signed, version: str) -> str:
    """The base branch with one more version that nobody judged, and the ledger after it was recorded; its tip."""
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    commit = work.commit({path: str(text) for path, text in promotion(version, V1).items()})
    work.git("push", "--quiet", "origin", "main")
    recorded(signed.runs)
    return commit


def anchors(signed: Signed) -> list[CheckRun]:
    return [one for one in signed.scene.repo.checks.values() if one.name == "ratchet ledger"]


def anchored_by(signed: Signed, app: App, head: Head, sha: str) -> None:
    """A check run with an anchor, by whoever may write check runs."""
    made = check(signed.scene.forge, signed.scene.repo, app, sha, "ratchet ledger")
    made.external_id = f"ratchet:v1:ledger:{head.n}:{head.digest}"


def cut(signed: Signed) -> None:
    git = signed.scene.repo.git
    git.move(LEDGER, git.run("rev-parse", f"{LEDGER}~1"))


def rewritten(signed: Signed) -> None:
    """The branch as if something else had been recorded, in as many lines and a sound chain."""
    lines = ledger_of(signed.runs).head().n
    signed.scene.repo.git.run("update-ref", "-d", LEDGER)
    events = [Hold(at=START, model="demo", because=f"{number}") for number in range(lines + 1)]
    append(Writer(signed.scene.repo.git.path), lambda _: Entry(tuple(events)), "anew", START, hidden={})


def gone(signed: Signed) -> None:
    signed.scene.repo.git.run("update-ref", "-d", LEDGER)


def test_each_run_that_appends_keeps_the_head_on_the_tip_of_the_protected_branch(
    signed: Signed, verify: Verify
) -> None:
    first, second = anchors(signed)
    assert second.head_sha == signed.scene.repo.git.resolve("main")
    assert first.head_sha == signed.scene.repo.git.resolve("main~1")
    assert (second.conclusion, second.app.slug) == ("success", "github-actions")
    assert str(ledger_of(signed.runs).head()) in second.output["summary"]
    code, said = verify()
    assert (code, said.splitlines()[0]) == (0, "verified: 3 lines, anchored at line 3 by 2 anchors")
    recorded(signed.runs)
    assert len(anchors(signed)) == 2


@pytest.mark.parametrize(
    ("attack", "found"),
    [(cut, "its end was cut off"), (rewritten, "the ledger was written anew"), (gone, "its end was cut off")],
    ids=["cut", "rewritten", "gone"],
)
def test_t30_what_was_done_to_the_branch_is_found_and_never_anchored(
    signed: Signed, verify: Verify, attack: Callable[[Signed], None], found: str
) -> None:
    attack(signed)
    code, said = verify()
    assert (code, said.startswith("tampered: "), found in said) == (1, True, True), said
    work = signed.scene.work
    work.git("commit", "--quiet", "--allow-empty", "-m", "nothing to record")
    work.git("push", "--quiet", "origin", "main")
    if attack is not rewritten:  # which names no commit that could be gone on from
        hold = Hold(at=START, model="demo", because="on top")
        append(Writer(signed.scene.repo.git.path), lambda _: Entry((hold,)), "on top", START, hidden={})
    signed.runs.at(signed.scene.forge.clock.now + timedelta(hours=1))
    done = recorded(signed.runs)
    (told,) = [one for one in done.followed if one.said.startswith("anchor of the ledger: ")]
    assert told.trouble
    assert "`ratchet audit verify --anchor github` says all that is wrong" in told.said
    assert len(anchors(signed)) == 2


def test_t30_an_anchor_of_the_rewritten_ledger_takes_none_of_the_older_ones_away(
    signed: Signed, verify: Verify
) -> None:
    rewritten(signed)
    ours = anchors(signed)[0].app
    anchored_by(signed, ours, ledger_of(signed.runs).head(), anchors(signed)[-1].head_sha)
    code, said = verify()
    assert (code, said.count("was written anew")) == (1, 2), said


def test_t30_an_anchor_of_another_app_is_not_believed(signed: Signed, verify: Verify) -> None:
    sha = anchors(signed)[-1].head_sha
    stranger = signed.scene.forge.app("stranger", {"checks": "write"})
    anchored_by(signed, stranger, Head(99, "sha256:" + "9" * 64), sha)
    assert verify()[0] == 0
    for one in anchors(signed):
        if one.app is not stranger:
            del signed.scene.repo.checks[one.id]
    code, said = verify()
    assert code == 3
    assert "GitHub keeps no anchor of the app github-actions in deployments or on the last 100 commits of main" in said
    assert "those of stranger are not believed" in said


def test_t30_in_the_hardened_tier_only_the_anchors_of_the_app_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_signed(tmp_path, hardened=True) as signed:
        recorded(signed.runs)
        (one,) = anchors(signed)
        assert one.app.slug == "promotions"
        verify = verifying(signed.scene, monkeypatch, capsys)
        assert verify()[0] == 3
        monkeypatch.setenv("RATCHET_APP", "promotions")
        assert verify()[0] == 0


def test_t30_the_deployment_of_a_stage_holds_an_anchor_too_and_that_of_a_person_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_staged(tmp_path, monkeypatch) as staged:
        staged.commented("bob")
        scene = staged.scene
        scene.repo.checks.clear()
        verify = verifying(scene, monkeypatch, capsys)
        code, said = verify()
        assert (code, said.splitlines()[0]) == (0, "verified: 3 lines, anchored at line 3")
        scene.repo.git.run("update-ref", "-d", LEDGER)
        assert verify()[0] == 1
        (made,) = scene.repo.deployments.values()
        scene.repo.deployments[made.id] = replace(made, creator=scene.ada)
        code, said = verify()
        assert (code, "those of ada are not believed" in said) == (3, True)


def test_an_anchor_that_could_not_be_kept_is_kept_by_the_next_run(signed: Signed, verify: Verify) -> None:
    signed.scene.forge.faults.plan(faults.failing(403), "POST", "/check-runs")
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    work.commit({path: str(text) for path, text in promotion(V3, V1).items()})
    work.git("push", "--quiet", "origin", "main")
    done = recorded(signed.runs)
    (told,) = [one.said for one in done.followed if one.trouble and "anchor" in one.said]
    assert "grant `checks: write`" in told
    assert recorded(signed.runs).followed == ()
    assert verify()[0] == 0
    assert len(anchors(signed)) == 3


def test_what_github_does_not_tell_is_no_verified_ledger(signed: Signed, verify: Verify) -> None:
    signed.scene.forge.faults.plan(faults.failing(403), "GET", "/deployments")
    code, said = verify()
    assert (code, "the token may not list deployments" in said) == (3, True), said


def test_anchors_of_one_s_own_are_held_against_the_ledger_beside_those_of_github(
    signed: Signed, verify: Verify
) -> None:
    code, said = verify("--anchor", f"1 sha256:{'1' * 64}")
    assert (code, "line 1 is not the one that the anchor was taken of" in said) == (1, True)
