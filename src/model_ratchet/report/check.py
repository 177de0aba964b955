"""Check: what a check found: a verdict for each promotion, or findings, a rollback, trouble, or nothing to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_ratchet.core.outcome import Outcome, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_ratchet.core.finding import Finding, Location
    from model_ratchet.documents.compare import Weight
    from model_ratchet.engine.impact import Impact
    from model_ratchet.engine.queue import QueueVerdict
    from model_ratchet.engine.record import Record

UNTOUCHED = "nothing to judge: the change touches no promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackNote:
    """A change that takes promoted versions back."""

    model: str
    removed: tuple[str, ...]
    """Newest first."""
    returns_to: str
    digest: str | None = None
    """The digest of the artifact that becomes active, where its request states one."""
    beside: tuple[str, ...] = ()
    """Outcome documents of the model that come with it; without any the change is on the fast lane."""

    @property
    def fast(self) -> bool:
        """Whether the change is the base minus these folders, byte for byte."""
        return not self.beside


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifference:
    """One rule that a change of the policies makes looser, stricter, or other, where it stands in the new document."""

    place: Location
    rule: str
    before: str
    after: str
    weight: Weight
    against: str
    """The path that it is compared with: the document itself on the base branch, or the policy version before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPromotion:
    """What a change of the policies would mean for one open promotion, or why that can't be told."""

    pull_request: int
    name: str
    """Model and candidate; of a pull request that can't be read nothing is known."""
    policy: str
    """What it would be judged by: its own policy, or the one that it would move to."""
    impact: Impact | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPromotions:
    """What a change of the policies would mean for all that is open, the gravest first."""

    found: tuple[OpenPromotion, ...] = ()
    left_out: int = 0
    """Open pull requests that were not looked at, because there are too many."""
    trouble: str | None = None
    """Why nothing could be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyNote:
    """What a change does to ``policies/``. None of it is in force before the merge."""

    paths: tuple[str, ...]
    """The changed files."""
    differences: tuple[RuleDifference, ...] = ()
    notes: tuple[Finding, ...] = ()
    """What is odd and decides nothing: a policy that nobody may use."""
    promotions: OpenPromotions | None = None
    """What it would mean for the open promotions; None where nobody looked."""


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
