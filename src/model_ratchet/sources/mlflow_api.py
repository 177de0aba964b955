"""The REST API of MLflow: registered versions, aliases and runs. Every text of an answer is somebody else's."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from model_ratchet.core.reason import Why, because
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.http import Reply, Server

MOST_PAGES = 100
"""A search that does not end within so many pages is given up."""

_PAGE = "1000"
_CODE = re.compile(r"[A-Z_]{1,40}")
_GONE = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
"""What the server says of an alias that is not there: the second one (HTTP 400), unless the model itself is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One registered version; ``number`` is the registry's own, ``uri`` where its artifact lies."""

    number: str
    uri: str
    run_id: str
    status: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One dataset that a run took in; ``contexts`` say what for (``training``), ``profile`` what was counted in it."""

    name: str
    digest: str
    contexts: tuple[str, ...] = ()
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was logged while a version was made; of each metric its last value."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()


class MlflowApi:
    """The questions to one server. What was asked is kept for the record."""

    def __init__(self, source: str, server: Server) -> None:
        self._source = source
        self._server = server
        self.queries: list[str] = []

    def tagged(self, name: str, tag: str, value: str) -> tuple[ModelVersion, ...]:
        """The versions of a registered model whose tag has exactly this value, by number.

        Raises:
            UnanswerableError: refused, without end, of another form, or no answer.
        """
        question = f"name='{name}' and tags.`{tag}`='{value}'"
        self.queries.append(f"model-versions/search {question}")
        found = {one.number: one for page in self._pages(name, question) for one in page}
        # compared here too: databases differ in whether upper case matters
        matching = [one for one in found.values() if one.tags.get(tag) == value]
        return tuple(sorted(matching, key=lambda one: (len(one.number), one.number)))

    def aliased(self, name: str, alias: str) -> ModelVersion | None:
        """The version that an alias points to, None where there is no such alias.

        Raises:
            UnanswerableError: another form, or no answer.
        """
        self.queries.append(f"registered-models/alias {name} {alias}")
        data = self._ask(name, "registered-models/alias", {"name": name, "alias": alias})
        with _form(self._source):
            return None if data is None else _version(data["model_version"])

    def run(self, name: str, run_id: str) -> Run | None:
        """What a run logged, None where there is no such run.

        Raises:
            UnanswerableError: another form, or no answer.
        """
        self.queries.append(f"runs/get {run_id}")
        data = self._ask(name, "runs/get", {"run_id": run_id})
        with _form(self._source):
            return None if data is None else _run(data["run"])

    def _pages(self, name: str, question: str) -> Iterator[list[ModelVersion]]:
        asked = {"filter": question, "max_results": _PAGE}
        for _ in range(MOST_PAGES):
            data = self._ask(name, "model-versions/search", asked, gone=frozenset())
            with _form(self._source):
                found = [_version(one) for one in data.get("model_versions", ())]
                token = _text(data.get("next_page_token", ""))
            yield found
            if not token:
                return
            asked = asked | {"page_token": token}
        raise UnanswerableError(because(Why.ANSWER_TOO_LARGE, source=self._source, most=f"{MOST_PAGES} pages"))

    def _ask(self, name: str, path: str, asked: Mapping[str, str], *, gone: frozenset[str] = _GONE) -> Any:
        reply = self._server.get(f"/api/2.0/mlflow/{path}", asked)
        code = _code(reply) if reply.status in (400, 404) else ""
        if code in gone:
            return None
        if code:
            raise UnanswerableError(because(Why.QUERY_REFUSED, source=self._source, metric=name, error=code))
        return reply.checked().json()


@contextmanager
def _form(source: str) -> Iterator[None]:
    """What an answer lacks, or holds in another form, as an answer that can't be used."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        status = "an answer of another form"
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=source, status=status)) from None


def _code(reply: Reply) -> str:
    """The server's word for what is wrong; empty where something else than MLflow answers."""
    try:
        data = json.loads(reply.body)
    except ValueError:
        return ""
    code = data.get("error_code") if isinstance(data, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _version(data: Any) -> ModelVersion:
    return ModelVersion(
        number=_text(data["version"]),
        uri=_text(data.get("source", "")),
        run_id=_text(data.get("run_id", "")),
        status=_text(data.get("status", "READY")),
        tags=_pairs(data.get("tags", ())),
    )


def _run(data: Any) -> Run:
    held, inputs = data.get("data", {}), data.get("inputs", {})
    return Run(
        parameters=_pairs(held.get("params", ())),
        # a value that is no number comes as the text NaN or Infinity
        metrics={_text(one["key"]): float(one["value"]) for one in held.get("metrics", ())},
        tags=_pairs(held.get("tags", ())),
        datasets=tuple(_dataset(one) for one in inputs.get("dataset_inputs", ())),
    )


def _dataset(data: Any) -> Dataset:
    tags = data.get("tags", ())
    return Dataset(
        name=_text(data["dataset"]["name"]),
        digest=_text(data["dataset"]["digest"]),
        contexts=tuple(_text(one["value"]) for one in tags if one["key"] == "mlflow.data.context"),
        profile=_profile(data["dataset"].get("profile", "")),
    )


def _profile(text: str) -> Mapping[str, object]:
    """The single numbers and texts of a dataset's profile, which is JSON by habit only."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    plain = {_text(key): value for key, value in data.items() if isinstance(value, (str, int, float))}
    return {key: _text(value) if isinstance(value, str) else value for key, value in plain.items()}


def _pairs(data: Any) -> dict[str, str]:
    return {_text(one["key"]): _text(one.get("value", "")) for one in data}


def _text(value: object) -> str:
    """A text that can be written down: half a character becomes a question mark."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return value.encode("utf-8", "replace").decode("utf-8")
