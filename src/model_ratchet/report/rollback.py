"""Rollback: the plan for whoever runs it, the pull request that removes a version, and the issue that asks for its cause."""

from collections.abc import Iterable, Iterator

from model_ratchet.core.names import Version
from model_ratchet.documents.events import Event, RolledBackVersion
from model_ratchet.engine.rollback import Page, Plan, Restore, Trigger, Withdraw
from model_ratchet.report import numbers
from model_ratchet.report.chronicle import chosen, chronicle
from model_ratchet.report.escape import clean, code, path, text

_MOST_EVENTS = 30
_PULL, _NONE_YET = "Pull request of the rollback", "none yet"


def plan_lines(trigger: Trigger, plan: Plan) -> Iterator[str]:
    """What is to be done, in sentences."""
    match plan:
        case Page(why):
            yield f"nothing is changed: {why}"
        case Withdraw():
            yield f"incident {plan.incident} of {trigger.model}: {plan.candidate} leaves its stages, and its attempt is over"
        case Restore():
            yield (
                f"incident {plan.incident} of {trigger.model}: {plan.serve} serves instead of {plan.refuse}, "
                "at once and until the removal is merged"
            )
            yield from (f"passed over: {one}" for one in plan.passed_over)
            yield from (f"not verified of {plan.serve}: {one}" for one in plan.unsure)
            if plan.removed:
                yield f"removed: {', '.join(_role(plan, one) for one in plan.removed)}"


def removal_title(trigger: Trigger, plan: Restore) -> str:
    """The title of the pull request, which a squash makes the message of its commit."""
    return f"Roll back {trigger.model} {plan.refuse} to {plan.serve}"


def removal_body(trigger: Trigger, plan: Restore, run: str, graphs: str = "") -> str:
    """What the pull request does and why; ``run`` is the address of the run that opened it, empty where there is none.

    ``graphs`` are the charts of what showed it, if there are any.
    """
    lines = [
        f"{text(trigger.because)}",
        "",
        f"Traffic is on {code(str(plan.serve))} already, by the hold of incident {code(plan.incident)}; the merge ends it.",
        "This removes, and changes nothing else:",
        "",
        *(f"* {code(str(one))}: {_quarantine(plan, one)}" for one in plan.removed),
    ]
    lines += _listed("What showed it", trigger.evidence)
    lines += ["", graphs] if graphs else []
    lines += _listed("Passed over", plan.passed_over)
    lines += _listed(f"Not verified of {plan.serve}", plan.unsure)
    lines += ["", "A false alarm? Close this, and `ratchet stage release` the model with the reason."]
    lines += ["", f"Opened by {run}."] if run else []
    return "\n".join(lines) + "\n"


def cause_marker(model: str, incident: str) -> str:
    """The first line of the issue on an incident, by which it is found again."""
    return f"<!-- ratchet:v1:rollback {path(model)} {incident} -->"


def cause_title(trigger: Trigger, plan: Restore | Withdraw) -> str:
    """The title of the issue, as the form words it."""
    return f"Root cause: {clean(trigger.model)} {_left(plan)}, incident {plan.incident}"


def cause_body(
    trigger: Trigger, plan: Restore | Withdraw, events: Iterable[Event], pull: int | None, run: str, graphs: str = ""
) -> str:
    """What is known, in the words of the form for root causes, and what is to be found out.

    ``pull`` is the pull request that removes the version, or of a candidate that was withdrawn its own.
    """
    restored = code(str(plan.serve)) if isinstance(plan, Restore) else "none: it was a candidate, and left its stages"
    shown = "\n".join(f"* {text(one)}" for one in (trigger.because, *trigger.evidence))
    answers = {
        "Model": text(trigger.model),
        "Version that was rolled back": code(str(_left(plan))),
        "Version that was restored": restored,
        _PULL: f"#{pull}" if pull is not None else _NONE_YET,
        "What showed it": f"{shown}\n\n{graphs}" if graphs else shown,
        "Timeline": "\n".join(_timeline(trigger, events)) + (f"\n\nFound by {run}." if run else ""),
        "Root cause": "What made it worse, and how was that shown? TODO",
        "Why the promotion passed": "Which criterion should have seen it, and why did it not? TODO",
        "What changes before the next attempt": "Each with who does it. TODO",
    }
    marker = cause_marker(trigger.model, plan.incident)
    return "\n\n".join([marker, *(_answered(label, answer) for label, answer in answers.items())]) + "\n"


def cause_with_pull(body: str, pull: int) -> str:
    """What an issue on a root cause says, with the pull request that it did not know of."""
    return body.replace(_answered(_PULL, _NONE_YET), _answered(_PULL, f"#{pull}"))


def _answered(label: str, answer: str) -> str:
    return f"### {label}\n\n{answer}"


def _left(plan: Restore | Withdraw) -> Version:
    return plan.refuse if isinstance(plan, Restore) else plan.candidate


def undo_title(event: RolledBackVersion) -> str:
    """The title of the pull request that takes a rollback back."""
    return f"Undo the rollback of {event.model} {event.version}"


def undo_body(event: RolledBackVersion, reason: str, run: str) -> str:
    """What it does, why, and who has to approve."""
    return (
        f"{text(reason)}\n\nThis puts {code(str(event.version))} back as it was before {code(event.commit[:12])}, byte for "
        "byte. "
        "Within the time of the policy (`undo_within`) it takes the approvals of on-call and of risk, and no new evidence; "
        f"later it takes a root cause and new windows.\n\nOpened by {run}. Where no check starts by itself, close this pull "
        "request and open it again.\n"
    )


def _timeline(trigger: Trigger, events: Iterable[Event]) -> Iterator[str]:
    rows = chosen(chronicle(events), model=trigger.model)
    for row in rows[-_MOST_EVENTS:]:
        version = f" {code(row.version)}" if row.version else ""
        yield f"* {numbers.instant(row.at)}: {text(row.what)}{version}: {text(row.why)}"


def _role(plan: Restore, version: Version) -> str:
    return f"{version} ({_quarantine(plan, version)})"


def _quarantine(plan: Restore, version: Version) -> str:
    if version == plan.refuse:
        return "the culprit, which returns only with a closed root cause and new windows"
    return "collateral, which is held against nobody: propose it again on the version that serves"


def _listed(title: str, said: tuple[str, ...]) -> list[str]:
    return ["", f"**{text(title)}**", "", *(f"* {text(one)}" for one in said)] if said else []
