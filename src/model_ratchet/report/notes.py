"""Notes: what a check says of a change that takes versions back, or changes the policies."""

from dataclasses import dataclass

from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.compare import Weight
from model_ratchet.engine.impact import Impact


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
