"""Forests: the parts of a criterion on one scale: its segments, days or windows."""

from model_ratchet.core.outcome import Outcome
from model_ratchet.core.units import Scale
from model_ratchet.report import numbers
from model_ratchet.report.charts import Axis, Forest, Table, Tree
from model_ratchet.report.escape import shorten
from model_ratchet.report.thresholds import Side
from model_ratchet.report.view import Row

_MOST = 60


def forest(row: Row, title: str = "") -> Forest | None:
    """The parts of a criterion, segments from the worst on; None where it has none that were measured."""
    found = [part for part in row.parts if part.found is not None]
    if not found or row.against is None:
        return None
    if row.kind == "segments":
        found.sort(
            key=lambda part: part.found.value if part.found is not None else 0.0, reverse=row.against.side is Side.MOST
        )
    trees = tuple(_tree(part) for part in found)
    failed = [part.name for part in found if part.outcome is not Outcome.PASSED]
    told = f"; not passed: {', '.join(failed[:10])}" if failed else "; all have passed"
    return Forest(
        title=title or f"{shorten(row.name, 60)}, part by part",
        description=f"{len(trees)} intervals, asked: {row.against.words}{told}",
        axis=Axis(name="difference", written=lambda value: _written(value, row)),
        trees=trees[:_MOST],
        limit=row.against.value,
        side=row.against.side,
        asked=row.against.words,
        numbers=Table(
            ("part", "estimate", "interval", "outcome"),
            tuple((shorten(part.name, 120), part.estimate, part.interval, str(part.outcome)) for part in found),
        ),
    )


def _tree(part: Row) -> Tree:
    found = part.found
    assert found is not None  # noqa: S101  (the parts are chosen by it)
    said = f"{part.estimate} ({part.interval.rpartition(' (')[0]})" if part.interval else part.estimate
    return Tree(name=part.name, low=found.low, value=found.value, high=found.high, said=said, outcome=str(part.outcome))


def _written(value: float, row: Row) -> str:
    found = next((part.found for part in row.parts if part.found is not None), None)
    scale = found.scale if found is not None else Scale.ABSOLUTE
    return numbers.change(value, row.unit, scale)
