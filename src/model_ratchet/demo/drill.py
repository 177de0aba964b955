"""Drill: a rollback, rehearsed on the files that a server loads."""

import shutil
from pathlib import Path

from model_ratchet.demo.edge_cases import run_cases
from model_ratchet.demo.predictor import Predictor


def rehearse(folder: Path, baseline: Path, candidate: Path) -> bool:
    """Serve the baseline, then the candidate, then the baseline again: whether that is the same file with the same answers."""
    served = folder / "served.json"
    shutil.copyfile(baseline, served)
    before = _answers(served)
    shutil.copyfile(candidate, served)
    changed = _answers(served)[0] != before[0]
    shutil.copyfile(baseline, served)
    after = _answers(served)
    served.unlink()
    return changed and after == before


def _answers(served: Path) -> tuple[str, tuple[tuple[str, bool], ...]]:
    predictor = Predictor.from_bytes(served.read_bytes())
    return predictor.digest, tuple(run_cases(predictor, ()))
