"""pages: reports of records: of files, of the ledger, and of a check."""

from pathlib import Path

from model_ratchet.actions.rejudge import stored, write_each
from model_ratchet.core.errors import RecordError
from model_ratchet.engine.record import Record
from model_ratchet.report.check import Check
from model_ratchet.report.html import as_html


def recorded(what: str, repo: Path, *, fetch: bool = False) -> Record:
    """The record in the file of that name; where there is none, what the ledger shows of that version or digest.

    Raises:
        UsageError: there is neither such a file nor anything of that name in the ledger, or several records.
        RecordError: the file is no record, or not the one that its digest names; or no record was sealed of the version.
        RepositoryError: git, or the remote, could not answer.
    """
    if Path(what).is_file():
        return stored(Path(what))
    from model_ratchet.actions.audit import show, the_ledger

    found = show(the_ledger(repo, fetch=fetch), what).record
    if found is None:
        raise RecordError(f"the ledger holds no record of {what}: none was sealed on it")
    return found


def write_reports(check: Check, path: Path) -> tuple[Path, ...]:
    """Write the report of each promotion, as ``write_records`` writes its record.

    Raises:
        OSError: a file can't be written.
    """
    return write_each(check, path, ".html", lambda record: as_html(record).encode())
