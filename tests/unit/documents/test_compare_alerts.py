"""Who is told of what, before and after: somebody who is told no more is looser."""

import pytest

from builders.alerts import a_document
from model_ratchet.documents.channels import AlertChannels
from model_ratchet.documents.compare import Weight, compare_others

TRACKER = "tracker: {kind: github_issue}"
BOARD = "board: {kind: webhook, url: 'https://board.example.com'}"
BOTH = a_document(f"{TRACKER}\n{BOARD}")
ONE = a_document(TRACKER)


def told(old: AlertChannels | None, new: AlertChannels | None) -> list[tuple[str, Weight]]:
    return [(one.rule, one.weight) for one in compare_others(old, new)]


def test_a_channel_that_is_gone_from_a_severity_is_looser_and_one_more_is_stricter() -> None:
    severities = ("send.warning", "send.critical", "send.page")
    assert told(BOTH, ONE)[:3] == [(name, Weight.LOOSER) for name in severities]
    assert told(ONE, BOTH)[:3] == [(name, Weight.STRICTER) for name in severities]
    assert told(ONE, BOTH)[3:] == [("channels.board", Weight.CHANGED)]


@pytest.mark.parametrize(
    ("new", "rule"),
    [
        pytest.param(a_document(TRACKER, more="again_after: 2h\n"), "alerts.again_after", id="again"),
        pytest.param(a_document("tracker: {kind: github_issue, label: other}"), "channels.tracker", id="channel"),
        pytest.param(a_document(TRACKER, origins="'https://a.example.com'"), "alerts.origins", id="origins"),
    ],
)
def test_whatever_else_differs_is_shown(new: AlertChannels, rule: str) -> None:
    assert told(ONE, new) == [(rule, Weight.CHANGED)]


def test_a_file_that_comes_or_goes_is_shown() -> None:
    assert told(None, ONE) == [("alerts", Weight.STRICTER)]
    assert told(ONE, None) == [("alerts", Weight.LOOSER)]
    assert told(ONE, a_document(TRACKER)) == []
