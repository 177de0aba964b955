"""Pull requests as GitHub tells them, with good defaults, and a promotion on a fake GitHub that waits for its sign-offs."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from builders import repositories
from builders.hubs import Scene, a_scene
from builders.records import a_plan, bound, performance, some_evidence
from builders.repositories import Repo
from builders.scopes import START, some_facts
from forge.git import TEMPLATE
from forge.state import Pull, Token
from model_ratchet.actions.check import CheckInput, check
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.reviews import Account, Commit, Conversation, Review, Said
from model_ratchet.engine.judge import judge
from model_ratchet.engine.plan import BoundGate, Plan
from model_ratchet.engine.record import Record, as_sealed, seal
from model_ratchet.engine.sign_off import sign_off
from model_ratchet.github.client import Access, Pace
from model_ratchet.github.forge import GithubForge

HEAD = "ab" * 20
RECORDED = START + timedelta(days=8)
"""When the evidence of the canary of ``a_stage`` is recorded."""
LATER = RECORDED + timedelta(hours=1)
AUTHOR = Account(1, "author")
QUICK = Pace(
    between_requests=None, between_writes=None, secondary_wait=0.01, most_wait=2.0, tries=2, sleep=lambda _: None
)


def person(login: str) -> Account:
    """The account of a login: always the same number."""
    return Account(100 + crc32(login.encode()), login)


def a_review(
    by: str | Account | None, at: datetime = LATER, said: Said = Said.APPROVED, *, number: int = 0, commit: str = HEAD
) -> Review:
    """An approval of the head, one hour after the evidence was recorded."""
    account = person(by) if isinstance(by, str) else by
    return Review(id=number or int(at.timestamp()), by=account, said=said, commit=commit, submitted_at=at)


def a_commit(author: Account | None = AUTHOR, **more: object) -> Commit:
    """A commit that one person wrote and committed."""
    commit = Commit(sha="cd" * 20, author=author, committer=author, author_email="a@x", committer_email="a@x")
    return replace(commit, **more)  # type: ignore[arg-type]


def a_conversation(
    *reviews: Review, teams: Mapping[str, Iterable[str] | Reason] | None = None, **more: object
) -> Conversation:
    """A pull request by the author; ``teams`` map a name to logins."""
    told = Conversation(
        pull=7,
        head=HEAD,
        opened_by=AUTHOR,
        reviews=tuple(sorted(reviews, key=lambda one: (one.submitted_at, one.id))),
        commits=(a_commit(),),
        pushers=(AUTHOR,),
        teams={
            name: people if isinstance(people, Reason) else frozenset(person(login).id for login in people)
            for name, people in (teams or {}).items()
        },
    )
    return replace(told, **more)  # type: ignore[arg-type]


def signed_by(roles: Mapping[str, tuple[str, ...]], *criteria: Mapping[str, object]) -> Plan:
    """A plan whose evidence is recorded; each criterion is an approval, by default one person after the canary."""
    gate = BoundGate(
        name="sign-off",
        criteria=tuple(
            bound(
                {"id": f"approval-{at}", "kind": "approval", "after": "canary", **one},
                "sign-off",
                "canary",
                pooled=True,
            )
            for at, one in enumerate(criteria)
        ),
    )
    return a_plan(performance(), gate, facts=some_facts(roles=roles))


def a_record_of_reviews() -> Record:
    """Every standing at once: one role is signed, one has an approval of older content, one has a team nobody may read."""
    roles = {
        "risk": ("@acme/risk",),
        "business": ("@acme/product",),
        "stakeholders": ("@bob", "@cleo", "@dan", "@eve"),
        "code-owner": ("@owner",),
    }
    plan = signed_by(roles, *({"id": role, "role": role} for role in ("risk", "business", "stakeholders")))
    outdated, written = a_review("bob", number=1), a_review("dan", number=2)
    told = a_conversation(
        outdated,
        written,
        a_review("cleo", number=3),
        a_review("eve", number=4),
        a_review("fay", number=5),
        a_review(Account(9, "helper[bot]", person=False), number=6),
        a_review("gus", said=Said.DISMISSED, number=7),
        teams={
            "acme/risk": ("bob", "cleo"),
            "acme/product": because(Why.TEAM_UNREADABLE, team="@acme/product", status="404"),
        },
        commits=(a_commit(person("dan")), a_commit(None, sha="ef" * 20)),
    )
    content = {outdated.id: because(Why.CONTENT_CHANGED, what="policies/models/flight-delay.yaml")}
    plan, evidence = as_sealed(plan, Evidence({**some_evidence(plan).answers, **sign_off(plan, told, content)}))
    return seal(plan, evidence, judge(plan, evidence), now=LATER)


MODEL, CANDIDATE = "fraud", "v1.1.0_20250801_090000"
FOLDER = f"promotions/{MODEL}/{CANDIDATE}"
POLICY_PATH, MODEL_PATH = "policies/signed/1.0.0.yaml", f"policies/models/{MODEL}.yaml"
COMMITTED = datetime(2025, 8, 1, tzinfo=UTC)
STARTED = datetime(2025, 8, 4, tzinfo=UTC)
DECIDED = STARTED + timedelta(hours=25)
"""The canary's end and an hour for labels."""

