"""Shipped: the policies and documents that come with Ratchet, from the package or from a checkout of it."""

from pathlib import Path

_PACKAGED = Path(__file__).parent / "policies"
_CHECKOUT = Path(__file__).parents[2] / "policies"


def shipped_policies() -> dict[str, bytes]:
    """The files below ``policies/`` by their path within a repository."""
    folder = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    return {
        f"policies/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in sorted(folder.rglob("*.yaml"))
    }
