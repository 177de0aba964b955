"""Every kind of criterion at least once, each with evidence on which it passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from builders.code import COMMIT, a_pull, a_report, a_scan, an_approval, of_code
from builders.records import a_criterion
from builders.scopes import (
    START,
    Answer,
    a_histogram,
    a_stage,
    answered,
    by_hour,
    good_rows,
    some_facts,
)
from builders.wagers import OF_EVENTS, betting_by_day, forecasts_by_day
from model_ratchet.core.code import Checks
from model_ratchet.core.evidence import (
    Approval,
    Approvals,
    Arm,
    ArmRows,
    Categories,
    Counts,
    Document,
    Evidence,
    Grouping,
    Groups,
    Labels,
    Need,
    PairedCounts,
    QuantileCounts,
    Series,
    Shape,
    Simple,
    Suite,
)
from model_ratchet.core.inherited import Reproduced, Turnover
from model_ratchet.core.moments import paired_moments
from model_ratchet.core.outcome import Outcome
from model_ratchet.criteria import AnyCriterion
from model_ratchet.criteria.artifacts import OnArtifacts
from model_ratchet.criteria.base import Scope
from model_ratchet.criteria.integration import IntegrationFacts
from model_ratchet.engine.code_review import code_reviews

DIGEST = "sha256:" + "ab" * 32


@dataclass(frozen=True)
class Case:
    """A criterion with evidence on which it passes."""

    criterion: AnyCriterion
    scope: Scope
    answer: Callable[[Need], Answer | None]

    @property
    def evidence(self) -> Evidence:
        return answered(self.criterion, self.scope, self.answer)

    def outcome(self, evidence: Evidence | None = None) -> Outcome:
        return self.criterion.judge(self.scope, self.evidence if evidence is None else evidence).outcome


GAINING = PairedCounts(both=12_000, only_baseline=1_000, only_candidate=1_600, neither=5_400)


def grouped(need: Need, value: Simple, hours: int = 168) -> Answer:
    if need.grouping is Grouping.HOUR:
        return by_hour([value] * hours)
    return Groups(groups=(("EWR", value), ("JFK", value))) if need.grouping is Grouping.SEGMENT else value


def _answer(need: Need) -> Answer | None:
    """Evidence on which every criterion of ``CASES`` passes."""
    if need.shape in (Shape.SCORES, Shape.BETS) or (need.bound == "forecast" and need.shape is Shape.MOMENTS):
        return _of_events(need)
    return _counted(need) if need.shape in _COUNTED else _told(need)


_COUNTED = (Shape.PAIRED_COUNTS, Shape.COUNTS, Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM, Shape.SERIES)


def _counted(need: Need) -> Answer:
    candidate = need.arms == (Arm.CANDIDATE,)
    if need.shape is Shape.PAIRED_COUNTS:
        return grouped(need, GAINING)
    if need.shape is Shape.COUNTS:
        return grouped(need, Counts(successes=0, n=9_000))
    if need.shape is Shape.QUANTILE_COUNTS:
        n = 500 if candidate else 9_500
        return grouped(need, QuantileCounts(at_or_below=n, n=n, maximum=0.2))
    if need.shape is Shape.SERIES:
        return Series(points=tuple((hour, 2.0**30 * (1 + 0.01 * (hour % 3))) for hour in range(48)))
    if need.grouping is Grouping.TOTAL:
        return a_histogram([0.1] * 500)
    scale, cycle = (0.1, 7) if candidate else (0.2, 5)
    return by_hour([a_histogram(scale * (1 + 0.03 * (n % cycle) + k / 90) for k in range(20)) for n in range(48)])


SCORED = forecasts_by_day(1)
BETS = betting_by_day(2, edge=0.05)


def _of_events(need: Need) -> Answer:
    candidate = need.arms == (Arm.CANDIDATE,)
    if need.shape is Shape.MOMENTS:
        # Σ of Brier scores in parts of 10⁻⁹: 20 clusters in which the candidate is a little better, more so in some
        clusters = [(1_000, 210_000_000_000, 205_000_000_000 + n * 10**8) for n in range(20)]
        return grouped(need, paired_moments(clusters, unit=1_000_000_000))
    days: Sequence[Simple] = SCORED[int(candidate)] if need.shape is Shape.SCORES else BETS if candidate else BETS[::-1]
    return Groups(groups=tuple((str(day), one) for day, one in enumerate(days)))


REPRODUCED_ALL = Reproduced(
    digests=(("calibration", DIGEST), ("confidence", DIGEST), ("optimizer", DIGEST)),
    turnover=(Turnover(segment="EWR", before=0.5, after=0.6), Turnover(segment="JFK", before=0.5, after=0.4)),
    had_weights=True,
)


def _told(need: Need) -> Answer | None:
    review = Approval(login="reviewer-a", role="risk", submitted_at=START + timedelta(days=8))
    baseline, candidate = (
        ArmRows(rows=20_000, served=n, units=n, digests=((DIGEST, 20_000),)) for n in (19_000, 1_000)
    )
    answers: Mapping[Shape, Answer] = {
        Shape.CATEGORIES: Categories(counts=(("EWR", 9_000), ("JFK", 9_000))),
        Shape.SUITE: Suite(passed=12, failed=0, skipped=0),
        Shape.APPROVALS: Approvals(approvals=(review,)),
        Shape.DOCUMENT: Document(path="risk.md", sections=(("risks", 40),)),
        Shape.ROWS: good_rows(baseline=baseline, candidate=candidate),
        Shape.SCAN: a_scan(),
        Shape.CHECKS: Checks(reported=(a_report(name=need.metric),)),
        Shape.REPRODUCED: REPRODUCED_ALL,
        Shape.LABELS: Labels(labelled=20_000, rows=20_000),
        Shape.CODE_REVIEWS: code_reviews([a_pull(an_approval())], COMMIT),
    }
    return answers.get(need.shape)


def a_case(kind: str, **parameters: object) -> Case:
    criterion = a_criterion({"id": "law", "kind": kind, **parameters})
    facts = some_facts(
        metrics={**some_facts().metrics, **OF_EVENTS},
        segments=("origin",),
        candidate_digest=DIGEST,
        baseline_digest=DIGEST,
        infrastructure={"python": ">=3.11"},
        stated={"infrastructure.python": "3.12", "dataset.version": "1"},
        drill={"performed_at": START.isoformat(), "restored": some_facts().baseline or "", "result": "passed"},
        decided_at=START,
        golden="v1.0.0_20250101_000000",
        integration=IntegrationFacts(score="forecast"),
        drift={"accuracy": 0.0},
    )
    stage = replace(a_stage(), traffic=None) if isinstance(criterion, OnArtifacts) else a_stage()
    return Case(criterion, Scope(facts=of_code(facts, **facts.stated), stages=(stage,)), _answer)


CASES = (
    a_case("superiority", metric="accuracy", by="2pp"),
    a_case("superiority", metric="accuracy", by="2pp", rule="superiority_margin"),
    a_case("quantile_superiority", metric="latency", by="10%", quantile=0.95),
    a_case("non_inferiority", metric="accuracy", margin="1pp"),
    a_case("score_superiority", metric="forecast", score="brier", by="0.2pp"),
    a_case("score_non_inferiority", metric="forecast", score="log_loss", margin="0.2pp", segments=("origin",)),
    a_case("auc", metric="forecast", margin="1pp"),
    a_case("calibration", metric="forecast", detects="5pp"),
    a_case("calibration_not_worse", metric="forecast", margin="2pp"),
    a_case("betting", metric="bets", measure="edge_success", definition="above_break_even", margin="10pp"),
    a_case("drawdown", metric="bets", bankroll=1_000.0, at_most="50%"),
    a_case("drift", metric="accuracy", max_drop="2pp"),
    a_case("quantile_limit", metric="latency", quantile=0.95, at_most="500ms"),
    a_case("maximum", metric="latency", at_most="2000ms"),
    a_case("rate_limit", metric="errors", below="0.1%"),
    a_case("stability", metric="accuracy", window="48h", step="24h", max_drop="1pp"),
    a_case("sustained", metric="accuracy", days=7, max_daily_drop="1pp"),
    a_case("segments", metric="accuracy", max_drop="2pp", min_assessable="80%"),
    a_case("distribution", max_distance="10%"),
    a_case("ratio_limit", metric="memory", within="20%"),
    a_case(
        "load",
        busiest="10%",
        min_share="80%",
        latency="latency",
        at_most="500ms",
        errors="errors",
        below="0.1%",
    ),
    a_case("suite", suite="edge_cases"),
    a_case("required_checks", checks=("tests", "lint"), reviews=1),
    a_case("scan", scan="code", at_most="note", score_below=7.0, within="7d", tool="CodeQL"),
    a_case("sample_ratio"),
    a_case("coverage", max_gap="1h"),
    a_case("identity"),
    a_case("infrastructure"),
    a_case("artifacts", stage="shadow"),
    a_case("weight_turnover", stage="shadow", at_most="25pp"),
    a_case("metadata", require=("dataset.version",)),
    a_case("documents", require={"risk": ("Risks",)}),
    a_case("rollback_drill", within="30d"),
    a_case("approval", role="risk", after="canary"),
)
"""Every kind at least once."""


def kind_of(case: Case) -> str:
    """Its kind, as the id of a test."""
    return case.criterion.kind


_UNASKED = (Shape.MOMENTS,)


def decisive(case: Case, need: Need) -> bool:
    """Whether the judgement rests on that answer, or only shows it or looks at it early."""
    kind = case.criterion.kind
    if need.grouping is Grouping.HOUR and kind in ("superiority", "non_inferiority", "drift", "rate_limit"):
        return False  # early harm and warnings
    if need.grouping is Grouping.TOTAL and need.shape is Shape.PAIRED_COUNTS and kind == "segments":
        return False  # the values decide
    if kind == "distribution" and need.shape is Shape.CATEGORIES:
        return need.stage == "canary"
    if isinstance(case.criterion, OnArtifacts):
        return need.shape is Shape.REPRODUCED  # what it is computed from is missing in it
    return need.shape not in _UNASKED
