"""Comment: a check as GitHub's Markdown, for the pull request and for the job's summary. Pure text, never read back."""

from collections.abc import Callable, Iterator

from model_ratchet.core.finding import Location
from model_ratchet.core.outcome import Outcome
from model_ratchet.engine.queue import QueueVerdict
from model_ratchet.report.change import by_weight, difference_sentence, impacts, policy_sentence, rollback_lines
from model_ratchet.report.check import Check
from model_ratchet.report.detail import CommentContext, Detail
from model_ratchet.report.escape import code, link, text
from model_ratchet.report.notes import PolicyNote, RollbackNote
from model_ratchet.report.promotion import ICONS, heading, held_up, promotion
from model_ratchet.report.queued import HOW, against, queue_sentence
from model_ratchet.report.unblocking import TITLES
from model_ratchet.report.view import View, view

BUDGET = 60_000
"""Characters of a comment; GitHub takes 65,536."""
SUMMARY = 250_000
"""Characters of a job's summary; GitHub takes 1 MiB, and a character has up to four bytes."""

_Body = Callable[[Detail], list[str]]
_NOTHING = CommentContext()


def comment(check: Check, context: CommentContext) -> str:
    """The comment: its marker on the very first line, then what ``as_markdown`` says in at most ``BUDGET`` characters."""
    if context.marker is None:
        raise ValueError("a comment needs a marker, by which the next run finds it")
    marker = f"{context.marker}\n"
    return marker + as_markdown(check, context, budget=BUDGET - len(marker))


def as_markdown(check: Check, context: CommentContext = _NOTHING, *, budget: int = SUMMARY) -> str:
    """The check in at most ``budget`` characters (at least 45,000), with as much detail as fits into them."""
    body = _body(check, context)

    def shown(detail: Detail) -> str:
        return _text([*_standing(context, detail), *body(detail), *_policies(check, context, detail), *_foot(context)])

    fitting = (one for one in map(shown, Detail) if len(one) <= budget)
    return next(fitting, None) or shown(Detail.COUNTS)


def _body(check: Check, context: CommentContext) -> _Body:
    if check.findings:
        return lambda detail: _findings(check, context, detail)
    if check.trouble is not None:
        return lambda detail: _trouble(check.trouble or "", detail)
    if check.rollback is not None:
        note = check.rollback
        return lambda detail: _rollback(note, detail)
    if check.queue is not None:
        queue = check.queue
        return lambda detail: _queue(queue, detail)
    if check.untouched:
        nothing = ["### ✅ Nothing to judge", "The change touches no promotion."]
        return lambda _: nothing if check.policies is None else []
    if check.validated is not None:
        count = check.validated
        return lambda _: [f"### ✅ {count} document{'s' * (count != 1)} valid"]
    seen = sorted((view(record) for record in check.records), key=lambda one: -one.outcome.rank)
    if len(seen) == 1:
        return lambda detail: [heading(seen[0], detail), *promotion(seen[0], context, detail)]
    return lambda detail: _several(seen, context, detail)


