"""The ledger on real git: appended to by whoever is there, in one chain, with and without a remote."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.ledgers import a_judged_record, files_of, in_memory, promotion
from builders.repositories import Repo, a_repo
from model_ratchet.core.errors import RecordError, RepositoryError
from model_ratchet.documents.events import Hold, Released
from model_ratchet.engine.lines import read_lines
from model_ratchet.engine.story import stories
from model_ratchet.git_write import MovedError, Writer
from model_ratchet.ledger import BRANCH, Entry, GitLedger, append, fetch_ledger, open_ledger, record_path

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)


def hold(why: str, *, model: str = "fraud", hours: int = 0) -> Hold:
    return Hold(at=NOW + timedelta(hours=hours), model=model, because=why)


def without_waiting(_: float) -> None:
    """No real second."""


@pytest.fixture(params=["local", "remote"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repo]:
    """A repository of its own, or a clone whose origin is another."""
    origin = a_repo(tmp_path / "origin", {"README.md": "x"})
    if request.param == "local":
        yield origin
        return
    origin.git("config", "receive.denyCurrentBranch", "ignore")
    origin.git("clone", "--quiet", str(origin.path), str(tmp_path / "clone"))
    yield Repo(tmp_path / "clone")


def test_before_there_is_a_branch_the_ledger_is_empty(repo: Repo) -> None:
    ledger = fetch_ledger(Writer(repo.path))
    assert (ledger.commit, ledger.head().n, ledger.lines()) == (None, 0, {})
    assert ledger.story("fraud").history("v1.0.0_20250601_090000") is None
    assert open_ledger(Writer(repo.path)).commit is None
    with pytest.raises(RecordError, match="holds no record"):
        ledger.records(["sha256:" + "a" * 64])


def test_what_is_appended_is_there_for_everybody_and_the_work_tree_is_left_alone(repo: Repo, tmp_path: Path) -> None:
    writer = Writer(repo.path)
    before = repo.git("status", "--porcelain", "--branch")
    append(writer, lambda _: Entry((hold("one"),), {"records/x.json": b"{}"}), "one", NOW, hidden={})
    _, ledger = append(writer, lambda _: Entry((hold("two"),)), "two", NOW + timedelta(days=40), hidden={})
    assert repo.git("status", "--porcelain", "--branch") == before
    read = read_lines(ledger.lines())
    assert [getattr(event, "because", None) for event in read.events] == ["one", "two"]
    assert (read.broken, list(ledger.lines())) == ((), ["events/2026-08.jsonl", "events/2026-09.jsonl"])
    assert ledger.head() == read.head
    assert ledger.repository.paths(ledger.commit or "", "records") == ("records/x.json",)
    again = fetch_ledger(Writer(tmp_path / "origin"))
    assert again.commit == ledger.commit
    assert open_ledger(Writer(tmp_path / "origin")).commit == ledger.commit
    shown = repo.git("show", "--no-patch", "--format=%an %ae %aI %s", str(ledger.commit))
    assert shown == "ratchet ratchet@localhost 2026-09-10T12:00:00+00:00 two"


def test_what_was_sealed_of_an_attempt_is_in_its_records_alone() -> None:
    """The lines, which are long, are not read again for it."""
    record = a_judged_record()
    attempt = stories(promotion(0, record))["flight-delay"].attempts[0]
    found = in_memory(files_of([record])).closed(attempt)
    assert found == {need: answer for need, answer in record.evidence.answers.items() if need.stage == "canary"} != {}


def test_nothing_is_appended_that_holds_a_secret(repo: Repo) -> None:
    token = "glpat-" + "a1B2" * 5
    with pytest.raises(RecordError, match="event 1: because holds a token of GitLab") as caught:
        append(Writer(repo.path), lambda _: Entry((hold(f"see {token}"),)), "x", NOW, hidden={})
    assert token not in str(caught.value)
    entry = Entry((hold("x"),), {"records/x.json": b'{"queries": {"log": "SELECT 1 -- hunter2"}}'})
    with pytest.raises(RecordError, match=r"records/x.json: queries.log holds the value of DB_PASSWORD"):
        append(Writer(repo.path), lambda _: entry, "x", NOW, hidden={"DB_PASSWORD": "hunter2"})
    assert fetch_ledger(Writer(repo.path)).commit is None


def test_nothing_is_appended_where_there_is_nothing_to_say(repo: Repo) -> None:
    _, ledger = append(Writer(repo.path), lambda _: Entry(()), "none", NOW, hidden={})
    assert ledger.commit is None


def test_who_is_overtaken_decides_again_on_what_is_there_then(repo: Repo) -> None:
    writer, seen = Writer(repo.path), []

    def decide(ledger: GitLedger) -> Entry:
        seen.append(ledger.head().n)
        if len(seen) == 1:
            append(Writer(repo.path), lambda _: Entry((hold("faster"),)), "faster", NOW, hidden={})
        if ledger.story("fraud").hold is not None:
            return Entry((Released(at=NOW, model="fraud", because="was held"),))
        return Entry((hold("slower"),))

    entry, ledger = append(writer, decide, "slower", NOW, wait=without_waiting, hidden={})
    assert seen == [0, 1]
    assert entry.events[0].kind == "released"
    assert read_lines(ledger.lines()).broken == ()
    assert ledger.head().n == 2


def test_a_branch_that_moves_each_time_is_given_up(repo: Repo) -> None:
    def decide(ledger: GitLedger) -> Entry:
        append(Writer(repo.path), lambda _: Entry((hold("faster"),)), "faster", NOW, hidden={})
        return Entry((hold("slower"),))

    with pytest.raises(RepositoryError, match="moved 8 times"):
        append(Writer(repo.path), decide, "slower", NOW, wait=without_waiting, hidden={})


def test_many_writers_make_one_chain(repo: Repo) -> None:
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            append(
                Writer(repo.path),
                lambda _: Entry((hold(f"{number}"),)),
                f"{number}",
                NOW,
                wait=without_waiting,
                hidden={},
            )
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = read_lines(fetch_ledger(Writer(repo.path)).lines())
    assert read.broken == ()
    assert len(read.events) + len(failures) == 4
    assert not failures


def test_a_commit_on_an_old_tip_is_refused_and_told_apart_from_a_refusal(repo: Repo) -> None:
    writer = Writer(repo.path)
    first = writer.add(BRANCH, None, {"a": b"1"}, "first", NOW)
    with pytest.raises(MovedError):
        writer.add(BRANCH, None, {"a": b"2"}, "also first", NOW)
    second = writer.add(BRANCH, first, {"b/c": b"2"}, "second", NOW)
    with pytest.raises(MovedError):
        writer.add(BRANCH, first, {"b/c": b"3"}, "late", NOW)
    assert writer.branch(BRANCH) == second
    assert writer.paths(second) == ("a", "b/c")
    third = writer.replace(BRANCH, second, {"only": b"x"}, "third", NOW)
    assert writer.paths(third) == ("only",)
    assert writer.find(f"{third}^") is None
    assert writer.branch(BRANCH) == third
    with pytest.raises(MovedError):
        writer.replace(BRANCH, second, {"only": b"y"}, "late", NOW)


def test_a_remote_that_takes_no_push_is_named_as_such(tmp_path: Path) -> None:
    origin = a_repo(tmp_path / "origin", {"README.md": "x"})
    origin.git("clone", "--quiet", str(origin.path), str(tmp_path / "clone"))
    hook = origin.path / ".git" / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match="origin refuses a push"):
        append(Writer(tmp_path / "clone"), lambda _: Entry((hold("x"),)), "x", NOW, hidden={})


def test_a_remote_that_is_gone_is_an_error_and_no_empty_ledger(tmp_path: Path) -> None:
    repo = a_repo(tmp_path / "repo", {"README.md": "x"})
    repo.git("remote", "add", "origin", str(tmp_path / "gone"))
    with pytest.raises(RepositoryError, match="can't be asked"):
        fetch_ledger(Writer(repo.path))


def test_a_record_is_found_by_its_digest_or_it_is_an_error(repo: Repo) -> None:
    writer, digest = Writer(repo.path), "sha256:" + "a" * 64
    append(writer, lambda _: Entry((hold("x"),), {record_path(digest): b"{}"}), "x", NOW, hidden={})
    with pytest.raises(RecordError, match="not written as the ledger keeps a record"):
        fetch_ledger(writer).records([digest])
