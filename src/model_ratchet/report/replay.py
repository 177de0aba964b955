"""Replay: what another policy makes of recorded decisions, as text, Markdown and JSON."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.replay import Fate, Replayed
from model_ratchet.report import escape
from model_ratchet.report.chronicle import Row
from model_ratchet.report.log import log_line
from model_ratchet.report.machine import criterion
from model_ratchet.report.numbers import instant
from model_ratchet.report.reasons import sentence

SCHEMA = "ratchet/replay/v1"
_MOST_SHOWN = 200


class Decided(Protocol):
    """One recorded decision, the events that name its record, and what another policy makes of it."""

    @property
    def rows(self) -> Sequence[Row]:
        """The events."""

    @property
    def replayed(self) -> Replayed:
        """What becomes of it."""


def replay_text(policy: str, decisions: Sequence[Decided]) -> str:
    """The counts, then each decision that would change with its criteria, then each that can't be assessed, and why."""
    return _laid_out(policy, decisions, log_line, ("{}", "{}", "  {}", "    {}"))


def replay_markdown(policy: str, decisions: Sequence[Decided]) -> str:
    """The same for a comment or a page."""
    return _laid_out(policy, decisions, escape.text, ("**{}**", "#### {}\n", "- {}", "  - {}"))


def replay_json(policy: str, decisions: Sequence[Decided]) -> str:
    """The same for programs, with the decisions that would not change."""
    counts = Counter(one.replayed.fate for one in decisions)
    return json.dumps(
        {
            "schema": SCHEMA,
            "policy": policy,
            "decisions": len(decisions),
            "changing": counts[Fate.CHANGES],
            "staying": counts[Fate.STAYS],
            "not_assessable": counts[Fate.NOT_ASSESSABLE],
            "of": [
                {
                    "record": one.rows[0].record,
                    "events": [{"line": row.line, "what": row.what, "why": row.why} for row in one.rows],
                    "model": one.replayed.model,
                    "candidate": one.replayed.candidate,
                    "policy": one.replayed.policy,
                    "fate": one.replayed.fate.name.lower(),
                    "before": one.replayed.before,
                    "after": one.replayed.after,
                    "criteria": [criterion(leaf) for leaf in one.replayed.moved],
                    "not_recorded": list(one.replayed.absent),
                }
                for one in decisions
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _summary(policy: str, decisions: Sequence[Decided]) -> str:
    counts = Counter(one.replayed.fate for one in decisions)
    told = ", ".join(f"{counts[fate]} {fate}" for fate in Fate)
    return f"{policy} over {len(decisions)} recorded decision{'s' * (len(decisions) != 1)}: {told}"


def _laid_out(
    policy: str, decisions: Sequence[Decided], spell: Callable[[str], str], forms: tuple[str, str, str, str]
) -> str:
    """The counts, and for each fate that is told its decisions with their details, each in its form."""
    summary, title, item, detail = forms
    lines = [summary.format(spell(_summary(policy, decisions)))]
    for fate in (Fate.CHANGES, Fate.NOT_ASSESSABLE):
        found = [one for one in decisions if one.replayed.fate is fate]
        if found:
            lines += ["", title.format(str(fate).capitalize())]
        for one in found[:_MOST_SHOWN]:
            lines.append(item.format(spell(_head(one))))
            lines += [detail.format(spell(line)) for line in _details(one.replayed)]
        if len(found) > _MOST_SHOWN:
            lines.append(item.format(f"and {len(found) - _MOST_SHOWN} more"))
    return "\n".join(lines) + "\n"


def _head(one: Decided) -> str:
    replayed, last = one.replayed, one.rows[-1]
    what = f"{last.what} {last.why}" if last.what == "stage-closed" else last.what
    moved = f": {replayed.before} → {replayed.after}" if replayed.after is not None else ""
    return f"{replayed.model} {replayed.candidate} ({replayed.policy}, {what}, {instant(last.at)}){moved}"


def _details(one: Replayed) -> Iterator[str]:
    for leaf in one.moved:
        yield _criterion(leaf)
    for words in one.absent:
        yield f"not recorded: {words}"


def _criterion(leaf: Leaf) -> str:
    where = f" on {leaf.stage}" if leaf.stage else ""
    return f"{leaf.id}{where} {leaf.outcome}: {sentence(leaf.judgement.reason)}"
