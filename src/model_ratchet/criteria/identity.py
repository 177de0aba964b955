"""identity: What was measured is what is proposed: version and digest differ from the baseline's, and the server reports them."""

from typing import ClassVar, Literal

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Scope


class Identity(Criterion):
    """What was measured is what is proposed: version and digest differ from the baseline's, and the server reports them."""

    summary: ClassVar[str] = (
        "What was measured is what is proposed: version and digest differ from the baseline's, and the server reports them."
    )

    stagewise: ClassVar[bool] = True

    kind: Literal["identity"]
    reported: Literal["required", "not_available"] = "required"

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        raise NotImplementedError

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        raise NotImplementedError
