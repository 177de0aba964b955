"""No secret is ever said: a canary stands in every place that can hold one, and every way to fail is taken."""

import base64
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from builders import production
from builders.http import Asked, Told, answering
from builders.production import CANDIDATE, DECIDABLE, Truth
from builders.repositories import Repo, a_repo
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.actions.rejudge import write_records
from model_ratchet.cli import run
from model_ratchet.cli.options import FORMATS
from model_ratchet.report import render

CANARY = "hunter2-canary/+="

AUTH = {
    "bearer": "auth: {bearer: '${SECRET}'}",
    "password": "auth: {username: someone, password: '${SECRET}'}",
    "path": "",
}
FAILURES: dict[str, Callable[[Asked], Told]] = {
    "unauthorised": lambda asked: Told(401, _echo(asked)),
    "forbidden": lambda asked: Told(403, _echo(asked)),
    "bad request": lambda asked: Told(400, _echo(asked)),
    "not found": lambda asked: Told(404, _echo(asked)),
    "server error": lambda asked: Told(500, _echo(asked)),
    "redirect": lambda asked: Told(302, headers={"Location": f"http://127.0.0.1:9/?{CANARY}"}),
    "an answer that echoes": lambda asked: Told(200, _echo(asked)),
    "no JSON": lambda asked: Told(200, CANARY.encode()),
    "cut off": lambda asked: Told(200, _echo(asked), cut=7),
}


def _echo(asked: Asked) -> bytes:
    """Everything that a request said, where our readers look for the words of an error."""
    said = "".join(asked.headers.values()) + asked.path + CANARY
    quoted = said.replace("\\", "").replace('"', "")
    return (
        f'{{"status": "error", "errorType": "{quoted}", "error": "{quoted}", "error_code": "{quoted}", '
        f'"message": "{quoted}", "warnings": ["{quoted}"], "data": "{quoted}"}}'
    ).encode()


def sources(url: str, auth: str) -> str:
    more = f", {auth}" if auth else ""
    return (
        production.SOURCES.replace(
            "kind: Sources\n", f"kind: Sources\norigins: ['http://127.0.0.1:1', '{_origin(url)}']\n"
        )
        + f"  prom: {{kind: prometheus, url: '{url}'{more}}}\n"
        + f"  registry: {{kind: mlflow, url: '{url}'{more}}}\n"
        + f"  ci: {{kind: junit, url: '{url}/{{{{ version }}}}.xml'{more}}}\n"
    )


def _origin(url: str) -> str:
    return url if url.startswith("http") and "$" not in url else "http://127.0.0.1:2"


MODEL = (
    production.MODEL.replace(
        "memory: {kind: gauge, source: usage, column: rss_mib, unit: MiB}",
        "memory: {kind: gauge, source: prom, promql: 'max(rss{version={{ version }}})', unit: MiB}",
    )
    .replace("suites: {edge_cases: {source: edge_cases}}", "suites: {edge_cases: {source: ci}}")
    .replace("roles:", "registry: {source: registry, name: fraud}\nroles:")
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    production.write_logs(folder, Truth(per_day=100))
    return folder


@pytest.fixture(autouse=True)
def every_word(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield


def told(repo: Repo, environ: Mapping[str, str], into: Path) -> tuple[dict[str, str], str]:
    """The outcome of each criterion, and everything that a check said, in every format and in its record."""
    checked = check(CheckInput(repo=repo.path, base="main", head="proposal", now=DECIDABLE, environ=environ))
    (record,) = checked.records
    outcomes = {leaf.id: str(leaf.outcome) for gate in record.verdict.gates for leaf in gate.leaves}
    write_records(checked, into / "record.json")
    said = [render(checked, form, width=110) for form in FORMATS]
    return outcomes, "\n".join([*said, (into / "record.json").read_text(encoding="utf-8")])


def proposed(path: Path, text: str) -> Repo:
    files = production.base_files() | {"policies/sources.yaml": text, "policies/models/fraud.yaml": MODEL}
    repo = a_repo(path, files)
    repo.branch("proposal", production.proposal())
    return repo


def assert_silent(said: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    said += "".join(capfd.readouterr())
    for form in (CANARY, base64.b64encode(f"someone:{CANARY}".encode()).decode(), "hunter2-canary"):
        assert form not in said
        assert form not in caplog.text


@pytest.mark.parametrize("place", AUTH)
@pytest.mark.parametrize("failure", FAILURES)
def test_t17_no_failure_of_a_server_tells_a_secret(
    tmp_path: Path,
    logs: Path,
    place: str,
    failure: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with answering(FAILURES[failure]) as server:
        url = f"{server.url}/${{SECRET}}" if place == "path" else server.url
        text = sources(url, AUTH[place]).replace("http://127.0.0.1:2", server.url)
        environ = {"LOGS": str(logs), "SECRET": CANARY}
        outcomes, said = told(proposed(tmp_path / "repo", text), environ, tmp_path)
    assert {outcomes["memory"], outcomes["same-thing"], outcomes["edge-cases"]} == {"errored"}
    assert server.asked
    assert CANDIDATE in said
    assert_silent(said, caplog, capfd)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"URL": f"http://someone:{CANARY}@127.0.0.1:1"}, "${URL}"),
        ({"URL": f"http://{CANARY}.invalid/"}, "${URL}"),
        ({"URL": CANARY}, "${URL}"),
        ({"URL": f"http://127.0.0.1:1/{CANARY}?token={CANARY}"}, "${URL}"),
        ({"SECRET": f"{CANARY}\r\nX-Injected: 1"}, "http://127.0.0.1:1"),
        ({"SECRET": f"{CANARY}é\u2028"}, "http://127.0.0.1:1"),
    ],
    ids=["userinfo", "host", "no-url", "query", "line-break", "not-ascii"],
)
def test_t17_no_address_of_the_environment_tells_a_secret(
    tmp_path: Path,
    logs: Path,
    environ: dict[str, str],
    url: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = sources(url, AUTH["bearer"])
    given = {"LOGS": str(logs), "SECRET": CANARY} | environ
    outcomes, said = told(proposed(tmp_path / "repo", text), given, tmp_path)
    assert {outcomes["memory"], outcomes["same-thing"], outcomes["edge-cases"]} == {"errored"}
    assert_silent(said, caplog, capfd)


def test_t17_a_secret_that_stands_in_a_document_is_refused_without_being_repeated(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for place in (f"auth: {{bearer: '{CANARY}'}}", f"proxy: 'http://someone:{CANARY}@127.0.0.1:1'"):
        repo = proposed(tmp_path / str(len(place)), sources("http://127.0.0.1:1", place))
        assert run(["validate", "--repo", str(repo.path)]) == 2
        out, err = capfd.readouterr()
        assert "policies/sources.yaml" in out
        assert CANARY not in out + err
