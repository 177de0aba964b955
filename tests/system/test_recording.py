"""From the check to the ledger on a fake GitHub: judged, merged, recorded; bypassed, found, told; rolled back, and kept so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.hubs import a_scene
from builders.installed import Installed
from builders.recordings import incidents, kinds, ledger_of, outcome_pulls, recorded, said
from builders.signed import Signed, a_signed
from builders.small import V1, V2, V3, folder, promotion, rules, write_log
from forge import faults
from forge.state import Pull
from model_ratchet.core.errors import ForgeError
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Actor, Admitted, Event, Hold
from model_ratchet.engine.lines import read_lines
from model_ratchet.engine.record import digest
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, append, fetch_ledger, record_path

METHODS = pytest.mark.parametrize("method", ["merge", "squash"])


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    with a_signed(tmp_path) as made:
        recorded(made.runs)
        yield made
        read = read_lines(ledger_of(made.runs).lines())
        assert read.broken == ()


def merged(signed: Signed, pull: Pull, method: str = "squash") -> str:
    signed.scene.forge.clock.advance(minutes=5)
    return signed.scene.forge.merge(pull, by=signed.scene.bob, method=method)


def pushed(signed: Signed, files: dict[str, str], *removed: str) -> str:
    """A push to main that no rule stopped."""
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    work.git("pull", "--quiet", "--ff-only", "origin", "main")
    if removed:
        work.git("rm", "-r", "--quiet", *removed)
    sha = work.commit(files)
    work.git("push", "--quiet", "origin", "main")
    return sha


@METHODS
def test_what_was_judged_and_merged_is_recorded_with_who_merged_it(signed: Signed, method: str) -> None:
    pull = signed.passed()
    commit = merged(signed, pull, method)
    done = recorded(signed.runs)
    (event,) = done.recorded.events
    bob = signed.scene.bob
    assert said(event, "digest", "tree", "record") == {
        "kind": "promoted",
        "model": "demo",
        "candidate": V2,
        "baseline": V1,
        "policy": "small/1.0.0",
        "commit": commit,
        "pull": pull.number,
        "by": {"login": "bob", "id": bob.id},
    }
    assert event.at == signed.scene.forge.clock.now
    named = str(getattr(event, "record", None))
    assert digest(ledger_of(signed.runs).records([named])[named]) == named
    assert done.recorded.records == (record_path(named),)
    assert incidents(signed.runs) == []


def test_recording_again_asks_and_writes_nothing_new(signed: Signed) -> None:
    merged(signed, signed.passed())
    recorded(signed.runs)
    head, asked = ledger_of(signed.runs).head(), len(signed.scene.forge.requests)
    again = recorded(signed.runs)
    assert (again.recorded.events, again.followed) == ((), ())
    assert ledger_of(signed.runs).head() == head
    assert {one.method for one in signed.scene.forge.requests[asked:]} == {"GET"}


def test_after_a_promotion_a_pull_request_asks_for_its_document(signed: Signed) -> None:
    pull = signed.passed()
    merged(signed, pull)
    recorded(signed.runs)
    (asked,) = outcome_pulls(signed.runs)
    git = signed.scene.repo.git
    assert (asked.base_ref, asked.head_ref) == ("main", f"ratchet/outcomes/demo/{V2}")
    assert git.run("diff", "--name-only", "main", asked.head_sha) == f"promotions/demo/outcomes/{V2}.md"
    text = git.run("show", f"{asked.head_sha}:promotions/demo/outcomes/{V2}.md")
    assert f"merged as #{pull.number} by bob" in text
    assert "| better | canary | +20 pp |" in text.replace("&#43;", "+")
    signed.scene.forge.close(asked, by=signed.scene.ada)
    recorded(signed.runs)
    assert outcome_pulls(signed.runs) == [asked]


def test_what_a_token_may_not_open_is_trouble_and_keeps_nothing_from_being_recorded(signed: Signed) -> None:
    merged(signed, signed.passed())
    signed.scene.forge.faults.plan(faults.failing(403), "POST", "/pulls")
    done = recorded(signed.runs)
    assert kinds(done) == ["promoted"]
    assert [one.trouble for one in done.followed] == [True]
    again = recorded(signed.runs)
    assert [one.trouble for one in again.followed] == [False]
    assert len(outcome_pulls(signed.runs)) == 1


def test_t29_a_push_around_the_gate_is_unverified_and_opens_one_incident(signed: Signed) -> None:
    files = {path: str(text) for path, text in promotion(V2, V1).items()}
    commit = pushed(signed, {**files, "README.md": "not the commit that was proposed\n"})
    done = recorded(signed.runs)
    assert kinds(done) == ["promoted", "unverified"]
    (event,) = done.recorded.unverified
    assert event.because.startswith("it was pushed: no pull request was merged by it; no sealed verdict of demo")
    assert getattr(done.recorded.events[0], "record", "") is None
    (issue,) = incidents(signed.runs)
    assert (issue.user.login, V2 in issue.title, commit in (issue.body or "")) == ("github-actions[bot]", True, True)
    recorded(signed.runs)
    assert incidents(signed.runs) == [issue]
    signed.scene.repo.issues[issue.number].state = "closed"
    recorded(signed.runs)
    assert incidents(signed.runs) == [issue]


def test_t29_a_merge_that_an_administrator_forced_is_unverified(signed: Signed) -> None:
    merged(signed, signed.pull)
    done = recorded(signed.runs)
    assert kinds(done) == ["promoted", "unverified"]
    assert (done.recorded.unverified[0].pull, outcome_pulls(signed.runs)) == (signed.pull.number, [])


def test_t29_a_push_that_claims_a_pull_request_is_not_believed(signed: Signed) -> None:
    pull = signed.passed()
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    work.git("pull", "--quiet", "--ff-only", "origin", "main")
    work.commit({path: str(text) for path, text in promotion(V2, V1).items()}, f"Better (#{pull.number})")
    work.git("push", "--quiet", "origin", "main")
    assert kinds(recorded(signed.runs)) == ["promoted", "unverified"]


@pytest.mark.parametrize("forgery", ["app", "status"])
def test_t24_a_verdict_of_another_publisher_vouches_for_nothing(signed: Signed, forgery: str) -> None:
    scene, pull = signed.scene, signed.pull
    if forgery == "app":
        signed.passed()
        (ours,) = [one for one in scene.repo.checks.values() if one.name == "promotion/main"]
        del scene.repo.checks[ours.id]
        scene.repo.checks[ours.id] = replace(ours, app=scene.forge.app("stranger", {}))
    else:
        from forge.moves import status

        status(
            scene.forge,
            scene.repo,
            pull.head_sha,
            {"context": "promotion/main", "state": "success"},
            scene.forge.person(scene.ada),
        )
    merged(signed, pull)
    (event,) = recorded(signed.runs).recorded.unverified
    assert "no sealed verdict" in event.because
    assert ("is of the app stranger, not of github-actions" in event.because) is (forgery == "app")


def test_t25_a_head_that_moved_after_the_verdict_is_unverified(signed: Signed) -> None:
    pull = signed.passed()
    signed.scene.push("demo-2", {f"{folder(V2)}/risk.md": "# Risk\nanother\n"}, by=signed.scene.ada)
    merged(signed, pull)
    assert "no sealed verdict" in recorded(signed.runs).recorded.unverified[0].because


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "policies/models/demo.yaml",
            "policies/models/demo.yaml is not, on the protected branch, what the verdict was made by",
        ),
        ("promotion", "baseline moved"),
    ],
    ids=["rules", "baseline"],
)
def test_t25_a_base_that_moved_after_the_verdict_is_unverified(signed: Signed, path: str, said: str) -> None:
    pull = signed.passed()
    if path == "promotion":
        pushed(signed, {name: str(text) for name, text in promotion(V3, V1).items()})
    else:
        text = (signed.scene.work.path / path).read_text(encoding="utf-8")
        pushed(signed, {path: text.replace("90%", "95%")})
    merged(signed, pull)
    event = recorded(signed.runs).recorded.unverified[-1]
    assert (str(event.version), said in event.because) == (V2, True), event.because


def test_t25_an_approval_that_was_taken_back_before_the_merge_counts_no_more(signed: Signed) -> None:
    pull = signed.passed()
    signed.scene.forge.clock.advance(minutes=1)
    signed.scene.forge.review(pull, by=signed.scene.bob, state="CHANGES_REQUESTED")
    merged(signed, pull)
    assert "is failed" in recorded(signed.runs).recorded.unverified[0].because


def test_what_reviewers_say_after_the_merge_changes_nothing(signed: Signed) -> None:
    pull = signed.passed()
    merged(signed, pull)
    signed.scene.forge.clock.advance(minutes=1)
    signed.scene.forge.review(pull, by=signed.scene.bob, state="CHANGES_REQUESTED")
    assert kinds(recorded(signed.runs)) == ["promoted"]


@pytest.mark.parametrize("path", ["/pulls", "/reviews", "/check-runs", "/activity"])
def test_what_github_does_not_tell_is_recorded_by_a_later_run(signed: Signed, path: str) -> None:
    merged(signed, signed.passed())
    head = ledger_of(signed.runs).head()
    signed.scene.forge.faults.plan(faults.failing(500), "GET", path, times=9)
    with pytest.raises(ForgeError):
        recorded(signed.runs)
    assert ledger_of(signed.runs).head() == head
    signed.scene.forge.faults.planned.clear()
    assert kinds(recorded(signed.runs)) == ["promoted"]


def test_a_rollback_by_hand_is_break_glass_and_no_incident(signed: Signed) -> None:
    merged(signed, signed.passed())
    recorded(signed.runs)
    commit = pushed(signed, {}, folder(V2))
    done = recorded(signed.runs)
    (event,) = done.recorded.events
    assert said(event, "digest", "tree") == {
        "kind": "rolled-back",
        "model": "demo",
        "version": V2,
        "returns_to": V1,
        "commit": commit,
        "cause": "culprit",
        "break_glass": True,
    }
    assert incidents(signed.runs) == []
    assert signed.scene.repo.git.resolve("main") == commit


@pytest.mark.parametrize("later", [False, True], ids=["last", "within"])
def test_a_rollback_by_hand_names_who_pushed_it(signed: Signed, later: bool) -> None:
    """As GitHub knows them: what a commit says of its committer is whatever they wrote there."""
    merged(signed, signed.passed())
    recorded(signed.runs)
    scene = signed.scene
    scene.work.git("checkout", "--quiet", "main")
    scene.work.git("pull", "--quiet", "--ff-only", "origin", "main")
    scene.work.git("rm", "-r", "--quiet", folder(V2))
    sha = scene.work.commit()
    if later:
        sha = scene.work.commit({"README.md": "pushed with it\n"})
    scene.forge.push(scene.repo, "main", sha, by=scene.bob, source=scene.work.path)
    (event,) = recorded(signed.runs).recorded.events
    assert (event.kind, event.by) == ("rolled-back", Actor(login="bob", id=scene.bob.id))


@pytest.mark.parametrize(("status", "stops"), [(404, False), (403, False), (500, True)], ids=["404", "403", "500"])
def test_who_pushed_is_left_out_only_where_github_never_tells(signed: Signed, status: int, stops: bool) -> None:
    merged(signed, signed.passed())
    recorded(signed.runs)
    pushed(signed, {}, folder(V2))
    plan = faults.failing(status) if status >= 500 else faults.bare(status)
    signed.scene.forge.faults.plan(plan, "GET", "/activity", times=9)
    if stops:
        with pytest.raises(ForgeError):
            recorded(signed.runs)
    else:
        (event,) = recorded(signed.runs).recorded.events
        assert (event.kind, event.by) == ("rolled-back", None)
    signed.scene.forge.faults.planned.clear()


def test_a_rollback_by_pull_request_names_it(signed: Signed) -> None:
    merged(signed, signed.passed())
    recorded(signed.runs)
    work = signed.scene.work
    work.git("checkout", "--quiet", "main")
    work.git("pull", "--quiet", "--ff-only", "origin", "main")
    work.git("checkout", "--quiet", "-b", "back")
    work.git("rm", "-r", "--quiet", folder(V2))
    work.commit()
    work.git("push", "--quiet", "origin", "back")
    pull = signed.scene.forge.open(signed.scene.repo, "back", by=signed.scene.ada, title="Back")
    merged(signed, pull, "merge")
    (event,) = recorded(signed.runs).recorded.events
    assert (getattr(event, "break_glass", None), getattr(event, "pull", None)) == (False, pull.number)


def test_a_change_of_the_policies_is_recorded_with_its_pull_request(signed: Signed) -> None:
    text = (signed.scene.work.path / "policies/models/demo.yaml").read_text(encoding="utf-8")
    pull = signed.scene.propose("rules", {"policies/models/demo.yaml": text.replace("90%", "95%")})
    commit = merged(signed, pull)
    (event,) = recorded(signed.runs).recorded.events
    assert said(event, "by") == {
        "kind": "policy-changed",
        "commit": commit,
        "paths": ["policies/models/demo.yaml"],
        "pull": pull.number,
    }


def test_t30_what_was_cut_off_the_ledger_is_recorded_again_and_nothing_twice(signed: Signed) -> None:
    git = signed.scene.repo.git
    began = git.resolve("ratchet/ledger")
    files = {path: str(text) for path, text in promotion(V2, V1).items()}
    pushed(signed, {**files, "README.md": "around the gate\n"})
    first = recorded(signed.runs)
    git.move("refs/heads/ratchet/ledger", str(began))
    again = recorded(signed.runs)
    assert again.recorded.events == first.recorded.events
    assert ledger_of(signed.runs).head() == first.recorded.ledger.head()
    assert len(incidents(signed.runs)) == 1


def test_t30_a_recording_never_takes_the_place_of_what_somebody_else_wrote(signed: Signed) -> None:
    merged(signed, signed.passed())
    hold(signed)
    recorded(signed.runs)
    assert [event.kind for event in ledger_of(signed.runs).events()] == ["began", "hold", "promoted"]


def test_a_pull_request_that_is_closed_withdraws_its_attempt_once(signed: Signed) -> None:
    admit(signed)
    assert kinds(recorded(signed.runs)) == []
    signed.scene.forge.clock.advance(minutes=5)
    signed.scene.forge.close(signed.pull, by=signed.scene.ada)
    (event,) = recorded(signed.runs).recorded.events
    assert said(event) == {
        "kind": "withdrawn",
        "model": "demo",
        "candidate": V2,
        "pull": signed.pull.number,
        "because": f"pull request #{signed.pull.number} was closed without a merge",
    }
    assert event.at == signed.scene.forge.clock.now
    assert kinds(recorded(signed.runs)) == []


def test_the_attempt_of_what_is_merged_ends_with_the_promotion(signed: Signed) -> None:
    pull = signed.passed()
    admit(signed)
    merged(signed, pull)
    assert kinds(recorded(signed.runs)) == ["promoted"]
    (attempt,) = ledger_of(signed.runs).story("demo").attempts
    assert attempt.ended is not None
    assert attempt.ended.kind == "promoted"


def hold(signed: Signed) -> None:
    written(signed, Hold(at=signed.scene.forge.clock.now, model="demo", because="a fire"))


def admit(signed: Signed) -> None:
    """The candidate enters its first stage."""
    admitted = Admitted(
        at=signed.scene.forge.clock.now,
        model="demo",
        candidate=Version.parse(V2),
        pull=signed.pull.number,
        baseline=Version.parse(V1),
        digest=f"sha256:{'a' * 64}",
        policy=PolicyName.parse("small/1.0.0"),
        attempt=1,
    )
    written(signed, admitted)


def written(signed: Signed, event: Event) -> None:
    append(Writer(signed.scene.repo.git.path), lambda _: Entry((event,)), "by somebody else", event.at, hidden={})


def test_the_workflow_of_init_records_and_ends_red_where_nothing_vouches(tmp_path: Path) -> None:
    with a_scene(tmp_path / "scene") as scene:
        made = Installed(scene, tmp_path / "runs", {})
        before = scene.repo.git.resolve("main") or ""
        log = write_log(tmp_path / "requests.csv")
        files = {path: str(text) for path, text in {**rules(log), **promotion(V1, "none")}.items()}
        after = scene.work.commit(dict(files))
        scene.work.git("push", "--quiet", "origin", "main")
        job = made.recorded(before, after)
        assert job.failed
        assert "::error title=ratchet::unverified: demo" in job.log
        assert "unverified" in job.summary
        ledger = fetch_ledger(Writer(scene.repo.git.path))
        assert [event.kind for event in ledger.events()] == ["began", "promoted", "unverified", "policy-changed"]
        again = made.recorded(before, after)
        assert (again.failed, "nothing is new" in again.log) == (False, True)
