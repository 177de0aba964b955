"""Calibration maps: what turns the probabilities that a model gives into those that come true, and how they are fitted.

They are fitted to cells: ``Cells.p`` holds one probability for each cell, ``n`` how many events have it and ``y`` how many of
those came, weighted or not; rows are cells of one event. Import this module where it is needed: it takes numpy with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Method: TypeAlias = Literal["identity", "temperature", "logistic", "beta", "isotonic"]
Parametric: TypeAlias = Literal["temperature", "logistic", "beta"]

SMALLEST = 1e-6
"""Probabilities are held within [1e-6, 1 − 1e-6], before and after a map."""

NAMES: dict[Parametric, tuple[str, ...]] = {"temperature": ("b",), "logistic": ("a", "b"), "beta": ("a", "b", "c")}
"""The coefficients of each family of maps, in the order in which they are held.

temperature: logit q = b·logit p, with b = 1/T. logistic: logit q = a + b·logit p (Platt 1999, on the logit). beta:
logit q = a·ln p − b·ln(1 − p) + c with a, b ≥ 0 (Kull, Silva Filho & Flach 2017, AISTATS, eq. 1).
"""

_MOST_STEPS = 100
_RUNAWAY = 50.0
"""No coefficient of a calibration map is as large: the events are separated."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Events by the probability that they were given: three arrays of shape (cells,), ``n`` above 0 and 0 ≤ ``y`` ≤ ``n``."""

    p: Floats
    n: Floats
    y: Floats

    def __post_init__(self) -> None:
        if not (self.p.ndim == 1 and self.p.shape == self.n.shape == self.y.shape):
            raise ValueError(f"cells of shapes {self.p.shape}, {self.n.shape} and {self.y.shape}")
        if not ((self.p >= 0) & (self.p <= 1)).all():
            raise ValueError("a probability lies outside [0, 1]")
        if not ((self.n > 0) & np.isfinite(self.n) & (self.y >= 0) & (self.y <= self.n)).all():
            raise ValueError("a cell holds no event, or more that came than there are")

    @classmethod
    def of(cls, p: ArrayLike, y: ArrayLike) -> "Cells":
        """Rows as cells of one event each. Raises ValueError where they are no probabilities and outcomes of one length."""
        given = np.asarray(p, dtype=np.float64)
        return cls(given, np.ones_like(given), np.asarray(y, dtype=np.float64))

    @property
    def events(self) -> float:
        """How many events there are, by their weights."""
        return float(self.n.sum())

    @property
    def one_class(self) -> bool:
        """Whether all events came, or none did: nothing can be fitted to them."""
        came = float(self.y.sum())
        return came <= 0 or came >= self.events

    def chosen(self, which: NDArray[np.bool_]) -> "Cells":
        """Some of the cells."""
        return Cells(self.p[which], self.n[which], self.y[which])


@dataclass(frozen=True, slots=True)
class Map:
    """A calibration map: the coefficients of its family, or the knots of an isotonic one (p rising, q not falling)."""

    method: Method
    coefficients: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()

    def __call__(self, p: ArrayLike) -> Floats:
        """The calibrated probabilities, of the shape of ``p`` and within [1e-6, 1 − 1e-6]; identity changes nothing."""
        given = np.asarray(p, dtype=np.float64)
        if self.method == "identity":
            return given
        if self.method == "isotonic":
            xs, qs = np.array(self.knots).T
            return np.asarray(np.clip(np.interp(given, xs, qs), SMALLEST, 1 - SMALLEST))
        c, a, b = self.beta
        held = np.clip(given, SMALLEST, 1 - SMALLEST)
        return np.asarray(np.clip(sigmoid(c + a * np.log(held) - b * np.log1p(-held)), SMALLEST, 1 - SMALLEST))

    @property
    def beta(self) -> tuple[float, float, float]:
        """c, a and b of the same map in the largest family: logit q = c + a·ln p − b·ln(1 − p)."""
        match self.method:
            case "temperature":
                (slope,) = self.coefficients
                return 0.0, slope, slope
            case "logistic":
                intercept, slope = self.coefficients
                return intercept, slope, slope
            case "beta":
                a, b, c = self.coefficients
                return c, a, b
            case _:
                return 0.0, 1.0, 1.0

    def within(self, family: Parametric) -> tuple[float, ...] | None:
        """The coefficients of the same map in another family, None where that family has no such map."""
        if self.method == "isotonic":
            return None
        c, a, b = self.beta
        found = {"temperature": (a,), "logistic": (c, a), "beta": (a, b, c)}[family]
        return found if Map(family, found).beta == (c, a, b) else None


