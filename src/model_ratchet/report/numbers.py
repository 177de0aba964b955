"""Numbers as people read them: the one place that formats a measured number."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from model_ratchet.core.estimate import Estimate
from model_ratchet.core.units import Scale

Unit = Literal["fraction", "s", "B", "cores", "1"]

_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_SIZES = ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_DASH = "–"


def level(value: float, unit: Unit) -> str:
    """A quantity: ``level(0.712, "fraction")`` is “71.2 %”, ``level(0.35, "s")`` “350 ms”."""
    match unit:
        case "fraction":
            return percent(value)
        case "s":
            return _scaled(value, _TIMES)
        case "B":
            return _scaled(value, _SIZES, "B")
        case "cores":
            return f"{plain(value)} cores"
        case "1":
            return plain(value)


def change(value: float, unit: Unit, scale: Scale) -> str:
    """A difference with its sign: “+2.54 pp”, “−30 ms”, “+4.1 %”; a ratio as “×1.08”."""
    if scale is Scale.RATIO:
        return f"×{plain(value)}"
    if scale is Scale.RELATIVE:
        return _signed(value, percent(abs(value)))
    if unit == "fraction":
        return signed_points(value)
    return _signed(value, level(abs(value), unit))


def points(value: float) -> str:
    """A difference of fractions: ``points(0.0254)`` is “2.54 pp”."""
    return f"{_digits(value * 100)} pp"


def signed_points(value: float) -> str:
    """The same with its sign: ``signed_points(-0.02)`` is “−2 pp”."""
    return _signed(value, points(abs(value)))


def percent(value: float) -> str:
    """A fraction: ``percent(0.712)`` is “71.2 %”; a share just below one is never rounded up to it."""
    shown = _digits(value * 100)
    if shown in ("100", "-100") and abs(value) < 1:
        return ">99.99 %" if value > 0 else "<−99.99 %"
    return f"{shown} %".replace("-", "−")


def plain(value: float) -> str:
    """Three significant digits, all those before the point, and no exponent between 10⁻⁴ and 10¹⁵."""
    return _digits(value).replace("-", "−")


def whole(value: int) -> str:
    """A count with thousands apart: ``whole(336776)`` is “336,776”."""
    return f"{value:,}"


def p_value(value: float) -> str:
    """“p = 0.0108”; very small ones as “p < 0.0001”."""
    if value < 1e-4:
        return "p < 0.0001"
    return f"p = {value:.3g}" if value < 0.9995 else "p = 1"


def estimate(found: Estimate, unit: Unit) -> str:
    """The value: a change where two versions are compared, a level where there is one."""
    return _shown(found, found.value, unit)


def has_interval(found: Estimate) -> bool:
    """Whether there is an interval: a largest value is what it is, with a bound on one side, at itself."""
    return found.high is not None or (found.low is not None and found.low != found.value)


def interval(found: Estimate, unit: Unit) -> str:
    """The interval with its level, or a dash where there is none: “+0.6 to +4.5 pp (95 %)”."""
    if found.low is None and found.high is None:
        return _DASH
    low = _shown(found, found.low, unit) if found.low is not None else "−∞"
    high = _shown(found, found.high, unit) if found.high is not None else "∞"
    last = high.rpartition(" ")[2]
    if low.endswith(f" {last}") and " " in high:
        low = low.removesuffix(f" {last}")
    return f"{low} to {high} ({percent(found.level)})"


def instant(value: datetime) -> str:
    """“2025-08-25 14:00 UTC”, with seconds where there are any."""
    there = value.astimezone(UTC)
    return there.strftime("%Y-%m-%d %H:%M UTC" if not there.second else "%Y-%m-%d %H:%M:%S UTC")


def instant_of(seconds: float) -> str:
    """The same of seconds since the epoch."""
    return instant(datetime.fromtimestamp(seconds, UTC))


def instant_text(text: str) -> str:
    """The same of an ISO 8601 text; any other text as it stands."""
    try:
        return instant(datetime.fromisoformat(text))
    except ValueError:
        return text


def length(value: timedelta) -> str:
    """“7d”, “72h”, “90m”: the largest unit that fits whole (days only from 7 on)."""
    minutes = value // timedelta(minutes=1)
    if minutes and minutes % 1440 == 0 and minutes >= 7 * 1440:
        return f"{minutes // 1440}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _shown(found: Estimate, value: float, unit: Unit) -> str:
    if found.scale is Scale.RATIO or (found.baseline is not None and found.candidate is not None):
        return change(value, unit, found.scale)
    return level(value, unit)


def _scaled(value: float, units: tuple[tuple[float, str], ...], smallest: str = "") -> str:
    for factor, name in units:
        if abs(value) >= factor:
            return f"{plain(value / factor)} {name}"
    if value == 0:
        return f"0 {smallest or units[0][1]}"
    factor, name = (1.0, smallest) if smallest else units[-1]
    return f"{plain(value / factor)} {name}"


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}" if size < 1e15 else f"{value:.3g}"
    if size < 1e-4:
        return f"{value:.2e}"
    text = f"{value:.3g}"
    return f"{float(text):f}".rstrip("0").rstrip(".") if "e" in text else text


def _signed(value: float, text: str) -> str:
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"
