"""Strategies of changed JSON values: a whole one, in which something is gone, another, twice, or of another name."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

WORDS = (
    "",
    "a",
    "é",
    "<b>@acme/all</b>",
    "\u202e",
    "x" * 300,
    "1",
    "2pp",
    "-5%",
    "1e999h",
    "0h",
    "${HOME}",
    "../x",
    "~",
    "<<",
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 5),
    st.sampled_from([10**17, 10**30, -0.0, 1e-320, 1e308, 0.5]),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, value: Any, most: int = 3) -> Any:
    """The value after at most so many changes, often none; the one that is given stays as it is."""
    value = deepcopy(value)
    for _ in range(draw(st.integers(0, most))):
        paths = [path for path in places(value) if path]
        if not paths:
            break
        *above, last = draw(st.sampled_from(paths))
        holder = value
        for step in above:
            holder = holder[step]
        _change(draw, holder, last)
    return value


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where each value stands, the whole first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def _change(draw: st.DrawFn, holder: Any, last: Any) -> None:
    match draw(st.sampled_from(["gone", "another", "another", "twice", "renamed", "of its neighbour"])):
        case "gone":
            del holder[last]
        case "another":
            holder[last] = draw(VALUES)
        case "twice" if isinstance(holder, list):
            holder.insert(last, deepcopy(holder[last]))
        case "renamed" if isinstance(holder, dict):
            holder[draw(st.sampled_from([*WORDS, *holder]))] = holder.pop(last)
        case _:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            holder[last] = deepcopy(holder[draw(st.sampled_from(keys))])
