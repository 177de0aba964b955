"""Logs of forecasts and of bets for tests, and what their sums are, row by row in plain Python."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, log

import numpy as np

from builders.logs import BASELINE, CANDIDATE, START, Row, a_model
from model_ratchet.core.evidence import Arm, Groups
from model_ratchet.core.scored import Bets, Scores
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.stats import forecast

HEAD = """\
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at}
rows:
  source: log
  layout: long
  request_id: request_id
  arm: version
  exposure: {column: mode, served: served, mirrored: shadow}
cluster: {column: match_day, within_window: hour}
labels: {arrived_at: label_time, mature_after: 6h, min_coverage: 90%}
metrics:
"""
FORECAST = HEAD + "  forecast: {kind: probability, score: p, label: came, exclude: [0.5]}\nsegments: [league]\n"
BETS = (
    HEAD
    + """\
  bets:
    kind: bets
    stake: stake
    odds: odds
    result: came
    exclude: [0.5]
    closing_odds: closing
    closing_against: [against]
"""
)
WIDE = """\
apiVersion: ratchet/v1
kind: Model
name: flight-delay
policies: [standard/1.0.0]
time: {column: requested_at}
rows: {source: log, layout: wide, request_id: request_id, columns: {baseline: p_old, candidate: p_new}}
labels: {mature_after: 6h, min_coverage: 90%}
metrics:
  forecast: {kind: probability, label: came, exclude: [0.5]}
"""
OF_EVENTS = {
    "forecast": MetricFacts(name="forecast", kind="probability", unit="fraction", better="lower", labelled=True),
    "bets": MetricFacts(name="bets", kind="bets", unit="fraction", labelled=True),
}
FORECASTS = a_model(FORECAST)
BETTING = a_model(BETS)
IN_WIDE = a_model(WIDE)
BOTH = a_model(FORECAST.replace("segments:", BETS.removeprefix(HEAD) + "segments:"))
PRICED = a_model(
    FORECAST.replace("segments:", BETS.removeprefix(HEAD) + "segments:")
    + "integrate: {score: forecast, segments: league, market: said, bets: bets}\n"
)
"""The market's probability is in the column ``said``."""


def an_event(number: int, **changes: object) -> Row:
    """A row of the candidate: a forecast that came true, and a bet of 1 at odds of 2 that was won."""
    at = START + timedelta(seconds=10 * number)
    row: Row = {
        "request_id": f"r{number:06}",
        "requested_at": at,
        "label_time": at + timedelta(hours=1),
        "version": CANDIDATE,
        "mode": "served",
        "p": 0.75,
        "came": 1.0,
        "match_day": "2025-08-04",
        "league": "north",
        "stake": 1.0,
        "odds": 2.0,
        "closing": 1.9,
        "against": 2.05,
    }
    assert row.keys() >= changes.keys(), changes.keys() - row.keys()
    return row | changes


def both(number: int, **changes: object) -> list[Row]:
    """One event in both arms."""
    return [an_event(number, **changes), an_event(number, **(changes | {"version": BASELINE, "mode": "shadow"}))]


def random_events(seed: int, count: int, days: int = 3) -> list[Row]:
    """Events over some days, each seen by both arms: some ties, some without a bet, some without closing odds."""
    draw = random.Random(seed)  # noqa: S311  (the same rows for the same seed)
    rows = []
    for number in range(count):
        at = START + timedelta(microseconds=draw.randrange(days * 86_400_000_000))
        shared = {
            "requested_at": at,
            "came": draw.choice((0.0, 0.0, 1.0, 1.0, 0.5, None)),
            "label_time": draw.choice((None, at + timedelta(hours=1), at + timedelta(hours=1))),
            "match_day": f"{at:%Y-%m-%d}",
            "league": draw.choice(("north", "north", "south", None)),
            "odds": round(1 + draw.random() * 4, 2) + 0.01,
            "closing": draw.choice((None, round(1 + draw.random() * 4, 2) + 0.01)),
            "against": round(1 + draw.random() * 4, 2) + 0.01,
        }
        rows += [
            row
            | {
                "p": draw.choice((0.0, 1.0, 0.5, round(draw.random(), 3), draw.random())),
                "stake": draw.choice((None, 0.0, 1.0, round(draw.random() * 20, 2) + 0.01)),
            }
            for row in both(number, **shared)
        ]
    return rows


