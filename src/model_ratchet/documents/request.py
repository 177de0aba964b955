"""The promotion request: what an owner claims about a candidate. Untrusted: claims, never rules."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from model_ratchet.core.evidence import Interval
from model_ratchet.core.fields import (
    CommitField,
    Digest,
    DurationField,
    Instant,
    Model,
    PolicyNameField,
    RepositoryField,
    SizeField,
    Slug,
    VersionField,
)
from model_ratchet.core.names import Version
from model_ratchet.documents.blank import filled
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.free import Free
from model_ratchet.documents.literals import Literals
from model_ratchet.documents.uri import ArtifactUri

FIRST: Literal["none"] = "none"
"""The word that a model's first version writes for its baseline."""


def _baseline(value: object) -> object:
    if value == FIRST:
        return value
    if not isinstance(value, str):
        stands = "no value stands here" if value is None else f"{value!r} is no version"
        raise ValueError(f"{stands}: name the active version, or write none for the first version of a model")
    return Version.parse(value)


def _inside(path: str) -> str:
    parts = path.split("/")
    if _PATH.fullmatch(path) is None or any(part in ("", ".", "..") for part in parts):
        raise ValueError(
            f"{path!r} is no path inside the promotion's folder: write it relative to the folder, with / and without .."
        )
    return path


def _shown(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _commit(text: str) -> str:
    if _COMMIT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no commit: write its 40 hexadecimal digits (at least 7)")
    return text


_PATH = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._ /+-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")

Baseline: TypeAlias = Annotated[
    VersionField | Literal["none"],
    BeforeValidator(_baseline),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(v\d+\.\d+\.\d+_\d{8}_\d{6}|none)$",
            "examples": ["v2.0.3_20250601_090000", "none"],
        }
    ),
]
InsidePath: TypeAlias = Annotated[str, AfterValidator(_inside), Field(examples=["risk.md"])]
Commit: TypeAlias = Annotated[str, AfterValidator(_commit)]
Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Prose: TypeAlias = Annotated[str, Field(min_length=1, max_length=5000)]


class Artifact(Model):
    """What is proposed: one immutable artifact."""

    uri: Annotated[ArtifactUri, filled("the artifact's address, such as s3://models/flight-delay/v2.1.0/model.joblib")]
    """Where it is; no user, query or moving name such as ``latest``."""
    digest: Annotated[Digest, filled("sha256: and the 64 digits that sha256sum prints for the artifact")]
    """Its SHA-256."""


class Dataset(Model):
    """What the candidate was trained on."""

    version: Annotated[Line | None, filled("the name and version of the training data")] = None
    """Its version, tag or digest."""
    characteristics: Free = Field(default_factory=dict)
    """Rows, period, sources, share of positives and the like."""


class Requirements(Model):
    """What the candidate needs of production."""

    python: Annotated[Line | None, filled('the version that it runs with, such as "3.12"')] = None
    """The Python version that it runs with, in quotes: ``"3.12"``."""
    gpu: Annotated[Literal["none", "optional", "required"] | None, filled("none, optional or required")] = None
    """The GPU that it needs."""
    memory: Annotated[SizeField | None, filled("a size such as 512MiB")] = None
    """The memory that it needs."""
    cpu: Annotated[Annotated[float, Field(gt=0)] | None, filled("a number of cores")] = None
    """Cores."""
    packages: dict[Line, Annotated[Line, filled('a version such as "1.4"')]] = Field(default_factory=dict)
    """Package → the version that it runs with, in quotes."""


class CodeSource(Model):
    """The commit of the model's code, and the repository on GitHub that holds it."""

    repository: Annotated[RepositoryField, filled("owner and name of the repository, such as acme/flight-delay")]
    """Owner and name."""
    commit: Annotated[CommitField, filled("the 40 hexadecimal digits that git rev-parse prints for it")]
    """The full id of the commit."""


class Complexity(Model):
    """What a version is made of, and therefore what it costs to keep."""

    size: SizeField | None = None
    """Of the artifact."""
    parameters: Annotated[int, Field(ge=0)] | None = None
    """How many numbers were fitted."""
    features: Annotated[int, Field(ge=0)] | None = None
    """How many inputs it reads."""
    dependencies: Annotated[int, Field(ge=0)] | None = None
    """How many packages it needs."""


