"""A check where the tree holds ten thousand promotions: of a change beside them, and of one more version; prints JSON.

python -m benchmarks.many untouched|one [MODELS VERSIONS]

The whole command in a process of its own, as a workflow runs it: from the start of Python to the printed verdict.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.log import BASELINE, CANDIDATE, MODEL, REQUEST, ROOT
from model_ratchet.core.names import Version

AT = datetime(2025, 1, 1, tzinfo=UTC)
SOURCES = """
apiVersion: ratchet/v1
kind: Sources
sources:
  requests: {kind: table, path: requests.parquet}
  gateway: {kind: table, path: gateway.parquet}
  batches: {kind: table, path: batches.parquet}
  usage: {kind: table, path: usage.parquet}
  cases: {kind: table, path: cases.parquet}
"""


def main() -> None:
    """One measurement."""
    work, *size = sys.argv[1:]
    models, versions = map(int, size) if size else (100, 100)
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        repository(Path(folder), models, versions)
        command = [sys.executable, "-m", "model_ratchet", "check", "--repo", folder, "--base", "main", "--head", work]
        started = perf_counter()
        done = subprocess.run([*command, "--format", "json"], check=False, capture_output=True, text=True)
        seconds = perf_counter() - started
    # a version whose stages have not started waits, or fails for a document that it lacks; nothing else is expected
    assert done.returncode in ({0} if work == "untouched" else {1, 4}), done.stdout + done.stderr
    print(json.dumps({"seconds": seconds}))


def repository(folder: Path, models: int, versions: int) -> None:
    """A repository whose ``main`` holds so many versions of each of so many models, and a branch for each piece of work."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)
    more = {f"promotions/model-0/{version(versions)}/promotion.yaml": request("model-0", versions)}
    stream = [
        *commit("main", rules(models) | promotions(models, versions)),
        *commit("untouched", {"README.md": "words\n"}, start="main"),
        *commit("one", more, start="main"),
    ]
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, check=True, input=b"".join(stream))


def rules(models: int) -> dict[str, str]:
    """The policy, the sources and the model files."""
    found = {
        "policies/standard/1.0.0.yaml": (ROOT / "policies" / "standard" / "1.0.0.yaml").read_text(encoding="utf-8"),
        "policies/sources.yaml": SOURCES,
    }
    for number in range(models):
        found[f"policies/models/model-{number}.yaml"] = MODEL.replace("name: fraud", f"name: model-{number}")
    return found


def promotions(models: int, versions: int) -> dict[str, str]:
    """The folders of all versions: each with its request and one document."""
    found = {}
    for model in (f"model-{number}" for number in range(models)):
        for number in range(versions):
            folder = f"promotions/{model}/{version(number)}"
            found[f"{folder}/promotion.yaml"] = request(model, number)
            found[f"{folder}/risk.md"] = f"# Risk\n{version(number)} could be wrong.\n"
    return found


def request(model: str, number: int) -> str:
    """The request of a version, whose baseline is the one before it."""
    baseline = str(version(number - 1)) if number else "none"
    text = REQUEST.replace("model: fraud", f"model: {model}").replace(CANDIDATE, str(version(number)))
    return text.replace(BASELINE, baseline).replace("a" * 64, f"{number:064x}")


def version(number: int) -> Version:
    """The version of a promotion."""
    return Version(1, number, 0, AT + timedelta(days=number))


def commit(branch: str, files: Mapping[str, str], start: str | None = None) -> Iterator[bytes]:
    """A commit of these files, as ``git fast-import`` reads it."""
    when = int(AT.timestamp())
    yield f"commit refs/heads/{branch}\ncommitter bench <bench@localhost> {when} +0000\n".encode() + _data("bench")
    if start is not None:
        yield f"from refs/heads/{start}\n".encode()
    for path, text in files.items():
        yield f"M 100644 inline {path}\n".encode() + _data(text)


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"


if __name__ == "__main__":
    main()
