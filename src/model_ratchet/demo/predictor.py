"""Predictor: a logistic model of a flight's features, held as a plain file of weights, and how it is trained."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from model_ratchet.demo.flights import Features, Flight

_HINGES = {
    "departure_delay": (-10.0, 0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0),
    "recent_delay": (0.0, 10.0, 20.0, 40.0),
}
_NAMED = ("carrier", "origin", "dest")
_COUNTED = ("hour", "weekday")
_SCALES = {
    "distance": 1000.0,
    "block_minutes": 100.0,
    "queue": 20.0,
    "temp": 50.0,
    "wind_speed": 10.0,
    "precip": 0.1,
    "pressure": 1000.0,
    "visib": 10.0,
    "departure_delay": 10.0,
    "recent_delay": 10.0,
}
KNOWN = (*_NAMED, *_COUNTED, *_SCALES)
"""Every feature that a version can read."""

# a value beyond it is a fault of its sensor, and would drown every other feature
_LARGEST = 100.0


@dataclass(frozen=True, slots=True)
class Predictor:
    """A logistic model: its version, the features that it reads, and one weight for each of their terms."""

    version: str
    features: tuple[str, ...]
    intercept: float
    weights: Mapping[str, float]

    def predict(self, asked: Features) -> float:
        """The probability that the flight arrives late, above 0 and below 1, whatever is missing or unknown."""
        total = self.intercept
        weights = self.weights
        for name, value in terms(self.features, asked):
            total += weights.get(name, 0.0) * value
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))

    def to_bytes(self) -> bytes:
        """The model file; the same predictor gives the same bytes."""
        held = {
            "version": self.version,
            "features": self.features,
            "intercept": self.intercept,
            "weights": dict(sorted(self.weights.items())),
        }
        return (json.dumps(held, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The predictor that a model file holds."""
        held = json.loads(content)
        return cls(held["version"], tuple(held["features"]), held["intercept"], held["weights"])

    @property
    def digest(self) -> str:
        """The digest of the model file."""
        return f"sha256:{hashlib.sha256(self.to_bytes()).hexdigest()}"


def terms(features: Sequence[str], asked: Features) -> Iterator[tuple[str, float]]:
    """The terms of the linear model for one request: named values as 1, numbers scaled, delays piecewise linear.

    A number that is missing, or is none, gives the term ``<feature> missing``.
    """
    for feature in features:
        value = asked.get(feature)
        if feature in _NAMED:
            if value is not None:
                yield f"{feature}={value}", 1.0
            continue
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            yield f"{feature} missing", 1.0
        elif feature in _COUNTED:
            yield f"{feature}={value:.0f}", 1.0
        else:
            scale = _SCALES[feature]
            for hinge in _HINGES.get(feature, (None,)):
                scaled = value / scale if hinge is None else max(0.0, value - hinge) / scale
                yield (
                    (feature if hinge is None else f"{feature} above {hinge:g}"),
                    max(-_LARGEST, min(_LARGEST, scaled)),
                )


ITERATIONS = 200
"""Steps of the optimizer at most."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a predictor does on labelled flights: ``accuracy`` a fraction, ``log_loss`` in nats."""

    rows: int
    share_late: float
    accuracy: float
    log_loss: float


class Examples:
    """Labelled flights as the terms of some features, read once and fitted or scored in parts."""

    def __init__(self, features: tuple[str, ...], flights: Sequence[Flight]) -> None:
        """Flights without a label are left out.

        Raises:
            ImportError: the ``demo`` extra is not installed.
        """
        import numpy as np
        from sklearn.feature_extraction import DictVectorizer

        labelled = [flight for flight in flights if flight.late is not None]
        self.features = features
        self._vectors = DictVectorizer()
        self._matrix = self._vectors.fit_transform(dict(terms(features, flight.features)) for flight in labelled)
        self._late = np.array([bool(flight.late) for flight in labelled])
        self._months = np.array([flight.service_date.month for flight in labelled])

    def train(self, version: str, months: Sequence[int], *, strength: float) -> Predictor:
        """The predictor fitted to the flights of some months. ``strength`` is the inverse of the L2 penalty."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        chosen = np.isin(self._months, months)
        fitted = LogisticRegression(C=strength, max_iter=ITERATIONS, solver="lbfgs", tol=1e-3)
        fitted.fit(self._matrix[chosen], self._late[chosen])
        names = self._vectors.feature_names_
        weights = {name: float(f"{weight:.9g}") for name, weight in zip(names, fitted.coef_[0], strict=True)}
        return Predictor(version, self.features, float(f"{fitted.intercept_[0]:.9g}"), weights)

    def quality(self, predictor: Predictor, months: Sequence[int]) -> Quality:
        """The quality of a predictor on the flights of some months, of which there is at least one."""
        import numpy as np

        chosen = np.isin(self._months, months)
        late = self._late[chosen]
        weights = np.array([predictor.weights[name] for name in self._vectors.feature_names_])
        logit = np.clip(self._matrix[chosen] @ weights + predictor.intercept, -30.0, 30.0)
        loss = np.logaddexp(0.0, np.where(late, -logit, logit))
        return Quality(
            rows=int(late.size),
            share_late=float(late.mean()),
            accuracy=float(((logit > 0) == late).mean()),
            log_loss=float(loss.mean()),
        )
