"""A version that has been promoted and runs, with the one before it mirrored; what is true of it changes hour by hour."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from builders import small
from builders.repositories import Repo, a_repo

PROMOTED = datetime(2025, 3, 3, tzinfo=UTC)
V1, V2, V3 = (f"v1.{minor}.0_2025030{minor + 1}_000000" for minor in range(3))
"""Each built at the midnight of its day: what no ledger says the start of runs since then."""
SINCE = datetime(2025, 3, 2, tzinfo=UTC)

POLICY = (
    small.POLICY
    + """\
alerts:
  warning:
    - {metric: errors, statistic: rate, above: 1%, over: 1h}
  critical:
    - {metric: errors, statistic: rate, above: 3%, over: 1h}
rollback:
  merge: automatic
  triggers:
    - {metric: errors, statistic: rate, above: 6%, over: 1h}
    - {metric: accuracy, statistic: drop, above: 5pp, over: 12h}
"""
)


@dataclass(frozen=True, kw_only=True)
class Hour:
    """What is true of the candidate in one hour; the baseline errs never and is right in 80 %."""

    errors: float = 0.0
    accuracy: float = 0.8
    requests: int = 240
    silent: bool = False


def write(path: Path, truth: Callable[[int], Hour], hours: int) -> Path:
    """A log from ``SINCE`` on; errors and mistakes are spread evenly over each hour."""
    lines = ["id,version,mode,at,p,late,error"]
    for hour in range(hours):
        now = truth(hour)
        for number in range(now.requests):
            at = (SINCE + timedelta(hours=hour, seconds=3600 * (number + 0.5) / now.requests)).isoformat()
            for version, accuracy, errors in ((V1, 0.8, 0.0), (V2, now.accuracy, now.errors)):
                if version == V2 and now.silent:
                    continue
                right, error = _spread(number, accuracy), _spread(number, errors)
                mode = "served" if version == V2 else "mirrored"
                lines.append(f"{hour}-{number},{version},{mode},{at},{0.9 if right else 0.1},1,{int(error)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _spread(number: int, share: float) -> bool:
    """Whether this is one of the rows that make up the share, evenly among the others."""
    return int((number + 1) * share + 1e-9) > int(number * share + 1e-9)


def repository(folder: Path, log: Path, *, more: str = "after_merge: {mirror_previous: 14d}\n", **files: str) -> Repo:
    """A base branch on which V2 was promoted after V1."""
    rules = small.rules(log, more=more) | {"policies/small/1.0.0.yaml": POLICY}
    return a_repo(
        folder,
        {
            **rules,
            **small.promotion(V1, "none"),
            **small.promotion(V2, V1),
            **{f"policies/{name}.yaml": text for name, text in files.items()},
        },
    )
