"""Integration: how a stage is cut into the blocks that its artefacts are computed from."""

from datetime import timedelta
from itertools import pairwise

import pytest

from builders.logs import a_window
from model_ratchet.core.evidence import Window
from model_ratchet.criteria.integration import IntegrationFacts, block_length, stage_needs


def blocks(window: Window) -> list[Window]:
    needs = stage_needs(IntegrationFacts(score="forecast"), "shadow", window)
    return [one.scores.window for one in needs.blocks if one.scores.window is not None]


@pytest.mark.parametrize(
    ("hours", "block"),
    [(1, 1), (10, 1), (24, 3), (48, 6), (72, 8), (168, 24), (240, 24), (241, 48), (31_440, 24 * 131)],
    ids=str,
)
def test_a_stage_is_cut_into_whole_hours_or_days(hours: int, block: int) -> None:
    window = a_window((0, hours))
    assert block_length(window) == timedelta(hours=block)
    parts = blocks(window)
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(one.end == following.start for one, following in pairwise(parts))
    assert len(parts) <= 10
