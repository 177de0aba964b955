"""Guards: what the ledger remembers of a model and asks of its next promotion: rollbacks, and attempts before. Pure."""

from dataclasses import replace

from model_ratchet.engine.bind import Documents
from model_ratchet.engine.story import Story


def in_view_of(documents: Documents, story: Story) -> Documents:
    """The documents of a promotion with what the story of its model holds against it."""
    request = documents.request
    baseline = None if request.baseline == "none" else request.baseline
    others = [
        one
        for one in story.attempts
        if one.admitted.baseline == baseline and one.admitted.digest != request.artifact.digest
    ]
    return replace(
        documents,
        rolled_back=story.rollback_of(str(request.candidate), request.artifact.digest),
        others_tried=len(others),
    )
