"""Segments: each part of the users on one scale, and where the whole hides what its parts show."""

from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Leaf
from model_ratchet.report.charts import figure
from model_ratchet.report.elements import Element
from model_ratchet.report.html.forests import forest
from model_ratchet.report.html.page import Section
from model_ratchet.report.html.parts import name, notes
from model_ratchet.report.html.parts import sentence as capital
from model_ratchet.report.html.shown import Shown
from model_ratchet.report.reasons import sentence
from model_ratchet.report.view import Row


def segments(shown: Shown) -> Section | None:
    """A forest for each criterion on segments that has been measured."""
    leaves = [leaf for gate in shown.record.verdict.gates for leaf in gate.leaves]
    rows = zip(shown.seen.rows, leaves, strict=True)
    body = tuple(one for row, leaf in rows if row.kind == "segments" for one in _of(row, leaf))
    return Section(name="segments", title="Segments", body=body) if body else None


def _of(row: Row, leaf: Leaf) -> tuple[Element, ...]:
    chart = forest(row, f"{name(row.metric)} by segment: candidate − baseline")
    if chart is None:
        return ()
    told = [sentence(one) for one in leaf.judgement.warnings if one.why is Why.SIMPSON]
    small = [sentence(one) for one in leaf.judgement.warnings if one.why is Why.NOT_ASSESSABLE]
    found = (notes(map(capital, told), "warning"), figure(chart), notes(map(capital, small)))
    return tuple(one for one in found if one is not None)
