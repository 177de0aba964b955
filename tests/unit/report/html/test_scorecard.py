"""The scorecard: what is known of both versions, and what would make the rest known."""

from dataclasses import replace

import pytest

from builders.reports import stored
from model_ratchet.criteria.base import PriceFacts
from model_ratchet.engine.record import Record
from model_ratchet.report.html import as_html
from model_ratchet.report.html.scorecard import Measure, scorecard


def of(record: Record, name: str) -> Measure:
    (found,) = (one for one in scorecard(record) if one.name == name)
    return found


def with_facts(**facts: object) -> Record:
    record = stored()
    return replace(record, plan=replace(record.plan, facts=replace(record.plan.facts, **facts)))  # type: ignore[arg-type]


def test_what_was_measured_stands_beside_the_version_before() -> None:
    accuracy = of(stored(), "accuracy")
    assert (accuracy.group, accuracy.baseline, accuracy.candidate) == ("accuracy", "80.1 %", "84.2 %")
    assert (of(stored(), "latency p95").baseline, of(stored(), "latency p95").candidate) == ("153 ms", "153 ms")
    assert of(stored(), "memory, mean by hour").candidate == "205 MiB"
    assert of(stored(), "availability (requests without errors)").candidate == "100 %"


def test_each_group_is_there_and_what_has_no_source_says_how_to_bind_it() -> None:
    found = scorecard(stored())
    assert list(dict.fromkeys(one.group for one in found)) == [
        "accuracy",
        "business",
        "performance",
        "as users see it",
        "cost",
        "maintenance",
    ]
    unknown = [one for one in found if not one.known]
    assert unknown
    assert all(one.bind for one in unknown)


def test_a_model_that_binds_nothing_is_unknown_throughout() -> None:
    found = scorecard(with_facts(metrics={}))
    assert not any(one.known for one in found)
    assert all(one.bind for one in found)


def test_infrastructure_is_priced_by_what_each_hour_used() -> None:
    cores = PriceFacts(currency="EUR", per_hour={"cpu_core": 0.04})
    both = PriceFacts(currency="EUR", per_hour={"cpu_core": 0.04, "memory_gib": 0.005})
    name = "infrastructure per 1,000 predictions"
    alone, whole = of(with_facts(prices=cores), name), of(with_facts(prices=both), name)
    # 264 hours of 0.4985 cores at 0.04 for 63,033 rows
    assert (alone.baseline, alone.candidate) == (None, "0.0835 EUR")
    # and 0.2 GiB at 0.005 in each of those hours; the cores of the baseline were not measured, so that it has no price
    assert (whole.baseline, whole.candidate) == (None, "0.0877 EUR")
    memory = of(with_facts(prices=PriceFacts(currency="EUR", per_hour={"memory_gib": 0.005})), name)
    assert (memory.baseline, memory.candidate) == ("0.0041 EUR", "0.00419 EUR")
    nothing = of(with_facts(prices=PriceFacts(currency="EUR", per_hour={})), name)
    assert (nothing.known, "cpu" in nothing.bind) == (False, True)


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [("size", str(120 * 2**20), "120 MiB"), ("parameters", "1200000", "1,200,000"), ("features", "42", "42")],
)
def test_what_a_version_is_made_of_is_taken_from_its_request(name: str, said: str, shown: str) -> None:
    measure = of(with_facts(stated={f"complexity.{name}": said}), name)
    assert (measure.group, measure.baseline, measure.candidate) == ("maintenance", None, shown)
    assert not of(with_facts(stated={}), name).known


def test_the_report_shows_it() -> None:
    page = as_html(stored())
    section = page.partition('<section id="scorecard"')[2].partition("</section>")[0]
    assert section.count("<tbody>") == 6
    assert '<th scope="row">accuracy</th><td>80.1 %</td><td>84.2 %</td>' in section
    assert "unknown: bind <code>metadata: {complexity: {size: 120MiB}} in the request</code>" in section
