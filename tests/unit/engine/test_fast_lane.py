"""Only folders of the model that are gone keep a change on the fast lane; whatever else differs is named."""

import pytest

from model_ratchet.engine.fast_lane import strays

ROOT = {"promotions": "tree 1", "README.md": "blob 1"}
PROMOTIONS = {"demo": "tree 2", "other": "tree 3"}
VERSIONS = {"v1": "tree 4", "v2": "tree 5", "outcomes": "tree 6"}
BEFORE = (ROOT, PROMOTIONS, VERSIONS)
AFTER = (ROOT | {"promotions": "tree 7"}, PROMOTIONS | {"demo": "tree 8"}, {"v1": "tree 4", "outcomes": "tree 6"})


def test_nothing_but_the_removed_folder_is_no_stray() -> None:
    assert strays("demo", ["v2"], BEFORE, AFTER) == ()


@pytest.mark.parametrize(
    ("level", "changed", "found"),
    [
        (0, {"README.md": "blob 2"}, "README.md"),
        (0, {"v2": "tree 9"}, "v2"),
        (1, {"other": "tree 9"}, "promotions/other"),
        (2, {"outcomes": "tree 9"}, "promotions/demo/outcomes"),
        (2, {"v1": "tree 9"}, "promotions/demo/v1"),
        (2, {"v2": "tree 9"}, "promotions/demo/v2"),
        (2, {"v3": "tree 9"}, "promotions/demo/v3"),
    ],
    ids=["root", "same-name", "model", "outcomes", "kept", "changed", "added"],
)
def test_whatever_else_differs_is_named(level: int, changed: dict[str, str], found: str) -> None:
    after = list(AFTER)
    after[level] = {**after[level], **changed}
    assert strays("demo", ["v2"], BEFORE, after) == (found,)


def test_a_folder_that_is_gone_and_was_not_to_be_removed_is_a_stray() -> None:
    assert strays("demo", [], BEFORE, AFTER) == ("promotions/demo/v2",)


def test_a_file_of_the_removed_name_elsewhere_is_a_stray_when_it_goes() -> None:
    before = (ROOT | {"v2": "blob 3"}, PROMOTIONS, VERSIONS)
    assert strays("demo", ["v2"], before, AFTER) == ("v2",)
