"""Trials of sign-off: whose word counts, for what, and when."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import wraps

from model_ratchet.actions.selftest.boundary import not_passed
from model_ratchet.actions.selftest.ground import Control, OfProposal
from model_ratchet.actions.selftest.subject import Subject
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reviews import Account, Commit, Conversation
from model_ratchet.core.reviews import Said as Word
from model_ratchet.documents.files import model_path
from model_ratchet.engine.selftest.attack import Said, held, idle
from model_ratchet.engine.selftest.people import a_commit, approval, conversation
from model_ratchet.engine.selftest.proposal import COMMIT


def signed(trial: OfProposal) -> OfProposal:
    """A trial of a policy that asks for approvals; of others there is nothing to try."""

    @wraps(trial)
    def tried(control: Control) -> Said:
        if not control.subject.roles:
            return idle(f"{control.subject.policy.full_name} asks for no approval")
        return trial(control)

    return tried


@signed
def other_content(control: Control) -> Said:
    """Approved was another content of the folder."""
    subject = control.subject
    files = subject.proposal.files()
    path = next((one for one in files if one.endswith(".md")), subject.proposal.request_path)
    head = subject.head({**files, path: files[path] + b"\n"})
    told = conversation(head, subject.approvals(control.head))
    return not_passed(subject.check(head, told=told), "a commit after the approvals")


@signed
def moved_head(control: Control) -> Said:
    """The pull request has another head by now."""
    told = conversation(COMMIT, control.subject.approvals(control.head))
    return not_passed(control.subject.check(control.head, told=told), "a head that has moved")


@signed
def moved_rules(control: Control) -> Said:
    """The model file changed on the base branch after the approvals."""
    subject = control.subject
    path = model_path(subject.model.name)
    content = subject.sandbox.read(subject.base, [path])[path].content + b"\n# changed\n"
    base = subject.head({path: content}, at=subject.now - timedelta(minutes=30))
    return not_passed(subject.check(control.head, base=base), "a proposal whose rules changed after the approvals")


@signed
def own_work(control: Control) -> Said:
    """Whoever opened the pull request approves it."""
    who = _first(control.subject)
    reviews = control.subject.approvals(control.head)
    told = conversation(control.head, reviews, opened_by=who)
    return not_passed(
        control.subject.check(control.head, told=told), f"a proposal that its author {who.login} approves"
    )


@signed
def a_bot(control: Control) -> Said:
    """A bot stands in the place of a person."""
    subject = control.subject
    role = next(iter(subject.roles))
    people = subject.people.of(role)
    reviews = [one for one in subject.approvals(control.head) if one.by not in people]
    bot = Account(people[0].id, people[0].login, person=False)
    told = conversation(control.head, [*reviews, approval(bot, control.head, subject.now - timedelta(hours=1))])
    return not_passed(subject.check(control.head, told=told), f"a proposal that a bot approves for {role}")


@signed
def two_roles(control: Control) -> Said:
    """One person approves for two roles."""
    subject = control.subject
    if len(subject.roles) < 2:
        return idle(f"{subject.policy.full_name} asks one role alone")
    teams = {who.removeprefix("@") for role in subject.roles for who in subject.model.roles[role] if "/" in who}
    if not all(any("/" in who for who in subject.model.roles[role]) for role in subject.roles):
        return idle("the roles name people, of whom none can be in two")
    one = subject.people.of(next(iter(subject.roles)))[0]
    told = conversation(control.head, [approval(one, control.head, subject.now - timedelta(hours=1))])
    told = _with_teams(told, teams, one)
    return not_passed(
        subject.check(control.head, told=told), f"a proposal that one person approves for {len(subject.roles)} roles"
    )


@signed
def foreign_name(control: Control) -> Said:
    """A commit is made under the name of a reviewer, who approves it then."""
    who = _first(control.subject)
    return _committed(
        control, a_commit(control.head, who), f"a proposal with a commit of {who.login}, who approves it,"
    )


@signed
def unknown_name(control: Control) -> Said:
    """A commit is made under an address that belongs to nobody."""
    stranger = a_commit(control.head, None, "nobody@selftest.invalid")
    return _committed(control, stranger, "a proposal with a commit that nobody is known by")


@signed
def silenced(control: Control) -> Said:
    """A reviewer who asks for changes is named as a co-author."""
    subject = control.subject
    who = _first(subject)
    named = f"{who.id}+{who.login}@users.noreply.github.com"
    commit = a_commit(control.head, co_authors=(named,))
    word = approval(who, control.head, subject.now - timedelta(minutes=30), Word.CHANGES_REQUESTED)
    others = [one for one in subject.approvals(control.head) if one.by != who]
    check = subject.check(control.head, told=conversation(control.head, [*others, word], commits=[commit]))
    return held(
        check.outcome is Outcome.FAILED,
        "an objection counts, also of whom a commit names as its co-author",
        f"an objection of a named co-author was not heard: the check is {check.outcome}",
    )


@signed
def too_early(control: Control) -> Said:
    """Approved before the evidence was there."""
    subject = control.subject
    if not any(one.kind == "approval" and one.after is not None for one in subject.policy.criteria()):
        return idle(f"{subject.policy.full_name} binds no approval to a stage (`after:`)")
    told = conversation(control.head, subject.approvals(control.head, at=subject.proposal.starts[0]))
    return not_passed(subject.check(control.head, told=told), "a proposal that was approved before its stages")


@signed
def no_token(control: Control) -> Said:
    """The forge can't be read."""
    return not_passed(control.subject.check(control.head, unread=True), "a proposal whose reviews can't be read")


def _committed(control: Control, commit: Commit, what: str) -> Said:
    reviews = control.subject.approvals(control.head)
    told = conversation(control.head, reviews, commits=[commit])
    return not_passed(control.subject.check(control.head, told=told), what)


def _first(subject: Subject) -> Account:
    """A person whose approval is asked for."""
    return subject.people.of(next(iter(subject.roles)))[0]


def _with_teams(told: Conversation, teams: Collection[str], member: Account) -> Conversation:
    """The same, where the teams have one member."""
    return replace(told, teams={team: frozenset({member.id}) for team in teams})


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T25",), moved_head),
    (("T25", "E47"), moved_rules),
    (("T26", "E44"), other_content),
    (("T26",), too_early),
    (("T27", "E45"), own_work),
    (("T27", "E45"), a_bot),
    (("T27", "E45"), two_roles),
    (("T28",), foreign_name),
    (("T28",), unknown_name),
    (("T28",), silenced),
    (("E50",), no_token),
)
