"""Charts of what a trigger read: a line for each of version, reference and limit, and no other data."""

from datetime import timedelta

from builders.watching import START, a_rule, a_subject, hourly, pairs, share
from model_ratchet.core.evidence import HOUR
from model_ratchet.engine.watch.course import Point, course
from model_ratchet.report.graphs import MOST, graph, graphs


def test_a_rate_is_drawn_against_its_limit() -> None:
    blocks = hourly([share(0.01), None, share(0.2)])
    assert graph("errors rate above 6% over 1h", course(a_rule("rate", "6%").rule, a_subject(), blocks)) == (
        "```mermaid\n"
        "xychart-beta\n"
        '    title "errors rate above 6% over 1h"\n'
        '    x-axis ["01. 00:00", "01. 01:00", "01. 02:00"]\n'
        "    y-axis 0 --> 0.22\n"
        "    line [0.01, 0.01, 0.2]\n"
        "    line [0.06, 0.06, 0.06]\n"
        "```\n"
        "\n"
        "Lines: the version, the limit, in blocks from 2025-09-01 00:00 UTC. "
        "1 of the 3 blocks hold no row of the version and repeat the one before."
    )


def test_a_comparison_is_drawn_with_what_it_is_compared_with() -> None:
    (point,) = course(a_rule().rule, a_subject(), hourly([pairs(0.1)]))
    assert point == Point(start=START, version=0.7, reference=0.8, limit=0.75)


def test_no_more_blocks_are_drawn_than_can_be_read() -> None:
    points = [Point(start=START + number * HOUR, version=float(number)) for number in range(3 * MOST)]
    drawn = graph("a", points)
    assert drawn.count('"') - 2 == 2 * MOST
    assert f'"{START + timedelta(hours=2 * MOST):%d. %H:%M}"' in drawn


def test_a_title_can_not_end_the_chart() -> None:
    points = [Point(start=START, version=1.0), Point(start=START + HOUR, version=2.0)]
    drawn = graph('x"\n```\n# y', points)
    assert drawn.count("```") == 2
    assert "\n# y" not in drawn


def test_what_holds_no_two_values_is_not_drawn() -> None:
    assert graphs(iter([("a", [Point(start=START, version=1.0)]), ("b", [])])) == ""
