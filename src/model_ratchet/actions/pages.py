"""pages: reports of records: of files, of the ledger, and of a check."""

import os
from pathlib import Path

from model_ratchet.actions.rejudge import stored, write_each
from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.engine.record import Record
from model_ratchet.report.check import Check
from model_ratchet.report.html import as_html


def recorded(what: str, repo: Path, *, fetch: bool = False) -> Record:
    """The record in the file of that name; where there is none and a version or a digest is named, what the ledger shows of it.

    Raises:
        UsageError: the file can't be opened; or the ledger holds nothing of that name, or several records.
        RecordError: the file is no record, or not the one that its digest names; or no record was sealed of the version.
        RepositoryError: git, or the remote, could not answer.
    """
    file = Path(what)
    if os.path.isfile(file):  # noqa: PTH113  (`is_file` raises where a folder can't be entered)
        return stored(file)
    from model_ratchet.actions.audit import names_an_entry, show, the_ledger

    if not names_an_entry(what):
        return _stored_or_not_named(file)
    found = show(the_ledger(repo, fetch=fetch), what).record
    if found is None:
        raise RecordError(f"the ledger holds no record of {what}: none was sealed on it")
    return found


def _stored_or_not_named(file: Path) -> Record:
    try:
        return stored(file)
    except UsageError as error:
        ways = "its version, or the first 8 digits or more of its digest"
        raise UsageError(f"{error} (a record of the ledger is named by {ways})") from None


def write_reports(check: Check, path: Path) -> tuple[Path, ...]:
    """Write the report of each promotion, as ``write_records`` writes its record.

    Raises:
        OSError: a file can't be written.
    """
    return write_each(check, path, ".html", lambda record: as_html(record).encode())
