"""Branch: what the rulesets and the classic protection of the base branch have to ask for."""

from collections.abc import Callable, Sequence

from model_ratchet.core.names import check_name
from model_ratchet.engine.doctor.rule import (
    IDLE,
    SET,
    Place,
    Rule,
    Said,
    State,
    and_more,
    held,
    missing,
    unverified,
)
from model_ratchet.engine.settings import App, Guard, Reviews, Settings, Unread

_REBASE = "rebase"


def required_check(settings: Settings) -> Said:
    """The verdict is what GitHub waits for."""
    name = check_name(settings.base)
    return held(settings.protection, lambda guard: _requires(guard, name), f"{name} is not required")


def check_source(settings: Settings) -> Said:
    """A required check of whatever source could be published by anybody who may write."""
    name, app = check_name(settings.base), settings.app
    sources = {check.app for guard in settings.protection.guards for check in guard.checks if check.name == name}
    if not sources:
        return IDLE if not settings.protection.unread else unverified(settings.protection.unread[0])
    if isinstance(app, App) and app.id in sources:
        return SET
    if sources != {None} and isinstance(app, Unread):
        return unverified(app)
    told = and_more([f"the App #{one}" for one in sorted(one for one in sources if one is not None)])
    if sources != {None} and app is None:
        return Said(State.UNVERIFIED, f"{name} is taken from {told}: name yours with --app, to see whether that is it")
    if settings.protection.unread:
        return unverified(settings.protection.unread[0])
    return missing(f"{name} is taken from {told or 'any source'}")


def no_other_check(settings: Settings) -> Said:
    """A job ends well once a waiting verdict is published, and one that is skipped counts as passed."""
    name = check_name(settings.base)
    jobs = {job.name for workflow in settings.files.ours for job in workflow.jobs}
    required = {check.name for guard in settings.protection.guards for check in guard.checks}
    wrong = sorted(one for one in required - {name} if one in jobs or one.startswith("promotion/"))
    if wrong:
        return missing(f"{and_more(wrong)} {'is' if len(wrong) == 1 else 'are'} required")
    return unverified(settings.protection.unread[0]) if settings.protection.unread else SET


def pull_requests(settings: Settings) -> Said:
    """What is pushed past a pull request is judged by nobody."""
    return _reviews(settings, lambda one: one.approvals >= 1, "changes need no approved pull request")


def code_owners(settings: Settings) -> Said:
    """The owners of policies and workflows are asked by GitHub, not by us."""
    return _reviews(settings, lambda one: one.code_owners, "code owners are not asked")


def last_push(settings: Settings) -> Said:
    """Else whoever pushed last may be the one who approves it."""
    return _reviews(settings, lambda one: one.last_push, "the last push needs no approval of its own")


def stale_approvals(settings: Settings) -> Said:
    """GitHub's own count of approvals knows nothing of what was approved."""
    said = _reviews(settings, lambda one: one.dismiss_stale, "an approval outlives what is pushed after it")
    if said.state is not State.SET:
        return said
    note = (
        "each push that changes the pull request asks for new approvals, also where it leaves the promotion as it was; "
        "sign-offs are bound to what was approved, which can only ask for more"
    )
    return Said(State.SET, note=note)


def merge_methods(settings: Settings) -> Said:
    """A rebase leaves no commit whose revert is the rollback, and none whose tree was judged."""
    guards, offered = settings.protection.guards, settings.merge_methods
    if any(guard.queue == _REBASE for guard in guards):
        return missing("the merge queue rebases")
    restricted = [one.reviews.methods for one in guards if one.reviews is not None and one.reviews.methods is not None]
    if any(_REBASE not in methods for methods in restricted):
        return SET
    if isinstance(offered, Unread):
        return unverified(offered)
    return SET if _REBASE not in offered else missing("rebase merges are allowed")


def history(settings: Settings) -> Said:
    """A verdict is about commits that stay."""
    return held(settings.protection, lambda guard: guard.keeps_history, "force pushes are allowed")


def deletion(settings: Settings) -> Said:
    """The branch is the state."""
    return held(settings.protection, lambda guard: guard.keeps_branch, "the branch can be deleted")


def bypass(settings: Settings) -> Said:
    """A rule that somebody may go around is a rule for the others."""
    unsure: Unread | None = None
    for what, test in _kinds(check_name(settings.base)):
        guards = [guard for guard in settings.protection.guards if test(guard)]
        if not guards or any(guard.bypass == () for guard in guards):
            continue
        unread = [guard.bypass for guard in guards if isinstance(guard.bypass, Unread)]
        if unread:
            unsure = unsure or unread[0]
            continue
        who = [f"{one} in {guard.name}" for guard in guards if isinstance(guard.bypass, tuple) for one in guard.bypass]
        return missing(f"{what} may be bypassed by {and_more(who)}")
    if unsure is not None:
        return unverified(unsure)
    if not any(guard.checks or guard.reviews for guard in settings.protection.guards):
        return SET
    note = (
        f"nobody can push a revert to {settings.base} while GitHub's checks or reviews are down: traffic is then turned by "
        "ratchet/traffic alone, or whoever may edit the rulesets lets somebody in for the time"
    )
    return Said(State.SET, note=note)


