"""The pages of the three verdicts of the demo, from their sealed records; prints JSON.

python -m benchmarks.report [FOLDER]    (a folder with records: read and shown in this process, once)

Each measurement is in a process of its own, with all that it imports beyond Python itself.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

ROUNDS = 5


def main() -> None:
    """One measurement, or several and their median."""
    if sys.argv[1:]:
        print(json.dumps(_taken(Path(sys.argv[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as folder:
        demo = f"{folder}/demo"
        subprocess.run([sys.executable, "-m", "model_ratchet", "demo", "--dir", demo], check=True, capture_output=True)
        command = [sys.executable, "-m", "benchmarks.report", f"{demo}/reports"]
        told = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(ROUNDS)]
    print(json.dumps({"seconds": median(one["seconds"] for one in told), "bytes": told[0]["bytes"]}))


def _taken(folder: Path) -> dict[str, float]:
    """What all records of a folder take together, and the size of the largest page."""
    started = perf_counter()
    from model_ratchet.engine.record import read
    from model_ratchet.report.html import as_html

    sizes = [len(as_html(read(record.read_bytes())).encode()) for record in sorted(folder.glob("*.json"))]
    return {"seconds": perf_counter() - started, "bytes": max(sizes)}


if __name__ == "__main__":
    main()
