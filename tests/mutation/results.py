"""What became of the mutants, kept in tests/mutation/tried as long as a module's source is the same, and written as a page."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

HARMLESS = Path(__file__).with_name("harmless.yaml")
ENOUGH = 0.9

Reasons = Mapping[str, Mapping[str, str]]
"""Why a survivor is harmless, by module and by function and change."""

_HEAD = """# Mutation testing

Do the tests notice when a decision is changed? A *mutant* is the code of one function with one small change: `<` becomes `<=`,
a sign turns, an operand of `and` goes, a condition is never true, a number is one more, a statement is left out. A mutant is
*killed* when a test that reaches it fails, and *survives* when none does. Then a test is missing, or the change is harmless,
and the reason stands below (from `tests/mutation/harmless.yaml`).

`make mutants` tries them, and writes this page; `make mutants MODULES="stats engine/judge.py" SAMPLE=0` tries all of some
modules. Of each module a random sample is taken, the same whenever its source is the same, and what was tried before is kept in
`tests/mutation/tried`. Words and messages, defaults of arguments, what classes and modules declare outside of
functions, and `engine/selftest`, which makes up the evidence of trials, are not changed. A mutant meets the tests of its own
floor that reach its line, those of the file named after its module first, for 3 seconds of processor time; one that hangs is
killed too.

"""


@dataclass
class Tried:
    """The mutants of one module that were tried: by function and change, whether they were killed."""

    digest: str
    mutants: int
    killed: dict[str, bool] = field(default_factory=dict)

    @property
    def survivors(self) -> list[str]:
        """Those that no test killed."""
        return [name for name, killed in self.killed.items() if not killed]


def digest(source: str) -> str:
    """What tells whether a module's source is the same."""
    return hashlib.sha256(source.encode()).hexdigest()


def load(folder: Path, module: str, source: str) -> Tried | None:
    """What was tried of a module by now; None where nothing was, or its source is another since."""
    file = folder / f"{module}.json"
    if not file.exists():
        return None
    found = Tried(**json.loads(file.read_text(encoding="utf-8")))
    return found if found.digest == digest(source) else None


def save(folder: Path, module: str, tried: Tried) -> None:
    """Keeps what was tried of a module."""
    file = folder / f"{module}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(vars(tried), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def reasons() -> Reasons:
    """Why survivors are harmless, as reviewed."""
    read: Reasons = yaml.safe_load(HARMLESS.read_text(encoding="utf-8")) or {}
    return read


def floor(module: str) -> str:
    """The part of the package whose share is counted: a folder, or a file where it is named alone."""
    return module if module.startswith("github/") else module.split("/", maxsplit=1)[0]


def unexplained(results: Mapping[str, Tried], reasons: Reasons) -> list[str]:
    """The survivors without a reason, of the floors on which too few mutants were killed."""
    tried, killed = _counts(results)
    return [
        f"{module}: {name}"
        for module, one in results.items()
        for name in one.survivors
        if killed[floor(module)] < ENOUGH * tried[floor(module)] and name not in reasons.get(module, {})
    ]


def page(results: Mapping[str, Tried], reasons: Reasons) -> str:
    """The page: a table of floors, a table of modules, and the survivors with their reasons."""
    return _HEAD + "\n".join([*_floors(results), "", *_modules(results), "", *_survivors(results, reasons)]) + "\n"


def _counts(results: Mapping[str, Tried]) -> tuple[Counter[str], Counter[str]]:
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    for module, one in results.items():
        tried[floor(module)] += len(one.killed)
        killed[floor(module)] += sum(one.killed.values())
    return tried, killed


def _floors(results: Mapping[str, Tried]) -> Iterator[str]:
    tried, killed = _counts(results)
    yield "| | modules | tried | killed | share |"
    yield "|---|---:|---:|---:|---:|"
    for name, count in tried.items():
        modules = sum(floor(module) == name for module in results)
        yield f"| `{name}` | {modules} | {count} | {killed[name]} | {_share(killed[name], count)} |"


def _modules(results: Mapping[str, Tried]) -> Iterator[str]:
    yield "## By module"
    yield ""
    yield "| module | mutants | tried | killed | share |"
    yield "|---|---:|---:|---:|---:|"
    for module, one in results.items():
        killed = sum(one.killed.values())
        yield f"| `{module}` | {one.mutants} | {len(one.killed)} | {killed} | {_share(killed, len(one.killed))} |"


def _survivors(results: Mapping[str, Tried], reasons: Reasons) -> Iterator[str]:
    yield "## Survivors"
    yield ""
    yield "What changes is in brackets."
    for module, one in results.items():
        if one.survivors:
            yield from ("", f"### `{module}`", "")
        for name in one.survivors:
            function, change = name.split(": ", maxsplit=1)
            shown = change.replace("](", "] (")  # no link
            yield f"* `{function}`: ``{shown}`` – {reasons.get(module, {}).get(name, '**not explained yet**')}"


def _share(killed: int, tried: int) -> str:
    return f"{killed / tried:.0%}" if tried else ""
