"""A sample of what ``make reliability`` tries: a step that is cut off, and run again, ends as if nothing had been."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.limits import HOUR, MINUTE, Limits
from reliability.commands import Nursery, nursery
from reliability.crowds import a_crowd, at_once, in_an_hour
from reliability.faults import Kind, Place, Point
from reliability.steps import STEPS, check_unsigned
from reliability.trials import Undisturbed, explained, points, tried, undisturbed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("reliability")]

WRITES = (Kind.KILLED_DONE, Kind.DROPPED_DONE)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("nursery")) as made:
        yield made


def sample(step: str, whole: Undisturbed) -> list[Point]:
    """The same ones each time: one that ends at a write, one at a real server where there is any, and one of all others."""
    drawn = random.Random(step)  # noqa: S311
    every = [one for one in points(whole) if explained(step, one.kind.value, whole.asked(one)) is None]
    servers = [one for one in every if one.kind is Kind.SERVER_KILLED_HALF]
    writes = [one for one in every if one.kind in WRITES]
    return [drawn.choice(kind) for kind in (writes, servers, every) if kind]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_cut_off_and_run_again_ends_as_if_nothing_had_been(
    tmp_path: Path, commands: Nursery, step: str
) -> None:
    with STEPS[step](tmp_path, commands) as world:
        whole = undisturbed(world)
        for point in sample(step, whole):
            trial = tried(world, whole, point)
            assert not trial.differs, f"{trial.point} ({trial.asked}):\n{trial.differs}"


def test_a_fault_ends_the_process_that_meets_it(tmp_path: Path, commands: Nursery) -> None:
    with STEPS["check"](tmp_path, commands) as world:
        at = next(number for number, what in enumerate(_requests(undisturbed(world)), 1) if what.startswith("POST"))
        world.set_back()
        assert world.run(Point(Kind.KILLED, Place.REQUEST, at)).codes == (-9,)
        assert not world.repo.checks
        world.set_back()
        assert world.run(Point(Kind.KILLED_DONE, Place.REQUEST, at)).codes == (-9,)
        assert len(world.repo.checks) == 1
        world.set_back()
        assert world.run(Point(Kind.KILLED, Place.GIT, 1)).codes == (-9,)


def _requests(whole: Undisturbed) -> tuple[str, ...]:
    return whole.ran.reached[Place.REQUEST]


def test_runs_at_once_on_one_pull_request_leave_one_comment_and_what_the_last_one_says(
    tmp_path: Path, commands: Nursery
) -> None:
    with check_unsigned(tmp_path, commands) as world:
        met = at_once(world, 4)
    assert met.codes == (0, 0, 0, 0)
    assert met.comments == 1
    assert (met.revision, "may be merged" in met.says) == (met.newest, True)


@pytest.mark.parametrize("hardened", [False, True], ids=["workflow", "app"])
def test_more_pull_requests_than_github_s_limits_allow_are_published_by_later_hours(
    tmp_path: Path, hardened: bool
) -> None:
    with a_crowd(tmp_path, 4, hardened=hardened) as crowd:
        limits = crowd.scene.forge.limits = Limits(workflow=40, app=40, a_minute=3, an_hour=6)
        hours = list(in_an_hour(crowd))
        (app,) = limits.written
        assert hours[0].published < hours[-1].published == 4
        assert limits.refused[app] > 0
        assert (limits.most(app, MINUTE) <= 3, limits.most(app, HOUR) <= 6) == (True, True)
        assert max(one.requests for one in hours) <= 40
