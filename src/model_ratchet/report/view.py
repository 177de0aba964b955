"""View: a record as words and texts, ready to be laid out. Every renderer for people starts here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from model_ratchet.core.code import Scan
from model_ratchet.core.estimate import Estimate
from model_ratchet.core.evidence import Rows
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Branch, Judgement, Leaf, Waived
from model_ratchet.criteria.base import StageFacts
from model_ratchet.engine.plan import BoundCriterion
from model_ratchet.engine.record import Record, digest
from model_ratchet.report import numbers
from model_ratchet.report.drawing import Drawn, drawn, placed
from model_ratchet.report.numbers import Unit
from model_ratchet.report.reasons import sentence
from model_ratchet.report.remedies import Remedy, remedy
from model_ratchet.report.signoffs import SignOff, sign_off
from model_ratchet.report.thresholds import Threshold, threshold

MARKS = {
    Outcome.PASSED: "✔",
    Outcome.PENDING: "…",
    Outcome.INCONCLUSIVE: "?",
    Outcome.ERRORED: "!",
    Outcome.FAILED: "✘",
}
UNCOUNTED = "·"

_SHARES = frozenset({"suite", "sample_ratio"})
_OF_WAIVERS = frozenset(
    {
        Why.WAIVER_OF_CHANGE,
        Why.WAIVER_NOT_YET,
        Why.WAIVER_EXPIRED,
        Why.WAIVER_OUTCOME,
        Why.WAIVER_EXCEEDED,
        Why.WAIVER_UNMEASURED,
        Why.WAIVER_WAITS,
        Why.WAIVER_UNUSED,
    }
)
_TESTED = frozenset({"superiority", "quantile_superiority", "score_superiority", "calibration"})
"""Kinds that are decided by the p-value of no difference; beside a margin it would be read as that of the margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One criterion on one stage, or one of its parts. Empty texts are shown as nothing."""

    name: str
    stage: str
    mark: str
    outcome: Outcome
    counted: bool
    said: str
    estimate: str = ""
    interval: str = ""
    test: str = ""
    levels: tuple[str, str] | None = None
    """What both versions were by themselves, baseline and candidate, where they are compared."""
    notes: tuple[str, ...] = ()
    parts: "tuple[Row, ...]" = ()
    line: int | None = None
    """Where the criterion stands in its policy file."""
    asked: str = ""
    drawing: str = ""
    """The estimate against what is asked, as one line of a fixed width."""
    remedy: Remedy | None = None
    waived: Waived | None = None
    unwaived: tuple[str, ...] = ()
    """Of each waiver that is not applied, why."""
    advisory: bool = False
    sign_off: SignOff | None = None
    warnings: tuple[str, ...] = ()
    """What of the notes is neither of a waiver nor the word that the criterion is advisory."""
    kind: str = ""
    metric: str = ""
    found: Estimate | None = None
    against: Threshold | None = None
    unit: Unit = "1"
    """Of ``found``: the base unit of its metric."""

    @property
    def through(self) -> bool:
        """Whether it holds nothing up: it has passed, or a waiver lets it go."""
        return self.waived is not None or self.outcome is Outcome.PASSED

    @property
    def word(self) -> str:
        """The outcome, and whether it counts."""
        if self.waived is not None:
            return f"{self.outcome}, waived"
        if self.advisory:
            return f"{self.outcome}, not counted"
        return str(self.outcome) if self.counted else "not counted"

    @property
    def placed(self) -> Drawn | None:
        """Estimate and interval against what is asked, as they are drawn; None where there is none of them."""
        if self.found is None or self.against is None:
            return None
        return placed(self.found, self.against, interval=numbers.has_interval(self.found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate and its rows."""

    name: str
    outcome: Outcome
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a stage was, and where it stands."""

    name: str
    exposure: str
    lasts: str
    window: str
    state: str
    decided: bool = False
    progress: float | None = None
    """The share of its active time that has run, None before it starts."""
    ends_at: str = ""
    decidable_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One promotion."""

    model: str
    candidate: str
    baseline: str
    policy: str
    outcome: Outcome
    evidence: Outcome
    sign_off: Outcome
    headline: str
    next_step: str
    notes: tuple[str, ...]
    gates: tuple[Gate, ...]
    stages: tuple[Stage, ...]
    decided_at: str
    judge_version: int
    digest: str
    policy_path: str
    request_path: str
    valid_until: str = ""
    then: str = ""
    """What happens to the verdict at that instant."""
    next_at: str = ""
    """When all evidence, or that of the stages that have started, can be decided."""
    digests: tuple[tuple[str, str], ...] = ()
    """Input and its digest, by name."""
    row_counts: tuple[tuple[str, str], ...] = ()
    """Stage and the rows that were read of it."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every criterion, gate by gate."""
        return tuple(row for gate in self.gates for row in gate.rows)


