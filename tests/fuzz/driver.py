"""Runs one fuzz target under libFuzzer, within its limits: ``python -m fuzz.driver ledger_lines --seconds 20``.

A target is a module beside this one. It says what its inputs are (``SEEDS``, ``TOKENS``) and what must hold of each of them
(``one_input``, which raises where it does not). It ends with 0 once its CPU time is used up, and with what libFuzzer says of
the input that broke something: a copy of it then lies in ``build/fuzz``.
"""

import argparse
import importlib
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, cast

from fuzz.limits import Limits

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
TARGETS = ("yaml_guard", "junit_report", "prometheus_answers", "escapers", "ledger_lines")
MOST_MIB = 256
"""How much memory inputs may take, together, beyond that of the start."""
LONGEST = 2**16
"""Inputs are at most so many bytes long."""
_HANG_SECONDS = 120
"""Of wall time: what never comes back to Python has no other end."""


class Target(Protocol):
    """What a module beside this one holds."""

    TOKENS: tuple[bytes, ...]
    """Words of the language that inputs are in."""
    SEEDS: tuple[Path, ...]
    """Folders of inputs to begin with, beside the target's own corpus."""

    @staticmethod
    def one_input(data: bytes) -> None:
        """Raises whatever it likes, where the promise is broken."""


def library() -> Path | None:
    """Where Atheris lies; None where it could not be installed."""
    return next(ROOT.glob(".venv-fuzz/lib/python*/site-packages/atheris"), None)


def _inherited_mib() -> float:
    """Where libFuzzer begins to count: with what the process held at most that started this one."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of CPU time")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that reach something new")
    parser.add_argument(
        "--merge", action="store_true", help="add to --keep what is needed of the other folders, and end"
    )
    parser.add_argument("target", help=f"one of {', '.join(TARGETS)}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as made:
        folder = Path(made)
        _run(given.target, given.seconds, given.keep or folder / "kept", folder, merge=given.merge)


def _run(name: str, seconds: float, keep: Path, folder: Path, *, merge: bool) -> None:
    found = library()
    if found is None:
        raise SystemExit("Atheris is not installed: make components")
    sys.path.append(str(found.parent))
    import atheris

    with atheris.instrument_imports(include=["model_ratchet"]):
        target = cast(Target, importlib.import_module(f"fuzz.{name}"))
    corpora = [path for path in (CORPUS / name, *target.SEEDS) if path.exists()]
    _warm(target.one_input, corpora)
    words = folder / "words"
    words.write_text("\n".join(_quoted(word) for word in target.TOKENS))
    found_at = ROOT / "build" / "fuzz"
    for path in (keep, found_at):
        path.mkdir(parents=True, exist_ok=True)
    options = [
        f"-artifact_prefix={found_at / name}-",
        f"-dict={words}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={_inherited_mib() + MOST_MIB:.0f}",
        f"-timeout={_HANG_SECONDS}",
        "-report_slow_units=3600",  # of wall time, which says how busy the machine is
        "-print_final_stats=1",
        "-verbosity=0",
        *(["-merge=1"] if merge else []),
    ]
    limits = Limits(target.one_input, cpu_seconds=seconds, most_mib=MOST_MIB)
    atheris.Setup([sys.argv[0], *options, str(keep), *map(str, corpora)], target.one_input if merge else limits)
    atheris.Fuzz()


def _warm(one_input: Callable[[bytes], None], corpora: Iterable[Path]) -> None:
    """What is built once, at the first use, is no memory that inputs take."""
    for path in (path for corpus in corpora for path in sorted(corpus.rglob("*"))):
        if path.is_file():
            one_input(path.read_bytes())


def _quoted(word: bytes) -> str:
    return '"' + "".join(chr(one) if chr(one).isalnum() and one < 128 else f"\\x{one:02x}" for one in word) + '"'


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
