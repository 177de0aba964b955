"""A server beside GitHub: a source that is read, or a channel that is told of alerts. It fails as a point says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from builders.http import Asked, Told
from model_ratchet.notify.webhook import DELIVERY
from reliability.faults import Kind, Place, Point


@dataclass
class Service:
    """``answer`` is what it says where nothing goes wrong."""

    answer: Callable[[Asked], Told] = lambda _: Told()
    asked: list[str] = field(default_factory=list)
    """By the last run."""
    told: dict[str, str] = field(default_factory=dict)
    """What it was told, by the id of the delivery: what comes again it knows by that."""
    _point: Point | None = None
    _kill: Callable[[], None] = lambda: None

    def begin(self, point: Point | None, kill: Callable[[], None]) -> None:
        """Another run begins, which a point at a service ends by ``kill``."""
        self.asked = []
        self._point = point if point is not None and point.place is Place.SERVICE else None
        self._kill = kill

    def serve(self, asked: Asked) -> Told:
        """What is answered, or is not."""
        self.asked.append(f"{asked.method} {asked.path}")
        meets = self._point if self._point is not None and self._point.at == len(self.asked) else None
        answer = Told(dropped=True)
        if meets is None or meets.kind.done or meets.kind is Kind.HALF_BYTES:
            answer = self.answer(asked)
            self.told |= {asked.headers[DELIVERY]: asked.body} if asked.method == "POST" else {}
        if meets is None:
            return answer
        if meets.kind.kills:
            self._kill()
        half = meets.kind is Kind.HALF_BYTES
        return replace(answer, body=answer.body[: len(answer.body) // 2]) if half else Told(dropped=True)
