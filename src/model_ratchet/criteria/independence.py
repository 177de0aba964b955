"""The loud warning where rows look clustered and the model file binds no cluster."""

from collections.abc import Iterator

from model_ratchet.core.evidence import Counts, Evidence, Groups, Need, PairedCounts
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.criteria.base import MetricFacts, Scope
from model_ratchet.criteria.early import early_needs

WARN_BELOW = 0.001


def clustered_warning_needs(scope: Scope, metric: MetricFacts) -> Iterator[Need]:
    """The hourly counts, which are the same that early harm looks at."""
    yield from early_needs(scope, metric)


def clustered_warning(scope: Scope, evidence: Evidence, metric: MetricFacts) -> Iterator[Reason]:
    """One warning, when the hours (or days) of a stage scatter more than independent rows can."""
    from model_ratchet.stats.clusters import looks_clustered

    for need in clustered_warning_needs(scope, metric):
        answer = evidence.answer(need)
        if not isinstance(answer, Groups):
            continue
        for by, hours in (("hour", 1), ("day", 24)):
            found = looks_clustered(_blocks(answer, hours))
            if found is not None and found[1] < WARN_BELOW:
                yield because(Why.LOOKS_CLUSTERED, by=by, design_effect=round(found[0], 2), p_value=found[1])
                return


def _blocks(groups: Groups, hours: int) -> list[Counts] | list[PairedCounts]:
    """The hourly counts added over blocks of so many hours."""
    pairs: dict[int, PairedCounts] = {}
    counts: dict[int, Counts] = {}
    for hour, value in groups:
        block = int(hour) // hours
        if isinstance(value, PairedCounts):
            pairs[block] = pairs[block] + value if block in pairs else value
        elif isinstance(value, Counts):
            counts[block] = counts[block] + value if block in counts else value
    if pairs:
        return [pairs[block] for block in sorted(pairs)]
    return [counts[block] for block in sorted(counts)]
