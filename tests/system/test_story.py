"""One promotion from its pull request to the merge, and back, in a repository that ``ratchet init`` has made ready.

The workflows are those that ``init`` wrote, their ``run:`` lines are run, and the fake GitHub enforces the ruleset. The policy
is the shipped ``standard`` but for ``retrospective: allowed``: there is no ledger, so the request states when its stages start.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from builders import production, repositories
from builders.hubs import Scene, a_scene
from builders.installed import Installed
from builders.production import BASELINE, CANDIDATE, DECIDABLE, STAGES, START
from builders.publishing import comments, latest_check
from builders.signed import texts
from forge.rules import no_deletion, no_force_push, required_checks, required_reviews
from forge.state import Pull, User
from forge.web import Refused

LATER, WEAKER = "v1.2.0_20250805_090000", "v1.3.0_20250806_090000"
EXPECTED = 'Required status check "promotion/main" is expected.'
ROLES = 'roles: {code-owner: ["@bob"], business: ["@bob"], risk: ["@dan"], stakeholders: ["@eve"]}'
MODEL = re.sub("roles: .*", ROLES, production.MODEL)
pytestmark = pytest.mark.slow


@dataclass
class Story:
    """What happens, and what people see of it."""

    scene: Scene
    workflows: Installed
    logs: Path

    def at(self, instant: datetime) -> None:
        self.scene.forge.clock.now = instant

    def approved(self, pull: Pull, by: User) -> None:
        """An approval, and the run that it starts, five minutes after what happened before."""
        self.scene.forge.clock.advance(minutes=5)
        self.workflows.reviewed(pull, self.scene.forge.review(pull, by=by))

    def check(self, pull: Pull) -> tuple[str, str | None, str]:
        run = latest_check(self.scene, pull.head_sha)
        return run.status, run.conclusion, str(run.output["title"])

    def comment(self, pull: Pull) -> str:
        """The one comment, as it is read."""
        (found,) = [one.body for one in comments(self.scene) if one.issue == pull.number]
        return found.replace("&#8288;", "").replace("&#8203;", "")

    def refused(self, pull: Pull) -> str:
        """Why it can't be merged."""
        with pytest.raises(Refused) as refusal:
            self.scene.forge.merge(pull, by=self.scene.bob)
        return str(refusal.value)

    def merged(self, pull: Pull) -> tuple[str, str]:
        """The tips of main before and after."""
        before = str(self.scene.repo.git.resolve("main"))
        return before, self.scene.forge.merge(pull, by=self.scene.bob)

    def propose(self, branch: str, version: str, *, policy: str = "standard/1.0.0") -> Pull:
        """A promotion of another version with the same baseline."""
        digest = production.digest
        words = {digest(CANDIDATE): digest(version), CANDIDATE: version, "standard/1.0.0": policy}

        def said(text: str) -> str:
            return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], text)

        return self.scene.propose(
            branch, {said(path): said(text) for path, text in texts(production.proposal()).items()}
        )


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr(repositories, "WHEN", START - timedelta(days=1))
    logs = tmp_path / "logs"
    production.write_logs(logs, production.Truth())
    roles = '{code-owner: ["@bob"], business: ["@bob"], risk: ["@dan"], stakeholders: ["@eve"]}'
    model = (
        production.MODEL.partition("roles:")[0]
        + f"roles: {roles}\n"
        + production.MODEL.partition('@acme/leads"]}\n')[2]
    )
    files = texts(production.base_files()) | {"policies/models/fraud.yaml": model}
    with a_scene(tmp_path / "scene", files) as scene:
        workflows = Installed(scene, tmp_path / "runs", {"LOGS": str(logs)})
        for name in ("dan", "eve"):
            scene.forge.grant(scene.repo, "write", scene.forge.user(name))
        rules = (
            required_checks("promotion/main", app=scene.forge.actions),
            required_reviews(),
            no_force_push(),
            no_deletion(),
        )
        scene.forge.ruleset(scene.repo, *rules)
        yield Story(scene, workflows, logs)


