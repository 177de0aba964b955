"""How many requests a check of a pull request makes of GitHub: when it is opened, and again after reviews; prints JSON.

Counted by the fake GitHub of the tests, which a real ``ratchet check --publish`` talks to as an App.
"""

import json
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from builders.reviewing import DECIDED, STARTED, Signing, a_signing
from builders.runs import RIGHTS, Runner
from forge import events


def main() -> None:
    """Two runs."""
    with (
        tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder,
        pytest.MonkeyPatch.context() as patch,
        a_signing(Path(folder), patch) as signing,
    ):
        print(json.dumps(_made(signing, Path(folder))))


def _made(signing: Signing, folder: Path) -> dict[str, int]:
    forge = signing.scene.forge
    token = forge.app_token(forge.app("ratchet", RIGHTS))
    runner = Runner(signing.scene, folder, token, {"CASES": str(signing.cases)})

    def requests(name: str, payload: dict[str, object]) -> int:
        before = len(forge.requests)
        ran = runner.run(name, payload)
        assert ran.code == 0, ran.log
        return sum(one.client == token.value for one in forge.requests[before:])

    signing.at(STARTED + timedelta(hours=1))
    first = requests("pull_request", events.pull_request(forge, signing.pull, "opened"))
    signing.at(DECIDED + timedelta(hours=2))
    for login in ("dan", "bob"):
        forge.review(signing.pull, by=forge.user(login))
    review = max(signing.pull.reviews, key=lambda one: one.id)
    return {
        "first": first,
        "again": requests("pull_request_review", events.pull_request_review(forge, signing.pull, review)),
    }


if __name__ == "__main__":
    main()
