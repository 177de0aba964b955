"""publish: a check told to GitHub: summary, check run, comment, artefacts, each on its own. Effects in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from model_ratchet.core.errors import ForbiddenError, ForgeError
from model_ratchet.engine.enclosed import enclose
from model_ratchet.engine.record import Record, digest, to_bytes
from model_ratchet.github.checks import SUMMARY_AT_MOST, Content, own_checks, publish_check, still_says
from model_ratchet.github.client import Hub
from model_ratchet.github.comments import stick
from model_ratchet.github.job import Job
from model_ratchet.github.pulls import PullState, read_pull
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.report.comment import comment
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.html import as_html
from model_ratchet.report.marker import Marker, without_marker
from model_ratchet.report.status import MOST_ANNOTATIONS, Status, status

REPORTS = {"report.md": "markdown", "report.json": "json", "report.sarif": "sarif", "report.xml": "junit"}
"""The files beside the record; their names are ours, and nothing of a document is in them."""

_OUTRUN = "a newer run has published its verdict"
_TOO_LARGE = (
    "\nThe sealed record does not fit into a check run, so that no merge queue can take this: merge it without one."
)
_READ_ONLY = (
    "the pull request is from a fork, whose run may not write: the verdict stands in the job summary alone; "
    "a maintainer publishes it with the comment `/ratchet recheck`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was evaluated: a pull request's head against the branch it goes to, and where its files are written."""

    number: int
    """0 for a group of the merge queue, which is no pull request."""
    head: str
    base: str
    fork: bool
    files: Path
    draft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What came of it. Troubles never change the verdict.

    ``superseded`` says why nothing was published: what was evaluated is no longer what would be merged, or a newer run
    has spoken. ``unchanged`` is true where everything was said already.
    """

    check: Check
    superseded: str | None = None
    unchanged: bool = False
    troubles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    read_only: bool = False
    """The token of a fork's pull request only reads: the summary is all there is."""


def publish(checked: Check, target: Target, hub: Hub, job: Job, *, unless_said: datetime | None = None) -> Published:
    """Tell GitHub of a check.

    ``unless_said`` is the present instant of a refresh: what is said already and stays fresh is left alone, and the
    job's summary is the refresh's own.
    """
    text = comment(checked, _context(target, job))
    steps = _Steps(checked, target)
    if unless_said is None:
        steps.attempt("job summary", lambda: job.summarise(render(checked, "markdown"), without_marker(text)))
    try:
        steps.on_github(hub, job, text, unless_said)
    except ForgeError as error:
        steps.troubles.append(f"pull request: {error}")
    if not steps.superseded:
        steps.attempt("files", lambda: write_files(checked, target.files))
        steps.attempt("outputs", lambda: job.say(**_outputs(checked, target.files)))
    return steps.done()


def publish_group(checked: Check, target: Target, hub: Hub, job: Job) -> Published:
    """Tell the merge queue, by a check run on the group's head: what has not passed ends as a failure, so that it goes on."""
    text = comment(checked, _context(target, job))
    steps = _Steps(checked, target)
    steps.attempt("job summary", lambda: job.summarise(render(checked, "markdown"), without_marker(text)))
    content = _content(target, job, ended(status(checked)), text)
    stands = steps.attempt("check run", lambda: publish_check(hub, target.head, target.base, content))
    steps.superseded = _OUTRUN if stands is False else None
    steps.attempt("files", lambda: write_files(checked, target.files))
    steps.attempt("outputs", lambda: job.say(**_outputs(checked, target.files)))
    return steps.done()


def ended(shown: Status) -> Status:
    """The status of what can't wait."""
    return shown if shown.conclusion == "success" else replace(shown, conclusion="failure")


def superseded(now: PullState, target: Target) -> str | None:
    """Why what was evaluated is no longer what would be merged; None where it is."""
    if not now.open:
        return f"pull request #{now.number} was closed meanwhile"
    if now.base != target.base:
        return f"pull request #{now.number} goes to {now.base} now, not to {target.base}"
    if now.head != target.head:
        return f"{target.head[:12]} is no longer the head of pull request #{now.number}, {now.head[:12]} is"
    return None


