"""Exceptions: our world broke. One root per port, mapped to an exit code in one place (``cli``).

RatchetError
├── UsageError            the command line asks for something that can't be (exit 2)
├── RepositoryError       git could not answer (exit 3)
├── SourceError           a metric source could not answer; ``gather`` turns it into ``Missing``
├── ForgeError            GitHub could not be asked (exit 3)
│   ├── ForbiddenError        the token may not do it
│   ├── AbsentError           there is nothing of that name, or the token may not see it
│   ├── LostError             no answer, or half of one: whether it was done is not known
│   └── LimitedError          GitHub limits our requests for longer than we wait
├── NotifyError           a channel was not told of an alert; ``deliver`` turns it into a trouble
└── RecordError           a stored record can't be read or is not what its digest says (exit 3)
    └── ForeignError          a file is not the one that its digest names
"""


class RatchetError(Exception):
    """The root of every exception that Ratchet raises on purpose."""


class UsageError(RatchetError):
    """The command line asks for something that can't be."""


class RepositoryError(RatchetError):
    """Git could not answer: no repository, an unknown revision, a history that can't be deepened."""


class SourceError(RatchetError):
    """A metric source could not answer."""


class ForgeError(RatchetError):
    """GitHub could not be asked: no token, no answer, or an answer that can't be understood.

    ``what`` was asked and ``status`` came back, as far as there was a question: 404, ``no answer``, …
    """

    def __init__(self, message: str, *, what: str = "", status: str = "no answer") -> None:
        super().__init__(message)
        self.what = what
        self.status = status


class ForbiddenError(ForgeError):
    """The token may not do it."""


class AbsentError(ForgeError):
    """There is nothing of that name, or the token may not see it."""


class LostError(ForgeError):
    """No answer came, or half of one: whether what was asked has been done is not known."""


class LimitedError(ForgeError):
    """GitHub limits our requests for longer than we wait."""


class NotifyError(RatchetError):
    """A channel was not told of an alert, or nobody knows whether it was. The text holds no address and no secret.

    ``again``: trying once more could help, after ``wait`` seconds where the channel says so. ``only_this``: it refuses this
    alert, and others may be told.
    """

    def __init__(self, message: str, *, again: bool = False, only_this: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.only_this = only_this
        self.wait = wait


class RecordError(RatchetError):
    """A stored record can't be read, or is not what its digest says."""


class ForeignError(RecordError):
    """A file is not the one that its digest names."""
