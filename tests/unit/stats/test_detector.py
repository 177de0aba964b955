"""detector: exact expectations under every rate that is within the limit, and what a sum of bets does over time."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model_ratchet.core.evidence import Counts, PairedCounts
from model_ratchet.core.units import Scale
from model_ratchet.stats.detector import SHARES, Detector, Stakes, stakes_on_arms, stakes_on_pairs, stakes_on_rate

RATES = st.floats(0, 1)
MARGINS = st.floats(0, 0.9)
SCALES = st.sampled_from([Scale.ABSOLUTE, Scale.RELATIVE])
ONE, NONE = Counts(successes=1, n=1), Counts(successes=0, n=1)
CELLS = [{"both": 1}, {"only_baseline": 1}, {"only_candidate": 1}, {"neither": 1}]


def pairs(both: int = 0, only_baseline: int = 0, only_candidate: int = 0, neither: int = 0) -> PairedCounts:
    return PairedCounts(both=both, only_baseline=only_baseline, only_candidate=only_candidate, neither=neither)


def wins(stakes: Stakes, share: float) -> float:
    """What one unit becomes."""
    return exp(sum(rows * np.log1p(share * payoff) for payoff, rows in stakes))


def after(blocks: list[Stakes], alarm_at: float = 1e5) -> Detector:
    detector = Detector()
    for stakes in blocks:
        detector = detector.after(stakes, alarm_at=alarm_at)
    return detector


def test_the_worked_value() -> None:
    assert after([((1.0, 3),)], 1000).evidence == pytest.approx(0.346417370, abs=1e-8)


def test_two_blocks_are_the_bet_on_both_and_the_bet_on_the_second() -> None:
    first, second = (((0.5, 4), (-0.25, 6)), ((0.5, 7), (-0.25, 3)))
    expected = np.mean([wins(first, share) * wins(second, share) + wins(second, share) for share in SHARES])
    assert exp(after([first, second]).evidence) == pytest.approx(expected, rel=1e-7)


@given(rate=RATES, limit=st.floats(0.0001, 0.9), share=st.sampled_from(SHARES))
def test_a_rate_within_the_limit_is_no_fair_bet_and_one_beyond_is(rate: float, limit: float, share: float) -> None:
    mean = rate * wins(stakes_on_rate(ONE, limit), share) + (1 - rate) * wins(stakes_on_rate(NONE, limit), share)
    assert mean == pytest.approx(1 + share * (rate / limit - 1), rel=1e-6)


@given(
    cells=st.lists(st.floats(0.001, 1), min_size=4, max_size=4),
    margin=MARGINS,
    scale=SCALES,
    share=st.sampled_from(SHARES),
)
def test_pairs_win_on_average_exactly_where_the_drop_is_beyond_the_margin(
    cells: list[float], margin: float, scale: Scale, share: float
) -> None:
    chances = [one / sum(cells) for one in cells]
    baseline, candidate = chances[0] + chances[1], chances[0] + chances[2]
    allowed = margin if scale is Scale.ABSOLUTE else margin * baseline
    assume(abs(baseline - candidate - allowed) > 1e-6)
    mean = sum(
        chance * wins(stakes_on_pairs(pairs(**cell), margin, scale), share)
        for chance, cell in zip(chances, CELLS, strict=True)
    )
    assert (mean > 1) is (baseline - candidate > allowed)


@given(
    baseline=RATES, n=st.tuples(st.integers(1, 400), st.integers(1, 400)), margin=MARGINS, level=RATES, scale=SCALES,
    share=st.sampled_from(SHARES), worse=st.floats(0, 1),
)  # fmt: skip
def test_arms_within_the_margin_never_win_whatever_their_level_and_sizes(
    baseline: float, n: tuple[int, int], margin: float, level: float, scale: Scale, share: float, worse: float
) -> None:
    allowed = margin if scale is Scale.ABSOLUTE else margin * baseline
    candidate = max(0.0, baseline - worse * allowed)
    # rows are independent given the rates: the mean of a product is the product of the means
    payoffs = stakes_on_arms(Counts(successes=1, n=n[0]), Counts(successes=1, n=n[1]), margin, level=level, scale=scale)
    (right, _), (wrong, _), (also_right, _), (also_wrong, _) = payoffs
    log_mean = n[0] * np.log1p(share * (baseline * right + (1 - baseline) * wrong))
    log_mean += n[1] * np.log1p(share * (candidate * also_right + (1 - candidate) * also_wrong))
    assert log_mean <= 1e-9


def test_arms_beyond_the_margin_win_the_more_the_better_the_level_is_known() -> None:
    blocks = Counts(successes=300, n=400), Counts(successes=240, n=400)
    known, wrong = (after([stakes_on_arms(*blocks, 0.05, level=level)]).evidence for level in (0.75, 0.4))
    assert known > wrong > 0


@given(
    only=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    same=st.integers(0, 300),
    margin=st.floats(0, 0.5),
    scale=SCALES,
)
def test_two_versions_swapped_do_not_both_win(only: tuple[int, int], same: int, margin: float, scale: Scale) -> None:
    table = pairs(both=same, only_baseline=only[0], only_candidate=only[1])
    swapped = pairs(both=same, only_baseline=only[1], only_candidate=only[0])
    for share in SHARES:
        both = [wins(stakes_on_pairs(one, margin, scale), share) for one in (table, swapped)]
        assert min(both) <= 1 + 1e-9


def test_no_row_changes_nothing() -> None:
    before = after([stakes_on_pairs(pairs(only_baseline=5), 0.0)])
    empty = [
        stakes_on_pairs(pairs(), 0.05),
        stakes_on_rate(Counts(successes=0, n=0), 0.01),
        stakes_on_arms(Counts(successes=0, n=0), Counts(successes=3, n=9), 0.05, level=0.5),
        (),
    ]
    assert all(before.after(stakes, alarm_at=1000) == before for stakes in empty)


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.1])
def test_what_is_no_limit_on_a_rate_can_not_be_bet_on(limit: float) -> None:
    with pytest.raises(ValueError, match="limited between 0 and 1"):
        stakes_on_rate(ONE, limit)


def test_thousands_of_good_blocks_make_it_no_blinder() -> None:
    good = stakes_on_pairs(pairs(both=160, only_baseline=10, only_candidate=10, neither=20), 0.025)
    bad = stakes_on_pairs(pairs(both=144, only_baseline=26, only_candidate=10, neither=20), 0.025)

    def blocks_to_alarm(detector: Detector) -> int:
        count = 0
        while detector.evidence < log(1e5):
            detector, count = detector.after(bad, alarm_at=1e5), count + 1
        return count

    assert blocks_to_alarm(after([good] * 3_000)) <= blocks_to_alarm(Detector())


def test_a_long_harm_is_forgotten_as_soon_as_a_short_one() -> None:
    good = stakes_on_rate(Counts(successes=0, n=400), 0.01)
    bad = stakes_on_rate(Counts(successes=40, n=400), 0.01)
    assert after([bad] * 5_000) == after([bad] * 20)
    assert after([*[bad] * 5_000, *[good] * 30]).evidence < log(1e5)


def test_while_the_limit_just_holds_an_alarm_takes_as_long_as_was_asked_for() -> None:
    random = np.random.default_rng(3)
    alarm_at, lengths = 60.0, []
    for _ in range(300):
        detector, length = Detector(), 0
        while detector.evidence < log(alarm_at) and length < 600:
            counts = Counts(successes=int(random.binomial(40, 0.1)), n=40)
            detector, length = detector.after(stakes_on_rate(counts, 0.1), alarm_at=alarm_at), length + 1
        lengths.append(length)
    assert float(np.mean(lengths)) > alarm_at
    # and it does alarm: the bound says something
    assert float(np.mean(np.array(lengths) < 600)) > 0.5


def test_half_of_a_drop_is_shown_in_a_third_of_the_time_of_all_of_it() -> None:
    # 8 points at 200 rows an hour, a trigger at 5, one of four
    table = pairs(both=124, only_baseline=26, only_candidate=10, neither=40)
    arms = Counts(successes=150, n=200), Counts(successes=134, n=200)

    def hours(stakes: Stakes) -> int:
        detector, count = Detector(), 0
        while detector.evidence < log(96_000):
            detector, count = detector.after(stakes, alarm_at=96_000), count + 1
        return count

    assert [hours(stakes_on_pairs(table, margin)) for margin in (0.05, 0.025)] == [26, 9]
    assert [hours(stakes_on_arms(*arms, margin, level=0.75)) for margin in (0.05, 0.025)] == [57, 18]


def test_bets_that_lost_leave_evidence_below_nothing() -> None:
    """One row that pays −½ leaves 1 − share/2 of each share: the mean of those."""
    mean = 1 - sum(SHARES) / len(SHARES) / 2
    assert Detector().after(((-0.5, 1),), alarm_at=1_000).evidence == pytest.approx(log(mean), rel=1e-7)
