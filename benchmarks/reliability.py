"""Cuts the story off everywhere, runs it again, and writes docs/reliability.md.

python -m benchmarks.reliability [N]          everything, and the page
python -m benchmarks.reliability STEP [N]     one step; prints how many faults there are, and a line of JSON for each
python -m benchmarks.reliability CROWD [N]    one of the crowds; prints JSON
python -m benchmarks.reliability page         the page, of what was tried last of each

What is printed is kept in benchmarks/found. With N, one fault of N is tried, and crowds and GitHub's limits
are N times smaller. Ends with 1 where a step has ended otherwise than undisturbed, and the page does not say why.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.log import ROOT

sys.path.insert(0, str(ROOT / "tests"))

PAGE = ROOT / "docs" / "reliability.md"
KEPT = ROOT / "benchmarks" / "found"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"
SERVED, REAL = "check of a served log", "check of real servers"
EVERY = {REAL: 6}
"""A database is asked in many small questions: one fault of so many is tried, which meets every kind of them."""
AT_ONCE, APP, WORKFLOW = "at once", "app", "workflow"
CROWDS = {AT_ONCE: 50, APP: 500, WORKFLOW: 100}
"""How many: runs on one pull request; pull requests in an hour, published by an App's token or by a workflow's own."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "killed": ("killed", "killed, done"),
    "dropped": ("dropped", "dropped, done"),
    "half an answer": ("half of the bytes",),
    "half a list": ("half of each list",),
    "server killed": ("server killed", "server killed, half told"),
    "disk full": ("disk full", "really full disk"),
    "clock": ("clock", "own clock"),
}
"""Column → the kinds of faults in it."""


@dataclass(frozen=True)
class Told:
    """What came of one fault."""

    step: str
    kind: str
    asked: str
    point: str
    differs: str


def main() -> None:
    """What is asked for, or all of it."""
    *named, of = sys.argv[1:] if sys.argv[-1].isdecimal() else [*sys.argv[1:], "1"]
    if not named:
        sys.exit(_all(of))
    (name,) = named
    if name == "page":
        sys.exit(_page())
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ratchet-reliability-") as folder, _kept(name).open("w") as kept:
        for found in (_crowd if name in CROWDS else _step)(name, Path(folder), int(of)):
            for file in (kept, sys.stdout):
                print(json.dumps(found), file=file, flush=True)


def _step(name: str, folder: Path, of: int) -> Iterator[dict[str, Any]]:
    from reliability.commands import nursery
    from reliability.faults import Place
    from reliability.steps import STEPS
    from reliability.trials import one_of_each_first, points, tried, undisturbed

    alone = {SERVED: (Place.SERVICE,), REAL: (Place.POSTGRESQL, Place.PROMETHEUS)}  # all else is as in any check
    places = alone.get(name, tuple(Place))
    step = 1 if name == SERVED else of * EVERY.get(name, 1)
    (folder / "world").mkdir()
    with nursery(folder / "nursery") as commands, STEPS[name](folder / "world", commands) as world:
        whole = undisturbed(world)
        every = one_of_each_first(whole, points(whole, places))
        yield {"faults": len(every)}
        for point in every[::step]:
            trial = tried(world, whole, point)
            yield asdict(Told(name, trial.kind.value, trial.asked, trial.point, trial.differs))


