"""Queued: what is said of a merge group and of each of its commits, in sentences."""

from collections.abc import Iterator

from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.queue import QueuedVerdict, QueueVerdict
from model_ratchet.report.reasons import sentence

HOW = "by the sealed verdicts of the pull requests; no metric source was asked"


def queue_sentence(found: QueueVerdict) -> str:
    """The whole group in one sentence: what keeps it from being merged, where anything does."""
    count = len(found.commits)
    if found.outcome is Outcome.PASSED:
        return f"merge group: {count} change{'s' * (count != 1)} may be merged, {HOW}"
    first = next((one for one in found.commits if one.outcome is not Outcome.PASSED), None)
    if first is None:
        return "merge group: it holds no commit, so that nothing was judged"
    return f"merge group: {first.what} may not be merged: {next(against(first), str(first.outcome))}"


def against(one: QueuedVerdict) -> Iterator[str]:
    """Everything that speaks against one commit of a group."""
    yield from (f"{found.location}: {found.message}" for found in one.findings)
    yield from map(sentence, one.reasons)
