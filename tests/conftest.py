"""Golden files: whole outputs, rewritten by ``pytest --update`` and then read before they are committed.

And the one profile of hypothesis: how long an example took says how busy the machine was, nothing about the code. And which
worker runs what, so that nothing costly is made twice and none of them waits for another.
"""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from components import spark

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

CASES = Path(__file__).parent / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what their module makes once go to one worker, so that two workers do not make it twice.

    And long ones begin first: at the end no worker waits for another.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("fuzz", "slow")))


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: the collector, which some libraries call, leaves it alone."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """At the end all is let go again: some libraries tell of what is left."""
    gc.unfreeze()


def _shares(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    made = (one for those in item._fixtureinfo.name2fixturedefs.values() for one in those)
    return any(one.scope != "function" and one.func.__module__ == item.module.__name__ for one in made)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The one Spark cluster of all tests, and the folder of its tables: its start takes as long as many questions do."""
    folder = tmp_path_factory.mktemp("spark")
    with spark.serving(folder) as url:
        yield url, folder
        assert spark.workers_seen(folder) == 2


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with a golden file below ``tests/cases``."""

    def compare(name: str, text: str) -> None:
        path = CASES / name
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare
