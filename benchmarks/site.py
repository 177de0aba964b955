"""The site of a thousand models with ten decisions each: all of it, and again after one model has moved; prints JSON.

python -m benchmarks.site [MODELS]
"""

import hashlib
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.ledger import SEALED, filed_as
from benchmarks.many import repository, version
from model_ratchet.actions.site import SiteInput, site
from model_ratchet.core.names import PolicyName, Version
from model_ratchet.documents.events import Admitted, Confirmed, Event, PromotedVersion, StageClosed, StageStarted
from model_ratchet.engine.lines import Head, link
from model_ratchet.engine.record import read, to_bytes
from model_ratchet.git_write import Writer
from model_ratchet.ledger import BRANCH, record_path

AT = datetime(2026, 1, 1, tzinfo=UTC)
DECISIONS = 10
POLICY = PolicyName.parse("standard/1.0.0")


def main() -> None:
    """One measurement."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        there = Path(folder) / "repository"
        repository(there, models, DECISIONS)
        writer = Writer(there)
        files, events = history(models)
        lines, head = link(Head(), events)
        tip = writer.add(BRANCH, None, {"events/2026-01.jsonl": lines, **files}, "bench", AT)
        asked, out = SiteInput(repo=there, base="main"), Path(folder) / "site"
        started = perf_counter()
        first = site(asked, out)
        whole = perf_counter() - started
        one = Version(1, DECISIONS, 0, AT)
        more, _ = link(head, [_admitted("model-0", one, DECISIONS, "f" * 64)])
        writer.add(BRANCH, tip, {"events/2026-01.jsonl": lines + more}, "bench", AT)
        started = perf_counter()
        again = site(asked, out)
        seconds = perf_counter() - started
    assert first.pages == first.of, first
    assert again.pages == 2, again  # the model's own, and the list of all
    print(json.dumps({"seconds": whole, "again": seconds, "pages": first.of, "reports": first.reports}))


def history(models: int) -> tuple[dict[str, bytes], list[Event]]:
    """The events of all models, and the records of the versions that are active."""
    sealed = to_bytes(read(SEALED.read_bytes())).removeprefix(b'{"sealed":').rpartition(b',"sha256":')[0]
    old = read(SEALED.read_bytes()).plan.facts.model.encode()
    files: dict[str, bytes] = {}
    events: list[Event] = []
    for number in range(models):
        model = f"model-{number}"
        content = sealed.replace(b'"model":"%b"' % old, b'"model":"%b"' % model.encode())
        record = hashlib.sha256(content).hexdigest()
        files[record_path(f"sha256:{record}")] = filed_as(content)
        for decision in range(DECISIONS):
            last = decision == DECISIONS - 1
            events += _decision(
                model, version(decision), decision, record if last else f"{number * 100 + decision:064x}"
            )
    return files, events


def _admitted(model: str, candidate: Version, number: int, record: str) -> Admitted:
    at = AT + timedelta(days=number)
    return Admitted(at=at, model=model, candidate=candidate, digest=f"sha256:{record}", policy=POLICY, attempt=1)


def _decision(model: str, candidate: Version, number: int, record: str) -> tuple[Event, ...]:
    at, named = AT + timedelta(days=number), f"sha256:{record}"
    closed = StageClosed(
        at=at + timedelta(hours=3), model=model, candidate=candidate, stage="canary", outcome="passed", record=named
    )
    return (
        _admitted(model, candidate, number, record),
        StageStarted(at=at, model=model, candidate=candidate, stage="canary", share=0.05),
        Confirmed(at=at + timedelta(hours=1), model=model, candidate=candidate, stage="canary"),
        closed,
        PromotedVersion(
            at=at + timedelta(hours=5),
            model=model,
            candidate=candidate,
            commit=f"{number:040x}",
            tree="b" * 40,
            record=named,
            pull=number + 1,
        ),
    )


if __name__ == "__main__":
    main()
