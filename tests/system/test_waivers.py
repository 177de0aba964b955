"""A promotion that fails one criterion by a little, in a real git repository, with waivers here and there."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders.repositories import Repo, a_repo
from builders.small import NOW, V1, V2, promotion, write_log
from builders.waiving import EXPIRES, GRANTED, waiver_file, waiver_text, waiving_rules
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.queue import check_group
from model_ratchet.actions.rejudge import rejudge
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.queue import QueueVerdict
from model_ratchet.engine.record import Record, to_bytes
from model_ratchet.git import Git
from model_ratchet.report import render
from model_ratchet.report.check import Check

PATH = "policies/waivers/better.yaml"
FORMATS = ("text", "markdown", "json", "junit", "sarif", "github")
SECOND = timedelta(seconds=1)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "requests.csv")


@pytest.fixture
def repo(tmp_path: Path, log: Path) -> Repo:
    """The proposal is a branch of its own; ``main`` is checked out."""
    made = a_repo(tmp_path / "repo", {**waiving_rules(log), **promotion(V1, "none")})
    made.branch("proposal", promotion(V2, V1))
    made.git("checkout", "--quiet", "main")
    return made


def checked(repo: Repo, now: datetime = NOW, sealed: tuple[Record, ...] = (), head: str = "proposal") -> Check:
    return check(CheckInput(repo=repo.path, base="main", head=head, now=now, sealed=sealed))


def the_record(repo: Repo, now: datetime = NOW, sealed: tuple[Record, ...] = (), head: str = "proposal") -> Record:
    found = checked(repo, now, sealed, head)
    assert found.findings == (), found.findings
    (record,) = found.records
    return record


def better(record: Record) -> Leaf:
    (leaf,) = (one for gate in record.verdict.gates for one in gate.leaves if one.id == "better")
    return leaf


def told(record: Record) -> list[Why]:
    return [one.why for one in better(record).judgement.warnings]


def test_without_a_waiver_it_fails_by_a_little(repo: Repo) -> None:
    record = the_record(repo)
    leaf = better(record)
    assert (record.verdict.outcome, record.verdict.waived, told(record)) == (Outcome.FAILED, False, [])
    assert leaf.judgement.reason.why is Why.NOT_ENOUGH_BETTER
    assert leaf.judgement.estimate is not None
    assert leaf.judgement.estimate.value == 0.2


def test_a_waiver_of_the_base_branch_lets_it_pass_and_keeps_the_failure_in_sight(repo: Repo) -> None:
    failed = the_record(repo)
    repo.commit(waiver_file())
    record = the_record(repo)
    leaf = better(record)
    assert (record.verdict.outcome, record.verdict.waived) == (Outcome.PASSED, True)
    assert (leaf.judgement, leaf.outcome) == (better(failed).judgement, Outcome.PASSED)
    assert leaf.waived is not None
    assert (leaf.waived.waiver, leaf.waived.owner, leaf.waived.up_to) == ("better", "risk", "20pp")
    assert record.verdict.valid_until == leaf.waived.expires_at == EXPIRES
    assert record.decided_at == GRANTED
    assert PATH in record.plan.digests


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_shows_it(repo: Repo, form: str) -> None:
    repo.commit(waiver_file())
    shown = render(checked(repo), form, width=400)
    assert all(word in shown for word in ("aived", "risk", "20pp", "switched off in October"))
    if form == "json":
        assert json.loads(shown)["promotions"][0]["waived"] == 1


def test_the_record_alone_gives_the_same_bytes(repo: Repo, tmp_path: Path) -> None:
    repo.commit(waiver_file())
    record = the_record(repo)
    file = tmp_path / "record.json"
    file.write_bytes(to_bytes(record))
    (again,) = rejudge(file).records
    assert again.verdict.waived
    assert to_bytes(again) == file.read_bytes()


def test_it_ends_at_the_instant_of_its_expiry(repo: Repo) -> None:
    repo.commit(waiver_file())
    assert the_record(repo, EXPIRES - SECOND).verdict.outcome is Outcome.PASSED
    record = the_record(repo, EXPIRES)
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [Why.WAIVER_EXPIRED])
    assert record.decided_at == EXPIRES
    assert PATH not in record.plan.digests


def test_it_starts_at_the_instant_of_its_grant(repo: Repo) -> None:
    repo.commit(waiver_file(granted_at=NOW))
    assert the_record(repo, NOW).verdict.outcome is Outcome.PASSED
    record = the_record(repo, NOW - SECOND)
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [Why.WAIVER_NOT_YET])


@pytest.mark.parametrize("form", FORMATS)
def test_a_waiver_that_the_change_brings_is_shown_and_not_in_force(repo: Repo, form: str) -> None:
    repo.git("checkout", "--quiet", "proposal")
    repo.commit(waiver_file())
    found = checked(repo)
    (record,) = found.records
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [Why.WAIVER_OF_CHANGE])
    assert PATH not in record.plan.digests
    assert "is not in force: this change brings it" in " ".join(render(found, form, width=400).split())


def test_a_change_can_not_stretch_the_waiver_that_it_rests_on(repo: Repo) -> None:
    repo.commit(waiver_file(up_to="21pp"))
    repo.branch("stretched", {**promotion(V2, V1), **waiver_file()})
    record = the_record(repo, head="stretched")
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [Why.WAIVER_EXCEEDED, Why.WAIVER_OF_CHANGE])


def test_an_old_branch_does_not_bring_back_what_the_base_branch_removed(repo: Repo) -> None:
    repo.commit(waiver_file())
    repo.branch("old", promotion(V2, V1))
    repo.git("checkout", "--quiet", "main")
    repo.git("rm", "--quiet", PATH)
    repo.commit()
    record = the_record(repo, head="old")
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"up_to": "20.1pp"}, Why.WAIVER_EXCEEDED),
        ({"outcomes": "[inconclusive, errored]"}, Why.WAIVER_OUTCOME),
    ],
    ids=["value", "outcome"],
)
def test_what_a_waiver_does_not_cover_it_does_not_let_go(repo: Repo, changes: dict[str, str], why: Why) -> None:
    repo.commit(waiver_file(**changes))
    record = the_record(repo)
    assert (record.verdict.outcome, told(record)) == (Outcome.FAILED, [why])


@pytest.mark.parametrize(
    "changes",
    [{"artifact": f"sha256:{'0' * 64}"}, {"model": "other"}, {"policy": "small/1.0.1"}],
    ids=lambda one: next(iter(one)),
)
def test_a_waiver_of_something_else_does_nothing(repo: Repo, changes: dict[str, str]) -> None:
    before = the_record(repo)
    repo.commit(waiver_file(**changes))
    assert to_bytes(the_record(repo)) == to_bytes(before)


def test_a_waiver_that_can_not_be_read_concerns_the_artifact_that_it_names(repo: Repo) -> None:
    repo.commit({PATH: waiver_text(artifact=f"sha256:{'0' * 64}") + "more: words\n"})
    assert the_record(repo).verdict.outcome is Outcome.FAILED
    repo.commit({PATH: waiver_text() + "more: words\n"})
    found = checked(repo)
    assert found.records == ()
    assert [str(one.location) for one in found.findings] == [f"{PATH}:15:1"]


def test_a_waiver_that_came_to_the_base_branch_although_the_policy_does_not_let_it_be_is_a_finding(repo: Repo) -> None:
    repo.commit(waiver_file(criterion="error-rate", up_to="6%"))
    found = checked(repo)
    assert [str(one) for one in found.findings] == [f"{PATH}:8:12 small/1.0.0 never lets error-rate be waived"]


def test_a_waiver_asks_no_source_again(repo: Repo, log: Path) -> None:
    failed = the_record(repo)
    log.unlink()
    repo.commit(waiver_file())
    assert the_record(repo).verdict.outcome is Outcome.ERRORED
    record = the_record(repo, sealed=(failed,))
    assert record.verdict.outcome is Outcome.PASSED
    assert the_record(repo, EXPIRES, sealed=(record,)).verdict.outcome is Outcome.FAILED


# in a merge queue


def queued(repo: Repo, record: Record, now: datetime = NOW) -> QueueVerdict:
    repo.git("checkout", "--quiet", "-B", "gh-readonly-queue", "main")
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    found = check_group(Git(repo.path), tip="main", base="main", head="HEAD", sealed=lambda _: [record], now=now)
    repo.git("checkout", "--quiet", "main")
    return found


def whys(found: QueueVerdict) -> list[Why]:
    return [reason.why for one in found.commits for reason in one.reasons]


def test_a_queue_takes_a_waived_verdict_until_the_waiver_expires_or_goes(repo: Repo) -> None:
    repo.commit(waiver_file())
    record = the_record(repo)
    assert queued(repo, record).outcome is Outcome.PASSED
    assert whys(queued(repo, record, EXPIRES)) == [Why.WAIVER_EXPIRED]
    repo.commit(waiver_file(reason="another"))
    assert whys(queued(repo, record)) == [Why.RULES_CHANGED]
    repo.git("rm", "--quiet", PATH)
    repo.commit()
    assert whys(queued(repo, record)) == [Why.RULES_CHANGED]
