"""Records on disk: written after a check, judged and rendered again from themselves alone."""

from collections.abc import Callable
from pathlib import Path

from model_ratchet.core.errors import RecordError, UsageError
from model_ratchet.core.verdict import Verdict
from model_ratchet.engine.again import outcomes, same_judge
from model_ratchet.engine.judge import judge
from model_ratchet.engine.record import Record, read, seal, to_bytes
from model_ratchet.report.check import Check, judged


def rejudge(path: Path) -> Check:
    """The check that a stored record makes when it is judged again. No repository and no source is asked.

    Raises:
        UsageError: the file can't be opened.
        RecordError: it is no record, not the one that its digest names, or its verdict does not follow from its evidence.
    """
    record = stored(path)
    verdict = judge(record.plan, record.evidence)
    _refuse_other(record, verdict)
    return judged((seal(record.plan, record.evidence, verdict, decided_at=record.decided_at),))


def stored(path: Path) -> Record:
    """The record in a file.

    Raises:
        UsageError: the file can't be opened.
        RecordError: it is no record, or not the one that its digest names.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    try:
        return read(content)
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None


def _refuse_other(record: Record, again: Verdict) -> None:
    """A verdict that its evidence does not give was written by another judge, or by nobody that judged."""
    if outcomes(again) == outcomes(record.verdict):
        return
    cause = "it was changed" if same_judge(record) else "another release judged it: use that one"
    raise RecordError(
        f"the record says {record.verdict.outcome}, and its evidence judged again gives {again.outcome}: {cause}"
    )


def write_records(check: Check, path: Path) -> tuple[Path, ...]:
    """Write the sealed record of a check; several go into a folder, one file for each promotion.

    Returns the files: none where nothing was judged, because then there is nothing to seal.

    Raises:
        OSError: a file can't be written.
    """
    return write_each(check, path, ".json", to_bytes)


def write_each(check: Check, path: Path, suffix: str, content: Callable[[Record], bytes]) -> tuple[Path, ...]:
    """Write what is made of each record of a check, likewise.

    Raises:
        OSError: a file can't be written.
    """
    alone = len(check.records) == 1 and not path.is_dir()
    folder = path.parent if alone else path
    written = []
    for record in check.records:
        folder.mkdir(parents=True, exist_ok=True)
        file = path if alone else folder / f"{record.plan.facts.model}-{record.plan.facts.candidate}{suffix}"
        file.write_bytes(content(record))
        written.append(file)
    return tuple(written)
