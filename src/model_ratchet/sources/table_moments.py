"""Moments of sums that are already by hour: each row its own cluster, or each hour one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from model_ratchet.core.evidence import Arm, ArmMoments, Clustering, PairedMoments
from model_ratchet.sources.moments import Sums, moments_of_clusters, moments_of_rows
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
    by_hour: dict[int, dict[Arm, Sums]] = defaultdict(lambda: {arm: Sums() for arm in Arm})
    whole = {arm: Sums() for arm in Arm}
    for cell in cells:
        m, s = cell.sums[f"n{metric}"], cell.sums[f"s{metric}"]
        for sums in (by_hour[cell.hour][cell.arm], whole[cell.arm]):
            sums.m += m
            sums.s += s
            sums.q += cell.sums.get(f"q{metric}", s)
    if not all(sums.m for sums in whole.values()):
        return None
    if clustering is Clustering.ROWS:
        return moments_of_rows(whole[Arm.BASELINE], whole[Arm.CANDIDATE], unit)
    clusters = [(by[Arm.BASELINE], by[Arm.CANDIDATE]) for by in by_hour.values()]
    return moments_of_clusters(clusters, unit)
