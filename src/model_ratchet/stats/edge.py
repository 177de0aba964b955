"""Edge: whether a model knows more than the market, and how sure it may be that an offer is worth more than it costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from model_ratchet.stats.maps import Floats, logit, newton
from model_ratchet.stats.tails import chi_square_above


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeModel:
    """logit P = a + c·logit(market) + b·logit(model), fitted to outcomes."""

    a: float
    c: float
    b: float
    covariance: tuple[tuple[float, float, float], ...]
    """Of a, c and b."""
    statistic: float
    """Twice the gain in log likelihood of the model's term, given the market's (likelihood ratio)."""
    p_value: float
    """How often chance alone gives as much: that the edge exists is shown where it is small and b > 0."""
    events: float

    @property
    def model_weight(self) -> float:
        """The share of the model in what both say, max(0, b/(b + c)), 0 to 1: of the market nothing is left below c = 0."""
        if self.b <= 0:
            return 0.0
        return self.b / (self.b + max(self.c, 0.0))

    def confidence(self, market: ArrayLike, model: ArrayLike, odds: ArrayLike) -> Floats:
        """P(p_true > 1/odds): Φ((η − logit(1/odds))/se(η)), with se(η) by the delta method. Arrays of one shape.

        ``market`` is the market's probability without its margin, ``odds`` are decimal and above 1.

        Raises:
            ValueError: odds are not above 1.
        """
        from scipy.special import ndtr

        offered = np.asarray(odds, dtype=np.float64)
        if not (offered > 1).all():
            raise ValueError("decimal odds are above 1")
        terms = np.stack(np.broadcast_arrays(np.ones_like(offered), logit(market), logit(model)), axis=-1)
        eta = terms @ np.array([self.a, self.c, self.b])
        error = np.sqrt(np.einsum("...i,ij,...j->...", terms, np.array(self.covariance), terms))
        return np.asarray(ndtr((eta - logit(1 / offered)) / error))


def edge_model(market: Floats, model: Floats, n: Floats, y: Floats) -> EdgeModel | None:
    """The regression of outcomes on what the market and the model say, with the test that the model adds something.

    Four arrays of shape (cells,): probabilities, events, and how many of them came. None where the events are of one class,
    separated, or market and model can't be told apart.
    """
    both = np.stack([np.ones_like(market), logit(market), logit(model)], axis=1)
    with_model = newton(both, n, y, np.array([0.0, 0.5, 0.5])) if len(market) else None
    without = newton(both[:, :2], n, y, np.array([0.0, 1.0])) if len(market) else None
    if with_model is None or without is None:
        return None
    a, c, b = (float(value) for value in with_model.theta)
    statistic = max(0.0, 2 * (without.loss - with_model.loss))
    rows = with_model.covariance.tolist()
    return EdgeModel(
        a=a,
        c=c,
        b=b,
        covariance=tuple((row[0], row[1], row[2]) for row in rows),
        statistic=statistic,
        p_value=chi_square_above(statistic, 1),
        events=float(n.sum()),
    )
