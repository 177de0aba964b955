"""Records whose reports show everything: a stored one, hostile ones, and ones of every outcome."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from builders import records
from builders.comments import mixed
from builders.ledgers import a_judged_record
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Leaf
from model_ratchet.engine.record import Record, read

STORED = Path(__file__).parents[1] / "cases" / "records" / "v1-standard.json"
HOSTILE: Mapping[str, str] = {
    "script": "<script>document.title='owned'</script>",
    "image": "<img src=//e.example/x.png onerror=\"document.title='owned'\">",
    "link": "javascript:document.title='owned'",
    "closing": "</title></style></svg></table><h1>owned",
    "entity": "&lt;b&gt; &amp; &#60;",
    "quotes": "\" onmouseover=\"document.title='owned'\" '",
    "long": "x" * 10_000,
    "override": "safe\u202egpj.exe\u2066\u200b\x1b[2J",
    "emoji": "👩\U0001f3fd\N{ZERO WIDTH JOINER}🔬 ✅ 🇩🇪",
}


def stored() -> Record:
    """One that was sealed by an older release: every section but that of segments that fail."""
    return read(STORED.read_bytes())


def every_outcome() -> Mapping[str, Callable[[], Record]]:
    """A record for each outcome, and the stored one."""
    return {
        "passed": records.a_passed_record,
        "failed": records.a_failed_record,
        "pending": records.a_pending_record,
        "errored": records.an_errored_record,
        "inconclusive": records.an_inconclusive_record,
        "mixed": mixed,
        "judged": lambda: a_judged_record(1),
        "stored": stored,
    }


def hostile(said: str, record: Record | None = None) -> Record:
    """The record with this text in every place that a document or a log can fill."""
    found = record if record is not None else records.a_passed_record()
    facts = replace(
        found.plan.facts,
        model=said,
        candidate=said,
        baseline=said,
        cluster=said,
        stated={said: said},
        candidate_digest=said,
    )
    gates = tuple(
        replace(gate, leaves=tuple(_hostile_leaf(leaf, said) for leaf in gate.leaves)) for gate in found.verdict.gates
    )
    plan = replace(
        found.plan,
        policy=said,
        facts=facts,
        paths=dict.fromkeys(("policy", "request"), said),
        digests={said: said},
    )
    evidence = replace(found.evidence, queries={said: said})
    return replace(found, plan=plan, evidence=evidence, verdict=replace(found.verdict, gates=gates), filed_as=said)


def _hostile_leaf(leaf: Leaf, said: str) -> Leaf:
    judgement = replace(
        leaf.judgement,
        outcome=Outcome.ERRORED,
        reason=because(Why.COLUMN_ABSENT, source=said, column=said),
        parts=tuple(replace(part, name=said) for part in leaf.judgement.parts),
        warnings=(because(Why.OTHER_VERSIONS, rows=3, versions=said),),
    )
    waived = replace(leaf.waived, reason=said, owner=said, up_to=said) if leaf.waived is not None else None
    return replace(leaf, judgement=judgement, waived=waived)
