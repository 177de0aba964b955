"""What a pull request that changes the policies says of the promotions that are open, on a fake GitHub."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.publishing import comments
from builders.signed import ROLES, SIGNED, WAIVING, Signed, a_signed, texts
from builders.small import MODEL, V1, V3, V4, folder, promotion
from builders.waiving import sha256, waiver_file
from forge import faults
from forge.state import Pull
from model_ratchet.actions import impact

NEWER = "policies/small/1.0.1.yaml"


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """The model file of the base branch allows the version that is to come."""
    with a_signed(tmp_path) as made:
        scene = made.scene
        scene.work.git("checkout", "--quiet", "main")
        scene.work.commit({"policies/models/demo.yaml": the_model()})
        scene.work.git("push", "--quiet", "origin", "main")
        yield made


def the_model(*change: str) -> str:
    text = MODEL.format(name="demo", more=ROLES).replace("[small/1.0.0]", "[small/1.0.0, small/1.0.1]")
    return text.replace(*change) if change else text  # type: ignore[arg-type]


def newer(old: str, new: str) -> dict[str, str]:
    """The next version of the policy, with one change."""
    assert old in SIGNED
    return {NEWER: SIGNED.replace("1.0.0", "1.0.1").replace(old, new)}


def told(signed: Signed, files: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The comment on a pull request with these files, and what its report says of the open promotions."""
    pull: Pull = signed.scene.propose("rules", files, "Rules")
    signed.scene.forge.clock.advance(minutes=5)
    signed.runs.opened(pull)
    (comment,) = [one for one in comments(signed.scene) if one.issue == pull.number]
    report = max(signed.runs.folder.glob("job-*/ratchet/report.json"), key=lambda one: one.stat().st_mtime_ns)
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["policies"]["promotions"]
    return comment.body.replace("&#8288;", ""), found


def test_a_stricter_version_would_turn_an_open_promotion_and_no_source_is_asked(signed: Signed) -> None:
    signed.passed()
    comment, found = told(signed, newer("by: 2pp", "by: 30pp"))
    assert "&#35;1 demo v1.1.0_20250102_000000 by small/1.0.1 would turn from passed to failed" in comment
    assert "criterion better.by: 2pp → 30pp" in comment
    (one,) = found["found"]
    assert (one["impact"]["effect"], one["impact"]["before"], one["impact"]["after"]) == ("flips", "passed", "failed")


def test_without_a_sealed_verdict_the_rules_that_move_are_told(signed: Signed) -> None:
    comment, found = told(signed, newer("by: 2pp", "by: 1pp"))
    assert "would be judged less strictly: criterion better.by: 2pp → 1pp" in comment
    assert found["found"][0]["impact"]["after"] is None


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"policies/models/demo.yaml": MODEL.format(name="demo", more=ROLES).replace("90%", "95%")},
            "would start again, because it has another model file",
        ),
        (newer("below: 5%", "below: 6%") | {"policies/models/demo.yaml": the_model("90%", "95%")}, "would start again"),
        (
            {"policies/models/other.yaml": MODEL.format(name="other", more=ROLES)},
            "1 open promotion would not be touched by it",
        ),
    ],
    ids=["model", "both", "other"],
)
def test_what_is_pinned_when_a_stage_starts_and_what_is_not_touched(
    signed: Signed, files: dict[str, str], says: str
) -> None:
    assert says in told(signed, files)[0]


def test_trouble_with_one_hides_no_other(signed: Signed) -> None:
    broken = {**texts(promotion(V3, V1)), f"{folder(V3)}/promotion.yaml": "model: demo\n"}
    signed.scene.propose("broken", broken)
    unread = signed.propose("unread", V4, V1)
    signed.scene.forge.faults.plan(faults.bare(403), "GET", f"/commits/{unread.head_sha}/check-runs")
    comment, found = told(signed, newer("by: 2pp", "by: 1pp"))
    assert [one["pull_request"] for one in found["found"]] == [2, 3, 1]
    assert f"&#35;2 demo {V3}: can't be told: its documents are wrong already" in comment
    assert "&#35;3: can't be told: the token may not list check runs" in comment
    assert "&#35;1 demo v1.1.0_20250102_000000 by small/1.0.1 would be judged less strictly" in comment


def test_so_many_are_looked_at_and_the_rest_are_counted(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "MOST", 1)
    signed.scene.propose("more")
    comment, found = told(signed, newer("by: 2pp", "by: 1pp"))
    assert (len(found["found"]), found["left_out"]) == (1, 1)
    assert "1 open pull requests more were not looked at" in comment


def test_where_pull_requests_can_not_be_listed_the_rest_is_told(signed: Signed) -> None:
    signed.scene.forge.faults.plan(faults.bare(403), "GET", "/repos/acme/models/pulls")
    comment, found = told(signed, newer("by: 2pp", "by: 1pp"))
    assert "what it would mean for open promotions can't be told" in comment
    assert "criterion better.by: 2pp → 1pp" in comment
    assert found["found"] == []


def test_a_revoked_policy_moves_its_promotions_to_the_one_that_replaces_it(signed: Signed) -> None:
    from hashlib import sha256

    digest = sha256(SIGNED.encode()).hexdigest()
    revoked = f'{{policy: small/1.0.0, digest: "sha256:{digest}", from: 2025-01-01T00:00:00Z, reason: mistyped'
    text = f"apiVersion: ratchet/v1\nkind: Revocations\nrevocations:\n  - {revoked}"
    comment, _ = told(signed, {"policies/revocations.yaml": f"{text}}}\n"})
    assert "by small/1.0.0 would be refused (small/1.0.0 is revoked since" in comment
    signed.scene.push(
        "rules",
        {"policies/revocations.yaml": f"{text}, replaced_by: small/1.0.1}}\n", **newer("by: 2pp", "by: 1pp")},
        by=signed.scene.ada,
    )
    signed.runs.opened(signed.scene.repo.pulls[2])
    (comment,) = [one.body for one in comments(signed.scene) if one.issue == 2]
    assert "by small/1.0.1 would be judged less strictly" in comment


def test_a_waiver_turns_the_promotion_that_it_is_for(tmp_path: Path) -> None:
    with a_signed(tmp_path, policy=WAIVING) as signed:
        signed.runs.opened(signed.pull)
        now = signed.scene.forge.clock.now
        granted = {"granted_at": now, "expires_at": now + timedelta(days=2), "policy_digest": sha256(WAIVING)}
        comment, found = told(signed, texts(waiver_file(**granted)))
        assert "&#35;1 demo v1.1.0_20250102_000000 by small/1.0.0 would turn from failed to passed" in comment
        (one,) = found["found"]
        assert one["impact"]["effect"] == "flips"
