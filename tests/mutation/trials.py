"""Trials: each mutant meets the tests that reach it, in a process of its own that ends at the first failure.

The tests are collected once. A trial forks, swaps the code of one function and runs the tests; nothing is imported again, and
nothing that a mutant does outlives it. Which tests reach which line is found the same way, by code that tells its lines.
"""

import gc
import importlib
import json
import os
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from time import process_time
from types import CodeType, FunctionType

import pytest

from mutation.mutants import Module, Mutant, Place

SURVIVED, KILLED = 0, 1
_CALL = "__mutation_reached__"
_TEST_SECONDS = 3.0
_EXAMPLES = 30


@dataclass(frozen=True)
class Target:
    """A module and the mutants of it that are tried."""

    name: str
    path: Path
    source: str
    module: Module
    chosen: tuple[Mutant, ...]


@dataclass(frozen=True)
class Trial:
    """What became of a mutant; ``tests`` counts those that reach it."""

    target: Target
    mutant: Mutant
    killed: bool
    tests: int


@dataclass
class Reached:
    """The seconds of processor that each test takes, and the tests that reach each line of each target."""

    seconds: dict[str, float]
    tests: dict[tuple[str, int], list[str]]

    def nearest(self, target: Target, line: int) -> list[str]:
        """The tests that reach a line: those of the module's own file first, then the quickest, for 3 s in all."""
        own = f"/test_{target.path.stem}.py"
        found = self.tests.get((target.name, line), [])
        ordered = sorted(found, key=lambda test: (own not in test, self.seconds[test], test))
        total = 0.0
        kept: list[str] = []
        for test in ordered:
            total += self.seconds[test]
            if total > _TEST_SECONDS and kept:
                break
            kept.append(test)
        return kept


class Trials:
    """A plugin of pytest that runs the collected tests against mutants instead of once."""

    def __init__(self, targets: Sequence[Target], told: Callable[[Trial], None]) -> None:
        self._targets = targets
        self._told = told
        self._failed: Callable[[], None] | None = None

    def pytest_configure(self) -> None:
        """The same examples for every mutant, and no search for the smallest one that fails."""
        from hypothesis import Phase, settings  # pytest rewrites what it imports after it started

        settings.register_profile(
            "mutation",
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            max_examples=_EXAMPLES,
        )
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A trial ends at the first failure."""
        if report.failed and self._failed is not None:
            self._failed()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Tries every mutant."""
        for target in self._targets:
            importlib.import_module(_import_name(target))
        gc.unfreeze()  # what the tests have frozen is not told of
        live = _live_functions({str(target.path) for target in self._targets})
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        reached = self._reached(list(items.values()), live)
        for target in self._targets:
            for mutant in target.chosen:
                code = target.module.code(mutant)
                functions = live[str(target.path)].get(mutant.place, ())
                tests = [items[name] for name in reached.nearest(target, mutant.line)]
                if code is not None and functions:
                    limit = 3 + ceil(5 * sum(reached.seconds[test.nodeid] for test in tests))
                    killed = bool(tests) and self._is_killed(functions, code, tests, limit)
                    self._told(Trial(target, mutant, killed, len(tests)))
        gc.unfreeze()
        return True

    def _is_killed(
        self, functions: Iterable[FunctionType], code: CodeType, tests: Sequence[pytest.Item], cpu_seconds: int
    ) -> bool:
        def work() -> int:
            self._failed = lambda: os._exit(KILLED)
            for function in functions:
                function.__code__ = code
            _run(tests)
            return SURVIVED

        return _forked(work, cpu_seconds) != SURVIVED

    def _reached(
        self, items: Sequence[pytest.Item], live: Mapping[str, Mapping[Place, Sequence[FunctionType]]]
    ) -> Reached:
        """Runs all tests once, in a process of their own, with code that tells its lines."""
        read, write = os.pipe()

        def work() -> int:
            found: dict[str, list[tuple[str, int]]] = {}
            lines: dict[str, set[int]] = {target.name: set() for target in self._targets}
            for target in self._targets:
                for place, code in target.module.traced(_CALL).items():
                    for function in live[str(target.path)].get(place, ()):
                        function.__code__ = code
                        function.__globals__[_CALL] = lines[target.name].add
            broken: set[str] = set()
            seconds: dict[str, float] = {}
            for item in items:
                for reached in lines.values():
                    reached.clear()
                self._failed = lambda name=item.nodeid: broken.add(name)
                start = process_time()
                _run([item])
                seconds[item.nodeid] = process_time() - start
                found[item.nodeid] = [(name, line) for name, reached in lines.items() for line in sorted(reached)]
            with os.fdopen(write, "w") as told:
                json.dump({"seconds": seconds, "found": found, "broken": sorted(broken)}, told)
            return SURVIVED

        pid = _fork(work, None)
        os.close(write)
        with os.fdopen(read) as told:
            answer = json.load(told)
        os.waitpid(pid, 0)
        for test in answer["broken"]:
            sys.stdout.write(f"left out, because it fails without any change: {test}\n")
        tests = defaultdict(list)
        for test in answer["found"].keys() - answer["broken"]:
            for name, line in answer["found"][test]:
                tests[name, line].append(test)
        return Reached(seconds=answer["seconds"], tests=tests)


def _import_name(target: Target) -> str:
    return ".".join(("model_ratchet", *Path(target.name).with_suffix("").parts)).removesuffix(".__init__")


def _live_functions(files: set[str]) -> dict[str, dict[Place, list[FunctionType]]]:
    """Every function of the files that exists by now, decorated or not, by its place."""
    found: dict[str, dict[Place, list[FunctionType]]] = {file: defaultdict(list) for file in files}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in files:
            found[one.__code__.co_filename][one.__code__.co_qualname, one.__code__.co_firstlineno].append(one)
    return found


def _run(items: Sequence[pytest.Item]) -> None:
    for item, following in zip(items, (*items[1:], None), strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _forked(work: Callable[[], int], cpu_seconds: int) -> int:
    """The exit status of work done in a process of its own; that of a signal where it took too long."""
    pid = _fork(work, cpu_seconds)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(20 * cpu_seconds)
    _, status = os.waitpid(pid, 0)
    signal.alarm(0)
    return status


def _fork(work: Callable[[], int], cpu_seconds: int | None) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = KILLED
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        if cpu_seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        status = work()
    finally:
        os._exit(status)
