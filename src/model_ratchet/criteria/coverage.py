"""coverage: The evidence covers the window: no gap, fresh, labelled, paired, without duplicates."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import DurationField, ShareField
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class Coverage(Criterion):
    """The evidence covers the window: no gap, fresh, labelled, paired, without duplicates."""

    summary: ClassVar[str] = "The evidence covers the window: no gap, fresh, labelled, paired, without duplicates."

    stagewise: ClassVar[bool] = True

    kind: Literal["coverage"]
    max_gap: DurationField
    quiet_hours: str | None = Field(
        default=None, pattern=r"^([01]\d|2[0-3]):00-([01]\d|2[0-3]):00$", examples=["00:00-06:00"]
    )
    """Hours of the day, in the model's zone, in which no row is expected."""
    max_age: DurationField | None = None
    """How long before the window's end the newest row may be; ``max_gap`` where it is not given."""
    min_pair_rate: ShareField | None = None

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
