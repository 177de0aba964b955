"""Repository: owners, tokens, the branches that Ratchet writes, and the clock."""

from datetime import timedelta

from model_ratchet.documents.codeowners import owners_of
from model_ratchet.engine.doctor.app import sign_ins
from model_ratchet.engine.doctor.rule import IDLE, LEDGER, SET, Place, Rule, Said, State, and_more, missing, unverified
from model_ratchet.engine.settings import Protection, Settings, Unread

TRAFFIC = "ratchet/traffic"
WRITTEN = (LEDGER, TRAFFIC)
"""The branches that Ratchet writes."""
MOST_SKEW = timedelta(seconds=120)


def default_token(settings: Settings) -> Said:
    """It is what a workflow gets that does not say what it needs."""
    if isinstance(settings.default_permissions, Unread):
        return unverified(settings.default_permissions)
    return (
        SET
        if settings.default_permissions == "read"
        else missing("a workflow's token may write where the workflow does not say")
    )


def approving(settings: Settings) -> Said:
    """A workflow would sign off what it has written itself."""
    if isinstance(settings.may_approve, Unread):
        return unverified(settings.may_approve)
    return missing("workflows may approve pull requests") if settings.may_approve else SET


def covered(settings: Settings) -> Said:
    """The ruleset asks the owners of what a pull request changes, and only them."""
    owners = settings.files.codeowners
    if owners is None:
        return missing("there is no CODEOWNERS on the base branch")
    paths = ["policies/sources.yaml", "promotions/README.md", owners.path]
    paths += [one.path for one in settings.files.ours] or [".github/workflows/promotion-check.yml"]
    free = [path for path in paths if not owners_of(owners.text, path)]
    return missing(f"nobody owns {and_more(free)}") if free else SET


def valid(settings: Settings) -> Said:
    """A line whose owner does not exist, or may not write, asks nobody."""
    errors = settings.owner_errors
    if settings.files.codeowners is None:
        return IDLE
    if isinstance(errors, Unread):
        return unverified(errors)
    told = [f"line {one.line}, {one.kind}: {one.text}" for one in errors]
    return missing(and_more(told, most=2)) if told else SET


def teams(settings: Settings) -> Said:
    """A role that names a team waits for ever where nobody may look up who is in it."""
    named = [f"{team} in {path}" for path, teams in settings.files.teams.items() for team in teams]
    if not named:
        return IDLE
    if not settings.files.hardened:
        return missing(f"the token of a workflow can't look up {and_more(named)}")
    readers = (one.step.given for one in sign_ins(settings.files) if "permission-pull-requests" in one.step.given)
    asking = all("permission-members" in given for given in readers)
    return SET if asking else missing(f"the App's token is not asked to look up {and_more(named)}")


def ledger(settings: Settings) -> Said:
    """What was recorded stays recorded."""
    return _kept(settings, LEDGER)


def traffic(settings: Settings) -> Said:
    """What was rendered can be rolled back to."""
    return _kept(settings, TRAFFIC)


def clock(settings: Settings) -> Said:
    """Windows end and verdicts expire by it."""
    off = settings.skew
    if abs(off) <= MOST_SKEW:
        return SET
    return missing(
        f"our clock is {abs(off).total_seconds():.0f} s {'behind' if off > timedelta() else 'ahead of'} GitHub's"
    )


def _kept(settings: Settings, branch: str) -> Said:
    there = settings.others.get(branch)
    if there is None:
        return Said(State.LATER, f"there is no branch {branch}")
    if isinstance(there, Unread):
        return unverified(there)
    return _unchanged(there)


def _unchanged(there: Protection) -> Said:
    history = any(guard.keeps_history for guard in there.guards)
    branch = any(guard.keeps_branch for guard in there.guards)
    if history and branch:
        return SET
    if there.unread:
        return unverified(there.unread[0])
    open_ = [name for name, kept in (("force pushes", history), ("deletion", branch)) if not kept]
    return missing(f"{' and '.join(open_)} {'are' if not history else 'is'} allowed")


REPOSITORY = (
    Rule(
        id="default-token",
        what="a workflow's token may only read, unless the workflow says more",
        why="any other workflow could write to the repository",
        place=Place.ACTIONS,
        how="workflow permissions *Read repository contents*",
        ask=default_token,
    ),
    Rule(
        id="actions-approve",
        what="workflows can't approve pull requests",
        why="whoever may push a branch could have it approved by a workflow in it",
        place=Place.ACTIONS,
        how="*Allow GitHub Actions to create and approve pull requests* off",
        ask=approving,
    ),
    Rule(
        id="owners-cover",
        what="CODEOWNERS covers policies, promotions, workflows and itself",
        why="GitHub asks nobody for what nobody owns",
        place=Place.CODEOWNERS,
        how="the lines of `ratchet init`, at the end: the last that fits counts",
        ask=covered,
    ),
    Rule(
        id="owners-valid",
        what="every owner exists and may write",
        why="a line whose owner does not exist, or may not write, asks nobody",
        place=Place.CODEOWNERS,
        how="owners with the right to write",
        ask=valid,
    ),
    Rule(
        id="teams",
        what="the teams that roles name can be looked up",
        why="their sign-off waits for ever: nobody can tell who is in them",
        place=Place.MODELS,
        how="people instead of teams, or the hardened tier with `permission-members: read`",
        ask=teams,
    ),
    Rule(
        id="ledger-kept",
        what="ratchet/ledger can be neither deleted nor rewritten",
        why="what was recorded has to stay recorded",
        place=Place.RULES,
        how="*Restrict deletions*, *Block force pushes*, on `ratchet/ledger`",
        ask=ledger,
    ),
    Rule(
        id="traffic-kept",
        what="ratchet/traffic can be neither deleted nor rewritten",
        why="going back has to stay possible",
        place=Place.RULES,
        how="*Restrict deletions*, *Block force pushes*, on `ratchet/traffic`",
        ask=traffic,
    ),
    Rule(
        id="clock",
        what="our clock agrees with GitHub's within two minutes",
        why="windows end and verdicts expire by it",
        place=Place.MACHINE,
        how="time synchronisation",
        ask=clock,
    ),
)
