"""A drop of a mean: proven where the values have a bound, told without proof where they have none, and never bet on wrongly."""

import random
from datetime import timedelta

import pytest

from builders.watching import START, a_rule, a_subject, hourly, only, run
from model_ratchet.core.evidence import HOUR, Arm, Counts, Shape
from model_ratchet.core.reason import Why
from model_ratchet.core.units import Scale
from model_ratchet.criteria.base import MetricFacts
from model_ratchet.engine.watch import Says, Subject, Watched, asks, needs
from model_ratchet.engine.watch.blocks import Means
from model_ratchet.engine.watch.rules import unfit
from model_ratchet.stats.detector import Detector, stakes_on_arms

MICRO = 1_000_000


def spending(largest: float | None = 100.0, better: str = "higher") -> Subject:
    facts = MetricFacts(name="spend", kind="mean", better=better)  # type: ignore[arg-type]
    return a_subject(metrics={"spend": facts}, largest={"spend": largest} if largest is not None else {})


def fall(above: str = "10%") -> Watched:
    return a_rule("drop", above, metric="spend", over="6h")


def means(reference: float, mine: float, *, n: int = 400, spread: float = 5.0, largest: float = 100.0) -> Means:
    """Rows of both versions around a mean."""
    draw = random.Random(f"{reference} {mine}")  # noqa: S311  (the same rows for the same means)

    def rows(mean: float) -> list[int]:
        return [round(MICRO * min(largest, max(0.0, draw.gauss(mean, spread)))) for _ in range(n)]

    before, now = rows(reference), rows(mine)
    return Means(
        reference_rows=n,
        reference_sum=sum(before),
        reference_squares=sum(one * one for one in before),
        rows=n,
        sum=sum(now),
        squares=sum(one * one for one in now),
        unit=MICRO,
    )


def said(subject: Subject, mine: float, hours: int = 60) -> Says:
    blocks = hourly([means(50, 50)] * 12 + [means(50, mine)] * hours)
    return only(run(fall(), blocks, subject=subject)).says


@pytest.mark.parametrize(("better", "worse", "better_so"), [("higher", 30, 70), ("lower", 70, 30)], ids=["up", "down"])
def test_a_bounded_mean_that_has_fallen_rolls_back(better: str, worse: float, better_so: float) -> None:
    subject = spending(better=better)
    result = only(run(fall(), hourly([means(50, 50)] * 12 + [means(50, worse)] * 60), subject=subject))
    assert (result.says, result.rolls_back, result.alert_only) == (Says.FIRING, True, False)
    assert result.value == pytest.approx(0.4, abs=0.02)
    assert said(subject, better_so) is Says.QUIET
    assert said(subject, 51 if better == "higher" else 49) is Says.QUIET


def test_without_a_bound_it_alerts_and_says_why_it_does_no_more() -> None:
    result = only(run(fall(), hourly([means(50, 30)] * 12), subject=spending(None)))
    assert (result.says, result.rolls_back) == (Says.FIRING, False)
    assert result.only_alerts is not None
    assert result.only_alerts.why is Why.BOUND_ABSENT


def test_values_beyond_the_bound_are_not_bet_on() -> None:
    result = only(run(fall(), hourly([means(50, 30)] * 60), subject=spending(20.0)))
    assert (result.says, result.proof) == (Says.BEYOND, 0.0)


def test_after_the_reference_has_left_nothing_is_said() -> None:
    subject = spending()
    blocks = tuple(
        one if one.start < START + 6 * HOUR else type(one)(start=one.start, candidate=one.candidate, concurrent=False)
        for one in hourly([means(50, 50)] * 12)
    )
    result = only(run(fall(), blocks, subject=subject))
    assert result.reason is not None
    assert (result.says, result.reason.why) == (Says.WAITING, Why.REFERENCE_NOT_CONCURRENT)


def test_a_fraction_of_a_success_gains_no_more_than_the_values_themselves() -> None:
    draw = random.Random(5)  # noqa: S311  (the same values every time)
    before, now = ([draw.random() for _ in range(300)] for _ in range(2))
    now = [one * 0.5 for one in now]
    together = stakes_on_arms(
        Counts(successes=int(sum(before)), n=300),
        Counts(successes=int(sum(now)) + 1, n=300),
        0.05,
        level=0.5,
        scale=Scale.RELATIVE,
    )
    (win, _), (loss, _), (theirs_win, _), (theirs_loss, _) = together
    single = [(loss + one * (win - loss), 1) for one in before]
    single += [(theirs_loss + one * (theirs_win - theirs_loss), 1) for one in now]
    bound, values = (Detector().after(tuple(one), alarm_at=1e9).evidence for one in (together, single))
    assert 0 < bound <= values


def test_both_versions_are_asked_for_at_once_as_moments() -> None:
    asked = needs(asks(spending(), [fall()], {}, now=START + timedelta(days=3)))
    assert {(one.shape, one.arms, one.paired) for one in asked} == {
        (Shape.MOMENTS, (Arm.BASELINE, Arm.CANDIDATE), False)
    }


def test_a_drop_in_points_of_a_mean_is_refused() -> None:
    message = unfit(fall("5pp").rule, spending().metrics)
    assert message == "`drop` of a mean is a part of it: write `above: 5%` instead of `5pp`"
    assert unfit(fall().rule, spending().metrics) is None
