"""Alerts as issues on GitHub: one for each model and alert, brought up to date in place, closed when it is over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.alerts import HOSTILE, HOUR, NOW, an_alert, opened, resolved
from builders.hubs import Scene, a_scene
from builders.markup import AFTERWARDS, by_github
from builders.publishing import a_hub
from forge import faults
from forge.state import Issue
from model_ratchet.core.alert import Alert, State
from model_ratchet.notify.deliver import Pace, Trouble, deliver
from model_ratchet.notify.issue import draft
from model_ratchet.notify.state import DeliveryState

QUICK = Pace(sleep=lambda _: None)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as found:
        yield found


def told(scene: Scene, *runs: Alert, state: DeliveryState | None = None) -> tuple[DeliveryState, tuple[Trouble, ...]]:
    """What comes of one run after the other, two days apart."""
    channels = opened("tracker: {kind: github_issue}", hub=a_hub(scene))
    found = state or DeliveryState()
    troubles: tuple[Trouble, ...] = ()
    for number, alert in enumerate(runs):
        found, more = deliver([alert], channels, found, now=NOW + 48 * number * HOUR, pace=QUICK)
        troubles = (*troubles, *more)
    return found, troubles


def issues(scene: Scene) -> list[Issue]:
    return list(scene.repo.issues.values())


def test_an_alert_is_one_issue_from_its_beginning_to_its_end(scene: Scene) -> None:
    told(scene, an_alert(), an_alert(value="900 ms"))
    (issue,) = issues(scene)
    assert (issue.title, issue.state) == ("Alert (warning): fraud: latency p95 above 750ms over 1h", "open")
    assert "| Measured | 900 ms |" in (issue.body or "")
    assert issue.labels == ["ratchet-alert"]


def test_what_is_over_is_closed_and_what_comes_back_is_opened_again(scene: Scene) -> None:
    state, troubles = told(scene, an_alert(), resolved())
    (issue,) = issues(scene)
    assert (issue.state, state, troubles) == ("closed", DeliveryState(), ())
    assert "| Over since | 2025-08-18 14:20 UTC |" in (issue.body or "")
    told(scene, an_alert())
    assert [one.state for one in issues(scene)] == ["open"]


def test_each_model_and_each_alert_has_an_issue_of_its_own(scene: Scene) -> None:
    told(scene, an_alert(), an_alert(model="late"), an_alert(rule="errors rate above 1% over 1h"), an_alert(value="x"))
    assert len(issues(scene)) == 3


def test_an_issue_that_somebody_else_wrote_under_the_same_marker_is_left_alone(scene: Scene) -> None:
    forged = draft(an_alert(), "ratchet-alert")
    theirs = scene.forge.issue(scene.repo, forged.title, by=scene.cleo, body=forged.body)
    theirs.labels = ["ratchet-alert"]
    told(scene, an_alert(), resolved())
    assert (theirs.state, theirs.body) == ("open", forged.body)
    assert [one.state for one in issues(scene)] == ["open", "closed"]


@pytest.mark.parametrize("carried_out", [False, True], ids=["refused", "lost"])
def test_an_issue_is_opened_once_although_github_stumbles(scene: Scene, carried_out: bool) -> None:
    scene.forge.faults.plan(faults.dropped(carried_out=carried_out), "POST", "/issues")
    _, troubles = told(scene, an_alert())
    assert (len(issues(scene)), troubles) == (1, ())


def test_github_that_is_down_is_a_trouble_and_owed(scene: Scene) -> None:
    scene.forge.faults.plan(faults.failing(503), "GET", "/issues", times=6)
    state, (trouble,) = told(scene, an_alert())
    assert trouble.why == "GitHub gave no answer (RetryError) when asked to list issues: run it again"
    assert len(state.owed) == 1


@pytest.mark.parametrize("state", State)
def test_an_issue_reads_as_it_should(state: State, golden: Callable[[str, str], None]) -> None:
    alert = resolved() if state is State.RESOLVED else an_alert(state=state)
    golden(f"alerts/issue-{state}.md", draft(alert, "x").body)


def test_no_hostile_text_becomes_markup_or_a_mention() -> None:
    alert = an_alert(rule=HOSTILE, value=HOSTILE, reference=HOSTILE, limit="| x |", links=())
    found = by_github(draft(alert, "x").body)
    assert set(found.tags) <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td", "span"}
    for name, pattern in AFTERWARDS.items():
        assert not pattern.search(found.prose), name
