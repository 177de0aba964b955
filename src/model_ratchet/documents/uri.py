"""Artifact addresses: absolute, immutable, and without anything secret in them."""

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:/{1,3}(?P<rest>[^/].*)", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._~:/@!$&'()*+,;=-]+", re.ASCII)


def immutable(uri: str) -> str:
    """The address of an artifact, when it can't come to mean another one.

    ``s3://models/flight-delay/2.1.0/model.joblib`` and ``models:/flight-delay/7`` are such addresses.

    Raises:
        ValueError: relative; with user name, query, fragment, escape or ``..``; or naming ``latest``. Parts that may be
            secret are not repeated in the message.
    """
    if len(uri) > 1000:
        raise ValueError(f"the address holds {len(uri)} characters: an artifact's address holds at most 1000")
    match = _SCHEME.fullmatch(uri)
    if match is None:
        raise ValueError("the address is not absolute: start it with a scheme, such as s3://models/flight-delay/…")
    if "?" in uri or "#" in uri:
        raise ValueError("the address has a query or a fragment, which may hold a signature: write it without")
    parts = match["rest"].split("/")
    # a colon before the @ is a password; models:/name@alias is an alias, refused below when it moves
    if "://" in uri and "@" in parts[0]:
        raise ValueError("the address has a user name or password in it: take it out, sources know how to sign in")
    if "%" in uri or ".." in parts or _PLAIN.fullmatch(uri) is None:
        raise ValueError("the address has an escape, a blank or .. in it: write the path out in plain characters")
    for part in parts:
        if "latest" in re.split("[:@]", part.casefold()):
            raise ValueError(f"{part!r} means another artifact tomorrow: name the version, not `latest`")
    return uri


ArtifactUri: TypeAlias = Annotated[
    str, AfterValidator(immutable), Field(examples=["s3://models/flight-delay/v2.1.0/model.joblib"])
]
