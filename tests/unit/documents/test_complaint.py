"""Complaints: a document that is all wrong is told so at once, and not for as long as it has keys."""

from model_ratchet.core.finding import Finding, Location
from model_ratchet.documents.outline import Outline
from model_ratchet.documents.policy import Policy
from model_ratchet.documents.read import read
from model_ratchet.documents.sources import Sources

ENVELOPE = "apiVersion: ratchet/v1\nkind: Policy\nname: a\nversion: 1.0.0\n"


def findings(count: int) -> tuple[Finding, ...]:
    keys = "".join(f"key-{number}: 1\n" for number in range(count))
    found = read(Policy, "policies/a/1.0.0.yaml", f"{ENVELOPE}{keys}".encode())
    assert isinstance(found, tuple)
    return found


def test_of_very_many_errors_the_first_are_told_and_how_many_were_not_looked_at() -> None:
    first, *others = findings(600)
    # of 600 unknown keys and 2 missing ones
    assert first == Finding(
        Location("policies/a/1.0.0.yaml", 1, 1), "102 further errors were not looked at: mend the others first"
    )
    assert len(others) == 100
    assert not any("not looked at" in str(one) for one in findings(498))


def test_what_may_stand_in_a_document_is_made_once() -> None:
    assert Outline.of(Policy).root is Outline.of(Policy).root
    assert Outline.of(Policy).root is not Outline.of(Sources).root
