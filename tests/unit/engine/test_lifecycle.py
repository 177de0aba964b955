"""What a change means, from the paths of three commits and the chains on the base branch."""

from collections.abc import Iterable, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_ratchet.core.names import Version
from model_ratchet.documents.promoted import Promoted, PromotedOrNot, Unreadable, read_promoted
from model_ratchet.engine.lifecycle import (
    Chain,
    Folder,
    Meaning,
    Proposed,
    Refused,
    RolledBack,
    Unclear,
    Untouched,
    baseline_moved,
    chain,
    meaning,
    touched_folders,
)

VERSIONS = tuple(Version.parse(f"v1.{minor}.0_20250101_000000") for minor in range(6))
V1, V2, V3, V4, V5, V6 = VERSIONS


def promoted(candidate: Version, baseline: Version | None, model: str = "demo") -> Promoted:
    return Promoted(
        model=model,
        candidate=candidate,
        baseline=baseline,
        digest=None,
        policy=None,
        path=f"promotions/{model}/{candidate}/promotion.yaml",
    )


def links(*pairs: tuple[Version, Version | None]) -> list[PromotedOrNot]:
    return [promoted(candidate, baseline) for candidate, baseline in pairs]


def a_chain(length: int) -> Chain:
    return chain("demo", links(*zip(VERSIONS[:length], (None, *VERSIONS), strict=False)))


def folder(version: Version, model: str = "demo") -> Folder:
    return Folder(model, str(version))


def files(*versions: Version, model: str = "demo") -> frozenset[str]:
    """The two files of each folder."""
    return frozenset(path for one in versions for path in (folder(one, model).request, f"{folder(one, model).path}/a"))


def diff(before: Iterable[str], after: Iterable[str]) -> dict[str, str]:
    before, after = set(before), set(after)
    return dict.fromkeys(before - after, "D") | dict.fromkeys(after - before, "A")


def meant(
    merge_base: Iterable[str] = (),
    base: Iterable[str] | None = None,
    head: Iterable[str] = (),
    *,
    changes: Mapping[str, str] | None = None,
    known: Chain | None = None,
) -> Meaning:
    """The meaning of three trees; the base is where the merge base is unless it has moved."""
    at_merge_base, at_head = frozenset(merge_base), frozenset(head)
    return meaning(
        changes if changes is not None else diff(at_merge_base, at_head),
        at_merge_base=at_merge_base,
        at_base=at_merge_base if base is None else frozenset(base),
        at_head=at_head,
        chains={"demo": known if known is not None else Chain(model="demo")},
    )


def refusals(found: Meaning) -> list[str]:
    assert isinstance(found, Refused)
    return [str(finding) for finding in found.findings]


# the chain


def test_a_chain_leads_from_the_active_version_to_the_first() -> None:
    found = a_chain(3)
    assert [entry.candidate for entry in found.versions] == [V3, V2, V1]
    assert found.active is not None
    assert found.active.candidate == V3


def test_before_the_first_promotion_nothing_is_active_and_nothing_is_wrong() -> None:
    found = chain("demo", [])
    assert (found.active, found.trouble, found.versions) == (None, None, ())


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (links((V1, None), (V2, V1), (V3, V1)), f"2 heads ({V2} and {V3})"),
        (links((V1, None), (V2, None)), f"2 heads ({V1} and {V2})"),
        (links((V1, V2), (V2, V1)), "0 heads (none)"),
        (links((V1, V1)), "0 heads (none)"),
        (links((V1, None), (V2, V3), (V3, V2)), "form no chain: 3 versions are promoted, 1 can be reached"),
        (links((V1, V2), (V2, V1), (V3, V2)), "form no chain: 3 versions are promoted"),
        (links((V2, V1)), f"names the baseline {V1}, which is not on the base branch"),
        (links((V1, None), (V3, V2)), "2 heads"),
        (
            [*links((V1, None)), Unreadable(model="demo", path="promotions/demo/x/promotion.yaml", message="why")],
            "promotions/demo/x/promotion.yaml on the base branch can't be read: why",
        ),
    ],
)
def test_what_is_no_chain_has_no_active_version_and_says_why(entries: list[PromotedOrNot], said: str) -> None:
    found = chain("demo", entries)
    assert found.trouble is not None
    assert said in found.trouble
    assert found.active is None


@given(order=st.permutations(range(5)))
def test_a_chain_does_not_depend_on_the_order_in_which_it_is_read(order: list[int]) -> None:
    entries = list(a_chain(5).versions)
    assert chain("demo", [entries[index] for index in order]) == a_chain(5)


