"""The endpoints, one module for each kind of thing; importing this package registers them all."""

from forge.handlers import (
    checks,
    contents,
    deployments,
    git_data,
    issues,
    people,
    pulls,
    repositories,
    reviews,
    settings,
)

ALL = (checks, contents, deployments, git_data, issues, people, pulls, repositories, reviews, settings)
