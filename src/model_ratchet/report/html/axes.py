"""Axes: time, and the units of metrics, as charts write them."""

from datetime import UTC, datetime

from model_ratchet.core.evidence import Arm
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.report import numbers
from model_ratchet.report.charts import Axis
from model_ratchet.report.charts.plane import Kind

NAMED: tuple[tuple[Kind, str], ...] = (("candidate", "candidate"), ("baseline", "baseline"))
KINDS = dict(zip((Arm.CANDIDATE, Arm.BASELINE), NAMED, strict=True))
"""Arm → how its marks are drawn, and what they are called; the candidate first."""
_MIB = 2.0**20


def moment(seconds: float) -> str:
    """“27 Jul” at midnight (UTC), “12:00” within a day."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b}" if not (at.hour or at.minute) else f"{at:%H:%M}"


TIME = Axis(name="time (UTC)", written=moment, kind="time")
CHANGE = Axis(name="candidate − baseline", written=numbers.signed_points)


def levels(metric: MetricFacts, *, floor: float | None = None) -> Axis:
    """The axis of a metric's own values."""
    return Axis(
        name=metric.name,
        written=lambda value: numbers.level(value, metric.unit),
        base=_MIB if metric.unit == "B" else 1.0,
        floor=floor,
    )
