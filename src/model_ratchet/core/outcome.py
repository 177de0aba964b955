"""Outcome: what can be said of a model, ordered so that the worst wins."""

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """A judgement about the model, from best to worst; only ``passed`` may merge."""

    PASSED = "passed"
    """Shown to hold. The only outcome that may be merged."""
    PENDING = "pending"
    """Not decidable yet; it is said when it will be."""
    INCONCLUSIVE = "inconclusive"
    """Decidable by now, and the data do not decide."""
    ERRORED = "errored"
    """We could not look: a source, column or row that can't be trusted."""
    FAILED = "failed"
    """Shown to break the policy."""

    @property
    def rank(self) -> int:
        """0 for the best outcome, 4 for the worst."""
        return _ORDER.index(self)


_ORDER = tuple(Outcome)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of at least one outcome.

    Raises:
        ValueError: there is no outcome. Nothing judged is never success.
    """
    found = max(outcomes, key=lambda outcome: outcome.rank, default=None)
    if found is None:
        raise ValueError("nothing was judged: an empty set of outcomes has no worst")
    return found
