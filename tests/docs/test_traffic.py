"""The page on traffic: its examples are read, and its table says what the targets do."""

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from builders.traffic import SECTIONS, section
from model_ratchet.documents.traffic import Traffic, traffic_faults, unable

PAGE = (Path(__file__).parents[2] / "docs" / "traffic.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_every_target_has_an_example_that_is_read() -> None:
    adapter: TypeAdapter[Traffic] = TypeAdapter(Traffic)
    for example in EXAMPLES:
        traffic = adapter.validate_json(json.dumps(example["traffic"]))
        assert list(traffic_faults(traffic, example.get("assignment"), mirror_previous=False)) == []
    assert [example["traffic"]["target"] for example in EXAMPLES] == list(SECTIONS)


@pytest.mark.parametrize("target", SECTIONS)
def test_the_table_says_what_a_target_can_do(target: str) -> None:
    (row,) = re.findall(rf"^\| `{target}` \| (.*) \|$", PAGE, re.MULTILINE)
    of, step, mirrors, both = map(str.strip, row.split("|"))
    traffic = section(target)

    def can(share: float, mirror: float, assignment: str | None = None) -> bool:
        return not [*unable(traffic, assignment, share=share, mirror=mirror)]

    assert of == ("users" if can(0.5, 0, "user_id") else "requests")
    assert step == ("0.01 %" if can(0.0001, 0) else "1 %" if can(0.01, 0) else "")
    assert not can(0.00001, 0)
    assert (mirrors != "no") == can(0, 1)
    assert (both == "yes") == can(0.5, 1)
