"""Rollback as one transaction on a fake GitHub: traffic first, one of everything, and the same end wherever it was cut off."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.events import verdict_on
from builders.http import Asked, Told, answering
from builders.publishing import comments
from builders.recordings import recorded
from builders.rollbacks import WORSE, Worse, a_worse
from builders.signed import texts
from builders.small import HISTORY, V1, V2, V3, V4, folder, promotion
from builders.watching import START, hourly, pairs
from forge import faults
from forge.faults import Exchange
from forge.rules import required_reviews
from forge.state import Pull
from model_ratchet.actions.watch_state import Kept, keep_on_branch
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, StageStarted
from model_ratchet.engine.rollback import Page, Restore, Withdraw
from model_ratchet.engine.watch import RuleState, Says, WatchState
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append

CAUSE = (
    "# Root cause\nA join.\n# Why the promotion passed\nWeekends.\n# What changes before the next attempt\nThe join.\n"
)
NOT_OFFERED = "that production offers what it needs: the model file does not say what it offers"
BRANCH = f"ratchet/rollback/demo/{V3}-1"
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@pytest.fixture
def worse(tmp_path: Path) -> Iterator[Worse]:
    with a_worse(tmp_path) as made:
        yield made


def test_traffic_is_back_and_the_version_gone_in_one_run(worse: Worse) -> None:
    done = worse.rolled_back()
    assert not done.trouble, done.followed
    assert worse.kinds() == ["began", "hold", "rolled-back", "released", "root-cause"]
    _, hold, back, released, cause = worse.events("because", "commit", "digest", "by", "pull")
    assert (cause["incident"], cause["closed"]) == (f"{V3}-1", False)
    assert hold == {"kind": "hold", "model": "demo", "refuse": V3, "serve": V2, "incident": f"{V3}-1"}
    assert (back["version"], back["cause"], back["returns_to"], back["break_glass"]) == (V3, "culprit", V2, False)
    assert released["resolved"] is True
    assert f"# active     {V2}" in worse.traffic()
    assert worse.promoted() == [V1, V2]


def test_the_pull_request_removes_the_folder_and_nothing_else(worse: Worse) -> None:
    worse.rolled_back()
    (pull,) = worse.removals()
    git = worse.runs.scene.repo.git
    changed = git.run("diff", "--name-only", pull.base_sha, pull.head_sha).splitlines()
    assert changed == [f"{folder(V3)}/promotion.yaml", f"{folder(V3)}/risk.md"]
    assert (pull.head_ref, pull.issue.title) == (BRANCH, f"Roll back demo {V3} to {V2}")
    body = pull.issue.body or ""
    assert "accuracy fell by 8 pp" in body
    assert "79 % of the mirrored ones" in body.replace("&#37;", "%")


def test_a_list_that_lags_keeps_no_pull_request_out_of_the_issue_and_from_being_merged(worse: Worse) -> None:
    worse.runs.scene.forge.faults.plan(faults.shortened(0), "GET", "/pulls", times=2)
    worse.rolled_back()
    worse.runs.scene.forge.faults.planned.clear()
    (pull,) = worse.removals()
    assert pull.merged_at is not None
    (cause,) = [one for one in worse.runs.scene.repo.issues.values() if "root-cause" in one.labels]
    assert f"### Pull request of the rollback\n\n#{pull.number}\n" in (cause.body or "")


def test_an_issue_that_was_opened_before_the_pull_request_names_it_later(worse: Worse) -> None:
    worse.runs.scene.forge.faults.plan(faults.failing(403), "POST", "/pulls")
    assert worse.rolled_back().trouble
    (cause,) = [one for one in worse.runs.scene.repo.issues.values() if "root-cause" in one.labels]
    assert "### Pull request of the rollback\n\nnone yet\n" in (cause.body or "")
    cause.body = (cause.body or "").replace("What made it worse, and how was that shown? TODO", "A join.")
    assert not worse.rolled_back().trouble
    (pull,) = worse.removals()
    (cause,) = [one for one in worse.runs.scene.repo.issues.values() if "root-cause" in one.labels]
    assert f"### Pull request of the rollback\n\n#{pull.number}\n" in (cause.body or "")
    assert "### Root cause\n\nA join.\n" in (cause.body or "")


def test_the_issue_tells_what_happened_when(worse: Worse) -> None:
    worse.rolled_back()
    (number,) = [one.number for one in worse.runs.scene.repo.issues.values() if "root-cause" in one.labels]
    body = worse.runs.scene.repo.issues[number].body or ""
    (pull,) = worse.removals()
    assert f"### Pull request of the rollback\n\n#{pull.number}\n" in body
    assert f"hold: {V2} serves instead of {V3}: accuracy fell by 8 pp" in body.replace("&#46;", ".").replace(
        "&#95;", "_"
    )
    assert "### Why the promotion passed\n\n" in body


def test_both_show_what_the_trigger_read_block_by_block(worse: Worse) -> None:
    fired = RuleState(says=Says.FIRING, since=START, blocks=hourly([pairs()] * 2 + [pairs(0.2)] * 3))
    state = WatchState(model="demo", version=V3, rules={"rollback accuracy drop 5pp over 1h": fired})
    repository = Writer(worse.runs.scene.repo.git.path)
    keep_on_branch(repository, Kept(states={("demo", V3): state}).files(), worse.runs.scene.forge.clock.now)
    worse.rolled_back()
    (pull,) = worse.removals()
    (cause,) = [one for one in worse.runs.scene.repo.issues.values() if "root-cause" in one.labels]
    for body in (pull.issue.body or "", cause.body or ""):
        assert '    title "accuracy drop above 5pp over 1h"\n' in body
        assert "    line [0.8, 0.8, 0.6, 0.6, 0.6]\n    line [0.8, 0.8, 0.8, 0.8, 0.8]\n" in body


def test_before_anybody_has_merged_traffic_stays_back(tmp_path: Path) -> None:
    with a_worse(tmp_path, merge="manual") as worse:
        worse.rolled_back()
        (pull,) = worse.removals()
        assert (pull.merged_at, worse.promoted()) == (None, [V1, V2, V3])
        assert worse.traffic().startswith("#")
        assert f"# active     {V2}" in worse.traffic()
        before = worse.end_state()
        assert not worse.rolled_back().trouble
        assert worse.end_state() == before
        worse.runs.scene.forge.merge(pull, by=worse.runs.scene.bob, method="squash")
        recorded(worse.runs)
        assert worse.kinds() == ["began", "hold", "root-cause", "rolled-back", "released"]


def test_what_github_does_not_let_be_merged_waits_and_is_no_trouble(tmp_path: Path) -> None:
    with a_worse(tmp_path, required_reviews()) as worse:
        assert not worse.rolled_back().trouble
        (pull,) = worse.removals()
        assert (pull.merged_at, f"# active     {V2}" in worse.traffic()) == (None, True)
        worse.runs.scene.forge.review(pull, by=worse.runs.scene.bob)
        assert not worse.rolled_back().trouble
        assert worse.promoted() == [V1, V2]


def test_running_it_again_after_its_end_changes_nothing(worse: Worse) -> None:
    worse.rolled_back()
    before = worse.end_state()
    assert not worse.rolled_back().trouble
    assert worse.end_state() == before


@pytest.mark.parametrize("at_most", [1, 2])
def test_more_rollbacks_a_day_than_the_policy_allows_only_page(tmp_path: Path, at_most: int) -> None:
    with a_worse(tmp_path, at_most=at_most) as worse:
        worse.rolled_back()
        before = worse.end_state()
        done = worse.rolled_back(replace(WORSE, version=V2))
        assert isinstance(done.plan, Page) == (at_most == 1)
        assert (worse.end_state() == before) == (at_most == 1)
        if isinstance(done.plan, Page):
            assert "was rolled back 1 times within 24 hours" in done.plan.why


def test_github_merges_the_removal_by_itself_once_its_rules_are_met(tmp_path: Path) -> None:
    with a_worse(tmp_path, required_reviews()) as worse:
        worse.runs.scene.repo.allow_auto_merge = True
        for _ in range(2):
            done = worse.rolled_back()
            assert not done.trouble, done.followed
            assert any("It will be merged once they are met" in one.said for one in done.followed)
        (pull,) = worse.removals()
        assert pull.merged_at is None
        worse.runs.scene.forge.review(pull, by=worse.runs.scene.bob)
        worse.runs.scene.forge.sync()
        assert worse.promoted() == [V1, V2]


def test_where_auto_merge_is_off_the_run_says_so(tmp_path: Path) -> None:
    with a_worse(tmp_path, required_reviews()) as worse:
        done = worse.rolled_back()
        assert any("auto-merge was refused" in one.said for one in done.followed)


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "its artifact is gone"), (503, "its artifact can't be reached")],
    ids=["gone", "out of reach"],
)
def test_a_version_whose_artifact_is_not_there_is_passed_over(tmp_path: Path, status: int, said: str) -> None:
    def tell(asked: Asked) -> Told:
        return Told(status, b"") if V2 in asked.path else Told(200, b"model", {"ETag": '"v"'})

    with answering(tell) as server, a_worse(tmp_path, artifacts=server.url) as worse:
        done = worse.rolled_back()
        assert isinstance(done.plan, Restore)
        assert (str(done.plan.serve), done.plan.unsure) == (V1, (NOT_OFFERED,))
        assert done.plan.passed_over[0].startswith(f"{V2}: {said}")
        assert worse.promoted() == [V1]


def enter(worse: Worse, pull: Pull) -> None:
    """V4 is in its canary."""
    at, candidate = worse.runs.scene.forge.clock.now, Version.parse(V4)
    admitted = Admitted(
        at=at,
        model="demo",
        candidate=candidate,
        pull=pull.number,
        baseline=Version.parse(V3),
        digest=f"sha256:{'4' * 64}",
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )
    started = StageStarted(at=at, model="demo", candidate=candidate, pull=pull.number, stage="canary", share=0.05)
    repository = Writer(worse.runs.scene.repo.git.path)
    append(repository, lambda _: Entry((admitted, started)), "canary", at, hidden={})


def test_a_candidate_leaves_its_stage_and_its_check_turns_red(worse: Worse) -> None:
    scene = worse.runs.scene
    pull = scene.propose("demo-4", texts(promotion(V4, V3, more="")))
    worse.runs.opened(pull)
    enter(worse, pull)
    done = worse.rolled_back(replace(WORSE, version=V4))
    assert isinstance(done.plan, Withdraw)
    assert not done.trouble, done.followed
    assert worse.kinds()[-2:] == ["withdrawn", "root-cause"]
    assert worse.causes() == [f"Root cause: demo {V4}, incident {V4}-1"]
    assert f"# active     {V3}" in worse.traffic()
    assert V4 not in worse.traffic()
    conclusion, title = verdict_on(worse.runs, pull.head_sha)
    assert conclusion == "failure"
    assert title.endswith("name its closed root cause, `retry: {root_cause: …}`")
    assert "this version was withdrawn on" in comments(scene)[-1].body
    assert worse.removals() == []
    before = worse.events()
    assert not worse.rolled_back(replace(WORSE, version=V4)).trouble
    assert worse.events() == before


def test_the_version_comes_back_once_its_issue_is_closed_and_its_document_merged(worse: Worse) -> None:
    scene = worse.runs.scene
    worse.rolled_back()
    scene.work.git("checkout", "--quiet", "main")
    scene.work.git("pull", "--quiet", "--ff-only", "origin", "main")
    more = HISTORY + "retry: {root_cause: the closed issue}\n"
    pull = scene.propose("again", texts(promotion(V3, V2, more=more.replace("2025-02", "2025-10"))))
    worse.runs.opened(pull)
    assert verdict_on(worse.runs, pull.head_sha)[1].startswith(
        "2 findings, nothing was judged: issue #2 on the root cause"
    )
    scene.repo.issues[2].state, scene.repo.issues[2].closed_at = "closed", scene.forge.clock.now
    assert [one.kind for one in recorded(worse.runs).recorded.events] == ["root-cause"]
    assert recorded(worse.runs).recorded.events == ()
    scene.work.git("checkout", "--quiet", "main")
    scene.work.commit({f"promotions/demo/outcomes/{V3}-root-cause.md": CAUSE})
    scene.work.git("push", "--quiet", "origin", "main")
    worse.runs.opened(pull)
    assert "finding" not in verdict_on(worse.runs, pull.head_sha)[1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    with a_worse(tmp_path_factory.mktemp("undisturbed")) as worse:
        worse.rolled_back()
        return worse.end_state()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(6))
def test_github_that_goes_away_at_any_write_is_made_up_for(
    worse: Worse, undisturbed: tuple[object, ...], nth: int, done: bool
) -> None:
    faults, writes = worse.runs.scene.forge.faults, []

    def cut(asked: Exchange) -> None:
        writes.extend([asked] if asked.method in WRITES else [])
        if len(writes) == nth + 1 and asked.client not in faults.ends:
            faults.end(asked.client, 0, carried_out=done)

    faults.before(cut)
    first = worse.rolled_back()
    assert f"# active     {V2}" in worse.traffic()
    faults.hooks.remove(cut)
    assert first.trouble
    assert not worse.rolled_back().trouble
    assert worse.end_state() == undisturbed


class KilledError(BaseException):
    """The process has ended."""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(5))
def test_a_run_that_is_killed_at_any_push_is_made_up_for(
    worse: Worse, undisturbed: tuple[object, ...], monkeypatch: pytest.MonkeyPatch, nth: int, done: bool
) -> None:
    left, move = [nth], Writer._move

    def killed(self: Writer, name: str, parent: str | None, commit: str) -> str:
        left[0] -= 1
        if left[0] < 0 and not done:
            raise KilledError
        moved = move(self, name, parent, commit)
        if left[0] < 0:
            raise KilledError
        return moved

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "_move", killed)
        with pytest.raises(KilledError):
            worse.rolled_back()
    assert not worse.rolled_back().trouble
    assert worse.end_state() == undisturbed
