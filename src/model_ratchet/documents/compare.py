"""Compare: what a new document asks otherwise than an old one, and whether that is looser or stricter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from model_ratchet.core.fields import Model
from model_ratchet.core.units import Quantity
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.revocations import Revocations
from model_ratchet.documents.sources import Sources
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.watch import AnyWatchRule
from model_ratchet.documents.yaml import Path


class Weight(StrEnum):
    """Which way a rule moves: ``changed`` where it can't be told, or goes both ways."""

    LOOSER = "looser"
    STRICTER = "stricter"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule that differs: its path in the new document (in the old one, where it is gone), and both values as text."""

    path: Path
    rule: str
    before: str
    after: str
    weight: Weight


Other: TypeAlias = Sources | Revocations | Waiver | AlertChannels
"""Documents with rules of no one model and no one policy."""

ABSENT = "–"

LARGER_IS_LOOSER = frozenset(
    {
        "alpha", "margin", "max_drop", "max_daily_drop", "at_most", "below", "within", "of_allocation", "max_distance",
        "max_gap", "max_age", "step", "score_below", "above", "merge_within", "max_paused", "memory", "cpu", "gpu",
        "detects", "bankroll",
    }
)  # fmt: skip
"""Fields of which a larger value lets more pass."""

LARGER_IS_STRICTER = frozenset(
    {
        "by", "days", "quantile", "min_clusters", "min_rows", "min_hours", "min_share", "min_cases", "min_words",
        "min_assessable", "min_pair_rate", "at_least", "after", "lasts", "mirror", "level", "min_coverage",
        "mature_after", "require", "enter", "never", "matches", "stage", "checks", "reviews", "tool",
        "warning", "critical", "page",
    }
)  # fmt: skip
"""Fields of which a larger value, or one more entry, lets less pass."""

CONTRARY = {
    ("sample_ratio", "alpha"): Weight.STRICTER,
    ("warning alert", "min_rows"): Weight.LOOSER,
    ("critical alert", "min_rows"): Weight.LOOSER,
    ("rollback trigger", "min_rows"): Weight.LOOSER,
}
"""Where a field means the opposite of its name elsewhere: a test that must not reject is stricter at a higher level, and a
rule of the watch that waits for more rows stays silent longer."""

UNORDERED = frozenset(
    {
        ("extend", "by"),
        ("extend", "at_most"),
        ("gate", "before"),
        ("required_checks", "app"),
        ("score_non_inferiority", "segments"),
        ("score_non_inferiority", "min_segment_rows"),
    }
)
"""Fields that go both ways: each extension is one more look, and every look then uses a smaller level; a segment that is too
small to be judged can't hold up the others, and where none is large enough nothing is decided; whose checks count
says nothing of what they ask."""

LOOSE_TO_STRICT: Mapping[str, tuple[object, ...]] = {
    "rule": ("point_and_significance", "superiority_margin"),
    "prove": ("overall", "every_window"),
    "reported": ("not_available", "required"),
    "advance": ("automatic", "manual"),
    "retrospective": ("allowed", "refused"),
    "underpowered": ("warn", "refuse"),
    "trust": ("author-supplied", "attested", "fetched"),
    "at_most": ("error", "warning", "note", "none"),
    "suppressions": ("accepted", "counted"),
    "invocation": ("not_available", "required"),
    "advisory": (True, False),
    "when_bound": (True, False),
    "merge": ("manual", "automatic"),
    "allow_batch": (True, False),
}
"""Words in the order in which they let less and less pass."""


def compare_policies(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Every rule of a policy that differs from those of another; names, versions and descriptions are no rules."""
    return tuple(_policy(old, new))


def compare_models(old: ModelFile, new: ModelFile) -> tuple[Difference, ...]:
    """Every part of a model file that differs."""
    return tuple(_model(old, new))


def compare_others(old: Other | None, new: Other | None) -> tuple[Difference, ...]:
    """What differs in sources, in revocations, in a waiver, or in who is told of alerts; None stands for no document."""
    return tuple(_others(old, new))