@given(
    baselines=st.lists(st.none() | st.sampled_from(VERSIONS), min_size=1, max_size=6),
)
def test_only_one_whole_line_from_none_to_one_head_is_a_chain(baselines: list[Version | None]) -> None:
    entries = links(*zip(VERSIONS, baselines, strict=False))
    found = chain("demo", entries)
    before = {entry.candidate: entry.baseline for entry in entries if isinstance(entry, Promoted)}
    lines = []
    for head in before:
        line: list[Version] = []
        at: Version | None = head
        while at is not None and at in before and at not in line:
            line.append(at)
            at = before[at]
        if at is None and len(line) == len(before):
            lines.append(line)
    if lines:
        (line,) = lines
        assert [entry.candidate for entry in found.versions] == line
    else:
        assert found.trouble
        assert found.active is None


@pytest.mark.parametrize(
    ("stated", "length", "said"),
    [
        (V3, 3, None),
        (None, 0, None),
        (V2, 3, f"baseline moved: {V3} is active, and the request compares with {V2}"),
        (None, 2, f"demo has an active version: write `baseline: {V2}`"),
        (V1, 0, f"{V1} is not promoted: demo has no active version yet, so write `baseline: none`"),
    ],
)
def test_a_baseline_is_the_active_version_or_a_finding(stated: Version | None, length: int, said: str | None) -> None:
    assert baseline_moved(stated, a_chain(length)) == said


# which folders are touched


def test_files_below_a_folder_touch_it_and_outcomes_do_not() -> None:
    paths = [
        "promotions/demo/v2/promotion.yaml",
        "promotions/demo/v2/artifacts/deep/file",
        "promotions/demo/v1/risk.md",
        "promotions/demo/outcomes/v1.md",
        "promotions/demo/README.md",
        "promotions/README.md",
        "other/promotions/demo/v3/promotion.yaml",
        "policies/standard/1.0.0.yaml",
    ]
    assert touched_folders(paths) == (Folder("demo", "v1"), Folder("demo", "v2"))


# the table of meanings: at the merge base, at the base tip, at the head

HERE, GONE = (True, False)


def situation(merge_base: bool, base: bool, head: bool) -> Meaning:
    """What a touched V3 means above V1 and V2, which stand everywhere."""
    always = files(V1, V2)
    trees = [always | (files(V3) if there else frozenset()) for there in (merge_base, base, head)]
    known = a_chain(3 if base else 2)
    return meant(*trees, changes=dict.fromkeys(files(V3), "M"), known=known)


def test_absent_absent_there_is_a_proposal() -> None:
    assert situation(GONE, GONE, HERE) == Proposed((folder(V3),))


def test_there_there_gone_is_a_rollback() -> None:
    assert situation(HERE, HERE, GONE) == RolledBack("demo", (V3,), V2)


@pytest.mark.parametrize("base", [HERE, GONE])
def test_absent_at_the_merge_base_and_the_head_is_nothing(base: bool) -> None:
    assert situation(GONE, base, GONE) == Untouched()


def test_there_absent_gone_is_nothing_left_to_do() -> None:
    assert situation(HERE, GONE, GONE) == Untouched()


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((HERE, HERE, HERE), "what is promoted is not edited"),
        ((GONE, HERE, HERE), "was promoted on the base branch meanwhile"),
        ((HERE, GONE, HERE), "was rolled back on the base branch meanwhile"),
    ],
)
def test_the_other_situations_are_refused(there: tuple[bool, bool, bool], said: str) -> None:
    (finding,) = refusals(situation(*there))
    assert finding.startswith(f"{folder(V3).request}:1:1 ")
    assert said in finding


def test_every_situation_has_a_meaning() -> None:
    kinds = {there: type(situation(*there)) for there in product((HERE, GONE), repeat=3)}
    assert [there for there, kind in kinds.items() if kind is Proposed] == [(GONE, GONE, HERE)]
    assert [there for there, kind in kinds.items() if kind is RolledBack] == [(HERE, HERE, GONE)]
    assert len([kind for kind in kinds.values() if kind is Refused]) == 3


def test_files_without_a_request_are_refused() -> None:
    (said,) = refusals(meant((), head=[f"{folder(V1).path}/risk.md"]))
    assert "holds no promotion.yaml" in said


@pytest.mark.parametrize(
    "path",
    [
        "promotions/promotion.yaml",
        "promotions/demo/promotion.yaml",
        f"{folder(V1).path}/sub/promotion.yaml",
        "promotions/demo/promotion.yml",
    ],
)
def test_a_request_where_none_is_read_is_refused_and_never_nothing(path: str) -> None:
    assert any("no request is read here" in said for said in refusals(meant((), head=[path])))


@pytest.mark.parametrize("path", ["promotions", "promotions/demo", folder(V1).path, "promotions/demo/outcomes"])
def test_what_stands_in_the_place_of_a_folder_is_refused_and_never_nothing(path: str) -> None:
    assert any("a folder belongs here" in said for said in refusals(meant((), head=[path])))


