"""The pages of all models: what stands on them, that no text is more than text, and which belong to what."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from builders.reports import HOSTILE
from model_ratchet.engine.model_track import Track
from model_ratchet.report.chronicle import Row
from model_ratchet.report.html.scorecard import Measure
from model_ratchet.report.site import pages
from model_ratchet.report.site.parts import about
from model_ratchet.report.site.seen import InForce, Seen, SeenModel
from model_ratchet.report.standing import Running, Standing

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


TAGS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "nav", "section", "h1", "h2", "p"),
    *("span", "a", "ul", "li", "dl", "div", "dt", "dd", "strong", "small", "code", "time"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}


class Tags(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def row(line: int, what: str = "promoted", **other: object) -> Row:
    told: dict[str, object] = {"model": "fraud", "version": "v1.2.0_20261101_000000", "why": "merged as abc", **other}
    return Row(line=line, at=AT - timedelta(days=30 * line), what=what, **told)  # type: ignore[arg-type]


def fraud(*rows: Row, **other: object) -> SeenModel:
    active = Running(version="v1.2.0_20261101_000000", since=AT)
    told: dict[str, object] = {"standing": Standing(model="fraud", active=active), "track": Track(), **other}
    return SeenModel(name="fraud", rows=rows, **told)  # type: ignore[arg-type]


def seen(*models: SeenModel, **other: object) -> Seen:
    rows = tuple(row for model in models for row in model.rows)
    told: dict[str, object] = {"policies": (), "track": Track(), "watched_at": None, **other}
    return Seen(models=models, rows=rows, **told)  # type: ignore[arg-type]


def written(found: Seen) -> dict[str, str]:
    return {page.path: page.write() for page in pages(found, {})}


def test_there_is_a_page_for_each_model_and_each_month() -> None:
    found = seen(fraud(row(0), row(1)))
    assert list(written(found)) == ["index.html", "models/fraud.html", "timeline/2026-11.html", "timeline/2026-10.html"]


def test_every_link_leads_to_a_page_that_is_there() -> None:
    found = seen(
        fraud(row(0, record=DIGEST), row(1, record=OTHER)),
        reports=frozenset({DIGEST}),
        address="https://github.com/a/b",
    )
    made = written(found)
    there = {*made, f"reports/{'a' * 64}.html"}
    links = 0
    for path, text in made.items():
        for link in re.findall(r'href="([^"#]+)"', text):
            if not link.startswith("https://"):
                up, _, name = link.rpartition("../")
                folder = "" if up or link.startswith("../") else path.rpartition("/")[0]
                assert "/".join(filter(None, (folder, name))) in there, (path, link)
                links += 1
    assert links >= 8


def test_an_event_links_to_its_report_here_else_in_the_ledger_and_to_its_pull_request() -> None:
    rows = (row(0, record=DIGEST, pull=7), row(1, record=OTHER))
    text = written(seen(fraud(*rows), reports=frozenset({DIGEST}), address="https://github.com/a/b"))[
        "models/fraud.html"
    ]
    assert f'href="../reports/{"a" * 64}.html"' in text
    assert 'href="https://github.com/a/b/pull/7"' in text
    assert f'href="https://github.com/a/b/blob/ratchet/ledger/reports/{"b" * 64}.md"' in text
    alone = written(seen(fraud(*rows)))["models/fraud.html"]
    assert "https://" not in alone
    assert "#7" in alone


def test_a_measure_of_nothing_is_a_dash_and_never_zero() -> None:
    text = written(seen(fraud()))["models/fraud.html"]
    for measure in ("false starts", "lead time", "change-failure rate", "time to restore"):
        assert re.search(rf"<dt>{measure}</dt><dd><strong>–</strong>", text), measure
    assert "The ledger says nothing yet." in text


def test_what_is_wrong_comes_first() -> None:
    held = fraud(standing=Standing(model="fraud", held="errors beyond 1 %", trouble="its chain is cut"))
    index = written(seen(held, findings=("policies/models/x.yaml: no model",)))["index.html"]
    warning = index.partition("notes warning")[2].partition("</ul>")[0]
    for said in ("fraud is held: errors beyond 1 %", "fraud: its chain is cut", "policies/models/x.yaml: no model"):
        assert said in warning, said
    gone = written(seen(fraud(standing=None)))
    assert "no model file" in gone["index.html"]
    assert "has no model file for it any more" in gone["models/fraud.html"]


def test_policies_say_whom_they_are_for_and_whether_they_are_revoked() -> None:
    policies = (
        InForce(name="standard/1.0.0", models=tuple(f"m{n}" for n in range(7))),
        InForce(name="standard/0.9.0", models=(), revoked="since 2026-01-01, a wrong limit"),
    )
    index = written(seen(fraud(), policies=policies))["index.html"]
    assert "m0, m1, m2, m3, m4 and 2 more" in index
    assert "revoked: since 2026-01-01, a wrong limit" in index


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_is_more_than_text(text: str) -> None:
    rows = (row(0, why=text, who=text), row(1, "hold", why=text, version="", model=text))
    model = replace(fraud(*rows), standing=Standing(model="fraud", held=text, trouble=text))
    found = seen(model, findings=(text,), policies=(InForce(name="p/1.0.0", models=(), revoked=text),))
    for path, made in written(found).items():
        found_in = Tags()
        found_in.feed(made)
        assert found_in.tags <= TAGS, path
        assert not [name for name, _ in found_in.attributes if name.startswith("on") or name in ("src", "style")]
        links = [value for name, value in found_in.attributes if name == "href"]
        assert all(re.fullmatch(r"(?:\.\./)?[a-z0-9/.-]+\.html", link or "") for link in links), links
        assert "\u202e" not in made
        assert len(made) < 200_000


def test_a_page_holds_its_own_policy_and_only_our_script() -> None:
    for text in written(seen(fraud(row(0)))).values():
        assert text.count("<script>") == 1
        assert re.search(
            r"default-src &#x27;none&#x27;; style-src &#x27;sha256-\S+&#x27;; script-src &#x27;sha256-", text
        )


def test_a_page_is_made_of_its_own_model_alone() -> None:
    other = SeenModel(name="other", standing=None, track=Track(), rows=())
    before = {page.path: repr(page.made_of) for page in pages(seen(fraud(row(0)), other), {})}
    after = {page.path: repr(page.made_of) for page in pages(seen(fraud(row(0), row(1)), other), {})}
    assert before["models/other.html"] == after["models/other.html"]
    assert before["models/fraud.html"] != after["models/fraud.html"]
    assert before["timeline/2026-11.html"] == after["timeline/2026-11.html"]
    assert before["index.html"] != after["index.html"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=10, hours=12), "10.5 d"),
    ],
    ids=["none", "seconds", "minutes", "hours", "days"],
)
def test_a_length_of_time_is_said_in_the_unit_that_fits(value: timedelta | None, said: str) -> None:
    assert about(value) == said


def test_the_scorecard_of_the_version_that_runs_stands_on_its_models_page() -> None:
    card = (Measure(group="accuracy", name="accuracy", baseline="80 %", candidate="84 %"),)
    found = seen(fraud(row(0), record=DIGEST))
    with_card = {page.path: page.write() for page in pages(found, {DIGEST: card})}["models/fraud.html"]
    assert '<th scope="row">accuracy</th><td>80 %</td><td>84 %</td>' in with_card
    assert "Scorecard" not in written(found)["models/fraud.html"]
