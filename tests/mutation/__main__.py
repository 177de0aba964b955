"""Tries mutants of the modules that decide, and writes docs/mutation.md.

python -m mutation [MODULES …] [--sample N] [--survivors] [--tests FILES …]    (default: all that decide, 60 mutants of each)

What was killed before is not tried again while the module's source is the same; what survived is.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from mutation import results
from mutation.mutants import Module
from mutation.results import Tried
from mutation.trials import Target, Trial, Trials

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "model_ratchet"
PAGE = ROOT / "docs" / "mutation.md"
KEPT = Path(__file__).with_name("tried")
DECIDING = {
    "stats": ("tests/unit/stats",),
    "criteria": ("tests/unit/criteria", "tests/unit/engine", "tests/property/test_laws.py"),
    "engine": ("tests/unit/engine", "tests/property/test_waivers.py"),
    "github/reviews.py": ("tests/unit/github/test_reviews.py",),
}
"""What decides, and the tests that its mutants meet."""
TRIALS = PACKAGE / "engine" / "selftest"
"""What makes up the evidence of trials, and decides nothing."""
_OPTIONS = ("-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not slow")


def main() -> int:
    """The exit status: 1 where too few mutants are killed, and a survivor has no reason."""
    asked = argparse.ArgumentParser(description="Tries mutants of the modules that decide.")
    asked.add_argument("modules", nargs="*", default=tuple(DECIDING), help="files or folders below src/model_ratchet")
    asked.add_argument("--sample", type=int, default=60, help="how many mutants of each module; 0: all")
    asked.add_argument("--survivors", action="store_true", help="only those that survived before")
    asked.add_argument("--tests", nargs="+", help="other tests than those of the floor")
    options = asked.parse_args()
    for part, tests in DECIDING.items():
        files = [path for path in _files(options.modules) if path.is_relative_to(PACKAGE / part)]
        _try([_target(path, options.sample, survivors=options.survivors) for path in files], options.tests or tests)
    reasons = results.reasons()
    tried = {_name(path): one for path in _files(DECIDING) if (one := _tried(path)) is not None and one.killed}
    PAGE.write_text(results.page(tried, reasons), encoding="utf-8")
    missing = results.unexplained(tried, reasons)
    sys.stdout.writelines(f"no test and no reason: {one}\n" for one in missing)
    return 1 if missing else 0


def _try(targets: Sequence[Target], tests: Sequence[str]) -> None:
    def told(trial: Trial) -> None:
        name = trial.target.name
        tried = _tried(trial.target.path) or Tried(
            results.digest(trial.target.source), len(trial.target.module.mutants)
        )
        tried.killed[trial.mutant.name] = trial.killed
        results.save(KEPT, name, tried)
        if not trial.killed:
            place = f"{name}:{trial.mutant.line}"
            sys.stdout.write(f"survived {trial.tests} tests: {place} {trial.mutant.name}\n")
            sys.stdout.flush()

    if any(target.chosen for target in targets):
        with tempfile.TemporaryDirectory(prefix="ratchet-mutants-") as folder:
            where = [f"--basetemp={folder}/tests", *(str(ROOT / one) for one in tests)]
            pytest.main([*_OPTIONS, *where], plugins=[Trials(targets, told)])


def _files(names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        path = PACKAGE / name
        inside = sorted(path.rglob("*.py")) if path.is_dir() else (path,)
        yield from (file for file in inside if not file.is_relative_to(TRIALS))


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _tried(path: Path) -> Tried | None:
    return results.load(KEPT, _name(path), path.read_text(encoding="utf-8"))


def _target(path: Path, sample: int, *, survivors: bool) -> Target:
    """A module with the mutants to try: a sample that is the same whenever its source is, without those killed before."""
    source, tried = path.read_text(encoding="utf-8"), _tried(path)
    module = Module(source, str(path))
    before = {} if tried is None else tried.killed
    drawn = random.Random(_name(path)).sample(module.mutants, len(module.mutants))[: sample or None]  # noqa: S311
    asked = [one for one in module.mutants if one.name in before] if survivors else drawn
    chosen = sorted((one for one in asked if not before.get(one.name)), key=lambda one: one.line)
    return Target(name=_name(path), path=path, source=source, module=module, chosen=tuple(chosen))


if __name__ == "__main__":
    sys.exit(main())
