"""recording: what a run of the record workflow does: the ledger first, then what follows from it. Effects in order."""

from collections.abc import Iterator
from dataclasses import dataclass

from model_ratchet.actions.after_merge import Followed, Place, follow_up
from model_ratchet.actions.anchoring import keep_anchor
from model_ratchet.actions.on_event import Run
from model_ratchet.actions.origin import GithubOrigin
from model_ratchet.actions.record import Recorded, RecordInput, record
from model_ratchet.core.errors import UsageError
from model_ratchet.documents.events import Unverified
from model_ratchet.git_write import Writer
from model_ratchet.github.job import Job
from model_ratchet.report.annotations import command
from model_ratchet.report.escape import text
from model_ratchet.report.log import log_safe
from model_ratchet.report.recorded import event_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What was recorded, and what came of it."""

    recorded: Recorded
    followed: tuple[Followed, ...] = ()

    @property
    def trouble(self) -> bool:
        """Whether something that follows could not be done."""
        return any(one.trouble for one in self.followed)


def record_on_github(run: Run, base: str) -> Recording:
    """Record what reached a branch, open the incidents and documents that follow, and keep the head of the ledger on GitHub.

    Raises:
        UsageError: there is nowhere to read reviews.
        RepositoryError: git could not answer, or the ledger can't be written.
        ForgeError: GitHub could not be asked how a commit came; then nothing is recorded.
        RecordError: the ledger can't be read.
    """
    if run.forge is None:
        raise UsageError("whether a merge was approved is read from its pull request: name where it is")
    repository = Writer(run.repo, run.headers)
    tip = repository.fetch_branch(base)
    origin = GithubOrigin(repository, run.hub, run.forge, base, tip)
    recorded = record(RecordInput(tip=tip, now=run.now, environ=run.environ), repository, origin)
    place = Place(repository=repository, hub=run.hub, job=run.job, base=base, tip=tip, now=run.now)
    followed = list(follow_up(recorded.ledger, place))
    followed += (Followed(said=why, trouble=True) for why in keep_anchor(run, base))
    return Recording(recorded=recorded, followed=tuple(followed))


def recording_lines(done: Recording, job: Job | None = None) -> str:
    """The log, a line for each event and for each thing that followed; the summary of the job says the same.

    Raises:
        OSError: the summary can't be written.
    """
    lines = list(_lines(done)) or [("nothing is new: the ledger holds all of it", True)]
    if job is not None:
        summary = "".join(f"* {text(line)}\n" for line, _ in lines)
        job.summarise(summary, f"{len(lines)} lines were recorded: see the log of the run.\n")
        job.say(outcome="failed" if done.recorded.unverified else "passed", record="", report="")
        job.say(records="\n".join(done.recorded.records))
    return "\n".join(log_safe(line) if good or job is None else command("error", line) for line, good in lines)


def _lines(done: Recording) -> Iterator[tuple[str, bool]]:
    for event in done.recorded.events:
        yield event_line(event), not isinstance(event, Unverified)
    for one in done.followed:
        yield one.said, not one.trouble
