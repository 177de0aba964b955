"""What may not go into the ledger is found wherever it stands, named by its place, and never repeated."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.ledgers import a_judged_record, a_year, files_of
from model_ratchet.core.errors import RecordError
from model_ratchet.core.evidence import Categories, Counts, Evidence, Grouping, Groups, Need, Shape
from model_ratchet.documents.events import Hold
from model_ratchet.engine.disclosure import (
    Disclosure,
    disclosures,
    hidden_values,
    refuse_disclosures,
    refuse_unlisted,
)

AT = datetime(2026, 8, 1, tzinfo=UTC)
CANARY = "hunter2-canary/+="

# put together here, so that no scanner of this repository takes them for secrets of its own
FORMS = {
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE",
    "a token of GitHub": "ghp_" + "a1B2" * 9,
    "a token of GitLab": "glpat-" + "a1B2" * 5,
    "a key of Amazon": "AKIA" + "A1B2" * 4,
    "a key of Google": "AIza" + "a1B2c" * 7,
    "a token of Slack": "xoxb-" + "1234-" * 3 + "abc",
    "a token of a package index": "npm_" + "a1B2" * 9,
    "a signed token (JWT)": "eyJ" + "a1B2" * 3 + ".eyJ" + "a1B2" * 3 + "." + "a1B2" * 3,
    "a header that signs in": "Authorization: " + "Bearer " + "a1B2" * 4,
    "an address with a user or a password": "postgresql://ann:" + "x@db.example.com/prod",
    "an address with a signature": "https://store.example.com/f?X-Amz-Signature=" + "a1B2" * 4,
}


def file_with(text: str) -> dict[str, bytes]:
    return {"records/x.json": json.dumps({"sealed": {"queries": {"requests": f"SELECT 1 -- {text}"}}}).encode()}


@pytest.mark.parametrize(("what", "secret"), FORMS.items(), ids=[what.replace(" ", "-") for what in FORMS])
def test_a_secret_is_known_by_its_form_wherever_it_stands(what: str, secret: str) -> None:
    place = "records/x.json: sealed.queries.requests"
    assert disclosures((), file_with(secret)) == (Disclosure(place, what),)
    hold = Hold(at=AT, model="fraud", because=f"see {secret} there")
    assert disclosures((hold,), {}) == (Disclosure("event 1: because", what),)
    assert disclosures((), {"reports/x.md": f"# Report\n{secret}".encode()}) == (Disclosure("reports/x.md", what),)


@pytest.mark.parametrize(
    "spelled",
    [CANARY, quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode(), json.dumps(CANARY)[1:-1]],
    ids=["plain", "quoted", "base64", "json"],
)
def test_the_value_of_a_variable_is_found_in_every_spelling(spelled: str) -> None:
    found = disclosures((), file_with(f"x{spelled}y"), {"METRICS_TOKEN": CANARY})
    assert [one.what for one in found] == ["the value of METRICS_TOKEN"]


def test_a_short_value_counts_where_it_stands_alone_and_a_shorter_one_never() -> None:
    assert disclosures((), file_with("'secret'"), {"WORD": "secret"})
    assert not disclosures((), file_with("secretly"), {"WORD": "secret"})
    assert not disclosures((), file_with("'prod'"), {"WORD": "prod"})


def test_a_name_that_is_a_secret_is_not_said_either() -> None:
    token = FORMS["a token of GitHub"]
    files = {"records/x.json": json.dumps({"sealed": {token: {"a": token}}}).encode()}
    found = disclosures((), files)
    assert [one.place for one in found] == ["records/x.json: sealed.key 1", "records/x.json: sealed.key 1.a"]


@given(st.sampled_from(sorted(FORMS)), st.sampled_from(["event", "file"]))
def test_a_refusal_names_the_place_and_never_the_secret(what: str, where: str) -> None:
    secret = FORMS[what]
    events = (Hold(at=AT, model="fraud", because=secret),) if where == "event" else ()
    with pytest.raises(RecordError, match="nothing was appended") as caught:
        refuse_disclosures(events, file_with(secret) if where == "file" else {})
    assert what in str(caught.value)
    assert secret not in str(caught.value)


def test_five_places_are_named_and_the_others_counted() -> None:
    token = FORMS["a token of GitHub"]

    def told(places: int) -> str:
        with pytest.raises(RecordError) as caught:
            refuse_disclosures((), {f"{place}.md": token.encode() for place in range(places)})
        return str(caught.value).removeprefix("nothing was appended, because the ledger never forgets: ")

    five = "; ".join(f"{place}.md holds a token of GitHub" for place in range(5))
    assert told(1) == "0.md holds a token of GitHub"
    assert told(5) == five
    assert told(7) == f"{five}; and 2 more"


def test_ordinary_records_and_events_hold_nothing_of_the_kind() -> None:
    refuse_disclosures(a_year().events, files_of(a_year().records), {"LOGS": "/data/logs/of/production"})


def test_the_variables_are_those_of_the_sources_file_and_those_that_are_always_secret() -> None:
    text = (
        "sources:\n  prom: {kind: prometheus, auth: {bearer: '${METRICS_TOKEN}'}}\n"
        "  log: {kind: table, path: '${LOGS}/*.parquet'\n"  # no document, and its variables count all the same
    )
    environ = {"METRICS_TOKEN": "a", "LOGS": "b", "GITHUB_TOKEN": "c", "HOME": "d", "AWS_SESSION_TOKEN": ""}
    assert hidden_values(text, environ) == {"METRICS_TOKEN": "a", "LOGS": "b", "GITHUB_TOKEN": "c"}
    assert hidden_values("", environ) == {"GITHUB_TOKEN": "c"}


def test_a_segment_value_that_is_not_listed_is_found_by_its_column() -> None:
    def of(segment: str, *names: str) -> Evidence:
        cells = tuple((name, Counts(successes=1, n=20)) for name in names)
        groups = Need(shape=Shape.COUNTS, grouping=Grouping.SEGMENT, segment=segment)
        mix = Need(shape=Shape.CATEGORIES, segment=segment)
        return Evidence({groups: Groups(groups=cells), mix: Categories(counts=tuple((name, 20) for name in names))})

    listed = {"origin": ("EWR", "JFK"), "carrier": ()}
    for evidence in (of("origin", "EWR", "other", "(none)"), of("carrier", "anything"), a_judged_record().evidence):
        refuse_unlisted(evidence, listed)
    both = of("origin", "EWR", "ann@example.com")
    for need, answer in both.answers.items():  # each by itself
        with pytest.raises(RecordError, match="names values of origin that the model file does not list") as caught:
            refuse_unlisted(Evidence({need: answer}), listed)
        assert "ann" not in str(caught.value)
