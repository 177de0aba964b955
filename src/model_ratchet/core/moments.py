"""Moments: sums over clusters, from the rows and the sums of each cluster."""

from collections.abc import Sequence

from model_ratchet.core.evidence import ArmMoments, PairedMoments


def paired_moments(clusters: Sequence[tuple[int, int, int]], *, unit: int = 1) -> PairedMoments:
    """The sums over clusters of (pairs, the baseline's sum, the candidate's sum), in units of 1/``unit``."""
    return PairedMoments(
        clusters=len(clusters),
        n=sum(m for m, _, _ in clusters),
        baseline=sum(s0 for _, s0, _ in clusters),
        candidate=sum(s1 for _, _, s1 in clusters),
        mm=sum(m * m for m, _, _ in clusters),
        md=sum(m * (s1 - s0) for m, s0, s1 in clusters),
        dd=sum((s1 - s0) ** 2 for _, s0, s1 in clusters),
        unit=unit,
    )


def arm_moments(clusters: Sequence[tuple[int, int, int, int]], *, unit: int = 1) -> ArmMoments:
    """The sums over clusters of (baseline rows, their sum, candidate rows, their sum), in units of 1/``unit``."""

    def total(left: int, right: int) -> int:
        return sum(one[left] * one[right] for one in clusters)

    return ArmMoments(
        clusters=len(clusters),
        clusters0=sum(1 for one in clusters if one[0]),
        clusters1=sum(1 for one in clusters if one[2]),
        n0=sum(one[0] for one in clusters),
        s0=sum(one[1] for one in clusters),
        n1=sum(one[2] for one in clusters),
        s1=sum(one[3] for one in clusters),
        m0m0=total(0, 0),
        m0s0=total(0, 1),
        s0s0=total(1, 1),
        m1m1=total(2, 2),
        m1s1=total(2, 3),
        s1s1=total(3, 3),
        m0m1=total(0, 2),
        m0s1=total(0, 3),
        s0m1=total(1, 2),
        s0s1=total(1, 3),
        unit=unit,
    )
