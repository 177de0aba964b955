"""load: The candidate carried its share at production rate, within its limits."""

from typing import ClassVar, Literal

from pydantic import Field

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import LimitField, ShareField, Slug
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class Load(Criterion):
    """The candidate carried its share at production rate, within its limits."""

    summary: ClassVar[str] = "The candidate carried its share at production rate, within its limits."

    traffic_only: ClassVar[bool] = True

    kind: Literal["load"]
    busiest: ShareField
    """The share of hours, from the busiest on, that count as production load."""
    min_share: ShareField
    """How much of the share that the stage gives it the candidate carried in those hours, at least."""
    latency: Slug | None = None
    quantile: float = Field(default=0.95, gt=0, lt=1)
    at_most: LimitField | None = None
    errors: Slug | None = None
    below: ShareField | None = None

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
