"""Outcomes are ordered, and nothing judged is never success."""

import itertools

import pytest

from model_ratchet.core.outcome import Outcome, worst


def test_the_worst_outcome_wins_in_the_declared_order() -> None:
    order = ["passed", "pending", "inconclusive", "errored", "failed"]
    assert [str(outcome) for outcome in sorted(Outcome, key=lambda one: one.rank)] == order
    for one, other in itertools.product(Outcome, repeat=2):
        assert worst((one, other)) is max(one, other, key=lambda outcome: outcome.rank)


def test_nothing_judged_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="nothing was judged"):
        worst(())