def test_a_promotion_from_the_pull_request_to_the_merge_and_back(story: Story) -> None:
    scene, bob = story.scene, story.scene.bob
    dan, eve = scene.forge.user("dan"), scene.forge.user("eve")

    # opened while the last stage runs: it waits, and says until when
    story.at(STAGES["blue_green"][0] + timedelta(hours=5))
    pull = scene.propose("better", texts(production.proposal()), "Promote a better model")
    assert EXPECTED in story.refused(pull)  # nobody has published it yet, and that blocks
    story.workflows.opened(pull)
    status, conclusion, title = story.check(pull)
    assert (status, conclusion) == ("in_progress", None)
    assert f"{DECIDABLE:%Y-%m-%d %H:%M}" in title
    assert f"{DECIDABLE:%Y-%m-%d}" in story.comment(pull)

    # an approval before the evidence is there is early
    story.approved(pull, bob)
    assert EXPECTED in story.refused(pull)
    assert "early" in story.comment(pull)

    # a change that weakens the policy and would use it at once is judged by what is in force, and says what it would do
    weaker = story.propose("weaker", WEAKER, policy="standard/1.2.0")
    loose = production.standard().replace("version: 1.0.0", "version: 1.2.0").replace("by: 2pp", "by: 1pp")
    allowed = MODEL.replace("[standard/1.0.0]", "[standard/1.0.0, standard/1.2.0]")
    rules = {"policies/standard/1.2.0.yaml": loose, "policies/models/fraud.yaml": allowed}
    scene.push("weaker", rules, by=scene.ada)
    story.workflows.opened(weaker)
    assert story.check(weaker)[1] == "failure"
    said = story.comment(weaker)
    assert "the base branch holds no policy standard/1.2.0" in said
    assert "**looser**" in said
    assert "criterion accuracy-improvement.by: 2pp → 1pp" in said
    assert f"&#35;1 fraud {CANDIDATE} by standard/1.2.0 would start again, because it has another model file" in said

    # the evidence is complete: the schedule publishes it, and the sign-offs are what it waits for
    story.at(DECIDABLE + timedelta(minutes=17))
    story.workflows.hour()
    status, _, title = story.check(pull)
    waits = f"waiting: the evidence for {CANDIDATE} has passed; awaiting business-impact, risk, stakeholders"
    assert (status, title) == ("in_progress", waits)
    comment = story.comment(pull)
    story.at(DECIDABLE + timedelta(minutes=77))
    assert "unchanged" in story.workflows.hour().log
    assert story.comment(pull) == comment

    # three roles approve; the early one has to confirm
    for who in (dan, eve):
        story.approved(pull, who)
        assert story.check(pull)[0] == "in_progress"
    assert EXPECTED in story.refused(pull)
    story.approved(pull, bob)
    assert story.check(pull)[1] == "success"

    # a second one with the same baseline, which nobody judges before the first is merged, goes stale
    second = story.propose("second", LATER)
    assert EXPECTED in story.refused(second)
    tips = story.merged(pull)
    shutil.rmtree(story.logs)  # from here on no source can be read
    story.workflows.pushed(*tips)
    assert story.check(second)[:2] == ("completed", "failure")
    assert f"baseline moved: {CANDIDATE} is active, and the request compares with {BASELINE}" in story.check(second)[2]
    assert story.check(weaker)[1] == "failure"

    # and back: git alone, and no source is asked
    scene.work.git("fetch", "--quiet", "origin")
    scene.work.git("checkout", "--quiet", "-b", "back", "origin/main")
    scene.work.git("revert", "--no-edit", "-m", "1", "HEAD")
    scene.work.git("push", "--quiet", "origin", "back")
    back = scene.forge.open(scene.repo, "back", by=scene.ada, title="Roll back")
    story.workflows.opened(back)
    assert story.check(back) == (
        "completed",
        "success",
        f"rollback of fraud: {CANDIDATE} taken back, {BASELINE} becomes active",
    )
    assert "no metric source was asked" in story.comment(back)
    assert "approving review" in story.refused(back)
    scene.forge.review(back, by=bob)
    story.merged(back)
