"""Laws of rendered traffic: whatever a model file says, it is refused, or stands in one word of the router's configuration."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from builders.traffic import CANDIDATE, SECTIONS, STAGES
from model_ratchet.core.names import SLUG, Version
from model_ratchet.documents.traffic import Traffic
from model_ratchet.engine.desired import Desired
from model_ratchet.render.traffic import refusals, render

ADAPTER: TypeAdapter[Traffic] = TypeAdapter(Traffic)
STICKY = ("nginx", "haproxy")

NASTY = st.text(
    st.one_of(st.sampled_from("\"'`\\{};$# \t\r\n\0:%/@[]()|&<>*?!=,~^"), st.characters(codec="utf-8")), max_size=6
)
VERSIONS = st.builds(
    lambda major, minor, patch, when: Version(major, minor, patch, when.replace(microsecond=0)),
    *[st.integers(0, 999_999)] * 3,
    st.datetimes(timezones=st.just(CANDIDATE.built_at.tzinfo)),
)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[{};]|(?:\$\{\w+\}|[^\s{};"])+')


def fields(target: str) -> list[tuple[str, ...]]:
    """The paths of all texts of a section."""

    def inside(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if isinstance(value, dict):
            for key, one in value.items():
                yield from inside(one, (*path, key))
        elif isinstance(value, list):
            yield (*path, "0")
        elif isinstance(value, str):
            yield path

    written = yaml.safe_load(f"{{{SECTIONS[target]}}}")
    return list(inside(written, ()))


def changed(target: str, path: tuple[str, ...], nasty: str, at: float) -> dict[str, object]:
    """A section in which one text has something put into it."""
    written: dict[str, object] = {"target": target, **yaml.safe_load(f"{{{SECTIONS[target]}}}")}
    inside: object = written
    for part in path[:-1]:
        inside = inside[part]  # type: ignore[index]
    key: object = int(path[-1]) if path[-1] == "0" else path[-1]
    text = inside[key]  # type: ignore[index]
    cut = round(at * len(text))
    inside[key] = text[:cut] + nasty + text[cut:]  # type: ignore[index]
    return written


def files(written: dict[str, object], state: Desired) -> str | None:
    """What is rendered, None where the section is refused."""
    try:
        traffic = ADAPTER.validate_json(json.dumps(written))
    except ValidationError:
        return None
    assert not refusals(state, traffic)
    (text,) = render(state, traffic).values()
    return text


def nginx_shape(text: str) -> list[tuple[int, str, int]]:
    """Each statement of nginx: how deep it stands, its first word, and how many words it has."""
    depth, words = 0, list[str]()
    found: list[tuple[int, str, int]] = []
    for line in text.splitlines():
        for word in () if line.lstrip().startswith("#") else WORD.findall(line):
            if word == "}":
                assert words == []
                depth -= 1
            elif word in "{;":
                first = words[0] if words[0].isidentifier() else "…"
                found.append((depth, first, len(words)))
                depth, words = depth + (word == "{"), []
            else:
                words.append(word)
    assert (depth, words) == (0, [])
    return found


def haproxy_shape(text: str) -> list[tuple[int, list[str], int]]:
    """Each line of HAProxy: how far it is indented, its first word, and how many words it has."""
    lines = [line for line in text.split("\n") if not line.startswith("#")]
    return [(len(line) - len(line.lstrip(" ")), line.split()[:1], len(line.split(" "))) for line in lines]


def yaml_shape(text: str) -> object:
    """A manifest with the kinds of its values instead of them."""

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items()}
        return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__

    return shape(yaml.safe_load(text))


def shape(target: str, text: str) -> object:
    assert set(text) <= {"\n", *map(chr, range(32, 127))}
    match target:
        case "nginx":
            return nginx_shape(text)
        case "haproxy":
            return haproxy_shape(text)
        case _:
            return yaml_shape(text)


def state_of(target: str) -> Desired:
    stage = {"nginx": "mirrored-canary", "gateway-api": "shadow", "istio": "shadow", "argo-rollouts": "shadow"}
    found = STAGES[stage.get(target, "canary")]
    return found if target in STICKY else replace(found, assignment=None)


@pytest.mark.parametrize("target", SECTIONS)
def test_nothing_of_a_model_file_breaks_out(target: str) -> None:
    state = state_of(target)
    plain = files(changed(target, fields(target)[0], "", 0), state)
    assert plain is not None
    expected = shape(target, plain)

    @given(st.sampled_from(fields(target)), NASTY, st.floats(0, 1))
    @example(fields(target)[0], "; } server { listen 80", 0.5)
    @example(fields(target)[0], "\n    bind :80", 1)
    @example(fields(target)[0], "# ", 0)
    @example(fields(target)[0], "a", 0)
    def law(path: tuple[str, ...], nasty: str, at: float) -> None:
        text = files(changed(target, path, nasty, at), state)
        if text is not None:
            assert shape(target, text) == expected

    law()


@pytest.mark.parametrize("target", SECTIONS)
def test_nothing_of_a_state_breaks_out(target: str) -> None:
    state = state_of(target)
    written = changed(target, fields(target)[0], "", 0)
    expected = shape(target, files(written, state) or "")

    @given(
        st.lists(VERSIONS, min_size=3, max_size=3, unique=True),
        st.from_regex(SLUG, fullmatch=True),
        st.text(min_size=1),
        st.from_regex(SLUG, fullmatch=True),
    )
    def law(versions: list[Version], model: str, salt: str, stage: str) -> None:
        older, active, candidate = versions
        other = replace(state, model=model, active=active, previous=older, candidate=candidate, salt=salt, stage=stage)
        text = files(written, other)
        assert text is not None
        assert shape(target, text) == expected

    law()


@given(st.text())
def test_only_names_of_models_and_stages_are_such(text: str) -> None:
    for field in ("model", "stage"):
        if SLUG.fullmatch(text) is None:
            with pytest.raises(ValueError, match=r"is no name of a"):
                replace(STAGES["canary"], **{field: text})  # type: ignore[arg-type]


@given(st.lists(VERSIONS, min_size=2, max_size=2, unique=True))
def test_versions_keep_apart_as_labels(versions: list[Version]) -> None:
    one, other = (version.slug for version in versions)
    assert one != other
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,35}[a-z0-9])?", one)
