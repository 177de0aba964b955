"""Rendered traffic: whole files beside golden ones, what each target refuses, and manifests beside schemas."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import jsonschema
import pytest
import yaml

from builders.manifests import SCHEMAS
from builders.traffic import ACTIVE, CANDIDATE, KEY, MODEL, SECTIONS, STAGES, UNDER_WAY, section
from model_ratchet.core.names import Version
from model_ratchet.engine.desired import Desired
from model_ratchet.render.traffic import refusals, render
from model_ratchet.render.traffic.routes import routes

STICKY = ("nginx", "haproxy")
KUBERNETES = tuple(target for target in SECTIONS if target not in STICKY)


def desired(target: str, stage: str) -> Desired:
    """A stage as the target may be asked for it: routers that split request by request know no assignment."""
    found = STAGES[stage]
    return found if target in STICKY else replace(found, assignment=None)


def possible() -> Iterator[tuple[str, str]]:
    for target in SECTIONS:
        for stage in STAGES:
            if not refusals(desired(target, stage), section(target)):
                yield target, stage


POSSIBLE = [pytest.param(*one, id="-".join(one)) for one in possible()]
MANIFESTS = [pytest.param(*one, id="-".join(one)) for one in possible() if one[0] in KUBERNETES]


def text(target: str, stage: str) -> str:
    (found,) = render(desired(target, stage), section(target)).values()
    return found


@pytest.mark.parametrize(("target", "stage"), POSSIBLE)
def test_a_stage_is_rendered_as_it_is_written_down(target: str, stage: str, golden: Callable[[str, str], None]) -> None:
    ((name, found),) = render(desired(target, stage), section(target)).items()
    assert name.partition(".")[0] == MODEL
    golden(f"traffic/{target}/{stage}.{name.partition('.')[2]}", found)


IMPOSSIBLE = {
    "haproxy": {"shadow", "mirrored-canary", "half-mirrored", "watched"},
    "kserve": {"shadow", "mirrored-canary", "half-mirrored", "watched"},
    "gateway-api": {"mirrored-canary"},
    "istio": {"mirrored-canary"},
    "argo-rollouts": {"mirrored-canary", "watched"},
}


@pytest.mark.parametrize("target", SECTIONS)
def test_each_target_refuses_what_it_can_not_do_and_nothing_else(target: str) -> None:
    refused = {stage for stage in STAGES if refusals(desired(target, stage), section(target))}
    assert refused == IMPOSSIBLE.get(target, set())
    for stage in refused:
        with pytest.raises(ValueError, match=r"can't mirror|mirrors to a candidate only"):
            render(desired(target, stage), section(target))


@pytest.mark.parametrize("target", KUBERNETES)
def test_a_router_that_splits_requests_is_no_router_for_users(target: str) -> None:
    (fault,) = refusals(replace(UNDER_WAY, share=0.05), section(target))
    assert fault.path == ("traffic", "target")
    assert "no user by `assignment: user_id` would stay with a version" in fault.message


@pytest.mark.parametrize(
    ("target", "share", "mirror", "told"),
    [
        pytest.param("nginx", 0.00005, 0.0, "nginx takes shares in steps of 0.01%, not 0.0050%", id="nginx-share"),
        pytest.param("nginx", 0.0, 0.33333, "nginx mirrors in steps of 0.01%, not 33.3330%", id="nginx-mirror"),
        pytest.param("haproxy", 1 / 3, 0.0, "haproxy takes shares in steps of 0.01%, not 33.3333%", id="haproxy"),
        pytest.param("istio", 0.005, 0.0, "istio takes shares in steps of 1%, not 0.5000%", id="istio"),
        pytest.param("kserve", 0.125, 0.0, "kserve takes shares in steps of 1%, not 12.5000%", id="kserve"),
        pytest.param("gateway-api", 0.0, 0.125, "gateway-api mirrors in steps of 1%, not 12.5000%", id="gateway"),
    ],
)
def test_a_share_is_never_rounded(target: str, share: float, mirror: float, told: str) -> None:
    state = replace(UNDER_WAY, share=share, mirror=mirror, assignment="user_id" if target in STICKY else None)
    assert [fault.message for fault in refusals(state, section(target))] == [told]


@pytest.mark.parametrize(
    ("target", "written", "told"),
    [
        pytest.param(
            "nginx",
            SECTIONS["nginx"].replace(", mirror_port: 8081", ""),
            "nginx mirrors through a port of its own: add `mirror_port`",
            id="nginx",
        ),
        pytest.param(
            "istio",
            SECTIONS["istio"].replace(", mirror_port: 8001", ""),
            "istio mirrors through a port of its own: add `mirror_port`",
            id="istio",
        ),
        pytest.param(
            "argo-rollouts",
            SECTIONS["argo-rollouts"].replace("virtual_service", "ingress"),
            "an Ingress can't mirror requests for a Rollout: name a `virtual_service`",
            id="rollout-of-an-ingress",
        ),
    ],
)
def test_a_mirror_needs_a_way(target: str, written: str, told: str) -> None:
    assert [fault.message for fault in refusals(desired(target, "shadow"), section(target, written))] == [told]


@pytest.mark.parametrize(("target", "stage"), MANIFESTS)
def test_a_manifest_has_the_form_of_its_kind(target: str, stage: str) -> None:
    found = yaml.safe_load(text(target, stage))
    schema = SCHEMAS[found["kind"]]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(found)


def test_the_schemas_of_manifests_refuse_what_the_projects_refuse() -> None:
    """A schema that takes everything would prove nothing."""
    for target, path, wrong in (
        ("gateway-api", ("spec", "rules", 0, "backendRefs", 0, "weight"), "95"),
        ("gateway-api", ("spec", "rules", 0, "backendRefs", 0, "port"), 0),
        ("istio", ("spec", "http", 0, "route", 0, "weight"), 101),
        ("kserve", ("spec", "predictor", "canaryTrafficPercent"), "five"),
        ("argo-rollouts", ("spec", "strategy", "canary", "steps", 1, "setWeight"), 0.05),
        ("argo-rollouts", ("spec", "strategy", "canary", "stepz"), []),
    ):
        found = yaml.safe_load(text(target, "canary"))
        inside = found
        for part in path[:-1]:
            inside = inside[part]
        inside[path[-1]] = wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMAS[found["kind"]]).validate(found)


def test_weights_add_up_whatever_the_share() -> None:
    for percent in range(1, 100):
        state = replace(desired("istio", "canary"), share=percent / 100)
        (istio,) = render(state, section("istio")).values()
        (gateway,) = render(state, section("gateway-api")).values()
        weights = [one["weight"] for one in yaml.safe_load(istio)["spec"]["http"][0]["route"]]
        assert weights == [100 - percent, percent]
        weights = [one["weight"] for one in yaml.safe_load(gateway)["spec"]["rules"][0]["backendRefs"]]
        assert weights == [10_000 - 100 * percent, 100 * percent]


def test_without_an_active_version_nothing_is_rendered() -> None:
    assert render(Desired(model=MODEL), section("nginx")) == {}
    assert render(Desired(model=MODEL, candidate=CANDIDATE), section("nginx")) == {}


def test_a_first_candidate_serves_everybody() -> None:
    first = Desired(model=MODEL, candidate=CANDIDATE, share=1.0, stage="canary")
    assert list(routes(first).serving) == [CANDIDATE]
    (found,) = render(first, section("nginx")).values()
    assert "split_clients" not in found


def test_the_seed_is_of_the_model_and_of_the_promotion() -> None:
    seeds = {routes(replace(UNDER_WAY, model=model, salt=salt)).seed for model in ("a", "b") for salt in ("one", "two")}
    assert len(seeds) == 4


def test_the_longest_names_stay_apart_and_fit() -> None:
    versions = [Version.parse(f"v999999.999999.99999{digit}_21991231_235959") for digit in range(2)]
    state = replace(UNDER_WAY, active=versions[0], candidate=versions[1], share=0.05, previous=None)
    assert {version.slug for version in (*versions, ACTIVE)} == {
        "v999999-999999-999990-21991231-235959",
        "v999999-999999-999991-21991231-235959",
        "v2-0-3-20250601-090000",
    }
    long = 'service: "a-name-of-25-letters-long-{{ slug }}", port: 8000, gateway: {name: public}'
    (found,) = render(replace(state, assignment=None), section("gateway-api", long)).values()
    names = [one["name"] for one in yaml.safe_load(found)["spec"]["rules"][0]["backendRefs"]]
    assert [len(name) for name in names] == [63, 63]


def test_a_port_that_is_text_or_a_cookie_is_written_as_such() -> None:
    inside = 'listen: "10.0.0.1:80", backend: "{{slug}}:1", key: {cookie: Uid}, mirror_port: 81'
    (found,) = render(STAGES["mirrored-canary"], section("nginx", inside)).values()
    assert "    listen 10.0.0.1:80;\n" in found
    assert "$cookie_Uid" in found
    inside = inside.replace(", mirror_port: 81", "")
    (found,) = render(STAGES["canary"], section("haproxy", inside)).values()
    assert "    bind 10.0.0.1:80\n" in found
    assert "req.cook(Uid)" in found
    assert KEY not in found


def test_rendering_twice_gives_the_same_bytes() -> None:
    once: Mapping[str, str] = {f"{target} {stage}": text(target, stage) for target, stage in possible()}
    assert once == {f"{target} {stage}": text(target, stage) for target, stage in possible()}
    for found in once.values():
        assert found.startswith("# Written by `ratchet render traffic`: change the model file, not this.\n# model ")
        assert found.endswith("\n")
        assert not found.endswith("\n\n")
