"""Mutations: a policy written wrong in ways that other checkers read as leave to pass, each of which must be a finding."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Keys: TypeAlias = dict[str, Any]
"""A policy as its keys and values."""

_UNIT = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>pp|%|ms|s|m|h|d|B|KiB|MiB|GiB)")
_TIMES = frozenset({"ms", "s", "m", "h", "d"})
_WORDS = {"kind": "superioritty", "rule": "whatever", "require": "most"}
_BOUNDLESS: Mapping[str, Mapping[str, str]] = {
    "rate_limit": {"below": "100%"},
    "non_inferiority": {"margin": "100pp"},
    "sustained": {"max_daily_drop": "100pp"},
    "stability": {"max_drop": "100pp"},
    "segments": {"max_drop": "100pp"},
    "distribution": {"max_distance": "100%"},
    "quantile_limit": {"at_most": "999999999s"},
    "maximum": {"at_most": "999999999s"},
    "ratio_limit": {"within": "999999999%", "of_allocation": "999999999%"},
    "rollback_drill": {"within": "99999d"},
    "coverage": {"max_gap": "99999d"},
    "drift": {"max_drop": "100pp"},
}
"""Kind → limits that no data could break."""

Mutated: TypeAlias = Iterator[tuple[str, Keys]]


def judges_nothing(policy: Keys) -> Mutated:
    """No gate, a gate without criteria, and a gate whose criteria are all advisory."""
    yield "no gate", {**policy, "gates": []}
    for index, gate in enumerate(policy["gates"]):
        yield f"no criterion in {gate['name']}", _with_gate(policy, index, criteria=[])
        advisory = [{**one, "advisory": True} for one in gate["criteria"]]
        yield f"only advisory criteria in {gate['name']}", _with_gate(policy, index, criteria=advisory)


def unknown_keys(policy: Keys) -> Mutated:
    """A key that is spelled wrong: at the top, at a gate, and at each criterion."""
    for key in ("gates", "stages"):
        yield f"`{key}x`", {f"{name}x" if name == key else name: value for name, value in policy.items()}
    for place, criterion in _criteria(policy):
        key = next((name for name in criterion if name not in ("id", "kind")), "id")
        wrong = {f"{name}x" if name == key else name: value for name, value in criterion.items()}
        yield f"`{key}x` of {criterion['id']}", _with_criterion(policy, place, wrong)
        yield f"`pattern` of {criterion['id']}", _with_criterion(policy, place, {**criterion, "pattern": "(a+)+$"})


def unknown_words(policy: Keys) -> Mutated:
    """A word that is none of those that may stand there."""
    for place, criterion in _criteria(policy):
        for key, word in _WORDS.items():
            if isinstance(criterion.get(key), str):
                yield f"{key}: {word} of {criterion['id']}", _with_criterion(policy, place, {**criterion, key: word})
    yield "retrospective: maybe", {**policy, "retrospective": "maybe"}


def boundless(policy: Keys) -> Mutated:
    """A limit that nothing could break."""
    for place, criterion in _criteria(policy):
        for key, limit in _BOUNDLESS.get(criterion["kind"], {}).items():
            if key in criterion:
                yield f"{key}: {limit} of {criterion['id']}", _with_criterion(policy, place, {**criterion, key: limit})


def without_units(policy: Keys) -> Mutated:
    """A number without the unit that it had."""
    for place, criterion in _criteria(policy):
        for key, value in criterion.items():
            match = _UNIT.fullmatch(value) if isinstance(value, str) else None
            if match is not None:
                number = float(match["number"])
                for bare in (number, match["number"], number / 100):
                    yield (
                        f"{key}: {bare} of {criterion['id']}",
                        _with_criterion(policy, place, {**criterion, key: bare}),
                    )


def wrong_units(policy: Keys) -> Mutated:
    """A number with a unit of something else."""
    for place, criterion in _criteria(policy):
        for key, value in criterion.items():
            match = _UNIT.fullmatch(value) if isinstance(value, str) else None
            if match is not None:
                other = f"{match['number']}{'pp' if match['unit'] in _TIMES else 'ms'}"
                yield f"{key}: {other} of {criterion['id']}", _with_criterion(policy, place, {**criterion, key: other})


MUTATIONS: Mapping[str, Callable[[Keys], Mutated]] = {
    "E05": judges_nothing,
    "E06": unknown_keys,
    "E07": unknown_words,
    "E08": boundless,
    "E23": without_units,
    "E24": wrong_units,
}
"""Trap → what is written wrong for it."""


def _criteria(policy: Keys) -> Iterator[tuple[tuple[int, int], Keys]]:
    for index, gate in enumerate(policy["gates"]):
        for place, criterion in enumerate(gate["criteria"]):
            yield (index, place), criterion


def _with_gate(policy: Keys, index: int, **changes: object) -> Keys:
    gates = [{**gate, **changes} if at == index else gate for at, gate in enumerate(policy["gates"])]
    return {**policy, "gates": gates}


def _with_criterion(policy: Keys, place: tuple[int, int], criterion: Keys) -> Keys:
    changed: Keys = copy.deepcopy(policy)
    changed["gates"][place[0]]["criteria"][place[1]] = criterion
    return changed
