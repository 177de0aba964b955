"""The entry of Ratchet in a ``.pre-commit-config.yaml``: added at the end of the list, with all that is there kept."""

import yaml

HOOK = "ratchet-validate"
FILE = ".pre-commit-config.yaml"


def with_hook(text: str | None, entry: str) -> str | None:
    """The file with the entry: as it is where it has the hook, None where it can't be added without a risk.

    ``entry`` is one item of ``repos``, indented by two blanks. Only lines are added, and the result is read again: all that the
    file said must be there as it was.
    """
    if text is None:
        return f"repos:\n{entry}"
    before = _read(text)
    if before is None:
        return None
    if any(isinstance(one, dict) and _hooks(one) for one in before["repos"]):
        return text
    added = f"{text.rstrip()}\n{_indented(entry, _indent(text))}"
    after = _read(added)
    wanted = {**before, "repos": [*before["repos"], *yaml.safe_load(f"repos:\n{entry}")["repos"]]}
    return added if after == wanted else None


def _read(text: str) -> dict[str, list[object]] | None:
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return read if isinstance(read, dict) and isinstance(read.get("repos"), list) else None


def _hooks(repo: dict[str, object]) -> bool:
    hooks = repo.get("hooks")
    return isinstance(hooks, list) and any(isinstance(one, dict) and one.get("id") == HOOK for one in hooks)


def _indent(text: str) -> int:
    """How far the items of ``repos`` are indented."""
    after = text.partition("\nrepos:" if not text.startswith("repos:") else "repos:")[2]
    items = [line for line in after.splitlines() if line.lstrip().startswith("- ")]
    return len(items[0]) - len(items[0].lstrip()) if items else 2


def _indented(entry: str, by: int) -> str:
    return "".join(f"{' ' * by}{line.removeprefix('  ')}\n" for line in entry.splitlines())
