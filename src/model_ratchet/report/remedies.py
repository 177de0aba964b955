"""Remedies: what would change an outcome that holds a promotion up, where its sentence does not say so already."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why
from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.plan import Plan
from model_ratchet.report.numbers import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do, the file of the pull request in which to do it (None where it is done elsewhere), and whether it takes
    another artifact.
    """

    words: str
    file: str | None = None
    artifact: bool = False


_ATTEMPT = "another artifact, as a new attempt from the first stage"
_FAILED: Mapping[Why, str] = {
    Why.SUITE_SKIPPED: "a run of all cases",
    Why.ARTIFACT_DIFFERS: "run `ratchet integrate`, and commit what it writes",
    Why.WEIGHT_TURNED: "a policy that allows as much, or a waiver; the weights are what the returns give",
    Why.OBJECTED: "the objection is withdrawn by an approving review, or dismissed",
}
_CODE: Mapping[Why, str] = {
    Why.CHECK_FAILED: "another run, where the check itself is at fault; else mended code, and what is built of it",
    Why.SCAN_FOUND: "mended code, what is built of it, and its scan",
}
_REQUEST = {
    Why.INCOMPATIBLE: "state what it needs, if this is wrong; else another build",
    Why.NOT_STATED: "state it in the request",
    Why.STATED_OTHERWISE: "correct the request, or the registry",
    Why.DRILL_OLD: "rehearse the rollback, and state it in the request",
    Why.DRILL_FAILED: "rehearse the rollback again, and state it in the request",
}
_DOCUMENT = {
    Why.DOCUMENT_ABSENT: "add it to the folder",
    Why.SECTION_ABSENT: "add the section",
    Why.SECTION_EMPTY: "fill in the section",
}
_INCONCLUSIVE: Mapping[Why, str] = {
    Why.CHECK_ABSENT: "let the check run on the commit; or a policy that names it as GitHub does",
    Why.CHECK_SHOWS_NOTHING: "let the check run on the commit",
    Why.CODE_WITHOUT_PULL: "a pull request for the commit, approved by somebody else",
    Why.SCAN_OLD: "a new scan",
    Why.SCAN_UNDECIDED: "decide what is open, and scan again",
}
_UNDECIDED = "more data by an extension, where the policy has one; else a new attempt, a waiver, or closing"


def remedy(plan: Plan, leaf: Leaf) -> Remedy | None:
    """What would change the outcome of a criterion; None where it passes, or where its sentence says it."""
    reason = leaf.judgement.reason
    if leaf.outcome is Outcome.PASSED:
        return None
    if reason.why in _DOCUMENT:
        return Remedy(words=_DOCUMENT[reason.why], file=_beside(plan, str(reason.parameters.get("document", ""))))
    if reason.why in _REQUEST:
        return Remedy(words=_REQUEST[reason.why], file=plan.paths.get("request"))
    match leaf.outcome:
        case Outcome.FAILED:
            return _failed(reason)
        case Outcome.INCONCLUSIVE:
            return Remedy(words=_INCONCLUSIVE.get(reason.why) or _rows(reason) or _UNDECIDED)
        case Outcome.ERRORED:
            return Remedy(words=_errored(reason))
        case _:
            return _pending(plan, reason)


def _failed(reason: Reason) -> Remedy:
    words = _FAILED.get(reason.why)
    return Remedy(words=words) if words is not None else Remedy(words=_CODE.get(reason.why, _ATTEMPT), artifact=True)


def _beside(plan: Plan, document: str) -> str | None:
    """The path of a document, which a request names from its own folder."""
    folder = plan.paths.get("request", "").rpartition("/")[0]
    name = plan.facts.documents.get(document)
    return f"{folder}/{name}" if folder and name else None


def _rows(reason: Reason) -> str | None:
    least, rows = reason.parameters.get("least"), reason.parameters.get("rows")
    if reason.why is Why.TOO_FEW_ROWS and isinstance(least, int) and isinstance(rows, int):
        return f"{whole(max(0, least - rows))} more rows: {_UNDECIDED}"
    return None


def _errored(reason: Reason) -> str:
    if reason.why is Why.CANNOT_VERIFY:
        return "a token that may read the organisation's teams (`members: read`), then a new check"
    if reason.why is Why.FORGE_UNREADABLE:
        return "a token that may read it, where GitHub refuses, then a new check: this is no word about the model"
    return "set it right, and check again: this is no word about the model"


def _pending(plan: Plan, reason: Reason) -> Remedy | None:
    if reason.why is not Why.AWAITING_APPROVAL:
        return None
    people = ", ".join(plan.facts.roles.get(str(reason.parameters.get("role", "")), ()))
    return Remedy(words=f"an approving review by {people}" if people else "an approving review")