class Metadata(Model):
    """What is tracked of a model version; a policy says which parts it requires."""

    dataset: Dataset = Dataset()
    """What it was trained on."""
    hyperparameters: Free = Field(default_factory=dict)
    """Name → value."""
    training_metrics: Free = Field(default_factory=dict)
    """Name → value."""
    validation_results: Free = Field(default_factory=dict)
    """Name → value."""
    infrastructure: Annotated[Requirements, filled("what it needs, such as {memory: 512MiB, cpu: 1}")] = Requirements()
    """What it needs."""
    benchmarks: Free = Field(default_factory=dict)
    """Name → value."""
    complexity: Complexity = Complexity()
    """What it is made of."""
    source_commit: Annotated[Commit | None, filled("the commit of the model's code")] = None
    """The commit of the model's code."""
    source: CodeSource | None = None
    """Where the model's code is: what its checks and reviews are asked of. It states the ``source_commit`` too."""

    @model_validator(mode="after")
    def _one_commit(self) -> Self:
        if self.source is not None and not self.source.commit.startswith(self.source_commit or ""):
            refuse((Fault(("source_commit",), "this is not the commit of `source`: write it there alone"),))
        return self


class Retry(Model):
    """Why a version, or digest, that was rolled back before is proposed again."""

    root_cause: Prose
    """The closed root cause: an issue, or a sentence."""


class Drill(Model):
    """A rollback that was rehearsed."""

    performed_at: Instant
    """When."""
    restored: VersionField
    """The version that the rehearsal went back to."""
    result: Literal["passed", "failed"]
    """How it ended."""
    took: DurationField | None = None
    """How long it took."""


class Pause(Model):
    """A stretch in which a stage stood still."""

    start: Instant = Field(alias="from")
    """When it began."""
    end: Instant = Field(alias="to")
    """When it ended."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"the pause ends at {_shown(self.end)}, not after it starts: swap `from` and `to`")
        return self

    @property
    def interval(self) -> Interval:
        """The same as an interval."""
        return Interval(self.start, self.end)


class StageEntry(Model):
    """One stage start written by hand: back-tests, demonstrations and local use only."""

    stage: Slug
    """The stage of the policy."""
    started: Instant
    """When it started."""
    pauses: tuple[Pause, ...] = ()
    """When it stood still."""
    extensions: int = Field(default=0, ge=0, le=10)
    """How many times it was extended."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        free_from = self.started
        for index, pause in enumerate(self.pauses):
            if pause.start < free_from:
                what = "the pause before it ends" if index else "the stage starts"
                yield Fault(("pauses", index, "from"), f"the pause starts before {what} ({_shown(free_from)})")
            free_from = max(free_from, pause.end)


class PromotionRequest(Model):
    """One proposal to promote a candidate over a baseline. Lives at ``promotions/<model>/<candidate>/promotion.yaml``."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["PromotionRequest"]
    model: Slug
    """The model."""
    candidate: VersionField
    """The version that is proposed; the name of its folder."""
    baseline: Baseline
    """The active version on the base branch; ``none`` for the first version of a model."""
    policy: PolicyNameField
    """One of the policies that the model file allows."""
    artifact: Artifact
    """What is proposed."""
    owner: Annotated[Line, filled("the team that answers questions")]
    """The team that answers questions."""
    description: Prose | None = None
    """What is new, in a sentence or two."""
    metadata: Metadata = Metadata()
    """What is tracked of a version."""
    documents: dict[Slug, InsidePath] = Field(default_factory=dict)
    """Document name → its path inside the folder."""
    artifacts: dict[Slug, InsidePath] = Field(default_factory=dict)
    """Calibration, confidence and optimizer parameters: name → path inside the folder."""
    retry: Retry | None = None
    """Why it is proposed again, after it was rolled back."""
    drill: Drill | None = None
    """The rollback that was rehearsed."""
    history: tuple[StageEntry, ...] = ()
    """Stage starts written by hand; only where the policy says ``retrospective: allowed``."""
    literals: Literals = Literals()
    """Values that the author states, for what the model file binds to a literal source."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def drill_facts(self) -> Mapping[str, str] | None:
        """The rehearsed rollback as facts: ``performed_at``, ``restored``, ``result``; None where none is stated."""
        if self.drill is None:
            return None
        return {
            "performed_at": _shown(self.drill.performed_at),
            "restored": str(self.drill.restored),
            "result": self.drill.result,
        }

    def _faults(self) -> Iterator[Fault]:
        if self.baseline == self.candidate:
            yield Fault(
                ("baseline",),
                f"candidate and baseline are both {self.candidate}: a version can't be better than itself",
            )
        for name, path in self.documents.items():
            if not path.endswith(".md"):
                yield Fault(("documents", name), f"{path!r} is no Markdown file: documents end in .md")
        for index, entry in enumerate(self.history):
            earlier = self.history[:index]
            if entry.stage in (one.stage for one in earlier):
                yield Fault(("history", index, "stage"), f"the stage `{entry.stage}` starts twice: keep its last start")
            if earlier and entry.started <= earlier[-1].started:
                yield Fault(
                    ("history", index, "started"),
                    f"{_shown(entry.started)} is not after the start of `{earlier[-1].stage}`: "
                    "write the stages in the order in which they ran",
                )
