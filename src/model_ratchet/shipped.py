"""Shipped: the policies, documents and templates that come with Ratchet, from the package or from a checkout of it."""

from collections.abc import Mapping
from pathlib import Path

from model_ratchet.core.errors import RepositoryError
from model_ratchet.git import Git

_PACKAGE = Path(__file__).parent
_CHECKOUT = Path(__file__).parents[2]


def shipped_policies() -> dict[str, bytes]:
    """The files below ``policies/`` by their path within a repository."""
    folder = _PACKAGE / "policies" if (_PACKAGE / "policies").is_dir() else _CHECKOUT / "policies"
    return {
        f"policies/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in sorted(folder.rglob("*.yaml"))
    }


def shipped_requirements() -> dict[str, bytes]:
    """The lists of what a checkout is installed with, by their path; none where the package was installed from a wheel."""
    folder = _CHECKOUT / "requirements"
    return {f"requirements/{file.name}": file.read_bytes() for file in sorted(folder.glob("*.txt"))}


def template(name: str, words: Mapping[str, str]) -> str:
    """A file of ``scaffold/`` with its ``__WORD__``s replaced; a word that is not given stays as it is."""
    text = (_PACKAGE / "scaffold" / name).read_text(encoding="utf-8")
    for word, written in words.items():
        text = text.replace(f"__{word}__", written)
    return text


def source_commit() -> str | None:
    """The commit that this copy was built from, or that its checkout is at; None where neither is known."""
    recorded = _PACKAGE / "commit"
    if recorded.is_file():
        return recorded.read_text(encoding="ascii").strip()
    if not (_CHECKOUT / ".git").exists():
        return None
    try:
        return Git(_CHECKOUT).commit("HEAD")
    except RepositoryError:
        return None
