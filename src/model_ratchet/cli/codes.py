"""Exit codes: what a run ended as."""

from enum import IntEnum

from model_ratchet.core.outcome import Outcome


class ExitCode(IntEnum):
    """What a run ended as."""

    PASSED = 0
    """Passed; or what was asked for is done."""
    FAILED = 1
    """Failed; or refused, because a person has to decide."""
    INVALID = 2
    """A document is invalid, or the command line is: nothing was judged."""
    ERRORED = 3
    """We could not look: a source, git, GitHub or the ledger does not answer, or what it says can't be trusted."""
    WAITING = 4
    """Pending or inconclusive: time, rows or people are missing."""
    NOT_PUBLISHED = 5
    """Judged or done, and not or not wholly published; run it again."""
    INTERRUPTED = 130
    """Interrupted from the keyboard."""

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
