"""The hook in a pre-commit configuration: added without touching what is there, or not at all."""

import pytest
import yaml

from model_ratchet.actions.precommit import with_hook

ENTRY = """\
  - repo: https://example.invalid/ratchet
    rev: abc # frozen: v1
    hooks:
      - id: ratchet-validate
"""
OURS = yaml.safe_load(f"repos:\n{ENTRY}")["repos"][0]


def test_without_a_file_there_is_one_with_the_hook() -> None:
    assert with_hook(None, ENTRY) == f"repos:\n{ENTRY}"


@pytest.mark.parametrize(
    "text",
    [
        "# ours\nrepos:\n  - repo: local # why\n    hooks:\n      - id: one\n",
        "# ours\nrepos:\n- repo: local # why\n  hooks:\n  - id: one",
        "default_stages: [pre-commit]\nrepos:\n    - repo: local\n      hooks: [{id: one}]\n\n\n# the end\n",
        "repos:\n  - {repo: local, hooks: [{id: one}]}\n",
    ],
)
def test_the_hook_is_added_at_the_end_and_nothing_else_is_touched(text: str) -> None:
    added = with_hook(text, ENTRY)
    assert added is not None
    assert added.startswith(text.rstrip())
    before = yaml.safe_load(text)
    assert yaml.safe_load(added) == {**before, "repos": [*before["repos"], OURS]}
    assert with_hook(added, ENTRY) == added


@pytest.mark.parametrize(
    "text",
    [
        "repos: []\n",
        "repos: [{repo: local, hooks: [{id: one}]}]\n",
        "repos:\n  - repo: local\n    hooks: [{id: one}]\nfail_fast: true\n",
        "fail_fast: true\n",
        "repos: [\n",
        "- repos\n",
        "",
    ],
)
def test_where_lines_at_the_end_would_say_something_else_it_is_left_to_the_user(text: str) -> None:
    assert with_hook(text, ENTRY) is None


def test_a_file_that_has_the_hook_is_left_as_it_is() -> None:
    text = "repos: [{repo: elsewhere, rev: v9, hooks: [{id: ratchet-validate, args: [x]}]}]\n"
    assert with_hook(text, ENTRY) == text
