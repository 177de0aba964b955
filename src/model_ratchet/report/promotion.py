"""Promotion: one verdict as blocks of Markdown, from what decides it to what it rests on."""

from collections.abc import Iterable, Iterator, Sequence

from model_ratchet.core.outcome import Outcome
from model_ratchet.report import unblocking
from model_ratchet.report.business import business
from model_ratchet.report.detail import CommentContext, Detail
from model_ratchet.report.drawing import LEGEND, progress
from model_ratchet.report.escape import code, text
from model_ratchet.report.numbers import percent
from model_ratchet.report.unblocking import TITLES, Strong, Words
from model_ratchet.report.view import Row, Stage, View

ICONS = {
    Outcome.PASSED: "✅",
    Outcome.PENDING: "⏳",
    Outcome.INCONCLUSIVE: "🟡",
    Outcome.ERRORED: "⚠️",
    Outcome.FAILED: "❌",
}
_MOST_PARTS = 8
_DECIDED = (Outcome.FAILED, Outcome.ERRORED, Outcome.INCONCLUSIVE)


def heading(seen: View, detail: Detail) -> str:
    """The verdict in a word, the model, and the candidate over the baseline."""
    over = f"over {code(seen.baseline, detail.word)}" if seen.baseline != "none" else "as its first version"
    return (
        f"### {ICONS[seen.outcome]} {TITLES[seen.outcome]}: {text(seen.model, detail.word)} "
        f"{code(seen.candidate, detail.word)} {over}"
    )


def promotion(seen: View, context: CommentContext, detail: Detail) -> Iterator[str]:
    """The blocks below the heading: what unblocks it, waivers, stages, what holds it up, sign-offs, and the rest folded."""
    yield _words(unblocking.unblocks(seen), detail)
    policy = context.at_base(seen.policy_path, text(seen.policy, detail.word))
    yield f"Policy {policy} · evidence **{seen.evidence}** · sign-off **{seen.sign_off}**"
    yield _waivers(seen, detail)
    if detail < Detail.ONE_LINE:
        yield _stages(seen, detail)
    yield from _decided(seen, context, detail)
    yield from _waiting(seen, context, detail)
    yield from _sign_offs(seen, detail)
    yield from business(seen, detail)
    yield from _warnings(seen, detail)
    yield from _passed(seen, context, detail)
    if detail < Detail.NO_EVIDENCE:
        yield from _evidence(seen, context, detail)


def held_up(seen: View, detail: Detail, *, most: int) -> str:
    """The names of the criteria that give the outcome, the first ``most`` of them; “nothing” where all has passed."""
    return _words(unblocking.held_up(seen, most=most), detail)


def _listed(names: Iterable[str], detail: Detail, most: int) -> str:
    return _words(unblocking.listed(names, most), detail)


def _words(said: Words, detail: Detail) -> str:
    return "".join(f"**{text(one, detail.word)}**" if isinstance(one, Strong) else _piece(one) for one in said)


def _piece(said: str) -> str:
    """A piece of a sentence, with the blanks at its ends."""
    return f"{' ' * said.startswith(' ')}{text(said, 300)}{' ' * said.endswith(' ')}"


def _waivers(seen: View, detail: Detail) -> str:
    """First and loud: what was let go, by whom, why and until when; and each waiver that lets nothing go."""
    lines = []
    for row in (row for row in seen.rows if row.waived is not None):
        waived, measured = row.waived, f" at {text(row.estimate)}" if row.estimate else ""
        assert waived is not None  # noqa: S101  (the rows are chosen by it)
        up_to = f", up to {text(waived.up_to, 40)}" if waived.up_to else ""
        lines.append(
            f"> ⚠️ **Waived: {text(row.name, detail.word)}** is {row.outcome}{measured},"
            f" {text(row.said, detail.sentence)}. Let go by **{text(waived.owner, detail.word)}**{up_to}"
            f" until **{waived.expires_at:%Y-%m-%d %H:%M} UTC**: {text(waived.reason, detail.sentence)}"
        )
    lines += [
        f"> **{text(row.name, detail.word)}**: {text(one, detail.sentence)}"
        for row in seen.rows
        for one in row.unwaived
    ]
    most = 10 if detail < Detail.ONE_LINE else 3
    more = [f"> … and {len(lines) - most} more waivers"] if len(lines) > most else []
    return "\n>\n".join([*lines[:most], *more])