def priced(rows: Sequence[Row]) -> list[Row]:
    """The same rows with what the market said, or did not say."""
    draw = random.Random(3)  # noqa: S311  (the same rows each time)
    return [row | {"said": draw.choice((None, 0.0, 1.0, 0.5, round(draw.random(), 3), draw.random()))} for row in rows]


def wide(rows: Sequence[Row]) -> list[Row]:
    """The same forecasts, one row an event."""
    found: dict[object, Row] = {}
    for row in rows:
        name = "p_new" if row["version"] == CANDIDATE else "p_old"
        kept = {key: row[key] for key in ("request_id", "requested_at", "came")}
        found.setdefault(row["request_id"], kept)[name] = row["p"]
    return list(found.values())


def scores_by_day(rows: Iterable[Row], arm: Arm) -> Groups:
    """What a source has to answer of the forecasts of an arm."""
    return Groups(groups=tuple((str(day), _scores(of)) for day, of in sorted(_days(rows, arm).items())))


def bets_by_day(rows: Iterable[Row], arm: Arm) -> Groups:
    """What a source has to answer of the bets of an arm."""
    held = {day: _bets(of) for day, of in _days(rows, arm).items()}
    return Groups(groups=tuple((str(day), one) for day, one in sorted(held.items()) if one.n or one.pushes))


def _days(rows: Iterable[Row], arm: Arm) -> dict[int, list[Row]]:
    version = CANDIDATE if arm is Arm.CANDIDATE else BASELINE
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        at = row["requested_at"]
        if row["version"] == version and row["came"] is not None and row["label_time"] is not None:
            found[(at - START).days].append(row)  # type: ignore[operator]
    return found


