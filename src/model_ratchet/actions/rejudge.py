"""Records on disk: written after a check, judged and rendered again from themselves alone."""

from pathlib import Path

from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.engine.judge import judge
from model_ratchet.engine.record import read, seal, to_bytes
from model_ratchet.report.check import Check, judged


def rejudge(path: Path) -> Check:
    """The check that a stored record makes when it is judged again. No repository and no source is asked.

    Raises:
        UsageError: the file can't be opened.
        RecordError: it is no record, or not the one that its digest names.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    record = read(content)
    verdict = judge(record.plan, record.evidence)
    return judged((seal(record.plan, record.evidence, verdict, decided_at=record.decided_at),))


def write_records(check: Check, path: Path) -> None:
    """Write the sealed record of a check; several go into a folder, one file for each promotion.

    Raises:
        RecordError: nothing was judged, so that there is nothing to seal.
    """
    records = check.records
    if not records:
        raise RecordError("nothing was judged, so there is no record to write")
    if len(records) == 1 and not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_bytes(records[0]))
        return
    path.mkdir(parents=True, exist_ok=True)
    for record in records:
        (path / f"{record.plan.facts.model}-{record.plan.facts.candidate}.json").write_bytes(to_bytes(record))
