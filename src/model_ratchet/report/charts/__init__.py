"""Charts: data in, figures out. A chart is plain data until ``figure`` draws it, as SVG with title, description and numbers."""

from model_ratchet.report.charts.chart import Chart, Table, table
from model_ratchet.report.charts.figure import figure
from model_ratchet.report.charts.forest import Forest, Tree
from model_ratchet.report.charts.interval import interval_drawing
from model_ratchet.report.charts.plane import Axis, Dots, Limit, Line, Marker, Plane, Ribbon, Steps, Stretch

__all__ = [
    "Axis",
    "Chart",
    "Dots",
    "Forest",
    "Limit",
    "Line",
    "Marker",
    "Plane",
    "Ribbon",
    "Steps",
    "Stretch",
    "Table",
    "Tree",
    "figure",
    "interval_drawing",
    "table",
]
