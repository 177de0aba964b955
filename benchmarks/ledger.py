"""A thousand recorded promotions: verify the ledger, or replay it under another policy; prints JSON.

python -m benchmarks.ledger verify|replay|replay-other [PROMOTIONS]

Each promotion has one record of the policy ``standard`` with three stages and the standing base set (300 KB), sealed from
evidence that differs from one to the next, and four events.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.log import RATCHET, ROOT
from model_ratchet.core.evidence import Measurement, Missing, PairedCounts, Shape
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, Event, PromotedVersion, StageClosed, StageStarted
from model_ratchet.engine.judge import judge
from model_ratchet.engine.lines import Head, link
from model_ratchet.engine.record import Record, read, seal, to_bytes
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH, record_path

SEALED = ROOT / "tests" / "cases" / "records" / "v1-standard.json"
AT = datetime(2026, 1, 1, tzinfo=UTC)
VARIED = 40
"""So many records are judged and sealed; the others are these, of other versions."""


def main() -> None:
    """One measurement: of a whole command, from its start to its end."""
    work, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        a_ledger(Path(folder), count)
        draft, told = Path(folder, "draft.yaml"), Path(folder, "told.json")
        draft.write_text(policy(work), encoding="utf-8")
        command = ["audit", "verify"] if work == "verify" else ["replay", "--policy", str(draft)]
        started = perf_counter()
        subprocess.run([RATCHET, *command, "--repo", folder, "--format", "json", "--output", str(told)], check=True)
        seconds = perf_counter() - started
        found = json.loads(told.read_bytes())
    assert (len(found["records"]) if work == "verify" else found["decisions"]) == count
    print(json.dumps({"seconds": seconds}))


def policy(work: str) -> str:
    """``standard`` asking for twice the improvement, or the other shipped policy, of which nothing is known already."""
    name = "latency-track/1.0.0" if work == "replay-other" else "standard/1.0.0"
    text = (ROOT / "policies" / f"{name}.yaml").read_text(encoding="utf-8")
    return text.replace("retrospective: refused", "retrospective: allowed").replace("by: 2pp", "by: 4pp")


def a_ledger(folder: Path, count: int) -> None:
    """The ledger of so many promotions in a repository of its own."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    writer = Writer(folder)
    files: dict[str, bytes] = {}
    events: list[Event] = []
    for number, (record, content) in enumerate(_records(count)):
        name = f"sha256:{hashlib.sha256(content).hexdigest()}"
        files[record_path(name)] = filed_as(content)
        events += _events(number, record, name)
    lines, _ = link(Head(), events)
    writer.add(BRANCH, None, {"events/2026-01.jsonl": lines, **files}, "bench", AT)
    subprocess.run(["git", "-C", str(folder), "repack", "-q", "-a", "-d"], check=True)


def _records(count: int) -> Iterator[tuple[Record, bytes]]:
    """Each record with the canonical bytes of its sealed part."""
    first = read(SEALED.read_bytes())
    sealed = []
    for number in range(min(count, VARIED)):
        answers = {
            need: _varied(answer, number) if need.shape is Shape.PAIRED_COUNTS else answer
            for need, answer in first.evidence.answers.items()
        }
        evidence = replace(first.evidence, answers=answers)
        record = seal(first.plan, evidence, judge(first.plan, evidence), decided_at=first.decided_at)
        sealed.append((record, to_bytes(record).removeprefix(b'{"sealed":').rpartition(b',"sha256":')[0]))
    old = first.plan.facts.candidate.encode()
    for number in range(count):
        record, content = sealed[number % VARIED]
        yield record, content.replace(old, str(version(number)).encode())


def filed_as(sealed: bytes) -> bytes:
    """The file of a sealed part."""
    digits = hashlib.sha256(sealed).hexdigest().encode()
    return b'{"sealed":%b,"sha256":"%b","unsealed":{}}\n' % (sealed, digits)


def _varied(answer: Measurement | Missing, number: int) -> Measurement | Missing:
    if isinstance(answer, PairedCounts) and answer.both > number:
        return replace(answer, both=answer.both - number, only_candidate=answer.only_candidate + number)
    return answer


def version(number: int) -> Version:
    """The version of a promotion."""
    return Version(1, number, 0, AT + timedelta(hours=number))


def _events(number: int, record: Record, name: str) -> tuple[Event, ...]:
    at = AT + timedelta(hours=number)
    of = {"model": record.plan.facts.model, "candidate": version(number)}
    stated = PolicyName.parse(record.plan.policy)
    artifact = record.plan.facts.candidate_digest or "sha256:" + "0" * 64
    return (
        Admitted(at=at, digest=artifact, policy=stated, attempt=1, **of),  # type: ignore[arg-type]
        StageStarted(at=at, stage="shadow", mirror=1.0, **of),  # type: ignore[arg-type]
        StageClosed(at=at, stage="shadow", outcome="passed", record=name, **of),  # type: ignore[arg-type]
        PromotedVersion(at=at, commit=f"{number:040x}", tree="b" * 40, record=name, **of),  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    main()
