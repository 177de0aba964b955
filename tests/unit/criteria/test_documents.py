"""documents: present, with every section filled."""

import pytest

from builders.scopes import UNREADABLE, Answer, a_scope, judged
from model_ratchet.core.evidence import Document, Evidence, Missing, Need
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.core.verdict import Judgement
from model_ratchet.criteria.documents import DocumentsComplete

REQUIRED = {"risk": ["Risks", "Mitigation"], "rollback": ["Procedure"]}


def a_criterion(**more: object) -> DocumentsComplete:
    return DocumentsComplete.model_validate(
        {"id": "documents", "kind": "documents", "require": {k: tuple(v) for k, v in REQUIRED.items()}, **more}
    )


def a_document(name: str, **words: int) -> Document:
    return Document(path=f"{name}.md", sections=tuple(words.items()))


RISK = a_document("risk", risks=40, mitigation=25, notes=0)
ROLLBACK = a_document("rollback", procedure=60)


def of(risk: Answer = RISK, rollback: Answer = ROLLBACK, criterion: DocumentsComplete | None = None) -> Judgement:
    found = {"risk": risk, "rollback": rollback}

    def answer(need: Need) -> Answer | None:
        return found[need.metric]

    return judged(criterion or a_criterion(), a_scope(), answer)


def test_documents_with_every_section_filled_pass() -> None:
    judgement = of()
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PASSED,
        because(Why.HOLDS, value="2 documents", limit="all sections filled"),
    )
    assert [(part.name, part.outcome) for part in judgement.parts] == [
        ("risk", Outcome.PASSED),
        ("rollback", Outcome.PASSED),
    ]


def test_a_document_that_is_not_there_fails() -> None:
    judgement = of(rollback=Missing(reason=because(Why.DOCUMENT_ABSENT, document="rollback")))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.DOCUMENT_ABSENT, document="rollback"),
    )
    assert [part.outcome for part in judgement.parts] == [Outcome.PASSED, Outcome.FAILED]


def test_a_section_that_is_not_there_fails() -> None:
    judgement = of(risk=a_document("risk", risks=40))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.SECTION_ABSENT, document="risk", section="Mitigation"),
    )


def test_a_section_with_fewer_words_than_the_minimum_fails() -> None:
    judgement = of(risk=a_document("risk", risks=40, mitigation=9))
    assert (judgement.outcome, judgement.reason) == (
        Outcome.FAILED,
        because(Why.SECTION_EMPTY, document="risk", section="Mitigation"),
    )
    assert of(risk=a_document("risk", risks=40, mitigation=10)).outcome is Outcome.PASSED
    assert of(criterion=a_criterion(min_words=26)).outcome is Outcome.FAILED


def test_titles_are_found_in_any_case() -> None:
    assert of(risk=a_document("risk", **{" RISKS ": 40, "mitiGation": 40})).outcome is Outcome.PASSED


@pytest.mark.parametrize("reason", UNREADABLE, ids=lambda reason: reason.why)
def test_a_document_that_could_not_be_read_is_errored(reason: Reason) -> None:
    judgement = of(risk=Missing(reason=reason))
    assert (judgement.outcome, judgement.reason) == (Outcome.ERRORED, reason)


def test_what_is_shown_to_be_absent_outweighs_what_could_not_be_read() -> None:
    judgement = of(
        risk=Missing(reason=because(Why.CRASHED, what="the document")), rollback=a_document("rollback", other=5)
    )
    assert (judgement.outcome, judgement.reason.why) == (Outcome.FAILED, Why.SECTION_ABSENT)


def test_no_evidence_at_all_is_errored() -> None:
    assert a_criterion().judge(a_scope(), Evidence()).outcome is Outcome.ERRORED


def test_a_list_that_requires_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="require"):
        a_criterion(require={})
