"""Subject: one model under one policy, for which an honest proposal is made up and judged as any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from model_ratchet.actions.check import CheckInput, bind_remembered, check, proposal_of, read_change
from model_ratchet.actions.proposal import Proposal as Documents
from model_ratchet.actions.selftest.doubles import Answer, MadeUpForge, MadeUpLedger, MadeUpSource
from model_ratchet.actions.selftest.sandbox import Content, Sandbox
from model_ratchet.core.code import Reported
from model_ratchet.core.finding import Finding
from model_ratchet.core.reviews import Account, Conversation, Review, SourcePull
from model_ratchet.documents.events import Event
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.engine.lifecycle import touched_folders
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.selftest.people import AUTHOR, People, approval, conversation
from model_ratchet.engine.selftest.proposal import COMMIT, Proposal
from model_ratchet.engine.selftest.world import World
from model_ratchet.report.check import Check

PULL = 1


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model and a policy of the repository, in the sandbox that holds them."""

    sandbox: Sandbox
    base: str
    """The commit of the sandbox that holds the repository's documents."""
    model: ModelFile
    policy: Policy
    sources: tuple[str, ...]
    """The names of the repository's sources; none of them is asked."""
    baseline: str | None
    """The active version."""
    now: datetime

    @property
    def name(self) -> str:
        """The model and the policy, as they are told."""
        return f"{self.model.name} under {self.policy.full_name}"

    @property
    def proposal(self) -> Proposal:
        """The honest proposal."""
        return Proposal(model=self.model, policy=self.policy, baseline=self.baseline, now=self.now)

    @cached_property
    def honest(self) -> str:
        """The head of the honest proposal."""
        return self.head(self.proposal.files())

    @cached_property
    def world(self) -> World | None:
        """What the sources say of the honest proposal; None where it has no plan."""
        plan = self.plan(self.honest)
        return World(plan) if isinstance(plan, Plan) else None

    @property
    def people(self) -> People:
        """Those who sign."""
        return People(self.model.roles)

    def head(self, files: Mapping[str, Content], *, on: str | None = None, at: datetime | None = None) -> str:
        """A commit with these files, on the base unless another is named."""
        return self.sandbox.made(on or self.base, files, at or self.now - timedelta(hours=3))

    @property
    def roles(self) -> Mapping[str, int]:
        """Role → how many of its people the policy asks for."""
        found: dict[str, int] = {}
        for one in self.policy.criteria():
            if one.kind == "approval" and one.role in self.model.roles:
                found[one.role] = max(one.at_least, found.get(one.role, 0))
        return found

    def approvals(self, head: str, at: datetime | None = None) -> tuple[Review, ...]:
        """An approval by each person whom the policy asks for."""
        at = at or self.now - timedelta(hours=1)
        seated: dict[Account, None] = {}
        for role, number in self.roles.items():
            free = [one for one in self.people.of(role) if one not in seated]
            seated.update(dict.fromkeys(free[:number]))
        return tuple(approval(one, head, at) for one in seated)

    def forge(self, told: Conversation | None) -> MadeUpForge:
        """A forge that tells of the pull request."""
        names = {name for one in self.policy.criteria() if one.kind == "required_checks" for name in one.checks}
        app = next((one.app for one in self.policy.criteria() if one.kind == "required_checks"), None)
        at = self.proposal.starts[0]
        green = tuple(Reported(name=name, state="success", app=app, by="ci", at=at) for name in sorted(names))
        reviewers = tuple(Account(50 + seat, f"code-reviewer-{seat}") for seat in range(20))
        reviews = [approval(one, COMMIT, at) for one in reviewers]
        written = conversation(COMMIT, reviews, opened_by=AUTHOR)
        pull = SourcePull(told=written, merged_as=None, writers={one.id: True for one in reviewers})
        return MadeUpForge(told, self.people, green, (pull,))

    def check(
        self,
        head: str,
        *,
        base: str | None = None,
        events: Sequence[Event] | None = None,
        told: Conversation | None = None,
        unread: bool = False,
        answer: Answer | None = None,
    ) -> Check:
        """The check of a head, by the same code that a workflow runs.

        Without more the ledger says that all stages of the honest proposal ran, everybody has approved, and the sources say
        that the candidate is better in everything. ``unread``: the forge does not tell of the pull request.
        """
        events = self.proposal.events() if events is None else tuple(events)
        told = told if told is not None else conversation(head, self.approvals(head))
        asked = CheckInput(
            repo=self.sandbox.root,
            base=base or self.base,
            head=head,
            now=self.now,
            pull_request=PULL,
        )
        ledger = MadeUpLedger(events)
        if answer is None:
            answer = self.world.answer if self.world is not None else lambda _: None
        return check(
            asked,
            repository=self.sandbox,
            ledger=ledger,
            forge=self.forge(None if unread else told),
            sources={name: MadeUpSource(name, answer) for name in ("", *self.sources)},
        )

    def plan(
        self,
        head: str,
        *,
        base: str | None = None,
        events: Sequence[Event] | None = None,
    ) -> Plan | tuple[Finding, ...]:
        """The plan that a head's proposal is judged by, or what keeps it from having one."""
        documents = self.documents(head, base=base)
        if not isinstance(documents, Documents):
            return documents
        ledger = MadeUpLedger(self.proposal.events() if events is None else tuple(events))
        plan, _ = bind_remembered(documents, ledger.story(self.model.name), ledger, now=self.now)
        return plan if isinstance(plan, Plan) else tuple(documents.finding(one) for one in plan)

    def documents(self, head: str, *, base: str | None = None) -> Documents | tuple[Finding, ...]:
        """The documents that a head's proposal is judged by, or what is wrong with them."""
        asked = CheckInput(repo=self.sandbox.root, base=base or self.base, head=head, now=self.now)
        change = read_change(self.sandbox, asked)
        found = [path for path in change.paths if path == self.proposal.request_path]
        if not found:
            return ()
        (folder,) = touched_folders(found)
        read = proposal_of(self.sandbox, change, folder)
        return read if isinstance(read, Documents) else read.findings

    def on(self, base: str, **changes: object) -> "Subject":
        """The same on another base."""
        return replace(self, base=base, **changes)  # type: ignore[arg-type]
