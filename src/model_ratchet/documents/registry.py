"""The registry of a model: under which name its versions are registered, and which tags tell them apart."""

import re
from collections.abc import Iterator
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from model_ratchet.core.fields import Model, Slug
from model_ratchet.documents.fault import Fault, refuse

_NAME = re.compile(r"\w[\w .+@-]{0,255}", re.ASCII)
_TAG = re.compile(r"\w[\w ./-]{0,249}", re.ASCII)
_ALIAS = re.compile(r"[\w-]{1,255}", re.ASCII)
_NUMBER = re.compile(r"v\d+", re.IGNORECASE)


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no name of a registered model: letters, digits, blanks and `_.+@-` make one")
    return text


def _tag(text: str) -> str:
    if _TAG.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no name of a tag: letters, digits, blanks and `_./-` make one")
    return text


def _alias(text: str) -> str:
    if text.casefold() == "latest":
        raise ValueError(
            "`latest` is whatever was registered last: name an alias that somebody moves, such as champion"
        )
    if _NUMBER.fullmatch(text) is not None:
        raise ValueError(f"{text!r} is a number of the registry's own: name an alias, such as champion")
    if _ALIAS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no alias: letters, digits, `_` and `-` make one, such as champion")
    return text


Tag: TypeAlias = Annotated[str, AfterValidator(_tag), Field(examples=["artifact_digest"])]


class RegistryBinding(Model):
    """Where the versions of the model are registered.

    A registry counts its versions 1, 2, 3; the one that belongs to a version of ours carries its name in a tag.
    """

    source: Slug
    """An ``mlflow`` source."""
    name: Annotated[str, AfterValidator(_name), Field(examples=["flight-delay"])]
    """The name of the registered model."""
    version_tag: Tag = "ratchet_version"
    """The tag whose value is the version's name: ``v2.1.0_20250818_142000``. One registered version carries it."""
    digest_tag: Tag = "artifact_digest"
    """The tag that holds the digest of the artifact: ``sha256:…``."""
    alias: Annotated[str, AfterValidator(_alias), Field(examples=["champion"])] | None = None
    """An alias that has to point to the active version."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.version_tag == self.digest_tag:
            yield Fault(("digest_tag",), f"`{self.digest_tag}` holds the version already: name another tag")
