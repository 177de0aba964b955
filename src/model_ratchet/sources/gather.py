"""Gather: every need put to its source, the sources side by side, each with a deadline; a total answer comes back."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from time import monotonic

from model_ratchet.core.errors import SourceError
from model_ratchet.core.evidence import Evidence, Measurement, Missing, Need
from model_ratchet.core.reason import Reason, Why, because
from model_ratchet.ports import Answers, MetricSource

Progress = Callable[[str], None]
DEADLINE = 300.0


def gather(
    needs: Sequence[Need],
    sources: Mapping[str, MetricSource],
    route: Callable[[Need], str],
    *,
    deadlines: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """The answers to all needs. ``route`` names the source of a need; ``deadlines`` are seconds by source.

    Whatever happens to a source, each of its needs is answered: an exception or a deadline that passes makes them missing.
    """
    asked: dict[str, list[Need]] = {}
    for need in dict.fromkeys(needs):
        asked.setdefault(route(need), []).append(need)
    answers: dict[Need, Measurement | Missing] = {}
    queries: dict[str, str] = {}
    running: dict[str, Future[Answers]] = {}
    for name, of_source in asked.items():
        if name in sources:
            running[name] = _started(sources[name], of_source)
        else:
            reason = because(Why.SOURCE_ABSENT, source=name or "none", file="policies/sources.yaml")
            answers |= dict.fromkeys(of_source, Missing(reason=reason))
    started = monotonic()
    for name, future in running.items():
        if progress is not None:
            progress(f"asking {name} for {len(asked[name])} measurements")
        seconds = (deadlines or {}).get(name, DEADLINE)
        found = _result(name, future, seconds, left=max(0.0, started + seconds - monotonic()))
        if isinstance(found, Reason):
            answers |= dict.fromkeys(asked[name], Missing(reason=found))
            continue
        unasked = Missing(reason=because(Why.NOT_ASKED))
        answers |= {need: found.answers.get(need, unasked) for need in asked[name]}
        if found.queries:
            queries[name] = ";\n".join(found.queries)
    return Evidence(answers, queries)


def _started(source: MetricSource, needs: Sequence[Need]) -> Future[Answers]:
    """The source at work in a thread of its own, which never keeps the process from ending."""
    future: Future[Answers] = Future()

    def work() -> None:
        try:
            future.set_result(source.answer(needs))
        except BaseException as error:  # noqa: BLE001  (whatever a source does, its needs are answered)
            future.set_exception(error)

    threading.Thread(target=work, name=f"source {source.name}", daemon=True).start()
    return future


def _result(name: str, future: Future[Answers], seconds: float, *, left: float) -> Answers | Reason:
    """What a source said by its deadline. The text of an unforeseen error is not passed on: it may hold a secret."""
    try:
        error = future.exception(timeout=left)
    except TimeoutError:
        return because(Why.SOURCE_TIMED_OUT, source=name, seconds=seconds)
    if error is None:
        return future.result()
    if isinstance(error, SourceError):
        return because(Why.SOURCE_UNREACHABLE, source=name, status="no answer")
    return because(Why.CRASHED, what=f"source {name} ({type(error).__name__})")
