"""sample_ratio: against scipy's chi-square and binomial tests, and where neither applies."""

import pytest
from scipy import stats

from model_ratchet.core.evidence import Counts
from model_ratchet.stats.ratio import coverage_differs, sample_ratio


@pytest.mark.parametrize(
    ("observed", "shares"),
    [((520, 480), (0.5, 0.5)), ((90, 10), (0.95, 0.05)), ((3, 1, 6), (0.2, 0.3, 0.5)), ((12, 7, 41), (0.2, 0.1, 0.7))],
    ids=["halves", "five-expected", "three-small", "three"],
)
def test_counts_are_held_against_their_shares_by_chi_square(
    observed: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    expected = [share * sum(observed) for share in shares]
    assert sample_ratio(observed, shares) == pytest.approx(stats.chisquare(observed, expected).pvalue)


@pytest.mark.parametrize("seen", [0, 1, 6, 9])
def test_two_cells_with_few_expected_have_twice_the_smaller_tail(seen: int) -> None:
    exact = stats.binom(60, 0.05)
    tails = exact.cdf(seen), exact.sf(seen - 1)
    assert sample_ratio((60 - seen, seen), (0.95, 0.05)) == pytest.approx(min(1.0, 2 * min(tails)))


def test_what_comes_where_nothing_is_sent_is_impossible() -> None:
    assert sample_ratio((99, 1), (1.0, 0.0)) == 0
    assert sample_ratio((50, 50, 1), (0.5, 0.5, 0.0)) == 0


def test_a_cell_that_is_sent_nothing_and_gets_nothing_is_no_cell() -> None:
    assert sample_ratio((100, 0), (1.0, 0.0)) == 1
    assert sample_ratio((60, 40, 0), (0.5, 0.5, 0.0)) == pytest.approx(sample_ratio((60, 40), (0.5, 0.5)))
    assert sample_ratio((100, 0, 0), (1.0, 0.0, 0.0)) == 1


@pytest.mark.parametrize(("observed", "shares"), [((0, 0), (0.5, 0.5)), ((1, 2), (1.0,))], ids=["no-units", "shares"])
def test_no_units_and_other_shares_have_no_ratio(observed: tuple[int, ...], shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="as many shares"):
        sample_ratio(observed, shares)


def test_labels_that_all_came_or_that_none_did_came_equally() -> None:
    full, none = Counts(successes=50, n=50), Counts(successes=0, n=50)
    assert coverage_differs(full, full) == coverage_differs(none, none) == 1
    assert coverage_differs(full, none) < 1e-20
