"""What a change of the policies would mean for an open promotion, whose evidence was measured from a real log."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from builders.repositories import a_repo
from builders.small import MODEL, NOW, POLICY, V1, V2, promotion, rules, write_log
from model_ratchet.actions.check import CheckInput, check, read_chain
from model_ratchet.actions.proposal import Proposal, read_proposal
from model_ratchet.core.fields import Model
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.bind import Documents
from model_ratchet.engine.impact import Effect, Impact, impact
from model_ratchet.engine.lifecycle import Folder
from model_ratchet.engine.record import Record
from model_ratchet.git import Git

D = TypeVar("D", bound=Model)
NEWER = "policies/small/1.0.1.yaml"
SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  requests: {{kind: table, path: {}}}
  more: {{kind: table, path: more.csv}}
"""


def parsed(kind: type[D], path: str, text: str) -> D:
    found = read(kind, path, text.encode())
    assert isinstance(found, kind), found
    return found


def policy(*changes: tuple[str, str]) -> Policy:
    """The version after the one in force, with these changes."""
    text = POLICY.replace("1.0.0", "1.0.1")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parsed(Policy, NEWER, text)


def model(*changes: tuple[str, str]) -> ModelFile:
    text = MODEL.format(name="demo", more="").replace("[small/1.0.0]", "[small/1.0.0, small/1.0.1]")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parsed(ModelFile, "policies/models/demo.yaml", text)


class Open:
    """The open promotion: its documents and its sealed verdict, with the model file that allows both versions."""

    def __init__(self, path: Path) -> None:
        log = write_log(path / "requests.csv")
        files = rules(log)
        files["policies/models/demo.yaml"] = MODEL.format(name="demo", more="").replace(
            "[small/1.0.0]", "[small/1.0.0, small/1.0.1]"
        )
        repo = a_repo(path / "repo", {**files, **promotion(V1, "none")})
        head = repo.branch("proposal", promotion(V2, V1))
        git = Git(repo.path)
        base = git.commit("main")
        (self.record,) = check(CheckInput(repo=repo.path, base="main", head=head, now=NOW)).records
        proposal = read_proposal(git, Folder("demo", V2), base=base, head=head, chain=read_chain(git, base, "demo"))
        assert isinstance(proposal, Proposal)
        self.documents: Documents = proposal.documents

    def meant(self, new: Documents, record: Record | None) -> Impact:
        return impact(self.documents, new, record=record, history=None, now=NOW)

    def under(self, *changes: tuple[str, str], evidence: bool = True) -> Impact:
        """Under the next policy version with these changes."""
        return self.meant(replace(self.documents, policy=policy(*changes)), self.record if evidence else None)


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Open:
    made = Open(tmp_path_factory.mktemp("open"))
    assert made.record.verdict.outcome is Outcome.PASSED
    return made


def test_a_policy_that_asks_the_same_changes_nothing(promoted: Open) -> None:
    found = promoted.under()
    assert (found.effect, found.before, found.after) == (Effect.UNCHANGED, Outcome.PASSED, Outcome.PASSED)
    assert promoted.under(evidence=False).effect is Effect.UNCHANGED


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        (("by: 2pp", "by: 3pp"), Effect.STRICTER),
        (("by: 2pp", "by: 1pp"), Effect.LOOSER),
        (("below: 5%", "below: 6%"), Effect.LOOSER),
    ],
)
@pytest.mark.parametrize("evidence", [True, False])
def test_a_rule_that_moves_is_told_where_the_outcome_stays(
    promoted: Open, change: tuple[str, str], effect: Effect, evidence: bool
) -> None:
    found = promoted.under(change, evidence=evidence)
    assert found.effect is effect
    assert len(found.differences) == 1
    assert (found.after is None) is (not evidence)


def test_rules_that_move_both_ways_are_changed(promoted: Open) -> None:
    assert promoted.under(("by: 2pp", "by: 1pp"), ("below: 5%", "below: 4%")).effect is Effect.CHANGED


def test_an_outcome_that_flips_says_from_and_to(promoted: Open) -> None:
    found = promoted.under(("by: 2pp", "by: 60pp"))
    assert (found.effect, found.before, found.after) == (Effect.FLIPS, Outcome.PASSED, Outcome.FAILED)
    assert promoted.under(("by: 2pp", "by: 60pp"), evidence=False).effect is Effect.STRICTER


DAYS = "\n      - {id: days, kind: sustained, metric: accuracy, days: 2, max_daily_drop: 1pp}"


@pytest.mark.parametrize(
    ("change", "need"),
    [
        (("below: 5%}", "below: 5%}" + DAYS), "accuracy"),
        (("lasts: 48h", "lasts: 36h"), "on canary"),
        (("mirror: 100%, lasts: 48h", "mirror: 100%, traffic: 10%, lasts: 49h"), "on canary"),
    ],
)
def test_what_was_not_recorded_is_not_guessed(promoted: Open, change: tuple[str, str], need: str) -> None:
    found = promoted.under(change)
    assert (found.effect, found.after) == (Effect.NOT_ASSESSABLE, None)
    assert any(need in one for one in found.needs)


def test_a_role_that_has_to_sign_is_no_evidence(promoted: Open) -> None:
    risk = "below: 5%}\n  - name: sign-off\n    criteria:\n      - {id: risk, kind: approval, role: risk}"
    new = replace(
        promoted.documents,
        policy=policy(("below: 5%}", risk)),
        model=promoted.documents.model.model_copy(update={"roles": {"risk": ("@acme/risk",)}}),
    )
    found = promoted.meant(new, promoted.record)
    assert (found.needs, found.after) == ((), Outcome.PASSED)


def test_a_model_file_that_the_running_stages_pinned_starts_them_again(promoted: Open) -> None:
    new = replace(promoted.documents, model=model(("min_coverage: 90%", "min_coverage: 95%")))
    found = promoted.meant(new, promoted.record)
    assert (found.effect, found.pinned) == (Effect.STARTS_AGAIN, ("model file",))
    assert found.after is Outcome.PASSED


def test_a_source_that_the_model_reads_is_pinned_and_another_is_not(promoted: Open) -> None:
    held = promoted.documents.sources
    assert held is not None
    same = getattr(held.sources["requests"], "path")  # noqa: B009
    for path, effect in ((same, Effect.UNCHANGED), ("other.csv", Effect.STARTS_AGAIN)):
        sources = parsed(Sources, "policies/sources.yaml", SOURCES.format(path))
        assert promoted.meant(replace(promoted.documents, sources=sources), promoted.record).effect is effect


def test_before_a_stage_has_started_nothing_is_pinned(promoted: Open) -> None:
    request = promoted.documents.request.model_copy(update={"history": ()})
    old = replace(promoted.documents, request=request)
    new = replace(old, model=model(("min_coverage: 90%", "min_coverage: 95%")))
    found = impact(old, new, record=None, history=None, now=NOW)
    assert (found.effect, found.pinned) == (Effect.STRICTER, ())


def test_documents_that_would_not_fit_say_why(promoted: Open) -> None:
    new = replace(promoted.documents, model=model(("  errors: {kind: proportion, column: error}\n", "")))
    found = promoted.meant(new, promoted.record)
    assert found.effect is Effect.NO_LONGER_FITS
    assert "binds no metrics.errors" in found.messages[0]