def view(record: Record) -> View:
    """The view of a record."""
    plan, verdict = record.plan, record.verdict
    bound = {(one.gate, one.criterion.id, one.stage): one for one in plan.bound()}
    gates = tuple(_gate(record, branch, bound) for branch in verdict.gates)
    return View(
        model=plan.facts.model,
        candidate=plan.facts.candidate,
        baseline=plan.facts.baseline or "none",
        policy=plan.policy,
        outcome=verdict.outcome,
        evidence=verdict.evidence_outcome,
        sign_off=verdict.sign_off_outcome,
        headline=_headline(record, gates),
        next_step=_next_step(record),
        notes=tuple(sentence(reason) for reason in verdict.reasons),
        gates=gates,
        stages=tuple(_stages(record)),
        decided_at=numbers.instant(record.decided_at) if record.decided_at is not None else "–",
        judge_version=record.judge_version,
        digest=digest(record),
        policy_path=plan.paths.get("policy", ""),
        request_path=plan.paths.get("request", ""),
        valid_until=numbers.instant(verdict.valid_until) if verdict.valid_until is not None else "",
        then=_then(record),
        next_at=_next_at(record),
        digests=(*sorted(plan.digests.items()), *_artefacts(record)),
        row_counts=tuple(_row_counts(record)),
    )


def _artefacts(record: Record) -> Iterator[tuple[str, str]]:
    for need, answer in record.evidence.answers.items():
        if isinstance(answer, Scan):
            yield from ((f"{need.metric} scan {file}", f"sha256:{digest}") for file, digest in answer.artefacts)


def _row_counts(record: Record) -> Iterator[tuple[str, str]]:
    for need, answer in record.evidence.answers.items():
        if isinstance(answer, Rows) and need.stage:
            rows = f"{numbers.whole(answer.candidate.rows)} candidate, {numbers.whole(answer.baseline.rows)} baseline"
            yield need.stage, f"{rows}, {numbers.whole(answer.paired)} requests in both"


def unit_of(record: Record, bound: BoundCriterion) -> Unit:
    """The base unit of a criterion's estimate."""
    criterion = bound.criterion
    if criterion.kind in _SHARES:
        return "fraction"
    name = next(iter(criterion.metrics()), None)
    facts = record.plan.facts.metrics.get(name) if name is not None else None
    return facts.unit if facts is not None else "1"


def _gate(record: Record, branch: Branch, bound: dict[tuple[str, str, str | None], BoundCriterion]) -> Gate:
    rows = tuple(_row(record, leaf, bound[leaf.gate, leaf.id, leaf.stage]) for leaf in branch.leaves)
    note = f"nothing of it applies here: the approval {branch.otherwise} decides" if branch.otherwise else ""
    return Gate(name=branch.name, outcome=branch.outcome, rows=rows, note=note)


