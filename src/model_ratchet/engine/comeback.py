"""Comeback: what is asked of a version, or an artifact, that an incident took out before. Pure."""

from collections.abc import Iterator, Mapping

from model_ratchet.core.evidence import Document
from model_ratchet.documents.fault import Fault
from model_ratchet.documents.files import cause_path
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.history import StageHistory
from model_ratchet.engine.story import Setback

SECTIONS = ("Root cause", "Why the promotion passed", "What changes before the next attempt")
"""Of the document of a root cause, as in the form of its issue."""


def comeback_faults(
    gone: Setback, request: PromotionRequest, causes: Mapping[str, Document], history: StageHistory | None
) -> Iterator[Fault]:
    """What the request lacks: its root cause, the merged document of it, and windows that opened after the incident.

    ``causes`` maps a path to the document there, of those that the base branch holds.
    """
    if request.retry is None:
        what = "this version" if gone.version == request.candidate else f"this artifact, as {gone.version},"
        message = f"{what} was {gone.how} on {gone.at:%Y-%m-%d}: name its closed root cause, `retry: {{root_cause: …}}`"
        yield Fault(("candidate",), message)
    else:
        if gone.cause is not None and not gone.cause.closed:
            message = f"issue #{gone.cause.issue} on the root cause is open: close it once it is answered"
            yield Fault(("retry",), message)
        path = cause_path(request.model, gone.version)
        yield from (Fault(("retry",), message) for message in _lacking(path, causes.get(path)))
    for index, run in enumerate(history.runs if history is not None else ()):
        if run.started_at <= gone.at:
            message = f"{run.stage} started before the rollback of {gone.version}: fresh windows are needed"
            yield Fault(("history", index, "started"), message)


def _lacking(path: str, found: Document | None) -> Iterator[str]:
    if found is None:
        yield f"the base branch holds no {path}: merge the document of the root cause before the version comes back"
        return
    words = dict(found.sections)
    for title in SECTIONS:
        if not words.get(title.lower()):
            yield f"{path} has nothing to say in a section “{title}”"
