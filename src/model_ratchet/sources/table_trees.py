"""How each metric is read in a row, whatever its kind, and the columns that a trouble with it is reported of."""

from typing import assert_never

from model_ratchet.core.evidence import Arm
from model_ratchet.documents.model import DurationMetric, Mean, Proportion
from model_ratchet.sources.table_bets import bet_trees
from model_ratchet.sources.table_forecasts import forecast_trees, offer_trees
from model_ratchet.sources.table_kinds import Forecast, Offer, RowMetric, Score, Wager, bound_columns, label_of
from model_ratchet.sources.table_log import Log
from model_ratchet.sources.table_metrics import MetricTrees, metric_trees
from model_ratchet.sources.table_sql import Tree


def row_trees(log: Log, metric: RowMetric, arm: Arm, labels_until: Tree) -> MetricTrees:
    """How a metric is read in the rows of an arm, with labels that had arrived by then (microseconds since 1970)."""
    match metric:
        case Forecast() | Score():
            return forecast_trees(log, metric, arm, labels_until)
        case Offer():
            return offer_trees(log, metric, arm, labels_until)
        case Wager():
            return bet_trees(log, metric, labels_until)
        case Proportion() | DurationMetric() | Mean():
            return metric_trees(log, metric, arm, labels_until)
        case _:
            assert_never(metric)


def ranges(metric: RowMetric) -> str:
    """What the numbers of a metric have to lie within."""
    if isinstance(metric, Wager):
        closing = metric.of.closing_probability is not None
        return "stakes above 0, odds above 1" + (", probabilities within [0, 1]" if closing else "")
    return "[0, 1]"


def value_column(metric: RowMetric) -> str:
    """The column that a trouble with a metric's label or flag is reported of."""
    match metric:
        case DurationMetric() | Mean():
            return metric.column
        case Forecast() | Score() | Offer() | Wager():
            return label_of(metric.of)
        case Proportion():
            return metric.label or metric.correct or metric.column or ""
        case _:
            assert_never(metric)


def score_columns(log: Log, metric: RowMetric) -> str:
    """The column, or columns, that a trouble with a metric's numbers is reported of."""
    if isinstance(metric, Wager):
        return ", ".join(bound_columns(metric.of))
    if isinstance(metric, Offer):
        return metric.market
    forecast = isinstance(metric, Forecast | Score)
    if log.wide is not None and (forecast or (isinstance(metric, Proportion) and metric.label is not None)):
        return f"{log.wide.baseline}, {log.wide.candidate}"
    if isinstance(metric, Forecast | Score):
        return ", ".join(bound_columns(metric.of))
    if isinstance(metric, Proportion) and metric.label is not None:
        return metric.score or metric.prediction or ""
    return value_column(metric)
