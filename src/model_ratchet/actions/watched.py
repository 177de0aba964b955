"""watched: which versions of the models on a branch are watched, by which rules, and against what. Git alone is asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from model_ratchet.actions.check import read_chain
from model_ratchet.actions.reading import Faulty, read_at
from model_ratchet.core.arms import Versions
from model_ratchet.core.evidence import Counts
from model_ratchet.documents.events import Hold, PromotedVersion
from model_ratchet.documents.files import policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.promoted import Promoted
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.engine.lifecycle import Chain, Folder, Unclear
from model_ratchet.engine.story import Attempt, Story, stories
from model_ratchet.engine.watch import Reference, Subject, Watched, recorded_hours, watched
from model_ratchet.ledger import BASELINES, GitLedger, baseline_path
from model_ratchet.ports import Files
from model_ratchet.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One version that is watched. ``stage`` is a candidate's, None for the active version."""

    model: ModelFile
    policy: Policy
    subject: Subject
    rules: tuple[Watched, ...]
    versions: Versions
    stage: str | None = None
    hold: Hold | None = None
    """The hold that is in force on the model."""


class Cases:
    """The versions to watch at one commit of the base branch, by the events of the ledger. Policies are read once."""

    def __init__(self, repository: Files, commit: str, ledger: GitLedger, now: datetime) -> None:
        self._repository = repository
        self._commit = commit
        self._ledger = ledger
        self._now = now
        self._baselines: Files = ledger.repository
        if ledger.commit is not None:
            self._baselines = Snapshot(ledger.repository, ledger.commit, lambda path: path.startswith(BASELINES))
        self._stories = stories(ledger.events())
        self._policies: dict[str, Policy | Unclear] = {}

    def of(self, model: ModelFile) -> Iterator[Case | Unclear]:
        """The active version of a model and its candidates in traffic; what can't be told of one keeps no other from it.

        A version whose policy has no rules is not watched.
        """
        known = read_chain(self._repository, self._commit, model.name)
        if known.trouble is not None:
            yield Unclear(model.name, known.trouble)
            return
        story = self.story(model.name)
        if known.active is not None:
            yield from self._active(model, known, story)
        for attempt in story.open:
            if attempt.start is not None and not attempt.unconfirmed and not attempt.paused:
                yield from self._candidate(model, known, story, attempt)

    def story(self, model: str) -> Story:
        """What the ledger says of a model."""
        return self._stories.get(model, Story(model=model))

    def _active(self, model: ModelFile, known: Chain, story: Story) -> Iterator[Case | Unclear]:
        active, previous = known.versions[0], next(iter(known.versions[1:]), None)
        request = read_at(
            PromotionRequest, self._repository, self._commit, Folder(model.name, str(active.candidate)).request
        )
        if isinstance(request, Faulty):
            yield Unclear(model.name, str(request.findings[0]))
            return
        promoted = story.standing.get(str(active.candidate))
        since = promoted.at if promoted is not None else active.candidate.built_at
        mirrored = model.after_merge.mirror_previous
        reference = None
        if previous is not None and mirrored is not None:
            reference = Reference(version=str(previous.candidate), until=since + mirrored.delta)
        subject = Subject.of(model, str(active.candidate), since=since, reference=reference)
        alone = reference is None or (reference.until is not None and reference.until < self._now)
        policy = self._policy(str(request.document.policy))
        within = policy.alerts.record_within.delta if not isinstance(policy, Unclear) else timedelta()
        if promoted is not None and alone and self._now - promoted.at <= within:
            subject = self._with_record(subject, promoted)
        yield from self._case(model, str(request.document.policy), subject, known.versions, story, None)

    def _with_record(self, subject: Subject, promoted: PromotedVersion) -> Subject:
        """With the rates of the promotion, and those of each hour of the week where its record is at hand."""
        hours: Mapping[str, Mapping[int, Counts]] = {}
        if promoted.record is not None:
            hours = recorded_hours(self._ledger.records([promoted.record])[promoted.record].evidence)
        return replace(subject, recorded=self._recorded(subject.model, subject.version), recorded_hours=hours)

    def _candidate(self, model: ModelFile, known: Chain, story: Story, attempt: Attempt) -> Iterator[Case | Unclear]:
        start, run = attempt.starts[-1], attempt.runs[-1]
        reference = None
        if attempt.baseline is not None:
            reference = Reference(version=attempt.baseline, paired=start.mirror > 0)
        subject = Subject.of(model, attempt.candidate, since=run.started_at, reference=reference)
        yield from self._case(model, str(attempt.admitted.policy), subject, known.versions, story, start.stage)

    def _case(
        self,
        model: ModelFile,
        name: str,
        subject: Subject,
        promoted: tuple[Promoted, ...],
        story: Story,
        stage: str | None,
    ) -> Iterator[Case | Unclear]:
        policy = self._policy(name)
        if isinstance(policy, Unclear):
            yield Unclear(model.name, policy.trouble)
            return
        rules = watched(policy)
        if not rules:
            return
        reference = subject.reference.version if subject.reference is not None else None
        known = {str(one.candidate) for one in promoted} | {one.candidate for one in story.open}
        known |= {str(one.version) for one in story.rolled_back}
        yield Case(
            model=model,
            policy=policy,
            subject=subject,
            rules=rules,
            versions=Versions(
                candidate=subject.version,
                baseline=reference,
                others=frozenset(known - {subject.version, reference}),
            ),
            stage=stage,
            hold=story.hold,
        )

    def _policy(self, name: str) -> Policy | Unclear:
        if name not in self._policies:
            found = read_at(Policy, self._repository, self._commit, policy_path(name))
            self._policies[name] = (
                Unclear(name, str(found.findings[0])) if isinstance(found, Faulty) else found.document
            )
        return self._policies[name]

    def _recorded(self, model: str, version: str) -> Mapping[str, float]:
        """The rates of the promotion, as the ledger holds them for later comparisons."""
        path = baseline_path(model)
        blob = self._baselines.read(self._ledger.commit, (path,)).get(path) if self._ledger.commit is not None else None
        active = (json.loads(blob.content) if blob is not None else {}).get("active") or {}
        if active.get("candidate") != version:
            return {}
        return {
            one["metric"]: float(one["candidate"])
            for one in active.get("metrics", ())
            if one["scale"] == "absolute" and "candidate" in one
        }
