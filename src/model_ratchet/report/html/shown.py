"""Shown: what a section is made of: the record, and its view."""

from dataclasses import dataclass

from model_ratchet.engine.record import Record
from model_ratchet.report.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record and its view."""

    record: Record
    seen: View
