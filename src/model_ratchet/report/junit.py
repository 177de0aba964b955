"""JUnit: a check as test results: a suite for each gate, a case for each criterion."""

from xml.etree import ElementTree as Xml

from model_ratchet.core.outcome import Outcome
from model_ratchet.report.change import by_weight, difference_sentence, rollback_lines, rollback_sentence
from model_ratchet.report.check import Check
from model_ratchet.report.log import safe
from model_ratchet.report.queued import against, queue_sentence
from model_ratchet.report.view import Gate, Row, View, view


def as_junit(check: Check) -> str:
    """The check as JUnit XML. What waits or does not decide is a failure too: only ``passed`` may merge.

    Criteria that are not counted are skipped cases.
    """
    suites = Xml.Element("testsuites", name="ratchet")
    for record in check.records:
        seen = view(record)
        for gate in seen.gates:
            suites.append(_suite(seen, gate))
    if check.findings:
        suite = Xml.SubElement(suites, "testsuite", name="documents")
        for one in check.findings:
            _case(suite, "documents", str(one.location), "error", "finding", one.message)
        _count(suite)
    if check.trouble is not None:
        suite = Xml.SubElement(suites, "testsuite", name="repository")
        _case(suite, "repository", "base branch", "error", "errored", check.trouble)
        _count(suite)
    if check.queue is not None:
        suite = Xml.SubElement(suites, "testsuite", name="merge group")
        for queued in check.queue.commits:
            kind = None if queued.outcome is Outcome.PASSED else _KINDS[queued.outcome]
            name = f"{queued.commit[:12]} {queued.what}"
            _case(suite, "merge group", name, kind, str(queued.outcome), "; ".join(against(queued)))
        if not check.queue.commits:
            _case(suite, "merge group", "commits", "failure", "failed", queue_sentence(check.queue))
        _count(suite)
    if check.rollback is not None:
        suite = Xml.SubElement(suites, "testsuite", name="rollback")
        lines = "; ".join(rollback_lines(check.rollback))
        _case(suite, "rollback", rollback_sentence(check.rollback), None, "", lines)
        _count(suite)
    if check.policies is not None:
        suite = Xml.SubElement(suites, "testsuite", name="policies")
        for path in check.policies.paths:
            told = [one for one in by_weight(check.policies) if one.place.file == path]
            said = "; ".join(f"{one.weight} {difference_sentence(one)}" for one in told)
            _case(suite, "policies", path, None, "", said)
        _count(suite)
    Xml.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suites, encoding="unicode") + "\n"


def _suite(seen: View, gate: Gate) -> Xml.Element:
    name = f"{seen.model}/{seen.candidate}/{gate.name}"
    suite = Xml.Element("testsuite", name=safe(name))
    for row in gate.rows:
        _case(suite, name, f"{row.name} on {row.stage}" if row.stage else row.name, *_told(row))
    if not any(row.counted for row in gate.rows):
        kind = None if gate.outcome is Outcome.PASSED else _KINDS[gate.outcome]
        _case(suite, name, gate.name, kind, str(gate.outcome), gate.note)
    _count(suite)
    return suite


_KINDS = {
    Outcome.PENDING: "failure",
    Outcome.INCONCLUSIVE: "failure",
    Outcome.ERRORED: "error",
    Outcome.FAILED: "failure",
}


def _told(row: Row) -> tuple[str | None, str, str]:
    words = " ".join(word for word in (row.estimate, row.interval) if word)
    said = "; ".join((f"{row.said} [{words}]" if words else row.said, *row.notes))
    if not row.counted:
        return "skipped", str(row.outcome), said
    if row.mark == "✔":
        return None, "", said
    return _KINDS[row.outcome], str(row.outcome), said


def _case(suite: Xml.Element, group: str, name: str, kind: str | None, word: str, said: str) -> None:
    case = Xml.SubElement(suite, "testcase", classname=safe(group), name=safe(name))
    if kind == "skipped":
        Xml.SubElement(case, "skipped", message=safe(said))
    elif kind is not None:
        Xml.SubElement(case, kind, type=word, message=safe(said))
    elif said:
        Xml.SubElement(case, "system-out").text = safe(said)


def _count(suite: Xml.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{kind}"))))
