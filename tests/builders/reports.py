"""Records whose reports show everything: a stored one, hostile ones, and ones of every outcome."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from builders import records
from builders.comments import mixed
from builders.ledgers import a_judged_record
from builders.scopes import some_facts
from builders.wagers import OF_EVENTS, betting_by_day, forecasts_by_day
from model_ratchet.core.evidence import Arm, Evidence, Grouping, Groups, Measurement, Missing, Need, Shape
from model_ratchet.core.outcome import Outcome
from model_ratchet.core.reason import Why, because
from model_ratchet.core.verdict import Branch, Leaf, Verdict
from model_ratchet.engine.plan import BoundGate
from model_ratchet.engine.record import Record, read, seal

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


def of_events() -> Record:
    """Forecasts and bets of both versions over a week, and the gate of the business."""
    calibrated = {"id": "calibrated", "kind": "calibration", "metric": "forecast", "detects": "5pp"}
    edge = {"id": "edge", "kind": "betting", "metric": "bets", "measure": "return", "margin": "1pp", "advisory": True}
    gates = tuple(
        BoundGate(name=name, criteria=(records.bound(text, name, "canary", pooled=True),))
        for name, text in (("performance", calibrated), ("business", edge))
    )
    plan = records.a_plan(*gates, facts=some_facts(metrics=OF_EVENTS))
    answers: dict[Need, Measurement | Missing] = {}
    for arm, scores, seed in zip(Arm, forecasts_by_day(1, noise=0.8), (1, 2), strict=True):
        bets = betting_by_day(seed, days=7)
        for shape, metric, days in ((Shape.SCORES, "forecast", scores), (Shape.BETS, "bets", bets)):
            need = Need(
                shape=shape,
                window=plan.stages[0].window,
                stage="canary",
                metric=metric,
                arms=(arm,),
                grouping=Grouping.DAY,
            )
            answers[need] = Groups(groups=tuple((str(day), days[day]) for day in range(len(days))))
    error = records.an_estimate(0.011, 0.0, 0.02, p_value=0.4)
    roi = records.an_estimate(0.02, -0.03, 0.07, baseline=0.01, candidate=0.03)
    first, second = (one for gate in gates for one in gate.criteria)
    verdict = Verdict(
        gates=(
            records.a_branch(
                gates[0],
                records.a_leaf(first, Outcome.PASSED, because(Why.CALIBRATED, detects="5pp"), estimate=error),
            ),
            Branch(
                name="business",
                leaves=(
                    records.a_leaf(
                        second,
                        Outcome.INCONCLUSIVE,
                        because(Why.INTERVAL_ACROSS, limit="-1pp", more_rows=4_000),
                        estimate=roi,
                    ),
                ),
                outcome=Outcome.PASSED,
            ),
        ),
        evidence_outcome=Outcome.PASSED,
        sign_off_outcome=Outcome.PASSED,
    )
    return seal(plan, Evidence(answers), verdict)


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
        "events": of_events,
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
