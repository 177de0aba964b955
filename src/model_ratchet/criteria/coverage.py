"""coverage: the evidence covers the window: no gap, fresh, labelled, paired, without duplicates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from model_ratchet.core.evidence import HOUR, Arm, Evidence, Labels, Missing, Need, Rows, Shape, Window
from model_ratchet.core.fields import DurationField, ShareField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Criterion, Facts, Scope, StageFacts
from model_ratchet.criteria.comparison import (
    LEAST_PAIR_RATE,
    coverage_trouble,
    labels_need,
    missing,
    pair_rate_trouble,
)


class Coverage(Criterion):
    """The evidence covers the window: no gap, fresh, labelled, paired, without duplicates.

    72 hours means 72 hours of data, not of calendar. A run of hours without a row that is as long as ``max_gap``, outside
    the quiet hours, is a gap (the resolution is the hour); the newest row may be at most ``max_age`` older than the window's
    end. Labels must reach the model file's coverage in each arm and come equally to both; mirrored requests must be paired.
    """

    summary: ClassVar[str] = "the evidence covers the window"
    stagewise: ClassVar[bool] = True

    kind: Literal["coverage"]
    max_gap: DurationField
    """A run of hours without rows that is as long is a gap."""
    quiet_hours: str | None = Field(
        default=None, pattern=r"^([01]\d|2[0-3]):00-([01]\d|2[0-3]):00$", examples=["00:00-06:00"]
    )
    """Hours of the day, in the model's zone, in which no row is expected."""
    max_age: DurationField | None = None
    """How long before the window's end the newest row may be; ``max_gap`` where it is not given."""
    min_pair_rate: ShareField | None = None
    """The least share of mirrored requests that both versions scored."""

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The rows of the stage, and the labels of each metric that waits for them."""
        return tuple(need for stage in scope.ran for need in self._of(stage, scope.facts))

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed when nothing is missing; errored otherwise."""
        stage = scope.stage
        rows = evidence.answer(Need(shape=Shape.ROWS, window=stage.window, stage=stage.name))
        if isinstance(rows, Missing):
            return missing(rows)
        if not isinstance(rows, Rows) or stage.window is None:
            return Judgement(outcome=Outcome.ERRORED, reason=because(Why.CRASHED, what="the rows of the log"))
        for reason in self._troubles(scope, stage, stage.window, rows, evidence):
            return Judgement(outcome=Outcome.ERRORED, reason=reason)
        warnings = [because(Why.DUPLICATES_DROPPED, rows=rows.duplicates)] if rows.duplicates else []
        if rows.others:
            total = sum(count for _, count in rows.others)
            versions = ", ".join(version for version, _ in rows.others)
            warnings.append(because(Why.OTHER_VERSIONS, rows=total, versions=versions))
        no_number = sum(rows.arm(arm).not_a_number for arm in Arm)
        if no_number:
            warnings.append(because(Why.EXCLUDED_ROWS, rows=no_number, because="no number"))
        return Judgement(
            outcome=Outcome.PASSED,
            reason=because(Why.HOLDS, value=f"{rows.requests} requests", limit=f"gaps below {self.max_gap.text}"),
            warnings=tuple(warnings),
        )

    def _of(self, stage: StageFacts, facts: Facts) -> Iterator[Need]:
        yield Need(shape=Shape.ROWS, window=stage.window, stage=stage.name)
        if stage.window is not None:
            for metric in facts.metrics.values():
                if metric.labelled and not metric.own_source:
                    for arm in _arms(facts):
                        yield labels_need(stage, stage.window, metric.name, arm)

    def _troubles(
        self, scope: Scope, stage: StageFacts, window: Window, rows: Rows, evidence: Evidence
    ) -> Iterator[Reason]:
        facts = scope.facts
        for arm in _arms(facts):
            if rows.arm(arm).rows == 0:
                yield because(Why.NO_ROWS, metric="the log", arm=str(arm))
        yield from self._gaps(window, rows, facts.timezone)
        oldest = window.end - (self.max_age or self.max_gap).delta
        if rows.newest is not None and rows.newest < oldest and not self._all_quiet(rows.newest, window.end, facts):
            yield because(Why.STALE, newest=rows.newest.isoformat(), most=(self.max_age or self.max_gap).text)
        for metric in facts.metrics.values():
            if not metric.labelled or metric.own_source:
                continue
            labels: dict[Arm, Labels] = {}
            for arm in _arms(facts):
                answer = evidence.answer(labels_need(stage, window, metric.name, arm))
                if isinstance(answer, Missing):
                    yield answer.reason
                elif isinstance(answer, Labels):
                    labels[arm] = answer
            trouble = coverage_trouble(facts, labels, paired=stage.paired)
            if trouble is not None:
                yield trouble
        if stage.paired and facts.baseline is not None:
            least = self.min_pair_rate.value if self.min_pair_rate is not None else LEAST_PAIR_RATE
            trouble = pair_rate_trouble(stage, rows, least)
            if trouble is not None:
                yield trouble

    def _gaps(self, window: Window, rows: Rows, timezone: str) -> Iterator[Reason]:
        seen = {hour for hour, count in rows.by_hour if count}
        run = 0
        since: datetime | None = None
        for hour, instant in enumerate(_hours(window)):
            if hour in seen:
                if run * HOUR >= self.max_gap.delta:
                    break
                run, since = 0, None
            elif not self._quiet(instant, timezone):
                run += 1
                since = since or instant
        if since is not None and run * HOUR >= self.max_gap.delta:
            yield because(Why.GAP, hours=run, since=since.isoformat(), most=self.max_gap.text)

    def _all_quiet(self, start: datetime, end: datetime, facts: Facts) -> bool:
        instant = start + HOUR
        while instant < end:
            if not self._quiet(instant, facts.timezone):
                return False
            instant += HOUR
        return self.quiet_hours is not None

    def _quiet(self, instant: datetime, timezone: str) -> bool:
        if self.quiet_hours is None:
            return False
        first, last = (int(part[:2]) for part in self.quiet_hours.split("-"))
        hour = instant.astimezone(ZoneInfo(timezone)).hour
        return first <= hour < last if first <= last else hour >= first or hour < last


def _arms(facts: Facts) -> tuple[Arm, ...]:
    return tuple(Arm) if facts.baseline is not None else (Arm.CANDIDATE,)


def _hours(window: Window) -> Iterator[datetime]:
    """The instant at which each whole hour of active time starts."""
    whole, hour, passed = window.length // HOUR, 0, timedelta()
    for interval in window.intervals:
        while hour < whole and (instant := interval.start + (hour * HOUR - passed)) < interval.end:
            yield instant
            hour += 1
        passed += interval.length