def _policy(old: Policy, new: Policy) -> Iterator[Difference]:
    named = ("settle", "merge_within", "max_paused", "advance", "retrospective", "underpowered", "full_evaluation")
    for name in named:
        yield from _leaf("policy", name, (name,), name, getattr(old, name), getattr(new, name))
    yield from _fields("extend", old.extend, new.extend, ("extend",), "extend")
    yield from _fields("early_fail", old.early_fail, new.early_fail, ("early_fail",), "early_fail")
    yield from _leaf("policy", "trust", ("trust",), "trust.at_least", old.trust.at_least, new.trust.at_least)
    yield from _keyed("stage", _by_name(old.stages, "stages"), _by_name(new.stages, "stages"), "stages")
    yield from _keyed("gate", _by_name(old.gates, "gates"), _by_name(new.gates, "gates"), "gates", skip=("criteria",))
    yield from _keyed("criterion", _criteria(old), _criteria(new), "gates")
    for tier in ("critical", "warning"):
        before, after = getattr(old.alerts, tier), getattr(new.alerts, tier)
        place = ("alerts", tier)
        yield from _keyed(f"{tier} alert", _watch(before, place), _watch(after, place), "alerts")
    within = [one.alerts.record_within for one in (old, new)]
    yield from _leaf("policy", "record_within", ("alerts", "record_within"), "alerts.record_within", *within)
    triggers = [one.rollback.triggers if one.rollback is not None else () for one in (old, new)]
    place = ("rollback", "triggers")
    yield from _keyed("rollback trigger", _watch(triggers[0], place), _watch(triggers[1], place), "rollback")
    if old.rollback is not None and new.rollback is not None:
        yield from _fields("rollback", old.rollback, new.rollback, ("rollback",), "rollback", skip=("triggers",))
    yield from _waivers(old, new)


def _waivers(old: Policy, new: Policy) -> Iterator[Difference]:
    if old.waivers is not None and new.waivers is not None:
        yield from _fields("waivers", old.waivers, new.waivers, ("waivers",), "waivers")
    elif new.waivers is not None:
        yield Difference(("waivers",), "waivers", ABSENT, f"for at most {new.waivers.max_age}", Weight.LOOSER)
    elif old.waivers is not None:
        yield Difference(("waivers",), "waivers", f"for at most {old.waivers.max_age}", ABSENT, Weight.STRICTER)


def _model(old: ModelFile, new: ModelFile) -> Iterator[Difference]:
    yield from _sets("policies", old.policies, new.policies, more=Weight.LOOSER)
    origins = [one.artifact.origins if one.artifact is not None else None for one in (old, new)]
    if None in origins and origins[0] != origins[1]:
        weight = Weight.LOOSER if origins[1] is None else Weight.STRICTER
        yield Difference(("artifact",), "artifact.origins", _text(origins[0]), _text(origins[1]), weight)
    else:
        yield from _sets("artifact.origins", origins[0] or (), origins[1] or (), more=Weight.LOOSER)
    for role in sorted(old.roles.keys() | new.roles.keys()):
        more = Weight.LOOSER if role in old.roles and role in new.roles else Weight.CHANGED
        yield from _sets(f"roles.{role}", old.roles.get(role, ()), new.roles.get(role, ()), more=more)
    if old.labels is not None and new.labels is not None:
        yield from _fields("labels", old.labels, new.labels, ("labels",), "labels")
    yield from _fields("allocation", old.allocation, new.allocation, ("allocation",), "allocation")
    yield from _leaf("model", "allow_batch", ("allow_batch",), "allow_batch", old.allow_batch, new.allow_batch)
    for name in ("metrics", "suites", "scans", "segments"):
        before, after = getattr(old, name), getattr(new, name)
        for key in sorted(before.keys() | after.keys()):
            yield from _leaf(name, name, (name, key), f"{name}.{key}", before.get(key), after.get(key))
    told = {"policies", "artifact", "roles", "allocation", "allow_batch", "metrics", "suites", "scans", "segments"}
    if old.labels is not None and new.labels is not None:
        told.add("labels")
    if old.code is not None and new.code is not None:
        yield from _sets("code.repositories", old.code.repositories, new.code.repositories, more=Weight.LOOSER)
        told.add("code")
    for name in ModelFile.model_fields:
        if name not in told:
            yield from _leaf("model", name, (name,), name, getattr(old, name), getattr(new, name))