def _row(record: Record, leaf: Leaf, bound: BoundCriterion) -> Row:
    unit = unit_of(record, bound)
    judgement = leaf.judgement
    asked = threshold(bound, record.plan.scope(bound))
    notes = [sentence(reason) for reason in judgement.warnings]
    unwaived = tuple(sentence(reason) for reason in judgement.warnings if reason.why in _OF_WAIVERS)
    warnings = tuple(sentence(reason) for reason in judgement.warnings if reason.why not in _OF_WAIVERS)
    if leaf.waived is not None:
        up_to = f" up to {leaf.waived.up_to}" if leaf.waived.up_to else ""
        until = numbers.instant(leaf.waived.expires_at)
        notes.insert(0, f"waived{up_to} by {leaf.waived.owner} until {until}: {leaf.waived.reason}")
    if leaf.advisory:
        notes.insert(0, "advisory: shown, and not counted")
    return Row(
        name=leaf.id,
        stage=leaf.stage or "",
        mark=MARKS[leaf.outcome] if leaf.counted else UNCOUNTED,
        outcome=judgement.outcome,
        counted=leaf.counted,
        said=sentence(judgement.reason),
        notes=tuple(notes),
        parts=tuple(_parts(judgement, unit, asked)),
        line=record.plan.lines.get(leaf.id),
        asked=asked.words if asked is not None else "",
        drawing=_drawing(judgement.estimate, asked),
        remedy=remedy(record.plan, leaf),
        waived=leaf.waived,
        unwaived=unwaived,
        advisory=leaf.advisory,
        sign_off=sign_off(record, bound, leaf),
        warnings=warnings,
        kind=leaf.kind,
        metric=next(iter(bound.criterion.metrics()), ""),
        found=judgement.estimate,
        against=asked,
        unit=unit,
        **_texts(judgement.estimate, unit, tested=bound.criterion.kind in _TESTED),
    )


class _Texts(TypedDict):
    estimate: str
    interval: str
    test: str
    levels: tuple[str, str] | None


def _texts(estimate: Estimate | None, unit: Unit, *, tested: bool = False) -> _Texts:
    if estimate is None:
        return _Texts(estimate="", interval="", test="", levels=None)
    return _Texts(
        estimate=numbers.estimate(estimate, unit),
        interval=numbers.interval(estimate, unit) if numbers.has_interval(estimate) else "",
        test=numbers.p_value(estimate.p_value) if tested and estimate.p_value is not None else "",
        levels=_levels(estimate, unit),
    )


def _levels(estimate: Estimate, unit: Unit) -> tuple[str, str] | None:
    if estimate.baseline is None or estimate.candidate is None:
        return None
    return numbers.level(estimate.baseline, unit), numbers.level(estimate.candidate, unit)


def _drawing(found: Estimate | None, asked: Threshold | None) -> str:
    if found is None or asked is None:
        return ""
    return drawn(found, asked, interval=numbers.has_interval(found))


def _parts(judgement: Judgement, unit: Unit, asked: Threshold | None) -> Iterator[Row]:
    for part in judgement.parts:
        yield Row(
            name=part.name,
            stage="",
            mark=MARKS[part.outcome],
            outcome=part.outcome,
            counted=True,
            said=sentence(part.reason) if part.reason is not None else "",
            drawing=_drawing(part.estimate, asked),
            found=part.estimate,
            against=asked,
            unit=unit,
            **_texts(part.estimate, unit),
        )


def _headline(record: Record, gates: tuple[Gate, ...]) -> str:
    """What decides, and what was waived, in one line."""
    waived = ", ".join(dict.fromkeys(leaf.id for leaf in record.verdict.waived_leaves))
    return f"{_decided(record, gates)}{f'; waived: {waived}' if waived else ''}"


