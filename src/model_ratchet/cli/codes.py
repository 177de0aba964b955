"""Exit codes: what a run ended as."""

from enum import IntEnum
from typing import assert_never

from model_ratchet.core.outcome import Outcome


class ExitCode(IntEnum):
    """What a run ended as."""

    PASSED = 0
    FAILED = 1
    INVALID = 2
    ERRORED = 3
    WAITING = 4
    NOT_PUBLISHED = 5
    INTERRUPTED = 130

    @classmethod
    def of(cls, outcome: Outcome | None) -> "ExitCode":
        """The code of an outcome; None stands for documents that can't be judged."""
        match outcome:
            case None:
                return cls.INVALID
            case Outcome.PASSED:
                return cls.PASSED
            case Outcome.FAILED:
                return cls.FAILED
            case Outcome.ERRORED:
                return cls.ERRORED
            case Outcome.PENDING | Outcome.INCONCLUSIVE:
                return cls.WAITING
            case _:
                assert_never(outcome)
