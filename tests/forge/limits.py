"""How much GitHub lets an app ask: requests in an hour, and content made in a minute and in an hour. Off unless set.

The numbers are those that GitHub documents. All workflows of a repository have one hour's requests together; an installation of
an app has its own. What is refused counts for nothing but ``refused``.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from forge import faults
from forge.faults import Fault
from forge.state import Token

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass
class Limits:
    """What is allowed, and what was asked so far."""

    workflow: int = 1000
    """Requests in an hour of all workflows of the repository."""
    app: int = 5000
    a_minute: int = 80
    """Writes."""
    an_hour: int = 500
    asked: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    """App and hour → requests that were answered."""
    written: dict[str, list[datetime]] = field(default_factory=dict)
    """App → when it wrote."""
    refused: Counter[str] = field(default_factory=Counter)

    def divided(self, by: int) -> "Limits":
        """So many times less."""
        return Limits(self.workflow // by, self.app // by, self.a_minute // by, self.an_hour // by)

    def meet(self, token: Token, method: str, now: datetime) -> Fault | None:
        """The refusal of a request, None where it is let in, and counted."""
        app = token.app.slug if token.app is not None else token.user.login
        hour = now.replace(minute=0, second=0, microsecond=0)
        written = self.written.setdefault(app, [])
        last_hour = [one for one in written if now - one < HOUR]
        last_minute = [one for one in last_hour if now - one < MINUTE]
        if self.asked[app, hour] >= (self.workflow if token.workflow else self.app):
            return self._refuse(app, faults.primary_limit(int((hour + HOUR).timestamp())))
        if method in WRITES and len(last_hour) >= self.an_hour:
            return self._refuse(app, faults.secondary_limit(int((last_hour[0] + HOUR - now).total_seconds()) + 1))
        if method in WRITES and len(last_minute) >= self.a_minute:
            return self._refuse(app, faults.secondary_limit(int((last_minute[0] + MINUTE - now).total_seconds()) + 1))
        self.asked[app, hour] += 1
        if method in WRITES:
            written.append(now)
        return None

    def most(self, app: str, within: timedelta) -> int:
        """The most writes that an app has made within any such time."""
        times = self.written.get(app, [])
        return max((sum(timedelta() <= one - start < within for one in times) for start in times), default=0)

    def _refuse(self, app: str, refusal: Fault) -> Fault:
        self.refused[app] += 1
        return refusal