def _decided(record: Record, gates: tuple[Gate, ...]) -> str:
    outcome = record.verdict.outcome
    names = dict.fromkeys(
        row.name for gate in gates for row in gate.rows if row.counted and row.outcome is outcome and row.mark != "✔"
    )
    listed = ", ".join(list(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    candidate = record.plan.facts.candidate
    match outcome:
        case Outcome.PASSED:
            return f"{candidate} may be merged: every gate has passed"
        case Outcome.FAILED:
            return f"{candidate} is shown to break the policy: {listed}"
        case Outcome.ERRORED:
            return f"{candidate} can't be judged, because we could not look: {listed}"
        case Outcome.INCONCLUSIVE:
            return f"the data do not decide on {candidate}: {listed}"
        case Outcome.PENDING if record.verdict.evidence_outcome is Outcome.PASSED:
            return f"the evidence for {candidate} has passed; awaiting {listed}"
        case Outcome.PENDING:
            return f"{candidate} can't be decided yet: {listed}"


def _then(record: Record) -> str:
    """What ends the verdict: a waiver's expiry, the revocation of its policy, or the merge window."""
    until = record.verdict.valid_until
    if until is None:
        return ""
    waived = [leaf.waived for leaf in record.verdict.waived_leaves]
    ending = next((one for one in waived if one is not None and one.expires_at == until), None)
    if ending is not None:
        return f"then the waiver {ending.waiver} expires"
    revoked = next((one for one in record.plan.reasons if one.why is Why.TO_BE_REVOKED), None)
    if revoked is not None and revoked.parameters["since"] == until.isoformat():
        return "then its policy is revoked"
    return "after that its last stage must be repeated"


def _next_step(record: Record) -> str:
    """When it can be decided, where that is known."""
    if record.verdict.evidence_outcome is not Outcome.PENDING:
        return ""
    unstarted = [stage.name for stage in record.plan.stages if stage.ends_at is None]
    last = _waiting_until(record)
    told = [f"stages so far can be decided at {numbers.instant(last)}"] if last is not None else []
    if unstarted:
        told.append(f"not started: {', '.join(unstarted)}")
    elif last is not None:
        told = [f"all evidence can be decided at {numbers.instant(last)}"]
    return "; ".join(told)


def _waiting_until(record: Record) -> datetime | None:
    waiting = [
        leaf.decidable_at
        for gate in record.verdict.gates
        for leaf in gate.leaves
        if leaf.counted and leaf.outcome is Outcome.PENDING and leaf.decidable_at is not None
    ]
    return max(waiting, default=None)


def _next_at(record: Record) -> str:
    last = _waiting_until(record)
    return numbers.instant(last) if last is not None and record.verdict.evidence_outcome is Outcome.PENDING else ""


def _stages(record: Record) -> Iterator[Stage]:
    for stage in record.plan.stages:
        shares = [("traffic", stage.traffic), ("mirrored", stage.mirror)]
        exposure = ", ".join(f"{numbers.percent(share)} {word}" for word, share in shares if share)
        window = ""
        if stage.window is not None and stage.window.intervals:
            window = f"{numbers.instant(stage.window.start)} to {numbers.instant(stage.window.end)}"
        yield Stage(
            name=stage.name,
            exposure=exposure or "no traffic",
            lasts=numbers.length(stage.lasts),
            window=window,
            state=_state(stage.decidable, stage.ends_at, stage.decidable_at),
            decided=stage.decidable,
            progress=_progress(stage),
            ends_at=numbers.instant(stage.ends_at) if stage.ends_at is not None else "",
            decidable_at=numbers.instant(stage.decidable_at) if stage.decidable_at is not None else "",
        )


def _progress(stage: StageFacts) -> float | None:
    if stage.window is not None:
        return stage.window.length / stage.lasts
    return 0.0 if stage.ends_at is not None else None


def _state(decidable: bool, ends_at: datetime | None, decidable_at: datetime | None) -> str:
    if decidable:
        return "decided"
    if ends_at is None:
        return "not started"
    return f"ends {numbers.instant(ends_at)}" + (
        f", labels mature {numbers.instant(decidable_at)}"
        if decidable_at is not None and decidable_at != ends_at
        else ""
    )
