"""Samples as Prometheus would have scraped them, in the OpenMetrics format, beside the counts that they stand for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Labels = Mapping[str, str]


@dataclass
class Counter:
    """One series of a counter: what it climbed by before each scrape, and where its process began anew."""

    labels: Labels
    climbs: Sequence[tuple[datetime, int]]
    restarts: frozenset[datetime] = frozenset()
    first: int = 0
    """What it held before the first scrape."""

    def samples(self) -> Iterable[tuple[datetime, int]]:
        value = self.first
        for at, climb in self.climbs:
            value = climb if at in self.restarts else value + climb
            yield at, value


@dataclass
class Page:
    """Families of samples."""

    families: dict[str, list[str]] = field(default_factory=dict)

    def counter(self, name: str, *series: Counter) -> None:
        """A counter ``name`` with its series."""
        lines = self.families.setdefault(f"# TYPE {name.removesuffix('_total')} counter", [])
        for one in series:
            lines += [f"{name}{_braces(one.labels)} {value} {at.timestamp():.3f}" for at, value in one.samples()]

    def histogram(self, name: str, *series: Counter) -> None:
        """The ``_bucket`` series of a classic histogram ``name``."""
        lines = self.families.setdefault(f"# TYPE {name} unknown", [])
        for one in series:
            lines += [f"{name}_bucket{_braces(one.labels)} {value} {at.timestamp():.3f}" for at, value in one.samples()]

    def gauge(self, name: str, labels: Labels, samples: Iterable[tuple[datetime, float]]) -> None:
        """A gauge."""
        lines = self.families.setdefault(f"# TYPE {name} gauge", [])
        lines += [f"{name}{_braces(labels)} {value} {at.timestamp():.3f}" for at, value in samples]

    def text(self) -> str:
        """The whole page."""
        return "".join(f"{kind}\n" + "\n".join(lines) + "\n" for kind, lines in self.families.items()) + "# EOF\n"


def _braces(labels: Labels) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inside}}}"
