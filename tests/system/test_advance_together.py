"""Two runs that meet at the ledger, in every order of their steps: what is written is what one after the other would write."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from builders.interleaving import every_order
from builders.repositories import Repo, a_repo
from builders.small import START, V1, V2, promotion, rules, write_log
from model_ratchet.actions.advance import Asked, advance
from model_ratchet.actions.check import CheckInput
from model_ratchet.actions.mark import Mark, Said, mark
from model_ratchet.documents.events import Actor
from model_ratchet.engine.lines import read_lines
from model_ratchet.git_write import MovedError, Writer
from model_ratchet.ledger import BRANCH, fetch_ledger

ANN, BOB = Actor(login="ann", id=7), Actor(login="bob", id=8)
HOUR = timedelta(hours=1)
ORDERS = 10
"""Of two runs that look twice and move the branch once, and look again where they were too late."""
ADMITTED = ["admitted", "stage-started", "confirmed"]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    log = write_log(tmp_path / "requests.csv")
    repo = a_repo(tmp_path / "repo", {**rules(log), **promotion(V1, "none")})
    repo.branch("proposal", promotion(V2, V1, more=""))
    return repo


def advanced(repo: Repo, by: Actor, after: timedelta = timedelta()) -> Callable[[Writer], str]:
    """A run of ``advance``, and what came of it."""

    def run(writer: Writer) -> str:
        asked = CheckInput(repo=repo.path, base="main", head="proposal", now=START + after)
        try:
            found = advance(Asked(check=asked, by=by), writer)
        except MovedError:
            return "moved"
        return " ".join(event.kind for event in found.events) or "waits"

    return run


def ledger(repo: Repo) -> list[str]:
    """The events of the ledger, whose chain holds."""
    read = read_lines(fetch_ledger(Writer(repo.path)).lines())
    assert read.broken == ()
    return [event.kind for event in read.events]


def set_back(repo: Repo, tip: str | None) -> None:
    """The ledger as it was at a commit, or as it is before there is one."""
    ref = f"refs/heads/{BRANCH}"
    if tip is not None:
        repo.git("update-ref", ref, tip)
    elif repo.git("for-each-ref", ref):
        repo.git("update-ref", "-d", ref)


@pytest.mark.parametrize(
    ("after", "before", "written"),
    [
        (0 * HOUR, [], ADMITTED),
        (37 * HOUR, ADMITTED, ["stage-closed", "stage-started", "confirmed"]),
    ],
    ids=["admitted", "closed"],
)
def test_two_runs_that_advance_a_candidate_do_it_once(
    repo: Repo, after: timedelta, before: list[str], written: list[str]
) -> None:
    tip = None
    if before:
        advanced(repo, ANN)(Writer(repo.path))
        tip = repo.git("rev-parse", BRANCH)
    runs = (advanced(repo, ANN, after), advanced(repo, BOB, after))
    done, orders = " ".join(written), set()
    for order, found in every_order(repo.path, lambda: set_back(repo, tip), *runs, alike=True):
        orders.add(order)
        assert ledger(repo) == [*before, *written], order
        assert sorted(found) in (sorted((done, "moved")), sorted((done, "waits"))), (order, found)
    assert len(orders) == ORDERS


def test_nothing_starts_once_a_model_is_held(repo: Repo) -> None:
    def held(writer: Writer) -> str:
        return mark(Mark(kind=Said.HOLD, model="demo", because="incident", by=BOB), writer, environ={}, now=START).kind

    ends = set()
    for order, (moved, said) in every_order(repo.path, lambda: set_back(repo, None), advanced(repo, ANN), held):
        kinds = ledger(repo)
        ends.add(tuple(kinds))
        assert said == "hold"
        assert kinds in ([*ADMITTED, "hold"], ["hold"], ["hold", "refused"]), order
        assert (moved == "moved") is (kinds == ["hold"]), order
    assert len(ends) == 3
