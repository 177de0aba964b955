"""HAProxy's own `balance random` sends another share than its weights say: measured, and caught by the sample ratio."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from builders.scopes import a_scope, a_stage, good_rows, judged
from builders.traffic import ACTIVE, CANDIDATE, STAGES, section
from components.clients import ask
from components.ports import free_port
from components.routers import ModelServer, haproxy, model_server
from model_ratchet.core.evidence import ArmRows, Shape
from model_ratchet.core.names import Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.sample_ratio import SampleRatio
from model_ratchet.render.traffic import render

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("routers")]

REQUESTS = 10_000
AT_ONCE = 16
SHARE = 0.05
SLOWER = 0.05
"""Seconds that the candidate takes longer: it is always busier than its weight, and of two draws the other one wins."""
RANDOM = """\
frontend both
    mode http
    bind 127.0.0.1:{port}
    default_backend both
backend both
    mode http
    balance random
    server active {active} weight 95
    server candidate {candidate} weight 5
"""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Mapping[Version, ModelServer]]:
    """The active version, and a candidate that is slower."""
    served = partial(model_server, tmp_path)
    with served(str(ACTIVE)) as active, served(str(CANDIDATE), delay=SLOWER) as candidate:
        yield {ACTIVE: active, CANDIDATE: candidate}


def judgement_of(folder: Path, text: str, port: int, servers: Mapping[Version, ModelServer]) -> Judgement:
    """The sample ratio of one request each of many users, so many at once, by what the servers have written."""
    with haproxy(folder, text, port):
        answers = ask(port, [f"user-{number}" for number in range(REQUESTS)], threads=AT_ONCE)
    assert {answer.status for answer in answers} == {200}
    logged = {version: server.rows() for version, server in servers.items()}
    arms = {
        version: ArmRows(rows=len(rows), served=len(rows), units=len({row["user"] for row in rows}))
        for version, rows in logged.items()
    }
    assert sum(arm.units for arm in arms.values()) == REQUESTS
    rows = good_rows(baseline=arms[ACTIVE], candidate=arms[CANDIDATE])
    criterion = SampleRatio.model_validate({"id": "traffic-share", "kind": "sample_ratio"})
    return judged(criterion, a_scope(a_stage(traffic=SHARE)), {Shape.ROWS: rows})


def test_balance_random_spares_a_slow_candidate_and_the_sample_ratio_catches_it(
    tmp_path: Path, servers: Mapping[Version, ModelServer]
) -> None:
    port = free_port()
    text = RANDOM.format(port=port, active=servers[ACTIVE].address, candidate=servers[CANDIDATE].address)
    found = judgement_of(tmp_path, text, port, servers)
    assert (found.outcome, found.reason.why) == (Outcome.ERRORED, Why.SAMPLE_RATIO)
    assert found.estimate is not None
    assert found.estimate.high is not None
    assert found.estimate.high < SHARE / 2


def test_what_is_rendered_keeps_the_share_under_the_same_load(
    tmp_path: Path, servers: Mapping[Version, ModelServer]
) -> None:
    port = free_port()
    inside = f'listen: "127.0.0.1:{port}", backend: "late-{{{{ slug }}}}.svc:8000", key: {{header: X-User-Id}}'
    desired = replace(STAGES["canary"], previous=None)
    (text,) = render(desired, section("haproxy", inside)).values()
    for version, server in servers.items():
        text = text.replace(f"late-{version.slug}.svc:8000", server.address)
    found = judgement_of(tmp_path, text, port, servers)
    assert (found.outcome, found.reason.why) == (Outcome.PASSED, Why.HOLDS), found.reason
