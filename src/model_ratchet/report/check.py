"""Check: what a check found: a verdict for each promotion, or findings, a rollback, trouble, or nothing to judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_ratchet.core.finding import Finding
from model_ratchet.core.outcome import Outcome, worst
from model_ratchet.engine.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackNote:
    """A change that takes promoted versions back."""

    model: str
    removed: tuple[str, ...]
    """Newest first."""
    returns_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Exactly one of these holds anything; which one decides how the check is shown.

    ``untouched``: the change touches no promotion. ``validated``: documents were read, and no promotion judged.
    """

    records: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = ()
    rollback: RollbackNote | None = None
    trouble: str | None = None
    untouched: bool = False
    validated: int | None = None
    """How many documents were read without a finding."""

    def __post_init__(self) -> None:
        kinds = (
            bool(self.records),
            bool(self.findings),
            self.rollback is not None,
            self.trouble is not None,
            self.untouched,
            self.validated is not None,
        )
        if sum(kinds) != 1:
            raise ValueError("a check holds exactly one of records, findings, a rollback, trouble or nothing to judge")

    @property
    def outcome(self) -> Outcome | None:
        """The worst outcome; None where documents are invalid, because then nothing was judged.

        A rollback passes: going back is never gated. So does a change that touches no promotion.
        """
        if self.findings:
            return None
        if self.trouble is not None:
            return Outcome.ERRORED
        return worst(record.verdict.outcome for record in self.records) if self.records else Outcome.PASSED


def judged(records: Sequence[Record]) -> Check:
    """The check of promotions that were judged."""
    return Check(records=tuple(records))
