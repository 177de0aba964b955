"""What a criterion says that it rests on holds whatever it asks for: what is author-supplied is found by it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from builders.scopes import a_stage, some_facts
from model_ratchet.actions.explain import kind_of
from model_ratchet.core.evidence import OF_FORGE, Shape
from model_ratchet.criteria import BUILT_IN, AnyCriterion
from model_ratchet.criteria.base import Criterion, MetricFacts, Scope

_BOUND = {Shape.SUITE: "suites", Shape.SCAN: "scans"}
PAGES = Path(__file__).parents[3] / "docs/criteria"
CRITERION: TypeAdapter[AnyCriterion] = TypeAdapter(AnyCriterion)


@pytest.mark.parametrize("kind", BUILT_IN, ids=kind_of)
def test_every_metric_suite_and_scan_that_a_criterion_asks_for_is_one_that_it_rests_on(kind: type[Criterion]) -> None:
    page = (PAGES / f"{kind_of(kind)}.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    (written,) = yaml.safe_load(example[1])
    criterion: Criterion = CRITERION.validate_json(json.dumps(written))
    metrics = {name: MetricFacts(name=name, kind="proportion", labelled=True) for name in criterion.metrics()}
    facts = some_facts(metrics=metrics, segments=("origin",), cluster="day", suites=("edge_cases",))
    asked = {
        f"{_BOUND.get(need.shape, 'metrics')}.{need.bound}"
        for need in criterion.needs(Scope(facts=facts, stages=(a_stage(),)))
        if need.metric and need.shape not in (*OF_FORGE, Shape.DOCUMENT)
    }
    assert asked == set(criterion.rests_on())
