"""Samples: series of counters and gauges that a selector of the model file finds, made up for unit tests of rules."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

_STRING = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`'
_MATCHER = re.compile(rf"\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*({_STRING})\s*,?", re.ASCII)
_SELECTOR = re.compile(r"\s*([a-zA-Z_:][\w:]*)\s*\{(.*)\}\s*", re.ASCII | re.DOTALL)
_SIMPLE = re.compile(r"(?:[\w:/-]|\.[*+]?)*", re.ASCII)
_WORDS = ("", "x", "0", "1", "200", "500")


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric name and its matchers: label, operator, value."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Selector | None":
        """The selector that a text is; None for any other expression."""
        found = _SELECTOR.fullmatch(text)
        if found is None:
            return None
        matchers, at = [], 0
        while at < len(found[2]) and found[2][at:].strip():
            one = _MATCHER.match(found[2], at)
            if one is None:
                return None
            matchers.append((one[1], one[2], _unquoted(one[3])))
            at = one.end()
        return cls(found[1], tuple(matchers))

    def finds(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether it finds a series; a label that is not there is empty."""
        return name == self.name and all(
            _holds(operator, value, labels.get(label, "")) for label, operator, value in self.matchers
        )

    def example(self) -> dict[str, str] | None:
        """The labels of a series that it finds; None where none comes to mind."""
        labels = {}
        for label in {label for label, _, _ in self.matchers}:
            asked = [(operator, value) for one, operator, value in self.matchers if one == label]
            words = dict.fromkeys((*_named(asked), *_WORDS))
            fit = [word for word in words if all(_holds(operator, value, word) for operator, value in asked)]
            if not fit:
                return None
            if fit[0]:
                labels[label] = fit[0]
        return dict(sorted(labels.items()))


def written(name: str, labels: Mapping[str, str]) -> str:
    """A series as promtool reads it."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inside}}}"


def _named(asked: Iterable[tuple[str, str]]) -> Iterator[str]:
    for operator, value in asked:
        if operator == "=":
            yield value
        elif operator == "=~":
            for word in value.strip("()").split("|"):
                yield word.replace(".*", "").replace(".+", "x").replace(".", "0")
                yield word


def _holds(operator: str, value: str, word: str) -> bool:
    if operator in ("=", "!="):
        return (word == value) is (operator == "=")
    shapes = _shapes(value)
    return shapes is not None and any(fnmatchcase(word, shape) for shape in shapes) is (operator == "=~")


def _shapes(pattern: str) -> tuple[str, ...] | None:
    """A pattern as words with wildcards; None where it is more than alternatives with ``.``, ``.*`` and ``.+``.

    What a document says is never run as a pattern: one can be written that takes for ever.
    """
    words = (pattern[1:-1] if pattern.startswith("(") and pattern.endswith(")") else pattern).split("|")
    if not all(_SIMPLE.fullmatch(word) for word in words):
        return None
    return tuple(word.replace(".*", "*").replace(".+", "?*").replace(".", "?") for word in words)


def _unquoted(text: str) -> str:
    return text[1:-1] if text.startswith("`") else str(ast.literal_eval(text))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
