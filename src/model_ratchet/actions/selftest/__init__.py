"""selftest: the attacks that are known, tried on a repository's own documents by the code that judges its promotions.

Everything happens in a temporary git repository, against sources, a ledger and a forge that are made up: no source is asked,
nothing is sent anywhere, and the repository is not written to.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from model_ratchet.actions.doctor import read_files
from model_ratchet.actions.selftest import (
    boundary,
    comments,
    evidence,
    installation,
    ledgers,
    output,
    production,
    rules,
    signing,
    sources,
    stories,
)
from model_ratchet.actions.selftest.ground import Ground, OfProposal, Trial, read_ground, shown
from model_ratchet.actions.selftest.sandbox import a_sandbox
from model_ratchet.core.errors import RatchetError
from model_ratchet.core.finding import Finding
from model_ratchet.engine.selftest.attack import Line, Said, broken, idle, lines
from model_ratchet.engine.selftest.catalogue import ELSEWHERE, EVERY
from model_ratchet.engine.selftest.traps import TRAPS
from model_ratchet.git import Git

Progress = Callable[[str], None]
On = TypeVar("On")
Outcome = TypeVar("Outcome")

OF_GROUND: tuple[tuple[tuple[str, ...], Trial], ...] = (*installation.TRIALS, *rules.TRIALS, *sources.OF_GROUND)
"""What is tried on the documents as they are."""

OF_PROPOSAL: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    *boundary.TRIALS,
    *signing.TRIALS,
    *stories.TRIALS,
    *sources.TRIALS,
    *output.TRIALS,
    *comments.TRIALS,
    *ledgers.TRIALS,
    *production.TRIALS,
)
"""What is tried on a proposal that passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestInput:
    """Which repository to try, as of which commit and instant."""

    repo: Path
    base: str | None = None
    """The protected branch, or any commit; None for the remote's default branch."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried on a repository, and what came of it."""

    base: str
    commit: str
    controls: tuple[tuple[str, str], ...]
    """Each model and policy, with how an honest proposal of it is judged: an attack on one that fails shows nothing."""
    blind: bool
    """There are models, and no honest proposal of any passes: what is tried on one could not be tried."""
    lines: tuple[Line, ...]


def selftest(asked: SelftestInput, *, progress: Progress | None = None) -> Tried | tuple[Finding, ...]:
    """Every attack, tried just now on the documents of the base; or what is wrong with these documents.

    Raises:
        RepositoryError: git could not answer.
    """
    repository = Git(asked.repo)
    base = asked.base if asked.base is not None else repository.default_base()
    commit = repository.commit(base)
    with a_ground(repository, base, commit, asked.now) as ground:
        if not isinstance(ground, Ground):
            return ground
        controls = tuple((one.subject.name, one.how) for one in ground.controls)
        blind = bool(ground.models) and ground.control is None
        return Tried(base, commit, controls, blind, try_all(ground, progress or (lambda _: None)))


@contextmanager
def a_ground(repository: Git, base: str, commit: str, now: datetime) -> Iterator[Ground | tuple[Finding, ...]]:
    """The documents of a commit of the branch ``base`` in a sandbox, or all that is wrong with them.

    Raises:
        RepositoryError: git could not answer.
    """
    files = read_files(repository, commit)
    branch = base.removeprefix("refs/").removeprefix("remotes/").removeprefix("heads/").removeprefix("origin/")
    started = now - timedelta(days=400)
    with a_sandbox(repository, commit, started) as (sandbox, root), TemporaryDirectory(prefix="ratchet-") as scratch:
        yield read_ground(sandbox, root, branch=branch, now=now, scratch=Path(scratch), files=files)


def try_all(ground: Ground, progress: Progress) -> tuple[Line, ...]:
    """A line for each attack, all of them tried."""
    said: dict[str, list[Said]] = {name: [idle(why)] for name, why in ELSEWHERE.items()}

    def tell(names: tuple[str, ...], one: Said) -> None:
        for name in names:
            said.setdefault(name, []).append(one)

    progress("trying the installation and the rules")
    for names, trial in OF_GROUND:
        tell(names, _tried(trial, ground))
    control = ground.control
    progress("trying proposals")
    for names, of_proposal in OF_PROPOSAL:
        tell(names, idle(ground.why_not) if control is None else _tried(of_proposal, control))
    progress("trying evidence")
    plans = evidence.baited(ground)
    for trap in TRAPS:
        tell((trap.id,), _tried(partial(evidence.trapped, trap), plans) if plans else idle(ground.why_not))
    for name, whole in evidence.OF_VERDICTS:
        told = [one for of in plans if (one := _tried(whole, of)) is not None]
        for one in told or [idle("no policy that passes has enough criteria" if plans else ground.why_not)]:
            tell((name,), one)
    return lines(EVERY, said)


def _tried(trial: Callable[[On], Outcome], on: On) -> Outcome | Said:
    """What a trial came to. One that ends in an error has shown nothing, so that its attack counts as one that got through."""
    try:
        return trial(on)
    except RatchetError as error:
        return broken(f"the trial ended in an error: {shown(str(error))}")
    except Exception as error:  # noqa: BLE001  (whatever the product does under attack, it is told)
        return broken(f"the product crashed: {type(error).__name__}")
