"""Fast lane: whether a rollback is nothing but a rollback, by the ids of the trees. Pure.

A change is on the fast lane when its head is the tree that it started from minus promotion folders of one model, byte for
byte. The ids of three folders show it: the root, ``promotions`` and ``promotions/<model>``; whatever differs anywhere else
changes the id of an entry of one of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

Entries: TypeAlias = Mapping[str, str]
"""The direct entries of one folder of a commit: name → mode and object id."""


def levels(model: str) -> tuple[str, str, str]:
    """The folders whose entries are compared, from the root down."""
    return "", "promotions", f"promotions/{model}"


def strays(
    model: str, removed: Collection[str], before: Sequence[Entries], after: Sequence[Entries]
) -> tuple[str, ...]:
    """The entries that keep a change off the fast lane, sorted; none where only the ``removed`` folders are gone.

    ``before`` and ``after`` hold the entries of each of ``levels(model)``, at the merge base and at the head.
    """
    return tuple(sorted(_strays(model, removed, before, after)))


def _strays(model: str, removed: Collection[str], before: Sequence[Entries], after: Sequence[Entries]) -> Iterator[str]:
    through: tuple[Collection[str], ...] = (("promotions",), (model,), ())
    for folder, passed, old, new in zip(levels(model), through, before, after, strict=True):
        last = folder == levels(model)[-1]
        for name in old.keys() | new.keys():
            gone = last and name in removed and name not in new
            if old.get(name) != new.get(name) and name not in passed and not gone:
                yield f"{folder}/{name}" if folder else name
