"""Markdown: a check as a comment on a pull request. Everything that a document or a log says is escaped."""

import re

from model_ratchet.core.outcome import Outcome
from model_ratchet.report.change import (
    by_weight,
    difference_sentence,
    policy_sentence,
    rollback_lines,
    rollback_sentence,
)
from model_ratchet.report.check import Check
from model_ratchet.report.terminal import safe
from model_ratchet.report.view import Gate, Row, View, view

_ICONS = {
    Outcome.PASSED: "✅",
    Outcome.PENDING: "⏳",
    Outcome.INCONCLUSIVE: "🟡",
    Outcome.ERRORED: "⚠️",
    Outcome.FAILED: "❌",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&$])")
_SCHEME = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")


def as_markdown(check: Check) -> str:
    """The check in GitHub's Markdown; the verdict first, what has passed folded away."""
    return "\n".join(part for part in (_main(check), _policies(check)) if part)


def _policies(check: Check) -> str:
    if check.policies is None:
        return ""
    lines = [f"### 📜 {escape(policy_sentence(check, check.policies))}", ""]
    lines += [
        f"* **{one.weight}** {_code(str(one.place))} {escape(difference_sentence(one))}"
        for one in by_weight(check.policies)
    ]
    lines += [f"* note {_code(str(one.location))} {escape(one.message)}" for one in check.policies.notes]
    return "\n".join([*lines, ""])


def _main(check: Check) -> str:
    if check.findings:
        lines = [f"* {_code(str(one.location))} {escape(one.message)}" for one in check.findings]
        return "\n".join([f"### ❌ {len(check.findings)} findings: nothing was judged", "", *lines, ""])
    if check.trouble is not None:
        return f"### ⚠️ errored\n\n{escape(check.trouble)}\n"
    if check.rollback is not None:
        lines = [f"* {escape(line)}" for line in rollback_lines(check.rollback)]
        return "\n".join([f"### ↩️ {escape(rollback_sentence(check.rollback))}", "", *lines, ""])
    if check.untouched:
        return "" if check.policies is not None else "Nothing to judge: the change touches no promotion.\n"
    if check.validated is not None:
        return f"✅ {check.validated} documents valid\n"
    return "\n".join(_promotion(view(record)) for record in check.records)


def escape(text: str) -> str:
    """Text that Markdown shows as it stands: no markup, no mention, no link, no image, no line break."""
    one_line = " ".join(safe(text).split())
    return _SCHEME.sub(lambda found: f"{found[1]}&#8203;{found[2]}", _SPECIAL.sub(r"\\\1", one_line)).replace(
        "\\@", "@\u200b"
    )


def _code(text: str) -> str:
    return f"`{safe(text).replace('`', chr(39)).replace(chr(10), ' ').replace('|', '¦')}`"


def _promotion(seen: View) -> str:
    versions = f"candidate {_code(seen.candidate)} · baseline {_code(seen.baseline)} · policy {_code(seen.policy)}"
    outcomes = f"evidence **{seen.evidence}** · sign-off **{seen.sign_off}**"
    lines = [
        f"### {_ICONS[seen.outcome]} {seen.outcome}: {escape(seen.headline)}",
        "",
        f"**{escape(seen.model)}** · {versions} · {outcomes}",
        "",
    ]
    if seen.next_step:
        lines += [escape(seen.next_step), ""]
    lines += [f"> {escape(note)}" for note in seen.notes]
    lines += ["", *_stages(seen), ""]
    for gate in seen.gates:
        lines += _gate(gate)
    lines += [f"<sub>decided at {seen.decided_at} · record {_code(seen.digest)} · judge {seen.judge_version}</sub>", ""]
    return "\n".join(lines)


def _stages(seen: View) -> list[str]:
    rows = [(stage.name, stage.exposure, stage.lasts, stage.window, stage.state) for stage in seen.stages]
    return ["| stage | exposure | lasts | window | state |", "|---|---|---|---|---|", *(_line(row) for row in rows)]


def _gate(gate: Gate) -> list[str]:
    quiet = gate.outcome is Outcome.PASSED
    summary = f"{_ICONS[gate.outcome]} <b>{escape(gate.name)}</b> {gate.outcome}"
    lines = [f"<details{'' if quiet else ' open'}><summary>{summary}</summary>", ""]
    if gate.note:
        lines += [escape(gate.note), ""]
    lines += ["| | criterion | stage | estimate | interval | what is said |", "|---|---|---|---:|---|---|"]
    for row in gate.rows:
        lines.append(_row(row))
        lines += [_row(part, indent="↳ ") for part in row.parts if part.outcome is not Outcome.PASSED]
    return [*lines, "", "</details>", ""]


def _row(row: Row, indent: str = "") -> str:
    icon = _ICONS[row.outcome] if row.counted else "▫️"
    said = [row.said + (f" ({row.test})" if row.test and row.test not in row.said else ""), *row.notes]
    cells = (f"{indent}{row.name}", row.stage, row.estimate, row.interval)
    return f"| {icon} | {' | '.join(map(escape, cells))} | {'<br>'.join(escape(one) for one in said if one)} |"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(escape, cells))} |"
