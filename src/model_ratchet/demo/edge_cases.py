"""Edge cases: odd requests that a version must answer with a probability, whatever is missing, unknown or absurd."""

import math
from collections.abc import Iterator, Mapping, Sequence

from model_ratchet.demo.flights import Features
from model_ratchet.demo.predictor import Predictor

_PLAIN: Features = {
    "carrier": "UA",
    "origin": "EWR",
    "dest": "ORD",
    "hour": 9.0,
    "weekday": 2.0,
    "distance": 719.0,
    "block_minutes": 150.0,
    "queue": 20.0,
    "departure_delay": 5.0,
    "recent_delay": 4.0,
    "temp": 80.0,
    "wind_speed": 8.0,
    "precip": 0.0,
    "pressure": 1015.0,
    "visib": 10.0,
}
_WEATHER = ("temp", "wind_speed", "precip", "pressure", "visib")

CASES: Mapping[str, Features] = {
    "plain": _PLAIN,
    "no weather": {**_PLAIN, **dict.fromkeys(_WEATHER)},
    "unknown carrier": {**_PLAIN, "carrier": "ZZ"},
    "unknown destination": {**_PLAIN, "dest": "XXX"},
    "unknown origin": {**_PLAIN, "origin": "???"},
    "carrier absent": {**_PLAIN, "carrier": None},
    "cancelled: no departure delay": {**_PLAIN, "departure_delay": None},
    "first flight of the day": {**_PLAIN, "recent_delay": None},
    "left an hour early": {**_PLAIN, "departure_delay": -60.0},
    "left a day late": {**_PLAIN, "departure_delay": 1440.0},
    "sensor fault: pressure 0": {**_PLAIN, "pressure": 0.0},
    "sensor fault: not a number": {**_PLAIN, "wind_speed": math.nan},
    "sensor fault: infinite": {**_PLAIN, "visib": math.inf},
    "storm": {**_PLAIN, "wind_speed": 1050.0, "precip": 3.0, "visib": 0.0},
    "text for a number": {**_PLAIN, "distance": "far"},
    "hour 24": {**_PLAIN, "hour": 24.0},
    "nothing known": {},
    "a key too many": {**_PLAIN, "gate": "C71"},
}


def run_cases(predictor: Predictor, lost: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each case, and whether the version answered it with the same probability twice, above 0 and below 1."""
    for name, features in CASES.items():
        given = {key: value for key, value in features.items() if key not in lost}
        try:
            first, second = predictor.predict(given), predictor.predict(given)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            yield name, False
            continue
        yield name, 0 < first < 1 and first == second
