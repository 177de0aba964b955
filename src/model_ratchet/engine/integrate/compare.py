"""Compare: whether committed artefacts are those that the evidence gives, and how far weights have turned over. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

TOLERANCE = 1e-8
"""Relative: numbers that are no integers may differ by this, as they do between machines."""


def differences(committed: Any, computed: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Each key path at which the two differ, with what is committed and what is computed: keys, texts and integers exactly,
    other numbers within a relative 1e-8. ``segments.NFL.map.a`` is a key path; items of lists are counted from 0."""
    if isinstance(committed, Mapping) and isinstance(computed, Mapping):
        for key in sorted(committed.keys() | computed.keys(), key=str):
            where = f"{path}.{key}" if path else str(key)
            if key not in committed:
                yield where, "nothing", _shown(computed[key])
            elif key not in computed:
                yield where, _shown(committed[key]), "nothing"
            else:
                yield from differences(committed[key], computed[key], where)
    elif isinstance(committed, list) and isinstance(computed, list):
        if len(committed) != len(computed):
            yield path, f"{len(committed)} items", f"{len(computed)} items"
            return
        for index, (one, other) in enumerate(zip(committed, computed, strict=True)):
            yield from differences(one, other, f"{path}.{index}")
    elif not _same(committed, computed):
        yield path, _shown(committed), _shown(computed)


def turnover(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Mapping[str, tuple[float, float]] | None:
    """Segment → its weight in the parent's optimizer and in this one, 0 where it has none; None where either has no weights."""
    theirs, mine = ((one or {}).get("weights") for one in (before, after))
    if theirs is None or mine is None:
        return None
    return {name: (float(theirs.get(name, 0.0)), float(mine.get(name, 0.0))) for name in sorted({*theirs, *mine})}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))
    return type(one) is type(other) and bool(one == other)


def _shown(value: Any) -> str:
    return str(value)[:60] if not isinstance(value, Mapping | list) else f"{len(value)} entries"
