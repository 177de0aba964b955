"""The pages on JUnit XML, on SARIF and on literals show documents that are read as they stand."""

import re
from pathlib import Path

import pytest

from model_ratchet.documents.across import source_faults
from model_ratchet.documents.model import ModelFile
from model_ratchet.documents.read import read
from model_ratchet.documents.request import PromotionRequest
from model_ratchet.documents.sources import Sources

PAGES = Path(__file__).parents[2] / "docs/sources"
MODEL = """
apiVersion: ratchet/v1
kind: Model
name: demo
policies: [standard/1.0.0]
time: {column: at, timezone: UTC}
rows: {source: log, request_id: id, arm: version}
"""
REQUEST = f"""
apiVersion: ratchet/v1
kind: PromotionRequest
model: demo
candidate: v2.0.0_20250701_000000
baseline: none
policy: standard/1.0.0
owner: ml
artifact: {{uri: "s3://models/2", digest: "sha256:{"2" * 64}"}}
"""


def blocks(page: str) -> dict[str, str]:
    """Each example of a page by the file that it names in its first line."""
    found = re.findall(r"```yaml\n# ([^\n]*)\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)
    return {name.partition(":")[0]: text for name, text in found}


@pytest.mark.parametrize("page", ["junit.md", "literal.md", "sarif.md"])
def test_the_examples_of_a_page_fit_together(page: str) -> None:
    shown = blocks(page)
    head = "apiVersion: ratchet/v1\nkind: Sources\n"
    log = "  log: {kind: table, path: log.parquet}\n"
    sources = read(Sources, "policies/sources.yaml", (head + shown["policies/sources.yaml"] + log).encode())
    assert isinstance(sources, Sources), sources
    bound = shown["policies/models/<model>.yaml"]
    metrics = "" if "metrics:" in bound else "metrics: {errors: {kind: proportion, column: error}}\n"
    model = read(ModelFile, "policies/models/demo.yaml", (MODEL + metrics + bound).encode())
    assert isinstance(model, ModelFile), model
    assert list(source_faults(model, sources)) == []


def test_the_request_of_the_page_on_literals_is_read() -> None:
    text = blocks("literal.md")["promotions/<model>/<version>/promotion.yaml"]
    found = read(PromotionRequest, "promotion.yaml", (REQUEST + text).encode())
    assert isinstance(found, PromotionRequest), found
    assert {name for _, _, name, _ in found.literals.metrics()} == {"accuracy", "latency", "memory"}