def _stages(seen: View, detail: Detail) -> str:
    """The ladder from the first stage to the merge."""
    lines = ["| stage | when |", "|---|---|"]
    lines += [
        f"| {_rung(stage)}&nbsp;**{text(stage.name, detail.word)}** {text(stage.exposure)} | {_dates(stage)} |"
        for stage in seen.stages[:12]
    ]
    until = f" until {seen.valid_until}" if seen.valid_until else ""
    opened = seen.outcome is Outcome.PASSED
    lines.append(
        f"| {'✅' if opened else '⚪'}&nbsp;**merge** 100 % traffic | {f'open{until}' if opened else _closed(seen)} |"
    )
    return "\n".join(lines)


def _closed(seen: View) -> str:
    parts = (("evidence", seen.evidence), ("sign-off", seen.sign_off))
    return f"closed: {', '.join(f'{name} {outcome}' for name, outcome in parts if outcome is not Outcome.PASSED)}"


def _rung(stage: Stage) -> str:
    return "✅" if stage.decided else "⚪" if stage.progress is None else "⏳"


def _dates(stage: Stage) -> str:
    if stage.decided:
        return text(stage.window) or "decided"
    if stage.progress is None:
        return f"not started; lasts {text(stage.lasts)}"
    decidable = f"decidable at {stage.decidable_at}" if stage.decidable_at else "paused"
    if stage.progress >= 1:
        return f"{_drawn(progress(1.0))} {text(stage.lasts)} over<br>labels still arrive<br>{decidable}"
    ends = [f"ends {stage.ends_at}"] if stage.ends_at not in ("", stage.decidable_at) else []
    share = f"{_drawn(progress(stage.progress))} {percent(stage.progress)} of {text(stage.lasts)}"
    return "<br>".join([share, *ends, decidable])


def _drawn(line: str) -> str:
    """A drawing, hidden from screen readers: the numbers beside it say the same."""
    return f'<code aria-hidden="true">{line}</code>'


def _decided(seen: View, context: CommentContext, detail: Detail) -> Iterator[str]:
    """What failed, errored or did not decide, worst first."""
    rows = [row for row in seen.rows if row.counted and not row.through and row.sign_off is None]
    rows = sorted((row for row in rows if row.outcome in _DECIDED), key=lambda row: -row.outcome.rank)
    if not rows:
        return
    if detail is Detail.COUNTS:
        for outcome in _DECIDED:
            names = [row.name for row in rows if row.outcome is outcome]
            if names:
                yield f"{ICONS[outcome]} {len(names)} {outcome}: {_listed(names, detail, detail.rows)}"
        return
    shown, more = rows[: detail.rows], len(rows) - detail.rows
    if detail is Detail.ONE_LINE:
        yield "\n".join(
            f"* {ICONS[row.outcome]} {_name(row, seen, context, detail)} {row.outcome}: {text(row.said, detail.sentence)}"
            for row in shown
        )
    else:
        yield "#### What holds it up"
        yield _table(shown, seen, context, detail)
    if more > 0:
        yield f"… and {more} more: {_listed((row.name for row in rows[detail.rows :]), detail, detail.rows)}"


def _table(rows: Sequence[Row], seen: View, context: CommentContext, detail: Detail) -> str:
    """Two columns, so that a phone shows them whole: what was measured against what is asked, and what that means."""
    lines = ["| criterion, measured and asked | what it says, and what would change it |", "|---|---|"]
    for row in rows:
        icon = "⚠️" if row.waived is not None else ICONS[row.outcome] if row.counted else "▫️"
        where = f" · {text(row.stage, detail.word)}" if row.stage else ""
        name = f"{icon}&nbsp;{_name(row, seen, context, detail)}{where}"
        lines.append(f"| {'<br>'.join([name, *_measured(row, detail)])} | {_says(row, context, detail)} |")
        if detail < Detail.NO_PARTS:
            lines += _parts(row, detail)
    if detail < Detail.NO_DETAILS and any(row.drawing for row in rows):
        lines += ["", f"<sub>{LEGEND}</sub>"]
    return "\n".join(lines)


