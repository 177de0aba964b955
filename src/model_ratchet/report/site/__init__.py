"""Site: all models on static pages: how they stand, what was decided and why, and how well their promotions went.

Pages hold no clock: one whose model has not moved is the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from model_ratchet.report.chronicle import Row
from model_ratchet.report.html.scorecard import Measure
from model_ratchet.report.site.index import index_page
from model_ratchet.report.site.model import model_page
from model_ratchet.report.site.seen import Seen, months
from model_ratchet.report.site.timeline import month_page


class Page(NamedTuple):
    """One page: its path within the site, all that it is made of, and what writes it."""

    path: str
    made_of: object
    write: Callable[[], str]


def pages(seen: Seen, cards: Mapping[str, Sequence[Measure]]) -> Iterator[Page]:
    """Every page of the site but the reports. ``cards``: digest of a record → its scorecard, of the pages that are written."""
    yield Page("index.html", seen, partial(index_page, seen))
    for one in seen.models:
        made_of = (one, seen.address, _reports(seen, one.rows))
        yield Page(f"models/{one.name}.html", made_of, partial(model_page, seen, one, cards.get(one.record or "", ())))
    for month, rows in months(seen).items():
        linked = sorted({row.model for row in rows} & seen.names)
        yield Page(
            f"timeline/{month}.html",
            (rows, seen.address, _reports(seen, rows), linked),
            partial(month_page, seen, month, rows),
        )


def _reports(seen: Seen, rows: Iterable[Row]) -> list[str]:
    return sorted({row.record for row in rows} & seen.reports)