@pytest.mark.parametrize("path", ["promotions/README.md", "promotions/demo/README.md", "promotions/demo/outcomes/a.md"])
def test_a_file_beside_the_folders_is_nobody_s_promotion(path: str) -> None:
    assert isinstance(meant((), head=[path]), Untouched)


def test_a_request_where_none_is_read_may_be_removed() -> None:
    assert meant(["promotions/demo/promotion.yaml"], head=()) == Untouched()


def test_all_findings_are_told_in_order() -> None:
    found = meant(files(V1, V2), head=files(V1, V2), changes=dict.fromkeys(files(V2, V1), "M"))
    assert [said.split(":")[0] for said in refusals(found)] == [folder(V1).request, folder(V2).request]


# rollbacks


@given(length=st.integers(min_value=1, max_value=6), removed=st.sets(st.integers(min_value=0, max_value=5), min_size=1))
def test_a_rollback_removes_a_suffix_and_leaves_a_version(length: int, removed: set[int]) -> None:
    there = VERSIONS[:length]
    gone = [there[index] for index in sorted(removed) if index < length]
    left = [version for version in there if version not in gone]
    found = meant(files(*there), head=files(*left), known=a_chain(length))
    if not gone:
        assert found == Untouched()
    elif left and there[: len(left)] == tuple(left):
        assert found == RolledBack("demo", tuple(reversed(gone)), left[-1])
    else:
        (said,) = refusals(found)
        assert "only the newest versions" in said or "no version of demo would be left" in said
        assert ("no version of demo would be left" in said) is (not left)


def test_a_rollback_counts_by_the_links_and_not_by_the_numbers() -> None:
    known = chain("demo", links((V3, None), (V1, V3), (V2, V1)))
    found = meant(files(V1, V2, V3), head=files(V1, V3), known=known)
    assert found == RolledBack("demo", (V2,), V1)
    (said,) = refusals(meant(files(V1, V2, V3), head=files(V1, V2), known=known))
    assert f"remove {V2}, {V1}, {V3} together" in said


def test_what_stands_beside_a_rollback_is_refused_by_name() -> None:
    for beside in ("README.md", "policies/models/demo.yaml", folder(V4).request, "promotions/demo/README.md"):
        found = meant(files(V1, V2), head=files(V1) | {beside}, known=a_chain(2))
        assert any(beside in said or "holds no" in said for said in refusals(found))


def test_a_promoted_folder_under_another_name_is_told_as_such() -> None:
    (said,) = refusals(meant(files(V1, V2), head=files(V1, V3), known=a_chain(2)))
    assert f"{folder(V2).path} is removed and {folder(V3).request} is new: what is promoted is not renamed" in said


def test_outcomes_of_the_model_may_stand_beside_its_rollback() -> None:
    outcome = {"promotions/demo/outcomes/x.md"}
    assert isinstance(meant(files(V1, V2), head=files(V1) | outcome, known=a_chain(2)), RolledBack)
    other = {"promotions/other/outcomes/x.md"}
    assert isinstance(meant(files(V1, V2), head=files(V1) | other, known=a_chain(2)), Refused)


# trouble on the base branch

FORKED = chain("demo", links((V1, None), (V2, V1), (V3, V1)))


def test_a_proposal_on_a_forked_chain_is_unclear() -> None:
    found = meant(files(V1, V2, V3), head=files(V1, V2, V3, V4), known=FORKED)
    assert found == Unclear("demo", FORKED.trouble or "")


@pytest.mark.parametrize(("left", "to"), [((V1, V2), V2), ((V1, V3), V3), ((V1,), V1)])
def test_a_removal_that_leaves_one_line_is_the_way_out_of_a_fork(left: tuple[Version, ...], to: Version) -> None:
    found = meant(files(V1, V2, V3), head=files(*left), known=FORKED)
    assert found == RolledBack("demo", tuple(one for one in (V3, V2) if one not in left), to)


@pytest.mark.parametrize("left", [(V2, V3), (V2,), ()])
def test_any_other_removal_from_a_fork_is_as_unclear_as_before(left: tuple[Version, ...]) -> None:
    assert meant(files(V1, V2, V3), head=files(*left), known=FORKED) == Unclear("demo", FORKED.trouble or "")


def test_a_head_that_can_not_be_read_can_be_taken_back() -> None:
    damaged = Unreadable(model="demo", path=folder(V3).request, message="why")
    known = chain("demo", [*links((V1, None), (V2, V1)), damaged])
    assert isinstance(meant(files(V1, V2, V3), head=files(V1, V2, V3, V4), known=known), Unclear)
    assert meant(files(V1, V2, V3), head=files(V1, V2), known=known) == RolledBack("demo", (V3,), V2)


