"""Guards: what the ledger remembers of a model and asks of its next promotion. Pure.

Rollbacks, attempts at one baseline, and the sum of small steps since the golden baseline.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from model_ratchet.core.names import Version
from model_ratchet.core.units import Scale
from model_ratchet.criteria.non_inferiority import NonInferiority
from model_ratchet.criteria.superiority import Superiority
from model_ratchet.documents.events import PromotedVersion
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.record import Record
from model_ratchet.engine.story import Story


def named_records(documents: Documents, story: Story) -> tuple[str, ...]:
    """The digests of the records that the sum since the golden baseline is made of."""
    return tuple(one.record for one in _since_golden(documents, story) or () if one.record is not None)


def in_view_of(documents: Documents, story: Story, records: Mapping[str, Record]) -> Documents:
    """The documents of a promotion with what the story of its model holds against it.

    ``records`` are those of ``named_records``, by their digests.
    """
    request = documents.request
    baseline = _baseline(documents)
    others = [
        one
        for one in story.attempts
        if one.admitted.baseline == baseline and one.admitted.digest != request.artifact.digest
    ]
    return replace(
        documents,
        rolled_back=story.rollback_of(str(request.candidate), request.artifact.digest),
        others_tried=len(others),
        not_golden=_not_golden(documents, story),
        drift=_drift(documents, story, records),
    )


def _drift(documents: Documents, story: Story, records: Mapping[str, Record]) -> Mapping[str, float]:
    """Metric → the sum of the sealed differences, for those of which each step has one."""
    steps = _since_golden(documents, story)
    if steps is None:
        return {}
    sums = dict.fromkeys(documents.model.metrics, 0.0)
    for step in steps:
        record = records.get(step.record or "")
        changed = _changes(record) if record is not None else {}
        sums = {metric: total + changed[metric] for metric, total in sums.items() if metric in changed}
    return sums


def _since_golden(documents: Documents, story: Story) -> tuple[PromotedVersion, ...] | None:
    """The promotions after the golden baseline up to the baseline, the newest first; None where they lead nowhere."""
    golden, at = documents.model.golden, _baseline(documents)
    if golden is None:
        return None
    steps: list[PromotedVersion] = []
    while at is not None and at != golden:
        step = story.standing.get(str(at))
        if step is None or step in steps:
            return None
        steps.append(step)
        at = step.baseline
    return tuple(steps) if at == golden else None


def _not_golden(documents: Documents, story: Story) -> str | None:
    golden = documents.model.golden
    waived = next((one.waiver for one in story.waived if one.candidate == golden), None)
    if waived is not None:
        return f"{golden} passed by the waiver {waived}: what was let through is no measure for others"
    if golden is not None and any(one.version == golden for one in story.unverified):
        return f"no verdict vouches for {golden}: it is no measure for others"
    return None


def _changes(record: Record) -> Mapping[str, float]:
    """Metric → candidate − baseline as it was sealed; of several comparisons that over most rows."""
    found = sorted(_compared(record), key=lambda one: one[1])
    return {metric: value for metric, _, value in found}


def _compared(record: Record) -> Iterator[tuple[str, int, float]]:
    criteria = {bound.criterion.id: bound.criterion for bound in record.plan.bound()}
    for gate in record.verdict.gates:
        for leaf in gate.leaves:
            criterion, estimate = criteria.get(leaf.id), leaf.judgement.estimate
            if not isinstance(criterion, Superiority | NonInferiority) or estimate is None:
                continue
            if estimate.scale is Scale.ABSOLUTE:
                yield criterion.metric, estimate.n, estimate.value


def _baseline(documents: Documents) -> Version | None:
    stated = documents.request.baseline
    return stated if isinstance(stated, Version) else None
