"""Arms: which versions a log may hold the rows of, and which of them are compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_ratchet.core.evidence import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The versions whose rows a log may hold: the candidate's, the baseline's (if there is one), and other known ones."""

    candidate: str
    baseline: str | None
    others: frozenset[str]

    def arms(self) -> Mapping[Arm, str]:
        """The version of each arm that there is."""
        arms = {Arm.CANDIDATE: self.candidate}
        return arms if self.baseline is None else arms | {Arm.BASELINE: self.baseline}