def _others(old: Other | None, new: Other | None) -> Iterator[Difference]:
    either = new if new is not None else old
    match either:
        case Sources():
            before = old.sources if isinstance(old, Sources) else {}
            after = new.sources if isinstance(new, Sources) else {}
            for name in sorted(before.keys() | after.keys()):
                yield from _leaf("sources", "source", ("sources", name), name, before.get(name), after.get(name))
        case Revocations():
            revoked = [
                {str(one.policy): one for one in held.revocations} if isinstance(held, Revocations) else {}
                for held in (old, new)
            ]
            for name in sorted(revoked[0].keys() | revoked[1].keys()):
                yield from _item(f"revocation of {name}", ("revocations",), revoked[0].get(name), revoked[1].get(name))
        case AlertChannels():
            if isinstance(old, AlertChannels) and isinstance(new, AlertChannels):
                yield from _told(old, new)
            else:
                there = ("there", ABSENT) if new is None else (ABSENT, "added")
                yield Difference((), "alerts", *there, Weight.LOOSER if new is None else Weight.STRICTER)
        case Waiver():
            what = f"waiver of {either.criterion} for {either.model}"
            weight = Weight.LOOSER if old is None else Weight.STRICTER if new is None else Weight.CHANGED
            if old != new:
                yield Difference((), what, _until(old), _until(new), weight)
        case None:
            return


def _told(old: AlertChannels, new: AlertChannels) -> Iterator[Difference]:
    """Who is told of what, by which way."""
    yield from _fields("send", old.send, new.send, ("send",), "send")
    for name in sorted(old.channels.keys() | new.channels.keys()):
        before, after = old.channels.get(name), new.channels.get(name)
        yield from _leaf("alerts", "channel", ("channels", name), f"channels.{name}", before, after)
    yield from _fields("alerts", old, new, (), "alerts", skip=("channels", "send"))


def _until(held: object) -> str:
    if not isinstance(held, Waiver):
        return ABSENT
    up_to = f"up to {held.up_to} " if held.up_to is not None else ""
    return f"{up_to}until {held.expires_at.isoformat()}"


_Held = Mapping[object, tuple[Path, Model]]


def _by_name(items: Sequence[Model], place: str) -> _Held:
    return {getattr(one, "name"): ((place, index), one) for index, one in enumerate(items)}  # noqa: B009


def _criteria(policy: Policy) -> _Held:
    return {
        one.id: (("gates", index, "criteria", position), one)
        for index, gate in enumerate(policy.gates)
        for position, one in enumerate(gate.criteria)
    }


def _watch(rules: Sequence[AnyWatchRule], place: Path) -> _Held:
    """By what they watch; of several that watch the same the limits are told apart by their order."""
    found: dict[object, tuple[Path, Model]] = {}
    for index, one in enumerate(rules):
        key = (one.metric, one.statistic, getattr(one, "quantile", None), str(one.over))
        found[key if key not in found else (*key, index)] = ((*place, index), one)
    return found


def _keyed(kind: str, old: _Held, new: _Held, place: str, skip: Sequence[str] = ()) -> Iterator[Difference]:
    """Entries by their key: one that is gone is looser, a new one stricter."""
    for key in dict.fromkeys((*old, *new)):
        name = key if isinstance(key, str) else " ".join(str(part) for part in key if part is not None)  # type: ignore[attr-defined]
        rule = f"{kind} {name}"
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            path = after[0] if after is not None else (place,)
            yield from _item(rule, path, before and before[1], after and after[1])
        elif type(before[1]) is not type(after[1]):
            texts = [str(getattr(one, "kind", "")) for one in (before[1], after[1])]
            yield Difference(after[0], rule, texts[0], texts[1], Weight.CHANGED)
        else:
            scope = str(getattr(after[1], "kind", kind))
            yield from _fields(scope, before[1], after[1], after[0], rule, skip)


