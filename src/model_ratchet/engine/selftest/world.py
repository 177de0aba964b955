"""World: made-up evidence of a candidate that is better in everything, from which each trap takes something away.

Every stage saw 100,000 requests an hour in the shares that it asks for, all labelled, in two segments; what is worse in it is
always the baseline.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model_ratchet.core.code import Checks, Reported, Scan
from model_ratchet.core.evidence import (
    HOUR,
    Approval,
    Approvals,
    Arm,
    ArmMoments,
    ArmRows,
    Categories,
    Counts,
    Document,
    Evidence,
    Grouping,
    Groups,
    Labels,
    Measurement,
    Missing,
    Need,
    PairedCounts,
    PairedMoments,
    QuantileCounts,
    Registered,
    Rows,
    Series,
    Shape,
    Simple,
    Suite,
    Tracked,
    Window,
)
from model_ratchet.core.moments import arm_moments, paired_moments
from model_ratchet.core.scored import PARTS
from model_ratchet.criteria.base import StageFacts
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.selftest.made_up import bets, histogram, scores

AN_HOUR = 100_000
SEGMENTS = ("north", "south")
_GOOD, _BAD = 0.95, 0.60
"""The share of right answers of candidate and baseline."""
_UNITS: Mapping[str, int] = {"proportion": 1, "probability": PARTS}
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class World:
    """What the sources of a plan would say of such a candidate."""

    plan: Plan
    _stages: Mapping[str, StageFacts] = field(init=False)
    _said: dict[Need, Measurement | None] = field(init=False, default_factory=dict)
    """What was said before is said again."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_stages", {stage.name: stage for stage in self.plan.stages})

    @property
    def evidence(self) -> Evidence:
        """An answer to each need of the plan; what can't be made up is missing."""
        return Evidence({need: answer for need in self.plan.needs() if (answer := self.answer(need)) is not None})

    def answer(self, need: Need) -> Measurement | None:
        """The answer to one need; None where there is none to make up."""
        if need not in self._said:
            self._said[need] = self._answer(need)
        return self._said[need]

    def _answer(self, need: Need) -> Measurement | None:
        if need.window is None:
            return self._told(need)
        if need.grouping is Grouping.TOTAL:
            return self._simple(need, need.window)
        if need.grouping is Grouping.SEGMENT:
            return self._groups(need, dict.fromkeys(SEGMENTS, 0.5), need.window)
        hours = need.window.hours
        if need.grouping is Grouping.HOUR:
            return self._groups(need, {str(hour): 1 / hours for hour in range(hours)}, need.window)
        days = -(-hours // 24)
        return self._groups(need, {str(day): 1 / days for day in range(days)}, need.window)

    def _groups(self, need: Need, parts: Mapping[str, float], window: Window) -> Groups | None:
        found = [(name, self._simple(need, window, share, at)) for at, (name, share) in enumerate(parts.items())]
        return Groups(groups=tuple((name, one) for name, one in found if one is not None)) if found else None

    def _simple(self, need: Need, window: Window, share: float = 1.0, at: int = 0) -> Simple | None:
        """The answer for a part of a window; ``at`` numbers the parts, of which no two are quite the same."""
        stage = self._stages[need.stage]
        n = {arm: round(share * one) for arm, one in _rows(stage, window, served=need.served_only).items()}
        arm = need.arms[0] if len(need.arms) == 1 else Arm.CANDIDATE
        match need.shape:
            case Shape.ROWS:
                return self._log(stage, window)
            case Shape.LABELS:
                return Labels(labelled=n[arm], rows=n[arm])
            case Shape.COUNTS:
                return Counts(successes=self._right(need, n[arm], arm), n=n[arm])
            case Shape.PAIRED_COUNTS:
                return self._pairs(need, n[Arm.CANDIDATE])
            case Shape.MOMENTS:
                return self._moments(need, n, window)
            case _:
                return self._spread(need, window, n[arm], at)

    def _spread(self, need: Need, window: Window, n: int, at: int) -> Simple | None:
        """The answer to what is not counted as right or wrong, of so many rows."""
        mine = need.arms != (Arm.BASELINE,)
        match need.shape:
            case Shape.QUANTILE_COUNTS:
                return QuantileCounts(at_or_below=n, n=n, maximum=(need.limit or 1.0) / 10)
            case Shape.LOG_HISTOGRAM:
                return histogram(n, 0.010, at % 7) if mine else histogram(n, 0.020, at % 5)
            case Shape.SERIES:
                return self._series(need, window, Arm.CANDIDATE if mine else Arm.BASELINE)
            case Shape.CATEGORIES:
                half = n // 2
                return Categories(counts=tuple((name, half) for name in SEGMENTS))
            case Shape.SCORES:
                return scores(n, 0.9 if mine else 0.6, at)
            case Shape.BETS:
                return bets(n, 0.6 if mine else 0.4, at)
            case _:
                return None

    def _log(self, stage: StageFacts, window: Window) -> Rows:
        all_, served = _rows(stage, window), _rows(stage, window, served=True)
        facts = self.plan.facts
        digests = {Arm.CANDIDATE: facts.candidate_digest, Arm.BASELINE: facts.baseline_digest}

        def of(arm: Arm) -> ArmRows:
            digest, rows = digests[arm], all_[arm]
            reported = ((digest, rows),) if digest is not None and rows else ()
            return ArmRows(
                rows=rows, served=served[arm], units=served[arm], digests=reported if facts.reported_digest else None
            )

        return Rows(
            baseline=of(Arm.BASELINE),
            candidate=of(Arm.CANDIDATE),
            requests=sum(served.values()),
            paired=all_[Arm.CANDIDATE] if stage.paired else 0,
            duplicates=0,
            others=(),
            by_hour=tuple((hour, sum(all_.values()) // window.hours) for hour in range(window.hours)),
            newest=window.end,
        )

    def _right(self, need: Need, n: int, arm: Arm) -> int:
        """How often the event of a proportion happens: what is better when it is lower never happens to the candidate."""
        if self._lower(need):
            return 0 if arm is Arm.CANDIDATE else round(n * (1 - _BAD))
        return round(n * (_GOOD if arm is Arm.CANDIDATE else _BAD))

    def _pairs(self, need: Need, n: int) -> PairedCounts:
        good, bad = (self._right(need, n, arm) for arm in (Arm.CANDIDATE, Arm.BASELINE))
        if self._lower(need):
            return PairedCounts(both=good, only_baseline=bad - good, only_candidate=0, neither=n - bad)
        lost = n // 50
        return PairedCounts(
            both=bad - lost, only_baseline=lost, only_candidate=good - bad + lost, neither=n - good - lost
        )

    def _moments(self, need: Need, n: Mapping[Arm, int], window: Window) -> PairedMoments | ArmMoments:
        """Clusters that are alike but for a hundredth, so that what differs between them is told from the arms."""
        metric = self.plan.facts.metrics[need.bound]
        unit = _UNITS.get(metric.kind, _MICRO)
        better, worse = (0, 1 - _BAD) if self._lower(need) else (_GOOD, _BAD)
        found = []
        clusters = max(24, window.hours)
        for at in range(clusters):
            one, other = (max(1, n[arm] // clusters) for arm in (Arm.BASELINE, Arm.CANDIDATE))
            spread = 1 + (at % 5 - 2) / 100
            found.append((one, round(one * worse * unit * spread), other, round(other * better * unit)))
        if need.paired:
            return paired_moments([(rows, zero, one) for _, zero, rows, one in found], unit=unit)
        return arm_moments(found, unit=unit)

    def _series(self, need: Need, window: Window, arm: Arm) -> Series:
        base = self.plan.facts.allocation.get(need.metric, 1.0) / 10
        scale = base if arm is Arm.CANDIDATE else base * 1.05
        return Series(points=tuple((hour, scale * (1 + hour % 3 / 100)) for hour in range(window.hours)))

    def _lower(self, need: Need) -> bool:
        metric = self.plan.facts.metrics.get(need.bound)
        return metric is not None and metric.better == "lower"

    def _told(self, need: Need) -> Measurement | None:
        """What is told once, and of no window."""
        facts = self.plan.facts
        criteria = [bound.criterion for bound in self.plan.bound()]
        match need.shape:
            case Shape.SUITE:
                return Suite(passed=1_000, failed=0, skipped=0)
            case Shape.APPROVALS:
                seats = [one for one in criteria if one.kind == "approval" and one.role == need.metric]
                at = max((stage.decidable_at for stage in self.plan.stages if stage.decidable_at), default=None)
                people = max((one.at_least for one in seats), default=0) if at is not None else 0
                given = (
                    Approval(login=f"{need.metric}-{n}", role=need.metric, submitted_at=at) for n in range(people) if at
                )
                return Approvals(approvals=tuple(given))
            case Shape.DOCUMENT:
                asked = {
                    section
                    for one in criteria
                    if one.kind == "documents"
                    for section in one.require.get(need.metric, ())
                }
                return Document(path=f"{need.metric}.md", sections=tuple((one.lower(), 500) for one in sorted(asked)))
            case Shape.REGISTERED:
                return self._registered(need)
            case Shape.TRACKED:
                return Tracked(values=tuple(sorted(facts.stated.items())))
            case Shape.SCAN:
                tool = next((one.tool for one in criteria if one.kind == "scan" and one.scan == need.metric), None)
                return Scan(
                    artefacts=(("scan.sarif", "ab" * 32),),
                    tools=(tool or "scanner",),
                    tallies=(),
                    completed=True,
                    ended_at=facts.decided_at,
                )
            case Shape.CHECKS:
                app = next((one.app for one in criteria if one.kind == "required_checks"), None)
                return Checks(
                    reported=(Reported(name=need.metric, state="success", app=app, by="ci", at=facts.decided_at),)
                )
            case _:
                return None

    def _registered(self, need: Need) -> Registered:
        facts = self.plan.facts
        mine = need.arms == (Arm.CANDIDATE,)
        return Registered(
            number="2" if mine else "1",
            version=facts.candidate if mine else facts.baseline,
            digest=facts.candidate_digest if mine else facts.baseline_digest,
        )


def without(evidence: Evidence, answers: Mapping[Need, Measurement | Missing]) -> Evidence:
    """The evidence with other answers to some needs."""
    return Evidence({**evidence.answers, **answers}, evidence.queries)


def _rows(stage: StageFacts, window: Window, *, served: bool = False) -> dict[Arm, int]:
    """How many rows of each arm a window holds: served ones in the stage's share, mirrored ones in both arms."""
    requests = max(1, window.length // HOUR) * AN_HOUR
    mine = round(requests * (stage.traffic or 0.0))
    if served or not stage.paired:
        return {Arm.BASELINE: requests - mine, Arm.CANDIDATE: mine}
    pairs = round(requests * (stage.mirror or 0.0))
    return dict.fromkeys(Arm, pairs)
