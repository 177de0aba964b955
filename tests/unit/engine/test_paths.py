"""Paths: which names a change may bring, and which files of the base branch it leaves as they are."""

from collections.abc import Mapping

import pytest

from model_ratchet.engine.paths import listed, name_findings, policy_findings, shown, touches_ours

DECOMPOSED, COMPOSED = "policies/caf" + "e\u0301/1.0.0.yaml", "policies/caf" + "\u00e9/1.0.0.yaml"

UNCHANGED = "a policy version that is on the base branch is not changed: put it back as it was, and "


def names(changes: Mapping[str, str], *at_head: str) -> list[tuple[str, str]]:
    """What is said of changed names, each with the place; the head holds these paths and those that were changed."""
    found = name_findings(changes, {*changes, *at_head})
    return [(one.location.file, one.message) for one in found]


def edited(path: str, *at_base: str, status: str = "M") -> list[str]:
    return [one.message for one in policy_findings({path: status}, {path, *at_base})]


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert shown("promotions/é") == "promotions/é"
    assert shown(b"promotions/\xff".decode("utf-8", "surrogateescape")) == "promotions/\ufffd"


def test_the_first_paths_are_listed_and_the_others_counted() -> None:
    assert listed(["b", "a"]) == "a, b"
    assert listed(list("edcba")) == "a, b, c, d, e"
    assert listed(list("gfedcba")) == "a, b, c, d, e and 2 more"
    assert listed(["b", "a\udcff"], 1) == "a\ufffd and 1 more"


@pytest.mark.parametrize("path", ["promotions/a/b", "policies", "Promotions/a", "POLICIES/a", "policie\u017f/a"])
def test_what_a_system_that_ignores_case_takes_for_ours_is_ours(path: str) -> None:
    assert touches_ours(["README.md", path])


def test_what_stands_elsewhere_is_not_ours() -> None:
    assert not touches_ours(["README.md", "docs/promotions/a", "promotions.md", "my-policies/a"])
    assert not touches_ours([])


def test_ordinary_names_are_free() -> None:
    assert names({"policies/small/1.0.0.yaml": "A", "promotions/demo/v1/promotion.yaml": "M"}, "policies/small/x") == []


def test_a_name_that_is_no_text_is_refused_where_we_read() -> None:
    strange = "policies/\udcff.yaml"
    assert names({strange: "A"}) == [("policies/\ufffd.yaml", "the name of this file is not UTF-8: rename it")]
    assert names({strange: "D"}) == []
    assert names({"docs/\udcff.md": "A"}) == []


def test_a_folder_that_only_ignoring_case_is_ours_is_refused() -> None:
    assert names({"Policies/a.yaml": "A"}) == [
        ("Policies/a.yaml", "Policies/ is policies/ to systems that ignore case, and is not read here: write policies/")
    ]
    assert names({"Policies/a.yaml": "D"}) == []


def test_names_that_differ_in_case_or_composition_are_one_to_other_systems() -> None:
    twin = "to systems that ignore case or compose letters: keep one of the two"
    small, large = "policies/small/1.0.0.yaml", "policies/Small/1.0.0.yaml"
    assert names({small: "A"}, large) == [(small, f"this is policies/Small {twin}")]
    assert names({large: "M"}, small) == [(large, f"this is policies/small {twin}")]
    assert names({large: "M"}) == []
    same_folder = "policies/small/1.0.0.YAML"
    assert names({small: "A"}, same_folder) == [(small, f"this is {same_folder} {twin}")]
    assert names({"policies/a.yaml": "A"}, "Policies/b.yaml") == [("policies/a.yaml", f"this is Policies {twin}")]
    assert names({COMPOSED: "A"}, DECOMPOSED) == [(COMPOSED, f"this is {DECOMPOSED.rpartition('/')[0]} {twin}")]
    assert [place for place, _ in names({small: "A", large: "A", "README.md": "A"}, "readme.md")] == [large, small]


@pytest.mark.parametrize("status", ["M", "D", "T", "R"])
def test_a_policy_version_on_the_base_branch_stays_as_it_is(status: str) -> None:
    assert edited("policies/small/1.0.0.yaml", status=status) == [
        f"{UNCHANGED}copy it to policies/small/1.0.1.yaml for what is new"
    ]


@pytest.mark.parametrize(
    "path",
    ["policies/models/demo.yaml", "policies/waivers/w.yaml", "policies/sources.yaml", "policies/a/b/1.0.0.yaml"],
)
def test_what_is_no_policy_version_changes_freely(path: str) -> None:
    assert edited(path) == []


def test_a_policy_version_that_the_base_branch_never_had_changes_freely() -> None:
    path = "policies/small/1.0.0.yaml"
    assert list(policy_findings({path: "M"}, {"policies/small/1.0.1.yaml"})) == []
    assert edited(path, status="A") == []


def test_what_is_new_goes_into_the_patch_version_after_all_that_are_taken() -> None:
    def free(path: str, *at_base: str) -> str:
        (said,) = edited(path, *at_base)
        assert said.startswith(UNCHANGED)
        return said.removeprefix(UNCHANGED)

    others = ("policies/small/1.1.9.yaml", "policies/small/2.0.9.yaml", "policies/other/1.0.9.yaml", "README.md")
    last, first = "policies/small/1.0.7.yaml", "policies/small/1.0.0.yaml"
    odd = "policies/small/latest.yaml"
    assert free(first, last, "policies/small/1.0.3.yaml", odd, *others) == (
        "copy it to policies/small/1.0.8.yaml for what is new"
    )
    assert free(last, first, *others) == "copy it to policies/small/1.0.8.yaml for what is new"
    assert free(odd, first) == "add a new version beside it"
