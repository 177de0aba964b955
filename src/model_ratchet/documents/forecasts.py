"""Metrics of events that may come: the probability that a model gave to each, and the bets that were placed on them."""

from typing import Literal, Self

from pydantic import model_validator

from model_ratchet.core.fields import Model, Slug
from model_ratchet.documents.columns import Column, NoOutcome


class Probability(Model):
    """The probability that a model gave to an event, beside the label that says whether it came."""

    kind: Literal["probability"]
    source: Slug | None = None
    """The source of its own; without it the log."""
    score: Column | None = None
    """The column of the probability, from 0 to 1; in a wide table it comes from ``rows.columns``."""
    label: Column
    """The column that says whether the event came: true or false, 1 or 0."""
    exclude: tuple[NoOutcome, ...] = ()
    """Label values that are no outcome (ties), taken out before coverage is counted."""
    better: Literal["lower"] = "lower"
    """Of its scores: the Brier score and the logarithmic loss are better when they are lower."""


class Bets(Model):
    """Bets, one a row and version: what was staked at which odds, and whether it was won. A row without a stake is no bet."""

    kind: Literal["bets"]
    source: Slug | None = None
    """The source of its own; without it the log."""
    stake: Column
    """What was staked, in any one unit of money."""
    odds: Column
    """The decimal odds that were taken, above 1: a won bet pays back stake times odds."""
    result: Column
    """Whether the bet was won: true or false, 1 or 0."""
    exclude: tuple[NoOutcome, ...] = ()
    """Results that are no outcome (pushes, void bets): counted, and in no other number."""
    closing_odds: Column | None = None
    """The decimal odds of the same outcome when the market closed."""
    closing_against: tuple[Column, ...] = ()
    """The closing odds of the other outcomes of the same market: the margin is then taken out in proportion."""
    closing_probability: Column | None = None
    """The probability of the outcome at the close, without the margin, where you took it out yourself (power, Shin)."""
    better: Literal["higher"] = "higher"
    """Which direction is better."""

    @model_validator(mode="after")
    def _closing(self) -> Self:
        if self.closing_against and self.closing_odds is None:
            raise ValueError("`closing_against` needs `closing_odds`: the odds of the outcome that was backed")
        if self.closing_against and self.closing_probability is not None:
            raise ValueError("the margin is taken out once: keep `closing_against` or `closing_probability`")
        return self
