"""Flips: how far each criterion is from another outcome, and what would turn it."""

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.units import Scale
from model_ratchet.report import numbers
from model_ratchet.report.charts import Table, table
from model_ratchet.report.elements import element
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name, sentence
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.thresholds import Side
from model_ratchet.report.view import Row

_HEAD = ("criterion", "now", "asked", "what would flip it")


def flips(shown: Shown) -> Section | None:
    """What holds it up first, then what has passed, the closest calls before the clear ones."""
    rows = [row for row in shown.seen.rows if row.counted and row.sign_off is None]
    held = [row for row in rows if not row.through and row.outcome is not Outcome.PENDING]
    passed = sorted((row for row in rows if row.through and _room(row) is not None), key=_closeness)
    told = (*held, *passed)
    if not told:
        return None
    lead = "What holds it up comes first, then what has passed, the closest call first."
    found = Table(_HEAD, tuple(_row(row) for row in told))
    body = (element("p", lead, class_="quiet"), table(found, "What would flip each criterion"))
    return Section(name="flips", title="What would flip this", body=body)


def _row(row: Row) -> tuple[str, ...]:
    named = f"{name(row.name)} ({name(row.stage)})" if row.stage else name(row.name)
    now = f"{row.outcome}{f', {row.estimate}' if row.estimate else ''}"
    return (named, now, row.asked, _turns(row))


def _turns(row: Row) -> str:
    if not row.through:
        return sentence(row.remedy.words if row.remedy is not None else row.said)
    found, asked = row.found, row.against
    if found is None or asked is None:
        return ""
    if row.kind == "suite":
        return "One case that fails"
    least = asked.side is Side.LEAST
    room, what = _room(row) or 0.0, "An interval that reaches"
    if room < 0:  # the estimate decides, and its interval does not
        room, what = abs(found.value - asked.value), "An estimate"
    return f"{what} {_gap(room, row, found)} {'lower' if least else 'higher'}"


def _room(row: Row) -> float | None:
    """How far the near end of the interval is from what is asked, negative where it lies beyond; None without a limit."""
    found, asked = row.found, row.against
    if found is None or asked is None or asked.side is Side.AT:
        return None
    near = found.low if asked.side is Side.LEAST else found.high
    end = near if near is not None else found.value
    return end - asked.value if asked.side is Side.LEAST else asked.value - end


def _closeness(row: Row) -> float:
    """The room in widths of its interval; of what has none, in parts of the limit."""
    found, asked, room = row.found, row.against, _room(row)
    assert found is not None and asked is not None and room is not None  # noqa: S101, PT018  (chosen by it)
    ends = [one for one in (found.low, found.high) if one is not None]
    width = max((abs(one - found.value) for one in ends), default=0.0)
    return room / (width or abs(asked.value) or 1.0)


def _gap(gap: float, row: Row, found: Estimate) -> str:
    if found.scale is Scale.RATIO:
        return numbers.plain(gap)
    if found.scale is Scale.RELATIVE:
        return numbers.percent(gap)
    return numbers.points(gap) if row.unit == "fraction" else numbers.level(gap, row.unit)