def _text(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def _standing(context: CommentContext, detail: Detail) -> list[str]:
    """What is true of the comment itself, before any verdict."""
    told = []
    if context.superseded_by is not None:
        told.append(f"> ⏭️ **Superseded** by {code(context.superseded_by, 40)}: the next check speaks of that commit.")
    if context.waiting_for is not None:
        told.append(f"> ⏳ **Waiting** for {text(context.waiting_for, detail.sentence)}")
    if context.draft:
        told.append("> ✏️ **Draft**: judged as it stands; no reviewer is asked before it is ready for review.")
    return ["\n>\n".join(told)]


def _foot(context: CommentContext) -> list[str]:
    links = [
        link(shown, url) for shown, url in (("Full report", context.report), ("Run", context.run)) if url is not None
    ]
    if context.marker is not None:
        links.append(f"commit {code(context.marker.head[:12])} against {code(context.marker.base, 120)}")
    return [" · ".join(links)]


def _findings(check: Check, context: CommentContext, detail: Detail) -> list[str]:
    count = len(check.findings)
    shown = check.findings[: (100, 70, 50, 30, 20, 10, 7, 4)[detail]]
    lines = [f"### ❌ {count} finding{'s' * (count != 1)}: nothing was judged", "A document is wrong. Set it right at:"]
    items = [f"* {_at_head(context, one.location, detail)}<br>{text(one.message, detail.sentence)}" for one in shown]
    lines.append("\n".join(items))
    if len(shown) < count:
        lines.append(f"… and {count - len(shown)} more.")
    return lines


def _trouble(trouble: str, detail: Detail) -> list[str]:
    return [
        "### ⚠️ Errored: nothing was judged",
        text(trouble, 2 * detail.sentence),
        "This is no word about the model. Set it right on the base branch, and check again.",
    ]


def _rollback(note: RollbackNote, detail: Detail) -> list[str]:
    """Which version becomes active, and what follows."""
    removed = [code(one, detail.word) for one in note.removed[: detail.rows]]
    more = len(note.removed) - len(removed)
    gone = ", ".join(removed) + (f" and {more} more" if more else "")
    return [
        f"### ↩️ Rollback: {text(note.model, detail.word)} returns to {code(note.returns_to, detail.word)}",
        f"Taken back: {gone}. **It may be merged now**: going back is never gated, and no metric is asked.",
        "\n".join(f"* {text(line, detail.sentence)}" for line in rollback_lines(note)),
    ]


def _queue(found: QueueVerdict, detail: Detail) -> list[str]:
    """Each commit of the group, and what speaks against it."""
    title = "Merge group: it may be merged" if found.outcome is Outcome.PASSED else "Merge group: it may not be merged"
    items = []
    for one in found.commits[: detail.rows]:
        said = "".join(f"<br>{text(line, detail.sentence)}" for line in against(one))
        items.append(f"* {ICONS[one.outcome]} {code(one.commit[:12])} {text(one.what, detail.sentence)}{said}")
    items += [f"* … and {len(found.commits) - len(items)} more"] if len(items) < len(found.commits) else []
    empty = [] if found.commits else [text(queue_sentence(found))]
    return [f"### {ICONS[found.outcome]} {title}", f"Judged {HOW}.", *empty, "\n".join(items)]


def _policies(check: Check, context: CommentContext, detail: Detail) -> list[str]:
    """What a change of the policies asks otherwise, what is looser first."""
    note = check.policies
    if note is None:
        return []
    differences = by_weight(note)
    items = [
        f"* **{one.weight}** {_at_head(context, one.place, detail)} {text(difference_sentence(one), detail.sentence)}"
        for one in differences[: detail.rows]
    ]
    items += [
        f"* note {_at_head(context, one.location, detail)} {text(one.message, detail.sentence)}"
        for one in note.notes[: detail.rows]
    ]
    more = len(differences) + len(note.notes) - len(items)
    items += [f"* … and {more} more"] if more else []
    title = f"### 📜 {text(policy_sentence(check, note), detail.sentence)}"
    return [title, "\n".join(items), *_impacts(note, detail)]


def _impacts(note: PolicyNote, detail: Detail) -> list[str]:
    """What it would mean for the promotions that are open, the gravest first."""
    lines = list(impacts(note.promotions)) if note.promotions is not None else []
    if not lines:
        return []
    items = [f"* {text(line, detail.sentence)}" for line in lines[: detail.rows]]
    items += [f"* … and {len(lines) - len(items)} more"] if len(items) < len(lines) else []
    return ["**What it would mean for the promotions that are open**", "\n".join(items)]


def _at_head(context: CommentContext, place: Location, detail: Detail) -> str:
    return context.at_head(place.file, code(str(place), 2 * detail.word), place.line)


def _several(seen: list[View], context: CommentContext, detail: Detail) -> list[str]:
    """One table, worst first; each promotion folded below it while there is room."""
    outcome = seen[0].outcome
    lines = ["| outcome | model | candidate | baseline | holding it up |", "|---|---|---|---|---|"]
    rows = seen[: detail.rows]
    for one in rows:
        names = (code(version, detail.word) for version in (one.candidate, one.baseline))
        cells = (
            f"{ICONS[one.outcome]} {one.outcome}",
            text(one.model, detail.word),
            *names,
            held_up(one, detail, most=5),
        )
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) < len(seen):
        lines.append(f"| … | {len(seen) - len(rows)} more | | | |")
    together = "together they may be merged" if outcome.rank == 0 else "together they wait for the worst one"
    blocks = [f"### {ICONS[outcome]} {TITLES[outcome]}: {len(seen)} promotions", f"**{together.capitalize()}.**"]
    return [*blocks, "\n".join(lines), *_folded(rows, context, detail)]


def _folded(seen: list[View], context: CommentContext, detail: Detail) -> Iterator[str]:
    if detail >= Detail.NO_DETAILS:
        return
    for one in seen:
        names = f"{text(one.model, detail.word)} {code(one.candidate, detail.word)}"
        yield f"<details><summary>{ICONS[one.outcome]} {names}</summary>"
        yield from promotion(one, context, detail)
        yield "</details>"
