"""Gathered: the evidence of a stage as what artefacts are computed from, or what of it is missing. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from model_ratchet.core.evidence import Counts, Evidence, Groups, Labels, LogHistogram, Missing, Need, Series
from model_ratchet.core.offers import Offers
from model_ratchet.core.reason import Why
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.criteria.base import Facts, StageFacts
from model_ratchet.criteria.integration import BlockNeeds, StageNeeds, stage_needs
from model_ratchet.documents.inherited import TrackEntry
from model_ratchet.documents.integration import Integration
from model_ratchet.engine.integrate.inputs import Block, Inherited, Inputs, Measured

ALL = "all"
"""The one segment of a model that tells none apart."""

T = TypeVar("T", Scores, Bets, Offers)


def inputs_of(
    facts: Facts,
    stage: StageFacts,
    evidence: Evidence,
    settings: Integration,
    *,
    inherited: Inherited | None,
    track: Mapping[str, TrackEntry],
) -> Inputs | Missing | None:
    """What the artefacts of a version are computed from; why it is not there; None where the stage is not over yet."""
    if facts.integration is None or stage.window is None or not stage.decidable:
        return None
    needs = stage_needs(facts.integration, stage.name, stage.window)
    missing = _missing(needs, evidence)
    if missing is not None:
        return missing
    measured, told = _measured(needs, evidence)
    labels = evidence.answer(needs.labels)
    return Inputs(
        model=facts.model,
        version=facts.candidate,
        stage=stage.name,
        start=stage.window.start,
        end=stage.window.end,
        settings=settings,
        blocks=tuple(_block(one, evidence) for one in needs.blocks),
        earlier=_earlier(needs.earlier, evidence, settings, stage.window.start),
        excluded=labels.excluded if isinstance(labels, Labels) else 0,
        inherited=inherited,
        track=track,
        measured=measured,
        allocated_memory_bytes=facts.allocation.get("memory"),
        missing=told,
    )


def whole(needs: StageNeeds, evidence: Evidence) -> Scores | None:
    """All forecasts of a stage in one histogram, None where it was not asked for them."""
    found = [scores for one in needs.blocks for scores in _by_segment(Scores, one.scores, evidence).values()]
    return sum(found[1:], found[0]) if found else None


def _missing(needs: StageNeeds, evidence: Evidence) -> Missing | None:
    """The first answer that is missing, for another reason than that a stretch of time held no event."""
    for block in (*needs.earlier, *needs.blocks):
        for need in (block.scores, block.bets, block.offers):
            answer = evidence.answer(need) if need is not None else None
            if isinstance(answer, Missing) and answer.reason.why is not Why.NO_ROWS:
                return answer
    held = whole(needs, evidence)
    return None if held is not None and held.n else _no_event(needs, evidence)


def _no_event(needs: StageNeeds, evidence: Evidence) -> Missing | None:
    answers = (evidence.answer(block.scores) for block in needs.blocks)
    return next((one for one in answers if isinstance(one, Missing)), None)


def _block(needs: BlockNeeds, evidence: Evidence, weight: float = 1.0) -> Block:
    return Block(
        scores=_by_segment(Scores, needs.scores, evidence),
        bets=_by_segment(Bets, needs.bets, evidence) if needs.bets is not None else {},
        offers=_by_segment(Offers, needs.offers, evidence) if needs.offers is not None else {},
        weight=weight,
    )


def _earlier(
    needs: Sequence[BlockNeeds], evidence: Evidence, settings: Integration, start: datetime
) -> tuple[Block, ...]:
    """The events of before the stage; under a half-life each block weighs less the longer its middle lies back."""
    half_life = settings.calibration.half_life
    found = []
    for one in needs:
        weight, window = 1.0, one.scores.window
        if half_life is not None and window is not None:
            age = start - window.start - window.length / 2
            weight = 0.5 ** (age / half_life.delta)
        found.append(_block(one, evidence, weight))
    return tuple(found)


def _by_segment(kind: type[T], need: Need, evidence: Evidence) -> Mapping[str, T]:
    answer = evidence.answer(need)
    if isinstance(answer, Groups):
        return {name: one for name, one in answer if isinstance(one, kind)}
    return {ALL: answer} if isinstance(answer, kind) else {}


def _measured(needs: StageNeeds, evidence: Evidence) -> tuple[Measured, Mapping[str, str]]:
    """How fast, how reliable and how large the candidate was, and why what is None is."""
    from model_ratchet.stats.quantiles import quantile_value

    told: dict[str, str] = {}
    found: dict[str, float | None] = {}
    for name, need in (("latency_p95_s", needs.latency), ("error_rate", needs.errors), ("memory_bytes", needs.memory)):
        answer = evidence.answer(need) if need is not None else None
        found[name] = None
        match answer:
            case LogHistogram() if answer.n:
                found[name] = quantile_value(answer, 0.95)
            case Counts() if answer.n:
                found[name] = answer.successes / answer.n
            case Series() if answer.points:
                found[name] = max(value for _, value in answer.points)
            case Missing():
                told[f"performance.{name}"] = str(answer.reason.why).replace("_", " ")
            case None:
                told[f"performance.{name}"] = "the model file binds no metric to it"
            case _:
                told[f"performance.{name}"] = "no rows"
    return Measured(**found), told
