"""Traps: for each criterion of a plan, evidence on which it must not pass, although it passes on all the rest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan

from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Evidence, Missing, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.verdict import Leaf, Verdict
from model_ratchet.criteria.base import Criterion, Facts
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundCriterion, Plan
from model_ratchet.engine.record import as_sealed
from model_ratchet.engine.selftest import worse
from model_ratchet.engine.selftest.world import World, without

Fits = Callable[[Criterion, Facts], bool]
_BETTER = frozenset({"superiority", "quantile_superiority", "score_superiority"})
_CHOSEN = 0.001
"""A minimum improvement that a hundredth of a percentage point is far from."""


@dataclass(frozen=True, slots=True)
class Trap:
    """One way to worsen evidence, and the criteria that it is meant for."""

    id: str
    worsen: worse.Worsen
    fits: Fits = lambda _criterion, _facts: True


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a trap: the criteria that did not pass, and those that passed all the same."""

    held: tuple[str, ...]
    passed: tuple[str, ...]
    outcomes: frozenset[Outcome]


@dataclass(frozen=True)
class Baited:
    """A plan with evidence on which it passes, and how each of its criteria is judged on that."""

    plan: Plan
    evidence: Evidence
    verdict: Verdict

    @classmethod
    def of(cls, world: World) -> "Baited":
        """The world of a plan, sealed and judged."""
        plan, evidence = as_sealed(world.plan, world.evidence)
        return cls(plan, evidence, judge(plan, evidence))

    @property
    def leaves(self) -> Iterator[tuple[BoundCriterion, Leaf]]:
        """Each criterion with its judgement."""
        return self._beside(self.verdict)

    @cached_property
    def _known(self) -> Mapping[int, Leaf]:
        return {id(one): leaf for one, leaf in self.leaves}

    def _beside(self, verdict: Verdict) -> Iterator[tuple[BoundCriterion, Leaf]]:
        for gate, branch in zip(self.plan.gates, verdict.gates, strict=True):
            yield from zip(gate.criteria, branch.leaves, strict=True)

    @property
    def passing(self) -> tuple[BoundCriterion, ...]:
        """The criteria that apply and pass: of others a trap shows nothing."""
        return tuple(
            bound
            for bound, leaf in self.leaves
            if bound.not_applicable is None and leaf.judgement.outcome is Outcome.PASSED
        )

    def needs(self, bound: BoundCriterion) -> tuple[Need, ...]:
        """What a criterion asks for; nothing where it does not apply."""
        return bound.criterion.needs(self.plan.scope(bound)) if bound.not_applicable is None else ()

    def outcome(self, bound: BoundCriterion, changed: Mapping[Need, worse.Answer]) -> Outcome:
        """How one criterion is judged where some answers are other ones, which are sealed first as in every verdict.

        Raises:
            RecordError: one of them can't be sealed, so that nothing is judged.
        """
        _, sealed = as_sealed(self.plan, Evidence(changed))
        verdict = judge(
            self.plan,
            without(self.evidence, sealed.answers),
            known=lambda one: None if one is bound else self._known[id(one)],
        )
        return next(leaf.judgement.outcome for one, leaf in self._beside(verdict) if one is bound)

    def tried(self, trap: Trap) -> Tried:
        """What each criterion that a trap is meant for says of evidence that is worsened so."""
        held: list[str] = []
        passed: list[str] = []
        outcomes: set[Outcome] = set()
        for bound in self.passing:
            if not trap.fits(bound.criterion, self.plan.facts):
                continue
            changed = dict(self.worsened(bound, trap.worsen))
            if not changed:
                continue
            name = bound.criterion.id
            try:
                outcome = self.outcome(bound, changed)
            except RecordError:  # what is no number is never sealed, and so never judged
                outcome = Outcome.ERRORED
            outcomes.add(outcome)
            (passed if outcome is Outcome.PASSED else held).append(name)
        return Tried(tuple(dict.fromkeys(held)), tuple(dict.fromkeys(passed)), frozenset(outcomes))

    def worsened(self, bound: BoundCriterion, worsen: worse.Worsen) -> Iterator[tuple[Need, worse.Answer]]:
        """The answers to a criterion's needs that become other ones."""
        for need in self.needs(bound):
            answer = self.evidence.answer(need)
            if not isinstance(answer, Missing):
                changed = worsen(need, answer)
                if changed is not answer and changed != answer:
                    yield need, changed


def _kinds(*kinds: str) -> Fits:
    return lambda criterion, _: criterion.kind in kinds


def _asks_by(criterion: Criterion, _: Facts) -> bool:
    by = getattr(criterion, "by", None)
    return criterion.kind in _BETTER and by is not None and by.value >= _CHOSEN


def _compares(criterion: Criterion, _: Facts) -> bool:
    return criterion.compares and criterion.kind not in ("rollback_drill", "distribution")


def _of_log(criterion: Criterion, _: Facts) -> bool:
    return criterion.kind not in ("distribution", "sample_ratio")


def _clustered(criterion: Criterion, facts: Facts) -> bool:
    return facts.cluster is not None and criterion.comparative


def _labelled(criterion: Criterion, facts: Facts) -> bool:
    del criterion
    return (facts.min_label_coverage or 0.0) > 0.1


TRAPS: tuple[Trap, ...] = (
    Trap("E01", lambda _need, _answer: worse.NOTHING),
    Trap("E02", worse.of_parts(worse.emptied), lambda criterion, _: criterion.kind != "artifacts"),
    Trap("E03", worse.of_parts(worse.no_number(nan))),
    Trap("E03", worse.of_parts(worse.no_number(inf))),
    Trap("E03", worse.of_parts(worse.no_number(-inf))),
    Trap("E04", worse.no_baseline, _compares),
    Trap("E09", lambda _need, _answer: worse.UNREACHABLE),
    Trap("E12", worse.another_shape),
    Trap("E13", worse.one_group, _kinds("segments")),
    Trap("E16", worse.slow(0.0001), _kinds("maximum")),
    Trap("E17", worse.of_parts(worse.five_of_six), _kinds("rate_limit")),
    Trap("E18", worse.of_parts(worse.same_answers), _kinds(*_BETTER)),
    Trap("E20", worse.of_parts(worse.tiny_difference), _asks_by),
    Trap("E21", worse.of_few(8), _of_log),
    Trap("E25", worse.of_parts(worse.slow(0.6)), _kinds("quantile_limit", "load", "maximum")),
    Trap("E26", worse.of_parts(worse.two_clusters), _clustered),
    Trap("E27", worse.worse_in_each, _kinds("segments")),
    Trap("E29", worse.rows_of(worse.stale), _kinds("coverage")),
    Trap("E30", worse.rows_of(worse.gapped), _kinds("coverage")),
    Trap("E32", worse.rows_of(worse.nobody), lambda criterion, _: criterion.kind not in ("distribution",)),
    Trap("E33", worse.rows_of(worse.starved), _kinds("sample_ratio")),
    Trap("E34", worse.unlabelled, _labelled),
    Trap("E35", worse.rows_of(worse.mixed), _kinds("identity")),
)
