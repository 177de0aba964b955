"""A registry that answers badly: each trouble has its own reason, and none is taken for an answer."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from builders import registry
from builders.http import Asked, Told, answering
from builders.registry import BASELINE, CANDIDATE, DIGESTS, a_run, a_version, telling
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Arm, Measurement, Missing, Need, Registered, Shape
from model_ratchet.core.reason import Reason, Why
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Mlflow, Sources
from model_ratchet.ports import Answers
from model_ratchet.report.reasons import sentence
from model_ratchet.sources.mlflow import MlflowSource
from model_ratchet.sources.mlflow_api import MOST_PAGES
from model_ratchet.sources.open import route
from model_ratchet.sources.reach import Reach

CANARY = "hunter2-canary"
REGISTERED = Need(shape=Shape.REGISTERED, arms=(Arm.CANDIDATE,))
TRACKED = Need(shape=Shape.TRACKED, arms=(Arm.CANDIDATE,))
ALIAS = Need(shape=Shape.REGISTERED, arms=(), metric="champion")


def documents(url: str) -> tuple[Sources, ModelFile]:
    text = registry.SOURCES.replace("URL", url).replace("MORE", ", auth: {bearer: '${TOKEN}'}")
    sources = read(Sources, "policies/sources.yaml", text.encode())
    model = read(ModelFile, "policies/models/late.yaml", registry.MODEL.replace("REGISTRY", registry.REGISTRY).encode())
    assert isinstance(sources, Sources), sources
    assert isinstance(model, ModelFile), model
    return sources, model


def answers(url: str, *needs: Need, environ: Mapping[str, str] | None = None) -> Answers:
    sources, model = documents(url)
    config = sources.sources["mlflow"]
    assert isinstance(config, Mlflow)
    source = MlflowSource(
        name="mlflow",
        config=config,
        model=model,
        versions=Versions(candidate=CANDIDATE, baseline=BASELINE, others=frozenset()),
        reach=Reach.of(sources),
        root=Path(),
        environ={"TOKEN": CANARY} if environ is None else environ,
    )
    return source.answer(needs)


def ask(tell: Callable[[Asked], Told], need: Need = REGISTERED) -> Measurement | Missing:
    with answering(tell) as server:
        return answers(server.url, need).answers[need]


def reason(tell: Callable[[Asked], Told], need: Need = REGISTERED) -> tuple[Why, dict[str, object]]:
    found = ask(tell, need)
    assert isinstance(found, Missing), found
    assert CANARY not in sentence(found.reason)
    return found.reason.why, {key: value for key, value in found.reason.parameters.items() if key != "source"}


def always(told: Told) -> Callable[[Asked], Told]:
    return lambda asked: told


@pytest.mark.parametrize("need", [REGISTERED, TRACKED, ALIAS], ids=["version", "run", "alias"])
@pytest.mark.parametrize(
    ("told", "why", "parameters"),
    [
        (Told(401), Why.SOURCE_UNAUTHORISED, {"status": 401}),
        (Told(403), Why.SOURCE_UNAUTHORISED, {"status": 403}),
        (Told(404, b"<h1>nothing here</h1>"), Why.SOURCE_UNREACHABLE, {"status": "HTTP 404"}),
        (Told(400, b"<h1>bad</h1>"), Why.SOURCE_UNREACHABLE, {"status": "HTTP 400"}),
        (Told(400, b'["INVALID_PARAMETER_VALUE"]'), Why.SOURCE_UNREACHABLE, {"status": "HTTP 400"}),
        (Told(500, b'{"error_code": "INTERNAL_ERROR"}'), Why.SOURCE_UNREACHABLE, {"status": "HTTP 500"}),
        (
            Told(400, b'{"error_code": "BAD_REQUEST"}'),
            Why.QUERY_REFUSED,
            {"metric": "late", "error": "BAD_REQUEST"},
        ),
        (
            Told(302, headers={"Location": "http://127.0.0.1:1/"}),
            Why.SOURCE_UNREACHABLE,
            {"status": "a redirect, which is not followed"},
        ),
        (Told(body=b'{"model_versions": [{"ver'), Why.SOURCE_UNREACHABLE, {"status": "an answer that is no JSON"}),
        (Told(body=b'{"model_versions": []}', cut=9), Why.SOURCE_UNREACHABLE, {"status": "no connection"}),
        (Told(body=b"[]"), Why.SOURCE_UNREACHABLE, {"status": "an answer of another form"}),
        (
            Told(body=b'{"model_versions": [{"version": 7}], "model_version": {"version": 7}}'),
            Why.SOURCE_UNREACHABLE,
            {"status": "an answer of another form"},
        ),
        (
            Told(body=b'{"model_versions": [{"version": "7", "tags": [{"value": "x"}]}], "model_version": {}}'),
            Why.SOURCE_UNREACHABLE,
            {"status": "an answer of another form"},
        ),
    ],
    ids=lambda one: one.body.decode()[:20] + str(one.status) if isinstance(one, Told) else "",
)
def test_what_is_no_answer_is_never_taken_for_one(
    told: Told, why: Why, parameters: dict[str, object], need: Need
) -> None:
    if told.cut is None:
        assert reason(always(told), need) == (why, parameters)
    else:
        assert reason(always(told), need)[0] is why


def test_a_search_is_read_to_its_last_page() -> None:
    registered = [a_version(number, CANDIDATE.upper()) for number in range(7)] + [a_version(7, CANDIDATE)]
    assert ask(telling(registered, size=3)) == Registered(number="7", version=CANDIDATE, digest=DIGESTS[CANDIDATE])


def test_a_second_match_on_the_last_page_is_still_one_too_many() -> None:
    registered = [a_version(number, CANDIDATE.upper()) for number in range(2, 8)]
    found = reason(telling([a_version(1, CANDIDATE), *registered, a_version(11, CANDIDATE)], size=2))
    tagged = {"name": "late", "tag": "ratchet_version", "version": CANDIDATE}
    assert found == (Why.REGISTRY_MANY, {**tagged, "numbers": "1, 11"})


def test_a_search_without_end_is_given_up() -> None:
    page = json.dumps({"model_versions": [a_version(1, CANDIDATE)], "next_page_token": "again"}).encode()
    with answering(always(Told(body=page))) as server:
        found = answers(server.url, REGISTERED).answers[REGISTERED]
    assert isinstance(found, Missing)
    assert (found.reason.why, found.reason.parameters["most"]) == (Why.ANSWER_TOO_LARGE, f"{MOST_PAGES} pages")
    assert len(server.asked) == MOST_PAGES


def test_a_tag_that_differs_in_case_is_another_tag() -> None:
    tagged = {"name": "late", "tag": "ratchet_version", "version": CANDIDATE}
    assert reason(telling([a_version(3, CANDIDATE.upper())])) == (Why.REGISTRY_ABSENT, tagged)


@pytest.mark.parametrize(("status", "lasting"), [("PENDING_REGISTRATION", False), ("FAILED_REGISTRATION", True)])
def test_a_version_that_is_not_ready_is_not_compared(status: str, lasting: bool) -> None:
    found = ask(telling([a_version(3, CANDIDATE, status=status)]))
    parameters = {"source": "mlflow", "name": "late", "number": "3", "status": status}
    assert found == Missing(reason=Reason(Why.REGISTRY_UNREADY, parameters), lasting=lasting)


@pytest.mark.parametrize("run_id", ["", "another"])
def test_a_version_without_a_run_tracks_nothing(run_id: str) -> None:
    found = reason(telling([a_version(3, CANDIDATE, run_id=run_id)], runs={"run3": a_run()}), TRACKED)
    assert found == (Why.RUN_ABSENT, {"name": "late", "number": "3"})


def test_a_run_beyond_all_measure_is_not_recorded() -> None:
    run = a_run({f"p{number}": "x" * 500 for number in range(600)})
    found = reason(telling([a_version(3, CANDIDATE)], runs={"run3": run}), TRACKED)
    assert found == (Why.ANSWER_TOO_LARGE, {"most": "250000 characters of metadata"})


@pytest.mark.parametrize("value", [None, "many", [1], {}])
def test_a_metric_that_is_no_number_makes_the_run_unreadable(value: object) -> None:
    run = a_run(metrics={"accuracy": value})
    found = reason(telling([a_version(3, CANDIDATE)], runs={"run3": run}), TRACKED)
    assert found == (Why.SOURCE_UNREACHABLE, {"status": "an answer of another form"})


def test_texts_of_the_registry_are_cut_and_hold_nothing_invisible() -> None:
    found = ask(telling([a_version("3\u202e", CANDIDATE, "sha256:\x1b[2J" + "a" * 500)]))
    assert isinstance(found, Registered)
    assert found.number == "3\N{REPLACEMENT CHARACTER}"
    assert found.digest is not None
    assert (len(found.digest), found.digest[-1], "\x1b" in found.digest) == (120, "…", False)


def test_half_a_character_can_be_sealed() -> None:
    body = json.dumps({"model_versions": [a_version(3, CANDIDATE)]}).replace("s3://models/late/3", "\\ud800")
    digest = json.dumps(DIGESTS[CANDIDATE])
    found = ask(always(Told(body=body.replace(digest, '"\\ud800"').encode())))
    assert found == Registered(number="3", version=CANDIDATE, digest="?")


def test_one_trouble_leaves_the_other_answers_and_the_record_holds_no_secret() -> None:
    with answering(telling([a_version(3, CANDIDATE)])) as server:
        found = answers(server.url, REGISTERED, ALIAS)
    assert isinstance(found.answers[REGISTERED], Registered)
    assert isinstance(found.answers[ALIAS], Missing)
    assert found.queries == (
        f"model-versions/search name='late' and tags.`ratchet_version`='{CANDIDATE}'",
        "registered-models/alias late champion",
    )
    assert all(asked.headers["Authorization"] == f"Bearer {CANARY}" for asked in server.asked)


def test_a_variable_that_is_not_set_leaves_every_need_missing() -> None:
    with answering(telling()) as server:
        found = answers(server.url, REGISTERED, ALIAS, environ={})
    assert [one.reason.why for one in found.answers.values() if isinstance(one, Missing)] == [Why.VARIABLE_ABSENT] * 2
    assert server.asked == []


def test_what_is_no_matter_of_a_registry_can_not_be_verified_by_it() -> None:
    assert reason(telling(), Need(shape=Shape.ROWS))[0] is Why.CANNOT_VERIFY


def test_the_model_file_leads_to_its_registry() -> None:
    sources, model = documents("http://127.0.0.1:1")
    assert {route(need, model, sources) for need in (REGISTERED, TRACKED, ALIAS)} == {"mlflow"}
    assert route(REGISTERED, model.model_copy(update={"registry": None}), sources) == ""