def _parts(value: float, unit: int = 1_000_000_000) -> int:
    return int(Decimal(value * unit).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _nine(value: Decimal) -> Decimal:
    """A number of 9 decimals."""
    return value.quantize(Decimal("1e-9"), rounding=ROUND_HALF_UP)


def _scores(rows: list[Row]) -> Scores:
    bins: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    sums = [0, 0, 0, 0]
    for row in rows:
        p, y = row["p"], row["came"]
        assert isinstance(p, float)
        if y == 0.5:
            continue
        assert isinstance(y, float)
        place = bins[max(1, ceil(Decimal(_parts(p)) * 960 / 1_000_000_000))]
        for at, more in enumerate((1, int(y), _parts(p))):
            place[at] += more
        kept = Decimal(_parts(p)) / 1_000_000_000
        right = min(max(kept if y else 1 - kept, Decimal("1e-6")), 1 - Decimal("1e-6"))
        spread, steep = _nine(kept * (1 - kept)), _nine((1 - 2 * kept) ** 2)
        exact = (_nine((kept - int(y)) ** 2), Decimal(_parts(-log(right))) / 10**9, spread, _nine(steep * spread))
        for at, value in enumerate(exact):
            sums[at] += int(value * 10**9)
    return Scores(
        bins=tuple((place, *bins[place]) for place in sorted(bins)),  # type: ignore[misc]
        brier=sums[0],
        log_loss=sums[1],
        spread=sums[2],
        variance=sums[3],
    )


def _bets(rows: list[Row]) -> Bets:
    total = Bets(n=0, won=0, pushes=0, staked=0, profit=0, squares=0, lost=0, break_even=0)
    for row in rows:
        stake, odds, came, closing, against = (row[name] for name in ("stake", "odds", "came", "closing", "against"))
        if not stake:
            continue
        assert isinstance(stake, float)
        assert isinstance(odds, float)
        if came == 0.5:
            total += Bets(n=0, won=0, pushes=1, staked=0, profit=0, squares=0, lost=0, break_even=0)
            continue
        profit = _parts(stake * (odds - 1.0) if came else -stake, 1_000_000)
        line = edge = 0
        if isinstance(closing, float):
            assert isinstance(against, float)
            line = _parts(odds / closing - 1.0)
            edge = _parts(odds / closing / (1.0 / closing + 1.0 / against) - 1.0)
        total += Bets(
            n=1,
            won=int(came == 1),
            pushes=0,
            staked=_parts(stake, 1_000_000),
            profit=profit,
            squares=profit * profit,
            lost=0 if came else _parts(stake, 1_000_000),
            break_even=_parts(1.0 / odds),
            closed=int(closing is not None),
            beaten=int(isinstance(closing, float) and odds > closing),
            line=line,
            fair=int(closing is not None),
            edge=edge,
        )
    return total


def tabled(p: np.ndarray, y: np.ndarray) -> Scores:
    """The table of some forecasts, by its definition."""
    bins: dict[int, list[int]] = {}
    for one, came in zip(p, y, strict=True):
        parts = round(float(one) * 1e9)
        held = bins.setdefault(max(1, ceil(Decimal(parts) * 960 / 10**9)), [0, 0, 0])
        for at, more in enumerate((1, int(came), parts)):
            held[at] += more
    spread = p * (1 - p)
    sums = ((p - y) ** 2, forecast.log_losses(p, y), spread, (1 - 2 * p) ** 2 * spread)
    brier, log_loss, spread_sum, variance = (round(float(one.sum()) * 1e9) for one in sums)
    return Scores(
        bins=tuple((place, held[0], held[1], held[2]) for place, held in sorted(bins.items())),
        brier=brier,
        log_loss=log_loss,
        spread=spread_sum,
        variance=variance,
    )


def forecasts_by_day(
    seed: int, *, days: int = 7, rows: int = 2_000, slope: float = 1.0, noise: float = 0.0
) -> tuple[list[Scores], list[Scores]]:
    """Days of events as two versions forecast them, baseline and candidate.

    The candidate is calibrated with a slope of 1 and too sure of itself below it; the baseline sees the same with noise.
    """
    drawn = np.random.default_rng(seed)
    found: tuple[list[Scores], list[Scores]] = [], []
    for _ in range(days):
        logit = drawn.normal(0, 1.2, rows)
        y = (drawn.random(rows) < 1 / (1 + np.exp(-slope * logit))).astype(int)
        for arm, of in zip(found, (logit + drawn.normal(0, noise or 1e-3, rows), logit), strict=True):
            arm.append(tabled(1 / (1 + np.exp(-of)), y))
    return found


def betting_by_day(seed: int, *, days: int = 40, bets: int = 60, edge: float = 0.0, line: float = 0.02) -> list[Bets]:
    """Days of bets of 1 at odds of 2, won with probability (1 + edge)/2, at odds that are so much above the closing ones."""
    drawn = random.Random(seed)  # noqa: S311  (the same bets for the same seed)
    found = []
    for _ in range(days):
        won = sum(drawn.random() < (1 + edge) / 2 for _ in range(bets))
        lines = round(bets * line * 1e9)
        found.append(
            Bets(
                n=bets,
                won=won,
                pushes=1,
                staked=bets * 1_000_000,
                profit=(2 * won - bets) * 1_000_000,
                squares=bets * 10**12,
                lost=(bets - won) * 1_000_000,
                break_even=bets * 500_000_000,
                closed=bets,
                beaten=drawn.randrange(bets // 2, bets),
                line=lines,
                fair=bets,
                edge=lines - bets * 20_000_000,
            )
        )
    return found
