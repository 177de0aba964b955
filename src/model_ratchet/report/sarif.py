"""SARIF 2.1.0: the problems of a check for code scanning."""

import json

from model_ratchet import __version__
from model_ratchet.core.outcome import Outcome
from model_ratchet.report.check import Check
from model_ratchet.report.problems import Problem, problems
from model_ratchet.report.queued import queue_sentence


def as_sarif(check: Check) -> str:
    """One run with a result for each problem."""
    found = list(problems(check))
    rules = sorted({one.rule for one in found})
    run: dict[str, object] = {
        "tool": {
            "driver": {
                "name": "ratchet",
                "version": __version__,
                "rules": [{"id": rule} for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, rules) for one in found],
    }
    queued = check.queue if check.queue is not None and check.queue.outcome is not Outcome.PASSED else None
    said = check.trouble if queued is None else queue_sentence(queued)
    if said is not None:
        trouble = {"level": "error", "message": {"text": said}}
        run["invocations"] = [{"executionSuccessful": check.trouble is None, "toolExecutionNotifications": [trouble]}]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _result(one: Problem, rules: list[str]) -> dict[str, object]:
    return {
        "ruleId": one.rule,
        "ruleIndex": rules.index(one.rule),
        "level": one.weight,
        "message": {"text": one.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": one.place.file},
                    "region": {"startLine": one.place.line, "startColumn": one.place.column},
                }
            }
        ],
    }
