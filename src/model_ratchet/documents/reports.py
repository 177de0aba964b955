"""Where reports of suites stand: a path or a URL in which ``{{ version }}`` is the candidate's version."""

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from model_ratchet.core.names import Version
from model_ratchet.documents.origin import VARIABLE, Origin, Url

VERSION = re.compile(r"\{\{\s*version\s*\}\}")
_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def bind_version(text: str, version: Version) -> str:
    """The text with each ``{{ version }}`` replaced. A version holds no slash, no dot segment and no wildcard.

    ``bind_version("ci/{{ version }}.xml", …)`` is ``ci/v2.1.0_20250818_142000.xml``.
    """
    return VERSION.sub(str(version), text)


def _path(text: str) -> str:
    for name in _PLACEHOLDER.findall(text):
        if name != "version":
            raise ValueError(f"{{{{ {name} }}}} is no variable: known is version")
    return text


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://", "${")):
        raise ValueError("a report is fetched by http:// or https://")
    if VARIABLE.search(text) is None and VERSION.search(str(Origin.of(text))):
        raise ValueError("{{ version }} stands in the path of a URL, not in its host")
    return _path(text)


ReportPath: TypeAlias = Annotated[
    str, AfterValidator(_path), Field(max_length=500, examples=["reports/{{ version }}/*.xml"])
]
ReportUrl: TypeAlias = Annotated[
    Url, AfterValidator(_url), Field(examples=["https://ci.example.com/models/{{ version }}/edge-cases.xml"])
]
