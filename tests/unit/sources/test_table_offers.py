"""What the market and the model say of an event together, by segment and part of a stage, from one scan of a table."""

from collections import defaultdict
from collections.abc import Iterable
from math import ceil
from pathlib import Path

from builders.logs import Row, a_source, a_window, write
from builders.wagers import PRICED, priced, random_events
from model_ratchet.core.evidence import Arm, Groups
from model_ratchet.core.offers import OFFER_BINS, Offers
from model_ratchet.core.scored import PARTS, Scores
from model_ratchet.criteria.integration import BlockNeeds, IntegrationFacts, stage_needs
from model_ratchet.sources.table_windows import bases

WINDOW = a_window((0, 72))
FACTS = IntegrationFacts(score="forecast", segments="league", bets="bets", market=True)
NEEDS = stage_needs(FACTS, "shadow", WINDOW)
ROWS = priced(random_events(5, 900))


def offers(rows: Iterable[Row]) -> Offers:
    """The same from the rows."""
    bins: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        market, model = (round(float(str(row[name])) * PARTS) for name in ("said", "p"))
        place = [max(0, ceil(parts * OFFER_BINS / PARTS) - 1) for parts in (market, model)]
        found = bins[place[0] * OFFER_BINS + place[1]]
        for index, more in enumerate((1, int(float(str(row["came"]))), market, model)):
            found[index] += more
    return Offers(bins=tuple((place, *sums) for place, sums in sorted(bins.items())))  # type: ignore[misc]


def counted(rows: Iterable[Row], block: BlockNeeds) -> list[Row]:
    """The candidate's rows of a block that have an outcome which had come, and a market."""
    window = block.scores.window
    assert window is not None
    return [
        row
        for row in rows
        if row["version"] == PRICED_CANDIDATE
        and row["said"] is not None
        and row["came"] in (0.0, 1.0)
        and row["label_time"] is not None
        and row["label_time"] <= window.labels_until  # type: ignore[operator]
        and window.start <= row["requested_at"] < window.end  # type: ignore[operator]
    ]


PRICED_CANDIDATE = next(str(row["version"]) for row in ROWS if row["mode"] == "served")


def test_offers_are_summed_as_the_rows_say_by_block_and_segment(tmp_path: Path) -> None:
    found = a_source(write(tmp_path / "log.parquet", ROWS), PRICED).answer(NEEDS.every).answers
    for block in NEEDS.blocks:
        assert block.offers is not None
        answer = found[block.offers]
        assert isinstance(answer, Groups)
        mine = counted(ROWS, block)
        for name, sums in answer:
            league = None if name == "(none)" else name
            assert sums == offers(row for row in mine if row["league"] == league), (name, block.offers.window)
        assert sum(one.n for _, one in answer if isinstance(one, Offers)) == len(mine) > 5


def test_the_blocks_add_up_to_the_whole(tmp_path: Path) -> None:
    source = a_source(write(tmp_path / "log.parquet", ROWS), PRICED)
    found = source.answer(NEEDS.every).answers
    whole = stage_needs(FACTS, "shadow", WINDOW).blocks
    assert len(whole) == 9
    sums = [one for block in NEEDS.blocks for _, one in found[block.scores] if isinstance(one, Scores)]  # type: ignore[union-attr]
    labels = found[NEEDS.labels]
    assert sum(one.n for one in sums) == labels.labelled  # type: ignore[union-attr]


def test_one_scan_answers_all_blocks() -> None:
    assert len(bases(NEEDS.every)) == 1


def test_arms_of_the_candidate_alone_are_asked() -> None:
    assert {need.arms for need in NEEDS.every} == {(Arm.CANDIDATE,)}
