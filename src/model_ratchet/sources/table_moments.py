"""Moments of sums that are already by hour: each row its own cluster, or each hour one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from model_ratchet.core.evidence import Arm, ArmMoments, Clustering, PairedMoments
from model_ratchet.sources.table_cells import Cell
from model_ratchet.sources.table_pairs import PairCell


def holds_rows(moments: PairedMoments | ArmMoments) -> bool:
    """Whether there is anything to compare: pairs, or rows in both arms."""
    return bool(moments.n) if isinstance(moments, PairedMoments) else bool(moments.n0 and moments.n1)


def paired_moments(
    cells: Sequence[PairCell], metric: int, clustering: Clustering, *, unit: int
) -> PairedMoments | None:
    """The moments over pairs, None without one."""
    n, b, c, dd = (sum(cell.sums[f"{name}{metric}"] for cell in cells) for name in ("m", "b", "c", "dd"))
    if not n:
        return None
    clusters, mm, md = n, n, c - b
    if clustering is not Clustering.ROWS:
        hours = [(cell.sums[f"m{metric}"], cell.sums[f"c{metric}"] - cell.sums[f"b{metric}"]) for cell in cells]
        clusters = sum(1 for m, _ in hours if m)
        mm, md, dd = sum(m * m for m, _ in hours), sum(m * d for m, d in hours), sum(d * d for _, d in hours)
    return PairedMoments(clusters=clusters, n=n, baseline=b, candidate=c, mm=mm, md=md, dd=dd, unit=unit)


def arm_moments(cells: Iterable[Cell], metric: int, clustering: Clustering, *, unit: int) -> ArmMoments | None:
    """The moments over rows, None where an arm has none."""
    by_hour: dict[int, dict[Arm, _Sums]] = defaultdict(lambda: {arm: _Sums() for arm in Arm})
    whole = {arm: _Sums() for arm in Arm}
    for cell in cells:
        m, s = cell.sums[f"n{metric}"], cell.sums[f"s{metric}"]
        for sums in (by_hour[cell.hour][cell.arm], whole[cell.arm]):
            sums.m += m
            sums.s += s
            sums.q += cell.sums.get(f"q{metric}", s)
    if not all(sums.m for sums in whole.values()):
        return None
    if clustering is Clustering.ROWS:
        return _of_rows(whole[Arm.BASELINE], whole[Arm.CANDIDATE], unit)
    clusters = [(by[Arm.BASELINE], by[Arm.CANDIDATE]) for by in by_hour.values()]
    return _of_clusters([pair for pair in clusters if pair[0].m or pair[1].m], unit)


class _Sums:
    """Rows, Σ value and Σ value², while they are added up."""

    __slots__ = ("m", "q", "s")

    def __init__(self) -> None:
        self.m = self.s = self.q = 0


def _of_rows(zero: _Sums, one: _Sums, unit: int) -> ArmMoments:
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


def _of_clusters(clusters: Sequence[tuple[_Sums, _Sums]], unit: int) -> ArmMoments:
    return ArmMoments(
        clusters=len(clusters),
        clusters0=sum(1 for zero, _ in clusters if zero.m),
        clusters1=sum(1 for _, one in clusters if one.m),
        n0=sum(zero.m for zero, _ in clusters),
        n1=sum(one.m for _, one in clusters),
        s0=sum(zero.s for zero, _ in clusters),
        s1=sum(one.s for _, one in clusters),
        m0m0=sum(zero.m * zero.m for zero, _ in clusters),
        m0s0=sum(zero.m * zero.s for zero, _ in clusters),
        s0s0=sum(zero.s * zero.s for zero, _ in clusters),
        m1m1=sum(one.m * one.m for _, one in clusters),
        m1s1=sum(one.m * one.s for _, one in clusters),
        s1s1=sum(one.s * one.s for _, one in clusters),
        m0m1=sum(zero.m * one.m for zero, one in clusters),
        m0s1=sum(zero.m * one.s for zero, one in clusters),
        s0m1=sum(zero.s * one.m for zero, one in clusters),
        s0s1=sum(zero.s * one.s for zero, one in clusters),
        unit=unit,
    )
