"""Artifacts: applies what ``ratchet integrate`` wrote. This file stands alone: copy it into what serves the model.

It takes PyYAML, and numpy only where it is handed arrays. One number costs a few microseconds; an array is one pass::

    served = Artifacts.load("promotions/props/v2.0.0_20250701_090000/artifacts")
    served.calibrate(0.61, "nba")
    served.confidence({"p": 0.61, "market": 0.55, "odds": 1.9, "segment": "nba"})
    served.weights()
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from math import erfc, exp, log, log1p, sqrt
from pathlib import Path
from typing import Any

import yaml

SMALLEST = 1e-6
"""Probabilities are held within [1e-6, 1 − 1e-6], before and after a map."""
NAMES = {"Calibration": "calibration", "Confidence": "confidence", "Optimizer": "optimizer"}

_SHAPES = {"temperature": ("", "b", "b"), "logistic": ("a", "b", "b"), "beta": ("c", "a", "b")}
"""Of logit q = c + a·ln p − b·ln(1 − p): where a map holds c, a and b."""

Apply = Callable[[Any], Any]


class Artifacts:
    """The three artefacts of one version.

    Probabilities are numbers in [0, 1] or numpy arrays of them, and what comes back has their shape.
    """

    def __init__(
        self, calibration: Mapping[str, Any], confidence: Mapping[str, Any], optimizer: Mapping[str, Any]
    ) -> None:
        """The artefacts as their files hold them.

        Raises:
            ValueError: one of them is of another kind or format, or they are of several versions.
        """
        held: dict[str, Any] = {"Calibration": calibration, "Confidence": confidence, "Optimizer": optimizer}
        for kind, one in held.items():
            if not isinstance(one, Mapping) or (one.get("apiVersion"), one.get("kind")) != ("ratchet/v1", kind):
                raise ValueError(f"this is no {kind} of ratchet/v1")
        if len({(one["model"], one["version"]) for one in held.values()}) > 1:
            raise ValueError("the artefacts are of several versions: take all three from one folder")
        self.model: str = calibration["model"]
        self.version: str = calibration["version"]
        self._overall = _map(calibration["overall"]["map"])
        self._maps = {name: _map(entry["map"]) for name, entry in calibration["segments"].items()}
        self._sure = _map(confidence["recalibration"]["map"])
        self._edge = _edge(confidence["edge_model"])
        self._edges = {name: _edge(entry) for name, entry in confidence["edge_models"].items()}
        self._components: dict[str, float] = confidence["evaluation"]["components"]
        self._tiers = sorted(confidence["evaluation"]["tiers"].items(), key=lambda item: item[1], reverse=True)
        self._optimizer = optimizer

    @classmethod
    def load(cls, folder: str | Path) -> Artifacts:
        """The artefacts in a folder: ``calibration.yaml``, ``confidence.yaml`` and ``optimizer.yaml``.

        Raises:
            ValueError: one does not read, or is not what it should be.
            OSError: one is not there.
        """
        values = []
        for name in NAMES.values():
            try:
                values.append(yaml.safe_load((Path(folder) / f"{name}.yaml").read_text(encoding="utf-8")))
            except yaml.YAMLError as error:
                raise ValueError(f"{name}.yaml is no YAML: {error}") from None
        return cls(*values)

    def calibrate(self, p: Any, segment: str | None = None) -> Any:
        """The calibrated probability; a segment that has no map of its own takes that of all events.

        Raises:
            ValueError: a probability lies outside [0, 1], or is NaN.
        """
        return self._maps.get(segment, self._overall)(p) if segment is not None else self._overall(p)

    def pick(self, p: Any, segment: str | None = None) -> Any:
        """How sure the likelier outcome is, from ½ to 1: the larger of q and 1 − q, recalibrated to how often picks are right.

        Raises:
            ValueError: a probability lies outside [0, 1], or is NaN.
        """
        q = self.calibrate(p, segment)
        if isinstance(q, float):
            return self._sure(max(q, 1 - q))
        import numpy as np

        return self._sure(np.maximum(q, 1 - q))

    def confidence(self, edge: Mapping[str, Any]) -> Any:
        """P(p_true > 1/odds) of an edge, None where no regression on the market could be fitted.

        ``edge`` holds ``p`` (the model's probability as it gives it), ``market`` (the market's, without the margin), ``odds``
        (decimal, above 1) and, where there is one, the ``segment``. A segment without a regression of its own takes that of
        all events.

        Raises:
            ValueError: a probability lies outside [0, 1], odds are not above 1, or a number is NaN.
        """
        apply = self._edges.get(edge.get("segment", "")) or self._edge
        return apply(edge["market"], edge["p"], edge["odds"]) if apply is not None else None

    def score(self, components: Mapping[str, float | None]) -> float | None:
        """The weighted mean of the components of an edge that are known; None where none of them is.

        Weights are scaled to sum to 1 over those. Raises ValueError for a component that the evaluation does not have.
        """
        unknown = components.keys() - self._components.keys()
        if unknown:
            raise ValueError(f"no component is called {min(unknown)}: there are {', '.join(sorted(self._components))}")
        known = [(self._components[name], value) for name, value in components.items() if value is not None]
        total = sum(weight for weight, _ in known)
        return sum(weight * value for weight, value in known) / total if known else None

    def tier(self, confidence: float) -> str | None:
        """The highest tier that a confidence reaches, None where it reaches none."""
        return next((name for name, at_least in self._tiers if confidence >= at_least), None)

    def weights(self) -> dict[str, float] | None:
        """Segment → its share, summing to 1 over the segments that were measured; None where none was."""
        weights = self._optimizer["weights"]
        return None if weights is None else dict(weights)

    def stake(self, edge: Mapping[str, Any]) -> float:
        """The share of the bankroll for one edge: a fraction of Kelly's, on a probability moved towards the market's.

        How far is what the segment's regression says; where it says nothing, the market alone counts and nothing is staked.
        ``edge`` is as in ``confidence``, of single numbers, and raises as there.
        """
        p, market, odds = edge["p"], edge["market"], edge["odds"]
        _check(market, p, odds)
        own = self._optimizer["model_weights"].get(edge.get("segment", "")) or 0.0
        kelly: dict[str, float] = self._optimizer["kelly"]
        chance = own * self.calibrate(p, edge.get("segment")) + (1 - own) * market
        full = max(0.0, (chance * odds - 1) / (odds - 1))
        return float(min(kelly["cap_per_bet"], kelly["fraction"] * full))


def _map(held: Mapping[str, Any]) -> Apply:
    """A calibration map as a function of a number or of an array."""
    method = held["method"]
    if method == "identity":
        return _identity
    if method == "isotonic":
        return _isotonic(held["knots"])
    if method not in _SHAPES:
        raise ValueError(f"no map is called {method}: there are identity, isotonic, {', '.join(_SHAPES)}")
    c, a, b = (float(held[name]) if name else 0.0 for name in _SHAPES[method])

    def apply(p: Any) -> Any:
        if isinstance(p, float | int):
            if not 0 <= p <= 1:
                raise ValueError(f"{p} is no probability: it lies outside [0, 1]")
            held = min(max(p, SMALLEST), 1 - SMALLEST)
            eta = c + a * log(held) - b * log1p(-held)
            q = 1 / (1 + exp(-eta)) if eta >= 0 else exp(eta) / (1 + exp(eta))
            return min(max(q, SMALLEST), 1 - SMALLEST)
        import numpy as np

        many = np.clip(_array(p), SMALLEST, 1 - SMALLEST)
        eta = c + a * np.log(many) - b * np.log1p(-many)
        small = np.exp(-np.abs(eta))
        return np.clip(np.where(eta >= 0, 1 / (1 + small), small / (1 + small)), SMALLEST, 1 - SMALLEST)

    return apply


def _identity(p: Any) -> Any:
    if isinstance(p, float | int):
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is no probability: it lies outside [0, 1]")
        return float(p)
    return _array(p)


def _isotonic(knots: list[list[float]]) -> Apply:
    xs, qs = [float(x) for x, _ in knots], [float(q) for _, q in knots]

    def apply(p: Any) -> Any:
        if isinstance(p, float | int):
            if not 0 <= p <= 1:
                raise ValueError(f"{p} is no probability: it lies outside [0, 1]")
            after = bisect_right(xs, p)
            if after in (0, len(xs)):
                q = qs[0 if after == 0 else -1]
            else:
                share = (p - xs[after - 1]) / (xs[after] - xs[after - 1])
                q = qs[after - 1] + share * (qs[after] - qs[after - 1])
            return min(max(q, SMALLEST), 1 - SMALLEST)
        import numpy as np

        return np.clip(np.interp(_array(p), xs, qs), SMALLEST, 1 - SMALLEST)

    return apply


def _edge(held: Mapping[str, Any] | None) -> Callable[[Any, Any, Any], Any] | None:
    """The regression on market and model as the probability that an offer is worth more than it costs."""
    if held is None:
        return None
    a, c, b = float(held["a"]), float(held["c"]), float(held["b"])
    (aa, ac, ab), (_, cc, cb), (_, _, bb) = held["covariance"]

    def apply(market: Any, model: Any, odds: Any) -> Any:
        if all(isinstance(value, float | int) for value in (market, model, odds)):
            _check(market, model, odds)
            x, z = _logit(market), _logit(model)
            variance = aa + cc * x * x + bb * z * z + 2 * (ac * x + ab * z + cb * x * z)
            return 0.5 * erfc((_logit(1 / odds) - a - c * x - b * z) / sqrt(2 * variance))
        import numpy as np

        offered = np.asarray(odds, dtype=float)
        if not (offered > 1).all():
            raise ValueError("decimal odds are above 1")
        x, z, price = (
            np.log(held) - np.log1p(-held)
            for held in (np.clip(_array(p), SMALLEST, 1 - SMALLEST) for p in (market, model, 1 / offered))
        )
        variance = aa + cc * x * x + bb * z * z + 2 * (ac * x + ab * z + cb * x * z)
        standard = (price - a - c * x - b * z) / np.sqrt(2 * variance)
        return 0.5 * np.reshape([erfc(one) for one in np.ravel(standard)], np.shape(standard))

    return apply


def _check(market: float, model: float, odds: float) -> None:
    if not (0 <= market <= 1 and 0 <= model <= 1):
        raise ValueError(f"{market} or {model} is no probability: it lies outside [0, 1]")
    if not odds > 1:
        raise ValueError(f"{odds} is no decimal odds: they are above 1")


def _logit(p: float) -> float:
    held = min(max(p, SMALLEST), 1 - SMALLEST)
    return log(held) - log1p(-held)


def _array(p: Any) -> Any:
    import numpy as np

    found = np.asarray(p, dtype=float)
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError("a probability lies outside [0, 1]")
    return found
