"""The sources file: named connections and where they may reach. Trusted: base branch only."""

from typing import Literal

from pydantic import Field

from model_ratchet.core.fields import DurationField, Model, SizeField, Slug


class TableFiles(Model):
    """A table in files: Parquet, CSV or JSON lines, one file, a glob or a hive-partitioned folder.

    ``path`` is relative to the repository's root, or absolute; ``${NAME}`` is taken from the environment.
    Nothing outside its fixed leading folder can be read.
    """

    kind: Literal["table"]
    path: str = Field(min_length=1)
    format: Literal["parquet", "csv", "jsonl"] | None = None
    hive: bool = False
    deadline: DurationField | None = None
    memory_limit: SizeField | None = None


class Sources(Model):
    """All named sources."""

    api_version: Literal["ratchet/v1"] = Field(alias="apiVersion")
    kind: Literal["Sources"]
    sources: dict[Slug, TableFiles] = Field(min_length=1)
