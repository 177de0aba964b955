"""Detail: how much a comment says, from everything down to counts; and where its links lead."""

from dataclasses import dataclass
from enum import IntEnum

from model_ratchet.report import escape
from model_ratchet.report.marker import Marker


class Detail(IntEnum):
    """The steps on which a comment that is too long shrinks: each leaves out what its name says, and all before it.

    The verdict, the criteria that hold it up and the link to the full report stay to the end.
    """

    FULL = 0
    NO_EVIDENCE = 1
    NO_PASSED = 2
    FEW_WARNINGS = 3
    NO_PARTS = 4
    NO_DETAILS = 5
    ONE_LINE = 6
    COUNTS = 7

    @property
    def sentence(self) -> int:
        """How many characters a sentence keeps."""
        return (500, 500, 500, 400, 300, 200, 120, 80)[self]

    @property
    def word(self) -> int:
        """How many characters a name keeps."""
        return 120 if self < Detail.NO_DETAILS else 60

    @property
    def rows(self) -> int:
        """How many rows a table keeps."""
        return (60, 60, 60, 60, 60, 40, 30, 15)[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentContext:
    """What a comment says beside the check itself. Everything may be missing; then it is left out.

    Raises:
        ValueError: an address is no plain http or https address.
    """

    marker: Marker | None = None
    repository: str | None = None
    """The address of the repository: ``https://github.com/acme/models``."""
    base_commit: str | None = None
    """The commit whose policies were read; links to their lines lead there."""
    report: str | None = None
    """The address of the full report."""
    run: str | None = None
    """The address of the run that checked."""
    draft: bool = False
    superseded_by: str | None = None
    """A newer commit of the pull request, to which this verdict no longer belongs."""
    waiting_for: str | None = None
    """What the pull request waits for besides its evidence and its reviewers: a slot, a maintainer."""

    def __post_init__(self) -> None:
        for one in (self.repository, self.report, self.run):
            if one is not None:
                escape.address(one)

    def at_head(self, file: str, shown: str, line: int | None = None) -> str:
        """``shown`` (escaped already) as a link to a file of the pull request, where that can be linked."""
        return self._file(self.marker.head if self.marker is not None else None, file, shown, line)

    def at_base(self, file: str, shown: str, line: int | None = None) -> str:
        """The same to a file of the base branch."""
        return self._file(self.base_commit, file, shown, line)

    def _file(self, commit: str | None, file: str, shown: str, line: int | None) -> str:
        linked = file and len(file) <= 300 and not {"", ".", ".."} & set(file.split("/"))
        if self.repository is None or commit is None or not linked:
            return shown
        url = f"{self.repository.rstrip('/')}/blob/{commit}/{escape.path(file)}"
        if line is None:
            return escape.link(shown, url)
        plain = "?plain=1" if file.endswith((".md", ".markdown")) else ""  # a rendered page has no lines to lead to
        return escape.link(shown, f"{url}{plain}#L{line}")
