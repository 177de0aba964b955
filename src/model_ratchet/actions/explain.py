"""explain: what a criterion asks for, how it judges, and which parameters it takes; and what a waiver is."""

from dataclasses import dataclass
from difflib import get_close_matches

from model_ratchet.core.errors import UsageError
from model_ratchet.core.fields import Model
from model_ratchet.criteria import BUILT_IN
from model_ratchet.criteria.base import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a criterion, or key of a document, as people read it.

    ``default`` is ``required`` or ``optional`` where there is none.
    """

    name: str
    form: str
    default: str
    meaning: str


def explain(kind: str | None) -> str:
    """The explanation of one kind of criterion, or of a ``waiver``, or the list of all kinds.

    Raises:
        UsageError: there is no such kind.
    """
    if kind == "waiver":
        from model_ratchet.documents.waiver import Waiver

        return _page("waiver", Waiver, "")
    kinds = {kind_of(criterion): criterion for criterion in BUILT_IN}
    if kind is None:
        width = max(map(len, kinds))
        return "\n".join(f"{name:<{width}}  {criterion.summary}" for name, criterion in kinds.items())
    if kind not in kinds:
        close = get_close_matches(kind, kinds, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no criterion {kind!r}: {hint}known are {', '.join(kinds)}")
    found = kinds[kind]
    return _page(f"{kind} (revision {found.revision})", found, ", ".join(traits(found)))


def kind_of(criterion: type[Criterion]) -> str:
    """The word that a policy writes for a criterion."""
    (kind,) = criterion.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]
    return str(kind)


def parameters(document: type[Model]) -> tuple[Parameter, ...]:
    """Each parameter of a criterion, or key of a document, in the order in which it is written; not what all have."""
    left_out = ("api_version", "kind") if "api_version" in document.model_fields else ("id", "kind")
    properties = document.model_json_schema()["properties"]
    return tuple(
        Parameter(
            name=name,
            form=_form(properties[name]),
            default="required" if entry.is_required() else _default(entry.default),
            meaning=properties[name].get("description", "").replace("``", "`"),
        )
        for name, entry in document.model_fields.items()
        if name not in left_out
    )


def traits(criterion: type[Criterion]) -> tuple[str, ...]:
    """What sets a criterion apart, in a few words each."""
    marks = (
        ("compares with the baseline", criterion.comparative),
        ("judged stage by stage", criterion.stagewise),
        ("reads no stage", criterion.windowless),
        ("only stages with a traffic share", criterion.traffic_only),
        ("may fail early", criterion.early is not Criterion.early),
        ("decided by people", criterion.sign_off),
    )
    return tuple(word for word, holds in marks if holds)


def _default(value: object) -> str:
    if value is None:
        return "optional"
    return str(value).lower() if isinstance(value, bool) else str(value)


def said(document: type[Model]) -> str:
    """Its docstring, without indentation."""
    return "\n".join(line.strip() for line in (document.__doc__ or "").strip().splitlines()).replace("``", "`")


def _page(title: str, document: type[Model], notes: str) -> str:
    rows = parameters(document)
    width = max(len(row.name) for row in rows)
    listed = "\n".join(
        f"  {row.name:<{width}}  {row.form} ({row.default})\n  {'':<{width}}  {row.meaning}" for row in rows
    )
    return f"{title}\n\n{said(document)}\n\nParameters\n{listed}\n\n{notes}".rstrip()


def _form(schema: dict[str, object]) -> str:
    if "enum" in schema:
        return " | ".join(str(word) for word in _list(schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " or ".join(
            dict.fromkeys(
                _form(one) for one in _list(schema["anyOf"]) if isinstance(one, dict) and one != {"type": "null"}
            )
        )
    examples = _list(schema.get("examples", ()))
    word = str(schema.get("type", "value"))
    return f"{word} such as {examples[0]}" if examples else word


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
