"""rollback: a version leaves production as one transaction. Effects in order, each looked for before it is made.

The hold comes first, by compare-and-swap, so that there is one incident however many notice it, and traffic is back before
anybody reviews anything. A run that is cut off anywhere is made up for by the next one: nothing is done twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from model_ratchet.actions.after_merge import Followed, tried
from model_ratchet.actions.after_stage import tell_deployments
from model_ratchet.actions.check import read_chain
from model_ratchet.actions.fitness import look_at
from model_ratchet.actions.on_event import Run, check_and_publish
from model_ratchet.actions.publish import Published
from model_ratchet.actions.reading import Faulty, hidden_at, read_at
from model_ratchet.actions.recording import record_on_github
from model_ratchet.actions.render import BRANCH as TRAFFIC
from model_ratchet.actions.render import RenderInput, publish_traffic
from model_ratchet.actions.shown_course import course_of
from model_ratchet.core.errors import ForgeError, RatchetError, RepositoryError, UsageError
from model_ratchet.core.names import Version
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.files import policy_path
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.watch import AT_MOST_PER_DAY, Rollback
from model_ratchet.engine.lifecycle import Chain, Folder
from model_ratchet.engine.rollback import Page, Plan, Restore, Trigger, Withdraw, events_of, plan_rollback
from model_ratchet.engine.story import Story
from model_ratchet.git_write import Writer
from model_ratchet.github.event import PullRequestNamed
from model_ratchet.github.issues import Draft, edit, open_once
from model_ratchet.github.merges import merge_pull, merge_when_ready
from model_ratchet.github.pulls import propose, pull_of, read_pull
from model_ratchet.ledger import BRANCH as LEDGER
from model_ratchet.ledger import Entry, GitLedger, append, fetch_ledger
from model_ratchet.report.incident import LABEL
from model_ratchet.report.rollback import cause_body, cause_title, cause_with_pull, removal_body, removal_title

BRANCHES = "ratchet/rollback"
_LONGEST = 2000
"""Characters of a reason that the ledger takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The repository, its base branch, and, inside a workflow, the run that tells GitHub."""

    repository: Writer
    base: str
    """The name of the branch that promotions are merged into."""
    now: datetime
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    run: Run | None = None
    """None: what is to be done on GitHub is said, and not done."""

    @classmethod
    def of(cls, run: Run, base: str) -> "Where":
        """Where a run of a workflow works."""
        repository = Writer(run.repo, run.headers)
        return cls(repository=repository, base=base, now=run.now, environ=run.environ, run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What was planned, and what came of each step of it."""

    trigger: Trigger
    plan: Plan
    followed: tuple[Followed, ...] = ()

    @property
    def trouble(self) -> bool:
        """Whether a step could not be done: run it again."""
        return any(one.trouble for one in self.followed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """An incident that the ledger holds."""

    trigger: Trigger
    where: Where
    known: Chain
    tip: str
    ledger: GitLedger


def plan_of(trigger: Trigger, where: Where) -> Plan:
    """What a rollback would do now.

    Raises:
        RepositoryError: git could not answer.
        RecordError: the ledger can't be read.
    """
    tip = base_tip_of(where)
    known = read_chain(where.repository, tip, trigger.model)
    return plan_by(fetch_ledger(where.repository), trigger, where, tip, known)


def roll_back(trigger: Trigger, where: Where) -> RolledBack:
    """Take a version out of production, or a candidate out of its stages; where nobody but a person may decide, nothing.

    Raises:
        UsageError: the reason is empty or too long.
        RepositoryError: git could not answer, or the ledger can't be written: then nothing is done.
        RecordError: the ledger can't be read, or the reason holds a secret.
    """
    if not trigger.because.strip():
        raise UsageError("say why: the reason of a rollback is written down")
    if len(trigger.because) > _LONGEST:
        raise UsageError(f"the reason holds {len(trigger.because)} characters: say it in {_LONGEST}")
    tip = base_tip_of(where)
    known = read_chain(where.repository, tip, trigger.model)
    plans: list[Plan] = []

    def decide(ledger: GitLedger) -> Entry:
        plans.append(plan_by(ledger, trigger, where, tip, known))
        plan = plans[-1]
        return Entry(() if isinstance(plan, Page) else events_of(plan, trigger, now=where.now))

    hidden = hidden_at(where.repository, tip, where.environ)
    _, ledger = append(where.repository, decide, f"{trigger.model}: rollback", where.now, hidden=hidden)
    begun = _Begun(trigger=trigger, where=where, known=known, tip=tip, ledger=ledger)
    plan = plans[-1]
    match plan:
        case Page():
            return RolledBack(trigger=trigger, plan=plan)
        case Withdraw():
            return RolledBack(trigger=trigger, plan=plan, followed=tuple(_withdraw(plan, begun)))
        case Restore():
            return RolledBack(trigger=trigger, plan=plan, followed=tuple(_restore(plan, begun)))


def base_tip_of(where: Where) -> str:
    """The commit that the base branch has now.

    Raises:
        RepositoryError: there is no such branch, or it can't be asked for.
    """
    tip = where.repository.branch(where.base)
    if tip is None:
        raise RepositoryError(f"there is no branch {where.base}: name the protected one with --base")
    return tip


def plan_by(ledger: GitLedger, trigger: Trigger, where: Where, tip: str, known: Chain) -> Plan:
    """What a rollback would do by what the ledger holds, and ``tip`` of the base branch with its chain ``known``."""
    story = ledger.story(trigger.model)
    look = partial(look_at, where.repository, tip, story, environ=where.environ)
    terms = _terms(where, tip, _policy_of(trigger, known, story))
    at_most = terms.at_most_per_day if terms is not None else AT_MOST_PER_DAY
    return plan_rollback(trigger, known, story, look, now=where.now, at_most=at_most)


def _policy_of(trigger: Trigger, known: Chain, story: Story) -> str | None:
    """The policy of the version that is to leave, where anything says it."""
    promoted = (one.policy for one in known.versions if trigger.version in (None, str(one.candidate)))
    attempt = next((one for one in reversed(story.attempts) if one.candidate == trigger.version), None)
    return next(promoted, str(attempt.admitted.policy) if attempt is not None else None)


def _terms(where: Where, tip: str, policy: str | None) -> Rollback | None:
    """What a policy says of rollbacks; None where it can't be read, or says nothing."""
    found = read_at(Policy, where.repository, tip, policy_path(policy)) if policy is not None else None
    return found.document.rollback if found is not None and not isinstance(found, Faulty) else None


def _withdraw(plan: Withdraw, begun: _Begun) -> Iterator[Followed]:
    yield from tried("traffic", partial(render_again, begun.where, begun.trigger.model))
    run = begun.where.run
    if run is None:
        return
    yield from tried("root cause", partial(_ask_for_cause, plan, begun, run, plan.pull))
    if plan.pull is not None:
        yield from (Followed(said=one, trouble=True) for one in tell_deployments(run, plan.pull))
        yield from tried(f"check of #{plan.pull}", partial(_judge, run, plan.pull))
    yield from tried("record", partial(_record, begun, run))


def _restore(plan: Restore, begun: _Begun) -> Iterator[Followed]:
    yield from tried("traffic", partial(render_again, begun.where, begun.trigger.model))
    yield from tried("removal", partial(_remove, plan, begun))
    run = begun.where.run
    if run is None:
        yield Followed(said=_left_to_do(plan, begun))
        return
    number, followed = _propose(plan, begun, run)
    yield from followed
    yield from tried("root cause", partial(_ask_for_cause, plan, begun, run, number))
    yield from tried("merge", partial(_merge, plan, begun, run, number))
    yield from tried("record", partial(_record, begun, run))


def render_again(where: Where, model: str) -> Followed | None:
    """Render what the router of a model is given and publish it.

    Raises:
        RepositoryError: git could not answer, or the branch can't be written.
    """
    try:
        asked = RenderInput(repo=where.repository.root, base=base_tip_of(where), models=(model,))
        rendered, commit = publish_traffic(asked, where.now, where.repository)
    except UsageError:
        return Followed(said=f"no router carries {model}: nothing was rendered")
    troubles = [*(one.trouble for one in rendered.unclear), *map(str, rendered.findings)]
    if troubles:
        return Followed(said=f"traffic: {'; '.join(troubles)}", trouble=True)
    return Followed(said=f"traffic is rendered: {TRAFFIC} is at {commit[:12]}") if commit is not None else None


def removal_branch(model: str, incident: str) -> str:
    """The branch that removes what an incident is about."""
    return f"{BRANCHES}/{model}/{incident}"


def _remove(plan: Restore, begun: _Begun) -> Followed | None:
    """A branch with one commit that removes the folders, on top of the base branch."""
    repository, branch = begun.where.repository, removal_branch(begun.trigger.model, plan.incident)
    if not plan.removed or repository.branch(branch) is not None:
        return None
    folders = [Folder(begun.trigger.model, str(one)).path for one in plan.removed]
    title = removal_title(begun.trigger, plan)
    repository.start_without(branch, begun.tip, folders, title, begun.where.now)
    return Followed(said=f"{branch} removes {', '.join(folders)}")


def _left_to_do(plan: Restore, begun: _Begun) -> str:
    """What is left to do by hand where GitHub is not told."""
    branch = removal_branch(begun.trigger.model, plan.incident)
    if not plan.removed:
        return "run `ratchet record` once the base branch is here: it ends the hold"
    if begun.where.repository.remote_url() is None:
        return f"to do: push {LEDGER}, {TRAFFIC} and {branch}, and merge {branch} into {begun.where.base}"
    return f"to do: open a pull request from {branch} to {begun.where.base}, merge it, and run `ratchet record`"


def _propose(plan: Restore, begun: _Begun, run: Run) -> tuple[int | None, tuple[Followed, ...]]:
    """The number of the pull request of the removal, None where there is none, and what was done.

    It is asked for once: GitHub's lists lag, and what was opened a moment ago may not be in them.
    """
    if not plan.removed:
        return None, ()
    branch = removal_branch(begun.trigger.model, plan.incident)
    try:
        number = pull_of(run.hub, branch)
        if number is not None:
            return number, ()
        number = propose(
            run.hub,
            branch,
            begun.where.base,
            title=removal_title(begun.trigger, plan),
            body=removal_body(begun.trigger, plan, run.job.url, _graphs(begun, plan.refuse)),
        )
    except RatchetError as error:
        return None, (Followed(said=f"pull request: {error}", trouble=True),)
    return number, (Followed(said=f"pull request #{number} removes {plan.refuse}"),)


def _ask_for_cause(plan: Restore | Withdraw, begun: _Begun, run: Run, pull: int | None) -> Followed | None:
    left = plan.candidate if isinstance(plan, Withdraw) else plan.refuse
    body = cause_body(begun.trigger, plan, begun.ledger.events(), pull, run.job.url, _graphs(begun, left))
    number, opened = open_once(run.hub, Draft(title=cause_title(begun.trigger, plan), body=body, label=LABEL))
    if opened:
        return Followed(said=f"issue #{number} asks for the root cause")
    if pull is not None and edit(run.hub, number, partial(cause_with_pull, pull=pull)):
        return Followed(said=f"issue #{number} names #{pull}")
    return None


def _graphs(begun: _Begun, version: Version) -> str:
    """What the triggers of the version that leaves have read."""
    trigger = replace(begun.trigger, version=str(version))
    policy = _policy_of(trigger, begun.known, begun.ledger.story(trigger.model))
    return course_of(begun.where.repository, begun.tip, trigger.model, str(version), policy, trigger.because)


def _merge(plan: Restore, begun: _Begun, run: Run, number: int | None) -> Followed | None:
    """Publish the verdict on the removal, and merge it where that passed and the policy lets it be merged."""
    if number is None:
        return None
    state = read_pull(run.hub, number)
    if not state.open:
        return Followed(said=f"#{number} was closed without a merge: {plan.serve} serves until the hold is released")
    judged = _judge(run, number)
    if judged is not None:
        return judged
    policy = next((one.policy for one in begun.known.versions if one.candidate == plan.refuse), None)
    terms = _terms(begun.where, begun.tip, policy)
    if terms is None or terms.merge != "automatic":
        return Followed(said=f"#{number} waits for somebody to merge it, as the policy has it")
    refused = merge_pull(run.hub, number, state.head)
    if refused is None:
        return Followed(said=f"#{number} is merged")
    return Followed(said=f"{refused}. {merge_when_ready(run.hub, number, state.head)}")


def _judge(run: Run, number: int) -> Followed | None:
    """Publish the verdict on a pull request; what keeps a removal from being merged."""
    published = check_and_publish(PullRequestNamed(number=number), run)
    if not isinstance(published, Published):
        return Followed(said=published.why)
    if published.troubles:
        return Followed(said="; ".join(published.troubles), trouble=True)
    if published.superseded is not None:
        return Followed(said=f"#{number}: {published.superseded}", trouble=True)
    checked = published.check
    if checked.rollback is not None and checked.rollback.fast and checked.outcome is Outcome.PASSED:
        return None
    return Followed(said=f"#{number} is judged, and is not on the fast lane")


def _record(begun: _Begun, run: Run) -> Followed | None:
    """What reached the base branch, into the ledger; where that ended the hold, traffic follows the base branch again."""
    if run.forge is None:
        raise ForgeError("what was merged is recorded where reviews can be read")
    done = record_on_github(run, begun.where.base)
    if done.recorded.events:
        render_again(begun.where, begun.trigger.model)
    troubles = [one.said for one in done.followed if one.trouble]
    if troubles:
        return Followed(said="; ".join(troubles), trouble=True)
    return Followed(said=f"{len(done.recorded.events)} events were recorded") if done.recorded.events else None
