"""schema: the JSON Schemas of the documents, so that an editor completes and checks them."""

from pathlib import Path

from model_ratchet.core.errors import UsageError
from model_ratchet.documents.schemas import schema_text, schemas


def print_schema(document: str | None) -> str:
    """The schema of one document kind, or the names of all kinds.

    Raises:
        UsageError: there is no such kind of document.
    """
    known = schemas()
    if document is None:
        return "\n".join(known)
    if document not in known:
        raise UsageError(f"there is no document kind {document!r}: known are {', '.join(known)}")
    return schema_text(known[document])


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema into a folder, one file each, and say which."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.json"
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(path)
    return tuple(written)
