"""betting: what the candidate's bets are worth is not less than the baseline's, by a margin."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from model_ratchet.core.evidence import Evidence, Need
from model_ratchet.core.fields import PointsField
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.scored import Bets
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.base import Comparative, Scope
from model_ratchet.criteria.by_day import SEED, both_days, both_needs, day_misfits, not_worse
from model_ratchet.criteria.comparison import guard_warnings


class Betting(Comparative):
    """What the candidate's bets are worth is not less than the baseline's, by more than a margin.

    Whole days are drawn again, 4,000 times, the same for both arms; passed when the lower bound of the difference clears the
    margin, failed when the upper bound is below it, and inconclusive otherwise, with the number of further bets that would
    decide. A return is mostly luck for some ten thousand bets, the closing line for some hundred: where the return of the
    candidate is above 0 and its closing line below, a warning says so.
    """

    summary: ClassVar[str] = (
        "the worth of bets (edge success, return, closing line, Sharpe ratio) not less by more than a margin"
    )

    kind: Literal["betting"]
    measure: Literal["edge_success", "return", "closing_line", "sharpe"]
    """`return`: profit over stakes; `sharpe`: mean over deviation of the profit of a bet, not annualised."""
    definition: Literal["above_break_even", "beats_closing", "odds", "fair"] | None = None
    """Of `edge_success`: `above_break_even`, the rate of winning less the mean of 1/odds, or `beats_closing`, the share taken
    above the closing odds. Of `closing_line`: `odds`, odds taken over closing odds less 1, or `fair`, odds taken times the
    closing probability without the margin, less 1."""
    margin: PointsField
    """How much less still counts as not less: `1pp` is 0.01 of the measure."""

    @model_validator(mode="after")
    def _defined(self) -> Self:
        known = {"edge_success": ("above_break_even", "beats_closing"), "closing_line": ("odds", "fair")}
        allowed = known.get(self.measure)
        if allowed is None and self.definition is not None:
            raise ValueError(f"`{self.measure}` has one definition: remove `definition`")
        if allowed is not None and self.definition not in allowed:
            raise ValueError(f"`{self.measure}` needs its `definition`: {' or '.join(allowed)}")
        return self

    def misfits(self, scope: Scope) -> Iterator[str]:
        """The measures are of bets, and the stages must hold enough days."""
        yield from day_misfits(scope, self.metric, "bets", self.min_clusters)

    def needs(self, scope: Scope) -> tuple[Need, ...]:
        """The bets of both arms by day, and the guards of a comparison."""
        return both_needs(scope, Bets, self.metric)

    def judge(self, scope: Scope, evidence: Evidence) -> Judgement:
        """Passed, failed or inconclusive, from the interval of the difference."""
        from model_ratchet.stats.betting import betting_difference, value

        days = both_days(self, scope, evidence, Bets)
        if isinstance(days, Judgement):
            return days
        if any(value(arm, self._read) is None for arm in days):
            reason = because(Why.NO_CLOSING if self._closing else Why.IDENTICAL, rows=sum(day.n for day in days[1]))
            return Judgement(outcome=Outcome.ERRORED if self._closing else Outcome.INCONCLUSIVE, reason=reason)
        alpha = self.alpha / scope.facts.alpha_divisor
        estimate = betting_difference(*days, self._read, level=1 - 2 * alpha, seed=SEED)
        outcome, reason = not_worse(estimate, self.margin, alpha)
        return Judgement(
            outcome=outcome,
            reason=reason,
            estimate=estimate,
            warnings=(*guard_warnings(scope, evidence, scope.facts.metrics[self.metric]), *self._disagreement(days[1])),
        )

    @property
    def _read(self) -> Literal["above_break_even", "beats_closing", "return", "closing_odds", "closing_fair", "sharpe"]:
        """The measure by the name that ``stats.betting`` gives it."""
        match self.measure, self.definition:
            case _, "above_break_even" | "beats_closing" as definition:
                return definition
            case _, "odds":
                return "closing_odds"
            case _, "fair":
                return "closing_fair"
            case "sharpe", _:
                return "sharpe"
            case _:
                return "return"

    @property
    def _closing(self) -> bool:
        """Whether it reads the closing odds."""
        return self.measure == "closing_line" or self.definition == "beats_closing"

    def _disagreement(self, candidate: Sequence[Bets]) -> Iterator[Reason]:
        """Where the return says yes and the closing line says no."""
        from model_ratchet.stats.betting import value

        gained = value(candidate, "return")
        lines = (value(candidate, "closing_fair"), value(candidate, "closing_odds"))
        line = next((one for one in lines if one is not None), None)
        if self.measure == "return" and gained is not None and line is not None and line < 0 < gained:
            yield because(Why.LINE_DISAGREES, gained=gained, line=line)