def _crowd(name: str, folder: Path, of: int) -> Iterator[dict[str, Any]]:
    from forge.limits import HOUR, MINUTE, Limits
    from reliability.commands import nursery
    from reliability.crowds import a_crowd, at_once, in_an_hour
    from reliability.steps import check_unsigned

    (folder / "world").mkdir()
    if name == AT_ONCE:
        with nursery(folder / "nursery") as commands, check_unsigned(folder / "world", commands) as world:
            yield asdict(at_once(world, CROWDS[name] // of))
        return
    with a_crowd(folder / "world", CROWDS[name] // of, hardened=name == APP) as crowd:
        limits = crowd.scene.forge.limits = Limits().divided(of)
        hours = [asdict(one) for one in in_an_hour(crowd)]
        (app,) = limits.written
        yield {
            "pulls": len(crowd.pulls),
            "limit": limits.app if name == APP else limits.workflow,
            "hours": hours,
            "a_minute": [limits.most(app, MINUTE), limits.a_minute],
            "an_hour": [limits.most(app, HOUR), limits.an_hour],
            "refused": limits.refused[app],
        }


def _all(of: str) -> int:
    from reliability.steps import STEPS

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: _one(name, of), [*STEPS, *CROWDS]))
    return _page()


def _one(name: str, of: str) -> None:
    """One of them, in a process of its own."""
    print(f"{name} …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.reliability", name, of]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def _kept(name: str) -> Path:
    return KEPT / f"{name.replace(' ', '-')}.jsonl"


def _page() -> int:
    from reliability.steps import STEPS

    names = [name for name in (*STEPS, *CROWDS) if _kept(name).exists()]
    kept = {name: _kept(name).read_text(encoding="utf-8").splitlines() for name in names}
    told = {name: [json.loads(line) for line in lines] for name, lines in kept.items() if lines}
    found = [Told(**one) for name in STEPS for one in told.get(name, [])[1:]]
    faults = {name: told[name][0]["faults"] for name in STEPS if name in told}
    return write(found, {name: told[name][0] for name in CROWDS if name in told}, faults)


def write(found: Sequence[Told], crowds: Mapping[str, Mapping[str, Any]], faults: Mapping[str, int]) -> int:
    """Put what was found into the page; 1 where it holds a difference that nothing explains.

    ``faults`` is how many there are of each step, tried or not.
    """
    from reliability.trials import explained

    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    measured = "\n".join(
        [*_sampled(found, faults), *_table(found), "", *_differences(found), *_crowds(crowds), "", _machine(), ""]
    )
    PAGE.write_text(f"{before}{BEGIN}{measured}{END}{after}", encoding="utf-8")
    unexplained = [one for one in found if one.differs and explained(one.step, one.kind, one.asked) is None]
    for one in unexplained:
        print(f"{one.step}, {one.point} {one.asked}:\n{one.differs}", file=sys.stderr)
    return int(bool(unexplained))


def _sampled(found: Sequence[Told], faults: Mapping[str, int]) -> Iterator[str]:
    """What was not tried, and how it is."""
    tried = Counter(one.step for one in found)
    part = [f"{tried[step]:,} of {number:,} of {step}" for step, number in faults.items() if tried[step] < number]
    if part:
        yield (
            f"Tried were {len(found):,} faults of {sum(faults.values()):,}: {', '.join(part)}, and all of the other steps. "
            "Each fault meets each kind of request first. `make reliability` tries all, and "
            "`python -m benchmarks.reliability STEP` those of one step."
        )
        yield ""


def _table(found: Sequence[Told]) -> Iterator[str]:
    yield f"| step | points | {' | '.join(COLUMNS)} | all |"
    yield "|---|" + "---:|" * (len(COLUMNS) + 2)
    steps = dict.fromkeys(one.step for one in found)
    for step in steps:
        of = [one for one in found if one.step == step]
        cells = [_cell([one for one in of if one.kind in kinds]) for kinds in COLUMNS.values()]
        yield f"| {step} | {_points(of)} | {' | '.join([*cells, _cell(of)])} |"
    cells = [_cell([one for one in found if one.kind in kinds]) for kinds in COLUMNS.values()]
    yield f"| **all** | {_points(found)} | {' | '.join([*cells, _cell(found)])} |"


def _points(found: Sequence[Told]) -> int:
    """How many places there are at which something goes wrong."""
    places = ((one.step, one.point.partition(" at ")[2]) for one in found)
    return len({(step, place) for step, place in places if place})


def _cell(found: Sequence[Told]) -> str:
    if not found:
        return ""
    differ = sum(bool(one.differs) for one in found)
    return f"{len(found)}, {differ} differ" if differ else str(len(found))


def _differences(found: Sequence[Told]) -> Iterator[str]:
    """Those that end otherwise, and why."""
    from reliability.trials import explained

    differ = [one for one in found if one.differs]
    counted = Counter((one.step, explained(one.step, one.kind, one.asked)) for one in differ)
    if not counted:
        yield f"All {len(found)} end as the undisturbed run does."
    else:
        yield f"{len(found) - len(differ)} of {len(found)} end as the undisturbed run does. The others:"
        yield ""
        yield from (f"* {step}, {number}×: {why or 'not explained'}" for (step, why), number in counted.items())
    yield ""


def _crowds(crowds: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| crowd | what came of it |"
    yield "|---|---|"
    if AT_ONCE in crowds:
        yield _together(crowds[AT_ONCE])
    tokens = {APP: "an App's token", WORKFLOW: "a workflow's own token"}
    for name, token in tokens.items():
        of = crowds.get(name)
        if of is None:
            yield f"| {CROWDS[name]} pull requests in an hour, {token} | not tried: `python -m benchmarks.reliability {name}` |"
            continue
        hours = "; ".join(
            f"hour {at}: {one['requests']:,} requests, {one['published']} published"
            for at, one in enumerate(of["hours"], start=1)
        )
        yield (
            f"| {of['pulls']} pull requests in an hour, {token}, {of['limit']:,} requests an hour | {hours}; at most "
            f"{of['a_minute'][0]} writes in a minute (of {of['a_minute'][1]}) and {of['an_hour'][0]} in an hour (of "
            f"{of['an_hour'][1]}); {of['refused']} requests were refused |"
        )


def _together(met: Mapping[str, Any]) -> str:
    last = "the last one's" if met["revision"] == met["newest"] else f"run {met['revision']}'s, not the last one's"
    ends = Counter(met["codes"])
    return (
        f"| {len(met['codes'])} runs at once on one pull request | {met['comments']} comment; the check that GitHub reads is "
        f"{last} (“{met['says']}”); exit codes {', '.join(f'{number}× {code}' for code, number in sorted(ends.items()))} |"
    )


def _machine() -> str:
    git = subprocess.run(["git", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[2]
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pygithub", "requests"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, git {git}, {packages}."
    )


if __name__ == "__main__":
    main()
