"""The sources file: named connections and where they may reach. Trusted: base branch only."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from model_ratchet.core.fields import DurationField, Model, SizeField, Slug
from model_ratchet.documents.databases import Relation
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.origin import OriginField, Secret, Url, unlisted
from model_ratchet.documents.places import reached, table_faults
from model_ratchet.documents.reports import VERSION, ReportPath, ReportUrl


class Auth(Model):
    """How a server knows us: a bearer token, or a user name and a password."""

    bearer: Secret | None = None
    """The token, such as ``${METRICS_TOKEN}``."""
    username: str | None = None
    """The user name."""
    password: Secret | None = None
    """The password, such as ``${METRICS_PASSWORD}``."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        basic = (self.username is not None, self.password is not None)
        if (self.bearer is not None, *basic) not in ((True, False, False), (False, True, True)):
            raise ValueError("write `bearer`, or `username` and `password`")
        return self


class Table(Model):
    """A table: in files (``path``), or in PostgreSQL or Spark (``url`` and ``table``).

    Files are Parquet, CSV or JSON lines: one file, a glob or a hive-partitioned folder. ``path`` is relative to the
    repository's root, absolute, or starts with ``s3://``, ``https://`` or ``http://``; ``${NAME}`` is taken from the
    environment. Nothing outside its fixed leading folder can be read.
    """

    kind: Literal["table"]
    path: str = ""
    """The files, as a path or pattern."""
    format: Literal["parquet", "csv", "jsonl"] | None = None
    """The format; without it the file's ending says it."""
    hive: bool = False
    """Whether folders named ``column=value`` are columns."""
    memory_limit: SizeField | None = None
    """The most memory that the engine takes."""
    endpoint: Url | None = None
    """The address of a store that speaks S3 (Amazon's in ``region``)."""
    region: str | None = None
    """The region of an S3-compatible store."""
    url: Url | None = None
    """``postgresql://host:5432/database``, or ``sc://host:15002`` for Spark Connect."""
    table: Relation | None = None
    """The table or view, with its schema (and, in Spark, its catalogue): ``analytics.requests``."""
    auth: Auth | Literal["none"] | None = None
    """Of a database, or of files over HTTP; for ``s3://``, whose keys are taken from the environment, only ``none``."""
    ca: str | None = None
    """A file with the certificate authorities to trust, relative to the repository's root."""
    proxy: Url | None = None
    """The proxy to go through; those of the environment are ignored."""
    deadline: DurationField | None = None
    """How long all of its answers may take."""

    @model_validator(mode="after")
    def _placed(self) -> Self:
        refuse(table_faults(self))
        return self


class Endpoint(Model):
    """What all that is reached by HTTP has in common. Proxies of the environment are not used."""

    url: Url
    """The address, with a path in front of the API where there is one."""
    auth: Auth | None = None
    """How the server knows us."""
    ca: str | None = None
    """A file with the certificate authorities to trust, relative to the repository's root."""
    proxy: Url | None = None
    """The proxy to go through; those of the environment are ignored."""
    deadline: DurationField | None = None
    """How long all of its answers may take."""


class HttpServer(Endpoint):
    """A source that is asked by HTTP."""

    most: SizeField | None = None
    """The largest answer that is read (64 MiB)."""


class Prometheus(HttpServer):
    """A Prometheus server, or one that speaks its HTTP API."""

    kind: Literal["prometheus"]
    step: DurationField | None = None
    """How far apart a gauge is sampled (1 minute)."""


class Mlflow(HttpServer):
    """An MLflow tracking server with its model registry, asked by REST."""

    kind: Literal["mlflow"]


class Reports(HttpServer):
    """Reports of a tool: files that a path or a glob names, or one report at a URL.

    ``{{ version }}`` in the path or the URL is the candidate's version, ``${NAME}`` is taken from the environment.
    """

    path: ReportPath = ""
    """One file or a glob, relative to the repository's root, or absolute."""
    url: ReportUrl = ""
    """Where one report is fetched."""
    most: SizeField | None = None
    """The largest report that is read (20 MiB)."""

    @property
    def names_version(self) -> bool:
        """Whether the place itself says which version a report is of."""
        return VERSION.search(self.path + self.url) is not None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.path) == bool(self.url):
            raise ValueError("name either the `path` of the reports or the `url` of one")
        if self.path and not {"auth", "ca", "proxy"}.isdisjoint(self.model_fields_set):
            raise ValueError("`auth`, `ca` and `proxy` belong to a `url`: a path is read from this machine")
        return self


class JUnit(Reports):
    """Reports in JUnit XML: the cases of suites, or the findings of a scan."""

    kind: Literal["junit"]


class Sarif(Reports):
    """Reports in SARIF 2.1.0: the findings of a scan."""

    kind: Literal["sarif"]


class LiteralValues(Model):
    """Values that a request states itself: author-supplied, and taken only where the policy's ``trust`` says so."""

    kind: Literal["literal"]


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write one such as 10.0.0.0/8") from None
    return text


Network: TypeAlias = Annotated[str, AfterValidator(_network), Field(examples=["10.0.0.0/8"])]
Source: TypeAlias = Annotated[Table | Prometheus | Mlflow | JUnit | Sarif | LiteralValues, Field(discriminator="kind")]


class Reaching(Model):
    """A document that names addresses, and where they may lead."""

    origins: tuple[OriginField, ...] = ()
    """Where they may be reached; without it, exactly where their own URLs say."""
    networks: tuple[Network, ...] = ()
    """The networks whose addresses may be connected to; without it, all but link-local and other special ones."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from ()


class Sources(Reaching):
    """All named sources, and where they may reach."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Sources"]
    sources: dict[Slug, Source] = Field(min_length=1)
    """Source → what it is and where."""

    def _faults(self) -> Iterator[Fault]:
        urls = [(("sources", name, key), url) for name, source in self.sources.items() for key, url in reached(source)]
        yield from unlisted(urls, self.origins)
