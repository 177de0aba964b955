"""Alert: what is said of one, in plain words. Each channel escapes them for its own language."""

from typing import assert_never

from model_ratchet.core.alert import Alert, State
from model_ratchet.report import numbers


def headline(alert: Alert) -> str:
    """One line: “Critical: flight-delay v2.1.0_20250818_142000: latency p95 above 1000ms over 1h”."""
    version = f" {alert.version}" if alert.version is not None else ""
    return f"{_word(alert)}: {alert.model}{version}: {alert.rule}"


def facts(alert: Alert) -> tuple[tuple[str, str], ...]:
    """What is known, as label and text, without what is not."""
    found = (
        ("Measured", alert.value),
        ("Compared with", alert.reference),
        ("Limit", alert.limit),
        ("Severity", str(alert.severity)),
        ("Since", numbers.instant(alert.since)),
        ("Over since", numbers.instant(alert.until) if alert.until is not None else ""),
        ("Somebody is at it", "yes" if alert.acknowledged else ""),
    )
    return tuple((label, text) for label, text in found if text)


def _word(alert: Alert) -> str:
    match alert.state:
        case State.FIRING:
            return alert.severity.capitalize()
        case State.RESOLVED:
            return "Resolved"
        case State.ERRORED:
            return "Not known"
        case _:
            assert_never(alert.state)
