"""The documentation says what the code does."""

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from model_ratchet.actions.explain import explain, kind_of, parameters, said
from model_ratchet.criteria import BUILT_IN, AnyCriterion
from model_ratchet.criteria.base import Criterion
from model_ratchet.documents.files import model_path, policy_path
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.watch import Alerts, Rollback
from model_ratchet.engine.waivable import waiver_faults

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "criteria"
CRITERION: TypeAdapter[AnyCriterion] = TypeAdapter(AnyCriterion)


def test_every_generated_table_is_the_one_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    made: dict[Path, str] = importlib.import_module("pages").pages()
    assert [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text] == [], (
        "run: make docs"
    )


def test_every_criterion_has_a_page_and_every_page_a_criterion() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {kind_of(one) for one in BUILT_IN} | {"README"}


@pytest.mark.parametrize("criterion", BUILT_IN, ids=kind_of)
def test_the_example_of_a_page_is_a_criterion_of_its_kind(criterion: type[Criterion]) -> None:
    text = (PAGES / f"{kind_of(criterion)}.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    (written,) = yaml.safe_load(example[1])
    read: Criterion = CRITERION.validate_json(json.dumps(written))
    assert type(read) is criterion


def test_the_example_of_a_waiver_fits_the_policy_and_the_model_that_it_names() -> None:
    text = (ROOT / "docs" / "waivers.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    waiver = read(Waiver, "policies/waivers/memory-2025-08.yaml", example[1].encode())
    assert isinstance(waiver, Waiver), waiver
    policy, model = (
        read(kind, path, (ROOT / path).read_bytes())
        for kind, path in ((Policy, policy_path(waiver.policy)), (ModelFile, model_path(waiver.model)))
    )
    assert isinstance(policy, Policy)
    assert isinstance(model, ModelFile)
    assert list(waiver_faults(waiver, policy, model, policy_digest=waiver.policy_digest)) == []


def test_the_example_of_the_watch_is_a_part_of_a_policy() -> None:
    text = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    parts = yaml.safe_load(example[1])
    alerts = Alerts.model_validate_json(json.dumps(parts["alerts"]))
    rollback = Rollback.model_validate_json(json.dumps(parts["rollback"]))
    assert len(alerts.warning) == len(alerts.critical) == len(rollback.triggers) == 1


def test_explain_says_what_the_page_of_waivers_says() -> None:
    told = explain("waiver")
    page = (ROOT / "docs" / "waivers.md").read_text(encoding="utf-8")
    assert said(Waiver) in told
    assert said(Waiver) in page
    assert [row.name for row in parameters(Waiver) if f"`{row.name}`" not in page or row.meaning not in told] == []


def test_explain_lists_every_criterion_of_the_union() -> None:
    union = CRITERION.json_schema()["discriminator"]["mapping"]
    assert set(union) == {kind_of(one) for one in BUILT_IN}