IDENTITY = Map("identity")


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted map with its standard errors, in the order of ``NAMES``, and −ln of its likelihood."""

    map: Map
    errors: tuple[float, ...]
    loss: float


@dataclass(frozen=True, slots=True)
class Prior:
    """Where coefficients are expected (``centre``) and how far off they may be (``sd``, above 0), in the order of ``NAMES``."""

    centre: tuple[float, ...]
    sd: tuple[float, ...]


def fit(family: Parametric, cells: Cells, prior: Prior | None = None) -> Fit | None:
    """The map of a family that makes the events likeliest, shrunk to a prior where there is one.

    The loss is −Σ(y ln q + (n − y) ln(1 − q)) + ½ Σ((θ − centre)/sd)², its minimum is found by Newton's method, and the
    standard errors are those of its curvature. A negative a or b of the beta family is set to 0 and the rest fitted again.
    None where there is no such map: events of one class, or separated by their probabilities, and no prior to hold them.
    """
    if len(cells.p) == 0 and prior is None:
        return None
    design = _design(family, cells.p)
    free = np.ones(design.shape[1], dtype=bool)
    start = np.array(Map("identity").within(family) if prior is None else prior.centre)
    while True:
        found = newton(design[:, free], cells.n, cells.y, start[free], _part(prior, free))
        if found is None:
            return None
        theta = np.zeros(len(free))
        theta[free] = found.theta
        negative = np.array([name in ("a", "b") for name in NAMES[family]]) & (theta < 0)
        if family != "beta" or not negative.any():
            errors = np.zeros(len(free))
            errors[free] = np.sqrt(np.diag(found.covariance))
            return Fit(Map(family, tuple(theta.tolist())), tuple(errors.tolist()), found.loss)
        free &= ~negative


def isotonic(cells: Cells) -> Map:
    """The isotonic map of least squares (pool adjacent violators; Zadrozny & Elkan 2002), linear between its knots.

    Raises:
        ValueError: there is no cell.
    """
    if len(cells.p) == 0:
        raise ValueError("no event to fit to")
    from scipy.optimize import isotonic_regression

    xs, n, y = _by_probability(cells)
    q = np.clip(isotonic_regression(y / n, weights=n).x, 0.0, 1.0)
    ends = np.ones(len(q), dtype=bool)
    ends[1:-1] = (q[1:-1] != q[:-2]) | (q[1:-1] != q[2:])
    return Map("isotonic", knots=tuple(zip(xs[ends].tolist(), q[ends].tolist(), strict=True)))


def venn_abers(cells: Cells, p: ArrayLike) -> tuple[Floats, Floats]:
    """Two probabilities for each ``p`` that is asked about, one of which is calibrated (Vovk & Petej 2014, inductive).

    They are the isotonic fits with the event in question added as one that did not come, and as one that did. Shapes (asked,).

    Raises:
        ValueError: there is no cell.
    """
    if len(cells.p) == 0:
        raise ValueError("no event to fit to")
    from scipy.optimize import isotonic_regression

    xs, n, y = _by_probability(cells)
    asked, which = np.unique(np.asarray(p, dtype=np.float64), return_inverse=True)
    found = np.empty((2, len(asked)))
    for index, one in enumerate(asked):
        place = int(np.searchsorted(xs, one))
        there = place < len(xs) and xs[place] == one
        more_n, more_y = (n.copy(), y.copy()) if there else (np.insert(n, place, 0.0), np.insert(y, place, 0.0))
        more_n[place] += 1
        for came in (0, 1):
            more_y[place] += came
            found[came, index] = isotonic_regression(more_y / more_n, weights=more_n).x[place]
    return found[0][which], found[1][which]


@dataclass(frozen=True, slots=True)
class Newton:
    """The minimum of a penalised logistic loss: coefficients (k,), covariance (k, k), and the loss without the penalty."""

    theta: Floats
    covariance: Floats
    loss: float


def newton(design: Floats, n: Floats, y: Floats, start: Floats, prior: Prior | None = None) -> Newton | None:
    """Logistic regression of ``y`` of ``n`` on a design of shape (cells, k) by Newton's method with halved steps.

    None where the minimum lies at infinity or is not the only one.
    """
    centre = np.array(prior.centre) if prior is not None else np.zeros_like(start)
    weight = np.array(prior.sd) ** -2.0 if prior is not None else np.zeros_like(start)
    theta = start.astype(np.float64)

    def loss(at: Floats) -> float:
        eta = design @ at
        return float((n * np.logaddexp(0, eta) - y * eta).sum() + 0.5 * (weight * (at - centre) ** 2).sum())

    now = loss(theta)
    for _ in range(_MOST_STEPS):
        q = sigmoid(design @ theta)
        gradient = design.T @ (n * q - y) + weight * (theta - centre)
        curvature = (design.T * (n * q * (1 - q))) @ design + np.diag(weight)
        try:
            step = np.linalg.solve(curvature, gradient)
        except np.linalg.LinAlgError:
            return None
        share = 1.0
        while (there := loss(theta - share * step)) > now + 1e-12 * abs(now) and share > 1e-6:
            share /= 2
        theta, now = theta - share * step, there
        if not np.abs(theta).max(initial=0.0) < _RUNAWAY:
            return None
        if np.abs(step).max(initial=0.0) < 1e-11:
            covariance = np.asarray(np.linalg.inv(curvature), dtype=np.float64)
            return Newton(theta, covariance, now - 0.5 * float((weight * (theta - centre) ** 2).sum()))
    return None


def logit(p: ArrayLike) -> Floats:
    """ln(p/(1 − p)) with p held within [1e-6, 1 − 1e-6]."""
    held = np.clip(np.asarray(p, dtype=np.float64), SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(held) - np.log1p(-held))


def sigmoid(eta: Floats) -> Floats:
    """1/(1 + e^−η)."""
    from scipy.special import expit

    return np.asarray(expit(eta))


def losses(calibrate: Map, cells: Cells) -> Floats:
    """The log loss of each cell in nats, summed over its events: shape (cells,)."""
    q = np.clip(calibrate(cells.p), SMALLEST, 1 - SMALLEST)
    return np.asarray(-(cells.y * np.log(q) + (cells.n - cells.y) * np.log1p(-q)))


def _design(family: Parametric, p: Floats) -> Floats:
    held = np.clip(p, SMALLEST, 1 - SMALLEST)
    one = np.ones_like(held)
    columns: Sequence[Floats]
    match family:
        case "temperature":
            columns = (logit(held),)
        case "logistic":
            columns = (one, logit(held))
        case "beta":
            columns = (np.log(held), -np.log1p(-held), one)
    return np.stack(columns, axis=1)


def _part(prior: Prior | None, free: NDArray[np.bool_]) -> Prior | None:
    if prior is None:
        return None
    kept = np.flatnonzero(free)
    return Prior(tuple(prior.centre[i] for i in kept), tuple(prior.sd[i] for i in kept))


def _by_probability(cells: Cells) -> tuple[Floats, Floats, Floats]:
    """The cells of equal probability joined, by rising probability."""
    xs, place = np.unique(cells.p, return_inverse=True)
    n, y = (np.asarray(np.bincount(place, of), dtype=np.float64) for of in (cells.n, cells.y))
    return xs, n, y
