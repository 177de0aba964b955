"""Rewrites what is generated: criteria, the reference, the list of decisions, and more; ``--check`` only says what differs.

python docs/pages.py [--check]
"""

import re
import sys
from pathlib import Path
from typing import get_args

from reference import DOCUMENTS, END, START, commands, document, exit_codes, outcomes

from model_ratchet.actions.explain import kind_of, parameters, said, traits
from model_ratchet.core.fields import Model
from model_ratchet.criteria import BUILT_IN
from model_ratchet.criteria.base import Criterion
from model_ratchet.documents.waiver import Waiver
from model_ratchet.documents.watch import AllocationRule, DropRule, IncreaseRule, QuantileRule, RateRule, RowsRule
from model_ratchet.engine.doctor import RULES
from model_ratchet.engine.selftest.catalogue import ELSEWHERE, EVERY

DOCS = Path(__file__).parent
CRITERIA, DECISIONS, REFERENCE = DOCS / "criteria", DOCS / "decisions", DOCS / "reference"
DOCTOR, WAIVERS, WATCH = DOCS / "github/doctor.md", DOCS / "waivers.md", DOCS / "watch.md"
SELFTEST = DOCS / "selftest.md"
WATCHED = (DropRule, RateRule, QuantileRule, IncreaseRule, AllocationRule)


def generated(criterion: type[Criterion]) -> str:
    """What the code says of a criterion: how it judges, what sets it apart, its parameters."""
    marks = ", ".join(traits(criterion))
    revision = f"Revision {criterion.revision}" + (f"; {marks}." if marks else ".")
    return "\n".join([START, "", said(criterion), "", revision, "", *table("parameter", criterion), "", END])


def table(word: str, document: type[Model]) -> list[str]:
    """The parameters of a criterion, or the keys of a document, one in a row."""
    rows = [
        f"| `{row.name}` | {row.form.replace('|', 'or')} | {row.default} | {row.meaning} |"
        for row in parameters(document)
    ]
    return [f"| {word} | form | default | meaning |", "|---|---|---|---|", *rows]


def index() -> str:
    """The list of all criteria."""
    rows = [f"| [`{kind_of(one)}`]({kind_of(one)}.md) | {one.summary} |" for one in BUILT_IN]
    return "\n".join(["# Criteria", "", START, "", "| kind | what it asks |", "|---|---|", *rows, "", END, ""])


def decisions() -> str:
    """The list of all decisions, by their titles."""
    found = [path for path in sorted(DECISIONS.glob("*.md")) if path.name != "README.md"]
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in found]
    rows = [f"* [{title}]({path.name})" for title, path in zip(titles, found, strict=True)]
    return "\n".join([START, "", *rows, "", END])


def watch_rules() -> list[str]:
    """What each statistic of the watch is about."""
    rows = [f"| `{get_args(one.model_fields['statistic'].annotation)[0]}` | {said(one)} |" for one in WATCHED]
    return ["| statistic | which means |", "|---|---|", *rows]


def rules() -> str:
    """What ``ratchet doctor`` looks at, for a base branch called main."""
    rows = [f"| `{one.id}` | {one.what} | {one.why} | {one.place}: {one.how} |" for one in RULES]
    head = ["| rule | what has to be so | why | where to set it |", "|---|---|---|---|"]
    return "\n".join([START, "", *head, *rows, "", END]).replace("{base}", "main")


def attacks() -> str:
    """What ``ratchet selftest`` tries, and where that can't be tried by itself."""
    rows = [f"| {one.id} | {one.what} | {ELSEWHERE.get(one.id, '')} |" for one in EVERY]
    return "\n".join([START, "", "| | what is tried | why it is not tried here |", "|---|---|---|", *rows, "", END])


def pages() -> dict[Path, str]:
    """Every page as it should be; what stands outside of the marks is kept."""
    parts = {CRITERIA / f"{kind_of(one)}.md": generated(one) for one in BUILT_IN} | {DOCTOR: rules()}
    parts[SELFTEST] = attacks()
    parts[WAIVERS] = "\n".join([START, "", said(Waiver), "", *table("key", Waiver), "", END])
    parts[WATCH] = "\n".join([START, "", *watch_rules(), "", *table("key", RowsRule), "", END])
    parts |= {DECISIONS / "README.md": decisions(), REFERENCE / "commands.md": commands()}
    parts |= {REFERENCE / "outcomes.md": outcomes(), REFERENCE / "exit-codes.md": exit_codes()}
    found = {CRITERIA / "README.md": index()}
    found |= {REFERENCE / f"{name}.md": document(name) for name in DOCUMENTS}
    for path, part in parts.items():
        text = path.read_text(encoding="utf-8")
        found[path] = re.sub(f"{START}.*?{END}", lambda _, part=part: part, text, flags=re.DOTALL)
    return found


def main(arguments: list[str]) -> int:
    """Rewrite the pages; with ``--check`` return 1 where one differs."""
    differing = [
        path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in differing:
        sys.stdout.write(f"{path}\n")
        if "--check" not in arguments:
            path.write_text(pages()[path], encoding="utf-8")
    return 1 if differing and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