def test_a_way_out_stands_alone_too() -> None:
    assert isinstance(meant(files(V1, V2, V3), head=files(V1, V2) | {"README.md"}, known=FORKED), Refused)


# policies


@pytest.mark.parametrize("status", ["M", "D", "T"])
def test_a_policy_version_on_the_base_is_not_changed(status: str) -> None:
    path = "policies/standard/1.0.0.yaml"
    (said,) = refusals(meant([path], head=[path], changes={path: status}))
    assert said == (
        f"{path}:1:1 a policy version that is on the base branch is not changed: put it back as it was, "
        "and copy it to policies/standard/1.0.1.yaml for what is new"
    )


@pytest.mark.parametrize(
    "path",
    ["policies/models/demo.yaml", "policies/waivers/one.yaml", "policies/sources.yaml", "policies/revocations.yaml"],
)
def test_the_other_documents_of_the_platform_change_freely(path: str) -> None:
    assert meant([path], head=[path], changes={path: "M"}) == Untouched()


def test_a_policy_that_main_never_had_may_still_change() -> None:
    path = "policies/standard/1.0.0.yaml"
    assert meant([path], base=[], head=[path], changes={path: "M"}) == Untouched()
    assert meant([], head=[path], changes={path: "A"}) == Untouched()


def test_names_that_are_no_text_are_refused_where_documents_live() -> None:
    name = b"promotions/demo/caf\xe9/promotion.yaml".decode("utf-8", "surrogateescape")
    (said,) = refusals(meant([], head=[name]))
    assert said.encode().startswith("promotions/demo/caf\ufffd/promotion.yaml:1:1 the name".encode())
    assert meant([], head=["docs/\udce9"]) == Untouched()


# the tolerant reader

OLD = """\
apiVersion: ratchet/v9
kind: Whatever
model: demo
candidate: {candidate}
baseline: {baseline}
policy: {policy}
artifact: {artifact}
of_the_future: {{a: [1, 2, {{b: c}}]}}
"""


def old(**changes: str) -> PromotedOrNot:
    given_ = {"candidate": str(V2), "baseline": str(V1), "policy": "p/1.0.0", "artifact": "{digest: 'sha256:x'}"}
    return read_promoted(folder(V2).request, OLD.format(**(given_ | changes)).encode())


def test_five_fields_of_an_old_promotion_are_read_and_nothing_else() -> None:
    assert old() == Promoted(
        model="demo", candidate=V2, baseline=V1, digest="sha256:x", policy="p/1.0.0", path=folder(V2).request
    )


@pytest.mark.parametrize("artifact", ["later", "[1]", "{digest: 5}", "{}", "null"])
def test_a_digest_that_is_not_there_keeps_no_version_from_being_read(artifact: str) -> None:
    found = old(artifact=artifact, policy="[new]")
    assert isinstance(found, Promoted)
    assert (found.digest, found.policy, found.baseline) == (None, None, V1)


def test_none_is_the_first_version() -> None:
    found = old(baseline="none")
    assert isinstance(found, Promoted)
    assert found.baseline is None


@pytest.mark.parametrize("baseline", ["null", "", "latest", "[v]", "2.0", "&a v1.0.0_20250101_000000x"])
def test_a_baseline_that_is_no_version_is_unreadable_and_never_none(baseline: str) -> None:
    assert isinstance(old(baseline=baseline), Unreadable)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\xff", "is not UTF-8"),
        (b"[1]", "it is no YAML mapping"),
        (b"text", "it is no YAML mapping"),
        (b"a: [", "this is not YAML"),
        (b"a: 1\n---\nb: 2\n", "a second document"),
        (b"[" * 30_000, "levels deep"),
        (b"#" * 1_000_001, "more than the 1000000"),
        (f"candidate: {V2}\n".encode(), "it names no baseline"),
        (f"baseline: {V1}\n".encode(), "it names no candidate"),
        (f"candidate: {V2}\nbaseline: {V1}\nbaseline: none\n".encode(), "its baseline is in doubt"),
        (f"candidate: {V2}\nx: &b none\nbaseline: *b\n".encode(), "its baseline is in doubt"),
        (f"candidate: {V3}\nbaseline: {V1}\n".encode(), f"{V3} stands in the folder {V2}"),
        (f"model: other\ncandidate: {V2}\nbaseline: {V1}\n".encode(), "it names the model other"),
    ],
)
def test_what_can_not_be_read_says_why(content: bytes, said: str) -> None:
    found = read_promoted(folder(V2).request, content)
    assert isinstance(found, Unreadable)
    assert said in found.message
    assert (found.model, found.path) == ("demo", folder(V2).request)
