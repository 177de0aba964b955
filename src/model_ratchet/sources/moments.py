"""Moments of two arms from plain sums: each row its own cluster, or each of some clusters one."""

from collections.abc import Iterable
from dataclasses import dataclass

from model_ratchet.core.evidence import ArmMoments
from model_ratchet.core.moments import arm_moments


@dataclass(slots=True)
class Sums:
    """Of the rows of one arm: how many, Σ value and Σ value²; of a value that is 0 or 1 both sums are the same."""

    m: int = 0
    s: int = 0
    q: int = 0


def moments_of_rows(zero: Sums, one: Sums, unit: int = 1) -> ArmMoments:
    """A row counts 1 in its own arm and nothing in the other, so that all products between the arms are 0."""
    return ArmMoments(
        clusters=zero.m + one.m,
        clusters0=zero.m,
        clusters1=one.m,
        n0=zero.m,
        n1=one.m,
        s0=zero.s,
        s1=one.s,
        m0m0=zero.m,
        m0s0=zero.s,
        s0s0=zero.q,
        m1m1=one.m,
        m1s1=one.s,
        s1s1=one.q,
        m0m1=0,
        m0s1=0,
        s0m1=0,
        s0s1=0,
        unit=unit,
    )


def moments_of_clusters(clusters: Iterable[tuple[Sums, Sums]], unit: int = 1) -> ArmMoments:
    """Each pair of sums is a cluster; one that holds no row of either arm is none."""
    return arm_moments([(zero.m, zero.s, one.m, one.s) for zero, one in clusters if zero.m or one.m], unit=unit)
