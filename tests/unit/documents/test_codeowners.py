"""CODEOWNERS as GitHub reads it: the last line that fits."""

import pytest

from model_ratchet.documents.codeowners import owners_of


@pytest.mark.parametrize(
    ("pattern", "path", "owned"),
    [
        ("*", "policies/sources.yaml", True),
        ("/policies/", "policies/models/late.yaml", True),
        ("/policies/", "old/policies/late.yaml", False),
        ("policies/", "old/policies/late.yaml", True),
        ("policies", "policies/late.yaml", True),
        ("/policies", "policies/models/late.yaml", True),
        ("/policies", "policies.yaml", False),
        ("policies/*", "policies/sources.yaml", True),
        ("policies/*", "policies/models/late.yaml", False),
        ("/policies/**", "policies/models/late.yaml", True),
        ("**/models/", "policies/models/late.yaml", True),
        ("/policies/**/late.yaml", "policies/late.yaml", True),
        ("/policies/**/late.yaml", "policies/models/deep/late.yaml", True),
        ("*.yaml", "policies/models/late.yaml", True),
        ("*.yaml", "policies/models/late.yml", False),
        ("policies/models", "old/policies/models/late.yaml", False),
        ("late.yam?", "policies/models/late.yaml", True),
        ("/POLICIES/", "policies/sources.yaml", False),
        ("CODEOWNERS", ".github/CODEOWNERS", True),
        ("/with\\ blank/", "with blank/file", True),
        ("late.yaml", "policies/notlate.yaml", False),
        ("la+e.yaml", "policies/laae.yaml", False),
        ("[p]olicies/", "policies/sources.yaml", False),
        ("!/promotions/", "policies/sources.yaml", False),
    ],
)
def test_a_pattern_owns_what_it_fits(pattern: str, path: str, owned: bool) -> None:
    assert owners_of(f"{pattern} @acme/ml", path) == (("@acme/ml",) if owned else ())


def test_the_last_line_that_fits_wins_also_where_it_names_nobody() -> None:
    text = "* @acme/all # everybody\n/policies/ @acme/ml owner@acme.example\n# /policies/ @nobody\n/policies/open/\n"
    assert owners_of(text, "README.md") == ("@acme/all",)
    assert owners_of(text, "policies/sources.yaml") == ("@acme/ml", "owner@acme.example")
    assert owners_of(text, "policies/open/file") == ()
    assert owners_of("", "README.md") == ()
