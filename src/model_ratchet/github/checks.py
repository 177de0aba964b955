"""Check runs: each publication makes one of its own; what GitHub reads, the latest, ends up saying what the newest run says.

GitHub offers no way to write only if nobody wrote meanwhile. So nobody writes over another's check run: a run appends its
own, then looks whether an older run has appended one behind it, and makes that one say the same. Whoever writes last looks
once more, so that runs in any order end in the same state. A new check run also starts GitHub's 14 days anew.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from model_ratchet.core.errors import ForgeError, LostError
from model_ratchet.core.names import check_name
from model_ratchet.github.client import Hub, asking
from model_ratchet.report.status import Annotation, Status

if TYPE_CHECKING:
    from github.CheckRun import CheckRun

SUMMARY_AT_MOST = TEXT_AT_MOST = 65_535
"""Characters of a check run's summary, and of its text."""
PER_REQUEST = 50
REFRESH_AFTER = timedelta(days=7)
"""GitHub lets a check that is incomplete for 14 days go stale; half of that leaves a week of missed schedules."""
_ROUNDS = 10
_NEEDS = "`checks: write`"
_ID = re.compile(r"ratchet:v1:(?P<number>\d{1,9}):(?P<run>\d{1,20}):(?P<attempt>\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a check run is to say of one pull request, and which run says it."""

    number: int
    revision: tuple[int, int]
    """Run and attempt."""
    status: Status
    summary: str
    text: str
    url: str

    def __post_init__(self) -> None:
        if len(self.summary) > SUMMARY_AT_MOST or len(self.text) > TEXT_AT_MOST:
            raise ValueError(f"a check run's summary and text hold at most {TEXT_AT_MOST} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A check run of ours as GitHub holds it."""

    id: int
    number: int
    revision: tuple[int, int]
    completed: bool
    conclusion: str | None
    started_at: datetime | None
    title: str
    summary: str
    text: str
    url: str
    annotations: int


def own_checks(hub: Hub, head: str, base: str, number: int) -> tuple[Found, ...]:
    """The check runs of ours on a commit for one pull request, oldest first.

    Raises:
        ForgeError: they can't be listed.
    """
    name = check_name(base)
    commit = hub.repository.get_commit(head)
    runs = hub.read("list check runs", lambda: list(commit.get_check_runs(check_name=name, filter="all")), there=True)
    found = (_found(one) for one in runs if one.app.slug == hub.app)
    return tuple(sorted((one for one in found if one is not None and one.number == number), key=lambda one: one.id))


def newest_check(hub: Hub, head: str, base: str, number: int) -> Found | None:
    """What the newest run has said of a commit for one pull request; None where nobody of ours has spoken.

    Raises:
        ForgeError: its check runs can't be listed.
    """
    return max(own_checks(hub, head, base, number), key=lambda one: (one.revision, one.id), default=None)


def publish_check(hub: Hub, head: str, base: str, said: Content) -> bool:
    """Make the check of a commit say this. False where a newer run has spoken already, and nothing was said.

    Raises:
        ForgeError: it can't be published, or only in part.
    """
    there = own_checks(hub, head, base, said.number)
    if any(one.revision > said.revision for one in there):
        return False
    mine = _mine(there, said) or _create(hub, head, base, said)
    _complete(hub, mine, said)
    return _agree(hub, head, base, mine, said)


def other_app(hub: Hub, slug: str) -> ForgeError:
    """What was made is of another app than ours, so that it would not be found again."""
    return ForgeError(f"the token is of the app {slug}, and RATCHET_APP says {hub.app}: name the right one")


def still_says(found: Found, said: Content, *, now: datetime) -> bool:
    """Whether a check run says the same already, and stays fresh long enough for the next refresh."""
    same = (found.conclusion, found.title) == (said.status.conclusion, said.status.title)
    return is_fresh(found, now) and same and found.annotations == len(said.status.annotations)


def is_fresh(found: Found, now: datetime) -> bool:
    """Whether GitHub lets a check run stand until well after the next refresh."""
    return found.completed or (found.started_at is not None and now - found.started_at < REFRESH_AFTER)


def _mine(there: Sequence[Found], said: Content) -> Found | None:
    return next((one for one in there if one.revision == said.revision), None)


def _create(hub: Hub, head: str, base: str, said: Content) -> Found:
    """Create it once: where no answer came, look before it is created again."""
    for last in (False, True):
        try:
            with asking("publish the check run", needs=_NEEDS):
                made = hub.repository.create_check_run(
                    check_name(base),
                    head,
                    details_url=said.url,
                    external_id=_external_id(said),
                    output=_output(said.status.title, said.summary, said.text, said.status.annotations[:PER_REQUEST]),
                    **_state(said.status.conclusion),
                )
            found = _found(made)
            if found is None or made.app.slug != hub.app:
                raise other_app(hub, made.app.slug)
            return found
        except LostError:
            found = _mine(own_checks(hub, head, base, said.number), said)
            if found is not None:
                return found
            if last:
                raise
    raise AssertionError("unreachable")


def _complete(hub: Hub, mine: Found, said: Content) -> None:
    """Add the annotations that are still missing, fifty at a time; GitHub appends them to those that are there."""
    missing = said.status.annotations[mine.annotations :]
    differs = (mine.conclusion, mine.title, mine.text) != (said.status.conclusion, said.status.title, said.text)
    for start in range(0, max(len(missing), int(differs)), PER_REQUEST):
        more = missing[start : start + PER_REQUEST]
        output = _output(said.status.title, said.summary, said.text, more)
        _edit(hub, mine.id, output=output, **_state(said.status.conclusion))


def _agree(hub: Hub, head: str, base: str, mine: Found, said: Content) -> bool:
    """Bring the latest check run to what the newest revision says; whether that is ours."""
    for _ in range(_ROUNDS):
        there = {mine.id: mine} | {one.id: one for one in own_checks(hub, head, base, said.number)}
        latest = there[max(there)]
        newest = max(there.values(), key=lambda one: (one.revision, one.id))
        if latest.revision >= newest.revision:
            return newest.revision <= said.revision
        _edit(
            hub,
            latest.id,
            external_id=f"ratchet:v1:{newest.number}:{newest.revision[0]}:{newest.revision[1]}",
            details_url=newest.url,
            output=_output(newest.title, newest.summary, newest.text, ()),
            **_state(newest.conclusion),
        )
        if latest.id == mine.id:
            mine = replace(newest, id=mine.id)
    raise ForgeError("other runs keep writing the check run: let them end, and run this one again")


def _edit(hub: Hub, number: int, **changes: Any) -> None:
    with asking("update the check run", needs=_NEEDS):
        hub.repository.get_check_run(number).edit(**changes)


def _external_id(said: Content) -> str:
    return f"ratchet:v1:{said.number}:{said.revision[0]}:{said.revision[1]}"


def _state(conclusion: str | None) -> dict[str, Any]:
    return {"status": "in_progress"} if conclusion is None else {"status": "completed", "conclusion": conclusion}


def _output(title: str, summary: str, text: str, annotations: Sequence[Annotation]) -> dict[str, Any]:
    said: dict[str, Any] = {"title": title, "summary": summary, "text": text}
    if annotations:
        said["annotations"] = [
            {
                "path": one.path,
                "start_line": one.line,
                "end_line": one.line,
                "annotation_level": one.level,
                "title": one.title,
                "message": one.message,
            }
            for one in annotations
        ]
    return said


def _found(run: "CheckRun") -> Found | None:
    """A check run with our id; None for one that somebody else has made."""
    id_ = _ID.fullmatch(run.external_id or "")
    if id_ is None:
        return None
    return Found(
        id=run.id,
        number=int(id_["number"]),
        revision=(int(id_["run"]), int(id_["attempt"])),
        completed=run.status == "completed",
        conclusion=run.conclusion,
        started_at=run.started_at,
        title=run.output.title or "",
        summary=run.output.summary or "",
        text=run.output.text or "",
        url=run.details_url or "",
        annotations=run.output.annotations_count,
    )
