"""Watched: what the watch saw, as alerts that channels are told of, and as lines and JSON for whoever runs it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from model_ratchet.core.alert import Alert, Severity, State
from model_ratchet.core.names import Version
from model_ratchet.core.units import Scale
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.watch import AllocationRule, DropRule, IncreaseRule, QuantileRule, RateRule
from model_ratchet.engine.rule_text import percentile, rule_text
from model_ratchet.engine.story import Story
from model_ratchet.engine.watch import ALARMS, Report, Result, Rule, Says, SilenceRule, Subject, Tier
from model_ratchet.report import numbers
from model_ratchet.report.reasons import sentence

LOOKING = "the watch can look"
"""What the alert is about that tells of a source that is down, whatever rules wanted to read it."""

_SEVERITIES = {Tier.WARNING: Severity.WARNING, Tier.CRITICAL: Severity.CRITICAL, Tier.ROLLBACK: Severity.PAGE}


def alerts_of(report: Report, subject: Subject, now: datetime, *, stage: str | None, held: bool) -> Iterator[Alert]:
    """The alerts of one version: each rule that fires, and one if something could not be looked at.

    ``stage`` is a candidate's; ``held`` says that an incident is open about the model, so that somebody is at it.
    """
    where = f" in {stage}" if stage is not None else ""
    for result in report.results:
        if result.says in ALARMS:
            yield Alert(
                model=subject.model,
                version=Version.parse(subject.version),
                rule=about(result.watched.rule) + where,
                severity=Severity.CRITICAL if result.alert_only else _SEVERITIES[result.watched.tier],
                state=State.FIRING,
                since=result.since or now,
                value=measured(result),
                reference=subject.reference.version if subject.reference is not None else "",
                limit=_limit(result.watched.rule),
                acknowledged=held,
            )
    unread = [result for result in report.results if result.says is Says.ERRORED]
    if unread:
        reasons = dict.fromkeys(sentence(one.reason) for one in unread if one.reason is not None)
        yield Alert(
            model=subject.model,
            version=Version.parse(subject.version),
            rule=LOOKING + where,
            severity=Severity.CRITICAL,
            state=State.ERRORED,
            since=min((one.since for one in unread if one.since is not None), default=now),
            value="; ".join(reasons),
        )


def held(story: Story, now: datetime) -> Iterator[Alert]:
    """The alert of a hold that is open: it pages again and again until it is over, or somebody snoozes it."""
    if story.hold is not None:
        yield Alert(
            model=story.model,
            version=story.hold.refuse,
            rule="a hold is open",
            severity=Severity.PAGE,
            state=State.FIRING,
            since=story.hold.at,
            value=story.hold.because,
            reference=f"{story.hold.serve} serves" if story.hold.serve is not None else "",
            acknowledged=story.snoozed is not None and now < story.snoozed.until,
        )


def owed(policy: Policy, subject: Subject, now: datetime) -> Iterator[Alert]:
    """The alert of an active version whose full evaluation is overdue: it ends when another version takes its place."""
    if policy.full_evaluation is not None and now >= (due := subject.since + policy.full_evaluation.within.delta):
        yield Alert(
            model=subject.model,
            version=Version.parse(subject.version),
            rule=f"a full evaluation by {policy.full_evaluation.policy} is owed",
            severity=Severity.CRITICAL,
            state=State.FIRING,
            since=due,
            value=f"promoted by {policy.full_name} at {numbers.instant(subject.since)}",
            limit=f"within {policy.full_evaluation.within.text} of the merge",
        )


def resolved(
    known: Iterable[Alert], alerts: Sequence[Alert], reports: Mapping[str, Sequence[Report]], now: datetime
) -> Iterator[Alert]:
    """The ends of the alerts that channels know of and that are over: of models that were looked at, and could be.

    What could not be looked at is not over. An alert of a version that is no longer watched is.
    """
    standing = {one.fingerprint for one in alerts}
    told = {alert.fingerprint: alert for alert in known if alert.state is not State.RESOLVED}
    for fingerprint, alert in told.items():
        of_model = reports.get(alert.model, ())
        unread = any(
            one.says is Says.ERRORED and alert.rule.startswith(about(one.watched.rule))
            for report in of_model
            for one in report.results
        )
        if of_model and fingerprint not in standing and not unread:
            yield alert.model_copy(update={"state": State.RESOLVED, "until": max(now, alert.since)})


def about(rule: Rule) -> str:
    """What a rule is about, in the same words every time."""
    return "silence" if isinstance(rule, SilenceRule) else rule_text(rule)


def measured(result: Result) -> str:
    """The estimate of the last look, in the words of its rule."""
    rule, value = result.watched.rule, result.value
    rows = f" ({numbers.whole(result.rows)} {'values' if isinstance(rule, AllocationRule) else 'rows'})"
    if value is None:
        return sentence(result.reason) if result.reason is not None else ""
    match rule:
        case SilenceRule():
            return f"{numbers.whole(result.rows)} requests without a report"
        case DropRule(above=above):
            change = numbers.points(value) if above.scale is Scale.ABSOLUTE else numbers.percent(value)
            return f"{change} worse{rows}"
        case IncreaseRule(quantile=quantile):
            return f"{percentile(quantile)} {numbers.percent(value)} higher{rows}"
        case QuantileRule(above=above):
            return f"{numbers.percent(value)} of the requests above {above}{rows}"
        case RateRule():
            return f"{numbers.percent(value)}{rows}"
        case AllocationRule():
            return f"{numbers.percent(value)} of the allocation{rows}"
        case _:
            assert_never(rule)


def why(report: Report) -> str:
    """Why a version has to leave, in one line."""
    return "; ".join(f"{about(one.watched.rule)}: {measured(one)}" for one in report.rolls_back)


def watched_lines(report: Report, subject: Subject, stage: str | None) -> Iterator[str]:
    """What the watch says of one version, a line each; rules that are quiet are counted."""
    yield f"{subject.model} {subject.version} ({stage or 'active'})"
    quiet = 0
    for one in report.results:
        if one.says in (Says.QUIET, Says.RESOLVED):
            quiet += 1
            continue
        known = f", known until {numbers.instant(one.could_know)}" if one.could_know is not None else ""
        reason = sentence(one.reason) if one.reason is not None else ""
        shown = measured(one) if one.says in ALARMS or one.says is Says.BEYOND else reason
        alone = one.only_alerts if one.says in ALARMS else None
        only = f", only alerts: {sentence(alone)}" if alone is not None else ""
        yield f"  {one.says}  {one.watched.tier}  {about(one.watched.rule)}: {shown}{known}{only}"
    if quiet:
        yield f"  {quiet} {'rule is' if quiet == 1 else 'rules are'} within the limit"


def watched_json(at: datetime, seen: Sequence[tuple[Report, Subject, str | None]]) -> str:
    """The same as JSON (``ratchet/watched/v1``)."""
    value = {
        "schema": "ratchet/watched/v1",
        "at": at.isoformat(),
        "versions": [
            {
                "model": subject.model,
                "version": subject.version,
                "stage": stage,
                "leaves": bool(report.rolls_back),
                "rules": [_rule(one) for one in report.results],
            }
            for report, subject, stage in seen
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _rule(one: Result) -> Mapping[str, Any]:
    return {
        "rule": about(one.watched.rule),
        "tier": one.watched.tier,
        "says": one.says,
        "since": one.since.isoformat() if one.since is not None else None,
        "could_know": one.could_know.isoformat() if one.could_know is not None else None,
        "value": one.value,
        "rows": one.rows,
        "proof": one.proof,
        "alert_only": one.alert_only,
        "reason": sentence(one.reason) if one.reason is not None else None,
    }


def _limit(rule: Rule) -> str:
    return "" if isinstance(rule, SilenceRule) else str(rule.above)