def _name(row: Row, seen: View, context: CommentContext, detail: Detail) -> str:
    """A criterion's name, leading to its line in the policy."""
    return context.at_base(seen.policy_path, f"**{text(row.name, detail.word)}**", row.line)


def _measured(row: Row, detail: Detail) -> list[str]:
    """The estimate and what is asked, the interval in numbers, and drawn."""
    asked = [f"asked: {text(row.asked, detail.sentence)}"] if row.asked else []
    lines = [", ".join([*([f"**{text(row.estimate)}**"] if row.estimate else []), *asked])]
    if detail < Detail.NO_DETAILS:
        lines += [text(row.interval), _drawn(row.drawing) if row.drawing else ""]
    return [line for line in lines if line]


def _says(row: Row, context: CommentContext, detail: Detail) -> str:
    test = f" ({text(row.test)})" if row.test and row.test not in row.said else ""
    told = [f"**{row.word}**: {text(row.said, detail.sentence)}{test}"]
    if row.remedy is not None:
        words = text(row.remedy.words, detail.sentence)
        told.append(f"→ {context.at_head(row.remedy.file, words) if row.remedy.file else words}")
    if detail < Detail.FEW_WARNINGS and not row.through and row.counted:
        told += [f"⚠️ {text(one, detail.sentence)}" for one in row.warnings[:5]]
    return "<br>".join(told)


def _parts(row: Row, detail: Detail) -> list[str]:
    """The parts that have not passed, worst first."""
    parts = sorted((one for one in row.parts if one.outcome is not Outcome.PASSED), key=lambda one: -one.outcome.rank)
    if len(parts) == 1 and parts[0].estimate == row.estimate and parts[0].name in row.said:
        return []  # the row says all of it
    lines = []
    for one in parts[:_MOST_PARTS]:
        said = f": {text(one.said, detail.sentence)}" if one.said else ""
        name = f"↳ {ICONS[one.outcome]}&nbsp;{text(one.name, detail.word)}"
        lines.append(f"| {'<br>'.join([name, *_measured(one, detail)])} | {one.outcome}{said} |")
    if len(parts) > _MOST_PARTS:
        lines.append(f"| ↳ and {len(parts) - _MOST_PARTS} more of {len(row.parts)} | |")
    return lines


def _waiting(seen: View, context: CommentContext, detail: Detail) -> Iterator[str]:
    """What can't be decided yet: one row for each thing that is waited for, with the criteria that wait for it."""
    rows = [row for row in seen.rows if row.counted and row.outcome is Outcome.PENDING and row.sign_off is None]
    if not rows:
        return
    if detail >= Detail.ONE_LINE:
        yield f"⏳ {len(rows)} pending: {_listed((row.name for row in rows), detail, detail.rows)}"
        return
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.said, []).append(row)
    lines = ["| waiting for | criteria, and what they ask |", "|---|---|"]
    for said, members in list(groups.items())[: detail.rows]:
        named = "<br>".join(_asks(row, seen, context, detail) for row in members[: detail.rows])
        lines.append(f"| {text(said, detail.sentence)} | {named} |")
    if len(groups) > detail.rows:
        lines.append(f"| … | {len(groups) - detail.rows} more |")
    yield "#### Not decidable yet"
    yield "\n".join(lines)


def _asks(row: Row, seen: View, context: CommentContext, detail: Detail) -> str:
    asked = f" {text(row.asked, detail.sentence)}" if row.asked and detail < Detail.NO_DETAILS else ""
    where = f" ({text(row.stage, detail.word)})" if row.stage else ""
    return f"{_name(row, seen, context, detail)}{where}{asked}"


