"""What a policy and a model file have against a waiver, and whether any promotion could use it."""

from datetime import timedelta

import pytest

from builders.small import MODEL, NOW
from builders.waiving import EXPIRES, GRANTED, STRICT, a_waiver, sha256
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.engine.waivable import overlaps, useless, waiver_faults

MORE = """\
      - {id: memory, kind: ratio_limit, metric: memory, within: 20%, when_bound: true}
      - {id: same-thing, kind: identity}
      - {id: gap, kind: coverage, max_gap: 1h, stage: canary}
"""


def policy(*changes: tuple[str, str]) -> Policy:
    text = STRICT.replace("waivers:", f"{MORE}waivers:")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    found = read(Policy, "policies/small/1.0.0.yaml", text.encode())
    assert isinstance(found, Policy), found
    return found


def model(more: str = 'roles: {risk: ["@acme/risk"]}\n') -> ModelFile:
    found = read(ModelFile, "policies/models/demo.yaml", MODEL.format(name="demo", more=more).encode())
    assert isinstance(found, ModelFile), found
    return found


def faults(under: Policy | None = None, **changes: object) -> list[tuple[str, str]]:
    found = waiver_faults(a_waiver(**changes), under or policy(), model(), policy_digest=sha256(STRICT))
    return [(".".join(map(str, one.path)), one.message) for one in found]


def test_a_waiver_that_fits_has_no_fault() -> None:
    assert faults() == []
    assert faults(expires_at=GRANTED + timedelta(days=14)) == []
    assert faults(stage="canary") == []
    assert faults(criterion="gap", outcomes="[errored]", up_to=None, stage="canary") == []
    assert faults(criterion="memory", up_to="25%") == []
    assert faults(outcomes="[errored]", up_to=None) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            {"criterion": "beter"},
            "criterion",
            "`beter` is no criterion of small/1.0.0: did you mean `better`? Known: better, error-rate, memory, same-thing, gap",
        ),
        (
            {"expires_at": GRANTED + timedelta(days=14, seconds=1)},
            "expires_at",
            "small/1.0.0 lets a criterion be waived for at most 14d: expire no later than 2025-03-11T00:00:00Z",
        ),
        (
            {"policy_digest": f"sha256:{'0' * 64}"},
            "policy_digest",
            f"this is not the digest of policies/small/1.0.0.yaml, which is {sha256(STRICT)}",
        ),
        (
            {"owner": "rsk"},
            "owner",
            "policies/models/demo.yaml names nobody for the role `rsk`: did you mean `risk`? Known: risk",
        ),
        ({"criterion": "error-rate", "up_to": "6%"}, "criterion", "small/1.0.0 never lets error-rate be waived"),
        (
            {"criterion": "same-thing", "outcomes": "[errored]", "up_to": None},
            "criterion",
            "same-thing is of the kind identity, which is never waived",
        ),
        (
            {"stage": "canry"},
            "stage",
            "better is not judged on a stage `canry`: did you mean `canary`? Known: canary",
        ),
        ({"stage": "shadow"}, "stage", "better is not judged on a stage `shadow`. Known: canary"),
        (
            {"criterion": "memory", "up_to": "25%", "stage": "canary"},
            "stage",
            "memory is judged over all stages together: leave `stage` out",
        ),
        (
            {"up_to": "20%"},
            "up_to",
            "`up_to: 20%` can't be held against 25pp, which better asks: spell it like that",
        ),
        (
            {"up_to": None, "outcomes": "[errored, failed]"},
            "",
            "`up_to` is missing: add the worst value that it covers, spelled like the 25pp that better asks",
        ),
        (
            {"criterion": "gap", "up_to": "2h"},
            "up_to",
            "gap (coverage) measures no value: leave `up_to` out",
        ),
    ],
    ids=[
        "criterion", "too-long", "digest", "owner", "never", "kind", "stage", "other-stage", "pooled", "unit", "unbounded",
        "no-value",
    ],
)  # fmt: skip
def test_a_waiver_that_does_not_fit_is_told_why(changes: dict[str, object], path: str, message: str) -> None:
    assert faults(None, **changes) == [(path, message)]


def test_a_policy_without_waivers_lets_nothing_be_waived() -> None:
    without = policy(("waivers: {max_age: 14d, never: [error-rate]}\n", ""))
    assert faults(without) == [("policy", "small/1.0.0 lets nothing be waived: it has no `waivers`")]


def test_a_kind_may_be_never_waived_too() -> None:
    assert faults(policy(("never: [error-rate]", "never: [superiority]"))) == [
        ("criterion", "small/1.0.0 never lets better be waived")
    ]


# two of one criterion


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stage": "canary"},
        {"granted_at": EXPIRES - timedelta(seconds=1), "expires_at": EXPIRES + timedelta(days=1)},
    ],
    ids=["same", "stage", "time"],
)
def test_two_waivers_of_one_criterion_at_once_are_told_at_the_second(changes: dict[str, object]) -> None:
    two = {"b": a_waiver(id="b", **changes), "a": a_waiver(id="a")}
    assert [(path, fault.path, fault.message) for path, fault in overlaps(two)] == [
        ("b", ("criterion",), "a lets it go for the same artifact until 2025-03-11T00:00:00Z: keep one of them")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"criterion": "memory"},
        {"artifact": f"sha256:{'0' * 64}"},
        {"model": "other"},
        {"policy": "small/1.0.1"},
        {"granted_at": EXPIRES, "expires_at": EXPIRES + timedelta(days=1)},
    ],
    ids=lambda one: next(iter(one)),
)
def test_one_after_the_other_and_those_of_something_else_may_be(changes: dict[str, object]) -> None:
    assert list(overlaps({"a": a_waiver(id="a", stage="canary"), "b": a_waiver(id="b", **changes)})) == []
    by_stage = {"a": a_waiver(id="a", stage="canary"), "b": a_waiver(id="b", stage="shadow")}
    assert list(overlaps(by_stage)) == []


# what no promotion can use


def told(
    under: Policy | None = None, of: ModelFile | None = None, revoked: tuple[str, ...] = (), **changes: object
) -> str | None:
    found = useless(a_waiver(**changes), under or policy(), of or model(), revoked=revoked, now=NOW)
    return found.message if found is not None else None


def test_a_waiver_that_a_promotion_could_use_is_not_noted() -> None:
    assert told() is None
    assert told(expires_at=NOW + timedelta(seconds=1)) is None
    assert told(revoked=("small/1.0.1",)) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expires_at": NOW}, "it has expired: no promotion can use it, remove it"),
        ({"revoked": ("small/1.0.0",)}, "no promotion can use it: small/1.0.0 is revoked"),
        (
            {"criterion": "memory", "up_to": "25%"},
            "no promotion needs it: policies/models/demo.yaml binds no metrics.memory, so that memory never applies",
        ),
    ],
    ids=["expired", "revoked", "unbound"],
)
def test_a_waiver_that_no_promotion_can_use_is_told_why(changes: dict[str, object], message: str) -> None:
    assert told(**changes) == message  # type: ignore[arg-type]


def test_a_waiver_of_what_is_only_shown_is_told() -> None:
    said = "no promotion needs it: error-rate is advisory, and never counted"
    assert told(policy(("below: 5%", "below: 5%, advisory: true")), criterion="error-rate", up_to="6%") == said


def test_a_waiver_under_a_policy_that_the_model_may_not_use_is_told() -> None:
    other = model().model_copy(update={"policies": ()})
    assert told(of=other) == "no promotion can use it: policies/models/demo.yaml does not allow small/1.0.0"