def write_files(checked: Check, folder: Path) -> None:
    """Write the sealed record and the reports for the workflow's upload; nothing else is ever in the folder.

    Raises:
        OSError: a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, form in REPORTS.items():
        (folder / name).write_text(render(checked, form), encoding="utf-8")
    for record in checked.records:
        alone = len(checked.records) == 1
        which = "" if alone else f"-{digest(record).removeprefix('sha256:')[:8]}"
        (folder / f"record{which}.json").write_bytes(to_bytes(record))
        (folder / f"report{which}.html").write_text(as_html(record), encoding="utf-8")


class _Steps:
    """The steps of a publication, and what went wrong in each: one never stops the next."""

    def __init__(self, checked: Check, target: Target) -> None:
        self.checked = checked
        self.target = target
        self.superseded: str | None = None
        self.unchanged = False
        self.troubles: list[str] = []
        self.warnings: list[str] = []
        self.read_only = False

    def on_github(self, hub: Hub, job: Job, text: str, unless_said: datetime | None) -> None:
        """Check run and comment, unless the pull request has moved on or all is said.

        Raises:
            ForgeError: the pull request can't be read, so that nothing may be published.
        """
        target = self.target
        self.superseded = superseded(read_pull(hub, target.number), target)
        if self.superseded is not None:
            return
        content = _content(target, job, status(self.checked), text, self.checked.records)
        self.unchanged = unless_said is not None and _said(hub, target, content, unless_said)
        if not self.unchanged:
            stands = self.attempt("check run", lambda: publish_check(hub, target.head, target.base, content))
            self.superseded = _OUTRUN if stands is False else None
        if self.superseded is None:
            self.attempt("comment", lambda: self._comment(hub, text))

    def _comment(self, hub: Hub, text: str) -> None:
        create = not self.checked.untouched or self.checked.policies is not None
        stuck = stick(hub, self.target.number, text, create=create)
        self.unchanged = self.unchanged and not stuck.written
        if stuck.foreign:
            named = ", ".join(stuck.foreign)
            self.warnings.append(
                f"{named} wrote a comment that begins as ours does: it was left alone and counts for nothing"
            )

    def attempt(self, what: str, step: Callable[[], object]) -> object:
        """What the step gives; None where it fails, and then why is kept."""
        try:
            return step()
        except ForbiddenError as error:
            if self.target.fork:
                self.read_only = True
            else:
                self.troubles.append(f"{what}: {error}")
        except ForgeError as error:
            self.troubles.append(f"{what}: {error}")
        except OSError as error:
            self.troubles.append(f"{what}: the file system refuses {error.filename}: {error.strerror}")
        return None

    def done(self) -> Published:
        """The result so far."""
        return Published(
            check=self.checked,
            superseded=self.superseded,
            unchanged=self.unchanged,
            troubles=tuple(self.troubles),
            warnings=(*self.warnings, *([_READ_ONLY] if self.read_only else [])),
            read_only=self.read_only,
        )


def _said(hub: Hub, target: Target, content: Content, now: datetime) -> bool:
    there = own_checks(hub, target.head, target.base, target.number)
    if not there:
        return False
    return still_says(there[-1], content, now=now) and without_marker(there[-1].text) == without_marker(content.text)


def _context(target: Target, job: Job) -> CommentContext:
    marker = Marker(head=target.head, base=target.base, run=job.run, attempt=job.attempt)
    return CommentContext(marker=marker, run=job.url, draft=target.draft)


def _content(target: Target, job: Job, shown: Status, text: str, records: Sequence[Record] = ()) -> Content:
    """What the check run says, and below it, unseen, the records for the merge queue and the next refresh."""
    more = f"\n\n{shown.left_out} annotations more than {MOST_ANNOTATIONS} are left out." if shown.left_out else ""
    summary = f"Judged {target.head}. The whole report is in the summary and the files of the run.{more}\n"
    kept = enclose(records, SUMMARY_AT_MOST - len(summary) - len(_TOO_LARGE))
    return Content(
        number=target.number,
        revision=(job.run, job.attempt),
        status=shown,
        summary=summary + (kept if kept is not None else _TOO_LARGE),
        text=text,
        url=job.url,
    )


def _outputs(checked: Check, files: Path) -> dict[str, str]:
    return {
        "outcome": str(checked.outcome) if checked.outcome is not None else "invalid",
        "state": status(checked).conclusion or "waiting",
        "digest": digest(checked.records[0]) if len(checked.records) == 1 else "",
        "record": "" if not checked.records else str(files / "record.json" if len(checked.records) == 1 else files),
        "report": str(files / ("report.html" if len(checked.records) == 1 else "report.md")),
        "files": str(files),
    }
