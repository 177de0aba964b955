"""Doubles of the ports: sources, a ledger and a forge that hold what a trial puts into them, and reach nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from model_ratchet.core.code import Reported
from model_ratchet.core.errors import ForgeError, RecordError
from model_ratchet.core.evidence import Measurement, Missing, Need
from model_ratchet.core.reason import Why, because
from model_ratchet.core.reviews import Conversation, SourcePull
from model_ratchet.documents.events import Event
from model_ratchet.engine.record import Record
from model_ratchet.engine.selftest.people import People
from model_ratchet.engine.story import Attempt, Story, stories
from model_ratchet.ports import Answers

Answer = Callable[[Need], Measurement | Missing | None]


@dataclass(frozen=True, slots=True)
class MadeUpSource:
    """A source that says of each need what it is told to; what it is told nothing of is missing."""

    name: str
    answered: Answer

    def answer(self, needs: Sequence[Need]) -> Answers:
        """An answer to every need."""
        absent = Missing(reason=because(Why.SOURCE_ABSENT, source=self.name, file="nowhere"), lasting=False)
        return Answers({need: self.answered(need) or absent for need in needs})


@dataclass(frozen=True, slots=True)
class MadeUpLedger:
    """A ledger of these events, without any record."""

    events: tuple[Event, ...] = ()

    def story(self, model: str) -> Story:
        """What they say of a model."""
        return stories(self.events).get(model, Story(model=model))

    def records(self, digests: Sequence[str]) -> Mapping[str, Record]:
        """None is there."""
        if digests:
            raise RecordError("the made-up ledger holds no record")
        return {}

    def closed(self, attempt: Attempt) -> Mapping[Need, Measurement | Missing]:
        """No stage is closed: every need is asked of the sources."""
        del attempt
        return {}


@dataclass(frozen=True, slots=True)
class MadeUpForge:
    """A forge that tells of one pull request, and that the model's code is checked and reviewed."""

    told: Conversation | None
    people: People
    reported: tuple[Reported, ...] = ()
    pulls: tuple[SourcePull, ...] = field(default=())

    def conversation(self, pull: int, teams: Sequence[str]) -> Conversation:
        """What was said of the pull request; none is told where there is none."""
        if self.told is None:
            raise ForgeError(f"pull request #{pull} can't be read", what="the reviews", status="403")
        return replace(self.told, teams={**self.people.teams(teams), **self.told.teams})

    def reported_on(self, repository: str, commit: str) -> tuple[Reported, ...]:
        """What reports on the model's code."""
        del repository, commit
        return self.reported

    def pulls_of(self, repository: str, commit: str) -> tuple[SourcePull, ...]:
        """The pull requests of the model's code."""
        del repository, commit
        return self.pulls
