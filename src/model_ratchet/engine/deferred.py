"""Deferred: the answers of a sealed part, each read when it is asked for: most of a record is hourly counts. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from model_ratchet.core.evidence import Measurement, Missing, Need

_EVIDENCE = b'"evidence":['
_AFTER = b'],"judge":'
_FIRST, _NEXT, _NEED = b'{"answer":', b'},{"answer":', b',"need":'


class Deferred(NamedTuple):
    """A sealed part taken apart."""

    rest: bytes
    """The sealed part with an empty list of evidence."""
    needs: bytes
    """The list of the needs."""
    answers: tuple[bytes, ...]
    """The answer to each of them."""


def deferred(sealed: bytes) -> Deferred | None:
    """The canonical bytes of a sealed part taken apart, without reading them; None where they are spelled otherwise.

    No text holds what it is cut at: a quotation mark inside of one has a backslash before it.
    """
    before, evidence, rest = sealed.partition(_EVIDENCE)
    entries, after, rest = rest.partition(_AFTER)
    if not (after and entries.startswith(_FIRST)):
        return None
    apart = [one.rpartition(_NEED) for one in entries[len(_FIRST) : -1].split(_NEXT)]
    return Deferred(
        rest=b"".join((before, evidence, after, rest)),
        needs=b"[%b]" % b",".join(need for _, _, need in apart),
        answers=tuple(answer for answer, _, _ in apart),
    )


class Answers(Mapping[Need, Measurement | Missing]):
    """Answers by their needs, each read once, when it is asked for."""

    def __init__(
        self, needs: tuple[Need, ...], answers: tuple[bytes, ...], read: Callable[[bytes], Measurement | Missing]
    ) -> None:
        self._unread = dict(zip(needs, answers, strict=True))
        self._known: dict[Need, Measurement | Missing] = {}
        self._read = read

    def __getitem__(self, need: Need) -> Measurement | Missing:
        """The answer.

        Raises:
            KeyError: the need was never answered.
            RecordError: the answer does not read.
        """
        if need not in self._known:
            self._known[need] = self._read(self._unread[need])
        return self._known[need]

    def __contains__(self, need: object) -> bool:
        return need in self._unread

    def __iter__(self) -> Iterator[Need]:
        return iter(self._unread)

    def __len__(self) -> int:
        return len(self._unread)
