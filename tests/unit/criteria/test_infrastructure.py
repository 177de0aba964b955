"""infrastructure: what is stated against what production offers."""

import pytest

from builders.scopes import a_scope, some_facts
from model_ratchet.core.evidence import Evidence
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.infrastructure import InfrastructureFits

OFFERED = {"python": ">=3.11,<3.14", "memory": "2147483648", "cpu": "4", "gpu": "none", "package:numpy": ">=2,<3"}
STATED = {"python": "3.12", "memory": "1073741824", "cpu": "2", "gpu": "none", "package:numpy": "2.1.0"}


def judged(offered: dict[str, str] | None = None, /, **stated: str | None) -> Judgement:
    """The good statement with some names changed, or (None) left out; a package is ``package_numpy``."""
    given: dict[str, str | None] = {**STATED, **{name.replace("_", ":"): value for name, value in stated.items()}}
    facts = {f"infrastructure.{name}": value for name, value in given.items() if value is not None}
    scope = a_scope(infrastructure=OFFERED if offered is None else offered, stated=facts)
    return InfrastructureFits.model_validate({"id": "fits", "kind": "infrastructure"}).judge(scope, Evidence())


def test_a_statement_within_every_limit_passes() -> None:
    judgement = judged()
    assert judgement.outcome is Outcome.PASSED
    assert judgement.reason == because(Why.HOLDS, value="cpu, gpu, memory, package:numpy, python", limit="production")


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("python", "3.10"),
        ("python", "3.14"),
        ("python", "the latest"),
        ("memory", "2147483649"),
        ("cpu", "4.5"),
        ("gpu", "required"),
        ("gpu", "available"),
        ("package_numpy", "1.26.4"),
        ("package_numpy", "3.0"),
    ],
)
def test_what_production_does_not_offer_fails_and_is_named(name: str, stated: str) -> None:
    judgement = judged(**{name: stated})
    what = name.replace("_", ":")
    assert judgement.outcome is Outcome.FAILED
    assert judgement.reason == because(Why.INCOMPATIBLE, what=what, stated=stated, allowed=OFFERED[what])


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("memory", "2147483648"),
        ("cpu", "4"),
        ("python", "3.11"),
        ("python", "3.13.9"),
        ("python", "3.13.0rc1"),
        ("gpu", "optional"),
    ],
)
def test_a_statement_exactly_at_a_limit_passes(name: str, stated: str) -> None:
    assert judged(**{name: stated}).outcome is Outcome.PASSED


@pytest.mark.parametrize("name", ["python", "memory", "cpu", "gpu"])
def test_what_production_limits_must_be_stated(name: str) -> None:
    judgement = judged(**{name: None})
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.NOT_STATED, what=f"metadata.infrastructure.{name}"),
    )


def test_a_package_that_is_not_used_needs_no_version_and_one_that_is_not_offered_fails() -> None:
    assert judged(package_numpy=None).outcome is Outcome.PASSED
    judgement = judged(package_torch="2.4")
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.INCOMPATIBLE, what="package:torch", stated="2.4", allowed="not offered"),
    )


def test_where_production_limits_no_package_any_may_be_used() -> None:
    assert judged({"gpu": "none"}, package_torch="2.4").outcome is Outcome.PASSED


@pytest.mark.parametrize("offered", ["available", "optional"])
def test_a_gpu_that_is_there_may_be_required(offered: str) -> None:
    assert judged({"gpu": offered}, gpu="required").outcome is Outcome.PASSED


def test_nothing_that_is_offered_shows_nothing() -> None:
    assert judged({}).outcome is Outcome.ERRORED


def test_a_model_file_that_says_nothing_of_production_is_named() -> None:
    criterion = InfrastructureFits.model_validate({"id": "fits", "kind": "infrastructure"})
    assert criterion.unbound(some_facts()) == "infrastructure"
    assert criterion.unbound(some_facts(infrastructure=OFFERED)) is None
    assert criterion.needs(a_scope()) == ()