def _sign_offs(seen: View, detail: Detail) -> Iterator[str]:
    rows = [row for row in seen.rows if row.sign_off is not None]
    if not rows:
        return
    missing = [row for row in rows if not row.through]
    if detail is Detail.COUNTS:
        yield f"Sign-off: {len(rows) - len(missing)} of {len(rows)} roles have approved"
        return
    lines = ["| sign-off | who, and what is needed |", "|---|---|"]
    for row in rows[: detail.rows]:
        given = row.sign_off
        assert given is not None  # noqa: S101  (the rows are chosen by it)
        needed = [] if row.through or row.remedy is None else [f"→ {text(row.remedy.words, detail.sentence)}"]
        said = [text(row.said, detail.sentence)] if row.outcome in _DECIDED or "early" in given.state else []
        who = [text(", ".join(given.people), detail.sentence)] if given.people else []
        role = f"**{text(row.name, detail.word)}**" + (f" ({text(given.role, 60)})" if given.role != row.name else "")
        lines.append(
            f"| {ICONS[row.outcome]}&nbsp;{role} {text(given.state)} | {'<br>'.join([*who, *said, *needed]) or '–'} |"
        )
    if len(rows) > detail.rows:
        lines.append(f"| … | {len(rows) - detail.rows} more |")
    yield "\n".join(lines)


def _warnings(seen: View, detail: Detail) -> Iterator[str]:
    """What is said of the promotion as a whole, and of criteria that decide nothing or have passed."""
    told = [text(note, detail.sentence) for note in seen.notes]
    told += [f"{text(gate.name, detail.word)}: {text(gate.note, detail.sentence)}" for gate in seen.gates if gate.note]
    for row in seen.rows:
        name = f"**{text(row.name, detail.word)}**"
        if row.advisory and row.outcome is not Outcome.PASSED:
            told.append(f"{name} is {row.outcome}: {text(row.said, detail.sentence)} (advisory, not counted)")
        if row.through or not row.counted:
            told += [f"{name}: {text(one, detail.sentence)}" for one in row.warnings]
    if not told:
        return
    if detail >= Detail.FEW_WARNINGS:
        yield f"⚠️ {len(told)} warning{'s' * (len(told) != 1)}: see the full report."
        return
    more = [f"* … and {len(told) - detail.rows} more"] if len(told) > detail.rows else []
    yield "#### Warnings\n\n" + "\n".join([*(f"* {one}" for one in told[: detail.rows]), *more])


def _passed(seen: View, context: CommentContext, detail: Detail) -> Iterator[str]:
    """Folded: what has passed, and what is shown and not counted."""
    rows = [row for row in seen.rows if row.sign_off is None and (row.through or not row.counted)]
    if not rows:
        return
    counts = {
        "passed": sum(row.counted and row.waived is None for row in rows),
        "waived": sum(row.waived is not None for row in rows),
        "advisory": sum(row.advisory for row in rows),
        "not applicable": sum(not row.counted and not row.advisory for row in rows),
    }
    summary = " · ".join(f"{count} {word}" for word, count in counts.items() if count)
    if detail >= Detail.NO_PASSED:
        yield f"✅ {summary}"
        return
    yield f"<details><summary>✅ {summary}</summary>"
    yield _table(rows[: detail.rows], seen, context, Detail.NO_PARTS)
    if len(rows) > detail.rows:
        yield f"… and {len(rows) - detail.rows} more."
    yield "</details>"


def _evidence(seen: View, context: CommentContext, detail: Detail) -> Iterator[str]:
    """Folded: what the verdict rests on, and how to check it."""
    facts = [
        ("evidence, sign-off", f"{seen.evidence}, {seen.sign_off}"),
        ("decided at", seen.decided_at),
        ("policy", context.at_base(seen.policy_path, code(seen.policy, detail.word))),
        *((f"{text(name, detail.word)} digest", code(value, 100)) for name, value in seen.digests[:20]),
        *((f"{text(name, detail.word)} rows", text(value, detail.sentence)) for name, value in seen.row_counts[:20]),
        *((f"{text(one.name, detail.word)} window", text(one.window)) for one in seen.stages[:12] if one.window),
        ("record", code(seen.digest)),
        ("judge version", str(seen.judge_version)),
    ]
    lines = ["| what | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)]
    yield "<details><summary>Evidence and digests</summary>"
    yield "\n".join(lines)
    yield "</details>"
