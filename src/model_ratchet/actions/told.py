"""told: what a job's log and summary say of a publication. Nothing in it is a command to the runner but our own."""

from collections.abc import Iterator, Sequence

from model_ratchet.actions.on_event import Refreshed
from model_ratchet.actions.publish import Published
from model_ratchet.github.job import Job
from model_ratchet.report import render
from model_ratchet.report.annotations import as_annotations, command
from model_ratchet.report.escape import text
from model_ratchet.report.log import log_safe
from model_ratchet.report.status import status


def published_lines(published: Published) -> str:
    """The log of one publication: the check, what went wrong, and what became of it."""
    lines = [log_safe(render(published.check, "text", width=110))]
    lines += [command("warning", one) for one in published.warnings]
    lines += [command("error", f"not published: {one}") for one in published.troubles]
    if published.superseded is not None:
        lines.append(log_safe(f"superseded, nothing was published: {published.superseded}"))
    elif published.read_only:
        lines.append(as_annotations(published.check))
    return "\n".join(lines)


def refreshed_lines(done: Sequence[Refreshed], job: Job) -> str:
    """The log of a refresh, one line or more for each pull request; the job's summary says the same.

    Raises:
        OSError: the summary can't be written.
    """
    lines = [(f"#{one.number}: {line}", good) for one in done for line, good in _refreshed(one)]
    lines = lines or [("no open pull request touches a promotion", True)]
    summary = "".join(f"* {text(line)}\n" for line, _ in lines)
    job.summarise(summary, f"{len(done)} pull requests were judged anew: see the log of the run.\n")
    return "\n".join(log_safe(line) if good else command("error", line) for line, good in lines)


def _refreshed(one: Refreshed) -> Iterator[tuple[str, bool]]:
    if one.stands:
        yield "unchanged: nothing that its verdict rests on has changed", True
        return
    if one.published is None:
        yield f"not judged: {one.trouble}", False
        return
    for trouble in one.published.troubles:
        yield f"not published: {trouble}", False
    if one.published.superseded is not None:
        yield f"superseded: {one.published.superseded}", True
    elif not one.published.troubles:
        done = "unchanged" if one.published.unchanged else "published"
        yield f"{done}: {status(one.published.check).title}", True
