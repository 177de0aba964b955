"""Ground: the repository that is tried, as far as any trial needs it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.actions.selftest.sandbox import Sandbox
from model_ratchet.actions.selftest.subject import Subject
from model_ratchet.core.finding import Finding
from model_ratchet.core.outcome import Outcome
from model_ratchet.documents.files import SOURCES
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.sources import Sources
from model_ratchet.engine.plan import Plan
from model_ratchet.engine.selftest.attack import Said
from model_ratchet.engine.selftest.proposal import promoted
from model_ratchet.engine.selftest.world import World
from model_ratchet.engine.settings import Files
from model_ratchet.report.check import Check
from model_ratchet.report.log import log_line
from model_ratchet.report.reasons import sentence

_FIRST = "v0.0.1_20200101_000000"
_MOST = 160


@dataclass(frozen=True, slots=True)
class Control:
    """How an honest proposal of a model under a policy is judged: what a trial takes something away from."""

    subject: Subject
    check: Check

    @property
    def head(self) -> str:
        """The head of the honest proposal."""
        return self.subject.honest

    @property
    def plan(self) -> Plan | None:
        """What it is judged by; None where the documents don't fit together."""
        return self.subject.world.plan if self.subject.world is not None else None

    @property
    def world(self) -> World:
        """What the sources say of it. Raises ValueError where it has no plan."""
        if self.subject.world is None:
            raise ValueError(f"{self.subject.name} has no plan")
        return self.subject.world

    @property
    def passed(self) -> bool:
        """Whether it passes."""
        return self.check.outcome is Outcome.PASSED

    @property
    def how(self) -> str:
        """Its outcome, in a word and with the reason where it is not the best."""
        return "passes" if self.passed else told(self.check)

    @property
    def cost(self) -> int:
        """How much is asked for it."""
        return len(self.plan.needs()) if self.plan is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The repository's documents in a sandbox, and how honest proposals of it are judged."""

    sandbox: Sandbox
    base: str
    """The commit of the sandbox that holds the documents as they are."""
    branch: str
    """The name of the protected branch."""
    now: datetime
    scratch: Path
    """An empty folder that is gone afterwards."""
    files: Files
    """The workflows and owners of the base."""
    policies: tuple[Policy, ...]
    models: tuple[ModelFile, ...]
    sources: Sources
    controls: tuple[Control, ...]
    """Each policy with the first model that may use it."""

    @property
    def control(self) -> Control | None:
        """The one that trials of the pull request begin from: the cheapest that passes, and that people sign if any is."""
        passing = [one for one in self.controls if one.passed]
        signed = [one for one in passing if one.subject.roles]
        return min(signed or passing, key=lambda one: one.cost, default=None)

    @property
    def why_not(self) -> str:
        """Why nothing can be proposed here."""
        if not self.models:
            return "the base branch holds no model file, so that nothing can be proposed"
        if not self.controls:
            return "no model file names a policy that the base branch holds"
        return "; ".join(f"an honest proposal of {one.subject.name} {one.how}" for one in self.controls)


Trial = Callable[[Ground], Said]
OfProposal = Callable[[Control], Said]


def read_ground(
    sandbox: Sandbox, base: str, *, branch: str, now: datetime, scratch: Path, files: Files
) -> Ground | tuple[Finding, ...]:
    """The documents of a sandbox's base, or all that is wrong with them."""
    paths = sandbox.paths(base, "policies")
    models = [read_at(ModelFile, sandbox, base, path) for path in paths if path.startswith("policies/models/")]
    policies = [read_at(Policy, sandbox, base, path) for path in paths if _of_policy(path)]
    sources = read_at(Sources, sandbox, base, SOURCES)
    read = [*models, *policies, sources]
    findings = tuple(finding for one in read if isinstance(one, Faulty) for finding in one.findings)
    if findings or isinstance(sources, Faulty):
        return findings
    known = tuple(one.document for one in models if not isinstance(one, Faulty))
    rules = tuple(one.document for one in policies if not isinstance(one, Faulty))
    subjects = tuple(_subjects(sandbox, base, known, rules, sources.document, now))
    return Ground(
        sandbox=sandbox,
        base=base,
        branch=branch,
        now=now,
        scratch=scratch,
        files=files,
        policies=rules,
        models=known,
        sources=sources.document,
        controls=tuple(map(_control, subjects)),
    )


def told(check: Check) -> str:
    """What a check says, in a line."""
    if check.findings:
        return f"is refused: {shown(check.findings[0].message)}"
    if check.trouble is not None:
        return f"is in trouble: {shown(check.trouble)}"
    for record in check.records:
        for gate in record.verdict.gates:
            for leaf in gate.leaves:
                if leaf.counted and leaf.outcome is record.verdict.outcome:
                    return f"is {leaf.outcome}: {leaf.id}: {shown(sentence(leaf.judgement.reason))}"
        return f"is {record.verdict.outcome}"
    return f"is {check.outcome}"


def shown(text: str) -> str:
    """A text that anybody may have written, on one short line that nothing obeys."""
    line = log_line(text)
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"


def named(names: Sequence[str], most: int = 4) -> str:
    """Some names, and how many more there are."""
    first = ", ".join(names[:most])
    return first if len(names) <= most else f"{first} and {len(names) - most} more"


def _of_policy(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 3 and parts[1] not in ("models", "waivers", "keys") and path.endswith(".yaml")


def _subjects(
    sandbox: Sandbox,
    base: str,
    models: Sequence[ModelFile],
    policies: Sequence[Policy],
    sources: Sources,
    now: datetime,
) -> Iterator[Subject]:
    """Each policy with the first model file that allows it; a model without an active version is given one."""
    for policy in policies:
        model = next((one for one in models if policy.full_name in one.policies), None)
        if model is None:
            continue
        active = read_chain(sandbox, base, model.name).active
        baseline, start = (str(active.candidate), base) if active is not None else (_FIRST, None)
        if start is None:
            first = promoted(model.name, str(policy.full_name), _FIRST)
            start = sandbox.made(base, first, now - timedelta(days=399))
        yield Subject(
            sandbox=sandbox,
            base=start,
            model=model,
            policy=policy,
            sources=tuple(sources.sources),
            baseline=baseline,
            now=now,
        )


def _control(subject: Subject) -> Control:
    return Control(subject, subject.check(subject.honest))