def merge_queue(settings: Settings) -> Said:
    """A queue waits for the check of its groups, which nobody publishes unless the event starts a workflow."""
    if all(guard.queue is None for guard in settings.protection.guards):
        return IDLE
    if any("merge_group" in workflow.triggers for workflow in settings.files.ours):
        return SET
    return missing("no workflow is started by merge_group")


def _reviews(settings: Settings, test: Callable[[Reviews], bool], otherwise: str) -> Said:
    return held(settings.protection, lambda guard: guard.reviews is not None and test(guard.reviews), otherwise)


def _requires(guard: Guard, name: str) -> bool:
    return any(check.name == name for check in guard.checks)


def _kinds(name: str) -> Sequence[tuple[str, Callable[[Guard], bool]]]:
    return (
        ("the required check", lambda guard: _requires(guard, name)),
        ("the pull request", lambda guard: guard.reviews is not None),
        ("the block of force pushes", lambda guard: guard.keeps_history),
        ("the block of deletions", lambda guard: guard.keeps_branch),
    )


BRANCH = (
    Rule(
        id="required-check",
        what="the check promotion/{base} is required",
        why="a check that is not required stops no merge",
        place=Place.RULES,
        how="*Require status checks to pass*: `promotion/{base}`",
        ask=required_check,
    ),
    Rule(
        id="check-source",
        what="promotion/{base} is taken from GitHub Actions alone (hardened: from your App alone)",
        why="whoever may write, and any workflow, can publish a check or a status of that name",
        place=Place.RULES,
        how="*Require status checks to pass*: `promotion/{base}`, source *GitHub Actions* (hardened: your App)",
        ask=check_source,
    ),
    Rule(
        id="no-other-check",
        what="no job of these workflows, and no other check of Ratchet, is required",
        why="a job ends well while its verdict waits, and GitHub counts one that is skipped as passed",
        place=Place.RULES,
        how="*Require status checks to pass*: `promotion/{base}` alone",
        ask=no_other_check,
    ),
    Rule(
        id="pull-requests",
        what="changes come by pull requests that somebody has approved",
        why="what is pushed past a pull request is judged by nobody",
        place=Place.RULES,
        how="*Require a pull request before merging*: approvals 1",
        ask=pull_requests,
    ),
    Rule(
        id="code-owners",
        what="code owners are asked",
        why="policies and workflows could be changed without those who answer for them",
        place=Place.RULES,
        how="*Require review from Code Owners*",
        ask=code_owners,
    ),
    Rule(
        id="last-push",
        what="the last push is approved by somebody else",
        why="whoever pushes last could approve it too",
        place=Place.RULES,
        how="*Require approval of the most recent reviewable push*",
        ask=last_push,
    ),
    Rule(
        id="stale-approvals",
        what="a push takes earlier approvals away",
        why="to GitHub an approval is of the pull request, whatever is pushed after it",
        place=Place.RULES,
        how="*Dismiss stale pull request approvals*",
        ask=stale_approvals,
    ),
    Rule(
        id="merge-methods",
        what="nothing is merged by a rebase",
        why="a rebase leaves no commit that was judged, and none whose revert is the rollback",
        place=Place.RULES,
        how="merge methods *Merge* and *Squash*, not *Rebase*",
        ask=merge_methods,
    ),
    Rule(
        id="force-pushes",
        what="force pushes are blocked",
        why="a promotion could be taken back without leaving a trace",
        place=Place.RULES,
        how="*Block force pushes*",
        ask=history,
    ),
    Rule(
        id="deletion",
        what="the branch can't be deleted",
        why="it is the record of what is promoted",
        place=Place.RULES,
        how="*Restrict deletions*",
        ask=deletion,
    ),
    Rule(
        id="bypass",
        what="nobody may go around these rules",
        why="a rule with a way around it is none for those who know the way",
        place=Place.RULES,
        how="enforcement *Active*, no bypass",
        ask=bypass,
    ),
    Rule(
        id="merge-queue",
        what="with a merge queue, merge_group starts a workflow",
        why="the queue waits for a check that nobody publishes, and throws every group out",
        place=Place.WORKFLOWS,
        how="`merge_group: {types: [checks_requested]}` in promotion-check.yml (hardened: promotion-relay.yml)",
        ask=merge_queue,
    ),
)
