"""Business: the page of the reviewer who approves for the business: what was, what would be, and what bets have earned."""

from collections.abc import Iterator

from model_ratchet.core.evidence import Arm
from model_ratchet.core.scored import MONEY, Bets
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.engine.record import Record
from model_ratchet.report import numbers
from model_ratchet.report.business import GATE
from model_ratchet.report.charts import Axis, Line, Plane, Table, figure, table
from model_ratchet.report.elements import Element
from model_ratchet.report.html.axes import KINDS, TIME
from model_ratchet.report.html.measured import by_day, day_at, metrics, ran, stretches
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name, sentence
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.view import Row

_HEAD = ("measure", "asked", "before", "candidate", "difference", "what it says")
_Day = tuple[str, float, float]
"""Stage and day, its middle in seconds since the epoch, and the profit up to its end."""


def business(shown: Shown) -> Section | None:
    """What the gate of the business measured, and the profit of each metric that is made of bets as it builds up."""
    rows = [row for gate in shown.seen.gates if gate.name == GATE for row in gate.rows if row.estimate]
    measured = (table(Table(_HEAD, tuple(map(_cells, rows))), "What was, and what would be"),) if rows else ()
    profits = (one for metric in metrics(shown.record, "bets") for one in _profit(shown.record, metric))
    body = (*measured, *profits)
    return Section(name="business", title="Business", body=body) if body else None


def _cells(row: Row) -> tuple[str, ...]:
    """What is only a level, such as a drawdown, has no version before it."""
    before, after = row.levels or ("–", row.estimate)
    difference = f"{row.estimate}, {row.interval}" if row.levels else row.interval or "–"
    said = "; ".join((f"{row.word}: {row.said}", *row.warnings))
    return (name(row.name), row.asked, before, after, difference, sentence(said))


def _profit(record: Record, metric: MetricFacts) -> Iterator[Element]:
    found = {arm: days for arm in KINDS if (days := tuple(_days(record, metric, arm)))}
    if found:
        yield figure(_plane(record, metric, found))


def _days(record: Record, metric: MetricFacts, arm: Arm) -> Iterator[_Day]:
    profit = 0
    for stage, window in ran(record):
        for day, bets in sorted(by_day(record, stage, metric.name, arm, Bets).items()):
            profit += bets.profit
            yield f"{name(stage.name)}, day {day + 1}", day_at(window, day), profit / MONEY


def _plane(record: Record, metric: MetricFacts, found: dict[Arm, tuple[_Day, ...]]) -> Plane:
    profits = {arm: {named: profit for named, _, profit in days} for arm, days in found.items()}
    order = dict.fromkeys(named for days in found.values() for named, _, _ in days)
    return Plane(
        title=f"{name(metric.name)}: profit as it builds up, by day of active time",
        description=". ".join(f"{arm}: {numbers.plain(days[-1][2])} at the end" for arm, days in found.items()),
        x=TIME,
        y=Axis(name="profit", written=numbers.plain),
        marks=tuple(Line(KINDS[arm][0], tuple(day[1:] for day in found[arm])) for arm in reversed(found)),
        named=tuple(KINDS[arm] for arm in found),
        numbers=Table(
            ("until", *map(str, found)),
            tuple(
                (named, *(numbers.plain(of[named]) if named in of else "–" for of in profits.values()))
                for named in order
            ),
        ),
        stretches=stretches(record),
        zero=True,
    )
