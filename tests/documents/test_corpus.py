"""The corpus: every accepted document is read, every refused one gets exactly the findings that it announces.

A refused document starts with one ``# expect: <line>:<column> <message>`` for each finding, in order, and then the
``# kind:`` that it is read as.
"""

from pathlib import Path

import pytest

from model_ratchet.documents.files import KINDS
from model_ratchet.documents.read import read

HERE = Path(__file__).parent
ACCEPTED = sorted((HERE / "accepted").rglob("*.yaml"))
REFUSED = sorted((HERE / "refused").rglob("*.yaml"))


def name(path: Path) -> str:
    return str(path.relative_to(HERE))


@pytest.mark.parametrize("path", ACCEPTED, ids=name)
def test_an_accepted_document_is_read(path: Path) -> None:
    content = path.read_bytes()
    kind = next(line[6:] for line in content.decode().splitlines() if line.startswith("kind: "))
    assert isinstance(read(KINDS[kind], name(path), content), KINDS[kind])


@pytest.mark.parametrize("path", REFUSED, ids=name)
def test_a_refused_document_gets_the_findings_that_it_announces(path: Path) -> None:
    content = path.read_bytes()
    lines = content.decode().splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    kind = next(line.removeprefix("# kind: ") for line in lines if line.startswith("# kind: "))
    found = read(KINDS[kind], "file", content)
    assert isinstance(found, tuple)
    assert [str(finding) for finding in found] == [f"file:{line}" for line in expected]
    assert expected


def test_every_kind_of_document_is_in_both_halves_of_the_corpus() -> None:
    artefacts = {"calibration", "confidence", "optimizer"}
    folders = {"policy", "model", "sources", "request", "waiver", "revocations", "alerts", *artefacts}
    assert {path.parent.name for path in ACCEPTED} == folders
    assert {path.parent.name for path in REFUSED} == folders | {"yaml"}
