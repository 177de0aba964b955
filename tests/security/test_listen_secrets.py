"""The receiver tells no secret: canaries stand in its variables and in all that may be sent to it."""

import json
from pathlib import Path

import requests

from builders.http import Asked, Told, answering
from builders.webhooks import TOKEN, a_group, a_scene, an_alert, post
from model_ratchet.actions.webhook import PATH

CANARY = "hunter2canary"


def echo(asked: Asked) -> Told:
    """A GitHub that is down, and repeats all that it was told."""
    return Told(500, f"{asked.headers} {asked.body} {CANARY}".encode())


def test_no_token_and_nothing_that_was_refused_is_in_the_log_the_ledger_or_an_answer(tmp_path: Path) -> None:
    known = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with answering(echo) as github:
        environ = {"GITHUB_REPOSITORY": "acme/models", "GITHUB_TOKEN": CANARY, "GITHUB_API_URL": github.url}
        with a_scene(tmp_path, environ) as scene:
            url = f"http://{scene.server.address}"
            answers = [
                requests.request(method, f"{url}{path}", headers=headers, data=body, timeout=30)
                for method, path, headers, body in (
                    ("POST", f"{PATH}?token={TOKEN}", known, a_group()),
                    ("POST", f"/{CANARY}", known, a_group()),
                    ("POST", PATH, known | {"Authorization": f"Bearer {CANARY}"}, a_group()),
                    ("POST", PATH, known | {"X-Token": TOKEN}, CANARY.encode()),
                    ("POST", PATH, known, a_group(an_alert(status=CANARY))),
                    ("POST", PATH, known, a_group(an_alert(model=CANARY, alertname=TOKEN))),
                    ("POST", PATH, known, a_group(an_alert(version=CANARY, rule=TOKEN))),
                )
            ]
            assert post(scene.server, a_group(an_alert())) == 503
            told = [one.text + str(one.headers) for one in answers]
            everything = json.dumps([scene.log, told, [one.model_dump(mode="json") for one in scene.events()]])
    assert len(scene.log) > 8
    assert scene.kinds() == ["hold"]
    assert TOKEN not in everything
    assert CANARY not in everything
