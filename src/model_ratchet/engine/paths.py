"""Paths: which names a change may bring, and which files on the base branch it may not touch. Pure."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from model_ratchet.core.finding import Finding, Location
from model_ratchet.core.names import PolicyName

OURS = ("promotions", "policies")
_POLICY = re.compile(r"policies/(?P<name>(?!models/|waivers/)[^/]+/[^/]+)\.yaml")


def shown(path: str) -> str:
    """A path as text that can be written: bytes that are not UTF-8 are replaced."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def listed(paths: Collection[str], most: int = 5) -> str:
    """The first paths by name, and how many more there are."""
    named = ", ".join(shown(path) for path in sorted(paths)[:most])
    return f"{named} and {len(paths) - most} more" if len(paths) > most else named


def touches_ours(paths: Collection[str]) -> bool:
    """Whether any path stands in ``promotions/`` or ``policies/``, however a system that ignores case would read it."""
    return any(_folded(path.partition("/")[0]) in OURS for path in paths)


def name_findings(changes: Mapping[str, str], at_head: Collection[str]) -> Iterator[Finding]:
    """What is added or changed under a name that is no text, or that another system takes for another file's.

    ``changes`` maps changed paths to their status; ``at_head`` holds the paths of the head among which a name must be one
    of a kind: those of the policies and of the touched promotions.
    """
    spelled = _spellings(at_head)
    for path, status in sorted(changes.items()):
        top = path.partition("/")[0]
        if status == "D" or _folded(top) not in OURS:
            continue
        place = Location(shown(path))
        twins = sorted({spelling for prefix in _prefixes(path) for spelling in spelled.get(_folded(prefix), ())})
        twin = next((one for one in twins if one not in _prefixes(path)), None)
        if shown(path) != path:
            yield Finding(place, "the name of this file is not UTF-8: rename it")
        elif top not in OURS:
            message = (
                f"{top}/ is {_folded(top)}/ to systems that ignore case, and is not read here: write {_folded(top)}/"
            )
            yield Finding(place, message)
        elif twin is not None:
            message = f"this is {shown(twin)} to systems that ignore case or compose letters: keep one of the two"
            yield Finding(place, message)


def policy_findings(changes: Mapping[str, str], at_base: Collection[str]) -> Iterator[Finding]:
    """Each policy version of the base branch that is edited, renamed, removed, or given another mode or type."""
    for path, status in sorted(changes.items()):
        if status != "A" and path in at_base and (policy := _POLICY.fullmatch(path)):
            yield Finding(
                Location(path),
                "a policy version that is on the base branch is not changed: put it back as it was, and "
                + _instead(policy["name"], at_base),
            )


def _instead(name: str, at_base: Collection[str]) -> str:
    """Where what is new belongs: the first patch version after those that the base branch holds."""
    try:
        stated = PolicyName.parse(name)
    except ValueError:
        return "add a new version beside it"
    major, minor, _ = stated.version
    taken = [stated.version[2]]
    for match in filter(None, map(_POLICY.fullmatch, at_base)):
        try:
            other = PolicyName.parse(match["name"])
        except ValueError:
            continue
        if (other.name, other.version[:2]) == (stated.name, (major, minor)):
            taken.append(other.version[2])
    return f"copy it to policies/{stated.name}/{major}.{minor}.{max(taken) + 1}.yaml for what is new"


def _prefixes(path: str) -> tuple[str, ...]:
    """The path and every folder around it, the longest last."""
    parts = path.split("/")
    return tuple("/".join(parts[: end + 1]) for end in range(len(parts)))


def _spellings(paths: Collection[str]) -> Mapping[str, set[str]]:
    """Folded path or folder → the ways in which it is spelled, where there are several."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        for prefix in _prefixes(path):
            found[_folded(prefix)].add(prefix)
    return {folded: ways for folded, ways in found.items() if len(ways) > 1}


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