def _item(rule: str, path: Path, before: Model | None, after: Model | None) -> Iterator[Difference]:
    """An entry that there is one more of, or one less."""
    if before is None and after is not None:
        yield Difference(path, rule, ABSENT, "added", Weight.STRICTER)
    elif after is None and before is not None:
        yield Difference(path, rule, "there", ABSENT, Weight.LOOSER)
    elif before != after:
        yield Difference(path, rule, "there", "changed", Weight.CHANGED)


def _fields(
    scope: str, old: Model, new: Model, path: Path, rule: str, skip: Sequence[str] = ()
) -> Iterator[Difference]:
    for name in type(new).model_fields:
        if name not in ("id", "kind", "name", "description", *skip):
            yield from _leaf(scope, name, (*path, name), f"{rule}.{name}", getattr(old, name), getattr(new, name))


def _leaf(scope: str, name: str, path: Path, rule: str, before: object, after: object) -> Iterator[Difference]:
    if not _same(before, after):
        yield Difference(path, rule, _text(before), _text(after), weigh(scope, name, before, after))


def _same(before: object, after: object) -> bool:
    """Whether two values say the same: ``500ms`` is ``0.5s``."""
    if isinstance(before, Quantity) and isinstance(after, Quantity):
        return (before.value, before.dimension) == (after.value, after.dimension)
    return before == after


def weigh(scope: str, name: str, before: object, after: object) -> Weight:
    """Which way a field moves; ``scope`` is the kind of the criterion, or what else the field belongs to."""
    if (scope, name) in UNORDERED or (name == "stage" and None in (before, after)):
        return Weight.CHANGED
    words = LOOSE_TO_STRICT.get(name)
    if words is not None and before in words and after in words:
        return Weight.STRICTER if words.index(after) > words.index(before) else Weight.LOOSER
    larger = CONTRARY.get((scope, name))
    if larger is None:
        loosens, tightens = name in LARGER_IS_LOOSER, name in LARGER_IS_STRICTER
        larger = Weight.LOOSER if loosens else Weight.STRICTER if tightens else Weight.CHANGED
    if larger is Weight.CHANGED:
        return larger
    if before is None or after is None:
        return Weight.STRICTER if before is None else Weight.LOOSER
    return _ordered(before, after, larger)


def _ordered(before: object, after: object, larger: Weight) -> Weight:
    smaller = Weight.STRICTER if larger is Weight.LOOSER else Weight.LOOSER
    match before, after:
        case Quantity(), Quantity() if before.dimension is after.dimension:
            return larger if after.value > before.value else smaller
        case (int() | float(), int() | float()):
            return larger if after > before else smaller
        case _ if _grows(before, after):
            return larger
        case _ if _grows(after, before):
            return smaller
        case _:
            return Weight.CHANGED


def _grows(before: object, after: object) -> bool:
    """Whether one list, or one mapping to lists, holds all of the other and more."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before != after and all(key in after and set(before[key]) <= set(after[key]) for key in before)
    less, more = _entries(before), _entries(after)
    return less is not None and more is not None and less < more


def _entries(value: object) -> set[object] | None:
    match value:
        case str():
            return {value}
        case tuple():
            return set(value)
        case _:
            return None


def _sets(rule: str, old: Sequence[object], new: Sequence[object], *, more: Weight) -> Iterator[Difference]:
    """A list whose entries allow something: each that is added, and each that is gone."""
    path: Path = tuple(rule.split("."))
    less = Weight.STRICTER if more is Weight.LOOSER else Weight.CHANGED
    for entry in new:
        if entry not in old:
            yield Difference(path, rule, ABSENT, str(entry), more)
    for entry in old:
        if entry not in new:
            yield Difference(path, rule, str(entry), ABSENT, less)


def _text(value: object) -> str:
    match value:
        case None:
            return ABSENT
        case bool():
            return str(value).lower()
        case Model():
            return value.model_dump_json(exclude_unset=True)
        case tuple():
            return ", ".join(map(str, value)) or ABSENT
        case Mapping():
            return "; ".join(f"{key}: {_text(entry)}" for key, entry in value.items()) or ABSENT
        case _:
            return str(value)
