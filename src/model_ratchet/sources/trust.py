"""Trust: the authorities that may have signed the certificate of a source's server."""

from pathlib import Path


def authorities(ca: str | None, root: Path) -> str:
    """The file of their certificates: the one that the source names, by its path in the repository, or the well-known ones."""
    import certifi

    return str(root / ca) if ca is not None else certifi.where()
