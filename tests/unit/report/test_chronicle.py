"""The events of a ledger as rows: every kind in words, under which policy, and cells that no spreadsheet computes."""

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.ledgers import AT, BASELINE, a_year, version
from model_ratchet.documents.events import (
    Actor,
    Confirmed,
    Event,
    Extended,
    Hold,
    Paused,
    PolicyChanged,
    Released,
    Resumed,
    RolledBackVersion,
    Unverified,
    WaivedCriterion,
    Withdrawn,
)
from model_ratchet.report.chronicle import chosen, chronicle, chronicle_csv, chronicle_text
from model_ratchet.report.escape import cell

COMMIT = "c" * 40


def of(kind: type[Event], **more: object) -> Event:
    return kind(at=AT, model="flight-delay", **more)  # type: ignore[call-arg,arg-type]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (of(Paused, candidate=version(0), stage="canary", because="the router is away"), "canary: the router is away"),
        (of(Resumed, candidate=version(0), stage="canary"), "canary"),
        (of(Confirmed, candidate=version(0), stage="canary"), "canary"),
        (of(Extended, candidate=version(0), stage="canary"), "canary"),
        (of(Withdrawn, candidate=version(0), because="closed"), "closed"),
        (of(WaivedCriterion, candidate=version(0), waiver="memory-08", criterion="memory"), "memory, by the waiver memory-08"),
        (
            of(RolledBackVersion, version=version(0), returns_to=BASELINE, commit=COMMIT, cause="culprit", break_glass=True),
            f"culprit: back to {BASELINE} by cccccccccccc, pushed past the pull request",
        ),
        (of(Unverified, commit=COMMIT, because="pushed"), "pushed"),
        (of(Released, because="mended"), "mended"),
        (PolicyChanged(at=AT, commit=COMMIT, paths=("policies/a/1.0.0.yaml",)), "policies/a/1.0.0.yaml by cccccccccccc"),
    ],
    ids=lambda one: getattr(one, "kind", ""),
)  # fmt: skip
def test_every_kind_says_why(event: Event, why: str) -> None:
    (row,) = chronicle([event])
    assert (row.what, row.why) == (event.kind, why)


def test_a_row_says_who_and_under_which_policy() -> None:
    rows = chronicle(a_year().events)
    assert [row.policy for row in rows] == ["standard/1.0.0"] * 8 + ["", ""]
    assert [row.who for row in rows if row.who] == ["ann (7)", "bo (8)", "ann (7)", "bo (8)", "cy (9)"]
    assert [row.line for row in rows] == list(range(1, 11))
    assert {row.version for row in rows if row.record} == {str(version(n)) for n in range(3)}


def test_rows_are_chosen_by_model_version_and_time() -> None:
    rows = chronicle([*a_year().events, Hold(at=AT + timedelta(days=9), model="fraud", because="x")])
    assert [row.model for row in chosen(rows, model="fraud")] == ["fraud"]
    assert {row.version for row in chosen(rows, version=str(version(1)))} == {str(version(1))}
    assert [row.why for row in chosen(rows, since=AT + timedelta(days=9))] == ["x"]
    assert chronicle_text(chosen(rows, model="nobody")) == "nothing of this is in the ledger\n"


def test_the_chronicle_holds_no_control_characters() -> None:
    rows = chronicle([Hold(at=AT, by=Actor(login="ann"), model="fraud", because="a\n\x1b[2Jb\u202ec")])
    assert len(chronicle_text(rows).splitlines()) == 2
    assert "\x1b" not in chronicle_text(rows)
    assert "\u202e" not in chronicle_text(rows)


PAYLOADS = ["=HYPERLINK(0)", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "  =1", "＝1", "a\n=1"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_t32_no_cell_is_a_formula(payload: str) -> None:
    rows = chronicle([Hold(at=AT, by=Actor(login=payload), model="fraud", because=payload)])
    header, line = csv.reader(io.StringIO(chronicle_csv(rows)))
    shown = dict(zip(header, line, strict=True))
    for name in ("why", "who"):
        assert shown[name][0] in "'a"
        assert shown[name].removeprefix("'") == " ".join(payload.split())


@given(st.text())
def test_any_text_is_one_cell_that_is_no_formula(said: str) -> None:
    shown = cell(said)
    assert not shown[:1] or shown[0] not in "=+-@|%＝＋－＠\t\r\n "
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([shown])
    assert next(csv.reader(io.StringIO(out.getvalue()))) == [shown]
