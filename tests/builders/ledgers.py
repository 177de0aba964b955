"""Ledgers with sealed records: what a year of promotions leaves behind, on a branch of a real repository."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from builders.fakes import MemoryRepository
from builders.records import ACCURACY_IMPROVEMENT, ERROR_RATE, a_plan, performance, sign_off
from builders.repositories import Repo
from builders.scopes import START, a_table, good_rows, some_facts
from model_ratchet.core.evidence import (
    Approval,
    Approvals,
    Arm,
    Counts,
    Evidence,
    Grouping,
    Groups,
    Labels,
    Measurement,
    Need,
    Shape,
)
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.core.reason import Why, because
from model_ratchet.documents.events import (
    Actor,
    Admitted,
    Event,
    Hold,
    PromotedVersion,
    RefusedAdvance,
    StageClosed,
    StageStarted,
)
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.judge import judge
from model_ratchet.engine.lines import Head, digest_of, link
from model_ratchet.engine.record import Record, as_sealed, digest, seal, to_bytes
from model_ratchet.engine.recorded import baseline
from model_ratchet.engine.story import stories
from model_ratchet.git_write import Writer
from model_ratchet.ledger import Entry, GitLedger, append, baseline_path, record_path, report_path
from model_ratchet.report import render
from model_ratchet.report.check import Check
from model_ratchet.signing import Sign

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
DECIDED = START + timedelta(days=8, hours=4)
BASELINE = Version.parse("v2.0.3_20250601_090000")

POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: standard
version: 1.0.0
stages:
  - {name: canary, traffic: 5%, mirror: 100%, lasts: 7d}
gates:
  - name: performance
    criteria:
      - {id: accuracy-improvement, kind: superiority, metric: accuracy, by: 2pp, stage: canary}
      - {id: error-rate, kind: rate_limit, metric: errors, below: 0.1%}
  - name: sign-off
    before: merge
    criteria:
      - {id: risk, kind: approval, role: risk, after: canary}
"""
"""The policy that the records are of, as it would be written."""


def version(number: int) -> Version:
    """The version of a promotion."""
    return Version.parse(f"v3.{number}.0_20260{1 + number // 28 % 9}{1 + number % 28:02d}_090000")


def artifact(number: int) -> str:
    """The digest of its artifact."""
    return f"sha256:{number:064x}"


def a_judged_record(number: int = 0, *, better: int = 600, model: str = "flight-delay") -> Record:
    """A record whose verdict follows from its evidence; of 20,000 pairs so many more are right by the candidate alone."""
    plan = a_plan(
        performance(ACCURACY_IMPROVEMENT, ERROR_RATE),
        sign_off(),
        facts=some_facts(
            model=model,
            candidate=str(version(number)),
            candidate_digest=artifact(number),
            roles={"risk": ("@acme/risk",)},
        ),
    )
    evidence = Evidence(
        {need: _answer(need, better) for need in plan.needs()}, {"requests": "SELECT count(*) FROM requests"}
    )
    plan, evidence = as_sealed(plan, evidence)
    return seal(plan, evidence, judge(plan, evidence), now=DECIDED)


def _answer(need: Need, better: int) -> Measurement:
    pairs = a_table(only_candidate=1_000 + better, neither=6_000 - better)
    match need.shape:
        case Shape.ROWS:
            found: Measurement = good_rows()
        case Shape.LABELS:
            found = Labels(labelled=20_000, rows=20_000)
        case Shape.PAIRED_COUNTS:
            found = pairs
        case Shape.COUNTS:
            found = Counts(successes=5 if need.metric == "errors" else pairs.arm(Arm.CANDIDATE).successes, n=20_000)
        case Shape.APPROVALS:
            found = Approvals(approvals=(Approval(login="ada", role="risk", submitted_at=DECIDED),))
        case other:
            raise AssertionError(other)
    if need.grouping is Grouping.HOUR:
        return Groups(groups=(("0", found),))  # type: ignore[arg-type]
    return found


