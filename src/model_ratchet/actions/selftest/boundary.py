"""Trials of the trust boundary: what a pull request brings is data, never a rule or a measurement."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from model_ratchet.actions.reading import read_at
from model_ratchet.actions.selftest.ground import Control, OfProposal, told
from model_ratchet.actions.selftest.sandbox import Content, Link, Submodule
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reviews import Account
from model_ratchet.documents.files import model_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import Located
from model_ratchet.documents.yaml import Tree, Value, load
from model_ratchet.engine.selftest.attack import Said, State, broken, defended, held, idle
from model_ratchet.engine.selftest.hostile import BOMBS
from model_ratchet.engine.selftest.people import approval, conversation
from model_ratchet.engine.selftest.proposal import as_yaml
from model_ratchet.ports import LARGEST_BLOB
from model_ratchet.report.check import Check
from model_ratchet.report.comment import comment
from model_ratchet.report.detail import CommentContext
from model_ratchet.report.marker import Marker

DAY = timedelta(days=1)
MALLORY = Account(66, "mallory")


def not_passed(check: Check, what: str) -> Said:
    """Stopped, where the check has not passed."""
    return held(check.outcome is not Outcome.PASSED, f"{what} {told(check)}", f"{what} passed")


def refused(check: Check, what: str) -> Said:
    """Stopped, where nothing was judged because a document is wrong."""
    return held(bool(check.findings), f"{what} {told(check)}", f"{what} was not refused, and {told(check)}")


def new_policy(control: Control) -> Said:
    """A lax policy comes with the request that asks for it."""
    subject = control.subject
    lax = f"policies/{subject.policy.name}/999.0.0.yaml"
    rules: Mapping[str, object] = {
        "apiVersion": "ratchet/v1",
        "kind": "Policy",
        "name": subject.policy.name,
        "version": "999.0.0",
        "stages": [{"name": "shadow", "mirror": "100%", "lasts": "1h"}],
        "gates": [{"name": "all", "criteria": [{"id": "stated", "kind": "metadata", "require": ["infrastructure"]}]}],
    }
    allowed = _model(control, policies=[f"{subject.policy.name}/999.0.0"])
    files = subject.proposal.files(policy=f"{subject.policy.name}/999.0.0")
    check = subject.check(subject.head({**files, lax: as_yaml(rules), **allowed}))
    return refused(check, "a lax policy beside the request that asks for it")


def edited_policy(control: Control) -> Said:
    """The policy in force is edited in place."""
    subject = control.subject
    path = f"policies/{subject.policy.full_name}.yaml"
    content = subject.sandbox.read(subject.base, [path])[path].content + b"\n# weaker\n"
    check = subject.check(subject.head({**subject.proposal.files(), path: content}))
    return not_passed(check, "a proposal that edits its policy")


def own_reviewers(control: Control) -> Said:
    """The roles are given to somebody else in the same pull request."""
    subject = control.subject
    if not subject.roles:
        return idle("no policy asks for an approval")
    roles = {role: ["@mallory"] for role in subject.model.roles}
    head = subject.head({**subject.proposal.files(), **_model(control, roles=roles)})
    review = approval(MALLORY, head, subject.now - timedelta(hours=1))
    return not_passed(subject.check(head, told=conversation(head, [review])), "a proposal that names its own reviewers")


def claimed_values(control: Control) -> Said:
    """The request states a measurement by itself."""
    subject = control.subject
    stage = subject.policy.stages[-1].name
    claims: dict[str, object] = {}
    for name, metric in subject.model.metrics.items():
        if metric.kind == "proportion":
            claims = {"proportions": {name: {stage: {"candidate": {"n": 1_000_000, "successes": 1_000_000}}}}}
            break
    if not claims and subject.model.suites:
        claims = {"suites": {next(iter(subject.model.suites)): {"passed": 9, "failed": 0, "skipped": 0}}}
    if not claims:
        return idle("the model binds nothing that a request could state")
    if subject.policy.trust.at_least == "author-supplied":
        return idle(
            "the policy takes values of authors, and its verdicts say so (`trust: {at_least: author-supplied}`)"
        )
    return refused(
        subject.check(subject.head(subject.proposal.files(literals=claims))), "a request that states a measurement"
    )


def claimed_stages(control: Control) -> Said:
    """The request states when its stages ran."""
    subject = control.subject
    if subject.policy.retrospective == "allowed":
        return idle(
            "the policy takes stage starts from the request, and its verdicts say so (`retrospective: allowed`)"
        )
    starts = zip(subject.policy.stages, subject.proposal.starts, strict=True)
    history = [{"stage": stage.name, "started": start.isoformat()} for stage, start in starts]
    check = subject.check(subject.head(subject.proposal.files(history=history)), events=())
    return refused(check, "a request that states when its stages ran")


def claimed_window(control: Control) -> Said:
    """The request names a window, or how long its stages last."""
    subject = control.subject
    window = {"from": "2025-02-01T00:00:00Z", "to": "2025-02-02T00:00:00Z"}
    for key, value in (("window", window), ("stages", [{"name": "canary", "lasts": "1h"}])):
        check = subject.check(subject.head(subject.proposal.files(**{key: value})))
        if not check.findings:
            return broken(f"a request with `{key}` was not refused, and {told(check)}")
    return defended("a request that names its window, or its stages, is refused: it has no such key")


def without_stages(control: Control) -> Said:
    """Nothing in the ledger says that a stage ran."""
    return not_passed(control.subject.check(control.head, events=()), "a proposal without a stage in the ledger")


def in_the_future(control: Control) -> Said:
    """The stages start tomorrow, and the commit is of 2099."""
    subject = control.subject
    later = subject.now + 400 * DAY
    shifted = [one.model_copy(update={"at": one.at + 400 * DAY}) for one in subject.proposal.events()]
    head = subject.head(subject.proposal.files(), at=later)
    first = not_passed(subject.check(head, events=shifted), "a proposal whose stages start in the future")
    if first.state is not State.DEFENDED:
        return first
    return held(
        subject.check(head).outcome is subject.check(control.head).outcome,
        f"{first.how}; the date of a commit decides nothing",
        "the date of its commit changes a verdict",
    )


def weapons(control: Control) -> Said:
    """Documents that readers choke on."""
    path = control.subject.proposal.request_path
    for name, content in BOMBS.items():
        found = load(path, content)
        if (
            isinstance(found, Tree) and not found.findings
        ):  # whatever its keys are: they are refused later, once it is built
            return broken(f"a document with {name} was read")
    check = control.subject.check(control.subject.head({path: BOMBS["open brackets"]}))
    return held(
        bool(check.findings),
        f"each of {len(BOMBS)} documents is refused with its line and column",
        f"a request of open brackets {told(check)}",
    )


def too_large(control: Control) -> Said:
    """A request of megabytes, and one that lies elsewhere."""
    subject = control.subject
    path = subject.proposal.request_path
    whole = subject.proposal.files()[path] + b" " * LARGEST_BLOB
    pointer = f"version https://git-lfs.invalid/spec/v1\noid sha256:{'ab' * 32}\nsize 5000000000\n".encode()
    for what, content in (("a request of 6 MB", whole), ("a pointer to a file elsewhere", pointer)):
        check = subject.check(subject.head({path: content}))
        if not check.findings:
            return broken(f"{what} {told(check)}")
    return defended("a request of 6 MB, and one that is a pointer to a file elsewhere, are refused")


def odd_paths(control: Control) -> Said:
    """Links, submodules, dots and other capitals."""
    subject = control.subject
    proposal = subject.proposal
    folder, files = proposal.folder, proposal.files()
    request = files[proposal.request_path]
    cases: dict[str, Mapping[str, Content]] = {
        "a linked document": {**files, f"{folder}/linked.md": Link("/etc/passwd")},
        "a linked request": {f"{folder}/other.yaml": request, proposal.request_path: Link("other.yaml")},
        "a linked folder": {"elsewhere/promotion.yaml": request, folder: Link("../../elsewhere")},
        "a submodule": {**files, f"{folder}/more": Submodule("ab" * 20)},
        "a path with dots": proposal.files(documents={"risk": "../../../etc/passwd.md"}),
        "another case of letters": {
            one.replace("promotions/", "Promotions/"): content for one, content in files.items()
        },
    }
    for what, changes in cases.items():
        check = subject.check(subject.head(changes))
        if not check.findings:
            return broken(f"{what} was not refused, and {told(check)}")
    return defended(f"refused: {', '.join(cases)}")


def a_flood(control: Control) -> Said:
    """Very many promotions in one pull request."""
    subject = control.subject
    if subject.model.allow_batch:
        return idle("the model file allows batches")
    files: dict[str, bytes] = {}
    for number in range(30):
        files |= replace(subject.proposal, number=number).files()
    head = subject.head(files)
    check = subject.check(head)
    length = len(comment(check, CommentContext(marker=Marker(head=head, base="main", run=1))))
    first = refused(check, "a pull request of 30 promotions")
    if first.state is not State.DEFENDED:
        return first
    return held(
        length <= 60_000, f"{first.how}; its comment has {length} characters", f"its comment has {length} characters"
    )


def _model(control: Control, **changes: object) -> Mapping[str, bytes]:
    """The model file with other values of some keys."""
    path = model_path(control.subject.model.name)
    found = read_at(ModelFile, control.subject.sandbox, control.subject.base, path)
    assert isinstance(found, Located)  # noqa: S101  (the ground was read from there)
    return {path: as_yaml({**_keys(found.tree.value), **changes})}


def _keys(value: Value) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


TRIALS: tuple[tuple[tuple[str, ...], OfProposal], ...] = (
    (("T01", "E43"), new_policy),
    (("T01",), edited_policy),
    (("T01",), own_reviewers),
    (("T07",), claimed_values),
    (("T07", "T08"), claimed_stages),
    (("T08",), claimed_window),
    (("T09",), in_the_future),
    (("T10",), weapons),
    (("T11",), too_large),
    (("T12",), odd_paths),
    (("T34",), a_flood),
    (("E63",), without_stages),
)
