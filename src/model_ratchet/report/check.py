"""Check: what a check found: a verdict for each promotion, or findings, a rollback, trouble, or nothing to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_ratchet.core.outcome import Outcome, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_ratchet.core.finding import Finding
    from model_ratchet.engine.queue import QueueVerdict
    from model_ratchet.engine.record import Record
    from model_ratchet.report.notes import PolicyNote, RollbackNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Exactly one of these holds anything; which one decides how the check is shown.

    ``untouched``: the change touches no promotion. ``validated``: documents were read, and no promotion judged.
    ``policies`` may stand beside any of them.
    """

    records: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = ()
    rollback: RollbackNote | None = None
    queue: QueueVerdict | None = None
    """The verdict on a merge group, commit by commit."""
    trouble: str | None = None
    untouched: bool = False
    validated: int | None = None
    """How many documents were read without a finding."""
    policies: PolicyNote | None = None
    """What the change does to the policies; the promotions of the same change are judged without it."""

    def __post_init__(self) -> None:
        kinds = (
            bool(self.records),
            bool(self.findings),
            self.rollback is not None,
            self.queue is not None,
            self.trouble is not None,
            self.untouched,
            self.validated is not None,
        )
        if sum(kinds) != 1:
            raise ValueError(
                "a check holds exactly one of records, findings, a rollback, a queue, trouble or nothing to judge"
            )

    @property
    def sentence(self) -> str | None:
        """All that there is to say where nothing was judged and nothing is wrong, else None."""
        if self.policies is not None:
            return None
        if self.untouched:
            return "nothing to judge: the change touches no promotion"
        if self.validated is not None:
            return f"{self.validated} document{'s' * (self.validated != 1)} valid"
        return None

    @property
    def outcome(self) -> Outcome | None:
        """The worst outcome; None where documents are invalid, because then nothing was judged.

        A rollback passes: going back is never gated. So does a change that touches no promotion.
        """
        if self.findings:
            return None
        if self.trouble is not None:
            return Outcome.ERRORED
        if self.queue is not None:
            return self.queue.outcome
        return worst(record.verdict.outcome for record in self.records) if self.records else Outcome.PASSED


def judged(records: Sequence[Record]) -> Check:
    """The check of promotions that were judged."""
    return Check(records=tuple(records))
