"""The loud warning where rows look clustered and the model file binds no cluster."""

from collections.abc import Iterable, Iterator

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
    from model_ratchet.stats.clusters import looks_clustered, summed

    for need in clustered_warning_needs(scope, metric):
        answer = evidence.answer(need)
        if not isinstance(answer, Groups):
            continue
        hourly = [(int(hour), summed(one)) for hour, one in answer if isinstance(one, Counts | PairedCounts)]
        for by, groups in (("hour", [one for _, one in hourly]), ("day", _days(hourly))):
            found = looks_clustered(groups)
            if found is not None and found[1] < WARN_BELOW:
                yield because(Why.LOOKS_CLUSTERED, by=by, design_effect=round(found[0], 2), p_value=found[1])
                return


def _days(hourly: Iterable[tuple[int, tuple[int, int, int]]]) -> list[tuple[int, int, int]]:
    """The sums of the hours of each day, added."""
    days: dict[int, tuple[int, int, int]] = {}
    for hour, (n, first, second) in hourly:
        held = days.get(hour // 24, (0, 0, 0))
        days[hour // 24] = held[0] + n, held[1] + first, held[2] + second
    return [days[day] for day in sorted(days)]
