"""Every reason that the code gives has a sentence that fits the parameters that it is given."""

import ast
import re
from pathlib import Path

import pytest

from model_ratchet.core import reason as reasons_module
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.report.reasons import sentence

SOURCE = Path(reasons_module.__file__).parents[1]
TEXTS = {"until", "since", "newest", "performed_at", "ended_at"}
COUNTS = {
    "rows", "least", "clusters", "pairs", "more_rows", "hour", "hours", "failed", "passed", "skipped", "at_least",
    "segments", "days", "complete", "number", "times", "others", "found", "results", "sent",
}  # fmt: skip
FRACTIONS = {
    "p_value", "share", "rate", "coverage", "carried", "expected", "observed", "pooled", "stratified", "alpha", "level",
    "baseline", "candidate", "design_effect", "assessable", "seconds", "critical", "gained", "line",
}  # fmt: skip


def given() -> list[tuple[str, tuple[str, ...], str]]:
    """Each ``because(Why.X, a=…, b=…)`` of the source: the code, the names of its parameters, and where it stands."""
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "because"):
                continue
            names = tuple(keyword.arg for keyword in node.keywords if keyword.arg is not None)
            whole = all(keyword.arg is not None for keyword in node.keywords)
            code = node.args[0] if node.args else None
            if isinstance(code, ast.Attribute) and whole:
                found.append((code.attr, names, f"{file.relative_to(SOURCE)}:{node.lineno}"))
    return found


def value(name: str) -> str | int | float:
    if name in COUNTS:
        return 12
    if name in FRACTIONS:
        return 0.25
    return "2025-08-25T14:00:00+00:00" if name in TEXTS else f"a-{name}"


@pytest.mark.parametrize(("code", "names", "place"), given(), ids=lambda one: one if isinstance(one, str) else "")
def test_a_reason_of_the_source_has_its_own_sentence(code: str, names: tuple[str, ...], place: str) -> None:
    why = Why[code]
    said = sentence(Reason(why, {name: value(name) for name in names}))
    fallback = re.compile(rf"{str(why).replace('_', ' ')}( \(.*\))?")
    assert len(said.split()) > 1, place
    assert not fallback.fullmatch(said) or why in {Why.HOLDS}, f"{place}: {said}"
    assert not said.endswith("."), place


def test_a_reason_without_its_parameters_is_still_said() -> None:
    assert sentence(because(Why.TOO_FEW_ROWS)) == "too few rows"
    assert sentence(because(Why.TOO_FEW_ROWS, rows=3)) == "too few rows (rows 3)"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (because(Why.TOO_FEW_ROWS, rows=1234, least=2995), "1,234 rows, and at least 2,995 are needed"),
        (
            because(Why.STAGE_RUNNING, stage="canary", until="2025-08-25T14:00:00+00:00", more_rows=350),
            "canary is running; decidable at 2025-08-25 14:00 UTC; 350 more rows are needed",
        ),
        (
            because(Why.SAMPLE_RATIO, p_value=1e-6, expected=0.05, observed=0.08),
            "the candidate got 8 % of the units, 5 % was its share (p < 0.0001): the router did not split as it should",
        ),
        (
            because(Why.LOW_COVERAGE, arm="candidate", coverage=0.5, least=0.9),
            "labels for 50 % of the candidate's rows, and at least 90 % are needed",
        ),
        (
            because(Why.STATED_OTHERWISE, what="metadata.dataset.version", stated="7", tracked="8", others=0),
            "the request states metadata.dataset.version 7, and the registry holds 8",
        ),
        (
            because(Why.STATED_OTHERWISE, what="metadata.dataset.version", stated="7", tracked="", others=2),
            "the request states metadata.dataset.version 7, and the registry does not hold it (and 2 more)",
        ),
        (
            because(Why.GAP, hours=1, since="2025-08-02T06:00:00+00:00", most="1h"),
            "no rows for 1 hour since 2025-08-02 06:00 UTC: a gap must be shorter than 1h",
        ),
        (because(Why.HOLDS, share=0.0516, of="the units", limit=0.05), "5.16 % of the units (asked: 5 %)"),
        (
            because(Why.HOLDS, share=0.994, of="its share in the busiest hours", limit="at least 80%"),
            "99.4 % of its share in the busiest hours (asked: at least 80%)",
        ),
        (
            because(Why.NOT_WORSE, margin="2pp", segment="origin=JFK"),
            "not worse by 2pp or more; the lowest is origin=JFK",
        ),
        (
            because(Why.EXPOSURE_UNKNOWN, source="log", column="mode", rows=1, file="log.csv"),
            "1 rows of log (log.csv) are neither served nor mirrored: column mode holds neither word of `rows.exposure`",
        ),
    ],
)
def test_a_sentence_says_what_happened_with_which_value(reason: Reason, said: str) -> None:
    assert sentence(reason) == said
