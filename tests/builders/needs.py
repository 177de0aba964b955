"""Every need that a log can be asked."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from model_ratchet.core.evidence import OF_FORGE, Arm, Clustering, Grouping, Need, Shape, Window
from model_ratchet.documents.model import ModelFile

_ONE_ARM = (Shape.LABELS, Shape.COUNTS, Shape.QUANTILE_COUNTS, Shape.LOG_HISTOGRAM, Shape.CATEGORIES)
_OF_OTHERS = (
    *OF_FORGE, Shape.SERIES, Shape.SUITE, Shape.SCAN, Shape.DOCUMENT, Shape.REGISTERED, Shape.TRACKED,
)  # fmt: skip
_SHAPES = [shape for shape in Shape if shape not in _OF_OTHERS]


def every_need(model: ModelFile, window: Window) -> Iterator[Need]:
    """Every combination of shape, grouping, clustering, pairs and exposure, for each metric."""
    both = (Arm.BASELINE, Arm.CANDIDATE)
    for shape, grouping, clustering in product(_SHAPES, Grouping, Clustering):
        if clustering is not Clustering.ROWS and shape is not Shape.MOMENTS:
            continue
        for paired, served_only in product((False, True), (False, True)):
            if paired and shape is not Shape.MOMENTS:
                continue
            need = Need(
                shape=shape,
                window=window,
                grouping=grouping,
                clustering=clustering,
                paired=paired,
                served_only=served_only,
                limit=0.25 if shape is Shape.QUANTILE_COUNTS else None,
            )
            metrics = [""] if shape in (Shape.ROWS, Shape.VERSION_ROWS, Shape.CATEGORIES) else list(model.metrics)
            arms = [(Arm.BASELINE,), (Arm.CANDIDATE,)] if shape in _ONE_ARM else [both]
            split = grouping is Grouping.SEGMENT or shape is Shape.CATEGORIES
            for metric, of, segment in product(metrics, arms, model.segments if split else [""]):
                yield replace(need, metric=metric, arms=of, segment=segment)
