"""Trials of the ledger: what was recorded can't be changed, cut off or made up without being found."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from model_ratchet.actions.audit import anchor, verify
from model_ratchet.actions.record import Files, RecordInput, record
from model_ratchet.actions.selftest.ground import Control, OfProposal, shown, told
from model_ratchet.actions.selftest.sandbox import new_repository
from model_ratchet.core.errors import RecordError
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.events import StageClosed
from model_ratchet.engine.judge import judge
from model_ratchet.engine.record import Record, digest, seal, to_bytes
from model_ratchet.engine.reuse import reusable
from model_ratchet.engine.selftest.attack import Said, broken, defended, held, idle
from model_ratchet.engine.selftest.world import without
from model_ratchet.engine.selftest.worse import UNREACHABLE
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH, Entry, GitLedger, append, record_path

_HIDDEN = "selftest-secret-5e1f7e57"


def rewritten(control: Control) -> Said:
    """A line is changed, two are exchanged, the last is cut off, and all are written anew."""
    cases: dict[str, Callable[[list[bytes]], list[bytes]]] = {
        "a changed line": lambda lines: [lines[0].replace(b"admitted", b"withdrawn"), *lines[1:]],
        "exchanged lines": lambda lines: [lines[1], lines[0], *lines[2:]],
        "a missing line": lambda lines: [*lines[:1], *lines[2:]],
        "a cut end": lambda lines: lines[:-1],
    }
    with TemporaryDirectory(prefix="ratchet-selftest-") as folder:
        writer, ledger = _a_ledger(control, Path(folder), control.check.records[0])
        kept = anchor(ledger)
        if ledger.commit is None or verify(ledger, kept, workers=1).tampered:
            return broken("a ledger that nobody has touched is told to be tampered with")
        for number, (what, changed) in enumerate(cases.items()):
            files = {
                path: b"\n".join(changed(content.splitlines())) + b"\n" for path, content in ledger.lines().items()
            }
            commit = writer.start(f"forged-{number}", ledger.commit, files, "forged", control.subject.now)
            if not verify(GitLedger(writer, commit), kept, workers=1).tampered:
                return broken(f"{what} of the ledger is not found")
    return defended(f"found by `ratchet audit verify`: {', '.join(cases)}")


def forged(control: Control) -> Said:
    """A record says passed of evidence that does not pass."""
    (honest,) = control.check.records
    plan = honest.plan
    needs = plan.needs()
    if not needs:
        return idle("nothing is measured under this policy")
    poor = without(honest.evidence, dict.fromkeys(needs, UNREACHABLE))
    if judge(plan, poor).outcome is Outcome.PASSED:
        return broken("evidence that is missing passes")
    lie = seal(plan, poor, honest.verdict, decided_at=honest.decided_at)
    with TemporaryDirectory(prefix="ratchet-selftest-") as folder:
        _, ledger = _a_ledger(control, Path(folder), lie)
        found = verify(ledger, workers=1).tampered
    return held(bool(found), f"found: {shown(found[0].what)}" if found else "", "a forged record is not found")


def unjudged(control: Control) -> Said:
    """A promotion that was pushed to the base branch, and that no verdict was ever given of."""
    if _unverified(control, control.check.records) is not None:
        return broken("a promotion that a verdict vouches for is recorded as unverified")
    return _recorded(control, (), "a promotion that was pushed past the gate")


def undecided(control: Control) -> Said:
    """A promotion that was merged while its verdict was still pending."""
    waiting = control.subject.check(control.head, events=())
    return _recorded(control, waiting.records, f"a promotion that {told(waiting)}, and was merged,")


def _recorded(control: Control, records: Sequence[Record], what: str) -> Said:
    why = _unverified(control, records)
    if why is None:
        return broken(f"{what} is recorded as if a verdict vouched for it")
    return defended(f"{what} is recorded as unverified: {shown(why)}")


def _unverified(control: Control, records: Sequence[Record]) -> str | None:
    """Why the ledger takes the honest proposal for unverified, once it is on the base branch with these records."""
    subject = control.subject
    tip = subject.head(subject.proposal.files(), at=subject.now - timedelta(minutes=30))
    writer = Writer(subject.sandbox.root)
    done = record(RecordInput(tip=tip, now=subject.now, since=subject.base), writer, Files(writer, records))
    subject.sandbox.forget(BRANCH)
    mine = subject.proposal.candidate
    return next((one.because for one in done.unverified if str(one.version) == mine), None)


def disclosed(control: Control) -> Said:
    """A secret on its way into the ledger."""
    with TemporaryDirectory(prefix="ratchet-selftest-") as folder:
        (honest,) = control.check.records
        telling = replace(honest, evidence=replace(honest.evidence, queries={"source": f"SELECT '{_HIDDEN}'"}))
        try:
            _a_ledger(control, Path(folder), telling, hidden={"TOKEN": _HIDDEN})
        except RecordError as error:
            return held(
                _HIDDEN not in str(error), "it is refused before it is appended, and not repeated", "it is repeated"
            )
    return broken("a secret was written into the ledger")


def replayed(control: Control) -> Said:
    """A green record of another head."""
    subject = control.subject
    files = subject.proposal.files()
    other = subject.plan(subject.head({**files, f"{subject.proposal.folder}/more.md": b"# More\n"}))
    (honest,) = control.check.records
    if isinstance(other, tuple) or control.plan is None:
        return broken("the same proposal with one file more has no plan")
    if reusable(control.plan, [honest]) is None:
        return broken("a record is not taken again for what it is of")
    return held(
        reusable(other, [honest]) is None, "it is taken for its own content alone", "it is taken for other content"
    )


def _a_ledger(
    control: Control, folder: Path, sealed: Record, hidden: dict[str, str] | None = None
) -> tuple[Writer, GitLedger]:
    """A ledger of the honest proposal, whose last stage was closed with a record."""
    new_repository(folder)
    writer = Writer(folder)
    proposal = control.subject.proposal
    closed = StageClosed.model_validate(
        {
            "model": proposal.model.name,
            "candidate": proposal.candidate,
            "at": control.subject.now,
            "stage": proposal.policy.stages[-1].name,
            "outcome": "passed",
            "record": digest(sealed),
        }
    )
    files = {record_path(digest(sealed)): to_bytes(sealed)}
    entry = Entry((*proposal.events(), closed), files)
    _, ledger = append(writer, lambda _: entry, "selftest", control.subject.now, hidden=hidden or {})
    return writer, ledger


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T24",), forged),
    (("T29",), unjudged),
    (("E52",), undecided),
    (("T30",), rewritten),
    (("T17", "E42"), disclosed),
    (("E62",), replayed),
)
