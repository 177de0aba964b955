"""What libraries take for a log in an environment of their own (.venv-bench); prints seconds, peak memory and what was found.

.venv-bench/bin/python -m benchmarks.elsewhere statsmodels|evidently LOG

Reading the columns that are needed belongs to the work, importing the library does not.
"""

import json
import resource
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pyarrow.parquet as pq

from benchmarks.memory import peak


def statsmodels(log: str) -> Callable[[], object]:
    """Least squares of being right on the arm, with errors clustered by user: the interval of the arm's effect."""
    import numpy as np
    from statsmodels.api import OLS

    def work() -> object:
        rows = _read(log, "version", "user", "score", "label")
        right = ((rows["score"] > 0.5) == rows["label"]).to_numpy(dtype=float)
        candidate = (rows["version"].cat.codes == rows["version"].cat.codes.max()).to_numpy(dtype=float)
        model = OLS(right, np.column_stack([np.ones(len(rows)), candidate]))
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": rows["user"].to_numpy()}, use_t=True)
        return [float(end) for end in fitted.conf_int()[1]]

    return work


def evidently(log: str) -> Callable[[], object]:
    """The classification preset for the rows of the candidate beside those of the baseline."""
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset

    told = DataDefinition(classification=[BinaryClassification(target="label", prediction_labels="predicted")])

    def work() -> object:
        rows = _read(log, "version", "score", "label")
        rows["predicted"] = rows["score"] > 0.5
        arms = [
            Dataset.from_pandas(of[["label", "predicted"]].reset_index(drop=True), data_definition=told)
            for _, of in rows.groupby("version", observed=True)
        ]
        baseline, candidate = arms
        shown = Report([ClassificationPreset()]).run(candidate, baseline).json()
        return len(shown)

    return work


def _read(log: str, *columns: str) -> Any:
    return pq.read_table(log, columns=list(columns), read_dictionary=["version"]).to_pandas(
        split_blocks=True, self_destruct=True
    )


def main() -> None:
    """Does one of them."""
    work = {"statsmodels": statsmodels, "evidently": evidently}[sys.argv[1]](sys.argv[2])
    started = perf_counter()
    found = work()
    seconds = perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    memory = peak()
    print(
        json.dumps({"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "memory": memory, "found": found})
    )


if __name__ == "__main__":
    main()
