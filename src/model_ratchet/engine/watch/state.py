"""State: all that the watch remembers of a version. As large after a year as after a day, and the same bytes for the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from model_ratchet.core.errors import RecordError
from model_ratchet.core.reason import Reason
from model_ratchet.engine.canonical import canonical
from model_ratchet.engine.watch.blocks import Block
from model_ratchet.stats.detector import Detector

SCHEMA: Literal["ratchet/watch/v1"] = "ratchet/watch/v1"


class Says(StrEnum):
    """What a rule says. Only ``firing`` and ``silent`` are a failure of the version."""

    NOT_APPLICABLE = "not_applicable"  # the model file binds nothing to read, or there is nothing to compare with
    WAITING = "waiting"  # too few rows to say anything
    QUIET = "quiet"  # within the limit
    BEYOND = "beyond"  # the estimate is beyond the limit; not often enough, or it may be chance
    FIRING = "firing"  # beyond, sustained, and proven
    SILENT = "silent"  # it was sent requests, others report, it reports nothing
    RESOLVED = "resolved"  # was firing, and all looks since are within the limit
    ERRORED = "errored"  # we could not look


ALARMS = frozenset({Says.FIRING, Says.SILENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """What one rule remembers: its detector, the blocks of its look-back window, and its last looks, newest last.

    ``come_to`` is the end of the newest block that was folded, ``could_know`` that of the newest one that let it say
    something; ``since`` is when it began to say what it says. ``value`` and ``rows`` are those of the last look.
    """

    come_to: datetime | None = None
    could_know: datetime | None = None
    says: Says = Says.WAITING
    since: datetime | None = None
    reason: Reason | None = None
    value: float | None = None
    rows: int = 0
    level: float | None = None
    concurrent: bool = True
    detector: Detector = field(default_factory=Detector)
    blocks: tuple[Block, ...] = ()
    looks: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchState:
    """What the watch remembers of one version of a model, by the key of each rule."""

    model: str
    version: str
    reference: str | None = None
    rules: Mapping[str, RuleState] = field(default_factory=dict)
    schema: Literal["ratchet/watch/v1"] = SCHEMA

    @property
    def come_to(self) -> Mapping[str, datetime]:
        """Where each rule goes on: what ``asks`` wants to know."""
        return {key: one.come_to for key, one in self.rules.items() if one.come_to is not None}


@cache
def _form() -> TypeAdapter[WatchState]:
    return TypeAdapter(WatchState)


def to_bytes(state: WatchState) -> bytes:
    """The canonical JSON of a state, with a line end: the same bytes for the same state."""
    return canonical(_form().dump_python(state)) + b"\n"


def from_bytes(content: bytes) -> WatchState:
    """The state that some bytes hold.

    Raises:
        RecordError: they are no JSON, of an unknown schema, or hold what no state holds.
    """
    try:
        return _form().validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise RecordError(
            f"this is no state of the watch ({where}: {first['msg']}): remove it, and the watch starts again"
        ) from None
