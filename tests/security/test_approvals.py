"""Attacks on sign-off: T26 a replayed approval, T27 a second account, T28 a spoofed author."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders.reviewing import DECIDED, FOLDER, Signing, a_signing
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Leaf

HOUR = timedelta(hours=1)
NOW = DECIDED + 3 * HOUR


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signing]:
    with a_signing(tmp_path, monkeypatch) as signing:
        signing.at(DECIDED + HOUR)
        yield signing


def approve(signing: Signing, *logins: str) -> None:
    for login in logins:
        signing.scene.forge.review(signing.pull, by=signing.scene.forge.user(login))


def leaf(signing: Signing, name: str) -> Leaf:
    record = signing.check(now=NOW)
    return next(one for gate in record.verdict.gates for one in gate.leaves if one.id == name)


def warned(found: Leaf) -> set[Why]:
    return {one.why for one in found.judgement.warnings}


def commit(signing: Signing, files: dict[str, str], message: str, *, by: str, author: str = "") -> None:
    scene = signing.scene
    scene.work.git("checkout", "--quiet", "proposal")
    scene.work.write(files)
    scene.work.git("add", "--all")
    named = ["--author", author] if author else []
    scene.work.git("commit", "--quiet", "--allow-empty", "--message", message, *named)
    sha = scene.work.git("rev-parse", "HEAD")
    scene.forge.push(scene.repo, "proposal", sha, by=scene.forge.user(by), source=scene.work.path)
    scene.forge.sync()


def test_t26_an_approval_of_a_is_none_of_b_and_counts_again_for_a_only(signing: Signing) -> None:
    approve(signing, "dan", "bob")
    first = signing.pull.head_sha
    assert leaf(signing, "risk").outcome is Outcome.PASSED
    commit(signing, {f"{FOLDER}/risk.md": "another\n"}, "b", by="ada")
    assert leaf(signing, "risk").judgement.reason.why is Why.OUTDATED_APPROVAL
    assert leaf(signing, "business").judgement.reason.why is Why.OUTDATED_APPROVAL
    signing.scene.forge.push(signing.scene.repo, "proposal", first, by=signing.scene.ada, force=True)
    signing.scene.forge.sync()
    assert leaf(signing, "risk").outcome is Outcome.PASSED


def test_t27_one_person_in_two_roles_counts_once(signing: Signing) -> None:
    signing.scene.forge.team("acme/risk", signing.scene.bob)
    approve(signing, "bob")
    found = [leaf(signing, name) for name in ("risk", "business")]
    assert sorted(one.outcome for one in found) == [Outcome.PASSED, Outcome.PENDING]


def test_t27_a_bot_in_the_team_counts_for_nothing(signing: Signing) -> None:
    bot = signing.scene.forge.bot("approver[bot]")
    signing.scene.forge.team("acme/risk", bot)
    signing.scene.forge.review(signing.pull, by=bot)
    found = leaf(signing, "risk")
    assert found.outcome is Outcome.PENDING
    assert (
        Reason(Why.APPROVAL_NOT_COUNTED, {"by": "approver[bot]", "standing": "no_person"}) in found.judgement.warnings
    )


def test_t28_a_commit_under_a_reviewers_address_is_reported_and_frees_nobody(signing: Signing) -> None:
    users = signing.scene.forge.users
    dan = users["dan"]
    commit(signing, {"notes.txt": "1\n"}, "spoofed", by="ada", author=f"Dan <{dan.email}>")
    approve(signing, "dan", "bob")
    found = leaf(signing, "risk")
    assert found.outcome is Outcome.PENDING
    assert because(Why.APPROVAL_NOT_COUNTED, by="dan", standing="contributor") in found.judgement.warnings
    approve(signing, "eve")
    assert leaf(signing, "risk").outcome is Outcome.PASSED


def test_t28_who_pushed_under_a_foreign_name_does_not_sign(signing: Signing) -> None:
    signing.scene.forge.grant(signing.scene.repo, "write", signing.scene.forge.user("dan"))
    commit(signing, {"notes.txt": "1\n"}, "under the name of ada", by="dan")
    approve(signing, "dan")
    assert Why.APPROVAL_NOT_COUNTED in warned(leaf(signing, "risk"))


def test_t28_an_address_that_nobody_has_makes_it_stricter(signing: Signing) -> None:
    commit(signing, {"notes.txt": "1\n"}, "words", by="ada", author="Nobody <nobody@nowhere.invalid>")
    approve(signing, "dan", "bob")
    found = leaf(signing, "risk")
    assert found.judgement.reason == because(Why.AWAITING_APPROVAL, role="risk", at_least=2)
    assert Why.UNKNOWN_CONTRIBUTOR in warned(found)
    approve(signing, "eve")
    assert leaf(signing, "risk").outcome is Outcome.PASSED


def test_t28_a_co_author_who_is_named_to_silence_them_still_objects(signing: Signing) -> None:
    dan = signing.scene.forge.user("dan")
    trailer = f"Co-authored-by: Dan <{dan.id}+dan@users.noreply.github.com>"
    commit(signing, {"notes.txt": "1\n"}, f"words\n\n{trailer}", by="ada")
    signing.scene.forge.review(signing.pull, by=dan, state="CHANGES_REQUESTED")
    approve(signing, "eve", "bob")
    assert leaf(signing, "risk").judgement.reason == because(Why.OBJECTED, by="dan")
