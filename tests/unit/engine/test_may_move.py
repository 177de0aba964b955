"""Which causes move a candidate, and when a moved baseline ends its attempt."""

from datetime import UTC, datetime
from itertools import product

import pytest

from builders.production import standard
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, Confirmed, StageClosed, StageStarted
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.promoted import Promoted, PromotedOrNot, Unreadable
from model_ratchet.documents.read import read
from model_ratchet.engine.advance import Cause, End, may_move, overtaken
from model_ratchet.engine.lifecycle import chain
from model_ratchet.engine.story import Attempt, stories

AT = datetime(2025, 8, 1, tzinfo=UTC)
ONE, TWO, THREE = (Version.parse(f"v{major}.0.0_20250101_000000") for major in (1, 2, 3))
DIGEST = "sha256:" + "a" * 64


def policy(advance: str) -> Policy:
    found = read(Policy, "policies/standard/1.0.0.yaml", standard().encode())
    assert isinstance(found, Policy), found
    return found.model_copy(update={"advance": advance})


def an_attempt(upto: str = "admitted", *, baseline: Version | None = ONE) -> Attempt:
    """An attempt that was admitted, ordered into its first stage, confirmed in it, or has it closed."""
    of = {"at": AT, "model": "demo", "candidate": TWO}
    events = (
        Admitted(baseline=baseline, digest=DIGEST, policy=PolicyName.parse("small/1.0.0"), attempt=1, **of),  # type: ignore[arg-type]
        StageStarted(stage="shadow", **of),  # type: ignore[arg-type]
        Confirmed(stage="shadow", **of),  # type: ignore[arg-type]
        StageClosed(stage="shadow", outcome="passed", record=DIGEST, **of),  # type: ignore[arg-type]
    )
    known = ("admitted", "ordered", "running", "closed")
    (attempt,) = stories(events[: known.index(upto) + 1])["demo"].attempts
    return attempt


ATTEMPTS = {
    "none": None,
    "admitted": an_attempt("admitted"),
    "ordered": an_attempt("ordered"),
    "running": an_attempt("running"),
    "closed": an_attempt("closed"),
}
MOVES = {(Cause.REVIEWED, "manual", "closed")} | {
    (cause, advance, attempt)
    for cause, advance, attempt in product(Cause, ("manual", "automatic"), ATTEMPTS)
    if cause is Cause.ASKED or advance == "automatic"
}
"""Who asks is always heard; without anybody only an automatic policy moves, or a review that a closed stage waits for."""


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("advance", ["manual", "automatic"])
@pytest.mark.parametrize("cause", Cause, ids=str)
def test_a_cause_moves_a_candidate_as_its_policy_says(cause: Cause, advance: str, attempt: str) -> None:
    assert may_move(cause, policy(advance), ATTEMPTS[attempt]) is ((cause, advance, attempt) in MOVES)


def promoted(candidate: Version, baseline: Version | None) -> Promoted:
    return Promoted(model="demo", candidate=candidate, baseline=baseline, digest=None, policy=None, path=str(candidate))


FIRST, SECOND = promoted(ONE, None), promoted(THREE, ONE)
UNREADABLE = Unreadable(model="demo", path="promotions/x", message="no YAML")
OTHER_HEAD = promoted(THREE, None)


@pytest.mark.parametrize(
    ("attempt", "entries", "moved"),
    [
        (None, [FIRST, SECOND], None),
        (an_attempt(), [FIRST], None),
        (an_attempt(), [FIRST, SECOND], f"from {ONE} to {THREE}"),
        (an_attempt(), [], f"from {ONE} to none"),
        (an_attempt(baseline=None), [], None),
        (an_attempt(baseline=None), [FIRST], f"from none to {ONE}"),
        (an_attempt(), [FIRST, SECOND, UNREADABLE], None),
        (an_attempt(), [FIRST, OTHER_HEAD], None),
    ],
    ids=["no-attempt", "same", "merged", "gone", "first", "first-merged", "unreadable", "two-heads"],
)
def test_an_attempt_ends_where_its_baseline_is_active_no_more(
    attempt: Attempt | None, entries: list[PromotedOrNot], moved: str | None
) -> None:
    """Where nobody can tell which version is active, nothing ends."""
    found = overtaken(attempt, chain("demo", entries))
    assert found == (End(f"the baseline moved {moved}: fresh windows are needed") if moved is not None else None)