_POLICY = """\
apiVersion: ratchet/v1
kind: Policy
name: signed
version: 1.0.0
retrospective: allowed
stages: [{name: canary, traffic: 5%, lasts: 24h}]
gates:
  - name: tests
    criteria: [{id: edge-cases, kind: suite, suite: edge_cases}]
  - name: sign-off
    before: merge
    criteria:
      - {id: risk, kind: approval, role: risk, after: canary}
      - {id: business, kind: approval, role: business}
waivers: {max_age: 30d}
"""
_MODEL = """\
apiVersion: ratchet/v1
kind: Model
name: fraud
policies: [signed/1.0.0]
time: {column: requested_at, timezone: UTC}
rows: {source: edge, request_id: request_id, arm: version}
labels: {mature_after: 1h, min_coverage: 90%}
metrics:
  accuracy: {kind: proportion, score: score, threshold: "> 0.5", label: label}
suites: {edge_cases: {source: edge}}
roles: {risk: ["@acme/risk"], business: ["@bob", "@cleo"]}
"""
_REQUEST = f"""\
apiVersion: ratchet/v1
kind: PromotionRequest
model: {MODEL}
candidate: {CANDIDATE}
baseline: none
policy: signed/1.0.0
artifact: {{uri: "models://fraud/1", digest: "sha256:{"ab" * 32}"}}
owner: payments
history: [{{stage: canary, started: {STARTED.isoformat().replace("+00:00", "Z")}}}]
"""
_SOURCES = """\
apiVersion: ratchet/v1
kind: Sources
sources:
  edge: {kind: table, path: "${CASES}/cases.csv"}
"""


@dataclass(frozen=True)
class Signing:
    """A pull request by ada that proposes a first version; bob and cleo stand for business, dan and eve for risk."""

    scene: Scene
    pull: Pull
    cases: Path
    token: Token

    def check(self, *, now: datetime, sealed: tuple[Record, ...] = (), token: Token | None = None) -> Record:
        """The record of the pull request's head."""
        forge, git = self.scene.forge, self._clone()
        access = Access(repository="acme/models", api=forge.api, token=(token or self.token).value)
        asked = CheckInput(
            repo=git.path,
            base="origin/main",
            head=self.pull.head_sha,
            now=now,
            environ={"CASES": str(self.cases)},
            pull_request=self.pull.number,
            sealed=sealed,
        )
        with closing(GithubForge(access, QUICK)) as github:
            (record,) = check(asked, forge=github).records
        return record

    def _clone(self) -> Repo:
        """A fresh clone, as a runner has it: of what was forced away it knows nothing."""
        clone = Repo(self.cases.parent / f"clone-{len(list(self.cases.parent.glob('clone-*')))}")
        clone.path.mkdir()
        clone.git("init", "--quiet", TEMPLATE, "--initial-branch=nothing")
        clone.git("remote", "add", "origin", str(self.scene.repo.git.path))
        clone.git("fetch", "--quiet", "origin")
        return clone

    def at(self, instant: datetime) -> None:
        """Set GitHub's clock."""
        self.scene.forge.clock.now = instant


@contextmanager
def a_signing(folder: Path, monkeypatch: object) -> Iterator[Signing]:
    """The scene, with commits older than its reviews."""
    monkeypatch.setattr(repositories, "WHEN", COMMITTED)  # type: ignore[attr-defined]
    cases = folder / "cases"
    cases.mkdir()
    (cases / "cases.csv").write_text("case,passed\nempty,true\nnegative,true\n", encoding="utf-8")
    files = {POLICY_PATH: _POLICY, MODEL_PATH: _MODEL, "policies/sources.yaml": _SOURCES}
    with a_scene(folder, files) as scene:
        forge = scene.forge
        scene.repo.git.run("config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub does
        forge.clock.now = COMMITTED + timedelta(hours=1)
        dan, eve = forge.user("dan"), forge.user("eve")
        scene.forge.user("ada", "author@example.invalid")
        forge.users["ada"] = replace(scene.ada, emails=("author@example.invalid",))
        forge.team("acme/risk", dan, eve)
        app = forge.app(
            "promotions", {"pull_requests": "read", "members": "read", "contents": "read", "metadata": "read"}
        )
        pull = scene.propose("proposal", {f"{FOLDER}/promotion.yaml": _REQUEST})
        yield Signing(scene, pull, cases, forge.app_token(app))
