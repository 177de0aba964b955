"""Reports: everything that a record says, in a page that stands alone; what has no evidence is not there."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders.markup import Markup, read_html
from builders.reports import HOSTILE, every_outcome, hostile, stored
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.engine.record import Record, digest, read, to_bytes
from model_ratchet.report.escape import shorten, visible
from model_ratchet.report.html import as_html
from model_ratchet.report.unblocking import TITLES, unblocks
from model_ratchet.report.view import view

RECORDS: Mapping[str, Record] = {name: make() for name, make in every_outcome().items()}
LARGEST = 500_000


def page(name: str) -> Markup:
    return read_html(as_html(RECORDS[name]))


def values(found: Markup, name: str) -> list[str]:
    return [str(value) for _, one, value in found.attributes if one == name]


def sections(record: Record) -> list[str]:
    return [value for value in values(read_html(as_html(record)), "href") if value.startswith("#")]


@pytest.mark.parametrize("name", RECORDS)
def test_the_first_screen_says_what_was_decided_and_what_unblocks_it(name: str) -> None:
    seen = view(RECORDS[name])
    first = re.sub(r"\s+", " ", read_html(as_html(RECORDS[name]).partition("<nav")[0]).text)
    assert f"{TITLES[seen.outcome]}{seen.model} {seen.candidate}" in first
    assert visible("".join(unblocks(seen))) in first
    assert f"evidence{_marked(seen.evidence)}" in first
    assert seen.decided_at in first


def _marked(outcome: Outcome) -> str:
    from model_ratchet.report.view import MARKS

    return f"{MARKS[outcome]}{outcome}"


@pytest.mark.parametrize("name", RECORDS)
def test_every_criterion_is_there_with_its_numbers_and_its_words(name: str) -> None:
    text = page(name).text
    for row in view(RECORDS[name]).rows:
        for said in (row.name, row.said, row.asked, row.estimate, row.interval, *(one[1:] for one in row.notes)):
            assert visible(said) in text


@pytest.mark.parametrize("name", RECORDS)
def test_a_page_is_balanced_its_places_are_unique_and_its_links_lead_to_them(name: str) -> None:
    found = page(name)
    assert found.unbalanced == []
    places = values(found, "id")
    assert len(places) == len(set(places))
    assert {link.removeprefix("#") for link in values(found, "href")} <= set(places)
    assert set(values(found, "aria-labelledby")) <= set(places)


@pytest.mark.parametrize("name", RECORDS)
def test_a_page_runs_nothing_and_loads_nothing(name: str) -> None:
    written = as_html(RECORDS[name])
    assert len(written.encode()) < LARGEST
    found = read_html(written)
    assert not {"script", "img", "iframe", "link", "object", "form", "base"} & set(found.tags)
    assert not [one for one in found.attributes if one[1].startswith("on") or one[1] in {"src", "style"}]
    assert "url(" not in written.partition("</style>")[0]
    assert "@import" not in written
    assert "default-src 'none'; style-src 'sha256-" in values(found, "content")[0]


@pytest.mark.parametrize("name", RECORDS)
def test_every_image_has_a_name_and_every_table_a_caption(name: str) -> None:
    found = page(name)
    images = values(found, "role").count("img")
    assert found.tags.count("title") == images + 1
    assert found.tags.count("caption") == found.tags.count("table")


def test_the_same_record_gives_the_same_page_also_after_it_was_stored() -> None:
    record = RECORDS["mixed"]
    assert as_html(record) == as_html(read(to_bytes(record)))


def test_a_full_record_has_every_section() -> None:
    assert sections(RECORDS["stored"]) == [
        "#stages", "#criteria", "#daily", "#durations", "#hourly", "#segments", "#scorecard", "#flips",
        "#sign-offs", "#evidence",
    ]  # fmt: skip


def test_what_was_not_measured_has_no_section() -> None:
    bare = replace(RECORDS["stored"], evidence=Evidence())
    assert not {"#daily", "#durations", "#hourly"} & set(sections(bare))
    assert sections(RECORDS["errored"]) == ["#stages", "#criteria", "#scorecard", "#flips", "#evidence"]


def test_the_charts_of_a_full_record_say_what_there_is_to_see() -> None:
    text = re.sub(r"\s+", " ", page("stored").text)
    for said in (
        "accuracy by day of active time, with 95 % intervals",
        "The candidate is better on 11 of 11 days",
        "At the last look at blue_green: ",
        "(always-valid)",
        "asked by accuracy-improvement: better by 2pp",
        "p95 ≤ 500ms",
        "errors by hour",
        "candidate: 264 hours, from 199 MiB to 211 MiB",
        "accuracy by segment: candidate − baseline",
        "country=",
    ):
        assert said in text, said


def test_the_evidence_names_its_digests_and_its_questions() -> None:
    record = RECORDS["stored"]
    text = page("stored").text
    assert digest(record) in text
    for one in record.plan.digests.values():
        assert one in text
    for source, asked in record.evidence.queries.items():
        assert f"Questions to {source}" in text
        assert shorten(asked, 20_000) in text


def test_what_would_flip_it_puts_what_holds_it_up_first_and_then_the_closest_call() -> None:
    written = as_html(RECORDS["failed"]).partition('id="flips"')[2].partition("</section>")[0]
    named = re.findall(r'<th scope="row">(.*?)</th>', written)
    assert named == ["accuracy-improvement (canary)", "latency-p95 (canary)", "error-rate"]
    assert "An interval that reaches 0.0007 higher" in written


def test_a_waiver_is_loud_on_the_first_screen() -> None:
    first = read_html(as_html(RECORDS["passed"]).partition("<nav")[0]).text
    assert "Waived: memory is failed at ×1.27" in first
    assert "Let go by risk, up to 30% until 2025-09-08 00:00 UTC: " in first


def test_segments_that_point_the_other_way_are_told() -> None:
    record = stored()
    told = because(Why.SIMPSON, segment="country", pooled=0.01, stratified=-0.02)
    gates = tuple(
        replace(
            gate,
            leaves=tuple(
                replace(leaf, judgement=replace(leaf.judgement, warnings=(told,))) if leaf.kind == "segments" else leaf
                for leaf in gate.leaves
            ),
        )
        for gate in record.verdict.gates
    )
    mixed = replace(record, verdict=replace(record.verdict, gates=gates))
    written = as_html(mixed).partition('id="segments"')[2].partition("</section>")[0]
    assert "Pooled 1 pp, but -2 pp within country: the mix of the arms differs" in read_html(written).text


@pytest.mark.parametrize("name", HOSTILE)
def test_what_others_write_is_text_in_a_page(name: str) -> None:
    """Also what does not read: the structure of the page is that of one with harmless words."""
    said = HOSTILE[name]
    record = hostile(said)
    found = read_html(as_html(record))
    assert found.tags == read_html(as_html(hostile("harmless"))).tags
    assert found.comments == []
    assert shorten(visible(said), 120) in found.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", found.text)
    assert len(as_html(record)) < LARGEST