def promotion(number: int, record: Record, *, hours: float = 0, upon: Version = BASELINE) -> tuple[Event, ...]:
    """What the ledger says of one promotion, from its admission to the merge."""
    at, name, of = AT + timedelta(hours=hours), digest(record), record.plan.facts.model
    ann, given = Actor(login="ann", id=7), {"model": of, "candidate": version(number), "pull": 100 + number}
    policy = PolicyName.parse(record.plan.policy)
    return (
        Admitted(at=at, by=ann, baseline=upon, digest=artifact(number), policy=policy, attempt=1, **given),  # type: ignore[arg-type]
        StageStarted(at=at, stage="canary", share=0.05, mirror=1.0, **given),  # type: ignore[arg-type]
        StageClosed(at=at + timedelta(hours=1), stage="canary", outcome="passed", record=name, **given),  # type: ignore[arg-type]
        PromotedVersion(
            at=at + timedelta(hours=2),
            by=Actor(login="bo", id=8),
            baseline=upon,
            digest=artifact(number),
            policy=policy,
            commit=f"{number:040x}",
            tree="b" * 40,
            record=name,
            **given,  # type: ignore[arg-type]
        ),
    )


def refusal(number: int, record: Record, why: str, *, hours: float = 0) -> RefusedAdvance:
    """An advance that was refused on a sealed record."""
    return RefusedAdvance(
        at=AT + timedelta(hours=hours),
        model=record.plan.facts.model,
        candidate=version(number),
        stage="canary",
        because=why,
        record=digest(record),
    )


def files_of(records: Iterable[Record]) -> Mapping[str, bytes]:
    """The files of records, as the ledger keeps them."""
    return {record_path(digest(record)): to_bytes(record) for record in records}


def keep(repo: Repo, events: Sequence[Event], records: Iterable[Record], *, sign: Sign | None = None) -> GitLedger:
    """Append to the ledger of a repository."""
    entry = Entry(tuple(events), files_of(records))
    return append(Writer(repo.path), lambda _: entry, "append", AT, hidden={}, sign=sign)[1]


@dataclass(frozen=True)
class Year:
    """Some promotions and what the ledger says of them."""

    records: tuple[Record, ...]
    events: tuple[Event, ...]


@cache
def a_year() -> Year:
    """Two promotions, one by a wide and one by a narrow margin, a refusal, and a hold."""
    wide, narrow, worse = (a_judged_record(n, better=better) for n, better in enumerate((900, 600, -100)))
    hold = Hold(at=AT + timedelta(hours=9), by=Actor(login="cy", id=9), model="flight-delay", because="=HYPERLINK(x)")
    events = (
        *promotion(0, wide),
        *promotion(1, narrow, hours=3, upon=version(0)),
        refusal(2, worse, "the evidence failed", hours=6),
        hold,
    )
    return Year((wide, narrow, worse), events)


def author_supplied(record: Record) -> Record:
    """The same record, of a stage history that its request stated."""
    reasons = (because(Why.AUTHOR_SUPPLIED, what="the stage history"),)
    plan = replace(record.plan, reasons=reasons)
    return seal(plan, record.evidence, judge(plan, record.evidence), now=DECIDED)


def in_memory(files: Mapping[str, bytes]) -> GitLedger:
    """The ledger that a branch with these files is, without git."""
    repository = MemoryRepository(Path())
    return GitLedger(repository, repository.add(dict(files)))


def ledger_files(year: Year, changed: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """All that lies in the branch after a year: two months of lines, the records, reports and baselines.

    What is ``changed`` was written so from the start.
    """
    half = len(year.events) // 2
    beside = {**reports_of(year.records), **baselines_of(year), **(changed or {})}
    first, head = link(Head(), year.events[:half])
    second, _ = link(head, year.events[half:], {path: digest_of(content) for path, content in beside.items()})
    events = {"events/2026-08.jsonl": first, "events/2026-09.jsonl": second}
    return {**events, **files_of(year.records), **beside}


def reports_of(records: Iterable[Record]) -> dict[str, bytes]:
    """Their reports, as the ledger keeps them."""
    return {report_path(digest(record)): render(Check(records=(record,)), "markdown").encode() for record in records}


def baselines_of(year: Year) -> dict[str, bytes]:
    """What later comparisons of each model use: the version that was promoted last, and the one before it."""
    records = {digest(record): record for record in year.records}
    made = {}
    for model, story in stories(year.events).items():
        active = list(story.standing)[-1]
        made[baseline_path(model)] = canonical(baseline(model, active, story, records)) + b"\n"
    return made
